//! Which principals does AWS refuse, and which name nobody?
//!
//! The policy language takes any text as a principal; AWS's services check it when a policy is saved. A typo among
//! principals is silent in a verdict: "grants nothing new" is true of an account that does not exist. So each entry that
//! AWS would refuse, or that no request can come from, is a warning at its place, which also says how it is read here.
//! At most one warning for an entry.
//!
//! Sources: IAM User Guide, "AWS JSON policy elements: Principal" (formats; no wildcard for a part of a name or ARN; no
//! groups; unique ids of deleted principals) and "NotPrincipal"; IAM Access Analyzer policy check reference, invalid
//! principal format, unsupported wildcard in principal, invalid service principal format, allow with NotPrincipal.

use crate::catalog::{PARTITIONS, Partition};
use crate::diag::{Diagnostic, Source};
use crate::document::{Effect, PrincipalType, Statement};
use crate::request::CLOUDFRONT;
use crate::value::arn;

/// What is wrong with an entry: a code, what it is or does, and what to do.
struct Wrong {
    code: &'static str,
    what: String,
    help: String,
}

/// Adds what is wrong with the principals of a statement.
pub(super) fn warn(statement: &Statement, source: &Source, found: &mut Vec<Diagnostic>) {
    let Some(element) = &statement.principal else { return };
    let span = element.key_span.span;
    let mut whole = |code: &'static str, message: &str, help: &str| {
        found.push(Diagnostic::warning(code, source, span, message, help));
    };
    let lists_everyone =
        element.everyone || element.entries.iter().any(|(kind, item)| *kind == PrincipalType::Aws && item.value == "*");
    if element.negated && lists_everyone {
        whole(
            "not-principal-everyone",
            "`NotPrincipal` lists everyone, so the statement applies to nobody",
            "name who is spared",
        );
    } else if element.negated && statement.effect.value == Effect::Allow {
        let message = "`NotPrincipal` with Allow lets in everyone who is not listed, also without credentials";
        whole("not-principal-allow", message, "name who may with `Principal`; NotPrincipal is made for Deny");
    }
    if !element.everyone && element.entries.is_empty() {
        let message = match element.negated {
            true => "`NotPrincipal` lists nobody, so the statement applies to everyone",
            false => "`Principal` lists nobody, so the statement applies to nobody",
        };
        whole("principal-empty", message, "name a principal, or remove the statement");
    }
    if element.negated && statement.resource.is_none() {
        let message = "AWS refuses `NotPrincipal` in a role trust policy";
        whole("not-principal-trust", message, "name who may assume the role with `Principal`");
    }
    for (kind, item) in &element.entries {
        if let Some(wrong) = entry(*kind, &item.value) {
            let message = format!("the principal `{}` {}", item.value, wrong.what);
            found.push(Diagnostic::warning(wrong.code, source, item.span, message, wrong.help));
        }
    }
}

fn wrong(code: &'static str, what: impl Into<String>, help: impl Into<String>) -> Option<Wrong> {
    Some(Wrong { code, what: what.into(), help: help.into() })
}

fn nobody(help: impl Into<String>) -> Option<Wrong> {
    wrong("principal-names-nobody", "names nobody", help)
}

fn wildcard(read: &str) -> Option<Wrong> {
    let what = "has a wildcard, which AWS refuses for a part of a principal";
    wrong("principal-wildcard", what, format!("{read}; write whole names, or compare aws:PrincipalArn in a condition"))
}

