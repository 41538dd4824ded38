//! From a CloudTrail record to who used what, when, on which resource.
//!
//! A record counts once, however many files hold it: by `eventID` where that is unique (a UUID), else by all its bytes. One
//! event in two accounts (`sharedEventID`) counts once for each. A record that corrects an earlier one (`addendum`) is that one
//! again in the counts, and what either of them shows is use, in whatever order they are read; so it is of two records with one
//! id that say different things. What was denied is not use, only
//! a sign of life; every other error came after the authorization. Who is named by a unique id alone is found by it.
//!
//! Source: CloudTrail User Guide, "CloudTrail record contents", "userIdentity element"; service pages for the error codes.

use super::gather::Gatherer;
use super::record::{Identity, Parameters, Record};
use super::{Kind, Place, When, Who};
use crate::diag::Diagnostics;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;

/// Error codes of a call that was denied.
const DENIED: [&str; 7] = [
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "Client.UnauthorizedOperation",
    "NotAuthorized",
    "AuthorizationError",
    "Client.UnauthorizedAccess",
];

/// Whether an error code says that the call was denied.
pub fn is_denial(code: &str) -> bool {
    // Some services write a namespace before the code.
    let code = code.rsplit('#').next().unwrap_or(code);
    DENIED.iter().any(|denied| denied.eq_ignore_ascii_case(code))
}

/// Reads one record, or what wraps several of them.
pub(super) fn record(bytes: &[u8], place: &Place, gatherer: &mut Gatherer) -> Result<(), Diagnostics> {
    nested(bytes, place, gatherer, 0)
}

