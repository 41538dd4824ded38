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

mod look;
mod variables;

use crate::diag::Span;
use crate::json::{Kind, Member, Value};
use crate::sources::template::MADE;
use std::collections::{BTreeMap, BTreeSet};
use variables::Reading;

/// The role that the framework makes for all functions that have none of their own.
const ROLE: &str = "IamRoleLambdaExecution";

/// What is read of `resources`.
const SECTIONS: [&str; 4] = ["Parameters", "Mappings", "Conditions", "Resources"];

/// The template that a configuration leads to; `None` of a document that is none.
pub(super) fn as_template(value: &Value) -> Option<Value> {
    let provider = value.get("provider").filter(|_| value.get("service").is_some())?;
    if provider.as_str().is_none_or(|text| !text.contains("${")) {
        let name = provider.get("name").unwrap_or(provider).as_str()?;
        if name != "aws" && !name.contains("${") {
            return None;
        }
    }
    let span = value.span;
    let mut reading = Reading::of(value);
    let value = reading.opened(value);
    let mut made = Made { resources: Vec::new(), reading: &reading };
    let provider = value.get("provider")?;
    made.of_provider(provider);
    let mut sections: BTreeMap<&str, Vec<Member>> = BTreeMap::new();
    made.lists("functions", value.get("functions"), &mut |made, all| made.of_functions(all));
    made.lists("resources", value.get("resources"), &mut |made, part| {
        for name in SECTIONS {
            let Some(section) = part.get(name) else { continue };
            if made.is_elsewhere("resources", section) {
                continue;
            }
            for one in section.members().unwrap_or_default() {
                if !made.is_elsewhere(&one.key, &one.value) {
                    sections.entry(name).or_default().push(one.clone());
                }
            }
        }
    });
    made.rest(&value, &sections);
    let Made { mut resources, .. } = made;
    sections.entry("Resources").or_default().append(&mut resources);
    let (parameters, conditions) = reading.sections(span);
    sections.entry("Parameters").or_default().extend(parameters);
    sections.entry("Conditions").or_default().extend(conditions);
    let mut all = vec![member("AWSTemplateFormatVersion", text("2010-09-09", span))];
    for (name, members) in sections {
        all.push(member(name, Value { span, kind: Kind::Object(members) }));
    }
    Some(Value { span, kind: Kind::Object(all) })
}

struct Made<'r> {
    resources: Vec<Member>,
    reading: &'r Reading<'r>,
}

