//! What kind of values does a condition key carry, and can it carry several at once?
//!
//! Service keys are typed by the catalog's own data (`String`, `ARN`, `ArrayOfString`, ...); the global `aws:` keys, and
//! the service keys that AWS sets on requests to every service, by the table here. A key with a placeholder, such as
//! `aws:ResourceTag/${TagKey}` or `s3:ExistingObjectTag/<key>`, stands for every key with some text in its place; of two
//! that fit, the one with more literal text counts (`events:metadata/${k}/matcher` before `events:metadata/${k}`).
//!
//! Where services disagree on one key (today only `identitystore:UserId`), it is multivalued if any of them says so,
//! and of two base types `String` wins: every value is a string.
//!
//! Invariant: keys are kept and asked for in lower case.
//!
//! Sources: AWS service reference (condition keys); IAM User Guide, "AWS global condition context keys" (data type and
//! value type of each key).

use crate::value::{date, ip, number};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What one value of a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyBase {
    /// Text.
    String,
    /// An Amazon Resource Name.
    Arn,
    /// `true` or `false`.
    Bool,
    /// A number. Date operators take it for seconds since 1970 (`aws:EpochTime`).
    Numeric,
    /// A point in time, as ISO 8601 or as seconds since 1970.
    Date,
    /// An IPv4 or IPv6 address.
    IpAddress,
    /// Bytes, written in Base64.
    Binary,
}

impl KeyBase {
    /// Whether a request's value can be of this type. Texts of all kinds pass for strings, ARNs and bytes.
    pub fn holds(self, value: &str) -> bool {
        match self {
            Self::String | Self::Arn | Self::Binary => true,
            Self::Bool => value == "true" || value == "false",
            Self::Numeric => number::parse(value).is_some(),
            Self::Date => date::parse(value).is_some() || number::parse(value).is_some(),
            Self::IpAddress => ip::parse_address(value).is_some(),
        }
    }

    /// What one value is, in words.
    pub fn noun(self) -> &'static str {
        match self {
            Self::String => "a text",
            Self::Arn => "an ARN",
            Self::Bool => "`true` or `false`",
            Self::Numeric => "a number",
            Self::Date => "a date",
            Self::IpAddress => "an address",
            Self::Binary => "Base64",
        }
    }

    /// A value of this type that reads well; `None` for a string, which may be anything.
    pub fn plain(self) -> Option<&'static str> {
        Some(match self {
            Self::Arn => "arn:aws:s3:::example",
            Self::Bool => "true",
            Self::Numeric => "1",
            Self::Date => "2026-01-01T00:00:00Z",
            Self::IpAddress => "192.0.2.1",
            Self::Binary => "QQ==",
            Self::String => return None,
        })
    }
}

/// The type of a condition key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyType {
    /// What one value is.
    pub base: KeyBase,
    /// Whether one request can carry several values.
    pub multivalued: bool,
}

impl KeyType {
    /// Reads the service reference's spelling, such as `ArrayOfARN`; case does not matter.
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let (multivalued, base) = match lower.strip_prefix("arrayof") {
            Some(rest) => (true, rest),
            None => (false, lower.as_str()),
        };
        let base = match base {
            "string" => KeyBase::String,
            "arn" => KeyBase::Arn,
            "bool" | "boolean" => KeyBase::Bool,
            "numeric" | "long" | "integer" => KeyBase::Numeric,
            "date" => KeyBase::Date,
            "ipaddress" => KeyBase::IpAddress,
            "binary" => KeyBase::Binary,
            _ => return None,
        };
        Some(Self { base, multivalued })
    }

    /// What holds if two sources type one key.
    fn or(self, other: Self) -> Self {
        let base = if self.base == other.base { self.base } else { KeyBase::String };
        Self { base, multivalued: self.multivalued || other.multivalued }
    }
}

/// The types of all keys of a catalog.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys {
    plain: BTreeMap<String, KeyType>,
    /// What stands before and after the placeholder.
    templates: BTreeMap<(String, String), KeyType>,
}

