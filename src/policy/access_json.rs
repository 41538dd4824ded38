//! An access definition as JSON: a policy (an object, or a string that holds one), or a stack of policies.
//!
//! A stack is an object with `identityPolicies`, `resourcePolicy`, `permissionBoundaries`, `sessionPolicies`,
//! `serviceControlPolicies`, `resourceControlPolicies`, `endpointPolicies` and, beside them, `managementAccount`. Levels of
//! service and resource control policies are lists of lists, from the organization's root down. `"resourcePolicy": null`
//! says that the resource has none; left out, it is not known.

use super::access::{Access, Stack};
use super::places::{PLACES, Row, Shape};
use super::{Policy, ResourcePolicy, normalize};
use crate::diag::{Diagnostic, Diagnostics, Source, Span};
use crate::document::{self, Document};
use crate::json::{Kind, Value};
use crate::sources::{self, STACK_MEMBERS, Wanted, is_stack};
use crate::value::arn;

/// Reads a policy document: an object, a text that holds JSON, or what the AWS CLI prints around one.
pub fn document(source: &Source, value: &Value, wanted: Wanted) -> Result<Document, Diagnostics> {
    let found = sources::policy(source, value, wanted)?;
    let mut document = document::read_value(&found.source, found.value)?;
    document.warnings.extend(found.note);
    Ok(document)
}

/// Reads an access definition.
pub fn read(source: &Source, value: &Value) -> Result<Access, Diagnostics> {
    let inner = sources::unquoted(source, value, Wanted::Access)?;
    let (source, value) = inner.as_ref().map_or((source, value), |(source, value)| (source, value));
    if !is_stack(value) {
        not_misspelled(source, value)?;
        return Ok(normalize(&document(source, value, Wanted::Access)?)?.into());
    }
    only_members_of_a_stack(source, value)?;
    Ok(stack(source, value)?.into())
}

/// Reads the policies that a request is decided under: a stack, or one policy, attached to the resource if it names
/// principals, else to the principal.
pub fn around_request(source: &Source, value: &Value) -> Result<Stack, Diagnostics> {
    let inner = sources::unquoted(source, value, Wanted::Access)?;
    let (source, value) = inner.as_ref().map_or((source, value), |(source, value)| (source, value));
    if is_stack(value) {
        only_members_of_a_stack(source, value)?;
        return stack(source, value);
    }
    not_misspelled(source, value)?;
    let found = document(source, value, Wanted::Access)?;
    Ok(match found.statements.iter().any(|statement| statement.principal.is_some()) {
        true => Stack { resource: ResourcePolicy::Given(policy(source, value, "resourcePolicy", true)?), ..Stack::default() },
        false => Stack { identity: Some(vec![policy(source, value, "identityPolicies[0]", false)?]), ..Stack::default() },
    })
}

/// An error, if a document is a stack all of whose members are misspelled.
fn not_misspelled(source: &Source, value: &Value) -> Result<(), Diagnostic> {
    let Some((member, meant)) = sources::misspelled_member(value) else { return Ok(()) };
    let message = format!("unknown member `{}`: neither a policy nor a stack has it", member.key);
    Err(misspelled(source, member.key_span, message, meant))
}

fn misspelled(source: &Source, span: Span, message: String, meant: &str) -> Diagnostic {
    Diagnostic::error("bad-stack", source, span, message, format!("did you mean `{meant}`?"))
}

fn only_members_of_a_stack(source: &Source, value: &Value) -> Result<(), Diagnostics> {
    if sources::recognize(value) == Some(sources::Kind::Simulation) {
        return Err(sources::wrong(source, start(value), sources::Kind::Simulation, Wanted::Access).into());
    }
    let known = |key: &str| STACK_MEMBERS.contains(&key);
    match value.members().unwrap_or(&[]).iter().find(|member| !known(&member.key)) {
        Some(unknown) => {
            let message = format!("unknown member `{}` of a stack", unknown.key);
            Err(match sources::stack_member_like(&unknown.key) {
                Some(meant) => misspelled(source, unknown.key_span, message, meant),
                None => bad(source, unknown.key_span, message),
            }
            .into())
        }
        None => Ok(()),
    }
}

