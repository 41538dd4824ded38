//! Which policies do the permissions of a Terraform plan or state make?
//!
//! Those of one function, layer version or event bus are one policy, as AWS keeps them. An attribute that is known only after the
//! apply is a constant of the policy, as an open expression of a template is: what holds whatever it is can still be proved.

use super::located::{Located, Open, OpenKind, PolicyType, mark};
use super::permission::{Permission, document, of_terraform};
use super::terraform::{Resource, UNKNOWN_AFTER};
use crate::diag::{Diagnostic, Source};
use crate::json::{Kind, Value};
use std::collections::BTreeMap;

/// The policies of the permissions among these resources, in their order.
// Long: what permissions become, one after another, with the constants that they share.
pub(super) fn permissions(source: &Source, resources: &[Resource<'_>]) -> Vec<Located> {
    let mut out: Vec<Located> = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut together: BTreeMap<(&str, String), (usize, Vec<Value>)> = BTreeMap::new();
    for one in resources.iter().filter(|one| !one.is_data) {
        let Some(permission) = Permission::of(one.of) else { continue };
        let span = one.at.span;
        let mut constant = |attribute: &str| {
            let name = format!("{}.{attribute}", one.address);
            let kind =
                if attribute == "function_name" || attribute == "layer_name" { OpenKind::Generated } else { OpenKind::Any };
            let sample = format!("example-{}", name.replace(|c: char| !c.is_ascii_alphanumeric(), "-").to_ascii_lowercase());
            open.push(Open { name, kind, sample });
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
                let (at, all) = together.entry((kind, name.clone())).or_insert_with(|| {
                    out.push(Located::known(
                        name.clone(),
                        PolicyType::Resource,
                        (source, span),
                        source.clone(),
                        document(span, Vec::new()),
                    ));
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
