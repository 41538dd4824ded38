//! Which request does a model stand for?
//!
//! Variables that the query did not use do not matter; they get plain values that read well. Numbers become short
//! decimals on the same side of every bound. The caller replays the request before anyone sees it, so a slip here can
//! make an answer an internal error, never a wrong verdict.

use super::context::{self, Family, Key};
use super::principal::{self, Kind, Type};
use super::{Encoder, ResourceShape, resource};
use crate::catalog::KeyBase;
use crate::request::derived::with_role;
use crate::request::{Context, Derived, Principal, Request, keys};
use crate::smt::Model;
use crate::value::{arn, date, number};
use bigdecimal::{BigDecimal, RoundingMode};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr as _;

const ACCOUNT: &str = "111122223333";

impl Encoder {
    /// The request of a model, for an action.
    pub fn decode(&self, model: &Model, action: &str) -> Request {
        let mut given = Context::new();
        for (name, key) in &self.slots {
            if !principal::is_derived(name) {
                given.insert(name.clone(), values(model, name, key));
            }
        }
        if self.used(context::RESOURCE_ACCOUNT) {
            let is_known = model.bool(&context::present(context::RESOURCE_ACCOUNT)) == Some(true);
            let owner = model.text(context::RESOURCE_ACCOUNT).filter(|_| is_known);
            given.insert(context::RESOURCE_ACCOUNT.to_owned(), owner.into_iter().collect());
        }
        let principal = self.decode_principal(model, &mut given);
        Request::new(principal, action, &self.decode_resource(model, action), given)
    }

    /// The action of a model, if the query left it open.
    pub fn decode_action(&self, model: &Model) -> String {
        model.text("Action").filter(|text| !text.is_empty()).unwrap_or_else(|| "service:action".to_owned())
    }

    fn used(&self, variable: &str) -> bool {
        self.constrained.contains(variable)
    }

    fn decode_resource(&self, model: &Model, action: &str) -> String {
        let text = if self.used(resource::OTHER) { model.text(resource::OTHER) } else { None };
        match (self.shape, text) {
            (_, Some(text)) => return text,
            (ResourceShape::Other, None) => return "*".to_owned(),
            (ResourceShape::Arn, None) => {}
        }
        let service = action.split(':').next().unwrap_or("service");
        let mut parts = vec!["arn".to_owned()];
        for name in resource::PARTS {
            let plain = match name {
                "Resource.partition" => "aws",
                "Resource.service" => service,
                "Resource.region" | "Resource.account" if service == "s3" => "",
                "Resource.region" if service == "iam" => "",
                "Resource.region" => "us-east-1",
                "Resource.account" => ACCOUNT,
                _ => "example",
            };
            let value = if self.used(name) { model.text(name) } else { None };
            parts.push(value.unwrap_or_else(|| plain.to_owned()));
        }
        parts.join(":")
    }

    fn decode_principal(&self, model: &Model, given: &mut Context) -> Principal {
        let kind = if self.used(principal::KIND) { model.int(principal::KIND).unwrap_or(0) } else { Kind::Aws as i64 };
        let named = |variable: &str, plain: &str| {
            let value = model.text(variable).filter(|text| !text.is_empty());
            value.unwrap_or_else(|| plain.to_owned())
        };
        match kind {
            kind if kind == Kind::Service as i64 => Principal::Service(named(principal::SERVICE, "lambda.amazonaws.com")),
            kind if kind == Kind::Federated as i64 => Principal::Federated(named(principal::FEDERATED, "accounts.google.com")),
            kind if kind == Kind::Canonical as i64 => Principal::CanonicalUser(named(principal::CANONICAL, &"0".repeat(64))),
            kind if kind == Kind::Anonymous as i64 => Principal::Anonymous,
            _ => {
                let value = |key: &str| if self.used(key) { model.text(key).filter(|text| !text.is_empty()) } else { None };
                let account = value(principal::ACCOUNT).unwrap_or_else(|| ACCOUNT.to_owned());
                let partition = value(principal::PARTITION).unwrap_or_else(|| "aws".to_owned());
                let number = if self.used(principal::TYPE) { model.int(principal::TYPE) } else { None };
                let of = Type::ALL.into_iter().find(|of| Some(*of as i64) == number).unwrap_or(Type::Role);
                let user = if of == Type::User { value(Derived::UserName.key()) } else { None };
                let role = || value(principal::ROLE_NAME);
                let name = value(principal::NAME).or(user).or_else(role).unwrap_or_else(|| "example".to_owned());
                let (service, word) = of.written();
                let own = match of {
                    Type::Root => format!("arn:{partition}:{service}::{account}:{word}"),
                    Type::User | Type::Role | Type::FederatedUser => {
                        format!("arn:{partition}:{service}::{account}:{word}{name}")
                    }
                };
                if self.used(principal::IS_SESSION)
                    && model.bool(principal::IS_SESSION) == Some(true)
                    && let Some([_, partition, _, _, account, _]) = arn::split(&own)
                {
                    let (role, session) = (named(principal::ROLE_NAME, "example"), named(principal::SESSION_NAME, "session"));
                    let session = format!("arn:{partition}:sts::{account}:assumed-role/{role}/{session}");
                    with_role(given, own);
                    return Principal::Aws(session);
                }
                Principal::Aws(own)
            }
        }
    }
}

