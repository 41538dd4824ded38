//! Can a condition key carry several values at once?
//!
//! Whether a key is multivalued depends on the request, so it is a fact about the world, not about the policy: the
//! service reference types such keys `ArrayOf...`, and the User Guide's page on global keys says it of each. Another key
//! that a policy uses with a set operator counts as multivalued too: allowing more requests can only add to the side that
//! a PASS shows to be empty. `data/multivalued-keys.txt` is the table, in lower case, sorted; a test keeps it in step with
//! the embedded catalog.
//!
//! Sources: AWS service reference (condition keys); IAM User Guide, "AWS global condition context keys".

use super::DERIVED;
use super::Request;
use crate::catalog::{KeyBase, KeyType, global_keys, global_type};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::OnceLock;

/// Table of keys that are multivalued wherever they appear.
pub const MULTIVALUED: &str = include_str!("../../data/multivalued-keys.txt");

/// Keys that every request carries (User Guide, "AWS global condition context keys").
pub const ALWAYS: [&str; 3] = ["aws:securetransport", "aws:currenttime", "aws:epochtime"];

/// The unique id of the requester, with the name of its session.
pub const USER_ID: &str = "aws:userid";

/// The resource on whose behalf a service calls.
pub const SOURCE_ARN: &str = "aws:sourcearn";

/// The account of that resource.
pub const SOURCE_ACCOUNT: &str = "aws:sourceaccount";

/// Table of the services' keys whose values are no texts, with their types; those with placeholders are not in it.
const TYPED: &str = include_str!("../../data/typed-keys.txt");

/// The type of a key (in lower case) whose values are no texts, as the service reference, or for global keys the same
/// page, has it: requests can have no other values. What follows from the principal is not among them. A test keeps the
/// table in step with the catalog.
pub fn type_of(key: &str) -> Option<KeyBase> {
    static TABLE: OnceLock<FxHashMap<String, KeyBase>> = OnceLock::new();
    let is_typed = |kind: &KeyType| !kind.multivalued && !matches!(kind.base, KeyBase::String | KeyBase::Arn | KeyBase::Binary);
    let table = TABLE.get_or_init(|| {
        let own = TYPED.lines().filter_map(|line| line.split_once(' '));
        let own = own.filter_map(|(key, kind)| Some((key.to_owned(), KeyType::parse(kind)?.base)));
        let global = global_keys().filter(|(key, kind)| is_typed(kind) && !DERIVED.contains(&key.as_str()));
        own.chain(global.map(|(key, kind)| (key, kind.base))).collect()
    });
    table.get(key).copied()
}

/// A plain value of a key, such as a witness may carry where any would do, and another one.
pub fn examples(key: &str) -> [&'static str; 2] {
    match type_of(key) {
        _ if key == "aws:epochtime" => ["1767225600", "1798761600"],
        Some(KeyBase::Bool) => ["true", "false"],
        Some(KeyBase::Numeric) => ["1", "2"],
        Some(KeyBase::Date) => ["2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"],
        Some(KeyBase::IpAddress) => ["192.0.2.1", "192.0.2.2"],
        Some(KeyBase::String | KeyBase::Arn | KeyBase::Binary) | None => ["example", "another"],
    }
}

/// The first of a key's [`examples`].
pub fn plain(key: &str) -> &'static str {
    let [plain, _] = examples(key);
    plain
}

/// The keys of a request that have several values, though AWS says that they have one.
pub fn doubled(request: &Request) -> impl Iterator<Item = &str> {
    let several = request.context.iter().filter(|(_, values)| values.len() > 1);
    several.map(|(key, _)| key.as_str()).filter(|key| global_type(key).is_some_and(|kind| !kind.multivalued))
}

/// The values of a request that their keys' types do not have: key, value, type.
pub fn mistyped(request: &Request) -> impl Iterator<Item = (&str, &str, KeyBase)> {
    request.context.iter().filter_map(|(key, values)| Some((key, values, type_of(key)?))).flat_map(|(key, values, own)| {
        let wrong = values.iter().filter(move |value| !own.holds(value));
        wrong.map(move |value| (key.as_str(), value.as_str(), own))
    })
}

