//! Where does each file of a recommendation stand?
//!
//! An entity has a folder, `ACCOUNT/KIND/NAME`, and with `--shared` each new policy that stands for all has one too,
//! `ACCOUNT/policy/NAME`. Names that differ in case alone, or in what a path cannot have, do not share a file or a folder.

use super::infrastructure::owner;
use crate::account::planned::{self, Planned};
use crate::account::recommend::{Recommendation, Recommended, Result};
use crate::account::refining::Refined;
use crate::account::{EntityKind, PolicyText};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A new policy that several entities would have.
#[derive(Debug)]
pub(super) struct Common<'r> {
    /// The account.
    pub(super) account: String,
    /// Its folder.
    pub(super) folder: String,
    /// What it is, as the first entity that would have it has it.
    pub(super) planned: Planned<'r>,
    /// The policy that it comes from.
    pub(super) policy: &'r Recommended<'r>,
    /// Whose it would be.
    pub(super) having: Vec<(EntityKind, &'r str)>,
}

/// Where everything stands.
#[derive(Debug)]
pub struct Layout<'r> {
    pub(super) all: &'r [Recommendation<'r>],
    /// The folder of each entity.
    pub(super) folders: Vec<String>,
    /// What several have, by account and name.
    pub(super) common: BTreeMap<(String, String), Common<'r>>,
}

/// The files of one policy within the folder of its entity.
#[derive(Debug, Clone)]
pub(super) struct Place<'r> {
    /// The policy.
    pub(super) policy: &'r Recommended<'r>,
    /// Its name in paths, which no other policy of the entity has.
    pub(super) stem: String,
    /// What it becomes, each with its path.
    pub(super) after: Vec<(Planned<'r>, String)>,
}

impl<'r> Layout<'r> {
    /// Of these recommendations.
    pub fn new(all: &'r [Recommendation<'r>]) -> Self {
        let mut taken = BTreeSet::new();
        let mut folder = |base: String| {
            let mut all = (1_usize..).map(|at| if at == 1 { base.clone() } else { format!("{base}-{at}") });
            all.find(|path| taken.insert(path.to_ascii_lowercase())).unwrap_or_default()
        };
        let of = |one: &Recommendation<'_>| {
            format!("{}/{}/{}", plain(&one.entity.account), owner(one.entity.kind), plain(&one.entity.name))
        };
        let folders: Vec<String> = all.iter().map(|one| folder(of(one))).collect();
        let mut common: BTreeMap<(String, String), Common<'r>> = BTreeMap::new();
        for one in all.iter().filter(|one| is_changed(one)) {
            let (account, who) = (&one.entity.account, (one.entity.kind, one.entity.name.as_str()));
            for (at, planned) in planned::planned(one).into_iter().filter(|(_, planned)| planned.shared) {
                let Some(policy) = one.policies.get(at) else { continue };
                let fresh = || Common {
                    account: account.clone(),
                    folder: String::new(),
                    planned: planned.clone(),
                    policy,
                    having: Vec::new(),
                };
                common.entry((account.clone(), planned.name.clone())).or_insert_with(fresh).having.push(who);
            }
        }
        for ((account, name), own) in &mut common {
            own.folder = folder(format!("{}/policy/{}", plain(account), plain(name)));
        }
        Self { all, folders, common }
    }

    /// The policies of one entity, with their files.
    pub(super) fn places(&self, one: &'r Recommendation<'r>) -> Vec<Place<'r>> {
        let (mut before, mut after) = (BTreeSet::new(), BTreeSet::new());
        let place = |policy| Place { policy, stem: fresh(&mut before, &policy.attached.name), after: Vec::new() };
        let mut out: Vec<Place<'r>> = one.policies.iter().map(place).collect();
        for (at, planned) in planned::planned(one) {
            let path = format!("after/{}.json", fresh(&mut after, &planned.name));
            out.get_mut(at).into_iter().for_each(|place| place.after.push((planned.clone(), path.clone())));
        }
        out
    }
}

impl Place<'_> {
    /// Whether what it becomes is the document that O1 to O4 are about: neither cut in parts, nor narrowed, nor nothing.
    pub(super) fn is_plain(&self) -> bool {
        self.policy.refined.as_ref().is_none_or(|refined| is_plain(self.policy, refined))
    }
}

/// See [`Place::is_plain`].
pub(super) fn is_plain(policy: &Recommended<'_>, refined: &Refined) -> bool {
    let same = |own: &Arc<PolicyText>| Arc::ptr_eq(own, &refined.text);
    policy.parts.is_empty() && !refined.is_empty && refined.refinement.as_ref().is_none_or(same)
}

/// Whether anything is recommended.
pub(super) fn is_changed(one: &Recommendation<'_>) -> bool {
    matches!(one.result, Result::Proved | Result::Empty)
}

/// A name that no other has, whatever its case: an inline policy may have a managed one's name.
fn fresh(taken: &mut BTreeSet<String>, name: &str) -> String {
    let mut names = (1_usize..).map(|at| if at == 1 { plain(name) } else { format!("{}-{at}", plain(name)) });
    names.find(|name| taken.insert(name.to_ascii_lowercase())).unwrap_or_default()
}

/// A name that is safe in a path.
pub(super) fn plain(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '=' | ',' | '@') { c } else { '_' };
    let text: String = name.chars().map(safe).collect();
    if text.trim_matches('.').is_empty() { format!("_{text}") } else { text }
}
