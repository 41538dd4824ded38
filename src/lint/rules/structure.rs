//! Does the document have the parts of a policy, each of the right type?
//!
//! What has a wrong type is told once, and no other rule looks at it.
//!
//! Source: IAM User Guide, "Grammar of the IAM JSON policy language"; AWS's checks of the same names.

use crate::json::{Kind, Value};
use crate::lint::finding::{Place, Step};
use crate::lint::registry::Emit;
use crate::lint::view::{Element, Policy, Principal, each, places};

const TOP: [&str; 3] = ["Version", "Id", "Statement"];

const STATEMENT: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// Statements, objects or not.
fn statements<'a>(policy: &Policy<'a>) -> Vec<(&'a Value, Place)> {
    let Some(value) = policy.json.get("Statement") else { return Vec::new() };
    each(value, &Place { path: vec![Step::Value("Statement".to_owned())], span: value.span })
}

/// `DATA_TYPE_MISMATCH`
pub(crate) fn data_type_mismatch(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    let Some(members) = policy.json.members() else {
        return wrong(emit, policy.json, &policy.whole(), "an object");
    };
    for member in members.iter().filter(|member| matches!(member.key.as_str(), "Version" | "Id")) {
        text(emit, &member.value, &places(member, &policy.whole()).1);
    }
    for (statement, at) in statements(policy) {
        let Some(members) = statement.members() else {
            wrong(emit, statement, &at, "an object");
            continue;
        };
        for member in members {
            let value = &member.value;
            let (_, at) = places(member, &at);
            match member.key.as_str() {
                "Sid" | "Effect" => text(emit, value, &at),
                "Action" | "NotAction" | "Resource" | "NotResource" => texts(emit, value, &at),
                "Principal" | "NotPrincipal" => match &value.kind {
                    Kind::String(_) => {}
                    Kind::Object(kinds) => kinds.iter().for_each(|one| texts(emit, &one.value, &places(one, &at).1)),
                    // A list of principals is told as a principal without a kind.
                    Kind::Array(_) => {}
                    Kind::Null | Kind::Bool(_) | Kind::Number(_) => wrong(emit, value, &at, "an object"),
                },
                "Condition" => condition(emit, value, &at),
                _ => {}
            }
        }
    }
}

fn condition(emit: &mut Emit<'_>, value: &Value, at: &Place) {
    let Some(blocks) = value.members() else { return wrong(emit, value, at, "an object of operators") };
    for block in blocks {
        let (_, at) = places(block, at);
        let Some(keys) = block.value.members() else {
            wrong(emit, &block.value, &at, "an object of condition keys");
            continue;
        };
        for key in keys {
            for (one, at) in each(&key.value, &places(key, &at).1) {
                if !matches!(one.kind, Kind::String(_) | Kind::Number(_) | Kind::Bool(_)) {
                    wrong(emit, one, &at, "a text, a number or a truth value");
                }
            }
        }
    }
}

fn wrong(emit: &mut Emit<'_>, value: &Value, at: &Place, expected: &str) {
    emit.at(at, format!("{} stands here: write {expected}", value.kind_name()));
}

fn text(emit: &mut Emit<'_>, value: &Value, at: &Place) {
    if value.as_str().is_none() {
        wrong(emit, value, at, "a text");
    }
}

fn texts(emit: &mut Emit<'_>, value: &Value, at: &Place) {
    for (one, at) in each(value, at) {
        if one.as_str().is_none() {
            wrong(emit, one, &at, "a text, or a list of texts");
        }
    }
}

/// `INVALID_POLICY_ELEMENT`
pub(crate) fn invalid_policy_element(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    let mut look = |value: &Value, at: &Place, known: &[&str]| {
        for member in value.members().unwrap_or_default().iter().filter(|member| !known.contains(&member.key.as_str())) {
            let near = known.iter().find(|one| one.eq_ignore_ascii_case(&member.key));
            let hint = near.map_or_else(|| format!("known are {}", known.join(", ")), |one| format!("did you mean {one}?"));
            emit.at(&places(member, at).0, format!("a policy has no element `{}` here: {hint}", member.key));
        }
    };
    look(policy.json, &policy.whole(), &TOP);
    for (statement, at) in statements(policy) {
        look(statement, &at, &STATEMENT);
    }
}

/// `INVALID_VERSION`
pub(crate) fn invalid_version(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    let member = policy.json.members().unwrap_or_default().iter().find(|member| member.key == "Version");
    let version = member.and_then(|member| Some((member.value.as_str()?, places(member, &policy.whole()).1)));
    if let Some((text, at)) = version.filter(|(text, _)| !matches!(*text, "2012-10-17" | "2008-10-17")) {
        emit.at(&at, format!("`{text}` is not a version of the policy language: write 2012-10-17"));
    }
}

