//! Who is asked about, and which of their statements can matter? Principals with the same are one shape.

use super::super::prune::Actions;
use super::super::scope::Who;
use super::super::{Accounts, Attached, Controls, PolicyText};
use super::parallel;
use crate::diag::Diagnostics;
use crate::policy::Policy;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Every user and role, in the order of their ARNs, then the root of each account.
pub(super) fn principals(accounts: &Accounts) -> Vec<Who<'_>> {
    let entities = accounts.principals().map(Who::Entity);
    let roots: BTreeSet<(&str, &str)> = accounts
        .entities
        .values()
        .map(|entity| (entity.account.as_str(), entity.arn.split(':').nth(1).unwrap_or("aws")))
        .collect();
    entities.chain(roots.into_iter().map(|(account, partition)| Who::Root(account, partition))).collect()
}

/// The distinct policy documents of an input: those with the same text are one.
#[derive(Debug)]
pub(super) struct Texts<'a> {
    texts: Vec<&'a PolicyText>,
    /// The number of each, by its address.
    numbers: HashMap<usize, usize>,
}

/// What of a document can matter.
#[derive(Debug, Clone)]
pub(super) enum Pruned {
    /// Nothing.
    Nothing,
    /// These statements.
    Some(Arc<Policy>),
    /// It cannot be read.
    Broken(String),
}

impl<'a> Texts<'a> {
    pub(super) fn of(accounts: &'a Accounts) -> Self {
        let mut out = Self { texts: Vec::new(), numbers: HashMap::new() };
        let mut by_text: HashMap<&'a str, usize> = HashMap::new();
        let of_controls = accounts.controls.values().flat_map(|controls| {
            let levels = controls.service_control.iter().chain(&controls.resource_control);
            levels.flatten().flatten().filter_map(|attached| attached.text.as_ref().ok())
        });
        let of_entities = accounts.entities.values().flat_map(|entity| {
            let attached = entity.policies.iter().chain(&entity.boundary).filter_map(|attached| attached.text.as_ref().ok());
            attached.chain(&entity.trust)
        });
        let of_resources = accounts.resources.iter().filter_map(|known| known.policy.as_ref());
        for text in of_entities.chain(of_controls).chain(of_resources) {
            let at = address(text);
            if out.numbers.contains_key(&at) {
                continue;
            }
            let span = text.span();
            let written = text.source().text.get(span.start..span.end).unwrap_or_default();
            let texts = &mut out.texts;
            let number = *by_text.entry(written).or_insert_with(|| {
                texts.push(text);
                texts.len() - 1
            });
            out.numbers.insert(at, number);
        }
        out
    }

    pub(super) fn number(&self, text: &PolicyText) -> usize {
        self.numbers.get(&address(text)).copied().unwrap_or(usize::MAX)
    }

    /// What of each document can matter to these actions.
    pub(super) fn pruned(&self, actions: &Actions) -> Vec<Pruned> {
        const AT_ONCE: usize = 64;
        let chunk = |at: usize| {
            let texts = self.texts.get(at * AT_ONCE..).unwrap_or_default().iter().take(AT_ONCE);
            Ok(texts.map(|text| prune(text, actions)).collect::<Vec<_>>())
        };
        let chunks = parallel(self.texts.len().div_ceil(AT_ONCE), chunk).unwrap_or_default();
        chunks.into_iter().flatten().collect()
    }
}

/// Where it is kept, which tells it from others of the same input.
fn address(text: &PolicyText) -> usize {
    std::ptr::from_ref(text).addr()
}

fn prune(text: &PolicyText, actions: &Actions) -> Pruned {
    if text.value().as_str().is_none() && !actions.may_stand_in(text.value()) {
        return Pruned::Nothing;
    }
    match text.read() {
        Ok(lowered) => actions.of(&lowered.policy).map_or(Pruned::Nothing, |policy| Pruned::Some(Arc::new(policy))),
        Err(found) => Pruned::Broken(first(found)),
    }
}

/// The first thing that is wrong.
pub(super) fn first(found: &Diagnostics) -> String {
    found.0.iter().find(|one| one.severity == crate::diag::Severity::Error).map(ToString::to_string).unwrap_or_default()
}