fn start(value: &Value) -> Span {
    Span::new(value.span.start, value.span.start)
}

fn bad(source: &Source, span: Span, message: impl Into<String>) -> Diagnostic {
    let help = "a stack has identityPolicies, permissionBoundaries, sessionPolicies and endpointPolicies (lists of policies), \
                resourcePolicy (a policy), serviceControlPolicies and resourceControlPolicies (lists of levels, each a list)";
    Diagnostic::error("bad-stack", source, span, message, help)
}

/// Reads the members of a stack from an object that may have others beside them.
pub fn stack(source: &Source, value: &Value) -> Result<Stack, Diagnostics> {
    let management_account = match value.get("managementAccount") {
        None => None,
        Some(written) => match written.as_str().filter(|text| arn::is_account(text)) {
            Some(account) => Some(account.to_owned()),
            None => return Err(bad(source, written.span, "`managementAccount` must be a string of 12 digits").into()),
        },
    };
    let mut out = Stack { management_account, ..Stack::default() };
    // The one policy of the resource first: what is wrong with it is told first.
    let (ones, others): (Vec<&Row>, Vec<&Row>) = PLACES.iter().partition(|row| row.shape == Shape::One);
    for row in ones.into_iter().chain(others) {
        if let Some(written) = value.get(row.member) {
            (row.put)(&mut out, levels(source, written, row)?);
        }
    }
    Ok(out)
}

/// The policies of a place, by level.
fn levels(source: &Source, written: &Value, row: &Row) -> Result<Vec<Vec<Policy>>, Diagnostics> {
    let (member, principals) = (row.member, row.has_principals);
    match row.shape {
        Shape::One if written.kind == Kind::Null => Ok(Vec::new()),
        Shape::One => Ok(vec![vec![policy(source, written, member, principals)?]]),
        Shape::List => Ok(vec![policies(source, written, member, principals)?]),
        Shape::Levels => {
            let Some(levels) = written.elements() else {
                let message = format!("`{member}` must be a list of levels, not {}", written.kind_name());
                return Err(bad(source, written.span, message).into());
            };
            let level = |(at, level): (usize, &Value)| policies(source, level, &format!("{member}[{at}]"), principals);
            levels.iter().enumerate().map(level).collect()
        }
    }
}

fn policies(source: &Source, value: &Value, name: &str, principals: bool) -> Result<Vec<Policy>, Diagnostics> {
    let Some(elements) = value.elements() else {
        let message = format!("`{name}` must be a list of policies, not {}", value.kind_name());
        return Err(bad(source, value.span, message).into());
    };
    let each = |(at, element): (usize, &Value)| policy(source, element, &format!("{name}[{at}]"), principals);
    elements.iter().enumerate().map(each).collect()
}

