//! Does AWS have the condition keys that a policy names, and do the operators fit their types?
//!
//! Sources: the catalog; IAM User Guide, "AWS global condition context keys".

use crate::catalog::{KeyBase, KeyType, Names};
use crate::lint::registry::Emit;
use crate::lint::request::PolicyType;
use crate::lint::view::{Condition, Policy};
use crate::policy::BaseOperator;
use crate::policy::operator::{Kind, SetOperator};

/// Families of keys that need a tag's name.
const TAGS: [&str; 3] = ["aws:resourcetag", "aws:requesttag", "aws:principaltag"];

fn lacks_tag(key: &str) -> bool {
    TAGS.contains(&key.strip_suffix('/').unwrap_or(key))
}

/// `INVALID_CONDITION_KEY_FORMAT`, `INVALID_GLOBAL_CONDITION_KEY`, `INVALID_SERVICE_CONDITION_KEY`, `INVALID_SERVICE` of a
/// key, `MISSING_TAG_KEY_IN_CONDITION`, `UNSUPPORTED_GLOBAL_CONDITION_KEY`, `DEPRECATED_GLOBAL_CONDITION_KEY`
pub(crate) fn unknown_key(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    let mut names = Names::default();
    for (_, one) in policy.conditions() {
        if let Some((code, details)) = trouble(policy, one, &mut names)
            && code == emit.code()
        {
            emit.at(&one.key_at, details);
        }
    }
}

fn trouble(policy: &Policy<'_>, one: &Condition<'_>, names: &mut Names) -> Option<(&'static str, String)> {
    let key = one.key;
    if lacks_tag(&one.lower) {
        let family = key.trim_end_matches('/');
        return Some(("MISSING_TAG_KEY_IN_CONDITION", format!("`{key}` names no tag: write {family}/ and the tag's name")));
    }
    if one.lower == "aws:arn" {
        let details = format!("`{key}` is an old key: use aws:PrincipalArn, or aws:SourceArn");
        let is_resource = matches!(policy.kind, PolicyType::Resource | PolicyType::ResourceControl);
        return Some((if is_resource { "UNSUPPORTED_GLOBAL_CONDITION_KEY" } else { "DEPRECATED_GLOBAL_CONDITION_KEY" }, details));
    }
    let Some((owner, name)) = one.lower.split_once(':').filter(|(owner, name)| !owner.is_empty() && !name.is_empty()) else {
        return Some((
            "INVALID_CONDITION_KEY_FORMAT",
            format!("`{key}` has no service before a colon: write it as aws:SourceIp"),
        ));
    };
    let _ = name;
    let unknown = names.key(key)?;
    let details = if unknown.help.is_empty() { unknown.message } else { format!("{}; {}", unknown.message, unknown.help) };
    let code = match owner {
        "aws" => "INVALID_GLOBAL_CONDITION_KEY",
        owner if policy.catalog.service(owner).is_some() || names.service(owner).is_none() => "INVALID_SERVICE_CONDITION_KEY",
        _ => "INVALID_SERVICE",
    };
    Some((code, details))
}

/// Keys that AWS's results treat as multivalued, and the catalog does not.
const MULTIVALUED: [&str; 2] = ["codeconnections:provideraction", "codestar-connections:provideraction"];

/// The type of a key where it is known.
pub(crate) fn kind(policy: &Policy<'_>, one: &Condition<'_>) -> Option<KeyType> {
    let kind = policy.catalog.own_key_type(one.key)?;
    Some(KeyType { multivalued: kind.multivalued || MULTIVALUED.contains(&one.lower.as_str()), ..kind })
}

/// `MISSING_QUALIFIER`
pub(crate) fn missing_qualifier(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for (_, one) in policy.conditions() {
        let Some(operator) = one.operator else { continue };
        let is_bare = operator.set.is_none() && operator.base != BaseOperator::Null;
        if is_bare && kind(policy, one).is_some_and(|kind| kind.multivalued) {
            let details =
                format!("`{}` can have several values: write ForAnyValue: or ForAllValues: before the operator", one.key);
            emit.at(&one.key_at, details);
        }
    }
}

/// `FORALLVALUES_WITH_SINGLE_VALUED_KEY`
pub(crate) fn forallvalues_with_single_valued_key(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for (_, one) in policy.conditions() {
        let is_all = one
            .operator
            .is_some_and(|operator| operator.set == Some(SetOperator::ForAllValues) && operator.base != BaseOperator::Null);
        if is_all && kind(policy, one).is_some_and(|kind| !kind.multivalued) {
            let details = format!("`{}` has one value, and ForAllValues is true where it is absent: leave it out", one.key);
            emit.at(&one.key_at, details);
        }
    }
}

/// `STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS`
pub(crate) fn string_like_with_arn(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for (_, one) in policy.conditions() {
        let is_like = one.operator.is_some_and(|it| matches!(it.base, BaseOperator::StringLike | BaseOperator::StringNotLike));
        if is_like && kind(policy, one).is_some_and(|kind| kind.base == KeyBase::Arn) {
            let details = format!("`{}` is an ARN, and wildcards of StringLike cross its colons: use ArnLike", one.key);
            emit.at(&one.key_at, details);
        }
    }
}

/// `TYPE_MISMATCH`
pub(crate) fn type_mismatch(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for (_, one) in policy.conditions() {
        let (Some(operator), Some(kind)) = (one.operator, kind(policy, one)) else { continue };
        let fits = match family(operator.base) {
            None => true,
            Some(KeyBase::String) => matches!(kind.base, KeyBase::String | KeyBase::Arn | KeyBase::Binary),
            Some(KeyBase::Date) => kind.base == KeyBase::Date || one.lower == "aws:epochtime",
            Some(KeyBase::Numeric) => kind.base == KeyBase::Numeric || one.lower == "aws:tokenissuetime",
            Some(family) => family == kind.base,
        };
        if !fits {
            let details = format!("the values of `{}` are {}: use an operator for that", one.key, plural(kind.base));
            emit.at(&one.key_at, details);
        }
    }
}

fn plural(base: KeyBase) -> &'static str {
    match base {
        KeyBase::String => "texts",
        KeyBase::Arn => "ARNs",
        KeyBase::Bool => "truth values",
        KeyBase::Numeric => "numbers",
        KeyBase::Date => "dates",
        KeyBase::IpAddress => "addresses",
        KeyBase::Binary => "bytes",
    }
}

/// What an operator compares; `None` of Null.
pub(crate) fn family(base: BaseOperator) -> Option<KeyBase> {
    Some(match base.kind() {
        Kind::Text(_) | Kind::Like => KeyBase::String,
        Kind::Arn => KeyBase::Arn,
        Kind::Number(_) => KeyBase::Numeric,
        Kind::Date(_) => KeyBase::Date,
        Kind::Bool => KeyBase::Bool,
        Kind::Binary => KeyBase::Binary,
        Kind::Address => KeyBase::IpAddress,
        Kind::Presence => return None,
    })
}
