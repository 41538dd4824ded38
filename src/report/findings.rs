//! A listing as text: a line a finding, as compilers write it.

use super::listing::Listing;
use crate::diag::escape;

/// A line a finding, without a summary.
pub fn text(listing: &Listing) -> String {
    let mut out = String::new();
    for item in &listing.items {
        let (start, _) = item.region(item.span());
        let line =
            format!("{}:{}:{}: {} {}: {}", item.source.name, start.line, start.column, item.kind(), item.rule, item.message);
        out.push_str(&escape::text(&line));
        out.push('\n');
    }
    out
}

/// How many findings there are, in so many policies.
pub fn summary(listing: &Listing, policies: usize) -> String {
    let counted = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let kinds: Vec<String> = listing
        .counts()
        .into_iter()
        .map(|(kind, count)| match kind {
            "ERROR" => counted(count, "error", "errors"),
            "SECURITY_WARNING" => counted(count, "security warning", "security warnings"),
            "WARNING" => counted(count, "warning", "warnings"),
            _ => counted(count, "suggestion", "suggestions"),
        })
        .collect();
    let found = if kinds.is_empty() { "no findings".to_owned() } else { kinds.join(", ") };
    format!("{found} in {}", counted(policies, "policy", "policies"))
}
