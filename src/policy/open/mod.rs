//! What does a policy mean whose texts are not all known?
//!
//! A constant of a template ([`Open`]) is one text for all requests. Two ways to ask about such a policy:
//!
//! - [`sampled`]: every constant has its sample, or a value that is given. What is found then is found for these values.
//! - [`cases`]: policies that together stand for all values: what holds of each of them holds whatever the constants are.
//!   In resources and conditions a constant is a policy variable under a key that no request of AWS has, with the sample as
//!   its default: a question is about one request at a time, so "for all requests and all values" is "for all requests that
//!   carry the values too".
//!
//! Account ids stand for each other: swapping two ids that a policy does not name, everywhere in a request, leaves what
//! the policy says of it unchanged, if no wildcard of the policy stands beside a digit (else it could match a part of an
//! id). So an open account id is its sample, and each account id that the policy or the question names. In a principal
//! list only equality counts, as no principal has wildcards there: an open principal is a new one, or one of those named;
//! it is refused beside conditions that look at the principal. Every value but an account's counts without `*`, `?` and
//! `${`: a note says so where the place does not rule them out ([`assumptions`]).
//!
//! Whatever is none of this is refused with its reason: then the answer is unknown, never PASS.

mod reader;

use super::template::CONSTANT;
use crate::document;
use crate::json::{Kind, Member, Value};
use crate::request::DERIVED;
use crate::request::keys::USER_ID;
use crate::sources::located::{constants, filled, is_open, mark, marked};
use crate::sources::{Located, Open, OpenKind, Version};
use reader::Reader;
use std::collections::{BTreeMap, BTreeSet};

/// The most policies that one is asked as.
const MOST_CASES: usize = 32;

/// Keys that say who the principal is, beyond its account and organization.
fn who() -> impl Iterator<Item = &'static str> {
    DERIVED.into_iter().chain([USER_ID, "aws:principalservicenameslist"])
}

/// The document with these values, and the samples of all others.
pub fn sampled(open: &[Open], value: &Value, given: &BTreeMap<usize, String>) -> Value {
    filled(value, &|index| {
        given.get(&index).cloned().or_else(|| open.get(index).map(|one| one.sample.clone())).unwrap_or_default()
    })
}

/// The constants of a version of a policy, by index.
pub fn of(version: &Version) -> BTreeSet<usize> {
    let mut out = BTreeSet::new();
    constants(&version.value, &mut out);
    out
}

/// What is assumed of the constants of a policy, in words; empty if it has none, or nothing is.
pub fn assumptions(located: &Located, version: &Version) -> Vec<String> {
    let named = |index: &usize| located.open.get(*index).filter(|open| open.kind == OpenKind::Any).map(|open| open.name.clone());
    let names: Vec<String> = of(version).iter().filter_map(named).collect();
    if names.is_empty() {
        return Vec::new();
    }
    vec![format!("this holds for every value without `*`, `?` and `${{` of: {}", names.join(", "))]
}

/// The value of each constant that was used, in words.
pub fn values(located: &Located, version: &Version, given: &BTreeMap<usize, String>) -> Vec<String> {
    let mut out: Vec<String> = version.under.iter().map(|(name, answer)| format!("{name} is {answer}")).collect();
    for index in of(version) {
        let Some(open) = located.open.get(index) else { continue };
        let value = given.get(&index).unwrap_or(&open.sample);
        out.push(format!("{} is `{value}`", open.name));
    }
    out
}

/// The constant whose value a request carries under this key.
pub fn constant_of_key(key: &str) -> Option<usize> {
    key.strip_prefix(CONSTANT)?.strip_prefix('c')?.parse().ok()
}

/// Documents that stand for some values of the constants.
#[derive(Debug, Clone)]
pub struct Case {
    /// One for each document that was given.
    pub documents: Vec<Value>,
    /// The account that it is deployed in, if that is open.
    pub account: Option<String>,
}

