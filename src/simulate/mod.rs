//! What becomes of one request under a stack of policies, who decided it, and what that rests on?
//!
//! In a simulation everything that applies is given: an absent member is no such policy. The decision is the evaluator's.
//! Beside it stands what a reader may not see and the decision owes something to (`notes`): keys that the request does
//! not give, policies that are not there, the other readings of AWS's pages, and what is odd about the request itself.

mod notes;
pub mod request;

use crate::eval::missing::Missing;
use crate::eval::{self, Decision, Evaluation};
use crate::policy::unreadable::Bound;
use crate::policy::{Access, Readings, ResourcePolicy, Stack};
use crate::request::Request;

/// The decision of one request.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Simulation {
    /// The action, as the request writes it.
    pub action: String,
    /// The resource, as the request writes it.
    pub resource: String,
    /// What becomes of the request.
    pub decision: Decision,
    /// The policy, by its name in the stack, and the statement's place in it.
    pub decided_by: Vec<(String, usize)>,
    /// Of an implicit deny: what does not allow it.
    pub not_allowed_by: Vec<String>,
    /// Whether it hangs on a value that no documentation can read; the decision is then the one that allows least.
    pub is_unknown: bool,
    /// The keys that the request does not give, and that could change the decision.
    pub missing: Vec<String>,
    /// What the decision rests on, and what is odd about the request.
    pub notes: Vec<String>,
}

/// The policies that requests are decided under.
#[derive(Debug, Clone)]
pub struct Simulator {
    /// As given, what is absent being absent, under any reading.
    plain: Access,
    /// The same under the readings that count.
    access: Access,
    /// The same with values that no documentation can read, so that the least and the most is allowed; `None` without such.
    bounds: Option<[Access; 2]>,
    /// The same where members that are absent are there; each with its note.
    others: Vec<(Access, notes::Absent)>,
    /// What decides the requests of an account's root, where identity policies are given: it has none.
    root: Option<Box<Simulator>>,
    readings: Readings,
}

impl Simulator {
    /// Policies, and how they are read.
    pub fn new(mut stack: Stack, readings: Readings) -> Self {
        let root = notes::of_root(&stack).map(|own| Box::new(Self::new(own, readings)));
        let others = notes::others(&stack);
        if matches!(stack.resource, ResourcePolicy::Unknown) {
            stack.resource = ResourcePolicy::Absent;
        }
        let read = |access: Access| access.read_as(readings).unwrap_or(access);
        let plain: Access = stack.into();
        let others = others.into_iter().map(|(stack, absent)| (read(stack.into()), absent)).collect();
        let access = read(plain.clone());
        let bounds = access.bounded(Bound::Least).zip(access.bounded(Bound::Most)).map(|(least, most)| [least, most]);
        Self { bounds, access, plain, others, root, readings }
    }

    /// The policies as they are read.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Decides a request.
    pub fn decide(&self, request: &Request) -> Simulation {
        if let Some(root) = self.root.as_ref().filter(|_| request.principal.is_root()) {
            let mut simulation = root.decide(request);
            simulation.notes.extend(notes::about_root(&self.plain));
            return simulation;
        }
        let (evaluation, unknown) = self.evaluate(request);
        let access = self.bounds.as_ref().map_or(&self.access, |[least, _]| least);
        let missing = eval::missing::missing(access, request);
        let mut notes = notes::about_request(request);
        let is_unknown = unknown.is_some();
        notes.extend(unknown);
        notes.extend(self.absent(request, evaluation.decision));
        notes.extend(missing.iter().map(|one| self.about_missing(one)));
        notes.extend(notes::other_readings(&self.plain, request, self.readings, evaluation.decision));
        let decided_by = evaluation.decided_by.iter().filter_map(|number| self.place(*number));
        Simulation {
            action: request.action.clone(),
            resource: request.resource.clone(),
            decision: evaluation.decision,
            decided_by: decided_by.collect(),
            not_allowed_by: evaluation.not_allowed_by,
            is_unknown,
            missing: missing.into_iter().map(|one| one.key).collect(),
            notes,
        }
    }

    /// The decision, and what is said if it hangs on a value that no documentation can read.
    fn evaluate(&self, request: &Request) -> (Evaluation, Option<String>) {
        let Some([least, most]) = &self.bounds else { return (eval::evaluate(&self.access, request), None) };
        let [at_least, at_most] = [least, most].map(|access| eval::evaluate(access, request));
        if at_least.decision == at_most.decision {
            // Who decides it under every reading.
            return (if at_least.decision == Decision::Allowed { at_least } else { at_most }, None);
        }
        let why = notes::hanging(&self.access, request).unwrap_or_default();
        let note = format!("{why}: the decision is {} or {}", at_least.decision.name(), at_most.decision.name());
        (at_least, Some(note))
    }

    /// A statement's policy, and its place in it.
    fn place(&self, number: usize) -> Option<(String, usize)> {
        self.access.statement(number).map(|(member, statement)| (member.name.clone(), statement.index))
    }

    /// The absent members that decided, each with its note.
    fn absent(&self, request: &Request, decision: Decision) -> Vec<String> {
        let decides = |access: &Access| eval::decision(access, request);
        let told = self.others.iter().filter_map(|(access, absent)| absent.note(request, decision, decides(access)));
        let owner = notes::owner(&self.access, request, decision);
        told.chain(owner).collect()
    }

    fn about_missing(&self, missing: &Missing) -> String {
        let key = &missing.key;
        let asked_by = missing.asked_by.iter().filter_map(|number| self.place(*number));
        let asked_by: Vec<String> = asked_by.map(|(policy, index)| format!("{policy} statement {index}")).collect();
        let shown = |(key, values): &(String, Vec<String>)| match values.as_slice() {
            [one] => format!("{key} = \"{one}\""),
            several => format!("{key} = [\"{}\"]", several.join("\", \"")),
        };
        let with: Vec<String> = missing.with.iter().map(shown).collect();
        let then = match missing.then {
            Some(then) => format!("with {} it is {}", with.join(" and "), then.name()),
            None => "it could be another".to_owned(),
        };
        format!("the request does not give {key}, and the decision may hang on it: {then} ({} asks for it)", asked_by.join(", "))
    }
}
