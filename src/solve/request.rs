//! Which request do signed atoms stand for?

use super::atoms::{Asked, Atoms, Attribute, Element, Value, Wish};
use super::build::{RESOURCE_ACCOUNT, SAME_ACCOUNT};
use crate::policy::request::{Context, DERIVED};
use crate::policy::{Part, Principal, Request, Template, keys, ties};
use crate::value::arn;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The request of these signed atoms; `None` if some value could not be written down.
pub(super) fn request(atoms: &mut Atoms, assigned: &[(usize, bool)], action: &str) -> Option<Request> {
    let mut of_attribute: BTreeMap<usize, Vec<(usize, bool)>> = BTreeMap::new();
    for (number, sign) in assigned {
        let place = atoms.atoms.get(*number)?.attribute;
        of_attribute.entry(place).or_default().push((*number, *sign));
    }
    let mut values: BTreeMap<Attribute, Vec<Rc<str>>> = BTreeMap::new();
    let mut present: BTreeMap<String, bool> = BTreeMap::new();
    for (place, mut literals) in of_attribute {
        literals.sort_unstable();
        let attribute = atoms.attributes.get(place)?.clone();
        if attribute == Attribute::Free {
            for (number, sign) in literals {
                present.insert(atoms.free_name(number).to_owned(), sign);
            }
            continue;
        }
        match atoms.value(place, &literals) {
            Value::Some(found) => _ = values.insert(attribute, found),
            Value::None | Value::Unclear => return None,
        }
    }
    let text = |attribute: &Attribute| values.get(attribute).and_then(|found| found.first()).map(|text| text.to_string());
    let (principal, mut context) = principal(&text(&Attribute::Principal).unwrap_or_else(|| PLAIN.to_owned()))?;
    let service = action.split(':').next().unwrap_or("service");
    let plain = match service {
        "s3" => "arn:aws:s3:::example".to_owned(),
        _ => format!("arn:aws:{service}:us-east-1:111122223333:example"),
    };
    let resource = text(&Attribute::Resource).unwrap_or(plain);
    for (name, is_present) in &present {
        let Some(key) = name.strip_suffix('?') else { continue };
        let value = text(&Attribute::Key(key.into())).unwrap_or_else(|| keys::plain(key).to_owned());
        context.insert(key.to_owned(), if *is_present { vec![value] } else { Vec::new() });
    }
    for (attribute, found) in &values {
        if let Attribute::Set(key) = attribute {
            context.insert(key.to_string(), found.iter().map(ToString::to_string).collect());
        }
    }
    // The owner of the resource: as its ARN says, or as the accounts are to be related.
    if present.get(&format!("{RESOURCE_ACCOUNT}?")) == Some(&true) && text(&Attribute::Key(RESOURCE_ACCOUNT.into())).is_none() {
        let of_arn = arn::split(&resource).map(|[_, _, _, _, account, _]| account).filter(|account| arn::is_account(account));
        let same = present.get(SAME_ACCOUNT) != Some(&false);
        let other = if principal.account() == Some("999999999999") { "111122223333" } else { "999999999999" };
        let own = if same { principal.account().unwrap_or("111122223333") } else { other };
        context.insert(RESOURCE_ACCOUNT.to_owned(), vec![of_arn.unwrap_or(own).to_owned()]);
    }
    let wishes: Vec<(Wish, bool)> =
        assigned.iter().filter_map(|(number, sign)| Some((atoms.wishes.get(number)?.clone(), *sign))).collect();
    let mut principals = wishes.iter().filter_map(|(wish, wanted)| match wish {
        Wish::Principal(template) if *wanted => Some(template),
        Wish::Principal(_) | Wish::Resource(_) | Wish::Key(..) => None,
    });
    let principal = principals.next().and_then(|template| wished(template, &mut context)).unwrap_or(principal);
    let known = present.get(&format!("{RESOURCE_ACCOUNT}?")).copied();
    let resource = owned(&resource, &context, known);
    let request = Request::new(principal, action, &resource, context.clone());
    if wishes.is_empty() {
        return Some(request);
    }
    // Names that keys share are settled before anything is filled with them.
    let mut request = ties::mended(&request);
    // A user's name is wished for: somebody who has one, if it may be a user.
    let names = |wish: &Wish| {
        let (Wish::Resource(template) | Wish::Principal(template) | Wish::Key(_, template, _)) = wish;
        template.variables().any(|variable| variable.key == "aws:username" && variable.default.is_none())
    };
    if wishes.iter().any(|(wish, _)| names(wish))
        && !request.context.contains_key("aws:username")
        && let Some(user) = user(atoms, assigned)
    {
        request = Request::new(Principal::Aws(user), action, &resource, context.clone());
    }
    for (wish, sign) in wishes {
        let (template, wanted) = match &wish {
            Wish::Principal(_) => continue,
            Wish::Resource(template) => (template, sign),
            Wish::Key(_, template, negated) => (template, sign != *negated),
        };
        if !wanted {
            // Another account than the principal's.
            if let Wish::Key(key, template, _) = &wish {
                let text = filled(template, &mut request.context.clone());
                let [plain, another] = keys::examples(key);
                let other = match (&**key == RESOURCE_ACCOUNT, text == another) {
                    (true, _) => "999999999999",
                    (false, true) => plain,
                    (false, false) => another,
                };
                if let Some(values) = request.context.get_mut(&**key).filter(|values| values.contains(&text)) {
                    *values = vec![other.to_owned()];
                }
            }
            continue;
        }
        let text = filled(template, &mut request.context);
        match wish {
            Wish::Principal(_) => {}
            Wish::Resource(template) => {
                let owner = request.context.remove(RESOURCE_ACCOUNT);
                request.resource = of_owner(&text, &template, owner);
            }
            Wish::Key(key, ..) => _ = request.context.insert(key.to_string(), vec![text]),
        }
    }
    Some(Request::new(request.principal, action, &owned(&request.resource, &request.context, known), request.context))
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

/// A filled resource, with its owner where the template leaves the account open.
fn of_owner(text: &str, template: &Template, owner: Option<Vec<String>>) -> String {
    let open = template.split_colons(6).get(4).is_some_and(|part| part.parts == [Part::Many]);
    let owner = owner.as_deref().and_then(<[String]>::first).filter(|_| open);
    match (arn::split(text), owner) {
        (Some([arn, partition, service, region, _, rest]), Some(owner)) => {
            [arn, partition, service, region, owner, rest].join(":")
        }
        _ => text.to_owned(),
    }
}

/// The identity of an account whose ARN a template is; keys that are missing get a value.
fn wished(template: &Template, context: &mut Context) -> Option<Principal> {
    let parts = template.split_colons(6);
    for variable in parts.get(4)?.variables() {
        let own = context.entry(variable.key.clone()).or_default();
        if !own.first().is_some_and(|value| arn::is_account(value)) {
            *own = vec!["111122223333".to_owned()];
        }
    }
    let text = filled(template, context);
    let [_, _, service, _, account, rest] = arn::split(&text)?;
    let named = ["user/", "role/"].iter().any(|kind| rest.strip_prefix(kind).is_some_and(|name| !name.is_empty()));
    (service == "iam" && (named || rest == "root") && arn::is_account(account)).then(|| {
        context.remove("aws:principalarn");
        Principal::Aws(text)
    })
}

/// A user whom the principal's atoms allow.
fn user(atoms: &mut Atoms, assigned: &[(usize, bool)]) -> Option<String> {
    let compiled = atoms.compiled(super::principal::user());
    let is_user = atoms.atom(Attribute::Principal, Asked::Passes(Element::Text(compiled), false));
    let place = atoms.atoms.get(is_user)?.attribute;
    let own = assigned.iter().filter(|(number, _)| atoms.atoms.get(*number).is_some_and(|atom| atom.attribute == place));
    let mut literals: Vec<(usize, bool)> = own.copied().chain([(is_user, true)]).collect();
    literals.sort_unstable();
    literals.dedup();
    match atoms.value(place, &literals) {
        Value::Some(found) => found.first().map(ToString::to_string),
        Value::None | Value::Unclear => None,
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

const PLAIN: &str = "arn:aws:iam::111122223333:role/example";

/// The principal of a text, and what the text says of it beyond its ARN.
fn principal(text: &str) -> Option<(Principal, Context)> {
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
            context.insert("aws:principalarn".to_owned(), vec![role.to_owned()]);
            Principal::Aws(format!("arn:{partition}:sts::{account}:assumed-role/{role_name}/{name}"))
        }
    };
    Some((principal, context))
}

impl Atoms {
    /// The name of an atom without an attribute.
    fn free_name(&self, number: usize) -> &str {
        match self.atoms.get(number).map(|atom| &atom.asked) {
            Some(Asked::Opaque(name)) => name,
            Some(Asked::Passes(..) | Asked::NotEmpty) | None => "",
        }
    }
}
