//! What do the names of a template stand for?
//!
//! Parameters (given, or by default), pseudo parameters, resources with their attributes, mappings, conditions. The table
//! of constants is shared by all policies of the template.
//!
//! A constant is what its name and its definition say: that a parameter of SSM's store is another one, that a mapping has other
//! values, that a custom resource has other properties makes it another constant in another revision.
//!
//! Decisions: a parameter without a value that was given has its default, and a note says so; a parameter whose value is
//! the name of an SSM parameter is open. `AWS::Partition` is that of the region, `aws` where no region was given, and a
//! note says so. A resource's own `Condition` is taken to hold: its policy is asked about as if the resource existed.

use super::closure::{closure, is_made_elsewhere};
use super::functions::{Stop, as_text, resolve};
use super::resources;
use super::{Given, Sections};
use crate::diag::{Diagnostic, Source, Span};
use crate::json::{Kind, Value};
use crate::sources::choice::When;
use crate::sources::located::{MOST_OPEN, Open, OpenKind, is_open, mark, marked};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

/// The constants of a template, by name.
#[derive(Default)]
pub(super) struct Constants {
    pub(super) open: Vec<Open>,
    by_name: BTreeMap<String, usize>,
    /// What conditions stand for, as far as it was asked.
    pub(super) formulas: BTreeMap<String, When>,
}

/// A template under some answers to the conditions that are not known.
pub(super) struct Scope<'t> {
    pub(super) source: &'t Source,
    pub(super) sections: &'t Sections<'t>,
    pub(super) given: &'t Given,
    pub(super) assumed: BTreeMap<String, bool>,
    pub(super) constants: &'t RefCell<Constants>,
    pub(super) notes: RefCell<BTreeSet<String>>,
    /// Whether parameters are open whatever their defaults.
    is_free: bool,
    /// Whether a default went into what was read.
    pub(super) relies: Cell<bool>,
    /// How many parts of conditions were looked at.
    pub(super) looks: Cell<usize>,
}

/// What defines a text of a mapping whose keys are open: what it may be.
const MAPPING: &str = "a mapping";

/// The code of what a template leaves unsaid.
pub const UNRESOLVED: &str = "template-expression";

impl<'t> Scope<'t> {
    pub(super) fn new(
        source: &'t Source,
        sections: &'t Sections<'t>,
        given: &'t Given,
        constants: &'t RefCell<Constants>,
        assumed: BTreeMap<String, bool>,
        is_free: bool,
    ) -> Self {
        let (notes, relies, looks) = Default::default();
        Self { source, sections, given, assumed, constants, notes, is_free, relies, looks }
    }

    /// The same template under no answers, and whatever the defaults.
    pub(super) fn free(&self) -> Scope<'t> {
        Self::new(self.source, self.sections, self.given, self.constants, BTreeMap::new(), true)
    }
}