fn values(model: &Model, name: &str, key: &Key) -> Vec<String> {
    let is_present = |slot: &str| model.bool(&context::present(slot)) == Some(true);
    let slots = key.slots(name).into_iter().filter(|slot| is_present(slot));
    let plain = || keys::plain(name).to_owned();
    let distinct: BTreeSet<String> = slots.map(|slot| value(model, &slot, name, key).unwrap_or_else(plain)).collect();
    distinct.into_iter().collect()
}

/// The value of a slot; `None` where any will do. Of a typed key a value of its type.
fn value(model: &Model, slot: &str, name: &str, key: &Key) -> Option<String> {
    let is_valid = model.bool(&context::valid(slot)) == Some(true);
    let own = keys::type_of(name);
    let other = |none: &str| own.and_then(KeyBase::plain).unwrap_or(none).to_owned();
    Some(match key.families.first()? {
        Family::Text => return model.text(slot),
        Family::Number if !is_valid => other("not-a-number"),
        Family::Number => number::to_text(&decimal(model, slot, &key.bounds)),
        Family::Date if !is_valid => other("not-a-date"),
        Family::Date => date::to_text(&decimal(model, slot, &key.bounds)),
        Family::Ip if !is_valid => other("not-an-address"),
        Family::Ip => {
            let (v6, bits4, bits6) = context::address(slot);
            if model.bool(&v6) == Some(true) {
                Ipv6Addr::from(model.bits(&bits6, 128).unwrap_or(0)).to_string()
            } else {
                let bits = model.bits(&bits4, 32).and_then(|bits| u32::try_from(bits).ok());
                Ipv4Addr::from(bits.unwrap_or(0)).to_string()
            }
        }
    })
}

