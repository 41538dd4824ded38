//! A difference of access, for programs.
//!
//! A region can be read back from its members alone. A request is in it if and only if
//!
//! - its action is of `actions`, and the statement `by` matches it;
//! - the statement `deniedBy` matches it, where there is one;
//! - of each entry of `within` some statement of `anyOf` matches it;
//! - no statement of `except` matches it.
//!
//! Statements are given with their elements as written, those of a document of another version than 2012-10-17 (whose
//! `${..}` are texts) with their `Version`. For policies that stand alone that is all; the members of stacks
//! count under the rules of stacks. With `"exist": false` the action stands for actions that do not exist today.

use super::difference::{message, written};
use super::json::{Check, Proof, Result, Schema, Warning, proof};
use crate::catalog::Catalog;
use crate::policy::{Access, Policy};
use crate::question;
use crate::question::difference::{self, Cause, Difference};
use crate::request::request_json::{self, Written};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

/// The answer to `diff`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DiffAnswer {
    schema: Schema,
    check: Check,
    result: Result,
    /// The result in a sentence.
    message: String,
    /// What the new version grants and the old one does not; the regions are disjoint.
    added: Vec<Region>,
    /// What the old version grants and the new one does not.
    removed: Vec<Region>,
    proof: Proof,
    /// What is worth knowing beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    /// What is worth knowing about the policies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// A set of requests; the documentation says how it is read back.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Region {
    /// Action patterns.
    actions: Vec<String>,
    /// Whether an action of them exists today.
    exist: bool,
    #[serde(flatten)]
    place: Place,
    /// Who grants it.
    by: By,
    /// The Deny statement of the other side that matches it, where that is the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    denied_by: Option<Sided>,
    /// The boundary or level of the other side that does not allow it, where that is the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_allowed_by: Option<Closed>,
    /// Of each of these, some statement matches it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    within: Vec<Within>,
    /// None of these matches it.
    except: Vec<Sided>,
    /// A request in it, replayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<Written>,
}

/// Where a region is: elements of the statement that grants it, as written.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct Place {
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_principal: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_resource: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Value>,
}

/// Who grants a region.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(untagged)]
enum By {
    /// A statement.
    Statement(Box<Statement>),
    /// The account's root, which needs no identity policy.
    Root {
        /// `root`.
        principal: &'static str,
    },
}

/// A statement: where it stands, and its elements as written.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    /// Its place in its policy, from 0.
    #[serde(rename = "statementIndex", skip_serializing_if = "Option::is_none")]
    statement_index: Option<usize>,
    /// `Allow` or `Deny`.
    #[serde(rename = "effect", skip_serializing_if = "Option::is_none")]
    effect: Option<String>,
    /// The policy's name in the stack; absent of a policy alone.
    #[serde(rename = "policy", skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    /// Its Sid, if it has one.
    #[serde(rename = "statementId", skip_serializing_if = "Option::is_none")]
    statement_id: Option<String>,
    /// Of a document whose `${..}` are texts: `2008-10-17`.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_principal: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_action: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_resource: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Value>,
}

/// On which side something stands.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Side {
    /// The version that grants the region.
    Same,
    /// The one that does not.
    Other,
}

impl Side {
    fn of(other: bool) -> Self {
        if other { Self::Other } else { Self::Same }
    }
}

/// A statement of one of the sides.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Sided {
    #[serde(flatten)]
    statement: Statement,
    side: Side,
}

/// A boundary, or a level of control policies, by its name in the stack.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Closed {
    side: Side,
    policy: String,
}

/// A boundary, or a level of control policies, that a region is within.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Within {
    side: Side,
    policy: String,
    any_of: Vec<Statement>,
}

/// The version of documents whose statements have policy variables.
const VARIABLES: &str = "2012-10-17";

/// Whether the statements of a policy have policy variables, as its document's version says.
fn has_variables(policy: &Policy) -> bool {
    let text = policy.source.text.get(policy.span.start..policy.span.end).unwrap_or_default();
    let document: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
    document.get("Version").is_some_and(|version| version == VARIABLES)
}

/// A statement by its number.
fn statement(access: &Access, number: usize) -> Statement {
    let Some((member, statement)) = access.statement(number) else { return Statement::default() };
    let written = written(access, number);
    let element = |name: &str| written.get(name).cloned();
    Statement {
        statement_index: Some(statement.index),
        effect: Some(format!("{:?}", statement.effect)),
        policy: (!access.is_alone()).then(|| member.name.clone()),
        statement_id: statement.sid.clone(),
        version: (!has_variables(&member.policy)).then_some("2008-10-17"),
        principal: element("Principal"),
        not_principal: element("NotPrincipal"),
        action: element("Action"),
        not_action: element("NotAction"),
        resource: element("Resource"),
        not_resource: element("NotResource"),
        condition: element("Condition"),
    }
}

fn region(region: &difference::Region, grants: &Access, unless: &Access) -> Region {
    let bounds = &region.bounds;
    let of_side = |other: bool| if other { unless } else { grants };
    let sided = |other: bool, number: usize| Sided { statement: statement(of_side(other), number), side: Side::of(other) };
    let by = bounds.statement.map(|number| statement(grants, number));
    let place = by.clone().map_or_else(Place::default, |by| Place {
        principal: by.principal,
        not_principal: by.not_principal,
        resource: by.resource,
        not_resource: by.not_resource,
        condition: by.condition,
    });
    let (mut denied_by, mut not_allowed_by) = (None, None);
    match &bounds.cause {
        Cause::NotGranted => {}
        Cause::Denied(deny) => denied_by = Some(sided(true, *deny)),
        Cause::Closed(member) => not_allowed_by = Some(Closed { side: Side::Other, policy: member.to_string() }),
    }
    let within = bounds.within.iter().map(|one| Within {
        side: Side::of(one.other),
        policy: one.name.clone(),
        any_of: one.statements.iter().map(|number| statement(of_side(one.other), *number)).collect(),
    });
    Region {
        actions: region.actions.clone(),
        exist: region.exists,
        place,
        by: by.map_or(By::Root { principal: "root" }, |by| By::Statement(Box::new(by))),
        denied_by,
        not_allowed_by,
        within: within.collect(),
        except: bounds.except.iter().map(|one| sided(one.other, one.number)).collect(),
        witness: region.witness.as_ref().map(request_json::written),
    }
}

/// For programs.
pub fn json(difference: &Difference, old: &Access, new: &Access) -> DiffAnswer {
    let result = match (&difference.unknown, difference.added.is_empty() && difference.removed.is_empty()) {
        (Some(_), _) => Result::Unknown,
        (None, true) => Result::Pass,
        (None, false) => Result::Fail,
    };
    let question::Proof { engine, obligations, milliseconds, .. } = difference.proof;
    DiffAnswer {
        schema: Schema::THIS,
        check: Check::Diff,
        result,
        message: message(difference, str::to_owned),
        added: difference.added.iter().map(|one| region(one, new, old)).collect(),
        removed: difference.removed.iter().map(|one| region(one, old, new)).collect(),
        proof: proof(engine, obligations, milliseconds, Catalog::LATEST),
        notes: difference.notes.clone(),
        warnings: Vec::new(),
    }
}
