//! What does a configuration of the Serverless Framework give its functions?
//!
//! It has no policies, but lists of statements, of which the framework makes the role of the functions and the policy of the API;
//! beside them stand resources of CloudFormation. All of it is written here as the template that comes of it, so it is read, and
//! compared, as one. A variable of the framework is resolved before the deployment: what the file itself says (`${self:custom.bucket}`)
//! stands in its place, a whole list too; every other (`${opt:stage}`) is a parameter of that template, and `${aws:accountId}` and
//! `${aws:region}` are CloudFormation's own.
//!
//! Invariants: what else the file holds is searched as that of any file; a variable never becomes a policy variable of IAM; what a
//! variable stands for as a whole is not made up.
//!
//! Source: Serverless Framework documentation, "IAM Permissions For Functions", "API Gateway" (resource policy), "Lambda Function
//! URLs", "Variables"; the plugin serverless-iam-roles-per-function.

mod variables;

use crate::diag::Span;
use crate::json::{Kind, Member, Value};
use std::collections::BTreeMap;
use variables::Reading;

/// The role that the framework makes for all functions that have none of their own.
const ROLE: &str = "IamRoleLambdaExecution";

/// What is read of `resources`.
const SECTIONS: [&str; 4] = ["Parameters", "Mappings", "Conditions", "Resources"];

/// The template that a configuration leads to; `None` of a document that is none.
pub(super) fn as_template(value: &Value) -> Option<Value> {
    let provider = value.get("provider").filter(|_| value.get("service").is_some())?;
    let name = provider.get("name").unwrap_or(provider).as_str()?;
    if name != "aws" && !name.contains("${") {
        return None;
    }
    let mut made = Made::default();
    made.of_provider(provider);
    for function in value.get("functions").and_then(Value::members).unwrap_or_default() {
        made.of_function(function);
    }
    let mut sections: BTreeMap<&str, Vec<Member>> = BTreeMap::new();
    made.rest(value);
    let written = value.get("resources");
    for part in written.map(|all| all.elements().unwrap_or(std::slice::from_ref(all))).unwrap_or_default() {
        for name in SECTIONS {
            let members = part.get(name).and_then(Value::members).unwrap_or_default();
            sections.entry(name).or_default().extend(members.iter().cloned());
        }
    }
    sections.entry("Resources").or_default().append(&mut made.resources);
    let span = value.span;
    let mut reading = Reading::of(value);
    let mut all: Vec<Member> = Vec::new();
    all.push(member("AWSTemplateFormatVersion", text("2010-09-09", span)));
    let mut parameters = sections.remove("Parameters").unwrap_or_default();
    for (name, members) in sections {
        let members = members.into_iter().map(|one| Member { value: reading.opened(&one.value), ..one });
        all.push(member(name, Value { span, kind: Kind::Object(members.collect()) }));
    }
    let of_variable = |name: String| {
        let kind = Kind::Object(vec![member("Type", text("String", span))]);
        Member { key: name, key_span: span, value: Value { span, kind } }
    };
    parameters.extend(reading.parameters().map(of_variable));
    all.push(member("Parameters", Value { span, kind: Kind::Object(parameters) }));
    Some(Value { span, kind: Kind::Object(all) })
}

#[derive(Default)]
struct Made {
    resources: Vec<Member>,
}

impl Made {
    fn add(&mut self, name: &str, of: &str, at: Span, properties: Vec<Member>) {
        let properties = Value { span: at, kind: Kind::Object(properties) };
        let kind = Kind::Object(vec![member("Type", text(of, at)), member("Properties", properties)]);
        self.resources.push(Member { key: name.to_owned(), key_span: at, value: Value { span: at, kind } });
    }

    /// Everything else, in which whatever has statements is a policy, as in any other file.
    fn rest(&mut self, configuration: &Value) {
        let mut members = configuration.members().unwrap_or_default().to_vec();
        for one in members.iter_mut().filter(|one| one.key == "resources") {
            let strip = |part: &mut Value| {
                if let Kind::Object(all) = &mut part.kind {
                    all.retain(|one| !SECTIONS.contains(&one.key.as_str()));
                }
            };
            match &mut one.value.kind {
                Kind::Array(all) => all.iter_mut().for_each(strip),
                _ => strip(&mut one.value),
            }
        }
        self.add("serverless", "Serverless::Framework::Configuration", configuration.span, members);
    }

