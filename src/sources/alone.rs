//! Which values are statements without a policy around them?
//!
//! Many tools take lists of statements and make the policy themselves: kOps (`additionalPolicies`), Zappa (`extra_permissions`),
//! Step Functions in the Serverless Framework, values of Helm charts, Amplify's `custom-policies.json`, whose statements allow where
//! they do not say so. Others have statements in a form of their own, such as Crossplane's buckets (`effect`, `action`).

use super::template::UNRESOLVED;
use crate::diag::{Diagnostic, Source};
use crate::json::{Kind, Member, Value};

/// Whether a value is a statement, or a list of them.
pub(super) fn is_alone(value: &Value) -> bool {
    match &value.kind {
        // What is filled in, or made by a function, may stand among them.
        Kind::Array(all) => {
            let is_call = |one: &Value| one.as_str().is_some() || one.members().is_some_and(|of| of.len() == 1);
            all.iter().any(is_statement) && all.iter().all(|one| is_statement(one) || is_call(one))
        }
        _ => is_statement(value),
    }
}

fn is_statement(value: &Value) -> bool {
    let has = |name: &str| value.get(name).is_some();
    if value.get("Effect").is_some_and(|effect| effect.as_str().is_some() || effect.members().is_some()) {
        return has("Action") || has("NotAction");
    }
    let is_known =
        |one: &Member| ["Sid", "Action", "NotAction", "Resource", "NotResource", "Condition"].contains(&one.key.as_str());
    let actions = value.get("Action").or_else(|| value.get("NotAction"));
    value.members().is_some_and(|all| all.iter().all(is_known))
        && has("Resource")
        && actions.is_some_and(|of| texts(of).any(is_action))
}

/// The texts of a value: of a list, its own.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.items().iter().filter_map(Value::as_str)
}

/// Whether a text has the form of an action of AWS: `service:Name`, with wildcards.
fn is_action(text: &str) -> bool {
    let is_service =
        |of: &str| !of.is_empty() && of.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let is_name = |of: &str| of.starts_with(|c: char| c.is_ascii_uppercase() || c == '*');
    text.split_once(':').is_some_and(|(service, name)| is_service(service) && is_name(name) && !name.contains(':'))
}

/// The document that a tool makes of statements.
pub(super) fn document(statements: &Value) -> Value {
    let span = statements.span;
    let member = |key: &str, value| Member { key: key.to_owned(), key_span: span, value };
    let text = |text: &str| Value { span, kind: Kind::String(text.to_owned()) };
    let allowing = |one: &Value| match &one.kind {
        Kind::Object(members) if is_statement(one) && one.get("Effect").is_none() => {
            let effect =
                Member { key: "Effect".to_owned(), key_span: one.span, value: Value { span: one.span, ..text("Allow") } };
            Value { span: one.span, kind: Kind::Object(std::iter::once(effect).chain(members.iter().cloned()).collect()) }
        }
        _ => one.clone(),
    };
    let all = match &statements.kind {
        Kind::Array(all) => Value { span, kind: Kind::Array(all.iter().map(allowing).collect()) },
        _ => allowing(statements),
    };
    Value { span, kind: Kind::Object(vec![member("Version", text("2012-10-17")), member("Statement", all)]) }
}

/// Whether this is what a rule of a web firewall (WAF) has as its `Statement`: `RateBasedStatement`, `NotStatement` ..
pub(super) fn is_firewall(statement: &Value) -> bool {
    let is_one = |one: &Member| one.key.ends_with("Statement") && one.value.members().is_some();
    statement.members().is_some_and(|all| !all.is_empty() && all.iter().all(is_one))
}

/// What is wrong with a statement that another language writes in its own way: nobody reads it here.
pub(super) fn foreign(source: &Source, value: &Value) -> Option<Diagnostic> {
    let effect = value.get("effect").and_then(Value::as_str)?;
    let is_effect = ["allow", "deny"].iter().any(|one| effect.eq_ignore_ascii_case(one));
    let names = ["action", "actions", "notAction", "notActions", "not_action", "not_actions", "notaction"];
    let actions = names.iter().find_map(|name| value.get(name))?;
    let is_of_aws = |text: &str| text == "*" || is_action(text) || text.contains("arn:aws");
    let resources = ["resource", "resources"].iter().filter_map(|name| value.get(name));
    if !is_effect || !std::iter::once(actions).chain(resources).flat_map(texts).any(is_of_aws) {
        return None;
    }
    let message = "a statement stands here in another form than that of a policy, so what becomes of it is not known";
    let help = "give the policy that is made of it, or the plan or manifest that has it";
    Some(Diagnostic::error(UNRESOLVED, source, value.span, message, help))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Budget;

    fn read(text: &str) -> Value {
        crate::json::read(&Source::new("t", text), &Budget::default()).unwrap()
    }

    #[test]
    fn statements_are_told_from_what_only_has_their_names() {
        for text in [
            r#"{"Effect":"Allow","Action":"s3:*"}"#,
            r#"[{"Effect":"Deny","NotAction":[]},"${file(a.yml)}"]"#,
            r#"[{"Action":["iam:*"],"Resource":["*"]}]"#,
        ] {
            let value = read(text);
            assert!(is_alone(&value), "{text}");
            assert!(document(&value).to_string().contains(r#""Effect":""#), "{text}");
        }
        for text in [
            r#"{"Effect":"NoSchedule","Key":"a"}"#,
            r#"{"Action":[],"Resource":[]}"#,
            r#"{"Action":"deploy","Resource":"x"}"#,
            r#"[{"Effect":"Allow","Action":"a"},{"Statement":[],"Version":"b"}]"#,
            "[]",
            r#""Effect Action""#,
        ] {
            assert!(!is_alone(&read(text)), "{text}");
        }
    }

    #[test]
    fn statements_in_another_form_are_told() {
        let source = Source::new("t", "");
        let is_foreign = |text: &str| foreign(&source, &read(text)).is_some();
        for text in [
            r#"{"effect":"Allow","action":["s3:GetObject"],"resource":["arn:aws:s3:::b/*"],"principal":{"allowAnon":true}}"#,
            r#"{"effect":"allow","actions":["*"],"resources":["*"]}"#,
            r#"{"effect":"Deny","not_actions":["iam:*"]}"#,
        ] {
            assert!(is_foreign(text), "{text}");
        }
        for text in [
            r#"{"effect":"NoSchedule","action":"*"}"#,
            r#"{"effect":"allow","actions":["read"],"resources":["articles:1"]}"#,
            r#"{"effect":"deny"}"#,
        ] {
            assert!(!is_foreign(text), "{text}");
        }
    }
}
