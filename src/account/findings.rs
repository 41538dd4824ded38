//! What is unused in an account: roles, access keys, passwords, and permissions of those who are active?
//!
//! The shapes are Access Analyzer's (GetFindingV2). A role that nobody used has one finding, not one for each of its
//! permissions. What the evidence cannot see is listed beside, as *not observable*. Roles that services made for themselves
//! are left out and counted; those that Identity Center keeps are told apart. Evidence that is shorter than the window is a
//! note. Without `--as-of` the window ends with the newest moment that the evidence speaks of, so that the same input gives the
//! same answer on every day.

use super::bits::{Bits, Universe};
use super::exclusions::Exclusions;
use super::granted::Granted;
use super::observe::{Observed, Observer, Window, known_as};
use super::{Accounts, Entity, EntityKind};
use crate::diag::{Diagnostic, deadline};
use crate::evidence::{Evidence, When};
use std::collections::{BTreeMap, BTreeSet};

/// What findings are made by.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Days of the window.
    pub days: u32,
    /// Its end; the newest moment of the evidence if it is not given.
    pub as_of: Option<When>,
    /// Services whose data events are in the logs.
    pub data_events: BTreeSet<String>,
    /// What is not to be seen.
    pub exclusions: Exclusions,
}

/// Which kind of access is unused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unused {
    /// Nobody used the role.
    Role {
        /// When it was last used.
        last: Option<When>,
    },
    /// An access key of a user.
    AccessKey {
        /// Its id, or its number in the credential report.
        key: String,
        /// When it was last used.
        last: Option<When>,
    },
    /// A user's password.
    Password {
        /// When it was last used.
        last: Option<When>,
    },
    /// Permissions, by service.
    Permissions(Vec<Service>),
    /// None: there are only permissions that the evidence cannot see.
    NotObservable,
}

/// Unused permissions of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its prefix.
    pub namespace: String,
    /// Names of actions with their last use; `None` if all of the service is unused.
    pub actions: Option<Vec<(String, Option<When>)>>,
    /// The last use of any.
    pub last: Option<When>,
}

/// One finding.
#[derive(Debug, Clone)]
pub struct Finding<'a> {
    /// The user or role.
    pub entity: &'a Entity,
    /// What is unused.
    pub unused: Unused,
    /// Granted actions that no given evidence would show.
    pub not_observable: Vec<&'static str>,
    /// What is worth knowing about it.
    pub notes: Vec<String>,
}

/// All findings of an account.
#[derive(Debug, Clone)]
pub struct Findings<'a> {
    /// Sorted by the entity's ARN.
    pub findings: Vec<Finding<'a>>,
    /// The window.
    pub window: Window,
    /// Findings that were excluded, by reason.
    pub excluded: BTreeMap<String, usize>,
    /// Entities that were looked at.
    pub entities: usize,
    /// Roles that services made for themselves.
    pub service_linked: usize,
    /// What is worth knowing about all of it.
    pub notes: Vec<String>,
}

impl Unused {
    /// Access Analyzer's name of it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Role { .. } => "UnusedIAMRole",
            Self::AccessKey { .. } => "UnusedIAMUserAccessKey",
            Self::Password { .. } => "UnusedIAMUserPassword",
            Self::Permissions(_) => "UnusedPermission",
            Self::NotObservable => "NotObservable",
        }
    }
}

/// The window that options and evidence give.
pub fn window(options: &Options, evidence: &Evidence) -> Result<Window, Diagnostic> {
    let help = "give --as-of YYYY-MM-DD";
    let none = || Diagnostic::bare("no-window", "the evidence speaks of no time, so that the window has no end", help);
    let to = options.as_of.or(evidence.newest).ok_or_else(none)?;
    Ok(Window { from: When(to.days_before(options.days).0 + 1), to, days: options.days })
}

/// Finds unused access.
pub fn find<'a>(accounts: &'a Accounts, evidence: &Evidence, options: &Options) -> Result<Findings<'a>, Diagnostic> {
    let window = window(options, evidence)?;
    let observer = Observer::new(evidence, window, &options.data_events);
    let granted = Granted::default();
    let mut out = Findings {
        findings: Vec::new(),
        window,
        excluded: BTreeMap::new(),
        entities: 0,
        service_linked: 0,
        notes: notes(accounts, evidence, options, window),
    };
    let mut met = vec![false; options.exclusions.exclude.len()];
    for entity in accounts.principals() {
        deadline::look();
        if entity.is_service_linked() {
            out.service_linked += 1;
            continue;
        }
        out.entities += 1;
        for finding in of_entity(accounts, entity, evidence, &observer, &granted) {
            match options.exclusions.of(entity, finding.unused.name(), window.to) {
                Some(at) => {
                    met.get_mut(at).into_iter().for_each(|met| *met = true);
                    let reason = options.exclusions.exclude.get(at).map_or(String::new(), |one| one.reason.clone());
                    *out.excluded.entry(reason).or_default() += 1;
                }
                None => out.findings.push(finding),
            }
        }
    }
    out.notes.extend(options.exclusions.spent(&met, window.to, "fits no finding"));
    if out.service_linked > 0 {
        out.notes
            .push(format!("{} service-linked roles are left alone: only their services can change them", out.service_linked));
    }
    Ok(out)
}

