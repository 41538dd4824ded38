//! Which keys with laws of their own do the policies of a question name?
//!
//! A question says of these alone that every request carries them, that their values are of their type, and that they may have
//! several: of a key that nobody names, what a request says of it does not matter.

use crate::catalog::{KeyBase, global_type};
use crate::policy::{Policy, Statement};
use crate::request::keys::{ALWAYS, is_multivalued, type_of};
use std::collections::BTreeSet;

/// The typed keys that these policies name, in conditions or by policy variables.
pub fn typed<'p>(policies: impl IntoIterator<Item = &'p Policy>) -> Vec<(String, KeyBase)> {
    let mut out: Vec<(String, KeyBase)> = Vec::new();
    for key in policies.into_iter().flat_map(|policy| &policy.statements).flat_map(Statement::keys) {
        if let Some(own) = type_of(key)
            && !out.iter().any(|(known, _)| known == key)
        {
            out.push((key.to_owned(), own));
        }
    }
    out
}

/// Those of [`ALWAYS`] that these policies name, in conditions or by policy variables.
pub fn always<'p>(policies: impl IntoIterator<Item = &'p Policy>) -> Vec<&'static str> {
    let mut named = [false; ALWAYS.len()];
    let keys = policies.into_iter().flat_map(|policy| &policy.statements).flat_map(Statement::keys);
    for key in keys.filter(|key| key.starts_with("aws:")) {
        for (slot, always) in named.iter_mut().zip(ALWAYS) {
            *slot |= key == always;
        }
    }
    ALWAYS.into_iter().zip(named).filter(|(_, named)| *named).map(|(key, _)| key).collect()
}

/// The keys (in lower case) that may carry several values in a question about these policies.
pub fn multivalued<'p>(policies: impl IntoIterator<Item = &'p Policy>) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for statement in policies.into_iter().flat_map(|policy| &policy.statements) {
        for condition in &statement.conditions {
            let is_single = || global_type(&condition.key).is_some_and(|kind| !kind.multivalued);
            if condition.operator.set.is_some() && !is_single() {
                out.insert(condition.key.clone());
            }
        }
        // Policy variables name keys too.
        out.extend(statement.keys().filter(|key| is_multivalued(key)).map(str::to_owned));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_operator_or_the_table_makes_a_key_multivalued() {
        let text = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ForAnyValue:StringLike":{"My:Key":"a","aws:userid":"b","aws:RequestTag/x":"c"},
            "StringLike":{"aws:TagKeys":"a","aws:username":"a"}}}}"#;
        let policy = Policy::read(&crate::diag::Source::new("p", text), &crate::diag::Budget::default()).unwrap();
        assert_eq!(multivalued([&policy]).into_iter().collect::<Vec<_>>(), ["aws:tagkeys", "my:key"]);
        let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${aws:TagKeys}/${aws:userid}"}}"#;
        let policy = Policy::read(&crate::diag::Source::new("p", text), &crate::diag::Budget::default()).unwrap();
        assert_eq!(multivalued([&policy]).into_iter().collect::<Vec<_>>(), ["aws:tagkeys"]);
        assert!(always([&policy]).is_empty());
        let text =
            r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}}"#;
        let policy = Policy::read(&crate::diag::Source::new("p", text), &crate::diag::Budget::default()).unwrap();
        assert_eq!(always([&policy]), ["aws:securetransport"]);
    }
}
