//! Puts the parts of an export together: pages, files and accounts, in whatever order they come.
//!
//! Entities name policies and groups that may stand in a later page, so names are looked up once all is read. What is named
//! and not there stays as a trouble in its place: a principal of which something is missing is never answered for.

use super::part::BAD;
use super::{Accounts, Attached, Controls, Entity, EntityKind, Known, Managed, PolicyText};
use crate::diag::{Diagnostic, Source, Span};
use crate::value::arn;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// The code of a policy or group that an export names and does not hold.
pub(super) const MISSING: &str = "missing-from-account";

/// The account of an entity's ARN.
pub(super) fn account(arn: &str) -> Option<String> {
    let [_, _, service, _, account, _] = arn::split(arn)?;
    (service == "iam" && arn::is_account(account)).then(|| account.to_owned())
}

/// What was read so far.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    accounts: Accounts,
    /// The names of a user's groups, each with its place.
    groups: Vec<(String, String, (Source, Span))>,
}

impl Gathered {
    /// Adds an entity; `groups` are the names of a user's groups.
    pub(super) fn entity(&mut self, entity: Entity, groups: Vec<(String, (Source, Span))>) -> Result<(), Diagnostic> {
        self.groups.extend(groups.into_iter().map(|(name, place)| (entity.arn.clone(), name, place)));
        match self.accounts.entities.entry(entity.arn.clone()) {
            Entry::Vacant(free) => {
                free.insert(entity);
                Ok(())
            }
            Entry::Occupied(first) => {
                let (source, span) = &first.get().place;
                let at = source.line_column(span.start);
                let message = format!("`{}` is described a second time", entity.arn);
                let help = format!("it stands first in {}:{}; give one export of each account", source.name, at.line);
                Err(Diagnostic::error("described-twice", &entity.place.0, entity.place.1, message, help))
            }
        }
    }

    /// Adds a managed policy. Exports of several accounts hold AWS's own policies several times: the newest version counts.
    pub(super) fn managed(&mut self, policy: Managed) -> Result<(), Diagnostic> {
        let number =
            |policy: &Managed| policy.version.as_deref().and_then(|version| version.trim_start_matches('v').parse::<u64>().ok());
        match self.accounts.managed.entry(policy.arn.clone()) {
            Entry::Vacant(free) => _ = free.insert(policy),
            Entry::Occupied(mut first) => {
                let known = first.get();
                if known.text.value() == policy.text.value() {
                    return Ok(());
                }
                let at = known.place.0.line_column(known.place.1.start);
                let there = format!("{}:{}", known.place.0.name, at.line);
                let (source, span) = policy.place.clone();
                if number(known) == number(&policy) {
                    let message = format!("the managed policy `{}` stands here with another document", policy.arn);
                    let help = format!("it stands first in {there}; give exports of one time");
                    return Err(Diagnostic::error("described-twice", &source, span, message, help));
                }
                let newer = number(known) < number(&policy);
                let kept = if newer { &policy } else { known };
                let message = format!(
                    "the managed policy `{}` stands here in version {}, and in {there} in version {}",
                    policy.arn,
                    policy.version.as_deref().unwrap_or("?"),
                    known.version.as_deref().unwrap_or("?")
                );
                let help = format!("version {} is taken everywhere", kept.version.as_deref().unwrap_or("?"));
                self.accounts.notes.push(Diagnostic::warning("several-versions", &source, span, message, help));
                if newer {
                    first.insert(policy);
                }
            }
        }
        Ok(())
    }

    /// Adds a resource whose policy is known.
    pub(super) fn resource(&mut self, known: Known) {
        self.accounts.resources.push(known);
    }

    /// Adds what an organization imposes on an account.
    pub(super) fn controls(&mut self, account: String, controls: Controls) {
        self.accounts.controls.insert(account, Arc::new(controls));
    }

    /// Adds what is worth knowing.
    pub(super) fn note(&mut self, note: Diagnostic) {
        self.accounts.notes.push(note);
    }

    /// All of it, with every name looked up.
    pub(super) fn finished(self) -> Accounts {
        let Self { mut accounts, groups } = self;
        accounts.resources.sort_by(|a, b| a.arn.cmp(&b.arn));
        let texts: BTreeMap<&str, &Arc<PolicyText>> =
            accounts.managed.values().map(|policy| (policy.arn.as_str(), &policy.text)).collect();
        let look_up = |attached: &mut Attached| {
            if let (Some(arn), Err(_)) = (&attached.arn, &attached.text)
                && let Some(text) = texts.get(arn.as_str())
            {
                attached.text = Ok((*text).clone());
            }
        };
        let mut missing = Vec::new();
        for entity in accounts.entities.values_mut() {
            entity.policies.iter_mut().chain(&mut entity.boundary).for_each(look_up);
            let unknown = entity.policies.iter().chain(&entity.boundary).filter_map(|attached| attached.text.as_ref().err());
            missing.extend(unknown.cloned());
        }
        let by_name: BTreeMap<(String, String), String> = accounts
            .entities
            .values()
            .filter(|entity| entity.kind == EntityKind::Group)
            .map(|group| ((group.account.clone(), group.name.clone()), group.arn.clone()))
            .collect();
        for (user, name, (source, span)) in groups {
            let Some(entity) = accounts.entities.get_mut(&user) else { continue };
            match by_name.get(&(entity.account.clone(), name.clone())) {
                Some(group) => entity.groups.push(group.clone()),
                None => {
                    let message = format!("the group `{name}` of `{user}` is not in the input");
                    let help = "give all pages of the export, with groups: what the group grants is unknown";
                    let trouble = Diagnostic::warning(MISSING, &source, span, message, help);
                    missing.push(trouble.clone());
                    entity.policies.push(Attached { name: format!("group {name}"), arn: None, text: Err(trouble) });
                }
            }
        }
        accounts.notes.extend(at_most(missing));
        accounts
    }
}

/// A managed policy that is attached; its document is looked up once all is read.
pub(super) fn attached(name: &str, policy: &str, owner: &str, (source, span): (&Source, Span)) -> Attached {
    let message = format!("the policy `{policy}` of `{owner}` is not in the input");
    let help = "give all pages of the export, with LocalManagedPolicy and AWSManagedPolicy: what it grants is unknown";
    let trouble = Diagnostic::warning(MISSING, source, span, message, help);
    Attached { name: name.to_owned(), arn: Some(policy.to_owned()), text: Err(trouble) }
}

/// An entity's ARN that can be none.
pub(super) fn not_an_entity(source: &Source, span: Span, arn: &str) -> Diagnostic {
    let message = format!("`{arn}` is not the ARN of a user, group or role");
    Diagnostic::error(BAD, source, span, message, "an ARN of IAM names its account: arn:aws:iam::111122223333:role/name")
}

/// Each missing thing that is told by itself; of more their number.
const MOST: usize = 20;

fn at_most(mut missing: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let all = missing.len();
    if all > MOST {
        missing.truncate(MOST);
        let message = format!("{} more policies or groups are named and not in the input", all - MOST);
        let mut rest = Diagnostic::bare(MISSING, message, "the answers about their principals are unknown");
        rest.severity = crate::diag::Severity::Warning;
        missing.push(rest);
    }
    missing
}