    /// A role with what is written of it.
    fn role(&mut self, name: &str, statements: Option<&Value>, managed: Option<&Value>, boundary: Option<&Value>) {
        let Some(first) = statements.or(managed).or(boundary) else { return };
        let mut properties = Vec::new();
        if let Some(all) = statements {
            let inline = vec![member("PolicyName", text("statements", all.span)), member("PolicyDocument", document(all))];
            let inline = Value { span: all.span, kind: Kind::Object(inline) };
            properties.push(member("Policies", Value { span: all.span, kind: Kind::Array(vec![inline]) }));
        }
        properties.extend(managed.map(|all| member("ManagedPolicyArns", all.clone())));
        properties.extend(boundary.map(|one| member("PermissionsBoundary", one.clone())));
        self.add(name, "AWS::IAM::Role", first.span, properties);
    }

    fn of_provider(&mut self, provider: &Value) {
        // A provider that is a variable may say anything.
        if provider.as_str().is_some_and(|text| text.contains("${")) {
            return self.role(ROLE, Some(provider), None, None);
        }
        let iam = provider.get("iam");
        let role = iam.and_then(|iam| iam.get("role"));
        let part = |name: &str| role.and_then(|role| role.get(name));
        // The role's ARN may stand in its place; what is a variable as a whole may be either.
        let whole = [iam, role].into_iter().flatten().find(|one| one.as_str().is_some_and(|text| text.starts_with("${")));
        let statements = part("statements").or_else(|| provider.get("iamRoleStatements")).or(whole);
        let managed = part("managedPolicies").or_else(|| provider.get("iamManagedPolicies"));
        let boundary = part("permissionsBoundary").or_else(|| part("permissionBoundary"));
        self.role(ROLE, statements, managed, boundary.or_else(|| provider.get("rolePermissionsBoundary")));
        let policy = provider.get("apiGateway").and_then(|api| api.get("resourcePolicy"));
        if let Some(all) = policy.or_else(|| provider.get("resourcePolicy")) {
            self.add("ApiGatewayRestApi", "AWS::ApiGateway::RestApi", all.span, vec![member("Policy", document(all))]);
        }
    }

    fn of_function(&mut self, function: &Member) {
        let (key, value) = (&function.key, &function.value);
        let mut letters = key.chars();
        let name: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
        self.role(&format!("{name}{ROLE}"), value.get("iamRoleStatements"), None, value.get("iamPermissionsBoundary"));
        let Some(url) = value.get("url").filter(|url| url.kind != Kind::Bool(false) && url.kind != Kind::Null) else { return };
        let is_signed = url.get("authorizer").and_then(Value::as_str).is_some_and(|how| how == "aws_iam");
        let how = member("AuthType", text(if is_signed { "AWS_IAM" } else { "NONE" }, url.span));
        let config = member("FunctionUrlConfig", Value { span: url.span, kind: Kind::Object(vec![how]) });
        self.add(&format!("{name}LambdaFunction"), "AWS::Serverless::Function", function.key_span, vec![config]);
    }
}

/// The document that the framework makes of a list of statements.
fn document(statements: &Value) -> Value {
    let span = statements.span;
    let members = vec![member("Version", text("2012-10-17", span)), member("Statement", statements.clone())];
    Value { span, kind: Kind::Object(members) }
}

fn member(key: &str, value: Value) -> Member {
    Member { key: key.to_owned(), key_span: value.span, value }
}

