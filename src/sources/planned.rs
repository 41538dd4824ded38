//! Which policies do the permissions of a Terraform plan or state make?
//!
//! Those of one function, layer version or event bus are one policy, as AWS keeps them: of one name in one module, by one
//! provider and in one region, as another account or region has another one of that name. An attribute that is known only after the
//! apply is a constant of the policy, as an open expression of a template is: what holds whatever it is can still be proved.

use super::located::{Located, Open, OpenKind, PolicyType, mark};
use super::permission::{Permission, document, of_terraform};
use super::terraform::{Resource, UNKNOWN_AFTER, Written, plain};
use crate::diag::{Diagnostic, Source};
use crate::json::{Kind, Value};
use std::collections::BTreeMap;

/// The policies of the permissions among these resources, in their order.
// Long: what permissions become, one after another, with the constants that they share.
pub(super) fn permissions(source: &Source, resources: &[Resource<'_>], written: Option<&Written>) -> Vec<Located> {
    let mut out: Vec<Located> = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut together: BTreeMap<(&str, String, String), (usize, Vec<Value>)> = BTreeMap::new();
    for one in resources.iter().filter(|one| !one.is_data) {
        let Some(permission) = Permission::of(one.of) else { continue };
        let span = one.at.span;
        let mut constant = |attribute: &str| {
            let name = format!("{}.{attribute}", one.address);
            let kind =
                if attribute == "function_name" || attribute == "layer_name" { OpenKind::Generated } else { OpenKind::Any };
            let sample = format!("example-{}", name.replace(|c: char| !c.is_ascii_alphanumeric(), "-").to_ascii_lowercase());
            open.push(Open::new(name, kind, sample));
            Value { span, kind: Kind::String(mark(open.len() - 1).to_string()) }
        };
        let properties = of_terraform(one.values, one.unknown, &mut constant);
        let target = permission.target(&properties);
        match permission.statement(&properties, span) {
            Ok(None) => {}
            Ok(Some(statement)) => {
                // Of a function whose name is not known nobody can say which others are about it.
                let known = target.filter(|text| !super::located::is_open(text));
                let name = known.map_or_else(|| one.address.clone(), |target| format!("{target}.permissions"));
                let kind = permission.resource_type().unwrap_or(one.of);
                let place = place(one, written);
                let (at, all) = together.entry((kind, name.clone(), place.clone())).or_insert_with(|| {
                    let (at, none) = ((source, span), document(span, Vec::new()));
                    let mut located = Located::known(name.clone(), PolicyType::Resource, at, source.clone(), none);
                    located.key = format!("{place}{name}");
                    located.example = Some(permission.example().to_owned());
                    out.push(located);
                    (out.len() - 1, Vec::new())
                });
                all.push(statement);
                if let Some(located) = out.get_mut(*at) {
                    located.resource_type = permission.resource_type();
                    located.versions.iter_mut().for_each(|version| version.value = document(span, all.clone()));
                }
            }
            Err(why) => {
                let is_unknown = one.unknown.is_some_and(|all| all.members().is_some_and(|all| !all.is_empty()));
                let code = if is_unknown && why.ends_with("not known") { UNKNOWN_AFTER } else { "bad-permission" };
                let message = format!("the permission `{}` cannot be read: {why}", one.address);
                let trouble = Diagnostic::error(code, source, span, message, "give a plan in which it is known");
                out.push(Located::unreadable(one.address.clone(), PolicyType::Resource, (source, span), trouble));
            }
        }
    }
    let used = |located: &Located| {
        let mut all = std::collections::BTreeSet::new();
        located.versions.iter().for_each(|version| super::located::constants(&version.value, &mut all));
        !all.is_empty()
    };
    for located in out.iter_mut().filter(|located| used(located)) {
        located.open.clone_from(&open);
        located.is_planned = true;
    }
    out
}

/// Where a permission's resource is, as far as the plan says: its module, its provider if that is not the usual one, its region.
fn place(one: &Resource<'_>, written: Option<&Written>) -> String {
    let module = one.address.split(&format!("{}.", one.of)).next().unwrap_or_default();
    // A state has `provider["registry.terraform.io/hashicorp/aws"].west`.
    let in_state = one.at.get("provider").and_then(Value::as_str).and_then(|text| text.rsplit_once(']')).map(|(_, alias)| alias);
    let configured = written.and_then(|written| written.provider(&plain(&one.address)));
    let provider = configured.filter(|key| *key != "aws").or(in_state).filter(|key| !key.is_empty());
    let region = one.values.get("region").and_then(Value::as_str).filter(|region| !region.is_empty());
    [Some(module), provider, region]
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
        .map(|part| format!("{part} "))
        .collect()
}
