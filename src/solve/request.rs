//! Which request do signed atoms stand for?
//!
//! What attributes and policy variables are is found by [`super::model`]; here it becomes a principal, a resource and a
//! context. The caller replays it.

use super::atoms::{Atoms, Attribute, Wish};
use super::build::RESOURCE_ACCOUNT;
use super::model::{Way, model};
use super::relation::Relation;
use crate::policy::Template;
use crate::request::derived::with_role;
use crate::request::{Context, DERIVED, Principal, Request, keys};
use crate::value::arn;
use crate::wellformed;

/// The request of these signed atoms, its values chosen in one way; `None` if some value could not be written down.
pub(super) fn request(atoms: &mut Atoms, assigned: &[(usize, bool)], way: Way, action: &str) -> Option<Request> {
    let found = model(atoms, assigned, way, action)?;
    let text = |attribute: &Attribute| found.values.get(attribute).and_then(|found| found.first()).map(ToString::to_string);
    let (principal, mut context) = principal(&found.principal)?;
    let service = action.split(':').next().unwrap_or("service");
    let plain = match service {
        "s3" => "arn:aws:s3:::example".to_owned(),
        _ => format!("arn:aws:{service}:us-east-1:111122223333:example"),
    };
    let resource = text(&Attribute::Resource).unwrap_or(plain);
    let is_present = |key: &str| found.free.get(&Relation::present(key)).copied();
    for (relation, is_present) in &found.free {
        let Relation::Present(key) = &**relation else { continue };
        let value = found.variables.get(key).cloned().or_else(|| text(&Attribute::Key(key.clone())));
        let value = value.unwrap_or_else(|| keys::plain(key).to_owned());
        context.insert(key.to_string(), if *is_present { vec![value] } else { Vec::new() });
    }
    for (attribute, found) in &found.values {
        if let Attribute::Set(key) = attribute {
            context.insert(key.to_string(), found.iter().map(ToString::to_string).collect());
        }
    }
    // The owner of the resource: as its ARN says, or as the accounts are to be related.
    let says_nothing =
        !found.variables.contains_key(RESOURCE_ACCOUNT) && text(&Attribute::Key(RESOURCE_ACCOUNT.into())).is_none();
    if is_present(RESOURCE_ACCOUNT) == Some(true) && says_nothing {
        let of_arn = arn::split(&resource).map(|[_, _, _, _, account, _]| account).filter(|account| arn::is_account(account));
        let same = found.free.get(&Relation::SameAccount) != Some(&false);
        let other = if principal.account() == Some("999999999999") { "111122223333" } else { "999999999999" };
        let own = if same { principal.account().unwrap_or("111122223333") } else { other };
        context.insert(RESOURCE_ACCOUNT.to_owned(), vec![of_arn.unwrap_or(own).to_owned()]);
    }
    let resource = owned(&resource, &context, is_present(RESOURCE_ACCOUNT));
    let request = Request::new(principal, action, &resource, context);
    let wishes: Vec<(Wish, bool)> =
        assigned.iter().filter_map(|(number, sign)| Some((atoms.wishes.get(number)?.clone(), *sign))).collect();
    if wishes.is_empty() {
        return Some(request);
    }
    let mut request = wellformed::mended(&request);
    for (wish, sign) in wishes {
        if sign != wish.negated {
            let text = filled(&wish.template, &mut request.context);
            request.context.insert(wish.key.to_string(), vec![text]);
        }
    }
    Some(Request::new(request.principal, action, &request.resource, request.context))
}

/// The resource with the account that the context says, or without one if its owner is not to be known.
fn owned(resource: &str, context: &Context, known: Option<bool>) -> String {
    let owner = context.get(RESOURCE_ACCOUNT).and_then(|values| values.first());
    match (arn::split(resource), owner) {
        (Some([arn, partition, service, region, account, rest]), owner) if arn::is_account(account) => {
            let account = match owner {
                Some(owner) => owner.as_str(),
                None if known == Some(false) => "",
                None => account,
            };
            [arn, partition, service, region, account, rest].join(":")
        }
        _ => resource.to_owned(),
    }
}

/// A template with wildcards filled and variables replaced by the context's values; keys that are missing get one.
fn filled(template: &Template, context: &mut Context) -> String {
    template.filled(|variable| {
        let known = context.get(&variable.key).and_then(|values| values.first()).cloned();
        known.or_else(|| variable.default.clone()).unwrap_or_else(|| {
            let value = if variable.key == RESOURCE_ACCOUNT { "111122223333" } else { keys::plain(&variable.key) };
            // What follows from the principal is not to be had of another.
            if !DERIVED.contains(&variable.key.as_str()) {
                context.insert(variable.key.clone(), vec![value.to_owned()]);
            }
            value.to_owned()
        })
    })
}

/// The principal of a text, and what the text says of it beyond its ARN.
pub(super) fn principal(text: &str) -> Option<(Principal, Context)> {
    let mut context = Context::new();
    let Some((own, name)) = text.split_once('|') else { return Some((Principal::Aws(text.to_owned()), context)) };
    let principal = match own {
        "anonymous" => Principal::Anonymous,
        "service" => Principal::Service(name.to_owned()),
        "federated" => Principal::Federated(name.to_owned()),
        "canonical" => Principal::CanonicalUser(name.to_owned()),
        role => {
            let [_, partition, _, _, account, rest] = arn::split(role)?;
            let role_name = rest.rsplit('/').next()?;
            with_role(&mut context, role.to_owned());
            Principal::Aws(format!("arn:{partition}:sts::{account}:assumed-role/{role_name}/{name}"))
        }
    };
    Some((principal, context))
}
