//! What must be proved of a refined policy, and which obligation fails with what witness?
//!
//! O1 to O3 are searches like every question's ([`crate::witness::find`]); O4 is a formula about the texts of the
//! patterns. See [`super`] for what each says. The first that fails is reported.

use super::structure;
use super::unused::UnusedActions;
use crate::catalog::{Catalog, Name};
use crate::diag::Diagnostics;
use crate::diag::deadline;
use crate::document::Document;
use crate::encode::Unsupported;
use crate::policy::{Access, ActionMatch, normalize};
use crate::query::{ActionScope, Query};
use crate::query::{Certificate, Confirmed, Obligation as Claim, ObligationKind};
use crate::question::{InternalError, Settings};
use crate::request::Request;
use crate::search::export;
use crate::smt::{Answer, Formula, Solver, smtlib};
use crate::witness::find;
use std::collections::BTreeSet;
use std::time::Instant;

/// An original, a refinement of it, and what it was refined by.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// The policy as it was.
    pub original: &'q Document,
    /// The refined policy.
    pub refined: &'q Document,
    /// The unused actions.
    pub unused: &'q UnusedActions,
    /// The actions that there are.
    pub catalog: &'q Catalog,
}

/// A proved obligation.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Obligation {
    /// Which one.
    pub id: ObligationId,
    /// What was proved, in a sentence.
    pub statement: &'static str,
    /// How many queries Z3 answered with `unsat`.
    pub queries: usize,
    /// What Z3 checked: every lemma, the propositional part, and whether the groups of actions are all.
    pub checked: Certificate,
    /// Wall-clock time.
    pub milliseconds: f64,
}

/// An obligation that was refuted or left open.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Failure {
    /// Which one.
    pub id: ObligationId,
    /// What went wrong, in a sentence.
    pub message: String,
    /// A request that shows it; none for O4 and where it was left open.
    pub witness: Option<Request>,
    /// Whether it was left open rather than refuted.
    pub unknown: bool,
}

/// The four obligations of a refinement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObligationId {
    /// No new access.
    O1,
    /// Unused gone.
    O2,
    /// Nothing else lost.
    O3,
    /// Least general.
    O4,
}

impl ObligationId {
    /// Those that are searches, in order; O4 is about texts.
    const SEARCHES: [Self; 3] = [Self::O1, Self::O2, Self::O3];

    /// `O1` to `O4`.
    pub fn name(self) -> &'static str {
        match self {
            Self::O1 => "O1",
            Self::O2 => "O2",
            Self::O3 => "O3",
            Self::O4 => "O4",
        }
    }

    /// What it claims, in a sentence.
    pub fn statement(self) -> &'static str {
        match self {
            Self::O1 => "no new access: whatever the refined policy allows, the original allows",
            Self::O2 => "unused gone: the refined policy allows no unused action",
            Self::O3 => "nothing else lost: every other action of the catalog is allowed as before",
            Self::O4 => "least general: every wildcard is a shortest safe prefix, no pattern is redundant, the structure is kept",
        }
    }

    /// What a request that refutes it shows; of O4 none does.
    fn refuted_by(self) -> &'static str {
        match self {
            Self::O1 => "the refined policy adds access that the original does not grant",
            Self::O2 => "the refined policy still grants an unused action",
            Self::O3 => "the refined policy loses an action that is in use",
            Self::O4 => "the refined policy is not least general",
        }
    }
}

impl std::fmt::Display for ObligationId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Failure {
    /// An obligation that was left open, and why.
    pub(super) fn open(id: ObligationId, why: &dyn std::fmt::Display) -> Self {
        Self { id, message: format!("{id} ({}) is unknown: {why}", id.statement()), witness: None, unknown: true }
    }
}

/// Claims of O4 that are asked together: each is about two known texts, and a question costs more than it.
const CLAIMS_AT_ONCE: usize = 64;

