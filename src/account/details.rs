//! The output of `aws iam get-account-authorization-details`, or one page of it.
//!
//! `UserDetailList`, `GroupDetailList`, `RoleDetailList` and `Policies`; each may be absent, as with `--filter`. Documents
//! are objects as the AWS CLI writes them, or texts, percent-encoded as the API sends them.
//!
//! Source: IAM API Reference, GetAccountAuthorizationDetails, UserDetail, GroupDetail, RoleDetail, ManagedPolicyDetail.

use super::gather::{self, Gathered};
use super::part::{bad, date, list, maybe_text, tags, text};
use super::{Attached, Entity, EntityKind, LastUsed, Managed, PolicyText};
use crate::diag::{Diagnostic, Source, Span, deadline};
use crate::json::{Kind, Value};
use std::sync::Arc;

/// The members of a page; a document that has one of them is a page.
pub(super) const MEMBERS: [&str; 4] = ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"];

/// Whether a document is a page of account details: it has one of the three lists, or of policies with their versions.
pub(super) fn is_page(value: &Value) -> bool {
    let first = |name: &str| value.get(name).and_then(Value::elements).and_then(<[Value]>::first);
    MEMBERS.iter().take(3).any(|name| value.get(name).is_some())
        || first("Policies").is_some_and(|policy| policy.get("PolicyVersionList").is_some())
}

/// Reads one page.
pub(super) fn page(source: &Source, value: &mut Value, gathered: &mut Gathered) -> Result<(), Diagnostic> {
    for (name, kind) in MEMBERS.into_iter().zip([EntityKind::User, EntityKind::Group, EntityKind::Role]) {
        for detail in elements(source, value, name)? {
            deadline::look();
            entity(source, detail, kind, gathered)?;
        }
    }
    for detail in elements(source, value, "Policies")? {
        deadline::look();
        managed(source, detail, gathered)?;
    }
    Ok(())
}

/// The elements of a list that may be absent, to be taken apart.
fn elements<'v>(source: &Source, object: &'v mut Value, name: &str) -> Result<&'v mut [Value], Diagnostic> {
    list(source, object, name)?;
    Ok(match member(object, name).map(|value| &mut value.kind) {
        Some(Kind::Array(elements)) => elements,
        _ => &mut [],
    })
}

fn member<'v>(object: &'v mut Value, name: &str) -> Option<&'v mut Value> {
    let Kind::Object(members) = &mut object.kind else { return None };
    members.iter_mut().find(|member| member.key == name).map(|member| &mut member.value)
}

/// A policy document, taken out of its object.
fn document(source: &Source, object: &mut Value, name: &str) -> Result<Arc<PolicyText>, Diagnostic> {
    let missing = bad(source, object, format!("`{name}` is missing"));
    let slot = member(object, name).ok_or(missing)?;
    if !matches!(slot.kind, Kind::Object(_) | Kind::String(_)) {
        return Err(bad(source, slot, format!("`{name}` must be a policy, not {}", slot.kind_name())));
    }
    let span = slot.span;
    let value = std::mem::replace(slot, Value { span, kind: Kind::Null });
    Ok(Arc::new(PolicyText::new(source, value)))
}