/// Documents that stand for all values of the constants: each case has one for each of `documents`, which share their
/// constants. `named` are texts of the question, whose account ids count too. An error says what cannot be asked so. No
/// case where no document has a constant.
// Long: one case analysis over who deploys a template; every case needs what was read before it.
pub fn cases(open: &[Open], documents: &[&Value], named: &[&str]) -> Result<Vec<Case>, String> {
    let mut used = BTreeSet::new();
    documents.iter().for_each(|value| constants(value, &mut used));
    if used.is_empty() {
        return Ok(Vec::new());
    }
    if used.iter().any(|index| *index >= open.len()) {
        return Err("the template has more open expressions than are told apart".to_owned());
    }
    let mut reader = Reader { open, principals: BTreeMap::new(), has_accounts: false, digits: None, who: None };
    let first = documents.iter().map(|value| reader.document(value)).collect::<Result<Vec<_>, _>>()?;
    // What the question says of accounts and principals must not tell new ones apart either.
    named.iter().for_each(|text| reader.look_at_digits(text));
    let about_who = named.iter().any(|text| {
        text.to_ascii_lowercase().contains("principal\"") || who().any(|key| text.to_ascii_lowercase().contains(key))
    });
    if let (true, Some((text, _))) = (about_who, reader.principals.first_key_value()) {
        return Err(format!("the principal `{}` is not known, and the other policy names principals", shown(open, text)));
    }
    let mut texts: Vec<String> = named.iter().map(|text| (*text).to_owned()).collect();
    documents.iter().for_each(|value| strings(value, &mut texts));
    let ids: BTreeSet<String> = texts.iter().flat_map(|text| accounts(text)).collect();
    if let (Some(key), Some((text, _))) = (&reader.who, reader.principals.first_key_value()) {
        return Err(format!("the principal `{}` is not known, and conditions on `{key}` look at who it is", shown(open, text)));
    }
    // What each unknown can be: the open principals, and then the account, in which some of them are.
    let mut choices: Vec<(Unknown, Vec<String>)> = Vec::new();
    let mut before: Vec<String> = Vec::new();
    for (text, kind) in &reader.principals {
        // A new principal must be new to the question too.
        let samples = text.chars().filter_map(marked).filter_map(|index| open.get(index));
        if let Some(known) = samples.into_iter().find(|one| named.iter().any(|text| text.contains(&one.sample))) {
            return Err(format!("the question names `{}`, which stands for {}", known.sample, known.name));
        }
        let forms = principal(text, kind, open, &ids)?;
        let written = documents.iter().flat_map(|value| literals(value, kind));
        let others = written.chain(before.iter().filter(|other| is_principal_of(kind, other)).cloned());
        let all: BTreeSet<String> = forms.iter().cloned().chain(others).collect();
        before.extend(forms);
        choices.push((Unknown::Principal(text.clone()), all.into_iter().collect()));
    }
    let account = open.iter().find(|open| open.kind == OpenKind::Account).filter(|_| reader.has_accounts);
    if let Some(account) = account {
        if let Some(text) = &reader.digits {
            return Err(format!(
                "a wildcard stands beside digits in `{text}`, and the account id is not known: give --account-id"
            ));
        }
        let other = if ids.contains(&account.sample) { unnamed(&ids) } else { account.sample.clone() };
        choices.push((Unknown::Account, std::iter::once(other).chain(ids).collect()));
    }
    let many = choices.iter().map(|(_, all)| all.len()).try_fold(1_usize, usize::checked_mul).unwrap_or(usize::MAX);
    if many > MOST_CASES {
        return Err(format!("the open principals and accounts could be one another in more than {MOST_CASES} ways"));
    }
    let mut out = vec![Case { documents: first, account: None }];
    for (unknown, all) in &choices {
        let with = |case: &Case, text: &String| Case {
            documents: case.documents.iter().map(|value| put(value, unknown, text, open)).collect(),
            account: if matches!(unknown, Unknown::Account) { Some(text.clone()) } else { case.account.clone() },
        };
        out = out.iter().flat_map(|case| all.iter().map(|text| with(case, text)).collect::<Vec<_>>()).collect();
    }
    Ok(out)
}

/// A text with the names of its constants.
fn shown(open: &[Open], text: &str) -> String {
    let name = |index: usize| format!("<{}>", open.get(index).map_or("", |one| &one.name));
    filled(&Value::string(text), &name).as_str().unwrap_or_default().to_owned()
}

/// The constants of another table by their numbers in this one, which gets those that it lacks; `is_same` says which are one.
/// One of a name that is taken is told apart.
pub fn numbered(
    used: &BTreeSet<usize>,
    open: &mut Vec<Open>,
    own: &[Open],
    is_same: &dyn Fn(&Open, &Open) -> bool,
) -> BTreeMap<usize, usize> {
    let mut out = BTreeMap::new();
    let many = open.len();
    for (index, one) in used.iter().filter_map(|index| Some((*index, own.get(*index)?))) {
        let known = open.iter().take(many).position(|other| is_same(other, one));
        let at = known.unwrap_or_else(|| {
            let mut one = one.clone();
            if open.iter().any(|other| other.name == one.name) {
                one.name.push_str(" before");
            }
            while open.iter().any(|other| other.sample == one.sample) {
                one.sample.push_str("-before");
            }
            open.push(one);
            open.len() - 1
        });
        out.insert(index, at);
    }
    out
}