/// A short decimal that stands to every bound as the model's rational does.
fn decimal(model: &Model, slot: &str, bounds: &BTreeSet<BigDecimal>) -> BigDecimal {
    let Some((numerator, denominator)) = model.real(slot) else { return BigDecimal::from(0) };
    let (Ok(numerator), Ok(denominator)) = (BigDecimal::from_str(&numerator), BigDecimal::from_str(&denominator)) else {
        return BigDecimal::from(0);
    };
    let quotient = &numerator / &denominator;
    let stands_alike =
        |candidate: &BigDecimal| bounds.iter().all(|bound| candidate.cmp(bound) == numerator.cmp(&(bound * &denominator)));
    let rounded = (0..60).map(|scale| quotient.with_scale_round(scale, RoundingMode::HalfEven));
    rounded.into_iter().find(stands_alike).unwrap_or(quotient)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Budget, Source};
    use crate::encode::fix;
    use crate::policy::{Access, Policy, Statement};
    use crate::smt::{Answer, Formula, Solver, in_fresh_context};
    use std::time::Instant;

    /// The request that the encoding of a policy reads back when it is fixed to this one.
    fn read_back(text: &str, request: &Request) -> Option<Request> {
        let access: Access = Policy::read(&Source::new("p", text), &Budget::default()).unwrap().into();
        let statements: Vec<&Statement> = access.statements().map(|(_, _, statement)| statement).collect();
        in_fresh_context(|| {
            let shape = fix::shape(request)?;
            let mut encoder = Encoder::new(access.policies(), &statements, shape).about([&access]);
            encoder.make_room(request);
            let all: Vec<usize> = (0..access.len()).collect();
            encoder.allowed(&access, &all, true).unwrap();
            let budget = Budget::default();
            let mut solver = Solver::new(&budget, Instant::now() + budget.timeout);
            solver.assert(&Formula::and([encoder.constraints(), encoder.fixed(request)?]));
            let Answer::Sat(model) = solver.check() else { return None };
            Some(encoder.decode(&model, &encoder.decode_action(&model)))
        })
    }

    fn given(context: &[(&str, &[&str])]) -> Context {
        let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        context.iter().map(|(key, of)| ((*key).to_owned(), values(of))).collect()
    }

    /// A policy whose formula uses every part of a request.
    const EVERYTHING: &str = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Principal":{"AWS":["arn:a*:iam::111122223333:r*","arn:a*:sts::111122223333:*/s*"],"Service":"l*","Federated":"a*","CanonicalUser":"0"},
         "Action":"s3:Get*","Resource":["arn:a*:s*:u*:1*:*k*","?","oth*"],
         "Condition":{"StringLike":{"t":"a*","aws:UserName":"a*","aws:ResourceAccount":"1*"},"NumericLessThan":{"n":["5.4","5.5","7"]},
          "DateGreaterThan":{"d":"2024-01-01T00:00:00Z"},"IpAddress":{"i":["10.0.0.0/8","2001:db8::/32"]},"Null":{"p":"true"},
          "ForAnyValue:StringLike":{"m":["a*","b*"]},"ForAllValues:StringLike":{"m":"c*"}}}]}"#;

    #[test]
    fn requests_read_back() {
        let arn = "arn:aws:sns:us-west-2:111122223333:a:key";
        let principals = [
            Principal::Aws("arn:aws:iam::111122223333:root".to_owned()),
            Principal::Aws("arn:aws-cn:iam::999999999999:user/p/alice".to_owned()),
            Principal::Aws("arn:aws:iam::111122223333:role/p/dev".to_owned()),
            Principal::Aws("arn:aws:sts::111122223333:assumed-role/dev/s1".to_owned()),
            Principal::Aws("arn:aws:sts::111122223333:federated-user/bob".to_owned()),
            Principal::Service("lambda.amazonaws.com".to_owned()),
            Principal::Federated("accounts.google.com".to_owned()),
            Principal::CanonicalUser("0".to_owned()),
            Principal::Anonymous,
        ];
        let plain = given(&[("aws:resourceaccount", &["111122223333"])]);
        let mut requests: Vec<Request> =
            principals.iter().map(|who| Request::new(who.clone(), "s3:getobject", arn, plain.clone())).collect();
        let full = |texts: &[(&str, &[&str])]| Request::new(principals[2].clone(), "s3:putobject", arn, given(texts));
        requests.extend([
            full(&[
                ("t", &["abc"]),
                ("n", &["5.45"]),
                ("d", &["2024-01-02T00:00:00Z"]),
                ("i", &["10.1.2.3"]),
                ("p", &["example"]),
            ]),
            full(&[("n", &["6"]), ("d", &["1969-12-31T00:00:00Z"]), ("i", &["2001:db8::7"]), ("m", &["a", "c"])]),
            full(&[("n", &["not-a-number"]), ("d", &["not-a-date"]), ("i", &["not-an-address"]), ("m", &["a", "b", "c", "d"])]),
            full(&[("n", &["-1"]), ("t", &[""]), ("i", &["0.0.0.0"]), ("m", &["z"])]),
        ]);
        for (resource, account) in [("*", None), ("other", Some("999999999999"))] {
            let context = account.map_or_else(Context::new, |account| given(&[("aws:resourceaccount", &[account])]));
            requests.push(Request::new(principals[2].clone(), "s3:getobject", resource, context));
        }
        for request in requests {
            assert_eq!(read_back(EVERYTHING, &request).as_ref(), Some(&request));
        }
        // Numbers become short ones on the same side of every bound.
        for (number, short) in
            [("5.25", "5"), ("6.3", "6"), ("5.41234", "5.41"), ("100.7", "101"), ("-3.2", "-3"), ("5.4", "5.4")]
        {
            let read = read_back(EVERYTHING, &full(&[("n", &[number])])).unwrap();
            assert_eq!(read.context["n"], [short], "{number}");
        }
        // A session keeps its role's path.
        let role = given(&[("aws:principalarn", &["arn:aws:iam::111122223333:role/p/dev"])]);
        let session = Request::new(principals[3].clone(), "s3:getobject", arn, role);
        assert_eq!(read_back(EVERYTHING, &session), Some(session));
    }

    #[test]
    fn what_a_query_does_not_use_reads_well() {
        let plain = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
        let read = |action: &str, resource: &str| {
            let who = Principal::Aws("arn:aws:iam::999999999999:user/x".to_owned());
            let request = read_back(plain, &Request::new(who, action, resource, Context::new())).unwrap();
            let Principal::Aws(who) = request.principal else { return String::new() };
            format!("{who} {} {}", request.action, request.resource)
        };
        let role = "arn:aws:iam::111122223333:role/example";
        for (action, resource, shown) in [
            ("s3:getobject", "arn:aws:s3:::b/k", "arn:aws:s3:::example"),
            ("iam:getrole", "arn:aws:iam::1:x", "arn:aws:iam::111122223333:example"),
            ("sns:publish", "arn:aws:sns:x:1:x", "arn:aws:sns:us-east-1:111122223333:example"),
            ("sns:publish", "*", "*"),
        ] {
            assert_eq!(read(action, resource), format!("{role} {action} {shown}"));
        }
    }
}