// Long: one object of AWS's export, member after member.
fn entity(source: &Source, detail: &mut Value, kind: EntityKind, gathered: &mut Gathered) -> Result<(), Diagnostic> {
    let (name, inline) = match kind {
        EntityKind::User => ("UserName", "UserPolicyList"),
        EntityKind::Group => ("GroupName", "GroupPolicyList"),
        EntityKind::Role => ("RoleName", "RolePolicyList"),
    };
    let id = match kind {
        EntityKind::User => "UserId",
        EntityKind::Group => "GroupId",
        EntityKind::Role => "RoleId",
    };
    let span = detail.span;
    let arn = text(source, detail, "Arn")?.to_owned();
    let Some(account) = gather::account(&arn) else { return Err(gather::not_an_entity(source, span, &arn)) };
    let mut policies = Vec::new();
    for embedded in elements(source, detail, inline)? {
        let name = text(source, embedded, "PolicyName")?.to_owned();
        policies.push(Attached { name, arn: None, text: Ok(document(source, embedded, "PolicyDocument")?) });
    }
    for attached in list(source, detail, "AttachedManagedPolicies")? {
        let (name, policy) = (text(source, attached, "PolicyName")?, text(source, attached, "PolicyArn")?);
        policies.push(gather::attached(name, policy, &arn, (source, attached.span)));
    }
    let boundary = match detail.get("PermissionsBoundary") {
        None | Some(Value { kind: Kind::Null, .. }) => None,
        Some(boundary) => {
            let policy = text(source, boundary, "PermissionsBoundaryArn")?;
            let name = policy.rsplit('/').next().unwrap_or(policy);
            Some(gather::attached(name, policy, &arn, (source, boundary.span)))
        }
    };
    let mut groups = Vec::new();
    if kind == EntityKind::User {
        for group in list(source, detail, "GroupList")? {
            let name = group.as_str().ok_or_else(|| bad(source, group, "the name of a group must be a string"))?;
            groups.push((name.to_owned(), (source.clone(), group.span)));
        }
    }
    let last_used = if kind == EntityKind::Role { last_used(source, detail)? } else { LastUsed::Unknown };
    let trust = match kind {
        EntityKind::Role => Some(document(source, detail, "AssumeRolePolicyDocument")?),
        EntityKind::User | EntityKind::Group => None,
    };
    let entity = Entity {
        kind,
        name: text(source, detail, name)?.to_owned(),
        path: maybe_text(source, detail, "Path")?.unwrap_or("/").to_owned(),
        account,
        id: maybe_text(source, detail, id)?.map(str::to_owned),
        created: date(source, detail, "CreateDate")?,
        last_used,
        tags: tags(source, detail, "Tags")?,
        groups: Vec::new(),
        policies,
        boundary,
        trust,
        place: (source.clone(), Span::new(span.start, span.start + 1)),
        arn,
    };
    gathered.entity(entity, groups)
}

/// `RoleLastUsed`: absent in old exports, empty where a role was not used in the time that IAM looks back on.
fn last_used(source: &Source, detail: &Value) -> Result<LastUsed, Diagnostic> {
    let Some(used) = detail.get("RoleLastUsed").filter(|used| used.kind != Kind::Null) else { return Ok(LastUsed::Unknown) };
    Ok(match date(source, used, "LastUsedDate")? {
        Some(at) => LastUsed::At(at, maybe_text(source, used, "Region")?.map(str::to_owned)),
        None => LastUsed::Never,
    })
}

fn managed(source: &Source, detail: &mut Value, gathered: &mut Gathered) -> Result<(), Diagnostic> {
    let span = detail.span;
    let place = (source.clone(), Span::new(span.start, span.start + 1));
    let arn = text(source, detail, "Arn")?.to_owned();
    let default = maybe_text(source, detail, "DefaultVersionId")?.map(str::to_owned);
    let name = maybe_text(source, detail, "PolicyName")?.unwrap_or_else(|| arn.rsplit('/').next().unwrap_or(&arn)).to_owned();
    let path = maybe_text(source, detail, "Path")?.unwrap_or("/").to_owned();
    let versions = elements(source, detail, "PolicyVersionList")?;
    let is_default = |version: &&mut Value| match (version.get("IsDefaultVersion").map(|flag| &flag.kind), &default) {
        (Some(Kind::Bool(flag)), _) => *flag,
        (_, Some(default)) => version.get("VersionId").and_then(Value::as_str) == Some(default),
        (_, None) => false,
    };
    let Some(version) = versions.iter_mut().find(is_default) else {
        let message = format!("the policy `{arn}` stands here without its default version");
        let help = "what it grants is unknown: give the export as the AWS CLI wrote it";
        gathered.note(Diagnostic::warning(gather::MISSING, source, place.1, message, help));
        return Ok(());
    };
    let number = maybe_text(source, version, "VersionId")?.map(str::to_owned).or(default);
    let text = document(source, version, "Document")?;
    gathered.managed(Managed { arn, name, path, version: number, text, place })
}
