//! What becomes of one request under a policy or a stack of policies?

use super::line::{Line, bad, plain};
use super::written::{Id, OneOrList, Stack};
use super::{Failed, Options};
use crate::catalog::nearest;
use crate::diag::{Diagnostics, Source, Span};
use crate::json::Value;
use crate::policy::{self, access_json};
use crate::report::warnings::InLine;
use crate::report::{Found, Report};
use crate::request::request_json;
use crate::simulate::Simulator;
use crate::sources::{self, Kind as Document, STACK_MEMBERS, Wanted, is_stack};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What becomes of one request under a policy or a stack of policies?
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// What identifies the line: it comes back as it was written.
    #[serde(default)]
    pub id: Id,
    /// The question.
    pub check: Check,
    /// The request to decide.
    pub request: Asked,
    /// The policies that apply; an absent one does not.
    #[serde(flatten)]
    pub stack: Stack,
}

/// The question's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "names")]
pub enum Check {
    #[serde(rename = "simulate")]
    Own,
}

/// A request to an AWS API.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct Asked {
    /// Who asks.
    pub principal: Principal,
    /// `service:Name`.
    pub action: String,
    /// On what; `*` by default.
    pub resource: Option<Resource>,
    /// Condition keys with their values; what follows from the principal and the resource may be left out.
    #[serde(default)]
    pub context: BTreeMap<String, OneOrList<Scalar>>,
}

/// Who asks: an ARN, an account id, a service's name, `anonymous`, or a kind with an id.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Principal {
    /// An ARN, an account id, a service's name, or `anonymous`.
    Name(String),
    /// A kind with an id.
    Of {
        /// Which kind.
        #[serde(rename = "type")]
        kind: Kind,
        /// Its name.
        id: String,
    },
}

/// A kind of principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "AWS's names")]
pub enum Kind {
    #[serde(rename = "AWS")]
    Aws,
    Service,
    Federated,
    CanonicalUser,
}

/// On what: an ARN, or one with the account that owns it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Resource {
    /// An ARN, or `*` for an action without a resource.
    Arn(String),
    /// With its owner.
    Owned {
        /// The ARN.
        arn: String,
        /// The account that owns it.
        #[serde(rename = "accountId")]
        account_id: Option<String>,
    },
}

/// A value of a condition key.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Scalar {
    /// A text.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(serde_json::Number),
}

/// The question, read.
#[derive(Debug, Clone)]
pub struct Simulate {
    /// The policies that apply; an absent one does not.
    pub stack: policy::Stack,
    /// The requests to decide.
    pub requests: Vec<crate::request::Request>,
}

impl Simulate {
    /// From a document with `request` or `requests`, and policies.
    ///
    /// # Errors
    /// It is another document, or a member of it cannot be used.
    pub fn read(source: &Source, value: &Value) -> Result<Self, Diagnostics> {
        let help = "write {\"request\": .., \"identityPolicies\": [..], ..}";
        if let Some(kind @ (Document::Policy | Document::Statement | Document::Statements)) = sources::recognize(value) {
            let start = Span::new(value.span.start, value.span.start);
            return Err(sources::wrong(source, start, kind, Wanted::Simulation).into());
        }
        let known = |key: &str| STACK_MEMBERS.contains(&key) || ["id", "check", "request", "requests"].contains(&key);
        if let Some(unknown) = value.members().unwrap_or(&[]).iter().find(|member| !known(&member.key)) {
            let others = ["request", "requests"].into_iter();
            let meant = sources::stack_member_like(&unknown.key).or_else(|| nearest::first(&unknown.key, others));
            let help = meant.map_or_else(|| help.to_owned(), |meant| format!("did you mean `{meant}`?"));
            return Err(bad(source, unknown.key_span, format!("unknown member `{}` of a simulation", unknown.key), &help).into());
        }
        if !is_stack(value) {
            return Err(bad(source, value.span, "a simulation needs policies", help).into());
        }
        let stack = access_json::stack(source, value)?;
        let requests: Vec<&Value> = match (value.get("request"), value.get("requests").and_then(Value::elements)) {
            (Some(one), None) => vec![one],
            (None, Some(many)) => many.iter().collect(),
            _ => {
                let help = "add the request to decide, or give it with --principal, --action and --resource";
                return Err(bad(source, value.span, "give either `request` or `requests`", help).into());
            }
        };
        let mut read = Vec::new();
        for written in requests {
            let help = "write {\"principal\": .., \"action\": .., \"resource\": .., \"context\": {..}}";
            let request = request_json::from_json(&plain(written)).map_err(|message| bad(source, written.span, message, help))?;
            read.push(request);
        }
        Ok(Simulate { stack, requests: read })
    }

    /// A report for each request, and the policies as they were read.
    pub fn answer(self, options: &Options) -> (policy::Access, Vec<Report>) {
        let simulator = Simulator::new(self.stack, options.settings.readings);
        let decide = |request| Found::Simulated(Box::new(simulator.decide(request))).report();
        (simulator.access().clone(), self.requests.iter().map(decide).collect())
    }
}

/// Answers a line of `batch`.
pub(super) fn of_line(line: &Line<'_>, options: &Options) -> Result<Report, Failed> {
    let Line { source, value, .. } = *line;
    if let Some(many) = value.get("requests") {
        return Err(bad(source, many.span, "a line decides one request", "write `request`, and a line for each").into());
    }
    let (access, reports) = Simulate::read(source, value)?.answer(options);
    InLine::of(&access, source).iter().for_each(|one| line.tell(one, None));
    reports.into_iter().next().ok_or_else(|| bad(source, value.span, "the line has no `request`", "add it").into())
}
