//! Which policies does a file hold, whatever it is?
//!
//! A policy, a template, a plan, a state, account details, or any other document that has policies in it. JSON, or YAML
//! where the text is no JSON. Each policy comes with its name, its type and its place; what cannot be read is in the list
//! with its trouble.

use super::inside::{everything, inner_text};
use super::located::{Located, PolicyType};
use super::template::{self, Given};
use super::{Kind, Wanted, kind, read, terraform, yaml};
use crate::diag::{Budget, Diagnostic, Source};
use crate::json::{self, Kind as JsonKind, Member, Value};

/// The documents of a text: one of JSON, any number of YAML.
pub fn documents(source: &Source, budget: &Budget) -> Result<Vec<(Source, Value)>, Diagnostic> {
    let documents = match read(source, budget, Wanted::Policy) {
        Ok(found) => vec![found],
        Err(found) if is_yaml(source, &found) => {
            let documents = yaml::read(source, budget)?;
            documents.into_iter().map(|document| (source.clone(), document)).collect()
        }
        Err(found) => return Err(found),
    };
    let with_globals = |(source, value): (Source, Value)| {
        let (source, value) = body(source, value, budget);
        let value = super::serverless::as_template(&value).or_else(|| of_resources(&value)).unwrap_or(value);
        let value = template::globals::applied(&source, value, budget)?;
        Ok((source, value))
    };
    documents.into_iter().map(with_globals).collect()
}

/// The template that a request to CloudFormation has, or its answer (`get-template`); any other document is itself.
fn body(source: Source, value: Value, budget: &Budget) -> (Source, Value) {
    let Some(body) = value.get("TemplateBody").filter(|_| value.get("Resources").is_none()) else { return (source, value) };
    let Some(text) = body.as_str() else { return (source, body.clone()) };
    let inner = inner_text(&source, body.span, text);
    let read = json::read(&inner, budget)
        .or_else(|_| Ok(yaml::read(&inner, budget)?.into_iter().next().unwrap_or_else(|| body.clone())));
    read.map_or_else(|_: Diagnostic| (source, value.clone()), |read| (inner, read))
}

/// The template of a resource of CloudFormation alone, or of several by name: configurations include files of such.
fn of_resources(value: &Value) -> Option<Value> {
    let is_one = |one: &Value| one.get("Type").and_then(Value::as_str).is_some_and(|of| of.starts_with("AWS::"));
    let span = value.span;
    let member = |key: &str, value| Member { key: key.to_owned(), key_span: span, value };
    let resources = match value.members()? {
        _ if is_one(value) => vec![member("Resource", value.clone())],
        [] => return None,
        all if all.iter().all(|one| is_one(&one.value)) => all.to_vec(),
        _ => return None,
    };
    let resources = member("Resources", Value { span, kind: JsonKind::Object(resources) });
    Some(Value { span, kind: JsonKind::Object(vec![resources]) })
}

/// Whether a text that is no JSON may be YAML: it does not start like JSON, and nothing else was recognized.
fn is_yaml(source: &Source, found: &Diagnostic) -> bool {
    let of_yaml = matches!(
        super::text::recognize(&source.text),
        None | Some(Kind::Yaml | Kind::YamlTemplate | Kind::YamlPolicy | Kind::JsonLines)
    );
    let flow = source.text.trim_start().starts_with(['{', '[', '"']);
    (found.code == json::SYNTAX || found.code == super::WRONG_DOCUMENT) && of_yaml && !flow
}

/// The policies of a document.
pub fn policies(source: &Source, value: &Value, given: &Given) -> Vec<Located> {
    match kind::recognize(value) {
        // What CDK synthesizes is in its templates; its tree says the same with nothing filled in.
        None if is_tree(value) => Vec::new(),
        Some(Kind::Template) => template::policies(source, value, given),
        Some(Kind::Plan) => terraform::plan(source, value),
        Some(Kind::State) => terraform::state(source, value),
        found if found == Some(Kind::Policy) || (found.is_none() && is_misspelled(value)) => {
            let whole = (source, value.span);
            vec![Located::known(String::new(), PolicyType::Unknown, whole, source.clone(), value.clone())]
        }
        Some(Kind::AccountDetails) => super::account::owned(value, everything(source, value)),
        _ => everything(source, value),
    }
}

/// Whether a document is the tree of constructs that CDK writes beside its templates.
fn is_tree(value: &Value) -> bool {
    let version = value.get("version").and_then(Value::as_str);
    version.is_some_and(|of| of.starts_with("tree-")) && value.get("tree").is_some()
}

/// Whether a document is a policy but for the case of its members, which AWS does not take.
fn is_misspelled(value: &Value) -> bool {
    fn member<'v>(of: &'v Value, name: &str) -> Option<&'v Value> {
        of.members()?.iter().find(|one| one.key.eq_ignore_ascii_case(name)).map(|one| &one.value)
    }
    let Some(statements) = member(value, "Statement") else { return false };
    let is_one =
        |one: &Value| member(one, "Effect").is_some() && (member(one, "Action").is_some() || member(one, "NotAction").is_some());
    statements.items().iter().any(is_one)
}

/// Whether a document is one of those that hold policies without being one.
pub fn holds_many(value: &Value) -> bool {
    matches!(kind::recognize(value), Some(Kind::Template | Kind::Plan | Kind::State))
}

/// What a policy under this name is, in what AWS prints.
pub(super) fn type_by_name(path: &str) -> (PolicyType, Option<&'static str>) {
    let last = path.rsplit(['.', ']']).next().unwrap_or_default();
    match last {
        "AssumeRolePolicyDocument" => (PolicyType::Trust, Some("AWS::IAM::AssumeRolePolicyDocument")),
        "PolicyDocument" if path.contains("PolicyList[") => (PolicyType::Identity, None),
        "Document" if path.contains("PolicyVersionList[") => (PolicyType::Identity, None),
        _ => (PolicyType::Unknown, None),
    }
}
