//! Do a statement's actions, resources and condition keys go together, and with the resource that the policy is attached to?
//!
//! Sources: the catalog; IAM User Guide, "IAM and AWS STS condition context keys"; AWS's checks of the same names.

use super::cover::{Glob, meet};
use crate::document::Effect;
use crate::lint::arn::{opened, parts};
use crate::lint::registry::Emit;
use crate::lint::request::ResourceType;
use crate::lint::view::{Condition, Policy, Statement, Text};

/// `UNSUPPORTED_ACTION_FOR_CONDITION_KEY`: of the actions that take a role, whose keys AWS lists completely.
pub(crate) fn unsupported_action(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for statement in &policy.statements {
        let is_own = |key: &str| {
            key.starts_with("sts:") || key.starts_with("saml:") || key.split(':').next().is_some_and(|it| it.contains('.'))
        };
        for one in statement.conditions.iter().filter(|one| is_own(&one.lower)) {
            let listed = |name: &str| policy.catalog.lists_key("sts", name, &one.lower);
            let is_known = policy.catalog.names("sts").iter().any(|it| it.lower.get(4..).is_some_and(listed));
            let lacks = |action: &&Text<'_>| {
                let lower = action.text.to_ascii_lowercase();
                let name = lower.strip_prefix("sts:").filter(|name| !name.contains(['*', '?']));
                // What is set beside the call that takes the role is not listed with its keys.
                let is_beside = matches!(name, Some("tagsession" | "setsourceidentity"));
                !is_beside && name.is_some_and(|name| policy.catalog.canonical_action(&lower).is_some() && !listed(name))
            };
            let wrong: Vec<&Text<'_>> = statement.actions().iter().filter(lacks).collect();
            if let (true, Some(first)) = (is_known, wrong.first()) {
                let details = format!("requests for `{}` never carry `{}`: give it a statement of its own", first.text, one.key);
                let places = wrong.iter().map(|action| action.at.clone()).chain([one.at.clone()]).collect();
                emit.places(places, details);
            }
        }
    }
}

/// `MISSING_ACTION_FOR_CONDITION_KEY`
pub(crate) fn missing_action(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for statement in policy.statements.iter().filter(|one| one.effect == Some(Effect::Allow)) {
        let globs: Vec<Glob> = statement.actions().iter().map(|action| Glob::parse(&action.text.to_ascii_lowercase())).collect();
        let has = |action: &str| globs.iter().any(|glob| glob.matches(action));
        let takes_role = statement.actions().iter().any(|one| one.text.to_ascii_lowercase().starts_with("sts:assumerole"));
        for one in statement.conditions.iter().filter(|_| takes_role) {
            let needed = match one.lower.as_str() {
                "sts:transitivetagkeys" | "aws:tagkeys" => "sts:TagSession",
                key if key.starts_with("aws:requesttag/") => "sts:TagSession",
                "sts:sourceidentity" => "sts:SetSourceIdentity",
                _ => continue,
            };
            if !has(&needed.to_ascii_lowercase()) {
                emit.at(&one.key_at, format!("without {needed} nobody may set `{}`: add the action", one.key));
            }
        }
    }
}

/// Whether a text can be the ARN of such a resource.
type Fits = fn(&str) -> bool;

/// What a policy attached to a resource is about: the service of its actions, and how its resources' ARNs look.
fn attached(of: ResourceType) -> (&'static str, Option<Fits>) {
    match of {
        ResourceType::Bucket => ("s3", Some(|text| is_arn(text, "s3", [false, false], None))),
        ResourceType::AccessPoint => ("s3", Some(|text| is_arn(text, "s3", [true, true], Some("accesspoint/*")))),
        ResourceType::MultiRegionAccessPoint => ("s3", Some(|text| is_arn(text, "s3", [false, true], Some("accesspoint/*")))),
        ResourceType::ObjectLambdaAccessPoint => {
            ("s3-object-lambda", Some(|text| is_arn(text, "s3-object-lambda", [true, true], Some("accesspoint/*"))))
        }
        ResourceType::Table => ("dynamodb", Some(|text| is_arn(text, "dynamodb", [true, true], Some("table/*")))),
        ResourceType::AssumeRolePolicyDocument => ("sts", None),
    }
}

/// Whether a text can be an ARN of a service, with or without Region and account, of such a resource.
fn is_arn(text: &str, service: &str, has: [bool; 2], rest: Option<&str>) -> bool {
    let Ok(arn) = parts(text) else { return false };
    let place = |part: &str, has: bool| part.contains(['*', '$']) || part.is_empty() != has;
    let is_service = meet(&Glob::parse(&opened(arn.service)), &Glob::literal(service));
    let [region, account] = has;
    let fits = rest.is_none_or(|rest| meet(&Glob::parse(&opened(arn.rest)), &Glob::parse(rest)));
    text.starts_with("arn:") && is_service && place(arn.region, region) && place(arn.account, account) && fits
}

/// `UNSUPPORTED_ACTION_IN_POLICY`
pub(crate) fn action_in_policy(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    let Some(of) = policy.resource_type else { return };
    let (service, _) = attached(of);
    for action in super::actions::all(policy) {
        let lower = action.text.to_ascii_lowercase();
        let Some((prefix, _)) = lower.split_once(':') else { continue };
        let fits = match (prefix.contains(['*', '?']), of) {
            (true, _) => meet(&Glob::parse(prefix), &Glob::literal(service)),
            (false, ResourceType::Bucket) => {
                let types = policy.catalog.resource_types(&lower).unwrap_or_default();
                let is_other = !types.is_empty() && !types.iter().any(|it| it == "bucket" || it == "object");
                let is_account = types.is_empty() && policy.catalog.canonical_action(&lower).is_some();
                prefix == service && (lower.contains(['*', '?']) || !(is_other || is_account))
            }
            (false, _) => prefix == service,
        };
        if !fits {
            emit.at(&action.at, format!("`{}` is not an action on {}: remove it", action.text, of.name()));
        }
    }
}

/// `UNSUPPORTED_RESOURCE_ARN_IN_POLICY`
pub(crate) fn resource_in_policy(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    let Some(of) = policy.resource_type else { return };
    let (_, Some(fits)) = attached(of) else { return };
    for value in super::resources::all(policy).filter(|value| !fits(value.text)) {
        emit.at(&value.at, format!("`{}` is not an ARN of {}: name the resource itself", value.text, of.name()));
    }
}

/// `IRRELEVANT_CONDITION_KEY_IN_POLICY`
pub(crate) fn irrelevant_key(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    use ResourceType::{AccessPoint, Bucket, MultiRegionAccessPoint};
    if !matches!(policy.resource_type, Some(Bucket | AccessPoint | MultiRegionAccessPoint)) {
        return;
    }
    let is_irrelevant = |one: &&Condition<'_>| one.lower == "s3:resourceaccount";
    let all = policy.statements.iter().flat_map(|one: &Statement<'_>| one.conditions.iter());
    for one in all.filter(is_irrelevant) {
        emit.at(&one.key_at, format!("`{}` is the owner of this very resource: use it in identity policies", one.key));
    }
}