/// `MISSING_VERSION`
pub(crate) fn missing_version(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    if policy.json.members().is_some_and(|members| members.iter().all(|member| member.key != "Version")) {
        emit.at(&policy.whole(), "without a Version the policy is read as of 2008-10-17, without variables: add 2012-10-17");
    }
}

/// `MISSING_STATEMENT`
pub(crate) fn missing_statement(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    if policy.json.members().is_some() && policy.json.get("Statement").is_none() {
        emit.at(&policy.whole(), "the policy has no Statement: add one");
    }
}

/// `MISSING_EFFECT`, `MISSING_ACTION`, `MISSING_RESOURCE`, `MISSING_PRINCIPAL`
pub(crate) fn missing_element(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    let (wanted, help): (&[&str], &str) = match emit.code() {
        "MISSING_EFFECT" => (&["Effect"], "write Allow or Deny"),
        "MISSING_ACTION" => (&["Action", "NotAction"], "add the actions that it is about"),
        "MISSING_RESOURCE" => (&["Resource", "NotResource"], "add the resources that it is about"),
        _ => (&["Principal", "NotPrincipal"], "say whom it is about"),
    };
    for statement in policy.statements.iter().filter(|statement| !wanted.iter().any(|name| statement.has(name))) {
        emit.at(&statement.at, format!("the statement has no {}: {help}", wanted.join(" and no ")));
    }
}

/// `INVALID_EFFECT`
pub(crate) fn invalid_effect(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for effect in policy.statements.iter().filter_map(|statement| statement.member("Effect")) {
        if let Some(text) = effect.value.as_str().filter(|text| !matches!(*text, "Allow" | "Deny")) {
            emit.at(&effect.at, format!("`{text}` is not an effect: write Allow or Deny"));
        }
    }
}

/// `UNSUPPORTED_ELEMENT_COMBINATION`
pub(crate) fn unsupported_element_combination(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for statement in &policy.statements {
        for (plain, negated) in [("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal")] {
            if let (Some(one), Some(other)) = (statement.member(plain), statement.member(negated)) {
                let details = format!("a statement has either {plain} or {negated}, not both: remove one");
                emit.places(vec![one.key, other.key], details);
            }
        }
    }
}

/// `UNSUPPORTED_PRINCIPAL`, `SCP_SYNTAX_ERROR_PRINCIPAL`
pub(crate) fn unsupported_principal(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for principal in policy.statements.iter().flat_map(|statement| statement.principals()) {
        let Principal { element: Element { key, name, .. }, .. } = principal;
        let whom = match emit.code() {
            "UNSUPPORTED_PRINCIPAL" => "an identity policy is about whom it is attached to",
            _ => "a service control policy is about every principal of the account",
        };
        emit.at(key, format!("{whom}: remove {name}, or use a policy of the resource"));
    }
}

/// `EMPTY_ARRAY_ACTION`, `EMPTY_ARRAY_RESOURCE`, `EMPTY_ARRAY_PRINCIPAL`
pub(crate) fn empty_array(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    let is_empty = |value: &Value| value.elements().is_some_and(<[Value]>::is_empty);
    for statement in &policy.statements {
        let elements: Vec<Element<'_>> = match emit.code() {
            "EMPTY_ARRAY_ACTION" => statement.action.iter().chain(&statement.not_action).cloned().collect(),
            "EMPTY_ARRAY_RESOURCE" => statement.resource.iter().chain(&statement.not_resource).cloned().collect(),
            _ => statement.principals().flat_map(|one| one.kinds.iter().chain([&one.element])).cloned().collect(),
        };
        for element in elements.iter().filter(|element| is_empty(element.value)) {
            emit.at(
                &element.at,
                format!("the list of {} is empty, so the statement does nothing: fill or remove it", element.name),
            );
        }
    }
}

/// `EMPTY_OBJECT_PRINCIPAL`, `EMPTY_OBJECT_CONDITION`
pub(crate) fn empty_object(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    let is_empty = |value: &Value| value.members().is_some_and(<[crate::json::Member]>::is_empty);
    for statement in &policy.statements {
        if emit.code() == "EMPTY_OBJECT_PRINCIPAL" {
            for principal in statement.principals().filter(|principal| is_empty(principal.element.value)) {
                emit.at(&principal.element.at, "nobody is named, so the statement does nothing: name somebody");
            }
        } else if let Some(condition) = statement.member("Condition") {
            let blocks = condition.value.members().unwrap_or_default().iter().filter(|block| is_empty(&block.value));
            let empty: Vec<Place> = match is_empty(condition.value) {
                true => vec![condition.at.clone()],
                false => blocks.map(|block| places(block, &condition.at).1).collect(),
            };
            for at in &empty {
                emit.at(at, "the condition is empty and limits nothing: fill or remove it");
            }
        }
    }
}
