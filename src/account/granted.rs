//! Which of the catalog's actions do an entity's policies grant?
//!
//! What some Allow statement names, on whatever resource and condition, less what an unconditional Deny on every resource
//! takes back. That is the list that unused permissions are looked for in; what a policy means exactly is for the questions.

use super::bits::{Bits, Universe};
use super::{Accounts, Entity, PolicyText};
use crate::document::Effect;
use rustc_hash::FxHashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What one policy says of actions.
#[derive(Debug)]
struct Said {
    allowed: Bits,
    denied: Bits,
}

/// What policies grant; each is looked at once.
#[derive(Debug, Default)]
pub struct Granted {
    known: Mutex<FxHashMap<usize, Arc<Said>>>,
}

impl Granted {
    /// What an entity's own policies, and those of its groups, grant. A policy that is missing or broken grants nothing here.
    pub fn to(&self, accounts: &Accounts, entity: &Entity) -> Bits {
        let texts = accounts.identity(entity).filter_map(|(_, attached)| attached.text.as_ref().ok());
        self.by(texts)
    }

    /// What these policies grant together.
    pub fn by<'p>(&self, texts: impl Iterator<Item = &'p Arc<PolicyText>>) -> Bits {
        let (mut allowed, mut denied) = (Bits::none(), Bits::none());
        for text in texts {
            let said = self.said(text);
            allowed.add(&said.allowed);
            denied.add(&said.denied);
        }
        allowed.remove(&denied);
        allowed
    }

    fn said(&self, text: &Arc<PolicyText>) -> Arc<Said> {
        let key = Arc::as_ptr(text) as usize;
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return known.clone();
        }
        let said = Arc::new(said(text));
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(key, said.clone());
        said
    }
}

fn said(text: &PolicyText) -> Said {
    let (mut allowed, mut denied) = (Bits::none(), Bits::none());
    let Ok(lowered) = text.read() else { return Said { allowed, denied } };
    for (statement, written) in lowered.policy.statements.iter().zip(&lowered.document.statements) {
        let mut actions = Universe::latest().matching(statement.action.patterns());
        if statement.action.negated {
            let mut rest = Bits::all();
            rest.remove(&actions);
            actions = rest;
        }
        let everywhere = || {
            let resource = written.resource.as_ref();
            resource.is_none_or(|listed| !listed.negated && listed.items.iter().any(|item| item.value == "*"))
        };
        match statement.effect {
            Effect::Allow => allowed.add(&actions),
            Effect::Deny if statement.conditions.is_empty() && everywhere() => denied.add(&actions),
            Effect::Deny => {}
        }
    }
    Said { allowed, denied }
}
