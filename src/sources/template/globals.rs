//! What do a SAM template's `Globals` say of each of its functions and APIs?
//!
//! What stands there counts for every function or API that does not say otherwise; members of objects are added one by one, but a
//! call such as `Fn::If` is one value. So a function may have a URL, a trust policy or a permissions boundary that its own
//! properties do not name, and so may the API that SAM makes of the events of functions have a resource policy.
//!
//! Source: AWS Serverless Application Model, "Globals section of the AWS SAM template", "ResourcePolicyStatement".

use super::functions::is_function;
use crate::diag::{Budget, Diagnostic, Source, Span};
use crate::json::{Kind, Member, Value};

/// The properties that say who may do what, by the section and the type that they count for; no other counts here.
const COUNTING: [(&str, &str, &[&str]); 2] = [
    ("Function", "AWS::Serverless::Function", &["FunctionUrlConfig", "AssumeRolePolicyDocument", "PermissionsBoundary"]),
    ("Api", "AWS::Serverless::Api", &["Auth"]),
];

/// The API that SAM makes where the events of functions name none.
const IMPLICIT: &str = "ServerlessRestApi";

/// The template with what its globals say in each function and API; an error if that is more text than an input may have.
pub fn applied(source: &Source, mut template: Value, budget: &Budget) -> Result<Value, Diagnostic> {
    let mut left = budget.input_bytes;
    for (section, of, counting) in COUNTING {
        let all = template.get("Globals").and_then(|all| all.get(section));
        let mut globals = all.and_then(Value::members).map(<[Member]>::to_vec).unwrap_or_default();
        globals.retain(|member| counting.contains(&member.key.as_str()));
        let (size, place) = globals.iter().fold((0, Span::default()), |(size, _), one| {
            (size + one.value.span.end.saturating_sub(one.value.span.start), one.value.span)
        });
        if globals.is_empty() {
            continue;
        }
        let makes_api = section == "Api" && makes_api(&template);
        let Kind::Object(sections) = &mut template.kind else { return Ok(template) };
        for resources in sections.iter_mut().filter(|section| section.key == "Resources") {
            if let Kind::Object(all) = &mut resources.value.kind
                && makes_api
                && !all.iter().any(|one| one.key == IMPLICIT)
            {
                let value = Value { span: place, kind: Kind::Object(vec![member("Type", place, Kind::String(of.to_owned()))]) };
                all.push(Member { key: IMPLICIT.to_owned(), key_span: place, value });
            }
            for resource in members_mut(&mut resources.value) {
                let is_one = resource.value.get("Type").and_then(Value::as_str) == Some(of);
                let (span, Kind::Object(parts)) = (resource.value.span, &mut resource.value.kind) else { continue };
                if !is_one {
                    continue;
                }
                left = left.checked_sub(size).ok_or_else(|| {
                    let most = budget.input_bytes;
                    let message = format!("the globals, written out in each function, have more than {most} bytes");
                    Diagnostic::error("input-too-large", source, place, message, "split the template")
                })?;
                if !parts.iter().any(|part| part.key == "Properties") {
                    parts.push(member("Properties", span, Kind::Object(Vec::new())));
                }
                parts.iter_mut().filter(|part| part.key == "Properties").for_each(|part| add(&mut part.value, &globals));
            }
        }
    }
    Ok(template)
}

fn member(key: &str, span: Span, kind: Kind) -> Member {
    Member { key: key.to_owned(), key_span: span, value: Value { span, kind } }
}

/// Whether a function has an event of an API that it does not name.
fn makes_api(template: &Value) -> bool {
    let all = template.get("Resources").and_then(Value::members).unwrap_or_default();
    let events = all.iter().filter_map(|one| one.value.get("Properties")?.get("Events")?.members()).flatten();
    let is_one = |event: &Member| {
        let is_api = event.value.get("Type").and_then(Value::as_str) == Some("Api");
        is_api && event.value.get("Properties").is_none_or(|all| all.get("RestApiId").is_none())
    };
    events.into_iter().any(is_one)
}

fn members_mut(value: &mut Value) -> &mut [Member] {
    if let Kind::Object(members) = &mut value.kind { members } else { &mut [] }
}

/// Adds the members that an object does not have, to any depth.
fn add(value: &mut Value, more: &[Member]) {
    let Kind::Object(members) = &mut value.kind else { return };
    let is_call = |members: &[Member]| matches!(members, [only] if is_function(only));
    if is_call(members) || is_call(more) {
        return;
    }
    for member in more {
        match members.iter_mut().find(|own| own.key == member.key) {
            Some(own) => add(&mut own.value, member.value.members().unwrap_or_default()),
            None => members.push(member.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn what_a_function_does_not_say_is_what_the_globals_say() {
        let read = |text: &str| json::read(&Source::new("t", text), &Budget::default()).unwrap();
        let template = read(
            r#"{"Globals": {"Function": {"FunctionUrlConfig": {"AuthType": "NONE", "InvokeMode": "BUFFERED"}, "Timeout": 3}},
                "Resources": {
                    "A": {"Type": "AWS::Serverless::Function"},
                    "B": {"Type": "AWS::Serverless::Function", "Properties": {"FunctionUrlConfig": {"AuthType": "AWS_IAM"}}},
                    "C": {"Type": "AWS::SNS::Topic"}}}"#,
        );
        let source = Source::new("t", "");
        let small = Budget { input_bytes: 60, ..Budget::default() };
        assert!(applied(&source, template.clone(), &small).unwrap_err().message.contains("the globals"));
        let made = applied(&source, template, &Budget::default()).unwrap();
        let auth = |name: &str| {
            let properties = made.get("Resources").unwrap().get(name).unwrap().get("Properties")?;
            properties.get("FunctionUrlConfig")?.get("AuthType")?.as_str()
        };
        assert_eq!((auth("A"), auth("B"), auth("C")), (Some("NONE"), Some("AWS_IAM"), None));
        let choice = read(
            r#"{"Globals": {"Function": {"FunctionUrlConfig": {"AuthType": "NONE"}}, "Api": {"Auth": {"ResourcePolicy": {"IpRangeWhitelist": ["1.2.3.4"]}}}},
                "Resources": {"A": {"Type": "AWS::Serverless::Function", "Properties": {"FunctionUrlConfig": {"Fn::If": ["C", 1, 2]},
                    "Events": {"E": {"Type": "Api", "Properties": {"Path": "/"}}}}}}}"#,
        );
        let made = applied(&source, choice, &Budget::default()).unwrap().get("Resources").unwrap().to_string();
        assert!(made.contains(r#""FunctionUrlConfig":{"Fn::If":["C",1,2]}"#), "{made}");
        assert!(made.contains(r#""ServerlessRestApi":{"Type":"AWS::Serverless::Api","Properties":{"Auth":"#), "{made}");
        let plain = read(r#"{"Resources": {"A": {"Type": "AWS::Serverless::Function"}}}"#);
        assert_eq!(applied(&source, plain.clone(), &small).unwrap(), plain);
    }
}