/// What is worth knowing before any finding.
pub fn notes(accounts: &Accounts, evidence: &Evidence, options: &Options, window: Window) -> Vec<String> {
    let mut notes = evidence.notes.clone();
    if options.as_of.is_none() {
        notes.push(format!("the window ends at {}, the newest moment of the evidence; --as-of sets another end", window.to));
    }
    for (account, coverage) in &evidence.coverage {
        if coverage.first > window.from.max(When(window.from.0 + crate::evidence::when::DAY)) {
            let days = (window.to.0 - coverage.first.0).max(0) / crate::evidence::when::DAY;
            notes.push(format!(
                "CloudTrail of account {account} begins at {}: it covers {days} of the window's {} days",
                coverage.first, window.days
            ));
        }
        if coverage.last.0 < window.to.0 - 2 * crate::evidence::when::DAY {
            let what = if coverage.last < window.from { "begins: it shows nothing of it" } else { "does" };
            notes.push(format!("CloudTrail of account {account} ends at {}, before the window {what}", coverage.last));
        }
        // Events of global services, IAM's among them, are in the logs of us-east-1.
        if let (1, Some(region)) = (coverage.regions.len(), coverage.regions.first().filter(|region| *region != "us-east-1")) {
            notes.push(format!(
                "every CloudTrail record of account {account} is of {region}: if the trail logs that region alone, use elsewhere, \
                 and of global services such as IAM, is not in it"
            ));
        }
    }
    old_data(evidence, window, &mut notes);
    for account in accounts.ids() {
        if !evidence.coverage.contains_key(account) {
            notes.push(format!("no CloudTrail record is of account {account}: only other evidence speaks about it"));
        }
    }
    notes
        .push("jobs that run less often than the window is long, such as month-end, backup and recovery, look unused".to_owned());
    notes
}

/// Notes the data that was made before the window ends, or even before it begins.
fn old_data(evidence: &Evidence, window: Window, notes: &mut Vec<String>) {
    let services = evidence.activity.values().filter_map(|activity| {
        let dates = activity.services.values().map(|known| known.made);
        dates.collect::<Option<Vec<When>>>()?.into_iter().max()
    });
    let analyzed = evidence.findings.iter().filter_map(|finding| finding.analyzed);
    let organization = evidence.organization_made.values().copied();
    let all: [(&str, Vec<When>); 3] = [
        ("last-accessed reports were", services.collect()),
        ("findings of Access Analyzer were", analyzed.collect()),
        ("organizations access reports were", organization.collect()),
    ];
    for (what, made) in all {
        let before = made.iter().filter(|at| **at < window.from).count();
        if before > 0 {
            notes.push(format!("{before} {what} made before the window begins: they show nothing of it"));
        }
        let within = made.iter().filter(|at| **at >= window.from && at.0 < window.to.0 - 2 * crate::evidence::when::DAY);
        if let (count @ 1.., Some(oldest)) = (within.clone().count(), within.min()) {
            notes.push(format!(
                "{count} {what} made within the window, the oldest at {oldest}: what was used after that they do not show"
            ));
        }
    }
}

fn of_entity<'a>(
    accounts: &'a Accounts,
    entity: &'a Entity,
    evidence: &Evidence,
    observer: &Observer<'_>,
    granted: &Granted,
) -> Vec<Finding<'a>> {
    let mut out = Vec::new();
    let window = observer.window();
    let mut notes = about(entity);
    let new = |unused, not_observable, notes: &[String]| Finding { entity, unused, not_observable, notes: notes.to_vec() };
    let made = entity.created.map(|at| When(at.as_second()));
    let is_young = made.is_some_and(|made| made > window.from);
    if is_young {
        notes.push(format!("it was made at {}, within the window", made.map_or(String::new(), |made| made.to_string())));
    }
    let (last, seen) = observer.last_seen(entity);
    if entity.kind == EntityKind::Role && seen && !is_young && last.is_none_or(|last| last < window.from) {
        let observed = observer.of(entity);
        let blind = not_observable(&granted.to(accounts, entity), &observed);
        out.push(new(Unused::Role { last }, blind, &notes));
        return out;
    }
    if entity.kind == EntityKind::User {
        out.extend(credentials(entity, evidence, window).into_iter().map(|unused| new(unused, Vec::new(), &notes)));
    }
    let observed = observer.of(entity);
    let granted = granted.to(accounts, entity);
    for (_, attached) in accounts.identity(entity) {
        if attached.text.as_ref().map_or(true, |text| text.read().is_err()) {
            notes.push(format!("the policy {} is missing or cannot be read: what it grants is not looked at", attached.label()));
        }
    }
    let blind = not_observable(&granted, &observed);
    if !observed.unclear.is_empty() {
        let services: Vec<&str> = observed.unclear.iter().map(String::as_str).collect();
        notes.push(format!("calls of {} lead to no known action: look at them before anything is removed", services.join(", ")));
    }
    let services = services(&unused(&granted, &observed), &granted, &observed);
    if !services.is_empty() {
        out.push(new(Unused::Permissions(services), blind, &notes));
    } else if !blind.is_empty() {
        out.push(new(Unused::NotObservable, blind, &notes));
    }
    out
}

