//! What are the parts of an ARN as a policy writes it?
//!
//! Colons inside a variable (`${aws:username}`) separate nothing.
//!
//! Source: AWS General Reference, "Amazon Resource Names (ARNs)".

/// The parts of an ARN pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arn<'a> {
    pub(crate) partition: &'a str,
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
    pub(crate) account: &'a str,
    pub(crate) rest: &'a str,
}

/// The parts of a text that begins with `arn:`; how many there are, if there are fewer than six.
pub(crate) fn parts(text: &str) -> Result<Arn<'_>, usize> {
    let mut found = Vec::with_capacity(6);
    let (mut start, mut depth) = (0, 0_usize);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' if text.get(..at).is_some_and(|before| before.ends_with('$')) => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b':' if depth == 0 && found.len() < 5 => {
                found.push(text.get(start..at).unwrap_or(""));
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(text.get(start..).unwrap_or(""));
    match found.as_slice() {
        [_, partition, service, region, account, rest] => Ok(Arn { partition, service, region, account, rest }),
        fewer => Err(fewer.len()),
    }
}

/// Whether a part stands for several values, or for one that is not known.
pub(crate) fn is_open(part: &str) -> bool {
    part.contains(['*', '?', '$'])
}

/// A part with a wildcard in the place of each variable.
pub(crate) fn opened(part: &str) -> String {
    let mut out = String::new();
    let mut rest = part;
    while let Some((before, tail)) = rest.split_once("${") {
        out.push_str(before);
        out.push('*');
        rest = tail.split_once('}').map_or("", |(_, after)| after);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colons_of_variables_separate_nothing() {
        let arn = parts("arn:aws:iam::${aws:PrincipalAccount}:user/${aws:username}").unwrap();
        assert_eq!((arn.account, arn.rest), ("${aws:PrincipalAccount}", "user/${aws:username}"));
        assert_eq!(opened(arn.rest), "user/*");
        assert_eq!(parts("arn:aws:s3"), Err(3));
        assert_eq!(parts("arn:aws:sns:::a:b").map(|arn| arn.rest), Ok("a:b"));
    }
}
