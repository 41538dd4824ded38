//! What was proved of a recommendation, and what of it can another solver check again?
//!
//! Obligations by their names: O1 to O4 of a refinement ([`mod@crate::refine`]); N1 and N2, that a list of actions grants what
//! `NotAction` did; R1 and C1, that narrowed resources and added conditions grant nothing new; S1, that the parts of a policy
//! grant what it grants; E1, that an entity as a whole gets nothing new. What Z3 was asked is kept only where it is wanted:
//! it is a hundred times as long as the policies. Entities with like policies rest on the same questions, whose text is held once.

use crate::policy::Access;
use crate::query::{Confirmed, ObligationKind};
use crate::question::no_new_access::no_new_access;
use crate::question::{InternalError, Outcome, Settings, Verdict};
use crate::refine::obligations::Obligation;
use rustc_hash::FxHashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Something that Z3 refuted, as expected ([`Confirmed`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What kind of thing it is.
    pub kind: ObligationKind,
    /// What it says, in a sentence.
    pub about: Arc<str>,
    /// The question as an SMT-LIB 2.6 file.
    pub script: Arc<str>,
}

/// Texts that are held, and how many there may be before those go that nobody holds any more.
static TEXTS: Mutex<(FxHashSet<Arc<str>>, usize)> = Mutex::new((FxHashSet::with_hasher(rustc_hash::FxBuildHasher), 4_096));

/// A text that is held once.
fn once(text: &str) -> Arc<str> {
    let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    let (known, most) = &mut *texts;
    if let Some(own) = known.get(text) {
        return own.clone();
    }
    if known.len() >= *most {
        known.retain(|text| Arc::strong_count(text) > 1);
        *most = (2 * known.len()).max(4_096);
    }
    let own: Arc<str> = text.into();
    known.insert(own.clone());
    own
}

impl From<&Confirmed> for Checked {
    fn from(one: &Confirmed) -> Self {
        Self { kind: one.kind, about: once(&one.about), script: once(&one.script) }
    }
}

/// How it is proved.
#[derive(Debug, Clone, Copy, Default)]
pub struct Proving {
    /// How questions are decided.
    pub settings: Settings,
    /// Whether both engines are asked; a contradiction is an error.
    pub cross_check: bool,
    /// Whether Z3 checks everything, and what it checked is kept.
    pub keep: bool,
}

/// One obligation that was proved.
#[derive(Debug, Clone)]
pub struct Proved {
    /// Its name, such as `O1`.
    pub id: &'static str,
    /// What was proved, in a sentence.
    pub statement: String,
    /// How many queries and groups of actions it took.
    pub queries: usize,
    /// Wall-clock time.
    pub milliseconds: f64,
    /// What Z3 refuted, each with its text for another solver; empty unless it is kept.
    pub checked: Vec<Checked>,
}

impl Proved {
    /// An obligation of a refinement.
    pub(super) fn of(one: &Obligation, keep: bool) -> Self {
        Self {
            id: one.id.name(),
            statement: one.statement.to_owned(),
            queries: one.queries,
            milliseconds: one.milliseconds,
            checked: one.checked.obligations.iter().filter(|_| keep).map(Checked::from).collect(),
        }
    }

    /// Answers that were PASS, under one name.
    pub(super) fn passed(id: &'static str, statement: String, outcomes: Vec<Outcome>, keep: bool) -> Self {
        let mut out = Self { id, statement, queries: 0, milliseconds: 0.0, checked: Vec::new() };
        for outcome in outcomes {
            out.queries += outcome.proof.obligations;
            out.milliseconds += outcome.proof.milliseconds;
            let checked = outcome.checked.iter().filter(|_| keep).flat_map(|checked| &checked.obligations);
            out.checked.extend(checked.map(Checked::from));
        }
        out
    }
}

impl Proving {
    /// Whether a new policy or stack grants nothing that the old one does not; `checked` is whether Z3 checks it in any case.
    pub(super) fn nothing_new(&self, old: &Access, new: &Access, checked: bool) -> Result<Outcome, InternalError> {
        let settings = Settings { prove: checked || self.keep, ..self.settings };
        let outcome = no_new_access(old, new, &settings)?;
        if self.cross_check {
            let other = no_new_access(old, new, &settings.crossed())?;
            self.agree([&outcome.verdict, &other.verdict].map(|verdict| match verdict {
                Verdict::Pass => Some(true),
                Verdict::Fail { .. } => Some(false),
                Verdict::Unknown(_) => None,
            }))?;
        }
        Ok(outcome)
    }

    /// Whether two answers may be to one question; an open one may be beside any.
    ///
    /// # Errors
    /// They contradict each other: a defect.
    pub fn agree(&self, answers: [Option<bool>; 2]) -> Result<(), InternalError> {
        match answers {
            [Some(one), Some(other)] if one != other => {
                Err(InternalError("the two engines answer differently whether a recommendation adds access".to_owned()))
            }
            _ => Ok(()),
        }
    }
}
