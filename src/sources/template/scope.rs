//! What do the names of a template stand for?
//!
//! Parameters (given, or by default), pseudo parameters, resources with their attributes, mappings, conditions. The table
//! of constants is shared by all policies of the template.
//!
//! Decisions: a parameter without a value that was given has its default, and a note says so; a parameter whose value is
//! the name of an SSM parameter is open. `AWS::Partition` is that of the region, `aws` where no region was given, and a
//! note says so. A resource's own `Condition` is taken to hold: its policy is asked about as if the resource existed.

use super::functions::{Stop, as_text, resolve};
use super::resources;
use super::{Given, Sections};
use crate::diag::{Diagnostic, Source, Span};
use crate::json::{Kind, Value};
use crate::sources::located::{MOST_OPEN, Open, OpenKind, is_open, mark};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// The constants of a template, by name.
#[derive(Default)]
pub(super) struct Constants {
    pub(super) open: Vec<Open>,
    by_name: BTreeMap<String, usize>,
}

/// A template under some answers to the conditions that are not known.
pub(super) struct Scope<'t> {
    pub(super) source: &'t Source,
    pub(super) sections: &'t Sections<'t>,
    pub(super) given: &'t Given,
    pub(super) assumed: BTreeMap<String, bool>,
    pub(super) constants: &'t RefCell<Constants>,
    pub(super) notes: RefCell<BTreeSet<String>>,
}

/// The code of what a template leaves unsaid.
pub const UNRESOLVED: &str = "template-expression";

