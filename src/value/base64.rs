//! Base64 of the Binary operator: bytes are compared, so a value has one canonical spelling (RFC 4648, section 4).

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

#[cfg(test)]
mod tests {
    use super::is_canonical;

    #[test]
    fn one_spelling_per_value() {
        assert!(["", "QmluYXJ5", "QQ==", "QUE="].into_iter().all(is_canonical));
        assert!(!["QQ", "QR==", "QUF=", "Q===", "=QQ=", "Q-Q_", "QQ==\n", "===="].into_iter().any(is_canonical));
    }
}
