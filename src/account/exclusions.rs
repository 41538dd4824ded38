//! Which findings does somebody not want to see, why, and until when?
//!
//! A file in TOML: a list `[[exclude]]`, each with a `reason`, an optional `expires` day, and what it is about: `account`,
//! `name`, `path`, `resource` (patterns with `*` and `?`), `tag` (`key` or `key=value`), `findings` (types). All that is given
//! must fit. What is excluded is counted; an exclusion that is expired, or that fits nothing, is said.

use super::Entity;
use crate::diag::{Diagnostic, Source, Span};
use crate::evidence::When;
use crate::glob::Glob;
use schemars::JsonSchema;
use serde::Deserialize;

/// The types of findings.
const TYPES: [&str; 5] =
    ["UnusedIAMRole", "UnusedIAMUserAccessKey", "UnusedIAMUserPassword", "UnusedPermission", "NotObservable"];

/// One exclusion.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    /// Why.
    pub reason: String,
    /// The last day on which it holds, `YYYY-MM-DD`.
    pub expires: Option<String>,
    /// A pattern of account ids.
    account: Option<String>,
    /// A pattern of names of users and roles.
    name: Option<String>,
    /// A pattern of their paths.
    path: Option<String>,
    /// A pattern of their ARNs.
    resource: Option<String>,
    /// A tag that they have: `key` or `key=value`.
    tag: Option<String>,
    /// Types of findings; all by default.
    #[serde(default)]
    findings: Vec<String>,
}

/// All exclusions of a file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclusions {
    /// In the order of the file.
    #[serde(default)]
    pub exclude: Vec<Exclusion>,
}

const HELP: &str = "write [[exclude]] with reason, and name, path, account, resource, tag or findings; expires = \"YYYY-MM-DD\"";

fn bad(message: String) -> Diagnostic {
    Diagnostic::bare("bad-exclusions", message, HELP)
}

impl Exclusions {
    /// Reads a file's text.
    pub fn read(name: &str, text: &str) -> Result<Self, Diagnostic> {
        let out: Self = toml::from_str(text).map_err(|error| {
            let span = error.span().map(|span| Span::new(span.start, span.end)).unwrap_or_default();
            Diagnostic::error("bad-exclusions", &Source::new(name, text), span, error.message().to_owned(), HELP)
        })?;
        Self::checked(name, out.exclude)
    }

    /// Exclusions that mean something; `name` is where they stand.
    pub fn checked(name: &str, exclude: Vec<Exclusion>) -> Result<Self, Diagnostic> {
        for (at, one) in exclude.iter().enumerate() {
            if one.reason.trim().is_empty() {
                return Err(bad(format!("{name}: the exclusion with index {at} has no reason")));
            }
            if one.expires.as_deref().is_some_and(|day| When::parse_end(day).is_none()) {
                return Err(bad(format!("{name}: `expires` of the exclusion with index {at} is not a day")));
            }
            if let Some(unknown) = one.findings.iter().find(|kind| !TYPES.contains(&kind.as_str())) {
                let types = TYPES.join(", ");
                return Err(bad(format!("{name}: `{unknown}` is not a type of finding; there are {types}")));
            }
            let about = [&one.account, &one.name, &one.path, &one.resource, &one.tag];
            if about.iter().all(|part| part.is_none()) && one.findings.is_empty() {
                return Err(bad(format!("{name}: the exclusion with index {at} says nothing that it is about")));
            }
        }
        Ok(Self { exclude })
    }

    /// What is worth knowing of exclusions that hold no more, or that fit nothing; `met` says which of them fit something.
    pub fn spent(&self, met: &[bool], at: When, fits_nothing: &str) -> Vec<String> {
        let told = |(one, met): (&Exclusion, &bool)| match one.is_expired(at) {
            true => Some(format!("the exclusion \"{}\" has expired and holds no more", one.reason)),
            false => (!met).then(|| format!("the exclusion \"{}\" {fits_nothing}", one.reason)),
        };
        self.exclude.iter().zip(met).filter_map(told).collect()
    }

    /// What is worth knowing of the exclusions of permissions, and how many of these entities fall under each.
    pub fn of_permissions<'e>(&self, entities: impl Iterator<Item = &'e Entity>, at: When) -> Vec<String> {
        let kind = "UnusedPermission";
        // Those of other findings fit no permission anyhow.
        let of_others = |one: &Exclusion| !one.findings.is_empty() && !one.findings.iter().any(|own| own == kind);
        let mut counts = vec![0_usize; self.exclude.len()];
        let fits = entities.filter_map(|entity| self.of(entity, kind, at));
        fits.for_each(|at| counts.get_mut(at).into_iter().for_each(|count| *count += 1));
        let met: Vec<bool> = self.exclude.iter().zip(&counts).map(|(one, count)| *count > 0 || of_others(one)).collect();
        let mut out = self.spent(&met, at, "fits no user, group or role");
        for (one, count) in self.exclude.iter().zip(counts).filter(|(_, count)| *count > 0) {
            out.push(format!("{} excluded: {}", count_of(count), one.reason));
        }
        out
    }

    /// The exclusion, by its place, that a finding about an entity falls under at a time.
    pub fn of(&self, entity: &Entity, finding: &str, at: When) -> Option<usize> {
        self.exclude.iter().position(|one| !one.is_expired(at) && one.fits(entity, finding))
    }
}

fn count_of(entities: usize) -> String {
    if entities == 1 { "1 entity is".to_owned() } else { format!("{entities} entities are") }
}

impl Exclusion {
    /// Whether it holds no more.
    pub fn is_expired(&self, at: When) -> bool {
        self.expires.as_deref().and_then(When::parse_end).is_some_and(|end| at > end)
    }

    fn fits(&self, entity: &Entity, finding: &str) -> bool {
        let like =
            |pattern: &Option<String>, text: &str| pattern.as_deref().is_none_or(|pattern| Glob::parse(pattern).matches(text));
        let tagged = self.tag.as_deref().is_none_or(|tag| match tag.split_once('=') {
            Some((key, value)) => entity.tags.get(key).is_some_and(|own| own == value),
            None => entity.tags.contains_key(tag),
        });
        tagged
            && like(&self.account, &entity.account)
            && like(&self.name, &entity.name)
            && like(&self.path, &entity.path)
            && like(&self.resource, &entity.arn)
            && (self.findings.is_empty() || self.findings.iter().any(|one| one == finding))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_toml_is_told_at_its_place() {
        let said = Exclusions::read("e.toml", "# ours\n[[exclude]\n").unwrap_err().to_string();
        assert!(said.starts_with("e.toml:2:11: ") && !said.contains('\n') && !said.contains("\\n"), "{said}");
    }
}