impl Scope<'_> {
    pub(super) fn trouble(&self, span: Span, message: String) -> Stop {
        let help = "give the template as it is deployed, or the values that it needs with --parameter NAME=VALUE";
        Stop::Trouble(Box::new(Diagnostic::error(UNRESOLVED, self.source, span, message, help)))
    }

    /// The mark of a constant.
    pub(super) fn open(&self, name: &str, kind: OpenKind) -> String {
        let mut constants = self.constants.borrow_mut();
        let known = constants.by_name.get(name).copied();
        // One too many is no constant at all: its mark stands for none, and who reads the policy refuses it.
        if known.is_none() && constants.open.len() >= MOST_OPEN {
            return mark(MOST_OPEN).to_string();
        }
        let index = known.unwrap_or_else(|| {
            let sample = sample(&self.source.text, name, kind);
            constants.open.push(Open { name: name.to_owned(), kind, sample });
            let index = constants.open.len() - 1;
            constants.by_name.insert(name.to_owned(), index);
            index
        });
        mark(index).to_string()
    }

    fn note(&self, text: String) {
        self.notes.borrow_mut().insert(text);
    }

    fn account(&self) -> String {
        self.given.account.clone().unwrap_or_else(|| self.open("AWS::AccountId", OpenKind::Account))
    }

    fn region(&self) -> String {
        self.given.region.clone().unwrap_or_else(|| self.open("AWS::Region", OpenKind::Region))
    }

    fn partition(&self) -> &'static str {
        match self.given.region.as_deref() {
            Some(region) if region.starts_with("cn-") => "aws-cn",
            Some(region) if region.starts_with("us-gov-") => "aws-us-gov",
            Some(_) => "aws",
            None => {
                self.note("the template is read as deployed in the partition aws".to_owned());
                "aws"
            }
        }
    }

    /// What `Ref` gives.
    pub(super) fn reference(&self, name: &str, span: Span, depth: usize) -> Result<Kind, Stop> {
        let text = |text: String| Ok(Kind::String(text));
        match name {
            "AWS::AccountId" => return text(self.account()),
            "AWS::Region" => return text(self.region()),
            "AWS::Partition" => return text(self.partition().to_owned()),
            "AWS::URLSuffix" => {
                let suffix = if self.partition() == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
                return text(suffix.to_owned());
            }
            "AWS::StackName" | "AWS::StackId" => return text(self.open(name, OpenKind::Generated)),
            _ => {}
        }
        if let Some(parameter) = self.sections.parameters.and_then(|all| all.get(name)) {
            return self.parameter(name, parameter, span);
        }
        if self.resource(name).is_some() {
            return text(self.attribute(name, "Ref", span, depth)?);
        }
        Err(self.trouble(span, format!("the template has no parameter and no resource `{name}`")))
    }

    fn parameter(&self, name: &str, parameter: &Value, span: Span) -> Result<Kind, Stop> {
        let of = parameter.get("Type").and_then(Value::as_str).unwrap_or("String");
        let is_list = of == "CommaDelimitedList" || of.starts_with("List<") || of.contains("<List<");
        let in_store = of.starts_with("AWS::SSM::Parameter::Value<");
        let default = parameter.get("Default").filter(|_| !in_store).and_then(as_text);
        let value = self.given.parameters.get(name).cloned().or_else(|| {
            let default = default?;
            self.note(format!("the parameter {name} has its default, `{default}`"));
            Some(default)
        });
        let part = |part: &str| Value { span, kind: Kind::String(part.trim().to_owned()) };
        match value {
            Some(value) if is_list => Ok(Kind::Array(value.split(',').map(part).collect())),
            Some(value) => Ok(Kind::String(value)),
            None if is_list => Err(self.trouble(span, format!("the list parameter `{name}` has no value"))),
            None => {
                let allowed = parameter.get("AllowedValues").and_then(Value::elements).unwrap_or_default();
                let plain = |value: &Value| as_text(value).is_some_and(|text| !text.contains(['*', '?', '$']));
                let is_plain = !allowed.is_empty() && allowed.iter().all(plain) && !in_store;
                if let Some(wild) = allowed.iter().find(|value| !plain(value)).and_then(as_text) {
                    return Err(
                        self.trouble(span, format!("the parameter `{name}` has no value, and `{wild}` is one that it may have"))
                    );
                }
                Ok(Kind::String(self.open(name, if is_plain { OpenKind::Generated } else { OpenKind::Any })))
            }
        }
    }

    fn resource(&self, name: &str) -> Option<&Value> {
        self.sections.resources.and_then(|all| all.get(name))
    }

    /// What `Fn::GetAtt` gives; the attribute `Ref` is the reference itself.
    pub(super) fn attribute(&self, name: &str, attribute: &str, span: Span, depth: usize) -> Result<String, Stop> {
        let Some(resource) = self.resource(name) else {
            return Err(self.trouble(span, format!("the template has no resource `{name}`")));
        };
        let of = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
        let Some(form) = resources::form(of, attribute) else {
            let expression = if attribute == "Ref" { name.to_owned() } else { format!("{name}.{attribute}") };
            return Ok(self.open(&expression, OpenKind::Generated));
        };
        let property = |of: &str| {
            let written = resource.get("Properties").and_then(|all| all.get(of))?;
            resolve(self, written, depth + 1).map(|value| value.as_ref().and_then(as_text)).transpose()
        };
        let own = property(form.property).transpose()?;
        let mut out = String::new();
        let mut rest = form.form;
        while let Some((before, (part, after))) = rest.split_once('{').and_then(|(a, b)| Some((a, b.split_once('}')?))) {
            out.push_str(before);
            out.push_str(&match part {
                "n" => own.clone().unwrap_or_else(|| self.open(name, OpenKind::Generated)),
                "a" => self.account(),
                "r" => self.region(),
                "p" => self.partition().to_owned(),
                _ => property("Path").transpose()?.unwrap_or_else(|| "/".to_owned()),
            });
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    /// What `Fn::FindInMap` finds.
    pub(super) fn mapping(&self, keys: &[String]) -> Option<&Value> {
        let mut at = self.sections.mappings?;
        for key in keys {
            at = at.get(key)?;
        }
        Some(at)
    }

    /// All that `Fn::FindInMap` may find where some of the keys are open.
    pub(super) fn mappings(&self, keys: &[String]) -> Vec<&Value> {
        let mut found: Vec<&Value> = self.sections.mappings.into_iter().collect();
        for key in keys {
            let below = |at: &'_ Value| -> Vec<String> {
                let names = at.members().unwrap_or_default().iter().map(|member| member.key.clone());
                names.filter(|name| is_open(key) || name == key).collect()
            };
            found = found.into_iter().flat_map(|at| below(at).into_iter().filter_map(|name| at.get(&name))).collect();
        }
        found
    }

    /// Whether a condition of the template holds, as far as is known.
    pub(super) fn condition(&self, name: &str, depth: usize) -> Option<bool> {
        if let Some(assumed) = self.assumed.get(name) {
            return Some(*assumed);
        }
        let written = self.sections.conditions?.get(name)?;
        if depth > 64 { None } else { self.holds(written, depth + 1) }
    }

    fn holds(&self, value: &Value, depth: usize) -> Option<bool> {
        let [only] = value.members()? else { return None };
        let all = only.value.elements().unwrap_or_default();
        match (only.key.as_str(), all) {
            ("Condition", _) => self.condition(only.value.as_str()?, depth + 1),
            ("Fn::Not", [one]) => self.holds(one, depth + 1).map(|holds| !holds),
            ("Fn::And", all) => self.every(all, true, depth),
            ("Fn::Or", all) => self.every(all, false, depth).map(|none| !none),
            ("Fn::Equals", [a, b]) => {
                let text = |value: &Value| resolve(self, value, depth + 1).ok().flatten().as_ref().and_then(as_text);
                let (a, b) = (text(a)?, text(b)?);
                if a == b {
                    return Some(true);
                }
                (!is_open(&a) && !is_open(&b)).then_some(false)
            }
            _ => None,
        }
    }

    /// Whether all of them answer so.
    fn every(&self, all: &[Value], wanted: bool, depth: usize) -> Option<bool> {
        let mut known = Some(true);
        for one in all {
            match self.holds(one, depth + 1) {
                Some(answer) if answer != wanted => return Some(false),
                Some(_) => {}
                None => known = None,
            }
        }
        known
    }
}

/// A value for a constant that stands nowhere in the template.
fn sample(text: &str, name: &str, kind: OpenKind) -> String {
    const ACCOUNTS: [&str; 6] = ["111122223333", "444455556666", "123456789012", "777788889999", "210987654321", "555566667777"];
    const REGIONS: [&str; 6] = ["us-east-1", "eu-west-1", "us-west-2", "ap-southeast-2", "ca-central-1", "sa-east-1"];
    let unused = |candidates: &[&str]| candidates.iter().find(|one| !text.contains(**one)).map(|one| (*one).to_owned());
    let numbered = |base: &str| {
        let mut all = (0_u32..).map(|at| if at == 0 { base.to_owned() } else { format!("{base}{at}") });
        all.find(|one| !text.contains(one.as_str())).unwrap_or_else(|| base.to_owned())
    };
    match kind {
        OpenKind::Account => unused(&ACCOUNTS).unwrap_or_else(|| {
            let mut all = (100_000_000_000_u64..).map(|id| id.to_string());
            all.find(|id| !text.contains(id.as_str())).unwrap_or_default()
        }),
        OpenKind::Region => unused(&REGIONS).unwrap_or_else(|| numbered("us-north-")),
        OpenKind::Generated | OpenKind::Any => {
            let name: String = name.chars().filter(char::is_ascii_alphanumeric).take(32).collect();
            numbered(&format!("example-{}", name.to_ascii_lowercase()))
        }
    }
}