/// What is to be said of an entity before its access.
pub fn about(entity: &Entity) -> Vec<String> {
    let mut notes = Vec::new();
    if entity.is_reserved() {
        notes.push("AWS keeps this role for IAM Identity Center: change the permission set, not the role".to_owned());
    }
    let trusts =
        |text: &str| text.contains("account-access.amazonaws.com") && !text.contains("\"AWS\"") && !text.contains("Federated");
    if entity.trust.as_ref().is_some_and(|trust| trusts(&trust.value().to_string())) {
        notes.push("who gets into this role is decided outside IAM (account-access.amazonaws.com)".to_owned());
    }
    notes
}

/// Granted actions that would have been seen and were not.
pub fn unused(granted: &Bits, observed: &Observed) -> Bits {
    let mut out = granted.clone();
    out.keep(&observed.observable);
    out.remove(&observed.used);
    out
}

/// Granted actions that nothing shows.
pub fn not_observable(granted: &Bits, observed: &Observed) -> Vec<&'static str> {
    let mut out = granted.clone();
    out.remove(&observed.observable);
    out.remove(&observed.used);
    out.numbers().filter_map(|number| Universe::latest().name(number)).map(|name| &*name.spelled).collect()
}

/// Unused actions by service. A service is unused as a whole if everything of it that is granted is, and nothing happened in
/// it that is not understood.
pub fn services(unused: &Bits, granted: &Bits, observed: &Observed) -> Vec<Service> {
    let universe = Universe::latest();
    let mut out = Vec::new();
    for (prefix, range) in universe.services() {
        let of = |bits: &Bits| range.clone().filter(|number| bits.contains(*number)).collect::<Vec<usize>>();
        let gone = of(unused);
        if gone.is_empty() {
            continue;
        }
        let any_use = range.clone().any(|number| observed.used.contains(number));
        let whole = gone.len() == of(granted).len() && !any_use && !observed.unclear.contains(prefix);
        let bare = |number: &usize| {
            let name = universe.name(*number)?.spelled.split_once(':')?.1.to_owned();
            Some((name, observed.last.get(number).copied()))
        };
        let actions: Vec<_> = gone.iter().filter_map(bare).collect();
        let last = actions.iter().filter_map(|(_, last)| *last).max();
        out.push(Service { namespace: prefix.to_owned(), actions: (!whole).then_some(actions), last });
    }
    out
}

/// Unused keys and passwords of a user.
fn credentials(entity: &Entity, evidence: &Evidence, window: Window) -> Vec<Unused> {
    let mut out = Vec::new();
    let Some(who) = known_as(entity) else { return out };
    let activity = evidence.activity.get(&who);
    let stale = |last: Option<When>, since: Option<When>| {
        last.is_none_or(|last| last < window.from) && since.is_none_or(|since| since < window.from)
    };
    if let Some(known) = evidence.credentials.get(&who) {
        let signed_in = activity.and_then(|activity| activity.signed_in);
        let last = known.password_used.max(signed_in);
        if known.password == Some(true) && stale(last, known.password_changed.or(known.created)) {
            out.push(Unused::Password { last });
        }
        let seen: Vec<&When> =
            activity.iter().flat_map(|activity| activity.keys.values()).filter(|at| **at >= window.from).collect();
        let active: Vec<_> = known.keys.iter().filter(|key| key.active).collect();
        let reported = active.iter().filter(|key| !stale(key.last_used, None)).count();
        for key in &active {
            // The report has numbers, CloudTrail ids: use that the report does not know of may be of any key.
            if stale(key.last_used, key.rotated.or(known.created)) && seen.len() <= reported {
                out.push(Unused::AccessKey { key: format!("access_key_{}", key.number), last: key.last_used });
            }
        }
        return out;
    }
    for finding in evidence.findings.iter().filter(|finding| finding.resource == entity.arn) {
        match finding.kind.as_str() {
            "UnusedIAMUserPassword" => out.push(Unused::Password { last: None }),
            "UnusedIAMUserAccessKey" => out.push(Unused::AccessKey { key: String::new(), last: None }),
            _ => {}
        }
    }
    out.dedup();
    out
}
