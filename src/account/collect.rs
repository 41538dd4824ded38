//! A folder as iam-collect writes it: one folder a resource, one file a part of it.
//!
//! `aws/PARTITION/accounts/ID/..` holds folders with a `metadata.json` that names the ARN; what stands beside it depends on
//! what the ARN is of. `aws/PARTITION/organizations/O-ID/..` holds the organization. Names of folders are encoded and of no
//! use here. What a folder holds of a resource that can have a policy, without a `policy.json`, says that it has none.
//!
//! Source: the tool's own documentation and output, version 0.1.206.

use super::files::{self, Documents};
use super::gather::{self, Gathered};
use super::part::{bad, date, list, maybe_text, tags_of, text};
use super::{Attached, Entity, EntityKind, Known, LastUsed, Managed, PolicyText, organization};
use crate::diag::{Diagnostic, Source, Span, deadline};
use crate::json::Value;
use crate::value::arn;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Services whose resources have their policy in the folder, if they have one.
const COLLECTED: [&str; 8] = ["s3", "sqs", "sns", "kms", "lambda", "secretsmanager", "dynamodb", "kinesis"];

/// The files of a folder, by name without `.json`.
pub(super) type Folder<'a> = BTreeMap<&'a str, &'a Path>;

/// Whether files lie as iam-collect lays them: below `accounts` and an account's id stands a `metadata.json`.
pub(super) fn is_layout(files: &[PathBuf]) -> bool {
    files.iter().any(|file| file.file_name().is_some_and(|name| name == "metadata.json") && is_below("accounts", file))
}

/// Whether a file lies below a folder of this name and one whose name is an id.
fn is_below(name: &str, file: &Path) -> bool {
    let parts: Vec<&str> = file.iter().filter_map(|part| part.to_str()).collect();
    parts.windows(2).any(|pair| {
        let [folder, id] = pair else { return false };
        *folder == name && (arn::is_account(id) || id.starts_with("o-"))
    })
}

/// Reads all of it.
pub(super) fn read(files: &[PathBuf], gathered: &mut Gathered) -> Result<(), Diagnostic> {
    let (mut folders, mut organizations): (BTreeMap<&Path, Folder<'_>>, BTreeMap<&Path, Folder<'_>>) = Default::default();
    for file in files {
        let (Some(folder), Some(name)) = (file.parent(), file.file_stem().and_then(|name| name.to_str())) else { continue };
        let of = if is_below("organizations", file) { &mut organizations } else { &mut folders };
        of.entry(folder).or_default().insert(name, file);
    }
    for folder in folders.values() {
        deadline::look();
        resource(folder, gathered)?;
    }
    organization::read(&organizations, gathered)
}

/// A file of a folder, if it is there.
pub(super) fn part(folder: &Folder<'_>, name: &str) -> Result<Option<(Source, Value)>, Diagnostic> {
    let Some(file) = folder.get(name) else { return Ok(None) };
    let source = files::source(file)?;
    let documents: Documents = files::documents(&source)?;
    let mut documents = documents.into_iter();
    match (documents.next(), documents.next()) {
        (Some((source, _, value)), None) => Ok(Some((source, value))),
        _ => Err(Diagnostic::error(super::part::BAD, &source, Span::default(), "the file must hold one JSON document", "")),
    }
}

/// A policy document of a folder.
pub(super) fn policy(folder: &Folder<'_>, name: &str) -> Result<Option<Arc<PolicyText>>, Diagnostic> {
    Ok(part(folder, name)?.map(|(source, value)| Arc::new(PolicyText::new(&source, value))))
}

fn resource(folder: &Folder<'_>, gathered: &mut Gathered) -> Result<(), Diagnostic> {
    let Some((source, metadata)) = part(folder, "metadata")? else { return Ok(()) };
    let Some(own) = maybe_text(&source, &metadata, "arn")?.map(str::to_owned) else { return Ok(()) };
    let Some([_, _, service, _, account, rest]) = arn::split(&own) else { return Ok(()) };
    let kind = match (service, rest.split_once('/').map_or(rest, |(kind, _)| kind)) {
        ("iam", "role") => EntityKind::Role,
        ("iam", "user") => EntityKind::User,
        ("iam", "group") => EntityKind::Group,
        ("iam", "policy") => return managed(folder, (&source, &metadata), &own, gathered),
        ("iam", _) => return Ok(()),
        _ => {
            let policy = policy(folder, "policy")?;
            if policy.is_some() || COLLECTED.contains(&service) {
                // A bucket's ARN does not say whose it is, its folder does.
                let folder = folder.get("metadata").and_then(|file| owner(file)).unwrap_or_default();
                let account = if arn::is_account(account) { account.to_owned() } else { folder };
                gathered.resource(Known { account, policy, arn: own });
            }
            return Ok(());
        }
    };
    entity(folder, (&source, &metadata), kind, own.clone(), gathered)
}

