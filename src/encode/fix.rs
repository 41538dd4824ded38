//! The symbolic request fixed to a concrete one: how the encoding is compared with the evaluator, request by request.

use super::context::{self, Family, Key};
use super::principal::{self, Kind, Type};
use super::{Encoder, Form, ResourceShape, resource};
use crate::request::{Principal, Request};
use crate::smt::term::Cmp;
use crate::smt::{Atom, Formula, Int, Text};
use crate::value::{arn, date, ip, number};

/// The shape of a request's resource; `None` for a text that starts like an ARN and is none, which no request has.
pub fn shape(request: &Request) -> Option<ResourceShape> {
    match (arn::split(&request.resource), request.resource.starts_with("arn:")) {
        (Some(_), _) => Some(ResourceShape::Arn),
        (None, false) => Some(ResourceShape::Other),
        (None, true) => None,
    }
}

impl Encoder {
    /// Makes room for every value that the request carries; before anything is encoded.
    pub fn make_room(&mut self, request: &Request) {
        for (name, key) in &mut self.slots {
            let values = request.context.get(name).map_or(0, Vec::len);
            key.elements = key.elements.map(|elements| elements.max(values));
        }
    }

    /// The formula that is true of this request alone, as far as the variables used so far tell requests apart; `None`
    /// if a key that the query takes for single-valued has several values.
    pub fn fixed(&self, request: &Request) -> Option<Formula> {
        let text = |name: &str, value: &str| Formula::equal(&Text::var(name), &Text::constant(value));
        let mut parts = vec![text("Action", &request.action.to_ascii_lowercase())];
        match arn::split(&request.resource) {
            Some([_, values @ ..]) => {
                if self.form == Form::Regexes {
                    parts.push(text(resource::OTHER, &request.resource));
                }
                parts.extend(resource::PARTS.into_iter().zip(values).map(|(name, value)| text(name, value)));
            }
            None => parts.push(text(resource::OTHER, &request.resource)),
        }
        parts.push(self.fixed_principal(request));
        parts.push(present(context::RESOURCE_ACCOUNT, request.resource_account().is_some()));
        parts.extend(request.resource_account().map(|account| text(context::RESOURCE_ACCOUNT, account)));
        for (name, key) in &self.slots {
            let values = request.context.get(name).map_or(&[][..], Vec::as_slice);
            if principal::is_derived(name) {
                parts.extend(values.first().map(|value| text(name, value)));
                continue;
            }
            let slots = key.slots(name);
            if key.elements.is_none() && values.len() > 1 {
                return None;
            }
            parts.extend(slots.iter().enumerate().map(|(at, own)| slot(own, key, values.get(at).map(String::as_str))));
        }
        Some(Formula::and(parts))
    }

    fn fixed_principal(&self, request: &Request) -> Formula {
        let text = |name: &str, value: &str| Formula::equal(&Text::var(name), &Text::constant(value));
        let kind = |kind: Kind| {
            if !self.all_principals {
                return Formula::from(kind == Kind::Aws);
            }
            Formula::atom(Atom::Ints(Cmp::Equal, Int::Var(principal::KIND.into()), Int::Const(kind as i64)))
        };
        match &request.principal {
            Principal::Anonymous => kind(Kind::Anonymous),
            Principal::Service(name) => Formula::and([kind(Kind::Service), text(principal::SERVICE, name)]),
            Principal::Federated(id) => Formula::and([kind(Kind::Federated), text(principal::FEDERATED, id)]),
            Principal::CanonicalUser(id) => Formula::and([kind(Kind::Canonical), text(principal::CANONICAL, id)]),
            Principal::Aws(own) => {
                let Some([_, partition, service, _, account, rest]) = arn::split(request.principal_arn().unwrap_or(own)) else {
                    return Formula::False;
                };
                let of = Type::ALL.into_iter().find(|of| {
                    let (own, word) = of.written();
                    own == service && if *of == Type::Root { rest == word } else { rest.starts_with(word) }
                });
                let Some(of) = of else { return Formula::False };
                let is_type = Formula::atom(Atom::Ints(Cmp::Equal, Int::Var(principal::TYPE.into()), Int::Const(of as i64)));
                let mut parts =
                    vec![kind(Kind::Aws), is_type, text(principal::PARTITION, partition), text(principal::ACCOUNT, account)];
                // A root has no name; whatever the variable holds then is of no account.
                parts.extend(rest.split_once('/').map(|(_, name)| text(principal::NAME, name)));
                let session = arn::split(own).and_then(|[_, _, service, _, _, rest]| {
                    rest.strip_prefix("assumed-role/").filter(|_| service == "sts")?.split_once('/')
                });
                let is_session = Formula::var(principal::IS_SESSION);
                match session {
                    Some((role, name)) => {
                        parts.extend([is_session, text(principal::ROLE_NAME, role), text(principal::SESSION_NAME, name)]);
                    }
                    None => parts.push(is_session.not()),
                }
                Formula::and(parts)
            }
        }
    }
}

fn present(slot: &str, is_present: bool) -> Formula {
    let variable = Formula::var(&context::present(slot));
    if is_present { variable } else { variable.not() }
}

/// One slot with one value, or absent.
fn slot(slot: &str, key: &Key, value: Option<&str>) -> Formula {
    let Some(value) = value else { return present(slot, false) };
    let mut parts = vec![present(slot, true)];
    let valid = |is_valid: bool| {
        let variable = Formula::var(&context::valid(slot));
        if is_valid { variable } else { variable.not() }
    };
    for family in &key.families {
        match family {
            Family::Text => parts.push(Formula::equal(&Text::var(slot), &Text::constant(value))),
            Family::Number | Family::Date => {
                let read = if *family == Family::Number { number::parse(value) } else { date::parse(value) };
                parts.push(valid(read.is_some()));
                parts
                    .extend(read.map(|value| Formula::atom(Atom::Real(slot.into(), Cmp::Equal, number::to_text(&value).into()))));
            }
            Family::Ip => {
                let read = ip::parse_address(value);
                parts.push(valid(read.is_some()));
                let (v6, bits4, bits6) = context::address(slot);
                match read {
                    Some(ip::IpAddr::V4(address)) => parts.extend([
                        Formula::var(&v6).not(),
                        Formula::atom(Atom::Masked {
                            var: bits4.as_str().into(),
                            width: 32,
                            mask: u32::MAX.into(),
                            value: u32::from(address).into(),
                        }),
                    ]),
                    Some(ip::IpAddr::V6(address)) => parts.extend([
                        Formula::var(&v6),
                        Formula::atom(Atom::Masked {
                            var: bits6.as_str().into(),
                            width: 128,
                            mask: u128::MAX,
                            value: u128::from(address),
                        }),
                    ]),
                    None => {}
                }
            }
        }
    }
    Formula::and(parts)
}
