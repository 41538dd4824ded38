//! What does `leastwise.toml` say?
//!
//! It is found upwards from the first path that is checked. Unknown keys, and values that cannot be meant (`values`), are
//! errors with their place.

use super::files;
use super::rules;
use super::values::{self, Places};
use crate::diag::{Diagnostic, Level, Source, Span, shown_path};
use crate::glob::Glob;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The file's name.
pub const NAME: &str = "leastwise.toml";

/// The configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// The only rules that are asked; all if empty.
    pub select: Vec<String>,
    /// Rules that are not asked.
    pub ignore: Vec<String>,
    /// The level from which findings count.
    pub fail_on: Option<String>,
    /// Files of folders that are passed over, as patterns of paths.
    pub exclude: Vec<String>,
    /// Levels of rules other than their own.
    pub severity: BTreeMap<String, String>,
    /// Who is not outside.
    pub trusted: Trusted,
    /// Policies that may be public.
    pub public: Public,
    /// Permissions that no policy may grant.
    pub critical: Vec<Critical>,
    /// Policies that others must not exceed.
    pub reference: Vec<Reference>,
    /// Permissions boundaries that users and roles must have.
    pub boundary: Vec<Required>,
    /// Wildcards in actions.
    pub wildcards: Wildcards,
    /// Findings that are approved.
    pub allow: Vec<Allow>,
    /// The folder of the file.
    #[serde(skip)]
    pub folder: PathBuf,
    /// The file.
    #[serde(skip)]
    pub source: Option<Source>,
}

/// `[trusted]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Trusted {
    /// Account ids.
    pub accounts: Vec<String>,
    /// Organization ids.
    pub organizations: Vec<String>,
    /// ARNs, identity providers, canonical users.
    pub principals: Vec<String>,
}

impl Trusted {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &String> {
        self.accounts.iter().chain(&self.organizations).chain(&self.principals)
    }
}

/// Which policies: by path and by name, both patterns; all if neither is given.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Public {
    /// Patterns of paths or names.
    pub allowed: Vec<String>,
}

/// `[[critical]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Critical {
    /// What it is called in findings.
    pub name: String,
    /// Action patterns.
    #[serde(default)]
    pub actions: Vec<String>,
    /// Resource patterns.
    #[serde(default)]
    pub resources: Vec<String>,
    /// Patterns of paths that it is about.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Patterns of names that it is about.
    #[serde(default)]
    pub policies: Vec<String>,
    /// Whether actions may be of a name that the catalog does not know.
    #[serde(default)]
    pub allow_unknown: bool,
}

/// `[[reference]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Reference {
    /// The file with the policy that others must not exceed, from the configuration's folder.
    pub policy: PathBuf,
    /// Patterns of paths that it is about.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Patterns of names that it is about.
    #[serde(default)]
    pub policies: Vec<String>,
    /// The policy, read.
    #[serde(skip)]
    pub read: Option<crate::policy::Policy>,
}

/// `[[boundary]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Required {
    /// Patterns of the ARNs of policies, one of which must be the boundary.
    pub policies: Vec<String>,
    /// Patterns of paths that it is about.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Patterns of names of users and roles that it is about.
    #[serde(default)]
    pub identities: Vec<String>,
}

/// `[wildcards]`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Wildcards {
    /// Which wildcards in the actions of Allow statements are findings.
    pub actions: Forbidden,
}

/// Which wildcards are findings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Forbidden {
    /// None.
    #[default]
    None,
    /// Those that cover a whole service, or more: `s3:*`, `*`.
    Service,
    /// All.
    All,
}

/// `[[allow]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Allow {
    /// The rule.
    pub rule: String,
    /// Pattern of the path; any if absent.
    pub path: Option<String>,
    /// Pattern of the policy's name; any if absent.
    pub policy: Option<String>,
    /// Why.
    pub reason: String,
    /// The last day that it holds, `2027-01-31`.
    pub expires: Option<String>,
}

impl Allow {
    /// What makes it another approval.
    pub(super) fn identity(&self) -> String {
        format!("{self:?}")
    }

    /// What it approves, in words.
    pub(super) fn said(&self) -> String {
        let path = self.path.as_ref().map(|path| format!(" in {path}")).unwrap_or_default();
        let policy = self.policy.as_ref().map(|policy| format!(" of {policy}")).unwrap_or_default();
        let until = self.expires.as_ref().map(|day| format!(" until {day}")).unwrap_or_default();
        format!("{}{policy}{path}{until}: {}", self.rule, self.reason)
    }
}