fn entry(kind: PrincipalType, text: &str) -> Option<Wrong> {
    let has_wildcard = text.contains(['*', '?']);
    match kind {
        PrincipalType::Aws => aws(text),
        _ if text.contains("${") => variable(),
        PrincipalType::Service if text == "*" => None,
        PrincipalType::Service if has_wildcard => wildcard("it is read as every service whose name matches"),
        PrincipalType::Service if !text.contains('.') || text.contains(':') => {
            wrong("principal-service", "is not the name of a service", "services are named such as lambda.amazonaws.com")
        }
        PrincipalType::Federated if text == "*" => None,
        PrincipalType::Federated if has_wildcard => wildcard("it is read as every provider whose name matches"),
        PrincipalType::Federated => {
            let account = arn::split(text).map(|[_, _, _, _, account, _]| account);
            account.filter(|account| !arn::is_account(account)).and_then(not_an_account)
        }
        PrincipalType::CanonicalUser => {
            let is_id = matches!(text.len(), 32 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            let help = "canonical user ids have 64 hexadecimal digits";
            if is_id { None } else { wrong("principal-canonical-user", "is not a canonical user id", help) }
        }
        PrincipalType::Service => None,
    }
}

fn variable() -> Option<Wrong> {
    let help = "policy variables are not replaced in principals, and placeholders must be filled in before: it is read as text";
    wrong("principal-variable", "has a `${..}`, which is text in a principal", help)
}

fn not_an_account(account: &str) -> Option<Wrong> {
    let what = match account {
        "" => "has no account id".to_owned(),
        _ => format!("has `{account}` in place of an account id"),
    };
    wrong("principal-account", format!("{what}, so it names nobody"), "account ids have 12 digits and no hyphens")
}

fn aws(text: &str) -> Option<Wrong> {
    if text == "*" || arn::is_account(text) {
        return None;
    }
    if !text.starts_with("arn:") {
        return no_arn(text);
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let Ok([_, partition, service, region, account, rest]) = <[&str; 6]>::try_from(parts) else {
        return nobody("an ARN has six parts, such as arn:aws:iam::111122223333:role/name");
    };
    if text.contains("${") {
        return variable();
    }
    let is_wild = |part: &str| part.contains(['*', '?']);
    if !is_wild(service) && !matches!(service, "iam" | "sts") {
        return nobody(format!(
            "ARNs of {service} are not principals: name the role that acts, or the service and its aws:SourceArn"
        ));
    }
    if !region.is_empty() && !is_wild(region) {
        return nobody("ARNs of principals have no Region");
    }
    let is_cloudfront = account == CLOUDFRONT && service == "iam" && rest.starts_with("user/");
    if !is_wild(account) && !arn::is_account(account) && !is_cloudfront {
        return not_an_account(account);
    }
    if let Some(found) = kind(service, rest) {
        return Some(found);
    }
    if is_wild(text) {
        return wildcard("it is matched part by part");
    }
    if Partition::named(partition).is_none() {
        let known: Vec<&str> = PARTITIONS.iter().map(|partition| partition.name).collect();
        let what = format!("is of the partition `{partition}`, which does not exist");
        return wrong("principal-partition", what, format!("the partitions are {}", known.join(", ")));
    }
    None
}

/// What stands where an ARN or an account id should.
fn no_arn(text: &str) -> Option<Wrong> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_unique_id =
        text.len() >= 4 && text.starts_with('A') && text.get(2..4).is_some_and(|kind| kind == "OA" || kind == "DA");
    if text.contains("${") {
        return variable();
    }
    if text.contains(['*', '?']) {
        return match text.bytes().all(|byte| byte == b'*') {
            true => wildcard("it is read as everyone"),
            false => nobody("write an account id, an ARN or \"*\""),
        };
    }
    if digits > 0 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return not_an_account(text);
    }
    if is_unique_id {
        return nobody("it is the unique id of a user or role that was deleted: write an ARN, or remove it");
    }
    if text.contains(".amazonaws.com") {
        return nobody(format!("it is a service: write {{\"Service\": \"{text}\"}}"));
    }
    nobody("write an account id, an ARN or \"*\"")
}