/// Proves all four, or says which fails.
pub fn prove(question: &Question<'_>, settings: &Settings) -> Result<Result<Vec<Obligation>, Failure>, super::Error> {
    // Z3 is the judge of a refinement: what the automata find, it checks. It is about all texts.
    let settings = &Settings { prove: true, catalog_actions: false, ..*settings };
    let (original, refined) = (read(question.original, settings)?, read(question.refined, settings)?);
    let mut proved = Vec::new();
    for (id, search) in ObligationId::SEARCHES.into_iter().zip(searches(question, &original, &refined)) {
        let started = Instant::now();
        let found = find(&search, settings)?;
        if let Some(witness) = found.witness {
            return Ok(Err(refuted(id, witness)));
        }
        if let Some(why) = found.unknown {
            return Ok(Err(Failure::open(id, &why)));
        }
        let queries = found.queries + found.decided;
        let checked = found.checked;
        proved.push(Obligation { id, statement: id.statement(), queries, checked, milliseconds: milliseconds(started) });
    }
    let started = Instant::now();
    let id = ObligationId::O4;
    let claims = match deadline::search(|| structure::claims(question)) {
        Err(expired) => return Ok(Err(Failure::open(id, &expired))),
        Ok(Ok(claims)) => claims,
        Ok(Err(message)) => return Ok(Err(Failure { id, message, witness: None, unknown: false })),
    };
    let mut solver = Solver::new(&settings.budget, Instant::now() + settings.budget.timeout);
    let mut queries = 0;
    let open: Vec<&Formula> = claims.iter().filter(|claim| **claim != Formula::True).collect();
    for some in open.chunks(CLAIMS_AT_ONCE) {
        queries += 1;
        solver.push();
        solver.assert(&Formula::and(some.iter().map(|claim| (*claim).clone())).not());
        let answer = solver.check();
        solver.pop();
        match answer {
            Answer::Unsat => {}
            Answer::Sat(_) => return Err(InternalError("Z3 does not confirm the names found for O4".to_owned()).into()),
            Answer::Unknown(why) => {
                return Ok(Err(Failure::open(id, &why)));
            }
        }
    }
    let about = "the claims about the patterns' texts hold".to_owned();
    let claims = Claim { kind: ObligationKind::LeastGeneral, about, formula: Formula::and(claims).not() };
    let checked = Certificate { obligations: vec![Confirmed::from(&claims)], ..Certificate::default() };
    proved.push(Obligation { id, statement: id.statement(), queries, checked, milliseconds: milliseconds(started) });
    Ok(Ok(proved))
}

fn milliseconds(started: Instant) -> f64 {
    (started.elapsed().as_secs_f64() * 1e6).round() / 1e3
}

fn refuted(id: ObligationId, witness: Request) -> Failure {
    let message = format!("{}: {} on {}", id.refuted_by(), witness.action, witness.resource);
    Failure { id, message, witness: Some(witness), unknown: false }
}

/// A document's meaning, read as the settings say.
fn read(document: &Document, settings: &Settings) -> Result<Access, Diagnostics> {
    Ok(settings.read_own(normalize(document)?.into()))
}

/// The searches behind O1, O2 and O3.
fn searches<'p>(question: &Question<'_>, original: &'p Access, refined: &'p Access) -> [Query<'p>; 3] {
    // What no statement of the original is about cannot be lost: mostly whole services.
    let actions = || original.statements().map(|(_, _, statement)| &statement.action);
    let prefixes: Option<BTreeSet<String>> =
        actions().flat_map(ActionMatch::patterns).map(|glob| glob.literal_before(':')).collect();
    let prefixes: Vec<&str> = match prefixes.filter(|_| actions().all(|action| !action.negated)) {
        Some(named) => question.catalog.prefixes().filter(|prefix| named.contains(*prefix)).collect(),
        None => question.catalog.prefixes().collect(),
    };
    let names = prefixes.into_iter().flat_map(|prefix| question.catalog.names(prefix));
    let may_lose = |name: &&Name| !question.unused.contains(&name.lower) && !original.about(&name.lower).is_empty();
    let used: Vec<String> = names.filter(may_lose).map(|name| name.spelled.to_string()).collect();
    let gone = question.unused.globs();
    [
        Query::new(refined, Some(original)),
        Query { actions: ActionScope::Matching(gone), ..Query::new(refined, None) },
        Query { actions: ActionScope::Listed(used), ..Query::new(original, Some(refined)) },
    ]
}

/// Each obligation as a self-contained SMT-LIB file: its name and its text. `unsat` means proved.
pub fn scripts(question: &Question<'_>, settings: &Settings) -> Result<Vec<(String, String)>, ScriptError> {
    let (original, refined) = (read(question.original, settings)?, read(question.refined, settings)?);
    let mut out = Vec::new();
    for (id, search) in ObligationId::SEARCHES.into_iter().zip(searches(question, &original, &refined)) {
        let comment = format!(
            "{id}, {}.\nIs there a request that breaks it? unsat: there is none.\nCatalog: {} ({}).",
            id.statement(),
            question.catalog.name,
            question.catalog.date
        );
        out.push((format!("{id}.smt2"), export::script(&comment, "unsat", &search)?));
    }
    let claims = structure::claims(question).map_err(ScriptError::Structure)?;
    let comment = "O4, least general. Is one of the claims about the patterns' texts false? unsat: none is.";
    out.push(("O4.smt2".to_owned(), smtlib::script(comment, "unsat", &[Formula::and(claims).not()])));
    Ok(out)
}

/// Why the obligations could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// A policy is not one.
    #[error(transparent)]
    Policy(#[from] crate::diag::Diagnostics),
    /// A construct has no encoding.
    #[error("{0}")]
    Unsupported(Unsupported),
    /// O4 does not hold.
    #[error("{0}")]
    Structure(String),
}

impl From<Unsupported> for ScriptError {
    fn from(unsupported: Unsupported) -> Self {
        Self::Unsupported(unsupported)
    }
}
