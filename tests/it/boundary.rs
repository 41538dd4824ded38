//! Requests on the edges of policies: texts made from their patterns, a little more, a little less, in another case.
//!
//! A request drawn from a fixed list rarely falls between two patterns; one made from the patterns themselves does. Every
//! star becomes nothing, a letter, a separator or a star; numbers and addresses go one past their bounds; keys are
//! absent, single or (where a set operator names them) several.

use crate::agreement::Random;
use leastwise::request::{
    Context, Principal, Request,
    keys::{ALWAYS, is_multivalued},
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// What policies speak of, by attribute.
#[derive(Debug, Default)]
pub(crate) struct Boundary {
    actions: Vec<String>,
    resources: Vec<String>,
    principals: Vec<String>,
    /// Whether a statement has a principal list: else only identities of accounts are asked about.
    lists_principals: bool,
    keys: BTreeMap<String, Vec<String>>,
    sets: BTreeSet<String>,
    /// The keys of policy variables.
    variables: BTreeSet<String>,
}

/// The keys of the policy variables in a text, in lower case.
fn variables(text: &str) -> impl Iterator<Item = String> {
    let named = text.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(inner, _)| inner);
    let keys = named.map(|inner| inner.split(',').next().unwrap_or(inner).trim().to_ascii_lowercase());
    keys.filter(|key| !matches!(key.as_str(), "*" | "?" | "$"))
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

impl Boundary {
    /// Of all policies that stand somewhere in these documents.
    pub(crate) fn of(documents: &[&Value]) -> Self {
        let mut out = Self::default();
        documents.iter().for_each(|document| out.visit(document));
        if out.resources.is_empty() {
            out.resources.push("*".to_owned());
        }
        out
    }

    fn visit(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.visit(item)),
            Value::Object(members) if members.contains_key("Effect") => self.statement(value),
            Value::Object(members) => members.values().for_each(|member| self.visit(member)),
            _ => {}
        }
    }

    fn statement(&mut self, statement: &Value) {
        let listed = |name: &str| statement.get(name).map(texts).unwrap_or_default();
        self.actions.extend(["Action", "NotAction"].into_iter().flat_map(listed));
        let resources: Vec<String> = ["Resource", "NotResource"].into_iter().flat_map(listed).collect();
        self.variables.extend(resources.iter().flat_map(|text| variables(text)));
        self.resources.extend(resources);
        for name in ["Principal", "NotPrincipal"] {
            self.lists_principals |= statement.get(name).is_some();
            self.principals.extend(statement.pointer(&format!("/{name}/AWS")).map(texts).unwrap_or_default());
        }
        for (operator, keys) in statement.get("Condition").and_then(Value::as_object).into_iter().flatten() {
            for (key, values) in keys.as_object().into_iter().flatten() {
                let key = key.to_ascii_lowercase();
                // Global keys are single where they are not in the table of the others.
                if is_multivalued(&key) || (operator.starts_with("For") && !key.starts_with("aws:")) {
                    self.sets.insert(key.clone());
                }
                self.variables.extend(texts(values).iter().flat_map(|text| variables(text)));
                self.keys.entry(key).or_default().extend(texts(values));
            }
        }
    }

    /// A request near an edge.
    pub(crate) fn request(&self, random: &mut Random) -> Request {
        let action = loop {
            let text = near(random.of(&self.actions), random, &Context::new()).to_ascii_lowercase();
            let named = text.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
            if named && text.matches(':').count() == 1 && !text.contains(['*', '?']) {
                break text;
            }
            if random.chance(10) {
                break "s3:getobject".to_owned();
            }
        };
        let principal = self.principal(random);
        let mut context = Context::new();
        // Values of policy variables first: texts are made with them.
        for key in &self.variables {
            let value = match self.keys.get(key) {
                Some(values) if random.chance(50) => near(random.of(values), random, &Context::new()),
                _ => random.pick(&["a", "b", "r", "", "a/b", "a:b", "A", "*", "x"]).to_owned(),
            };
            if random.chance(85) {
                context.insert(key.clone(), vec![value]);
            }
        }
        let follow = |key: &String| FOLLOW.iter().any(|prefix| key.starts_with(prefix));
        context.retain(|key, _| !follow(key));
        // What follows from the principal is known by now.
        let known = Request::new(principal.clone(), "a:b", "*", context.clone()).context;
        let resource = near(random.of(&self.resources), random, &known);
        for (key, values) in &self.keys {
            // Every request carries these.
            if !ALWAYS.contains(&key.as_str()) && random.chance(25) || context.contains_key(key) {
                continue;
            }
            let most = if self.sets.contains(key) { 3 } else { 1 };
            let mut chosen: Vec<String> = (0..1 + random.below(most)).map(|_| near(random.of(values), random, &known)).collect();
            chosen.sort();
            chosen.dedup();
            context.insert(key.clone(), chosen);
        }
        context.retain(|key, _| !follow(key));
        Request::new(principal, &action, &resource, context)
    }

    fn principal(&self, random: &mut Random) -> Principal {
        let account = *random.pick(&[&"111122223333", &"999999999999"]);
        let own = match random.below(8) {
            0 if self.lists_principals => return Principal::Anonymous,
            1 if self.lists_principals => return Principal::Service("lambda.amazonaws.com".to_owned()),
            2 => format!("arn:aws:iam::{account}:root"),
            3 => format!("arn:aws:iam::{account}:role/p/r"),
            4 => format!("arn:aws:sts::{account}:assumed-role/r/s"),
            5 => format!("arn:aws:iam::{account}:user/a"),
            _ if self.principals.is_empty() => format!("arn:aws:iam::{account}:user/b"),
            _ => near(random.of(&self.principals), random, &Context::new()),
        };
        let parts: Vec<&str> = own.splitn(6, ':').collect();
        let named = |rest: &str| ["user/", "role/"].iter().any(|kind| rest.strip_prefix(kind).is_some_and(is_name));
        match parts.as_slice() {
            ["arn", "aws", "iam", "", id, rest] if is_account(id) && (*rest == "root" || named(rest)) => Principal::Aws(own),
            ["arn", "aws", "sts", "", id, rest]
                if is_account(id)
                    && rest.strip_prefix("assumed-role/").is_some_and(|name| is_name(name) && name.matches('/').count() == 1) =>
            {
                Principal::Aws(own)
            }
            _ => Principal::Aws(format!("arn:aws:iam::{account}:user/a")),
        }
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(':') && text.split('/').all(|part| !part.is_empty())
}

