//! An organization as iam-collect writes it: which policies bind which account, level by level.
//!
//! `accounts.json` says of each account its unit and its own policies, `ous.json` of each unit its parent and its policies,
//! `scps` and `rcps` hold the documents. From the root down every unit is a level, the account the last.
//!
//! Source: the tool's own output, version 0.1.206; AWS Organizations User Guide, "SCP evaluation".

use super::collect::{Folder, part, policy, texts};
use super::gather::{Gathered, MISSING};
use super::part::{bad, maybe_text};
use super::{Attached, Controls, PolicyText};
use crate::diag::{Diagnostic, Source};
use crate::json::{Kind, Value};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The most units above an account; AWS allows five.
const MOST_LEVELS: usize = 64;

/// Reads every organization.
pub(super) fn read(folders: &BTreeMap<&Path, Folder<'_>>, gathered: &mut Gathered) -> Result<(), Diagnostic> {
    for (path, folder) in folders {
        if let Some((source, accounts)) = part(folder, "accounts")? {
            organization(path, folder, (&source, &accounts), folders, gathered)?;
        }
    }
    Ok(())
}

/// Whether policies of a kind are in force at all.
fn is_enabled(metadata: Option<&Value>, kind: &str) -> bool {
    let flag = metadata.and_then(|metadata| metadata.get("features")).and_then(|features| features.get(kind));
    !flag.is_some_and(|flag| flag.kind == Kind::Bool(false))
}

// Long: one folder layout, member after member, with an error for each.
fn organization(
    path: &Path,
    folder: &Folder<'_>,
    (source, accounts): (&Source, &Value),
    folders: &BTreeMap<&Path, Folder<'_>>,
    gathered: &mut Gathered,
) -> Result<(), Diagnostic> {
    let metadata = part(folder, "metadata")?;
    let ous = part(folder, "ous")?;
    let id = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let management_account = match &metadata {
        Some((source, metadata)) => maybe_text(source, metadata, "rootAccountId")?.map(str::to_owned),
        None => None,
    };
    // Documents by the last part of their ARNs; folders have names in lower case.
    let mut documents: BTreeMap<(&str, String), Arc<PolicyText>> = BTreeMap::new();
    for kind in ["scps", "rcps"] {
        for (folder, files) in folders.iter().filter(|(folder, _)| folder.parent() == Some(path.join(kind).as_path())) {
            if let (Some(name), Some(text)) = (folder.file_name().and_then(|name| name.to_str()), policy(files, "policy")?) {
                documents.insert((kind, name.to_ascii_lowercase()), text);
            }
        }
    }
    let members = accounts.members().ok_or_else(|| bad(source, accounts, "accounts must be an object"))?;
    for member in members {
        let mut units = Vec::new();
        let mut next = maybe_text(source, &member.value, "ou")?.map(str::to_owned);
        while let Some(unit) = next {
            let known = ous.as_ref().and_then(|(source, ous)| Some((source, ous.get(&unit)?)));
            next = match known {
                Some((source, unit)) => maybe_text(source, unit, "parent")?.map(str::to_owned),
                None => None,
            };
            units.push((unit, known));
            if units.len() > MOST_LEVELS {
                return Err(bad(source, &member.value, "the units of this account have no root"));
            }
        }
        units.reverse();
        let levels = |kind: &'static str, feature: &str| -> Result<Option<Vec<Vec<Attached>>>, Diagnostic> {
            if !is_enabled(metadata.as_ref().map(|(_, metadata)| metadata), feature) {
                return Ok(None);
            }
            let above = units.iter().filter_map(|(_, known)| *known);
            let all = above.chain([(source, &member.value)]);
            let level = |(source, value): (&Source, &Value)| -> Result<Vec<Attached>, Diagnostic> {
                let arns = texts(source, value, kind)?;
                Ok(arns.iter().map(|arn| attached(arn, kind, &documents, (source, value))).collect())
            };
            let levels = all.map(level).collect::<Result<Vec<_>, _>>()?;
            // Where no policy is in force anywhere the organization has not turned the kind on.
            Ok(levels.iter().any(|level| !level.is_empty()).then_some(levels))
        };
        let names: String = units.iter().map(|(unit, _)| format!("{unit}/")).collect();
        gathered.controls(
            member.key.clone(),
            Controls {
                service_control: levels("scps", "SERVICE_CONTROL_POLICY")?,
                resource_control: levels("rcps", "RESOURCE_CONTROL_POLICY")?,
                management_account: management_account.clone(),
                organization: Some(id.clone()),
                path: (!units.is_empty()).then(|| format!("{id}/{names}")),
            },
        );
    }
    Ok(())
}

fn attached(
    arn: &str,
    kind: &'static str,
    documents: &BTreeMap<(&'static str, String), Arc<PolicyText>>,
    (source, value): (&Source, &Value),
) -> Attached {
    let name = arn.rsplit('/').next().unwrap_or(arn);
    let text = documents.get(&(kind, name.to_ascii_lowercase())).cloned().ok_or_else(|| {
        let message = format!("the policy `{arn}` of the organization is not in the input");
        Diagnostic::warning(MISSING, source, value.span, message, "what it allows and denies is unknown")
    });
    Attached { name: name.to_owned(), arn: Some(arn.to_owned()), text }
}
