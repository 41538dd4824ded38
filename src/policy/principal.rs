//! Whom does a `Principal` element name?
//!
//! `*` and `{"AWS": "*"}` are everyone, also without credentials. An account id or its root ARN is every principal of the
//! account: AWS turns one spelling into the other on save, so the ARN's partition, which the id leaves open, tells nothing
//! apart. A role ARN is every session of the role. Partial wildcards in ARNs are accepted, as Access Analyzer does in
//! reference policies, and match part by part. Unique ids (`AROA...`), left by deleted principals, name nobody.
//!
//! Source: IAM User Guide, "AWS JSON policy elements: Principal" and "NotPrincipal".

use crate::document::{PrincipalElement, PrincipalType};
use crate::glob::Glob;
use crate::value::arn;

/// `Principal` or `NotPrincipal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrincipalMatch {
    /// Whether it is `NotPrincipal`: the complement of the whole list.
    pub negated: bool,
    /// The patterns.
    pub patterns: Vec<PrincipalPattern>,
    /// Lists all of which must name a principal for it to be listed, in place of the patterns; empty unless `NotPrincipal`
    /// is read by list ([`super::readings`]).
    pub levels: Vec<Vec<PrincipalPattern>>,
}

/// One entry of a principal list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrincipalPattern {
    /// Everyone.
    Everyone,
    /// Every principal of the account with this id of 12 digits, in whatever partition it is.
    Account(String),
    /// A principal ARN, part by part.
    Arn(Box<[Glob; 6]>),
    /// An AWS service.
    Service(Glob),
    /// A SAML or OIDC provider.
    Federated(Glob),
    /// An S3 canonical user.
    CanonicalUser(String),
    /// A text that names nobody: a unique id, a placeholder.
    Nobody(String),
}

impl PrincipalMatch {
    /// Its entries, each as kind and text, and as a list of its own; one for everybody if it is negated.
    pub(crate) fn entries(&self) -> Vec<((&'static str, String), Self)> {
        if self.negated {
            return vec![(("AWS", "*".to_owned()), self.clone())];
        }
        let shown = |pattern: &PrincipalPattern| match pattern {
            PrincipalPattern::Everyone => ("AWS", "*".to_owned()),
            PrincipalPattern::Account(account) => ("AWS", account.clone()),
            PrincipalPattern::Arn(parts) => ("AWS", parts.iter().map(Glob::to_string).collect::<Vec<_>>().join(":")),
            PrincipalPattern::Service(glob) => ("Service", glob.to_string()),
            PrincipalPattern::Federated(glob) => ("Federated", glob.to_string()),
            PrincipalPattern::CanonicalUser(id) => ("CanonicalUser", id.clone()),
            PrincipalPattern::Nobody(text) => ("AWS", text.clone()),
        };
        let one = |pattern: &PrincipalPattern| Self::of(false, vec![pattern.clone()]);
        self.patterns.iter().map(|pattern| (shown(pattern), one(pattern))).collect()
    }

    /// A list of patterns.
    pub fn of(negated: bool, patterns: Vec<PrincipalPattern>) -> Self {
        Self { negated, patterns, levels: Vec::new() }
    }

    /// The lists all of which must name a principal for it to be listed.
    pub fn lists(&self) -> impl Iterator<Item = &[PrincipalPattern]> {
        let alone = self.levels.is_empty().then_some(self.patterns.as_slice());
        alone.into_iter().chain(self.levels.iter().map(Vec::as_slice))
    }

    /// The meaning of an element as written.
    pub fn new(element: &PrincipalElement) -> Self {
        let mut patterns = Vec::new();
        if element.everyone {
            patterns.push(PrincipalPattern::Everyone);
        }
        patterns.extend(element.entries.iter().map(|(kind, item)| PrincipalPattern::new(*kind, &item.value)));
        Self::of(element.negated, patterns)
    }
}

impl PrincipalPattern {
    fn new(kind: PrincipalType, text: &str) -> Self {
        match kind {
            PrincipalType::Aws => Self::aws(text),
            PrincipalType::Service if text == "*" => Self::Service(Glob::parse("*")),
            PrincipalType::Service => Self::Service(Glob::parse(text)),
            PrincipalType::Federated => Self::Federated(Glob::parse(text)),
            PrincipalType::CanonicalUser => Self::CanonicalUser(text.to_owned()),
        }
    }

    fn aws(text: &str) -> Self {
        if Glob::parse(text).is_everything() {
            return Self::Everyone;
        }
        if arn::is_account(text) {
            return Self::Account(text.to_owned());
        }
        let parts: Vec<Glob> = text.splitn(6, ':').map(Glob::parse).collect();
        let Ok(parts) = <[Glob; 6]>::try_from(parts) else { return Self::Nobody(text.to_owned()) };
        let literal = |at: usize| parts.get(at).and_then(Glob::as_literal);
        let is = |at: usize, wanted: &str| literal(at).as_deref() == Some(wanted);
        let is_root = is(0, "arn") && is(2, "iam") && is(3, "") && is(5, "root");
        match literal(4).filter(|account| is_root && arn::is_account(account)) {
            Some(account) => Self::Account(account),
            None => Self::Arn(Box::new(parts)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_by_id_and_by_root_are_the_account() {
        let account = PrincipalPattern::Account("111122223333".to_owned());
        for text in ["111122223333", "arn:aws:iam::111122223333:root", "arn:aws-us-gov:iam::111122223333:root"] {
            assert_eq!(PrincipalPattern::aws(text), account, "{text}");
        }
        assert_eq!(PrincipalPattern::aws("*"), PrincipalPattern::Everyone);
        assert!(matches!(PrincipalPattern::aws("AROAEXAMPLEID"), PrincipalPattern::Nobody(_)));
        assert!(matches!(PrincipalPattern::aws("arn:aws:iam::111122223333:role/*"), PrincipalPattern::Arn(_)));
        // What is no account's root is an ARN like any other.
        for text in [
            "arn:aws:iam::1234:root",
            "arn:aws:sts::111122223333:root",
            "arn:aws:iam::111122223333:rooted",
            "arn:aws:iam:us-east-1:111122223333:root",
            "urn:aws:iam::111122223333:root",
        ] {
            assert!(matches!(PrincipalPattern::aws(text), PrincipalPattern::Arn(_)), "{text}");
        }
    }
}