fn nested(bytes: &[u8], place: &Place, gatherer: &mut Gatherer, depth: usize) -> Result<(), Diagnostics> {
    let read = std::str::from_utf8(bytes).map_err(|error| error.to_string());
    let read = read.and_then(|text| serde_json::from_str::<Record<'_>>(text).map_err(|error| error.to_string()));
    let record = match read {
        Ok(record) => record,
        Err(error) => {
            gatherer.counts.read += 1;
            gatherer.counts.fail("not JSON");
            let message = format!("{}:{}: record {} is not JSON: {error}", place.file, place.line, place.record);
            return gatherer.trouble("bad-record", message, "the record is left out; --strict stops at it");
        }
    };
    let has_event = record.name.get().is_some() || record.source.get().is_some();
    let lists = [record.records, record.events, record.log_events];
    if !has_event && depth < 3 {
        if let Some(list) = lists.into_iter().flatten().next() {
            let elements: Vec<&RawValue> = serde_json::from_str(list.get()).unwrap_or_default();
            return elements.into_iter().try_for_each(|one| nested(one.get().as_bytes(), place, gatherer, depth + 1));
        }
        if let Some(detail) = record.detail {
            return nested(detail.get().as_bytes(), place, gatherer, depth + 1);
        }
        if let Some(inner) = record.event.get().or_else(|| record.message.get()) {
            return nested(inner.as_bytes(), place, gatherer, depth + 1);
        }
    }
    // LookupEvents gives a summary around the record, with an event name of its own.
    if depth < 3
        && let Some(inner) = record.event.get()
    {
        return nested(inner.as_bytes(), place, gatherer, depth + 1);
    }
    gatherer.counts.read += 1;
    match meaning(&record, bytes, place, gatherer) {
        Ok(()) => Ok(()),
        Err(reason) => {
            gatherer.counts.fail(reason);
            let message = format!("{}:{}: record {} cannot be used: {reason}", place.file, place.line, place.record);
            gatherer.trouble("bad-record", message, "the record is left out; --strict stops at it")
        }
    }
}

/// What a record says; the error is the reason why it says nothing.
// Long: the rules of what a record says of use, in order; each ends the reading or narrows it.
fn meaning(record: &Record<'_>, bytes: &[u8], place: &Place, gatherer: &mut Gatherer) -> Result<(), &'static str> {
    if record.version.get().is_some_and(|version| version.split('.').next() != Some("1")) {
        return Err("another major version than 1");
    }
    if record.category.is("Insight") {
        gatherer.counts.skip("insight");
        return Ok(());
    }
    let name = record.name.get().ok_or("without eventName")?;
    let source = record.source.get().ok_or("without eventSource")?;
    let at = record.time.get().ok_or("without eventTime")?;
    let at = When::parse(at).ok_or("eventTime is not a time")?;
    let again = again(record, bytes, gatherer);
    if again != Again::No {
        gatherer.counts.duplicate += 1;
    }
    // One event counts once, whatever is said of it later; but what any record of it shows is use, in whatever order they come.
    let (one, is_same) = (u64::from(again == Again::No), again == Again::Same);
    gatherer.reach(at);
    let is_data = record.category.is("Data") || record.management.is("false");
    let event = gatherer.event(source, name);
    if let Some(account) = record.recipient.get().or_else(|| record.identity.account.get()) {
        gatherer.cover(account, [at, at], one, is_data && !record.category.is("NetworkActivity"), Some(event));
        if let Some(region) = record.region.get() {
            gatherer.cover_region(account, region);
        }
    }
    let error = record.error.get();
    let is_denied = error.is_some_and(is_denial);
    // A call for a role's session names the role in its parameters, and not always as a resource.
    let asked = (source.starts_with("sts.") && name.starts_with("AssumeRole")).then(|| parameters(record.parameters));
    let asked = asked.as_ref().map(|asked| asked.role.get());
    if error.is_none()
        && let Some(role) = asked
    {
        assumed(record, role, at, gatherer);
    }
    let who = who(&record.identity).or_else(|reason| by_id(&record.identity, gatherer).ok_or(reason));
    let who = match who {
        Ok(who) => who,
        Err(reason) => {
            gatherer.counts.skip_many(reason, one);
            return Ok(());
        }
    };
    let signed_in = error.is_none() && name == "ConsoleLogin" && source.starts_with("signin.") && succeeded(record);
    let key = record.identity.key.get().filter(|key| key.starts_with("AKIA"));
    let person = gatherer.person(&who);
    person.seen(at);
    if signed_in {
        person.signed_in = person.signed_in.max(Some(at));
    }
    if let Some(key) = key {
        let last = person.keys.entry(key.to_owned()).or_insert(at);
        *last = (*last).max(at);
    }
    if is_denied {
        gatherer.counts.denied += one;
        if one > 0 {
            gatherer.denied(&who, event, at, 1);
        }
        return Ok(());
    }
    match gatherer.known(event).and_then(|event| event.actions.as_deref()) {
        None if signed_in || source.starts_with("signin.") => gatherer.counts.skip_many("a sign-in", one),
        None => {
            gatherer.counts.unmapped += one;
            gatherer.unmapped(&who, event, at, one);
        }
        Some([]) => gatherer.counts.skip_many("an operation that needs no permission", one),
        Some(_) => {
            gatherer.counts.mapped += one;
            let context = record.context.map(|context| evaluated(context.get())).unwrap_or_default();
            let used = gatherer.used(&who, event, at, place);
            let is_same = is_same && used.count > 0;
            // What was denied at first, as the log had it, is a use of its own.
            used.add(at, at, one.max(u64::from(used.count == 0)), place);
            let mut named = false;
            let listed = record.resources.0.iter().filter_map(|resource| resource.arn.get());
            for arn in listed.chain(asked.flatten()) {
                named = true;
                used.on(arn);
            }
            let unnamed = u64::from(!named);
            used.without_resource = if is_same { used.without_resource.max(unnamed) } else { used.without_resource + unnamed };
            if !context.is_empty() && !is_same {
                used.under(&context);
                if used.last == at {
                    used.context = context;
                }
            }
        }
    }
    Ok(())
}

/// Whether a record says again what was read before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    No,
    /// The very record.
    Same,
    /// It corrects one that was read, or one that was read corrects it.
    Otherwise,
}

/// What marks an event as corrected, beside its id.
const CORRECTED: u128 = 1 << 127 | 0x00c0_44ec_7ed0;

fn again(record: &Record<'_>, bytes: &[u8], gatherer: &mut Gatherer) -> Again {
    let Some(id) = record.id.get().and_then(uuid) else {
        let mut hasher = rustc_hash::FxHasher::default();
        bytes.hash(&mut hasher);
        let first = hasher.finish();
        bytes.len().hash(&mut hasher);
        let again = gatherer.again(u128::from(first) << 64 | u128::from(hasher.finish()));
        return if again { Again::Same } else { Again::No };
    };
    if gatherer.again(id) {
        return Again::Same;
    }
    let original = record.addendum.original.get().and_then(uuid).filter(|original| *original != id);
    let mut otherwise = gatherer.has(id ^ CORRECTED);
    if let Some(original) = original {
        let is_marked = gatherer.again(original ^ CORRECTED);
        otherwise |= is_marked || gatherer.has(original);
    }
    // The same event in the logs of another account has an id of its own.
    if let (Some(shared), Some(side)) = (record.shared.get().and_then(uuid), record.recipient.get()) {
        let side: u128 = side.parse().unwrap_or_default();
        let is_known = gatherer.again(shared ^ side.rotate_left(64) ^ 1);
        if is_known && original.is_none() && !otherwise {
            return Again::Same;
        }
        otherwise |= is_known;
    }
    if otherwise { Again::Otherwise } else { Again::No }
}

/// A UUID as a number.
fn uuid(text: &str) -> Option<u128> {
    if text.len() != 36 {
        return None;
    }
    let mut out = 0_u128;
    for (at, byte) in text.bytes().enumerate() {
        match (byte, at) {
            (b'-', 8 | 13 | 18 | 23) => {}
            (_, 8 | 13 | 18 | 23) => return None,
            _ => out = out << 4 | u128::from((byte as char).to_digit(16)?),
        }
    }
    Some(out)
}

/// Whose permissions a call used; the error is why it used nobody's.
fn who(identity: &Identity<'_>) -> Result<Who, &'static str> {
    let of_arn = || identity.arn.get().and_then(Who::of_arn);
    let named = |account: Option<&str>, kind, name: Option<&str>| Some(Who::new(account?, kind, name?));
    let kind = identity.kind.get().unwrap_or("").to_ascii_lowercase();
    let issuer = &identity.session.issuer;
    match kind.as_str() {
        "root" => {
            let account = identity.account.get().map(str::to_owned).or_else(|| of_arn().map(|who| who.account));
            account.map(|account| Who::new(&account, Kind::Root, "")).ok_or("a root without an account")
        }
        "iamuser" => {
            let by_name = || named(identity.account.get(), Kind::User, identity.user_name.get());
            of_arn().or_else(by_name).ok_or("a user without a name")
        }
        "assumedrole" => {
            let by_issuer = issuer.arn.get().and_then(Who::of_arn).filter(|who| who.kind == Kind::Role);
            let by_name = || {
                let account = issuer.account.get().or_else(|| identity.account.get());
                named(account, Kind::Role, issuer.name.get().filter(|name| !name.contains(':')))
            };
            by_issuer.or_else(of_arn).or_else(by_name).ok_or("a session without a role, such as an instance's own")
        }
        "federateduser" => {
            issuer.arn.get().and_then(Who::of_arn).or_else(of_arn).ok_or("a federated user whose issuer is not known")
        }
        "awsservice" => Err("an AWS service"),
        "awsaccount" => of_arn().ok_or("another account"),
        "" if identity.arn.get().is_none() => {
            Err(if identity.invoked_by.get().is_some() { "an AWS service" } else { "nobody is named" })
        }
        _ => of_arn().ok_or("an identity from outside IAM"),
    }
}

/// Whose unique id a call names, where it names nothing else: `AROAEXAMPLE:session`, `AIDAEXAMPLE`.
fn by_id(identity: &Identity<'_>, gatherer: &Gatherer) -> Option<Who> {
    let ids = [identity.session.issuer.id.get(), identity.id.get()];
    let mut known = ids.into_iter().flatten().filter_map(|id| gatherer.settings.ids.get(id.split(':').next()?));
    known.next().cloned()
}

/// Notes the role that was assumed: it is in use, whatever its sessions do.
fn assumed(record: &Record<'_>, role: Option<&str>, at: When, gatherer: &mut Gatherer) {
    let listed = record.resources.0.iter().filter_map(|resource| resource.arn.get());
    let roles = role.into_iter().chain(listed).filter_map(Who::of_arn);
    for role in roles.filter(|who| who.kind == Kind::Role) {
        gatherer.person(&role).seen(at);
    }
}

fn parameters<'t>(raw: Option<&'t RawValue>) -> Parameters<'t> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

fn succeeded(record: &Record<'_>) -> bool {
    !parameters(record.response).login.is("Failure")
}

/// The condition keys that a record says were evaluated, in lower case.
fn evaluated(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut out = BTreeMap::new();
    let Ok(serde_json::Value::Object(parts)) = serde_json::from_str(text) else { return out };
    for (part, keys) in parts {
        let is_known = part.eq_ignore_ascii_case("requestContext") || part.eq_ignore_ascii_case("tagContext");
        let (true, serde_json::Value::Object(keys)) = (is_known, keys) else { continue };
        for (key, value) in keys {
            let values: Vec<String> = match value {
                serde_json::Value::String(one) => vec![one],
                serde_json::Value::Bool(one) => vec![one.to_string()],
                serde_json::Value::Number(one) => vec![one.to_string()],
                serde_json::Value::Array(many) => many.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
                serde_json::Value::Null | serde_json::Value::Object(_) => continue,
            };
            if key.contains(':') {
                out.insert(key.to_ascii_lowercase(), values);
            }
        }
    }
    out
}

/// A place in a file.
pub(super) fn place(file: &Arc<str>, line: u64, record: u64) -> Place {
    Place { file: file.clone(), line, record }
}