/// Whether one of these patterns, or there is none, matches.
pub(super) fn is_about(paths: &[String], names: &[String], path: &str, name: &str) -> bool {
    let any = |patterns: &[String], text: &str| patterns.is_empty() || patterns.iter().any(|one| matches(one, text));
    any(paths, path) && any(names, name)
}

pub(super) fn matches(pattern: &str, text: &str) -> bool {
    Glob::parse(pattern).matches(text)
}

impl Config {
    /// The configuration above a path, or the one of a file; the default one where there is none.
    pub fn find(given: Option<&Path>, from: &Path) -> Result<Self, Diagnostic> {
        let path = match given {
            Some(path) => Some(path.to_owned()),
            None => {
                let from = std::path::absolute(from).unwrap_or_else(|_| from.to_owned());
                from.ancestors().map(|folder| folder.join(NAME)).find(|path| path.is_file())
            }
        };
        let Some(path) = path else { return Ok(Self::default()) };
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        Self::read(&files::read(&path, &shown_path(&path))?, folder)
    }

    /// What a configuration says, whether or not it can be meant; without reference policies.
    pub(super) fn parse(source: &Source) -> Result<Self, Diagnostic> {
        toml::from_str(&source.text).map_err(|error| {
            let span = error.span().map(|span| Span::new(span.start, span.end)).unwrap_or_default();
            bad(source, span, error.message().to_owned())
        })
    }

    /// Reads a configuration; reference policies are read from its folder.
    pub fn read(source: &Source, folder: PathBuf) -> Result<Self, Diagnostic> {
        let bad = |span: Span, message: String| bad(source, span, message);
        let mut config = Self::parse(source)?;
        let places = Places::of(source);
        values::check(&config).map_err(|(section, text, why)| bad(places.find(section, &text), why))?;
        let place = |text: &str| places.find("reference", text);
        for reference in &mut config.reference {
            let path = folder.join(&reference.policy);
            let shown = reference.policy.display().to_string();
            let inner = files::read(&path, &shown_path(&path)).map_err(|found| bad(place(&shown), found.message))?;
            let read = crate::policy::Policy::read(&inner, &crate::diag::Budget::default());
            reference.read = Some(read.map_err(|found| bad(place(&shown), found.to_string()))?);
        }
        config.folder = folder;
        config.source = Some(source.clone());
        Ok(config)
    }

    /// Whether a rule is asked.
    pub fn asks(&self, rule: &str) -> bool {
        (self.select.is_empty() || self.select.iter().any(|one| one == rule)) && !self.ignore.iter().any(|one| one == rule)
    }

    /// What a rule weighs here.
    pub fn level(&self, rule: &str) -> Level {
        let own = || rules::RULES.iter().find(|one| one.id == rule).map_or(Level::Warning, |one| one.level);
        self.severity.get(rule).and_then(|level| Level::parse(level)).unwrap_or_else(own)
    }

    /// Whether a file of a folder is passed over.
    pub fn excludes(&self, path: &str) -> bool {
        self.exclude.iter().any(|pattern| matches(pattern, path))
    }

    /// Whether a policy may be public.
    pub fn may_be_public(&self, path: &str, name: &str) -> bool {
        self.public.allowed.iter().any(|pattern| matches(pattern, path) || matches(pattern, name))
    }
}