impl Made<'_> {
    fn add(&mut self, name: &str, of: &str, at: Span, properties: Vec<Member>) {
        let properties = Value { span: at, kind: Kind::Object(properties) };
        let kind = Kind::Object(vec![member("Type", text(of, at)), member("Properties", properties)]);
        self.resources.push(Member { key: name.to_owned(), key_span: at, value: Value { span: at, kind } });
    }

    /// The parts of a section that may be one or a list of them; one that stands in another file is told.
    fn lists(&mut self, name: &str, section: Option<&Value>, each: &mut dyn FnMut(&mut Self, &Value)) {
        for part in section.map(Value::items).unwrap_or_default() {
            if !self.is_elsewhere(name, part) {
                each(self, part);
            }
        }
    }

    /// Whether what stands here is written elsewhere, which is told then.
    fn is_elsewhere(&mut self, name: &str, value: &Value) -> bool {
        let choice = value.get("Fn::If").filter(|_| value.members().is_some_and(|all| all.len() == 1)).map(ToString::to_string);
        let Some(from) = self.reading.variable(value).or(choice) else { return false };
        let taken = |name: &str, all: &[Member]| all.iter().any(|one| one.key == name);
        let mut name = format!("serverless.{name}");
        while taken(&name, &self.resources) {
            name.push('\'');
        }
        self.add(&name, MADE, value.span, vec![member("From", text(&from, value.span))]);
        true
    }

    /// Everything else, in which whatever has statements is a policy, as in any other file.
    fn rest(&mut self, configuration: &Value, sections: &BTreeMap<&str, Vec<Member>>) {
        let mut read = BTreeSet::new();
        self.resources.iter().chain(sections.values().flatten()).for_each(|one| places(&one.value, &mut read));
        let mut members = configuration.members().unwrap_or_default().to_vec();
        for one in &mut members {
            let own: &[&str] = match one.key.as_str() {
                "resources" => &SECTIONS,
                "provider" => &["iam", "iamRoleStatements", "resourcePolicy"],
                _ => &[],
            };
            let all = match &mut one.value.kind {
                Kind::Array(all) => all.as_mut_slice(),
                _ => std::slice::from_mut(&mut one.value),
            };
            for part in all {
                remove(part, own);
                match (one.key.as_str(), &mut part.kind) {
                    ("functions", Kind::Object(all)) => {
                        all.iter_mut().for_each(|one| remove(&mut one.value, &["iamRoleStatements"]))
                    }
                    ("provider", Kind::Object(all)) => {
                        let api = all.iter_mut().filter(|one| one.key == "apiGateway");
                        api.for_each(|one| remove(&mut one.value, &["resourcePolicy"]));
                    }
                    _ => {}
                }
            }
            // What a variable refers to is read where it stands in its place.
            if one.key == "custom" {
                unused(&mut one.value, &read);
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

    /// Whether a value may be anything: a variable as a whole, or one of several things that are no texts.
    fn may_be_anything(&self, value: &Value) -> bool {
        let branches = value.get("Fn::If").and_then(Value::elements).and_then(|all| all.get(1..)).unwrap_or_default();
        let is_role = |one: &Value| {
            one.get("Fn::If").is_none()
                && one.members().is_some_and(|all| all.len() != 1 || ROLE_PARTS.contains(&all[0].key.as_str()))
        };
        self.reading.variable(value).is_some() || branches.iter().any(|one| self.may_be_anything(one) || is_role(one))
    }

    fn of_provider(&mut self, provider: &Value) {
        // A provider that is a variable may say anything.
        if self.may_be_anything(provider) {
            return self.role(ROLE, Some(provider), None, None);
        }
        let iam = provider.get("iam");
        let role = iam.and_then(|iam| iam.get("role"));
        let part = |name: &str| role.and_then(|role| role.get(name));
        // The role's ARN may stand in its place; what is a variable as a whole may be either.
        let whole = [iam, role].into_iter().flatten().find(|one| self.may_be_anything(one));
        let statements = part("statements").or_else(|| provider.get("iamRoleStatements")).or(whole);
        let managed = part("managedPolicies").or_else(|| provider.get("iamManagedPolicies"));
        let boundary = part("permissionsBoundary").or_else(|| part("permissionBoundary"));
        self.role(ROLE, statements, managed, boundary.or_else(|| provider.get("rolePermissionsBoundary")));
        let policy = provider.get("apiGateway").and_then(|api| api.get("resourcePolicy"));
        if let Some(all) = policy.or_else(|| provider.get("resourcePolicy")) {
            self.add("ApiGatewayRestApi", "AWS::ApiGateway::RestApi", all.span, vec![member("Policy", document(all))]);
        }
    }

    fn of_functions(&mut self, functions: &Value) {
        for function in functions.members().unwrap_or_default() {
            if !self.is_elsewhere(&format!("functions.{}", function.key), &function.value) {
                self.of_function(function);
            }
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

/// What a role may have, by which its description is told from the name of one.
const ROLE_PARTS: [&str; 6] = ["role", "statements", "managedPolicies", "permissionsBoundary", "permissionBoundary", "name"];

/// Takes members out of a value.
fn remove(value: &mut Value, names: &[&str]) {
    if let Kind::Object(members) = &mut value.kind {
        members.retain(|one| !names.contains(&one.key.as_str()));
    }
}

/// Where the lists and objects of a value stand.
fn places(value: &Value, out: &mut BTreeSet<(usize, usize)>) {
    let inner = value.members().unwrap_or_default().iter().map(|one| &one.value);
    if value.members().is_some() || value.elements().is_some() {
        out.insert((value.span.start, value.span.end));
    }
    inner.chain(value.elements().unwrap_or_default()).for_each(|one| places(one, out));
}

/// Takes out of a value what stands at such a place.
fn unused(value: &mut Value, read: &BTreeSet<(usize, usize)>) {
    let is_used =
        |one: &Value| read.contains(&(one.span.start, one.span.end)) && (one.members().is_some() || one.elements().is_some());
    match &mut value.kind {
        Kind::Object(members) => {
            members.retain(|one| !is_used(&one.value));
            members.iter_mut().for_each(|one| unused(&mut one.value, read));
        }
        Kind::Array(all) => {
            all.retain(|one| !is_used(one));
            all.iter_mut().for_each(|one| unused(one, read));
        }
        _ => {}
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
            ("['x:${self:custom.a}', y]", "{a: '${self:custom.b}z', b: 1}", r#""Action":["x:1z","y"]"#),
            ("'${self:custom.a, b}'", "{a: c}", r#""Action":"c""#),
            // Not known here, nor made up.
            ("'${self:custom.a, b}'", "{}", r#""Action":{"Ref":"self:custom_a, b"}"#),
            ("'${self:custom.a}'", "{a: '${opt:b}'}", r#""Action":{"Ref":"opt:b"}"#),
            ("'x${self:custom.a}'", "{a: [b]}", r#""Action":{"Fn::Join":["",["x",{"Ref":"self:custom_a"}]]}"#),
            ("'${self:custom.${opt:b}}'", "{a: b}", r#""Action":"b""#),
            (
                "'${self:custom.${opt:b}.x}'",
                "{a: {x: [c]}, d: {x: e}, f: {}}",
                r#""Action":{"Fn::If":["${opt:b} is a",["c"],"e"]}"#,
            ),
            ("'${self:custom.${opt:b}, self:custom.z}'", "{a: c, z: e}", r#""Action":{"Fn::If":["${opt:b} is a","c","e"]}"#),
            ("'s3:${self:custom.${opt:b}}'", "{a: c, d: e}", r#"["s3:",{"Fn::If":["${opt:b} is a","c","e"]}]"#),
            ("'${opt:a, ''*''}'", "{}", r#""opt:a":{"Type":"String","Default":"*"}"#),
            (
                "'${opt:a, self:custom.b}'",
                "{b: [c]}",
                r#"{"Fn::If":["opt:a, self:custom.b is given",{"Ref":"opt:a, self:custom_b"},["c"]]}"#,
            ),
            ("'${self:custom.x, ''iam:*''}'", "{}", r#""Action":"iam:*""#),
            ("'${file(a.yml):b}'", "{}", r#""Action":{"!${file(a.yml):b}":[]}"#),
            ("['${self:custom.b.c}']", "{b: '${file(a.yml)}'}", r#""Action":[{"!${self:custom.b.c}":[]}]"#),
            ("'x-${file(a.yml):b}'", "{}", r#"["x-",{"Ref":"file(a_yml):b"}]"#),
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
