//! Who can do what, as text and as JSON Lines.

use super::json::{Schema, Versions, versions};
use crate::account::who_can::{Answered, Grant, Line, Summary, Verdict};
use crate::catalog::Catalog;
use crate::diag::escape;
use crate::request::request_json::{self, Written};
use schemars::JsonSchema;
use serde::Serialize;

/// One line of an answer to `who-can`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum WhoCanAnswer {
    /// What is said of one principal, or of somebody outside.
    Principal(PrincipalAnswer),
    /// The sum: the last line.
    Summary(SummaryAnswer),
}

/// What is said of one principal.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PrincipalAnswer {
    schema: Schema,
    /// Its ARN; of outsiders what the policy names.
    principal: String,
    verdict: VerdictName,
    /// The actions, as asked, that the verdict is about: of CAN those that it can do.
    actions: Vec<String>,
    /// The resources, as asked, that the verdict is about; of outsiders those whose policy lets them in.
    resources: Vec<String>,
    /// True of somebody outside the accounts.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    outside: bool,
    /// A request that shows CAN, replayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<Written>,
    /// The statements that grant the witness.
    #[serde(skip_serializing_if = "Option::is_none")]
    grants: Option<Vec<GrantAnswer>>,
    /// What the verdict rests on, or why there is none.
    notes: Vec<String>,
    /// Each answer by itself, where several actions or resources were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    answers: Vec<OneAnswer>,
}

/// CAN: shown by a request. CANNOT: proved. UNKNOWN: not decided.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum VerdictName {
    Can,
    Cannot,
    Unknown,
}

impl From<Verdict> for VerdictName {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Can => Self::Can,
            Verdict::Cannot => Self::Cannot,
            Verdict::Unknown => Self::Unknown,
        }
    }
}

/// A statement that grants a witness.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct GrantAnswer {
    /// The ARN of a managed policy, the name of an inline one, the ARN of the resource that it stands on.
    policy: String,
    /// The statement's place in it, from 0.
    statement_index: usize,
    /// Its Sid, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    statement_id: Option<String>,
}

/// What was answered of one action and resource.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct OneAnswer {
    /// The action as asked.
    action: String,
    verdict: VerdictName,
    /// The resource as asked; absent where none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    /// A request that shows CAN, replayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<Written>,
}

/// The line at the end.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SummaryAnswer {
    schema: Schema,
    summary: Counted,
    proof: Versions,
}

/// How many lines of which kind there are.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Counted {
    /// Users, roles and account roots that were asked about.
    principals: usize,
    /// Of these, who can.
    can: usize,
    /// Who cannot, proved.
    cannot: usize,
    /// Of whom it is not known.
    unknown: usize,
    /// Account roots among them, which have no line of their own.
    roots: usize,
    /// Lines of outsiders.
    outside: usize,
    /// Wall-clock time.
    milliseconds: f64,
}

/// One line of JSON a principal, the summary last.
pub fn json(lines: &[Line], summary: &Summary) -> Vec<WhoCanAnswer> {
    let Summary { principals, can, cannot, unknown, roots, outside, milliseconds } = *summary;
    let summary = Counted { principals, can, cannot, unknown, roots, outside, milliseconds };
    let summary = SummaryAnswer { schema: Schema::THIS, summary, proof: versions(Catalog::LATEST) };
    lines.iter().map(line).map(WhoCanAnswer::Principal).chain([WhoCanAnswer::Summary(summary)]).collect()
}

fn grant(grant: &Grant) -> GrantAnswer {
    let Grant { policy, statement_index, statement_id } = grant.clone();
    GrantAnswer { policy, statement_index, statement_id }
}

fn one(answer: &Answered) -> OneAnswer {
    let Answered { action, resource, verdict, witness } = answer;
    let witness = witness.as_ref().map(request_json::written);
    OneAnswer { action: action.clone(), verdict: (*verdict).into(), resource: resource.clone(), witness }
}

/// What is said of one principal.
pub(super) fn line(line: &Line) -> PrincipalAnswer {
    PrincipalAnswer {
        schema: Schema::THIS,
        principal: line.principal.clone(),
        verdict: line.verdict.into(),
        actions: line.actions.clone(),
        resources: line.resources.clone(),
        outside: line.outside,
        witness: line.witness.as_ref().map(request_json::written),
        grants: line.witness.as_ref().map(|_| line.grants.iter().map(grant).collect()),
        notes: line.notes.clone(),
        answers: line.answers.iter().map(one).collect(),
    }
}

/// For people: who can, with what grants it; who cannot in one line each.
pub fn text(lines: &[Line], summary: &Summary) -> String {
    let mut out = String::new();
    let mut say = |text: String| {
        out.push_str(&escape::text(&text));
        out.push('\n');
    };
    for line in lines {
        let outside = if line.outside { " (outside)" } else { "" };
        say(format!("{:<7} {}{outside}", line.verdict.name(), line.principal));
        if let Some(witness) = &line.witness {
            say(format!("        {} on {}", witness.action, witness.resource));
        }
        for grant in &line.grants {
            let sid = grant.statement_id.as_ref().map(|sid| format!(" ({sid})")).unwrap_or_default();
            say(format!("        by {} statement {}{sid}", grant.policy, grant.statement_index));
        }
        if line.answers.len() > 1 && line.witness.is_some() {
            say(format!("        of what was asked: {}", line.actions.join(", ")));
        }
        for note in &line.notes {
            say(format!("        note: {note}"));
        }
    }
    let Summary { principals, can, cannot, unknown, roots, outside, milliseconds } = summary;
    let roots = if *roots == 1 { "the account's root".to_owned() } else { format!("{roots} account roots") };
    say(format!(
        "{principals} principals, {roots} among them: {can} can, {cannot} cannot (proved), {unknown} unknown; {outside} outside; {milliseconds} ms"
    ));
    out
}