/// A document with its constants numbered as in another table, which gets those that it lacks or has otherwise.
pub fn shared(value: &Value, open: &mut Vec<Open>, own: &[Open]) -> Value {
    let mut used = BTreeSet::new();
    constants(value, &mut used);
    let is_same = |one: &Open, other: &Open| one.was(other) && other.was(one);
    renamed(value, &numbered(&used, open, own, &is_same))
}

/// A document with the constants of these numbers.
pub fn renamed(value: &Value, numbers: &BTreeMap<usize, usize>) -> Value {
    filled(value, &|index| mark(numbers.get(&index).copied().unwrap_or(index)).to_string())
}

enum Unknown {
    Account,
    Principal(String),
}

/// A document with a value for one unknown.
fn put(value: &Value, unknown: &Unknown, text: &str, open: &[Open]) -> Value {
    let kind = match &value.kind {
        Kind::String(written) => Kind::String(match unknown {
            Unknown::Principal(principal) if written == principal => text.to_owned(),
            Unknown::Principal(_) => written.clone(),
            Unknown::Account => written.chars().fold(String::new(), |mut out, c| {
                match marked(c).and_then(|index| open.get(index)) {
                    Some(of) if of.kind == OpenKind::Account => out.push_str(text),
                    _ => out.push(c),
                }
                out
            }),
        }),
        Kind::Array(elements) => Kind::Array(elements.iter().map(|element| put(element, unknown, text, open)).collect()),
        Kind::Object(members) => {
            let member = |one: &Member| Member { value: put(&one.value, unknown, text, open), ..one.clone() };
            Kind::Object(members.iter().map(member).collect())
        }
        other => other.clone(),
    };
    Value { span: value.span, kind }
}

/// The principals that an open one can be, beside those that the policy names.
fn principal(text: &str, kind: &str, open: &[Open], ids: &BTreeSet<String>) -> Result<Vec<String>, String> {
    // The account stays marked.
    let name = |index: usize| match open.get(index) {
        Some(one) if one.kind != OpenKind::Account => one.sample.clone(),
        _ => mark(index).to_string(),
    };
    let sample = filled(&Value::string(text), &name).as_str().unwrap_or_default().to_owned();
    let only = |c: char| text.chars().eq([c]);
    let whole = text.chars().next().filter(|c| only(*c)).and_then(marked).and_then(|index| open.get(index));
    match (kind, whole) {
        ("Service", None) | ("CanonicalUser", _) => Ok(vec![sample]),
        ("AWS", None) if text.starts_with("arn:") => Ok(vec![sample]),
        ("AWS", Some(of)) => {
            let new = unnamed(ids);
            let mut out = Vec::new();
            for account in std::iter::once(&new).chain(ids) {
                let name = &of.sample;
                out.push(account.clone());
                out.push(format!("arn:aws:iam::{account}:role/{name}"));
                out.push(format!("arn:aws:iam::{account}:user/{name}"));
                out.push(format!("arn:aws:sts::{account}:assumed-role/{name}/{name}"));
            }
            out.push(format!("arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity {}", of.sample));
            Ok(out)
        }
        _ => Err(format!("the principal `{}` under `{kind}` is not known: give it with --parameter", shown(open, text))),
    }
}

/// The principals without constants under a kind of principal.
fn literals(value: &Value, kind: &str) -> Vec<String> {
    let mut out = Vec::new();
    for statement in document::listed(value) {
        for name in ["Principal", "NotPrincipal"] {
            let Some(list) = statement.get(name).and_then(|principal| principal.get(kind)) else { continue };
            let mut texts = Vec::new();
            strings(list, &mut texts);
            out.extend(texts.into_iter().filter(|text| !is_open(text) && text != "*"));
        }
    }
    out
}

fn is_principal_of(kind: &str, text: &str) -> bool {
    match kind {
        "Service" => text.contains('.') && !text.starts_with("arn:"),
        "AWS" => text.starts_with("arn:") || text.len() == 12,
        _ => false,
    }
}

fn strings(value: &Value, out: &mut Vec<String>) {
    match &value.kind {
        Kind::String(text) | Kind::Number(text) => out.push(text.clone()),
        Kind::Array(elements) => elements.iter().for_each(|element| strings(element, out)),
        Kind::Object(members) => members.iter().for_each(|member| strings(&member.value, out)),
        Kind::Null | Kind::Bool(_) => {}
    }
}

/// An account id that is none of these.
fn unnamed(ids: &BTreeSet<String>) -> String {
    let mut all = (222_233_334_444_u64..).map(|id| id.to_string());
    all.find(|id| !ids.contains(id)).unwrap_or_default()
}

/// The account ids in a text: twelve digits that no other digit stands beside.
fn accounts(text: &str) -> Vec<String> {
    let runs = text.split(|c: char| !c.is_ascii_digit());
    runs.filter(|run| run.len() == 12).map(str::to_owned).collect()
}