fn text(text: &str, span: Span) -> Value {
    Value { span, kind: Kind::String(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Budget, Source};

    fn made(written: &str) -> String {
        let source = Source::new("t", written);
        let value = crate::sources::yaml::read(&source, &Budget::default()).unwrap().remove(0);
        as_template(&value).map_or_else(|| "none".to_owned(), |value| value.to_string())
    }

    #[test]
    fn lists_of_statements_become_roles_and_policies() {
        let all = made(
            "service: x\nprovider:\n  name: aws\n  iam: {role: {statements: [{Effect: Allow, Action: a, Resource: 'b-${self:c.d}'}], \
             managedPolicies: [m], permissionsBoundary: p}}\n  apiGateway: {resourcePolicy: [{Effect: Deny}]}\n\
             functions:\n  f: {iamRoleStatements: [], url: true}\n  g: {url: {authorizer: aws_iam}}\n\
             resources: [{Resources: {Q: {Type: 'AWS::X::Y'}}}, '${file(r.yml)}']\n",
        );
        for part in [
            r#""IamRoleLambdaExecution":{"Type":"AWS::IAM::Role""#,
            r#""Resource":{"Fn::Join":["",["b-",{"Ref":"self:c_d"}]]}"#,
            r#""ManagedPolicyArns":["m"],"PermissionsBoundary":"p""#,
            r#""ApiGatewayRestApi":{"Type":"AWS::ApiGateway::RestApi""#,
            r#""FIamRoleLambdaExecution""#,
            r#""FLambdaFunction":{"Type":"AWS::Serverless::Function","Properties":{"FunctionUrlConfig":{"AuthType":"NONE"}}}"#,
            r#"{"AuthType":"AWS_IAM"}"#,
            r#""Q":{"Type":"AWS::X::Y"}"#,
            r#""self:c_d":{"Type":"String"}"#,
        ] {
            assert!(all.contains(part), "{part}: {all}");
        }
        assert_eq!(made("service: x\nprovider: {name: google}\n"), "none");
        assert_eq!(made("provider: {name: aws}\n"), "none");
        let sub = made("service: x\nprovider: {name: aws, iamRoleStatements: [{Resource: !Sub 'a${AWS::Region}${opt:b}'}]}\n");
        assert!(sub.contains(r#"{"Fn::Sub":"a${AWS::Region}${opt:b}"}"#), "{sub}");
    }

    #[test]
    fn a_variable_of_the_file_is_what_it_stands_for() {
        let with = |action: &str, custom: &str| {
            made(&format!("service: x\nprovider: {{name: aws, iamRoleStatements: [{{Action: {action}}}]}}\ncustom: {custom}\n"))
        };
        for (action, custom, expected) in [
            ("'${self:custom.a}'", "{a: ['iam:*', s3]}", r#""Action":["iam:*","s3"]"#),
            ("'${self:custom.a.1}'", "{a: ['iam:*', s3]}", r#""Action":"s3""#),
            ("['x:${self:custom.a}', y]", "{a: '${self:custom.b}z', b: 1}", r#""Action":[{"Fn::Join":["",["x:","1","z"]]},"y"]"#),
            ("'${self:custom.a, b}'", "{a: c}", r#""Action":"c""#),
            // Not known here, nor made up.
            ("'${self:custom.a, b}'", "{}", r#""Action":{"Ref":"self:custom_a, b"}"#),
            ("'${self:custom.a}'", "{a: '${opt:b}'}", r#""Action":{"Ref":"opt:b"}"#),
            ("'x${self:custom.a}'", "{a: [b]}", r#""Action":{"Fn::Join":["",["x",{"Ref":"self:custom_a"}]]}"#),
            ("'${self:custom.${opt:b}}'", "{a: b}", r#""Action":{"Ref":"self:custom___opt:b_"}"#),
            ("{'Fn::Sub': 'x${self:custom.a}${T.Arn}'}", "{a: 'b${opt:c}'}", r#""Action":{"Fn::Sub":"xb${opt:c}${T.Arn}"}"#),
        ] {
            let all = with(action, custom);
            assert!(all.contains(expected), "{action} {custom}: {all}");
        }
        // Neither a circle nor what doubles is followed without end.
        assert!(with("'${self:custom.a}'", "{a: '${self:custom.a}'}").contains(r#"{"Ref":"self:custom_a"}"#));
        let doubles: Vec<String> =
            (0..40).map(|at| format!("a{at}: ['${{self:custom.a{}}}', '${{self:custom.a{}}}']", at + 1, at + 1)).collect();
        assert!(with("'${self:custom.a0}'", &format!("{{{}}}", doubles.join(", "))).len() < 20_000_000);
        let long = format!("{{a: '{}', b: '{}'}}", "x".repeat(100_000), "${self:custom.a}".repeat(10_000));
        assert!(with("'${self:custom.b}'", &long).len() < 20_000_000);
    }
}