/// What is wrong with the kind of identity that an ARN names.
fn kind(service: &str, rest: &str) -> Option<Wrong> {
    let (kind, name) = rest.split_once('/').unwrap_or((rest, ""));
    if kind.contains(['*', '?']) || service.contains(['*', '?']) {
        return None;
    }
    match (service, kind) {
        ("iam", "root") if rest == "root" => None,
        ("iam", "user" | "role") | ("sts", "federated-user") if !name.is_empty() => None,
        ("sts", "assumed-role") if name.split('/').filter(|part| !part.is_empty()).count() == 2 => None,
        ("sts", "assumed-role") => nobody("a session is written assumed-role/ROLE/SESSION, the role without its path"),
        ("iam", "group") => {
            let help = "a group is not a principal: name its users, their roles or the account";
            wrong("principal-group", "is a group, so it names nobody", help)
        }
        ("iam", "saml-provider" | "oidc-provider") => nobody("it is an identity provider: write {\"Federated\": ..}"),
        _ => nobody("principals are root, user/NAME and role/NAME of iam, and assumed-role/ROLE/SESSION of sts"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_that_aws_refuses_or_that_names_nobody_is_told_and_no_other() {
        use PrincipalType::{Aws, CanonicalUser, Federated, Service};
        let (iam, sts) = ("arn:aws:iam::111122223333", "arn:aws:sts::111122223333");
        for (kind, text, code) in [
            (Aws, "*", None),
            (Aws, "111122223333", None),
            (Aws, &format!("{iam}:root"), None),
            (Aws, &format!("{iam}:user/p/n"), None),
            (Aws, &format!("{iam}:role/r"), None),
            (Aws, &format!("{sts}:assumed-role/r/s"), None),
            (Aws, &format!("{sts}:federated-user/f"), None),
            (Aws, "arn:aws-cn:iam::111122223333:root", None),
            (Aws, "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1EXAMPLE2OAI3", None),
            (Aws, "**", Some("principal-wildcard")),
            (Aws, &format!("{iam}:role/*"), Some("principal-wildcard")),
            (Aws, "arn:aws:iam::*:root", Some("principal-wildcard")),
            (Aws, &format!("{iam}:*"), Some("principal-wildcard")),
            (Aws, &format!("{sts}:assumed-role/r/*"), Some("principal-wildcard")),
            (Aws, &format!("{iam}:group/devs"), Some("principal-group")),
            (Aws, &format!("{iam}:group/*"), Some("principal-group")),
            (Aws, "arn:aws:iam::1111-2222-3333:root", Some("principal-account")),
            (Aws, "arn:aws:iam::11112222333:root", Some("principal-account")),
            (Aws, "arn:aws:iam:::role/r", Some("principal-account")),
            (Aws, "1111-2222-3333", Some("principal-account")),
            (Aws, "11112222333", Some("principal-account")),
            (Aws, "arn:x:iam::111122223333:root", Some("principal-partition")),
            (Aws, "arn:aws:iam::${AccountId}:root", Some("principal-variable")),
            (Aws, "${aws:username}", Some("principal-variable")),
            (Aws, "AROAEXAMPLEID", Some("principal-names-nobody")),
            (Aws, "lambda.amazonaws.com", Some("principal-names-nobody")),
            (Aws, "bob", Some("principal-names-nobody")),
            (Aws, "bob*", Some("principal-names-nobody")),
            (Aws, "arn:aws:iam::111122223333", Some("principal-names-nobody")),
            (Aws, "arn:aws:iam:us-east-1:111122223333:root", Some("principal-names-nobody")),
            (Aws, "arn:aws:s3:::bucket", Some("principal-names-nobody")),
            (Aws, &format!("{iam}:Role/r"), Some("principal-names-nobody")),
            (Aws, &format!("{iam}:role/"), Some("principal-names-nobody")),
            (Aws, &format!("{iam}:saml-provider/p"), Some("principal-names-nobody")),
            (Aws, &format!("{sts}:assumed-role/r"), Some("principal-names-nobody")),
            (Service, "lambda.amazonaws.com", None),
            (Service, "*", None),
            (Service, "*.amazonaws.com", Some("principal-wildcard")),
            (Service, "lambda", Some("principal-service")),
            (Service, "logs.${Region}.amazonaws.com", Some("principal-variable")),
            (Federated, "accounts.google.com", None),
            (Federated, &format!("{iam}:saml-provider/p"), None),
            (Federated, &format!("{iam}:oidc-provider/*"), Some("principal-wildcard")),
            (Federated, "arn:aws:iam::1111:saml-provider/p", Some("principal-account")),
            (CanonicalUser, &"a1".repeat(32), None),
            (CanonicalUser, "me", Some("principal-canonical-user")),
        ] {
            assert_eq!(entry(kind, text).map(|wrong| wrong.code), code, "{kind:?} {text}");
        }
    }
}