fn bad(source: &Source, span: Span, message: String) -> Diagnostic {
    Diagnostic::error("bad-configuration", source, span, message, "see docs/check.md")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        match Config::read(&Source::new("leastwise.toml", text), PathBuf::new()) {
            Ok(config) => format!("{:?}", config.level("public-access")),
            Err(found) => found.to_string(),
        }
    }

    #[test]
    fn what_a_configuration_cannot_mean_is_an_error_with_its_place() {
        for (text, part) in [
            ("", "Error"),
            ("[severity]\npublic-access = \"note\"\n", "Note"),
            (
                "[severity]\npublic-acess = \"note\"\n",
                "leastwise.toml:2:1: unknown rule `public-acess`: did you mean public-access?",
            ),
            ("fail-on = \"high\"\n", "leastwise.toml:1:11: `high` is not a level"),
            ("nothing = 1\n", "leastwise.toml:1:1: unknown field `nothing`"),
            ("[trusted]\naccounts = [\"1234\"]\n", "leastwise.toml:2:13: `1234` is not an account id"),
            ("# \"o-a\"\n[trusted]\norganizations = [\"o-a\"]\n", "leastwise.toml:3:18: `o-a` is not an organization id"),
            ("[trusted]\norganizations = [\"o-A1B2C3D4E5\"]\n", "leastwise.toml:2:18: `o-A1B2C3D4E5` is not an organization id"),
            ("[trusted]\norganizations = [\"111122223333\"]\n", "leastwise.toml:2:18: `111122223333` is not an organization id"),
            (
                "[trusted]\norganizations = [\"o-a1b2c3d4e5\"]\naccounts = [\"o-a1b2c3d4e5\"]\n",
                "leastwise.toml:3:13: `o-a1b2c3d4e5` is not",
            ),
            (
                "[trusted]\nprincipals = [\"arn:aws:iam::1234:role/r\"]\n",
                "leastwise.toml:2:15: `arn:aws:iam::1234:role/r` names an account",
            ),
            ("[trusted]\nprincipals = [\"arn:aws:iam:::role/r\"]\n", "names no account"),
            ("[trusted]\nprincipals = [\"arn:aws:iam::111122223333:group/g\"]\n", "is not the ARN of a principal"),
            ("[trusted]\nprincipals = [\"arn:awz:iam::111122223333:role/r\"]\n", "names a partition that does not exist"),
            ("[trusted]\nprincipals = [\"somebody\"]\n", "leastwise.toml:2:15: `somebody` is neither"),
            (
                "[trusted]\nprincipals = [\"arn:aws:iam::*:role/r\", \"arn:aws:s3:::b\", \"arn:aws:sts::111122223333:assumed-role/r/s\", \"accounts.google.com\"]\n",
                "Error",
            ),
            ("exclude = [\"\"]\n", "leastwise.toml:1:12: an empty pattern"),
            ("[[allow]]\nrule = \"public-access\"\nreason = \"x\"\nexpires = \"2026-02-30\"\n", "`2026-02-30` is not a day"),
            ("[[critical]]\nname = \"k\"\nresources = [\"arn:aws:sqs:*:1234:q\"]\n", "`arn:aws:sqs:*:1234:q` is not an ARN"),
            ("[[boundary]]\npolicies = [\"arn:aws:iam::1234:policy/p\"]\n", "is not a pattern of ARNs"),
            ("[[boundary]]\npolicies = [\"arn:aws:iam::111122223333:role/p\"]\n", "is not a pattern of ARNs"),
            (
                "[[boundary]]\npolicies = [\"arn:aws:iam::*:policy/p\", \"*limits\", \"arn:*limits\", \"arn:aws:iam::aws:policy/p\"]\n",
                "Error",
            ),
            ("[wildcards]\nactions = \"some\"\n", "leastwise.toml:2:11: "),
            ("[[allow]]\nrule = \"public-access\"\nreason = \"\"\n", "allowed without a reason"),
            (
                "[[allow]]\nrule = \"public-access\"\nreason = \"x\"\nexpires = \"soon\"\n",
                "leastwise.toml:4:11: `soon` is not a day",
            ),
            ("[[critical]]\nname = \"keys\"\n", "neither actions nor resources"),
            ("[[critical]]\nname = \"k\"\nactions = [\"s3:DeleteBuckett\"]\n", "leastwise.toml:3:12: "),
            ("[[critical]]\nname = \"k\"\nactions = [\"s3:DeleteBuckett\"]\nallow-unknown = true\n", "Error"),
            ("[[critical]]\nname = \"k\"\nactions = [\"s3:Delete*\", \"*\", \"iam:PassRole\"]\n", "Error"),
            ("[[critical]]\nname = \"k\"\nactions = [\"DeleteBucket\"]\n", "`DeleteBucket` is not an action"),
            ("[[critical]]\nname = \"k\"\nresources = [\"s3://b\"]\n", "leastwise.toml:3:14: `s3://b` is not an ARN"),
            ("[[critical]]\nname = \"k\"\nresources = [\"arn:aws:s3:::b/*\", \"arn:aws:s3:*\", \"*\"]\n", "Error"),
            ("[[boundary]]\npolicies = []\n", "it names no policies"),
            ("[[boundary]]\npolicies = [\"limits\"]\n", "leastwise.toml:2:13: `limits` is not a pattern of ARNs"),
            ("[[reference]]\npolicy = \"no-such-file.json\"\n", "leastwise.toml:2:10: cannot read"),
        ] {
            let said = said(text);
            assert!(said.contains(part), "{text}: {said}");
        }
    }
}