/// Whether a key of a request (in lower case) says nothing: every request has it, and its value is any that there is.
pub fn says_nothing(key: &str, values: &[String]) -> bool {
    ALWAYS.contains(&key) && values == [plain(key)]
}

/// Whether the table has the key (in lower case), as itself or as an instance of `prefix/${name}`.
pub fn is_multivalued(key: &str) -> bool {
    static TABLE: OnceLock<(FxHashSet<&str>, Vec<&str>)> = OnceLock::new();
    let (plain, prefixes) = TABLE.get_or_init(|| {
        let prefixes = MULTIVALUED.lines().filter_map(|known| known.split_once("${")).map(|(prefix, _)| prefix);
        (MULTIVALUED.lines().filter(|known| !known.contains("${")).collect(), prefixes.collect())
    });
    plain.contains(key) || prefixes.iter().any(|prefix| key.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_knows_the_usual_keys() {
        let lines: Vec<&str> = MULTIVALUED.lines().collect();
        assert!(lines.is_sorted() && lines.len() > 200);
        assert!(is_multivalued("aws:tagkeys") && is_multivalued("aws:calledvia") && is_multivalued("events:metadata/x"));
        assert!(!is_multivalued("aws:username") && !is_multivalued("events:metadata/") && !is_multivalued(""));
    }

    #[test]
    fn what_every_request_carries_says_nothing_and_single_keys_have_one_value() {
        let is_idle = |key: &str, value: &str| says_nothing(key, &[value.to_owned()]);
        assert!(is_idle("aws:securetransport", "true") && !is_idle("aws:securetransport", "false") && !is_idle("k", "example"));
        let two = || vec!["192.0.2.1".to_owned(), "192.0.2.2".to_owned()];
        let given = ["my:key", "aws:sourceip", "aws:tagkeys"].map(|key| (key.to_owned(), two()));
        let request = Request::new(crate::request::Principal::Anonymous, "a:B", "*", given.into_iter().collect());
        assert_eq!(doubled(&request).collect::<Vec<_>>(), ["aws:sourceip"]);
    }

    #[test]
    fn global_keys_have_the_types_of_the_user_guide() {
        for (own, keys) in [
            (
                KeyBase::Bool,
                &["SecureTransport", "MultiFactorAuthPresent", "ViaAWSService", "ViaAWSMCPService", "AssumedRoot"][..],
            ),
            (KeyBase::Numeric, &["MultiFactorAuthAge", "EpochTime"]),
            (KeyBase::Date, &["CurrentTime", "TokenIssueTime"]),
            (KeyBase::IpAddress, &["SourceIp", "VpcSourceIp", "Ec2InstanceSourcePrivateIPv4"]),
        ] {
            for key in keys.iter().map(|key| format!("aws:{}", key.to_ascii_lowercase())) {
                assert_eq!(type_of(&key), Some(own), "{key}");
                assert!(examples(&key).iter().all(|plain| own.holds(plain)), "{key}");
            }
        }
        assert_eq!(["aws:username", "aws:principalisawsservice", "aws:tagkeys"].map(type_of), [None; 3]);
    }

    #[test]
    fn the_services_types_are_those_of_the_catalog() {
        let lines: Vec<&str> = TYPED.lines().collect();
        assert!(lines.is_sorted() && lines.len() > 150);
        for line in lines {
            let (key, kind) = line.split_once(' ').unwrap();
            let listed = crate::catalog::Catalog::latest().condition_key_type(key).unwrap();
            assert!(!listed.multivalued && KeyType::parse(kind) == Some(listed) && type_of(key) == Some(listed.base), "{line}");
        }
        assert_eq!(type_of("s3:max-keys"), Some(KeyBase::Numeric));
        assert_eq!((type_of("s3:prefix"), type_of("s3:nosuchkey"), type_of("aws:username")), (None, None, None));
    }
}
