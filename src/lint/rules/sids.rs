//! Are the statement ids well formed and told apart?
//!
//! Source: IAM User Guide, "IAM JSON policy elements: Sid".

use crate::lint::registry::Emit;
use crate::lint::view::{Policy, Text};
use std::collections::BTreeMap;

/// `EMPTY_SID_VALUE`
pub(crate) fn empty_sid_value(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for sid in sids(policy).filter(|sid| sid.text.is_empty()) {
        emit.at(&sid.at, "the Sid is empty: give it a value or remove it");
    }
}

/// `UNSUPPORTED_SID`
pub(crate) fn unsupported_sid(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for sid in sids(policy).filter(|sid| !sid.text.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        emit.at(&sid.at, format!("the Sid `{}` may have letters and digits only", sid.text));
    }
}

/// `UNIQUE_SIDS_REQUIRED`, `UNIQUE_SIDS_RECOMMENDED`
pub(crate) fn unique_sids(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    let mut same: BTreeMap<&str, Vec<&Text<'_>>> = BTreeMap::new();
    for sid in sids(policy).filter(|sid| !sid.text.is_empty()) {
        same.entry(sid.text).or_default().push(sid);
    }
    for (text, all) in same.into_iter().filter(|(_, all)| all.len() > 1) {
        let places = all.iter().map(|sid| sid.at.clone()).collect();
        emit.places(places, format!("{} statements have the Sid `{text}`: give each its own", all.len()));
    }
}

fn sids<'p, 'a>(policy: &'p Policy<'a>) -> impl Iterator<Item = &'p Text<'a>> {
    policy.statements.iter().filter_map(|statement| statement.sid.as_ref())
}