impl Keys {
    /// Adds a key, or a key with a placeholder, in any case.
    pub(super) fn add(&mut self, key: &str, kind: KeyType) {
        let key = key.to_ascii_lowercase();
        let merge = |old: &mut KeyType| *old = old.or(kind);
        match placeholder(&key) {
            Some((before, after)) => {
                self.templates.entry((before.to_owned(), after.to_owned())).and_modify(merge).or_insert(kind);
            }
            None => {
                self.plain.entry(key).and_modify(merge).or_insert(kind);
            }
        }
    }

    /// Adds the keys that any service may see, of those that count.
    pub(super) fn add_global(&mut self, counts: impl Fn(&str) -> bool) {
        let global = GLOBAL.iter().filter(|(key, _)| counts(key));
        for (key, kind) in global.filter_map(|(key, kind)| Some((key, KeyType::parse(kind)?))) {
            self.add(key, kind);
        }
    }

    /// The type of a key, in any case.
    pub(super) fn get(&self, key: &str) -> Option<KeyType> {
        let key = key.to_ascii_lowercase();
        let fits = |before: &str, after: &str| {
            let middle = key.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            middle.is_some_and(|middle| !middle.is_empty())
        };
        self.plain.get(&key).copied().or_else(|| {
            let fitting = self.templates.iter().filter(|((before, after), _)| fits(before, after));
            fitting.max_by_key(|((before, after), _)| before.len() + after.len()).map(|(_, kind)| *kind)
        })
    }
}

/// Whether a key, in lower case, is this one or an instance of it.
pub(super) fn fits(known: &str, key: &str) -> bool {
    match placeholder(known) {
        Some((before, after)) => {
            let (before, after) = (before.to_ascii_lowercase(), after.to_ascii_lowercase());
            key.strip_prefix(before.as_str()).and_then(|rest| rest.strip_suffix(after.as_str())).is_some_and(|k| !k.is_empty())
        }
        None => known.eq_ignore_ascii_case(key),
    }
}

/// What stands before and after the first `${..}` or `<..>` of a key, or before its last word, if that is `tag-key`.
pub(super) fn placeholder(key: &str) -> Option<(&str, &str)> {
    let split = |open, close| {
        let (before, rest) = key.split_once(open)?;
        let (_, after) = rest.split_once(close)?;
        Some((before, after))
    };
    // Most keys have no bracket.
    let brackets = || split("${", '}').or_else(|| split("<", '>'));
    let found = if key.bytes().any(|byte| matches!(byte, b'$' | b'<')) { brackets() } else { None };
    found.or_else(|| key.strip_suffix("tag-key").map(|before| (before, "")))
}

/// The global keys that are no templates, in lower case, with their types; no catalog is needed for them.
pub fn global_keys() -> impl Iterator<Item = (String, KeyType)> {
    let plain = GLOBAL.iter().filter(|(key, _)| placeholder(key).is_none());
    plain.filter_map(|(key, kind)| Some((key.to_ascii_lowercase(), KeyType::parse(kind)?)))
}

/// Whether a key (in lower case) is a global one, with or without a placeholder's text.
pub(super) fn is_global(key: &str) -> bool {
    let is_it = |known: &str| known.eq_ignore_ascii_case(key);
    GLOBAL.iter().any(|(known, _)| is_it(known)) || GLOBAL.iter().any(|(known, _)| known.ends_with('}') && fits(known, key))
}

/// The global keys with this prefix, in AWS's spelling.
pub(super) fn global_names<'p>(prefix: &'p str) -> impl Iterator<Item = &'static str> + Clone + use<'p> {
    let own = move |key: &&str| key.split_once(':').is_some_and(|(own, _)| own.eq_ignore_ascii_case(prefix));
    GLOBAL.iter().map(|(key, _)| *key).filter(own)
}

