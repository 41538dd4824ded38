//! Which request does a model stand for?
//!
//! Variables that the query did not use do not matter; they get plain values that read well. Numbers become short
//! decimals on the same side of every bound. The caller replays the request before anyone sees it, so a slip here can
//! make an answer an internal error, never a wrong verdict.

use super::context::{self, Family, Key};
use super::principal::{self, Kind, Type};
use super::{Encoder, ResourceShape, resource};
use crate::policy::request::Context;
use crate::policy::{Principal, Request};
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
        if self.shape == ResourceShape::Other {
            let text = if self.used(resource::OTHER) { model.text(resource::OTHER) } else { None };
            return text.unwrap_or_else(|| "*".to_owned());
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
                let user = if of == Type::User { value("aws:username") } else { None };
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
                    given.insert("aws:principalarn".to_owned(), vec![own]);
                    return Principal::Aws(session);
                }
                Principal::Aws(own)
            }
        }
    }
}

fn values(model: &Model, name: &str, key: &Key) -> Vec<String> {
    let is_present = |slot: &str| model.bool(&context::present(slot)) == Some(true);
    match key.elements {
        None if is_present(name) => vec![value(model, name, key)],
        None => vec![],
        Some(count) => {
            let slots = (0..count).map(|index| context::element(name, index)).filter(|slot| is_present(slot));
            let distinct: BTreeSet<String> = slots.map(|slot| value(model, &slot, key)).collect();
            distinct.into_iter().collect()
        }
    }
}

fn value(model: &Model, slot: &str, key: &Key) -> String {
    let is_valid = model.bool(&context::valid(slot)) == Some(true);
    match key.families.first() {
        None => "example".to_owned(),
        Some(Family::Text) => model.text(slot).unwrap_or_else(|| "example".to_owned()),
        Some(Family::Number) if !is_valid => "not-a-number".to_owned(),
        Some(Family::Number) => number::to_text(&decimal(model, slot, &key.bounds)),
        Some(Family::Date) if !is_valid => "not-a-date".to_owned(),
        Some(Family::Date) => date::to_text(&decimal(model, slot, &key.bounds)),
        Some(Family::Ip) if !is_valid => "not-an-address".to_owned(),
        Some(Family::Ip) => {
            let (v6, bits4, bits6) = context::address(slot);
            if model.bool(&v6) == Some(true) {
                Ipv6Addr::from(model.bits(&bits6, 128).unwrap_or(0)).to_string()
            } else {
                let bits = model.bits(&bits4, 32).and_then(|bits| u32::try_from(bits).ok());
                Ipv4Addr::from(bits.unwrap_or(0)).to_string()
            }
        }
    }
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