/// Principals to whom the same statements apply.
#[derive(Debug)]
pub(super) struct Shape<'a> {
    /// Their account.
    pub(super) account: String,
    /// What grants, each with its number.
    pub(super) identity: Vec<(usize, Arc<Policy>)>,
    /// The boundary, if they have one: what of it can matter.
    pub(super) boundary: Option<Option<Arc<Policy>>>,
    /// What the organization imposes.
    pub(super) controls: Option<&'a Controls>,
    /// Whether it is an account's root.
    pub(super) is_root: bool,
    /// Whether they are service-linked roles, which control policies do not bind.
    pub(super) is_service_linked: bool,
    /// Whether a policy that may grant more is missing or cannot be read: it is taken to allow everything.
    pub(super) grants_more: bool,
    /// Each with the names of what grants, in the same order, and what is broken.
    pub(super) members: Vec<Member>,
}

/// A principal of a shape.
#[derive(Debug)]
pub(super) struct Member {
    /// Its number among all principals.
    pub(super) at: usize,
    pub(super) labels: Vec<String>,
    pub(super) broken: Option<String>,
}

/// What tells shapes apart: account, numbers of identity policies, of the boundary, whether more may be granted, whether it is
/// a root, whether it is service-linked.
type Key = (String, Vec<usize>, Option<usize>, bool, bool, bool);

/// All shapes, in the order of their first principals.
// Long: one pass over the principals that groups those alike; the key is made of all that is looked at.
pub(super) fn shapes<'a>(accounts: &'a Accounts, principals: &[Who<'a>], texts: &Texts<'_>, pruned: &[Pruned]) -> Vec<Shape<'a>> {
    let (mut shapes, mut known): (Vec<Shape<'a>>, HashMap<Key, usize>) = (Vec::new(), HashMap::new());
    for (at, who) in principals.iter().enumerate() {
        let controls = accounts.controls_of(*who);
        let mut broken = None;
        let mut look = |attached: &Attached| -> Option<(usize, Arc<Policy>)> {
            let number = match &attached.text {
                Ok(text) => texts.number(text),
                Err(missing) => {
                    broken.get_or_insert_with(|| missing.message.clone());
                    return None;
                }
            };
            match pruned.get(number) {
                Some(Pruned::Some(policy)) => Some((number, policy.clone())),
                Some(Pruned::Broken(why)) => {
                    broken.get_or_insert_with(|| format!("the policy `{}` cannot be read: {why}", attached.label()));
                    None
                }
                Some(Pruned::Nothing) | None => None,
            }
        };
        let is_broken = |attached: &Attached| match &attached.text {
            Ok(text) => matches!(pruned.get(texts.number(text)), Some(Pruned::Broken(_))),
            Err(_) => true,
        };
        let (mut granting, boundary, account, is_root) = match who {
            Who::Root(account, _) => (Vec::new(), (None, false), *account, true),
            Who::Entity(entity) => {
                let identity = accounts.identity(entity);
                let granting: Vec<_> =
                    identity.filter_map(|(_, attached)| Some((look(attached)?, attached.label().to_owned()))).collect();
                let grants_more = accounts.identity(entity).any(|(_, attached)| is_broken(attached));
                let boundary = entity.boundary.as_ref().map(|boundary| (is_broken(boundary), look(boundary)));
                (granting, (boundary, grants_more), entity.account.as_str(), false)
            }
        };
        granting.sort_by_key(|((number, _), _)| *number);
        // A boundary that is broken is taken to allow everything: as if there were none.
        let (boundary, grants_more) = boundary;
        let boundary = boundary.filter(|(is_broken, _)| !is_broken);
        let numbers = granting.iter().map(|((number, _), _)| *number).collect();
        let of_boundary = boundary.as_ref().map(|(_, found)| found.as_ref().map_or(usize::MAX, |(number, _)| *number));
        let broken = broken.or_else(|| controls.and_then(super::controls::broken));
        let is_service_linked = matches!(who, Who::Entity(entity) if entity.is_service_linked());
        let key: Key = (account.to_owned(), numbers, of_boundary, grants_more, is_root, is_service_linked);
        let shape = *known.entry(key).or_insert_with(|| {
            shapes.push(Shape {
                account: account.to_owned(),
                identity: granting.iter().map(|(policy, _)| policy.clone()).collect(),
                boundary: boundary.map(|(_, found)| found.map(|(_, policy)| policy)),
                controls,
                is_root,
                is_service_linked,
                grants_more,
                members: Vec::new(),
            });
            shapes.len() - 1
        });
        if let Some(shape) = shapes.get_mut(shape) {
            shape.members.push(Member { at, labels: granting.into_iter().map(|(_, label)| label).collect(), broken });
        }
    }
    shapes
}
