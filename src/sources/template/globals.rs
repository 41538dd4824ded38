//! What do a SAM template's `Globals` say of each of its functions?
//!
//! What stands there counts for every function that does not say otherwise; members of objects are added one by one. So a
//! function may have a URL, a trust policy or a permissions boundary that its own properties do not name.
//!
//! Source: AWS Serverless Application Model, "Globals section of the AWS SAM template".

use crate::diag::{Budget, Diagnostic, Source, Span};
use crate::json::{Kind, Member, Value};

/// The properties that say who may do what; no other counts here.
const COUNTING: [&str; 3] = ["FunctionUrlConfig", "AssumeRolePolicyDocument", "PermissionsBoundary"];

/// The template with what its globals say in each function; an error if that is more text than an input may have.
pub fn applied(source: &Source, mut template: Value, budget: &Budget) -> Result<Value, Diagnostic> {
    let all = template.get("Globals").and_then(|all| all.get("Function"));
    let mut globals = all.and_then(Value::members).map(<[Member]>::to_vec).unwrap_or_default();
    globals.retain(|member| COUNTING.contains(&member.key.as_str()));
    let (size, place) = globals.iter().fold((0, Span::default()), |(size, _), one| {
        (size + one.value.span.end.saturating_sub(one.value.span.start), one.value.span)
    });
    let Kind::Object(sections) = &mut template.kind else { return Ok(template) };
    let mut left = budget.input_bytes;
    let resources = sections.iter_mut().filter(|section| !globals.is_empty() && section.key == "Resources");
    for resource in resources.flat_map(|section| members_mut(&mut section.value)) {
        let is_function = resource.value.get("Type").and_then(Value::as_str) == Some("AWS::Serverless::Function");
        let (span, Kind::Object(parts)) = (resource.value.span, &mut resource.value.kind) else { continue };
        if !is_function {
            continue;
        }
        left = left.checked_sub(size).ok_or_else(|| {
            let message = format!("the globals, written out in each function, have more than {} bytes", budget.input_bytes);
            Diagnostic::error("input-too-large", source, place, message, "split the template")
        })?;
        if !parts.iter().any(|part| part.key == "Properties") {
            let value = Value { span, kind: Kind::Object(Vec::new()) };
            parts.push(Member { key: "Properties".to_owned(), key_span: span, value });
        }
        parts.iter_mut().filter(|part| part.key == "Properties").for_each(|part| add(&mut part.value, &globals));
    }
    Ok(template)
}

fn members_mut(value: &mut Value) -> &mut [Member] {
    if let Kind::Object(members) = &mut value.kind { members } else { &mut [] }
}

/// Adds the members that an object does not have, to any depth.
fn add(value: &mut Value, more: &[Member]) {
    let Kind::Object(members) = &mut value.kind else { return };
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
        let plain = read(r#"{"Resources": {"A": {"Type": "AWS::Serverless::Function"}}}"#);
        assert_eq!(applied(&source, plain.clone(), &small).unwrap(), plain);
    }
}
