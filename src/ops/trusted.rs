//! Whom does a zone of trust name? Texts become a zone, or an error that says who was probably meant.

use crate::diag::{Diagnostic, Source, Span};
use crate::question::outside_access::Zone;

/// A zone of trust from the texts that name it, each with its place.
pub fn zone<'t>(trusted: impl IntoIterator<Item = (&'t str, Source, Span)>) -> Result<Zone, Diagnostic> {
    let mut zone = Zone::default();
    for (text, source, span) in trusted {
        zone.trust(text).map_err(|message| {
            let help = "write an account id, an organization id, an ARN, a canonical user id, or an identity provider's domain";
            let help = meant(text).map_or_else(|| help.to_owned(), |meant| format!("did you mean {meant}? {help}"));
            Diagnostic::error("unknown-trusted", &source, span, message, help)
        })?;
    }
    Ok(zone)
}

/// Who was probably meant: an id that is written with dashes, blanks or capitals.
fn meant(text: &str) -> Option<String> {
    let plain: String = text.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let lower = plain.to_ascii_lowercase();
    let organization = lower.strip_prefix('o').map(|id| format!("o-{id}"));
    [Some(plain), organization].into_iter().flatten().find(|one| one != text && Zone::default().trust(one).is_ok())
}
