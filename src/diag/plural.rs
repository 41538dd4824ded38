//! How is a number of things said?

/// So many of something: `1 query`, `2 queries`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
