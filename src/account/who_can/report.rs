//! From answers to lines: one a principal, whatever was asked.

use super::super::scope::Who;
use super::{Answer, Question, Verdict};
use crate::request::Request;
use std::collections::BTreeMap;
use std::time::Instant;

/// A statement that grants a witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The policy: the ARN of a managed one, the name of an inline one, the ARN of the resource that it stands on.
    pub policy: String,
    /// The statement's place in it, from 0.
    pub statement_index: usize,
    /// Its Sid, if it has one.
    pub statement_id: Option<String>,
}

/// What was answered of one action and resource.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The action as asked.
    pub action: String,
    /// The resource as asked; `None` for any.
    pub resource: Option<String>,
    /// The answer.
    pub verdict: Verdict,
    /// A request that shows it, if it is CAN.
    pub witness: Option<Request>,
}

/// What is said of one principal.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its ARN; of outsiders what the policy names.
    pub principal: String,
    /// Whether it is outside the accounts of the input.
    pub outside: bool,
    /// CAN if it can do something that was asked, CANNOT if it can do nothing of it.
    pub verdict: Verdict,
    /// The actions, as asked, that the verdict is about: of CAN those that it can do.
    pub actions: Vec<String>,
    /// The resources, as asked, that the verdict is about; of outsiders those whose policy lets them in.
    pub resources: Vec<String>,
    /// A request that shows CAN.
    pub witness: Option<Request>,
    /// What grants the witness.
    pub grants: Vec<Grant>,
    /// What the verdict rests on, or why there is none.
    pub notes: Vec<String>,
    /// Each answer by itself, where several were asked for.
    pub answers: Vec<Answered>,
}

/// The line at the end.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Summary {
    /// Users, roles and account roots that were asked about.
    pub principals: usize,
    /// Of these, who can.
    pub can: usize,
    /// Who cannot, proved.
    pub cannot: usize,
    /// Of whom it is not known.
    pub unknown: usize,
    /// Account roots among them, which have no line of their own.
    pub roots: usize,
    /// Lines of outsiders.
    pub outside: usize,
    /// Wall-clock time.
    pub milliseconds: f64,
}

/// Somebody outside who gets in.
#[derive(Debug, Clone)]
pub(super) struct Outsider {
    pub(super) principal: String,
    pub(super) resource: String,
    pub(super) answer: Answer,
}

/// What was answered of an outsider, and about which resources.
type Told<'q> = (Vec<(&'q Question, Answer)>, Vec<String>);

/// All lines, and their sum.
pub(super) fn lines(
    principals: &[Who<'_>],
    questions: &[Question],
    answers: Vec<Vec<Answer>>,
    outsiders: Vec<Vec<Outsider>>,
    started: Instant,
) -> (Vec<Line>, Summary) {
    let mut summary = Summary { principals: principals.len(), ..Summary::default() };
    let mut of_principals: Vec<Vec<(&Question, Answer)>> = principals.iter().map(|_| Vec::new()).collect();
    for (question, answers) in questions.iter().zip(answers) {
        of_principals.iter_mut().zip(answers).for_each(|(own, answer)| own.push((question, answer)));
    }
    let mut lines = Vec::new();
    for (who, own) in principals.iter().zip(of_principals) {
        let line = line(who.arn(), own);
        match line.verdict {
            Verdict::Can => summary.can += 1,
            Verdict::Cannot => summary.cannot += 1,
            Verdict::Unknown => summary.unknown += 1,
        }
        match who {
            Who::Root(..) => summary.roots += 1,
            Who::Entity(_) => lines.push(line),
        }
    }
    let mut by_name: BTreeMap<String, Told<'_>> = BTreeMap::new();
    for (question, found) in questions.iter().zip(outsiders) {
        for outsider in found {
            let (own, resources) = by_name.entry(outsider.principal).or_default();
            own.push((question, outsider.answer));
            if !resources.contains(&outsider.resource) {
                resources.push(outsider.resource);
            }
        }
    }
    for (principal, (own, resources)) in by_name {
        summary.outside += 1;
        lines.push(Line { outside: true, resources, answers: Vec::new(), ..line(principal, own) });
    }
    summary.milliseconds = (started.elapsed().as_secs_f64() * 1e6).round() / 1e3;
    (lines, summary)
}

fn line(principal: String, own: Vec<(&Question, Answer)>) -> Line {
    // CAN stands before UNKNOWN, and that before CANNOT.
    let verdict = own.iter().map(|(_, answer)| answer.verdict).min().unwrap_or(Verdict::Unknown);
    let (mut actions, mut resources, mut notes, mut answers) = (Vec::new(), Vec::new(), Vec::<String>::new(), Vec::new());
    let add = |list: &mut Vec<String>, text: &str| {
        if !list.iter().any(|own| own == text) {
            list.push(text.to_owned());
        }
    };
    let (mut witness, mut grants) = (None, Vec::new());
    let several = own.len() > 1;
    for (question, answer) in own {
        let resource = question.resource.as_ref().map(|(text, _)| text.clone());
        if answer.verdict == verdict {
            add(&mut actions, &question.action);
            resource.iter().for_each(|text| add(&mut resources, text));
            answer.notes.iter().for_each(|note| add(&mut notes, note));
            if witness.is_none() {
                (witness, grants) = (answer.witness.clone(), answer.grants);
            }
        }
        if several {
            let (action, verdict, witness) = (question.action.clone(), answer.verdict, answer.witness);
            answers.push(Answered { action, resource, verdict, witness });
        }
    }
    Line { principal, outside: false, verdict, actions, resources, witness, grants, notes, answers }
}