/// A condition key as AWS spells it, if it is a global one; a tag's name stays as it is.
pub fn spelled(key: &str) -> String {
    for (known, _) in GLOBAL {
        if known.eq_ignore_ascii_case(key) {
            return (*known).to_owned();
        }
        let literal = known.split('$').next().filter(|start| start.len() < known.len() && start.len() < key.len());
        let tag = literal.and_then(|start| key.get(..start.len()).filter(|own| own.eq_ignore_ascii_case(start)).and(Some(start)));
        if let Some(start) = tag {
            return format!("{start}{}", key.get(start.len()..).unwrap_or_default());
        }
    }
    key.to_owned()
}

/// The type of a global key (in lower case), with or without a placeholder's text; no catalog is needed for it.
pub fn global_type(key: &str) -> Option<KeyType> {
    if !key.contains(':') {
        return None;
    }
    static KEYS: LazyLock<Keys> = LazyLock::new(|| {
        let mut keys = Keys::default();
        keys.add_global(|_| true);
        keys
    });
    KEYS.get(key)
}

/// The global keys, in the order of the User Guide's page.
static GLOBAL: &[(&str, &str)] = &[
    // Properties of the principal
    ("aws:PrincipalArn", "ARN"),
    ("aws:PrincipalAccount", "String"),
    ("aws:PrincipalOrgPaths", "ArrayOfString"),
    ("aws:PrincipalOrgID", "String"),
    ("aws:PrincipalTag/${TagKey}", "String"),
    ("aws:PrincipalIsAWSService", "Bool"),
    ("aws:PrincipalServiceName", "String"),
    ("aws:PrincipalServiceNamesList", "ArrayOfString"),
    ("aws:PrincipalType", "String"),
    ("aws:userid", "String"),
    ("aws:username", "String"),
    // Properties of a role session
    ("aws:AssumedRoot", "Bool"),
    ("aws:FederatedProvider", "String"),
    ("aws:TokenIssueTime", "Date"),
    ("aws:MultiFactorAuthAge", "Numeric"),
    ("aws:MultiFactorAuthPresent", "Bool"),
    ("aws:ChatbotSourceArn", "ARN"),
    ("aws:Ec2InstanceSourceVpc", "String"),
    ("aws:Ec2InstanceSourcePrivateIPv4", "IPAddress"),
    ("aws:SourceIdentity", "String"),
    ("ec2:RoleDelivery", "Numeric"),
    ("ec2:SourceInstanceArn", "ARN"),
    ("glue:RoleAssumedBy", "String"),
    ("glue:CredentialIssuingService", "String"),
    ("codebuild:BuildArn", "ARN"),
    ("codebuild:ProjectArn", "ARN"),
    ("lambda:SourceFunctionArn", "ARN"),
    ("ssm:SourceInstanceArn", "ARN"),
    ("identitystore:UserId", "String"),
    // Of a federated identity in trust policies (IAM User Guide, "IAM and AWS STS condition context keys")
    ("cognito-identity.amazonaws.com:amr", "ArrayOfString"),
    // Properties of the network
    ("aws:SourceIp", "IPAddress"),
    ("aws:SourceVpc", "String"),
    ("aws:SourceVpcArn", "ARN"),
    ("aws:SourceVpce", "String"),
    ("aws:VpceAccount", "String"),
    ("aws:VpceOrgID", "String"),
    ("aws:VpceOrgPaths", "ArrayOfString"),
    ("aws:VpcSourceIp", "IPAddress"),
    // Properties of the resource
    ("aws:ResourceAccount", "String"),
    ("aws:ResourceOrgPaths", "ArrayOfString"),
    ("aws:ResourceOrgID", "String"),
    ("aws:ResourceTag/${TagKey}", "String"),
    // Properties of the request
    ("aws:CalledVia", "ArrayOfString"),
    ("aws:CalledViaFirst", "String"),
    ("aws:CalledViaLast", "String"),
    ("aws:ViaAWSService", "Bool"),
    ("aws:CalledViaAWSMCP", "String"),
    ("aws:ViaAWSMCPService", "Bool"),
    ("aws:CurrentTime", "Date"),
    ("aws:EpochTime", "Numeric"),
    ("aws:referer", "String"),
    ("aws:RequestedRegion", "String"),
    ("aws:RequestTag/${TagKey}", "String"),
    ("aws:TagKeys", "ArrayOfString"),
    ("aws:SecureTransport", "Bool"),
    ("aws:SourceAccount", "String"),
    ("aws:SourceArn", "ARN"),
    ("aws:SourceOrgID", "String"),
    ("aws:SourceOrgPaths", "ArrayOfString"),
    ("aws:UserAgent", "String"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use KeyBase::{Arn, Bool, Date, IpAddress, Numeric, String};

    fn check(key: &str, expected: Option<(KeyBase, bool)>) {
        let found = Catalog::latest().condition_key_type(key).map(|kind| (kind.base, kind.multivalued));
        assert_eq!(found, expected, "{key}");
    }

    #[test]
    fn global_and_service_keys_have_their_types_in_any_case() {
        check("aws:sourceip", Some((IpAddress, false)));
        check("AWS:SourceArn", Some((Arn, false)));
        check("aws:currenttime", Some((Date, false)));
        check("aws:multifactorauthage", Some((Numeric, false)));
        check("aws:securetransport", Some((Bool, false)));
        check("aws:tagkeys", Some((String, true)));
        check("aws:calledvia", Some((String, true)));
        check("aws:calledviafirst", Some((String, false)));
        check("s3:max-keys", Some((Numeric, false)));
        check("s3:x-amz-server-side-encryption-aws-kms-key-id", Some((Arn, false)));
        check("s3:nosuchkey", None);
        check("", None);
    }

    #[test]
    fn a_placeholder_stands_for_some_text() {
        check("aws:resourcetag/team", Some((String, false)));
        check("aws:ResourceTag/a/b:c", Some((String, false)));
        check("aws:resourcetag/", None);
        check("s3:existingobjecttag/team", Some((String, false)));
        check("kms:encryptioncontext:purpose", Some((String, false)));
        check("vpc-lattice-svcs:requestheader/x", Some((String, false)));
        check("secretsmanager:ResourceTag/team", Some((String, false)));
        assert!(Catalog::latest().carries("secretsmanager:GetSecretValue", "secretsmanager:ResourceTag/team"));
    }

    #[test]
    fn disagreement_counts_as_several_values_and_as_text() {
        check("identitystore:userid", Some((String, true)));
        let mut keys = Keys::default();
        for kind in ["Numeric", "ArrayOfARN"] {
            keys.add("x:Y", KeyType::parse(kind).unwrap());
        }
        assert_eq!(keys.get("X:y"), Some(KeyType { base: String, multivalued: true }));
    }

    #[test]
    fn the_template_with_more_text_counts() {
        let mut keys = Keys::default();
        keys.add("e:m/${K}", KeyType::parse("ArrayOfString").unwrap());
        keys.add("e:m/${K}/size", KeyType::parse("Numeric").unwrap());
        assert_eq!(keys.get("e:m/a/size").unwrap().base, Numeric);
        assert_eq!(keys.get("e:m/a/sizes").unwrap().base, String);
    }

    #[test]
    fn every_global_key_has_a_known_type() {
        assert!(GLOBAL.iter().all(|(_, kind)| KeyType::parse(kind).is_some()));
    }

    /// `policy/` asks whether a key is multivalued without unpacking a catalog; its table must say the same.
    #[test]
    fn the_table_of_multivalued_keys_agrees() {
        let mut keys = Catalog::latest().keys().clone();
        keys.add_global(|_| true);
        let table: std::collections::BTreeSet<&str> = include_str!("../../data/multivalued-keys.txt").lines().collect();
        let mut found: Vec<std::string::String> =
            keys.plain.iter().filter(|(_, kind)| kind.multivalued).map(|(key, _)| key.clone()).collect();
        found.retain(|key| !table.contains(key.as_str()));
        assert!(found.is_empty(), "not in data/multivalued-keys.txt: {found:?}");
        for key in table.iter().filter(|key| !key.contains('$')) {
            assert!(keys.get(key).is_some_and(|kind| kind.multivalued), "{key} is in the table only");
        }
    }
}
