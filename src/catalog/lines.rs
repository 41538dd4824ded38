//! Is this name in a sorted text, one name a line, and which names begin so?
//!
//! The texts lie in the program as they are: a name is found by bisection of their bytes, so nothing is read, unpacked or
//! allocated before or after. Case does not count, in the order either.

use std::cmp::Ordering;

/// Lines sorted without case.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines(pub(super) &'static str);

impl Lines {
    /// The line whose first word (all of it, if it is one word) is this name in any case.
    pub(super) fn get(self, name: &str) -> Option<&'static str> {
        let is_it = |line: &&str| line.split(' ').next().is_some_and(|first| first.eq_ignore_ascii_case(name));
        self.starting(name).take_while(|line| line.len() >= name.len()).find(is_it)
    }

    /// What stands behind a name in its line.
    pub(super) fn behind(self, name: &str) -> Option<&'static str> {
        self.get(name)?.split_once(' ').map(|(_, rest)| rest)
    }

    /// The lines that begin so, in any case.
    pub(super) fn starting<'p>(self, prefix: &'p str) -> impl Iterator<Item = &'static str> + Clone + use<'p> {
        let rest = self.0.get(self.lower_bound(prefix)..).unwrap_or("");
        let begins = |line: &&str| line.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
        rest.lines().take_while(begins)
    }

    /// Where the first line begins that does not stand before `prefix`.
    fn lower_bound(self, prefix: &str) -> usize {
        let bytes = self.0.as_bytes();
        let newline = |byte: &u8| *byte == b'\n';
        let (mut low, mut high) = (0, bytes.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let before = bytes.get(low..middle).unwrap_or_default();
            let start = before.iter().rposition(newline).map_or(low, |at| low + at + 1);
            let rest = bytes.get(start..).unwrap_or_default();
            let length = rest.iter().position(newline).unwrap_or(rest.len());
            match compare(rest.get(..length).unwrap_or_default(), prefix.as_bytes()) {
                Ordering::Less => low = start + length + 1,
                Ordering::Equal | Ordering::Greater => high = start,
            }
        }
        low
    }
}

fn compare(a: &[u8], b: &[u8]) -> Ordering {
    a.iter().map(u8::to_ascii_lowercase).cmp(b.iter().map(u8::to_ascii_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_found_and_nothing_else() {
        let lines = Lines("a:B c d\nA:bc\nb-x:Y\nb:Y\nB:yes 1\nz");
        for (name, line) in
            [("A:b", "a:B c d"), ("a:BC", "A:bc"), ("B-x:y", "b-x:Y"), ("b:y", "b:Y"), ("b:YES", "B:yes 1"), ("Z", "z")]
        {
            assert_eq!(lines.get(name), Some(line), "{name}");
        }
        for name in ["", "a", "a:", "a:bcd", "b:ye", "zz", "0", "é"] {
            assert_eq!(lines.get(name), None, "{name}");
        }
        assert_eq!((lines.behind("a:b"), lines.behind("z")), (Some("c d"), None));
        assert_eq!(lines.starting("B:").collect::<Vec<_>>(), ["b:Y", "B:yes 1"]);
        assert_eq!(lines.starting("").count(), 6);
        assert_eq!((lines.starting("c").count(), Lines("").starting("").count(), Lines("").get("a")), (0, 0, None));
    }
}
