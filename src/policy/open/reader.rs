//! How does a document become one with variables for its constants?
//!
//! Resources and the values of conditions on texts take variables; account ids stay marked, as do principals, whose values
//! are chosen afterwards. What else is open is refused with its reason.

use super::sampled;
use super::{shown, strings, who};
use crate::json::{Kind, Member, Value};
use crate::policy::operator::Operator;
use crate::policy::template::CONSTANT;
use crate::sources::located::{is_open, marked};
use crate::sources::{Open, OpenKind};
use std::collections::BTreeMap;

pub(super) struct Reader<'o> {
    pub(super) open: &'o [Open],
    /// Open principals, with their kind.
    pub(super) principals: BTreeMap<String, String>,
    pub(super) has_accounts: bool,
    /// A text in which a wildcard stands beside a digit.
    pub(super) digits: Option<String>,
    /// A key of a condition that looks at the principal.
    pub(super) who: Option<String>,
}

impl Reader<'_> {
    /// The document with variables for what is neither an account nor in a principal; of version 2012-10-17.
    pub(super) fn document(&mut self, value: &Value) -> Result<Value, String> {
        let Some(members) = value.members() else { return Ok(value.clone()) };
        let old = !matches!(value.get("Version").and_then(Value::as_str), Some("2012-10-17"));
        let mut out = vec![member("Version", Value::string("2012-10-17"))];
        for one in members {
            let inner = match one.key.as_str() {
                "Version" => {
                    if one.value.as_str().is_some_and(is_open) {
                        return Err("the policy's `Version` is not known".to_owned());
                    }
                    continue;
                }
                "Id" => sampled(self.open, &one.value, &BTreeMap::new()),
                "Statement" => self.each(&one.value, &mut |reader, statement| reader.statement(statement, old))?,
                _ => one.value.clone(),
            };
            out.push(Member { value: inner, ..one.clone() });
        }
        Ok(Value { span: value.span, kind: Kind::Object(out) })
    }

    fn each(&mut self, value: &Value, read: &mut dyn FnMut(&mut Self, &Value) -> Result<Value, String>) -> Result<Value, String> {
        match value.elements() {
            Some(elements) => {
                let elements = elements.iter().map(|element| read(self, element)).collect::<Result<_, _>>()?;
                Ok(Value { span: value.span, kind: Kind::Array(elements) })
            }
            None => read(self, value),
        }
    }

    fn statement(&mut self, value: &Value, old: bool) -> Result<Value, String> {
        let Some(members) = value.members() else { return Ok(value.clone()) };
        let mut out = Vec::with_capacity(members.len());
        for one in members {
            let inner = match one.key.as_str() {
                "Sid" => sampled(self.open, &one.value, &BTreeMap::new()),
                "Resource" | "NotResource" => self.texts(&one.value, old)?,
                "Condition" => self.conditions(&one.value, old)?,
                "Principal" | "NotPrincipal" => self.principal(&one.key, &one.value)?,
                element => {
                    let mut texts = Vec::new();
                    strings(&one.value, &mut texts);
                    if let Some(open) = texts.iter().find(|text| is_open(text)) {
                        return Err(format!("`{element}` is not known: it depends on {}", self.named(open)));
                    }
                    one.value.clone()
                }
            };
            out.push(Member { value: inner, ..one.clone() });
        }
        Ok(Value { span: value.span, kind: Kind::Object(out) })
    }

    /// The constants of a text, by name.
    fn named(&self, text: &str) -> String {
        let names: Vec<&str> =
            text.chars().filter_map(marked).filter_map(|at| self.open.get(at)).map(|one| one.name.as_str()).collect();
        names.join(", ")
    }

    fn is_account(&self, c: char) -> bool {
        marked(c).and_then(|index| self.open.get(index)).is_some_and(|open| open.kind == OpenKind::Account)
    }

    fn texts(&mut self, value: &Value, old: bool) -> Result<Value, String> {
        self.each(value, &mut |reader, one| {
            Ok(match one.as_str() {
                Some(text) => Value { span: one.span, kind: Kind::String(reader.text(text, old)) },
                None => one.clone(),
            })
        })
    }

    /// A text with variables for its constants; account ids stay marked.
    fn text(&mut self, text: &str, old: bool) -> String {
        self.look_at_digits(text);
        let text = if old { text.replace("${", "${$}{") } else { text.to_owned() };
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            match marked(c) {
                Some(_) if self.is_account(c) => {
                    self.has_accounts = true;
                    out.push(c);
                }
                Some(index) => {
                    let sample = self.open.get(index).map_or("", |open| &open.sample);
                    out.push_str(&format!("${{{CONSTANT}c{index}, '{sample}'}}"));
                }
                None => out.push(c),
            }
        }
        out
    }

    /// Notes a wildcard, variable or constant beside a digit, an account's own digits among them.
    pub(super) fn look_at_digits(&mut self, text: &str) {
        let all: Vec<char> = text.chars().collect();
        let (any, account) = (text.contains("${"), |c: char| self.is_account(c));
        let wild = |at: usize, c: char| match c {
            '*' | '?' => true,
            '$' => all.get(at + 1) == Some(&'{'),
            '}' => any,
            c => marked(c).is_some() && !account(c),
        };
        let digit = |c: char| c.is_ascii_digit() || account(c);
        let beside = |at: usize, a: char, b: char| {
            let merge = digit(a) && digit(b) && (account(a) || account(b));
            merge || (digit(a) && wild(at + 1, b)) || (wild(at, a) && digit(b))
        };
        if all.windows(2).enumerate().any(|(at, pair)| matches!(pair, [a, b] if beside(at, *a, *b))) && self.digits.is_none() {
            self.digits = Some(shown(self.open, text));
        }
    }

    fn conditions(&mut self, value: &Value, old: bool) -> Result<Value, String> {
        let Some(operators) = value.members() else { return Ok(value.clone()) };
        let mut out = Vec::with_capacity(operators.len());
        for operator in operators {
            let mut keys = Vec::new();
            for key in operator.value.members().unwrap_or_default() {
                if is_open(&key.key) || is_open(&operator.key) {
                    return Err(format!("a condition key is not known: it depends on {}", self.named(&key.key)));
                }
                let lower = key.key.to_ascii_lowercase();
                if who().any(|key| key == lower) {
                    self.who.get_or_insert(lower);
                }
                let mut texts = Vec::new();
                strings(&key.value, &mut texts);
                let is_of_texts = Operator::parse(&operator.key).is_some_and(|(operator, _)| operator.base.kind().is_of_texts());
                if let Some(open) = texts.iter().find(|text| is_open(text)).filter(|_| !is_of_texts) {
                    let names = self.named(open);
                    return Err(format!("a value under `{}` is not known: it depends on {names}", operator.key));
                }
                let value = if is_of_texts { self.texts(&key.value, old)? } else { key.value.clone() };
                keys.push(Member { value, ..key.clone() });
            }
            let kind = if operator.value.members().is_some() { Kind::Object(keys) } else { operator.value.kind.clone() };
            out.push(Member { value: Value { span: operator.value.span, kind }, ..operator.clone() });
        }
        Ok(Value { span: value.span, kind: Kind::Object(out) })
    }

    fn principal(&mut self, element: &str, value: &Value) -> Result<Value, String> {
        let mut texts = Vec::new();
        strings(value, &mut texts);
        texts.iter().for_each(|text| self.look_at_digits(text));
        let accounts_only = |reader: &Self, text: &str| text.chars().all(|c| marked(c).is_none() || reader.is_account(c));
        self.has_accounts |= texts.iter().any(|text| text.chars().any(|c| self.is_account(c)));
        if texts.iter().all(|text| accounts_only(self, text)) {
            return Ok(value.clone());
        }
        let unknown = texts.iter().find(|text| !accounts_only(self, text)).map(|text| self.named(text)).unwrap_or_default();
        if element == "NotPrincipal" {
            return Err(format!("`NotPrincipal` is not known: it depends on {unknown}"));
        }
        let Some(kinds) = value.members() else {
            return Err(format!("`Principal` is not known: it depends on {unknown}"));
        };
        for kind in kinds {
            let mut own = Vec::new();
            strings(&kind.value, &mut own);
            own.retain(|text| !accounts_only(self, text));
            for text in own {
                if kind.key == "Federated" {
                    return Err(format!("the identity provider is not known: it depends on {unknown}"));
                }
                // One text under two kinds would be two unknowns of one name.
                if self.principals.insert(text, kind.key.clone()).is_some_and(|before| before != kind.key) {
                    return Err(format!("a principal of two kinds is not known: it depends on {unknown}"));
                }
            }
        }
        Ok(value.clone())
    }
}

fn member(key: &str, value: Value) -> Member {
    Member { key: key.to_owned(), key_span: value.span, value }
}
