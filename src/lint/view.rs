//! What stands in a document that may be no policy at all?
//!
//! The grammar refuses a broken policy at its first error; a linter must go on. So this view takes from the JSON what has
//! the right shape, with the path and the span of each part, and leaves out what has not: one rule reports that, and no
//! other rule stumbles over it. Nothing is judged here.
//!
//! Invariants: every part keeps its path as AWS writes it (a list has indices, a lone value has none); an element that is
//! there but has a wrong type has no items, and is not missing either.

use super::finding::{Place, Step};
use super::request::{PolicyType, ResourceType};
use crate::catalog::Catalog;
use crate::diag::{Source, Span};
use crate::document::Effect;
use crate::json::{Kind, Member, Value};
use crate::policy::Operator;

/// The document.
pub(crate) struct Policy<'a> {
    pub(crate) source: &'a Source,
    pub(crate) json: &'a Value,
    pub(crate) kind: PolicyType,
    pub(crate) resource_type: Option<ResourceType>,
    pub(crate) catalog: &'static Catalog,
    pub(crate) statements: Vec<Statement<'a>>,
}

/// A text with its place.
#[derive(Debug, Clone)]
pub(crate) struct Text<'a> {
    pub(crate) text: &'a str,
    pub(crate) at: Place,
}

/// `Action`, `NotAction`, `Resource`, `NotResource`, or one kind of a principal.
#[derive(Debug, Clone)]
pub(crate) struct Element<'a> {
    /// The name of the element.
    pub(crate) name: &'a str,
    /// Where the name stands.
    pub(crate) key: Place,
    /// Where the value stands.
    pub(crate) at: Place,
    pub(crate) value: &'a Value,
    /// The texts of the value.
    pub(crate) items: Vec<Text<'a>>,
}

/// `Principal` or `NotPrincipal`.
#[derive(Debug, Clone)]
pub(crate) struct Principal<'a> {
    pub(crate) element: Element<'a>,
    /// The members of the map.
    pub(crate) kinds: Vec<Element<'a>>,
}

/// One statement.
pub(crate) struct Statement<'a> {
    pub(crate) at: Place,
    pub(crate) value: &'a Value,
    pub(crate) effect: Option<Effect>,
    pub(crate) action: Option<Element<'a>>,
    pub(crate) not_action: Option<Element<'a>>,
    pub(crate) resource: Option<Element<'a>>,
    pub(crate) not_resource: Option<Element<'a>>,
    pub(crate) principal: Option<Principal<'a>>,
    pub(crate) not_principal: Option<Principal<'a>>,
    pub(crate) sid: Option<Text<'a>>,
    pub(crate) conditions: Vec<Condition<'a>>,
}

/// One key under one operator.
#[derive(Debug, Clone)]
pub(crate) struct Condition<'a> {
    /// `None` if there is no such operator.
    pub(crate) operator: Option<Operator>,
    pub(crate) operator_name: &'a str,
    pub(crate) key: &'a str,
    /// The key in lower case.
    pub(crate) lower: String,
    /// Where the key stands.
    pub(crate) key_at: Place,
    /// Where the value stands.
    pub(crate) at: Place,
    pub(crate) value: &'a Value,
    /// Texts, numbers and truth values, as they are spelled.
    pub(crate) values: Vec<Text<'a>>,
}

impl<'a> Policy<'a> {
    /// A view of a document.
    pub(crate) fn of(source: &'a Source, json: &'a Value, kind: PolicyType, resource_type: Option<ResourceType>) -> Self {
        let statements = json.get("Statement").map(|value| {
            let at = Place { path: vec![Step::Value("Statement".to_owned())], span: value.span };
            let objects = each(value, &at).into_iter().filter(|(one, _)| one.members().is_some());
            objects.map(|(one, at)| Statement::of(one, at)).collect()
        });
        let statements = statements.unwrap_or_default();
        Self { source, json, kind, resource_type, catalog: Catalog::latest(), statements }
    }

    /// The whole document.
    pub(crate) fn whole(&self) -> Place {
        Place { path: Vec::new(), span: self.json.span }
    }

    /// Its version, if that is a text.
    pub(crate) fn version(&self) -> Option<&'a str> {
        self.json.get("Version").and_then(Value::as_str)
    }

    /// Whether it is a role's trust policy.
    pub(crate) fn is_trust(&self) -> bool {
        self.resource_type == Some(ResourceType::AssumeRolePolicyDocument)
    }

    /// Every condition, with its statement.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = (&Statement<'a>, &Condition<'a>)> {
        self.statements.iter().flat_map(|statement| statement.conditions.iter().map(move |one| (statement, one)))
    }

    /// Every value of a condition.
    pub(crate) fn condition_values(&self) -> impl Iterator<Item = (&Condition<'a>, &Text<'a>)> {
        self.conditions().flat_map(|(_, one)| one.values.iter().map(move |value| (one, value)))
    }
}

/// A value, or each element of a list, with its place.
pub(crate) fn each<'a>(value: &'a Value, at: &Place) -> Vec<(&'a Value, Place)> {
    match value.elements() {
        Some(list) => list.iter().enumerate().map(|(index, one)| (one, at.then(Step::Index(index), one.span))).collect(),
        None => vec![(value, at.clone())],
    }
}