impl Scope<'_> {
    pub(super) fn trouble(&self, span: Span, message: String) -> Stop {
        let help = "give the template as it is deployed, or the values that it needs with --parameter NAME=VALUE";
        Stop::Trouble(Box::new(Diagnostic::error(UNRESOLVED, self.source, span, message, help)))
    }

    /// The mark of a constant that its name defines.
    pub(super) fn open(&self, name: &str, kind: OpenKind) -> String {
        self.define(name, kind, String::new(), BTreeMap::new())
    }

    /// The mark of a constant that more than its name defines.
    pub(super) fn define(&self, name: &str, kind: OpenKind, definition: String, may: BTreeMap<String, String>) -> String {
        let mut constants = self.constants.borrow_mut();
        let known = constants.by_name.get(name).copied();
        // One too many is no constant at all: its mark stands for none, and who reads the policy refuses it.
        if known.is_none() && constants.open.len() >= MOST_OPEN {
            return mark(MOST_OPEN).to_string();
        }
        let index = known.unwrap_or_else(|| {
            let sample = sample(&self.source.text, name, kind);
            constants.open.push(Open { definition, may, ..Open::new(name.to_owned(), kind, sample) });
            let index = constants.open.len() - 1;
            constants.by_name.insert(name.to_owned(), index);
            index
        });
        mark(index).to_string()
    }

    /// A text with the names of its constants.
    pub(super) fn named(&self, text: &str) -> String {
        self.shown(text, &|open| format!("${{{}}}", open.name))
    }

    /// A text with what its constants are, beyond their names: texts of two revisions that are one here are one.
    pub(super) fn identity(&self, text: &str) -> String {
        self.shown(text, &|open| match open.definition.as_str() {
            "" => format!("${{{}}}", open.name),
            MAPPING => format!("${{{} of {:?}}}", open.name, open.may),
            definition => format!("${{{} of {definition}}}", open.name),
        })
    }

    /// What defines the constants of a text.
    pub(super) fn definitions(&self, text: &str) -> String {
        let all = self.shown(text, &|open| if open.definition.is_empty() { String::new() } else { mark(0).to_string() });
        if all.contains(mark(0)) { self.identity(text) } else { String::new() }
    }

    fn shown(&self, text: &str, show: &dyn Fn(&Open) -> String) -> String {
        let constants = self.constants.borrow();
        let known = |c: char| marked(c).and_then(|at| constants.open.get(at));
        text.chars().map(|c| known(c).map_or_else(|| c.to_string(), show)).collect()
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
        let written = parameter.get("Default").and_then(as_text);
        let default = written.clone().filter(|_| !in_store);
        let value = self.given.parameters.get(name).cloned().or_else(|| {
            let default = default.clone()?;
            if self.is_free && !is_list {
                return None;
            }
            self.relies.set(self.relies.get() || !is_list);
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
                let kind = if is_plain { OpenKind::Generated } else { OpenKind::Any };
                if default.is_some() && !is_plain {
                    let of = format!("every value without `*`, `?` and `${{` of the parameter {name}");
                    self.note(format!("the comparison is for its default, and for {of}"));
                }
                let stored = written.map(|written| format!("the SSM parameter {written}")).filter(|_| in_store);
                let may = allowed.iter().filter(|_| !in_store).filter_map(as_text).map(|text| (text.clone(), text)).collect();
                Ok(Kind::String(self.define(name, kind, stored.unwrap_or_default(), may)))
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
            let properties = resource.get("Properties").filter(|_| attribute != "Ref" && is_made_elsewhere(of));
            let definition = properties.map_or_else(|| of.to_owned(), |all| format!("{of} {}", closure(self.sections, all)));
            return Ok(self.define(&expression, OpenKind::Generated, definition, BTreeMap::new()));
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
                "n" => {
                    let made = || self.define(name, OpenKind::Generated, of.to_owned(), BTreeMap::new());
                    own.clone().unwrap_or_else(made)
                }
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

    /// All that `Fn::FindInMap` may find where some of the keys are open, by its keys.
    pub(super) fn mappings(&self, keys: &[String]) -> Vec<(String, &Value)> {
        let mut found: Vec<(String, &Value)> = self.sections.mappings.into_iter().map(|all| (String::new(), all)).collect();
        for key in keys {
            let below = |(path, at): (String, &'_ Value)| -> Vec<String> {
                let names = at.members().unwrap_or_default().iter().map(|member| member.key.clone());
                let dot = if path.is_empty() { "" } else { "." };
                names.filter(|name| is_open(key) || name == key).map(|name| format!("{path}{dot}{name}")).collect()
            };
            found = found
                .into_iter()
                .flat_map(|(path, at)| {
                    let start = if path.is_empty() { 0 } else { path.len() + 1 };
                    below((path, at)).into_iter().filter_map(move |inner| Some((inner.clone(), at.get(inner.get(start..)?)?)))
                })
                .collect();
        }
        found
    }

    /// One of the texts of a mapping.
    pub(super) fn of_mapping(&self, name: &str, may: BTreeMap<String, String>) -> String {
        self.define(name, OpenKind::Generated, MAPPING.to_owned(), may)
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
