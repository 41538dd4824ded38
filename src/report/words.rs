//! How are numbers and lists said in sentences?

pub(super) use crate::diag::count;

/// The most items of a list that are written out for people.
const MOST: usize = 12;

/// A list for people: counted where it is long.
pub(super) fn listed(items: &[String]) -> String {
    // One more takes no more room than its count.
    match items.get(..MOST) {
        Some(first) if items.len() > MOST + 1 => format!("{} and {} more", first.join(", "), items.len() - MOST),
        _ => items.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_long_lists_are_counted() {
        assert_eq!((count(0, "query", "queries"), count(1, "query", "queries")), ("0 queries".into(), "1 query".into()));
        assert_eq!(count(2, "query", "queries"), "2 queries");
        let items = |many: usize| (0..many).map(|at| at.to_string()).collect::<Vec<_>>();
        assert_eq!(listed(&items(3)), "0, 1, 2");
        assert!(listed(&items(13)).ends_with("11, 12"));
        assert!(listed(&items(14)).ends_with("10, 11 and 2 more"));
    }
}