fn texts<'a>(value: &'a Value, at: &Place) -> Vec<Text<'a>> {
    each(value, at).into_iter().filter_map(|(one, at)| Some(Text { text: one.as_str()?, at })).collect()
}

/// The place of a member's name below a place, and that of its value.
pub(crate) fn places(member: &Member, below: &Place) -> (Place, Place) {
    let key = below.then(Step::Key(member.key.clone()), member.key_span);
    (key, below.then(Step::Value(member.key.clone()), member.value.span))
}

fn element<'a>(member: &'a Member, below: &Place) -> Element<'a> {
    let (key, at) = places(member, below);
    Element { name: &member.key, key, items: texts(&member.value, &at), at, value: &member.value }
}

impl<'a> Statement<'a> {
    fn of(value: &'a Value, at: Place) -> Self {
        let members = value.members().unwrap_or_default();
        let member = |name: &str| members.iter().find(|member| member.key == name);
        let listed = |name: &str| member(name).map(|member| element(member, &at));
        let principal = |name: &str| {
            let element = listed(name)?;
            let kinds = element.value.members().unwrap_or_default().iter().map(|one| self::element(one, &element.at)).collect();
            Some(Principal { element, kinds })
        };
        let sid = listed("Sid").and_then(|sid| sid.items.into_iter().next().filter(|_| sid.value.as_str().is_some()));
        Self {
            effect: match member("Effect").and_then(|member| member.value.as_str()) {
                Some("Allow") => Some(Effect::Allow),
                Some("Deny") => Some(Effect::Deny),
                _ => None,
            },
            action: listed("Action"),
            not_action: listed("NotAction"),
            resource: listed("Resource"),
            not_resource: listed("NotResource"),
            principal: principal("Principal"),
            not_principal: principal("NotPrincipal"),
            sid,
            conditions: member("Condition").map(|member| conditions(member, &at)).unwrap_or_default(),
            value,
            at,
        }
    }

    /// Whether it has such a member.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.value.get(name).is_some()
    }

    /// The member of this name, with the places of its name and its value.
    pub(crate) fn member(&self, name: &str) -> Option<Element<'a>> {
        let member = self.value.members()?.iter().find(|member| member.key == name)?;
        Some(element(member, &self.at))
    }

    /// The actions of `Action`.
    pub(crate) fn actions(&self) -> &[Text<'a>] {
        self.action.as_ref().map_or(&[], |element| &element.items)
    }

    /// The values of `Resource`.
    pub(crate) fn resources(&self) -> &[Text<'a>] {
        self.resource.as_ref().map_or(&[], |element| &element.items)
    }

    /// `Principal` and `NotPrincipal`, those that are there.
    pub(crate) fn principals(&self) -> impl Iterator<Item = &Principal<'a>> {
        self.principal.iter().chain(&self.not_principal)
    }

    /// The values of one kind of principal in `Principal`.
    pub(crate) fn principals_of(&self, kind: &str) -> impl Iterator<Item = &Text<'a>> {
        let kinds = self.principal.iter().flat_map(|principal| &principal.kinds);
        kinds.filter(move |element| element.name == kind).flat_map(|element| &element.items)
    }
}

fn conditions<'a>(member: &'a Member, below: &Place) -> Vec<Condition<'a>> {
    let (_, at) = places(member, below);
    let mut out = Vec::new();
    for block in member.value.members().unwrap_or_default() {
        let (_, block_at) = places(block, &at);
        for key in block.value.members().unwrap_or_default() {
            let (key_at, value_at) = places(key, &block_at);
            out.push(Condition {
                operator: Operator::parse(&block.key).map(|(operator, _)| operator),
                operator_name: &block.key,
                key: &key.key,
                lower: key.key.to_ascii_lowercase(),
                key_at,
                values: scalars(&key.value, &value_at),
                at: value_at,
                value: &key.value,
            });
        }
    }
    out
}

fn scalars<'a>(value: &'a Value, at: &Place) -> Vec<Text<'a>> {
    let text = |one: &'a Value| match &one.kind {
        Kind::String(text) | Kind::Number(text) => Some(text.as_str()),
        Kind::Bool(flag) => Some(if *flag { "true" } else { "false" }),
        Kind::Null | Kind::Array(_) | Kind::Object(_) => None,
    };
    each(value, at).into_iter().filter_map(|(one, at)| Some(Text { text: text(one)?, at })).collect()
}

impl Text<'_> {
    /// A part of it, from a byte on; the place counts characters.
    pub(crate) fn part(&self, start: usize, length: usize) -> Place {
        let characters = |from: usize, to: usize| self.text.get(from..to).map_or(0, |part| part.chars().count());
        let step = Step::Substring(characters(0, start), characters(start, start + length));
        // What is escaped in the document stands at another byte there; then the whole text is the span.
        let inner = self.at.span.end.saturating_sub(self.at.span.start).saturating_sub(2);
        let span = match inner == self.text.len() {
            true => Span::new(self.at.span.start + 1 + start, self.at.span.start + 1 + start + length),
            false => self.at.span,
        };
        self.at.then(step, span)
    }

    /// Whether it has a wildcard.
    pub(crate) fn is_wild(&self) -> bool {
        self.text.contains(['*', '?'])
    }
}