/// Keys that follow from the principal, the resource or both start so.
const FOLLOW: [&str; 5] = ["aws:principala", "aws:principali", "aws:principalt", "aws:user", "aws:resourceaccount"];

/// A text that the pattern matches, or nearly, with these values of policy variables.
fn near(pattern: &str, random: &mut Random, known: &Context) -> String {
    if let Ok(block) = pattern.parse::<ipnet::IpNet>() {
        let step = |address: IpAddr, by: i8| match address {
            IpAddr::V4(v4) => IpAddr::V4((u32::from(v4).wrapping_add_signed(by.into())).into()),
            IpAddr::V6(v6) => IpAddr::V6((u128::from(v6).wrapping_add_signed(by.into())).into()),
        };
        let edges = [block.network(), block.broadcast(), step(block.network(), -1), step(block.broadcast(), 1)];
        return edges[random.below(4)].to_string();
    }
    if let Ok(number) = pattern.parse::<i64>()
        && pattern.len() < 10
    {
        let number = number + [-1, 0, 0, 1][random.below(4)];
        return format!("{number}{}", random.pick(&["", "", ".5", ".125"]));
    }
    if let Some(instant) = pattern.strip_suffix('Z').filter(|text| text.contains('T')) {
        return format!("{instant}{}Z", random.pick(&["", ".5", ".25"]));
    }
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        if let Some(variable) = rest.strip_prefix("${") {
            let (name, behind) = variable.split_once('}').unwrap_or((variable, ""));
            let (key, default) = name.split_once(',').unwrap_or((name, ""));
            let default = default.trim().trim_matches('\'');
            match known.get(&key.trim().to_ascii_lowercase()).and_then(|values| values.first()) {
                _ if matches!(name, "*" | "?" | "$") => out.push_str(name),
                Some(value) if random.chance(85) => out.push_str(value),
                None if !default.is_empty() && random.chance(85) => out.push_str(default),
                _ => out.push_str(random.pick(&["a", "b", "r", ""])),
            }
            rest = behind;
            continue;
        }
        match c {
            '*' => out.push_str(random.pick(&["", "x", "a", "b", "/", "a/b", ":", "*", "é"])),
            '?' => out.push_str(random.pick(&["x", "a", "/", "?"])),
            other => out.push(other),
        }
        rest = &rest[c.len_utf8()..];
    }
    match random.below(12) {
        0 => _ = out.pop(),
        1 => out.push_str(random.pick(&["x", "a", "/", ":"])),
        2 => out = out.to_ascii_uppercase(),
        3 => out = out.replacen(':', "", 1),
        _ => {}
    }
    out
}