/// The account in whose folder a file lies.
fn owner(file: &Path) -> Option<String> {
    let parts: Vec<&str> = file.iter().filter_map(|part| part.to_str()).collect();
    let at = parts.iter().position(|part| *part == "accounts")?;
    parts.get(at + 1).filter(|id| arn::is_account(id)).map(|id| (*id).to_owned())
}

fn managed(
    folder: &Folder<'_>,
    (source, metadata): (&Source, &Value),
    own: &str,
    gathered: &mut Gathered,
) -> Result<(), Diagnostic> {
    let Some(policy) = policy(folder, "current-policy")? else { return Ok(()) };
    gathered.managed(Managed {
        name: maybe_text(source, metadata, "name")?.unwrap_or_else(|| own.rsplit('/').next().unwrap_or(own)).to_owned(),
        path: maybe_text(source, metadata, "path")?.unwrap_or("/").to_owned(),
        version: maybe_text(source, metadata, "defaultVersionId")?.map(str::to_owned),
        text: policy,
        place: (source.clone(), metadata.span),
        arn: own.to_owned(),
    })
}

fn entity(
    folder: &Folder<'_>,
    (source, metadata): (&Source, &Value),
    kind: EntityKind,
    own: String,
    gathered: &mut Gathered,
) -> Result<(), Diagnostic> {
    let Some(account) = gather::account(&own) else { return Err(gather::not_an_entity(source, metadata.span, &own)) };
    let mut policies = Vec::new();
    if let Some((source, value)) = part(folder, "inline-policies")? {
        let elements = value.elements().ok_or_else(|| bad(&source, &value, "inline policies must be a list"))?;
        for embedded in elements {
            let name = text(&source, embedded, "PolicyName")?.to_owned();
            let document = embedded.get("PolicyDocument").ok_or_else(|| bad(&source, embedded, "`PolicyDocument` is missing"))?;
            policies.push(Attached { name, arn: None, text: Ok(Arc::new(PolicyText::new(&source, document.clone()))) });
        }
    }
    if let Some((source, value)) = part(folder, "managed-policies")? {
        let elements = value.elements().ok_or_else(|| bad(&source, &value, "managed policies must be a list"))?;
        for element in elements {
            let policy = element.as_str().ok_or_else(|| bad(&source, element, "an attached policy must be an ARN"))?;
            policies.push(gather::attached(name_of(policy), policy, &own, (&source, element.span)));
        }
    }
    let boundary = maybe_text(source, metadata, "permissionBoundary")?
        .map(|policy| gather::attached(name_of(policy), policy, &own, (source, metadata.span)));
    let mut groups = Vec::new();
    if let Some((source, value)) = part(folder, "groups")? {
        let wrapped = value.elements().ok_or_else(|| bad(&source, &value, "groups must be a list"))?;
        for group in wrapped {
            let name = group.as_str().ok_or_else(|| bad(&source, group, "a group must be an ARN"))?;
            groups.push((name_of(name).to_owned(), (source.clone(), group.span)));
        }
    }
    let tags = match part(folder, "tags")? {
        Some((source, value)) => tags_of(&source, &value)?,
        None => BTreeMap::new(),
    };
    let trust = if kind == EntityKind::Role { policy(folder, "trust-policy")? } else { None };
    let entity = Entity {
        kind,
        name: maybe_text(source, metadata, "name")?.unwrap_or_else(|| name_of(&own)).to_owned(),
        path: maybe_text(source, metadata, "path")?.unwrap_or("/").to_owned(),
        account,
        id: maybe_text(source, metadata, "id")?.map(str::to_owned),
        created: date(source, metadata, "created")?,
        last_used: LastUsed::Unknown,
        tags,
        groups: Vec::new(),
        policies,
        boundary,
        trust,
        place: (source.clone(), metadata.span),
        arn: own,
    };
    gathered.entity(entity, groups)
}

fn name_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// The texts of a list that may be absent.
pub(super) fn texts(source: &Source, object: &Value, name: &str) -> Result<Vec<String>, Diagnostic> {
    let each = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(|| bad(source, value, "a text must stand here"));
    list(source, object, name)?.iter().map(each).collect()
}
