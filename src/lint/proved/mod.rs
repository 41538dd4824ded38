//! What can be proved of a policy beyond AWS's checks?
//!
//! Each rule turns a suspicion into questions "does this part allow only what that part allows?", and says something only
//! on a proof or with a replayed request. A policy that has no meaning gets none of these: AWS's codes say what is wrong.
//!
//! Invariants: Z3 is not asked, so what the automata leave open is not said; Deny statements are compared as if they
//! allowed, since what they deny matters together with other policies too; all of it ends within [`LONGEST`], and where it
//! does not, that is said.

pub(crate) mod administrator;
pub(crate) mod edit;
pub(crate) mod mfa;
pub(crate) mod resources;
pub(crate) mod services;
pub(crate) mod statements;
pub(crate) mod values;

use super::registry::Emit;
use super::view::Policy;
use crate::catalog::Catalog;
use crate::diag::{Budget, Source, deadline};
use crate::json::Value;
use crate::policy::Access;
use crate::question::no_new_access::no_new_access;
use crate::question::{Settings, Verdict};
use crate::request::request_json;
use serde_json::json;
use std::time::Duration;

/// Steps that the proofs about one policy may take for one code: what is found does not depend on how busy a machine is.
const MOST_STEPS: u64 = 10_000_000;

/// They end then on any machine.
const LONGEST: Duration = Duration::from_secs(10);

/// Statements of a policy up to which statements are compared with each other.
const MOST_STATEMENTS: usize = 60;

/// Whether one access is a part of another.
pub(crate) enum Answer {
    /// It is: proved.
    Yes,
    /// It is not: a request that shows it.
    No(serde_json::Value),
    /// Not decided.
    Open,
}

/// Asks questions about parts of a policy.
pub(crate) struct Prover {
    version: Option<Value>,
    settings: Settings,
}

impl Prover {
    /// A prover for a policy that has a meaning; `None` for others.
    pub(crate) fn of(policy: &Policy<'_>) -> Option<Self> {
        let settings = Settings { z3: false, realistic: false, ..Settings::default() };
        let prover = Self { version: policy.json.get("Version").cloned(), settings };
        let all: Vec<Value> = policy.statements.iter().map(|statement| statement.value.clone()).collect();
        prover.access(&all).map(|_| prover)
    }

    /// The same, about the actions of the catalog only.
    pub(crate) fn of_catalog(&self) -> Self {
        Self { version: self.version.clone(), settings: Settings { catalog_actions: true, ..self.settings } }
    }

    /// What statements allow together.
    pub(crate) fn access(&self, statements: &[Value]) -> Option<Access> {
        let text = edit::document(self.version.as_ref(), statements).to_string();
        let policy = crate::policy::Policy::read(&Source::new("policy", text), &Budget::default()).ok()?;
        Some(policy.into())
    }

    /// Whether these statements allow only what those do.
    pub(crate) fn included(&self, inner: &[Value], outer: &[Value]) -> Answer {
        let (Some(inner), Some(outer)) = (self.access(inner), self.access(outer)) else { return Answer::Open };
        match no_new_access(&outer, &inner, &self.settings).map(|outcome| outcome.verdict) {
            Ok(Verdict::Pass) => Answer::Yes,
            Ok(Verdict::Fail { witness, .. }) => Answer::No(json!({"witness": request_json::to_json(&witness)})),
            Ok(Verdict::Unknown(_)) | Err(_) => Answer::Open,
        }
    }

    /// Whether it is proved.
    pub(crate) fn is_included(&self, inner: &[Value], outer: &[Value]) -> bool {
        matches!(self.included(inner, outer), Answer::Yes)
    }
}

/// Runs a rule within its time.
pub(crate) fn within(policy: &Policy<'_>, emit: &mut Emit<'_>, rule: impl FnOnce(&Prover, &mut Emit<'_>)) {
    let budget = Budget { timeout: LONGEST, ..Budget::default() };
    let work = || {
        deadline::at_most_steps(MOST_STEPS, || {
            if let Some(prover) = Prover::of(policy) {
                rule(&prover, emit);
            }
        })
    };
    if !matches!(deadline::question(&budget, work), Ok(Ok(()))) {
        let details = format!("not all that this check asks was decided within {MOST_STEPS} steps");
        emit.open(&policy.whole(), details);
    }
}

/// Evidence that was proved.
pub(crate) fn proved(what: &str) -> serde_json::Value {
    json!({"proved": what, "engine": "automata"})
}

/// Evidence about the actions that there are.
pub(crate) fn proved_of_catalog(what: &str) -> serde_json::Value {
    json!({"proved": what, "engine": "automata", "catalog": Catalog::latest().date})
}