fn policy(source: &Source, value: &Value, name: &str, principals: bool) -> Result<Policy, Diagnostics> {
    let policy = normalize(&document(source, value, Wanted::Policy)?)?;
    match policy.statements.iter().find(|statement| statement.principal.is_some() != principals) {
        None => Ok(policy),
        Some(statement) => {
            let (message, help) = if principals {
                (format!("a statement of `{name}` names no principal"), "add Principal: this type of policy needs it")
            } else {
                (format!("a statement of `{name}` names principals"), "remove Principal: this type of policy has none")
            };
            Err(Diagnostic::error("wrong-policy-type", &policy.source, statement.span, message, help).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Budget;

    fn said(text: &str) -> String {
        let source = Source::new("s.json", text);
        let value = crate::json::read(&source, &Budget::default()).unwrap();
        match read(&source, &value) {
            Ok(access) => access.members().iter().map(|member| member.name.clone()).collect::<Vec<_>>().join(" "),
            Err(found) => found.to_string().split(';').next().unwrap_or("").to_owned(),
        }
    }

    #[test]
    fn policies_and_stacks_are_told_apart_and_bad_ones_refused_with_their_place() {
        let identity = r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
        let resource = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}}"#;
        assert_eq!(said(identity), "policy");
        assert_eq!(said(&serde_json::Value::String(identity.to_owned()).to_string()), "policy");
        let all = format!(
            r#"{{"identityPolicies":[{identity},{identity}],"resourcePolicy":{resource},"serviceControlPolicies":[[{identity}],[]]}}"#
        );
        assert_eq!(said(&all), "identityPolicies[0] identityPolicies[1] resourcePolicy serviceControlPolicies[0][0]");
        for (text, part) in [
            (format!(r#"{{"identityPolicies":{identity}}}"#), "s.json:1:21: `identityPolicies` must be a list of policies"),
            (
                format!(r#"{{"identityPolicies":[{resource}]}}"#),
                "s.json:1:35: a statement of `identityPolicies[0]` names principals",
            ),
            (format!(r#"{{"serviceControlPolicies":[{identity}]}}"#), "s.json:1:28: `serviceControlPolicies[0]` must be a list"),
            (r#"{"identityPolicies":[],"scp":[]}"#.to_owned(), "s.json:1:24: unknown member `scp` of a stack"),
            (r#"{"identityPolicies":[],"managementAccount":"1"}"#.to_owned(), "s.json:1:44: `managementAccount`"),
        ] {
            let said = said(&text);
            assert!(said.starts_with(part), "{text}: {said}");
        }
    }

    #[test]
    fn every_member_and_every_way_to_write_a_policy() {
        let identity = r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
        let resource = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}}"#;
        let quoted = |text: &str| serde_json::Value::String(text.to_owned()).to_string();
        let all = format!(
            r#"{{"identityPolicies":[{}],"resourcePolicy":{},"permissionBoundaries":[{identity}],"sessionPolicies":[{identity}],
                "serviceControlPolicies":[[{identity}]],"resourceControlPolicies":[[],[{resource}]],"endpointPolicies":[{resource}],
                "managementAccount":"111122223333"}}"#,
            quoted(identity),
            quoted(resource)
        );
        let names = "identityPolicies[0] resourcePolicy permissionBoundaries[0] sessionPolicies[0] \
                     serviceControlPolicies[0][0] resourceControlPolicies[1][0] endpointPolicies[0]";
        assert_eq!((said(&all), said(&quoted(&all))), (names.to_owned(), names.to_owned()));
        assert_eq!(said(r#"{"resourcePolicy":null,"identityPolicies":[]}"#), "");
        // With statements it is a policy, and a policy has no such member.
        let both = format!(r#"{{"identityPolicies":[],{}"#, &identity[1..]);
        assert!(said(&both).contains("identityPolicies") && !said(&both).contains("identityPolicies[0]"), "{}", said(&both));
        for (text, part) in [
            (format!(r#"{{"resourcePolicy":{identity}}}"#), "a statement of `resourcePolicy` names no principal"),
            (format!(r#"{{"endpointPolicies":[{identity}]}}"#), "a statement of `endpointPolicies[0]` names no principal"),
            (
                format!(r#"{{"resourceControlPolicies":[[{identity}]]}}"#),
                "a statement of `resourceControlPolicies[0][0]` names no",
            ),
            (
                format!(r#"{{"serviceControlPolicies":[[{resource}]]}}"#),
                "a statement of `serviceControlPolicies[0][0]` names principals",
            ),
            (format!(r#"{{"sessionPolicies":[{resource}]}}"#), "a statement of `sessionPolicies[0]` names principals"),
            (format!(r#"{{"permissionBoundaries":[{resource}]}}"#), "a statement of `permissionBoundaries[0]` names principals"),
            (r#"{"resourceControlPolicies":{}}"#.to_owned(), "`resourceControlPolicies` must be a list of levels"),
            (r#"{"managementAccount":111122223333}"#.to_owned(), "`managementAccount` must be a string of 12 digits"),
        ] {
            let said = said(&text);
            assert!(said.contains(part), "{text}: {said}");
        }
    }
}
