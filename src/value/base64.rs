//! Base64 of the Binary operator, and of texts inside documents: bytes are compared, so a value has one canonical spelling
//! (RFC 4648, section 4).

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Whether the text is canonical base64: full quads, padding only at the end, unused bits zero.
pub fn is_canonical(text: &str) -> bool {
    let bytes = text.as_bytes();
    let padding = bytes.iter().rev().take_while(|byte| **byte == b'=').count();
    let data = bytes.get(..bytes.len() - padding).unwrap_or(&[]);
    let values: Option<Vec<u8>> =
        data.iter().map(|byte| ALPHABET.iter().position(|c| c == byte).and_then(|at| u8::try_from(at).ok())).collect();
    let Some(values) = values else { return false };
    let last = values.last().copied().unwrap_or(0);
    bytes.len().is_multiple_of(4)
        && match padding {
            0 => true,
            1 => data.len() % 4 == 3 && last & 0b11 == 0,
            2 => data.len() % 4 == 2 && last & 0b1111 == 0,
            _ => false,
        }
}

/// The bytes that canonical base64 says; white space between is ignored. `None` if it is not that.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    if !is_canonical(&text) {
        return None;
    }
    let (mut out, mut bits, mut count) = (Vec::with_capacity(text.len() / 4 * 3), 0_u32, 0_u32);
    for byte in text.trim_end_matches('=').bytes() {
        let value = ALPHABET.iter().position(|c| *c == byte)?;
        bits = bits << 6 | u32::try_from(value).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(out)
}

/// The canonical spelling of bytes.
pub fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_usize, |bits, byte| (bits << 8) | usize::from(*byte)) << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let letter = ALPHABET.get((bits >> (18 - 6 * at)) & 63).copied().unwrap_or(b'=');
            out.push(if at <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{decode, encode, is_canonical};

    #[test]
    fn bytes_come_back() {
        assert_eq!(decode("QmluYXJ5").as_deref(), Some(&b"Binary"[..]));
        assert_eq!(decode("QQ==").as_deref(), Some(&b"A"[..]));
        assert_eq!((decode("QR=="), decode("").map(|bytes| bytes.len())), (None, Some(0)));
    }

    #[test]
    fn bytes_are_spelled_as_the_rfc_spells_them() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE=")]
        {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert!(is_canonical(text));
        }
    }

    #[test]
    fn one_spelling_per_value() {
        assert!(["", "QmluYXJ5", "QQ==", "QUE="].into_iter().all(is_canonical));
        assert!(!["QQ", "QR==", "QUF=", "Q===", "=QQ=", "Q-Q_", "QQ==\n", "===="].into_iter().any(is_canonical));
    }
}
