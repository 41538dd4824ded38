//! When were passwords and access keys last used? From the credential report.
//!
//! Columns are found by their names in the header, because there are reports of 22 and of 23. `N/A`, `no_information` and
//! `not_supported` are no dates. Service-specific credentials are not in the report.
//!
//! Source: IAM User Guide, "Generate credential reports for your AWS account".

use super::gather::Gatherer;
use super::{When, Who};
use crate::diag::Diagnostics;
use std::collections::BTreeMap;

/// One access key of a user; the report gives no ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// 1 or 2.
    pub number: u8,
    /// Whether it can be used.
    pub active: bool,
    /// When it was made or last changed.
    pub rotated: Option<When>,
    /// When it was last used; `None` is never.
    pub last_used: Option<When>,
}

/// The credentials of a user, or of a root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user's ARN.
    pub arn: String,
    /// When the user was made.
    pub created: Option<When>,
    /// Whether there is a password; `None` of a root, which always has one.
    pub password: Option<bool>,
    /// When it was last used.
    pub password_used: Option<When>,
    /// When it was last changed.
    pub password_changed: Option<When>,
    /// The keys.
    pub keys: Vec<AccessKey>,
    /// The file and line.
    pub place: String,
}

/// Reads a report.
// Long: one row of AWS's report, column after column, each with what it means when it is absent.
pub(super) fn read(name: &str, text: &str, gatherer: &mut Gatherer) -> Result<(), Diagnostics> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let headers: Vec<String> = match reader.headers() {
        Ok(headers) => headers.iter().map(str::to_ascii_lowercase).collect(),
        Err(error) => {
            gatherer.counts.fail("not CSV");
            return gatherer.trouble(
                "bad-record",
                format!("{name}: the header is not CSV: {error}"),
                "give the report as AWS wrote it",
            );
        }
    };
    for (at, row) in reader.records().enumerate() {
        gatherer.counts.read += 1;
        let line = at as u64 + 2;
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                gatherer.counts.fail("not CSV");
                gatherer.trouble("bad-record", format!("{name}:{line}: the row is not CSV: {error}"), "the row is left out")?;
                continue;
            }
        };
        let fields: BTreeMap<&str, &str> = headers.iter().map(String::as_str).zip(row.iter()).collect();
        let text = |column: &str| fields.get(column).copied().unwrap_or("");
        let date = |column: &str| When::parse(text(column));
        let flag = |column: &str| match text(column).to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        };
        let Some(who) = Who::of_arn(text("arn")) else {
            gatherer.counts.fail("without an ARN");
            let message = format!("{name}:{line}: `arn` is `{}`, which is not the ARN of a user or a root", text("arn"));
            gatherer.trouble("bad-record", message, "the row is left out")?;
            continue;
        };
        let key = |number: u8| {
            let column = |what: &str| format!("access_key_{number}_{what}");
            let active = flag(&column("active"))?;
            let (rotated, last_used) = (date(&column("last_rotated")), date(&column("last_used_date")));
            (active || rotated.is_some()).then_some(AccessKey { number, active, rotated, last_used })
        };
        let found = Credentials {
            arn: text("arn").to_owned(),
            created: date("user_creation_time"),
            password: flag("password_enabled"),
            password_used: date("password_last_used"),
            password_changed: date("password_last_changed"),
            keys: [key(1), key(2)].into_iter().flatten().collect(),
            place: format!("{name}:{line}"),
        };
        let latest = found.keys.iter().filter_map(|key| key.last_used).chain(found.password_used).max();
        if let Some(latest) = latest {
            gatherer.person(&who).seen(latest);
        }
        let newest = latest.into_iter().chain(found.created).chain(found.keys.iter().filter_map(|key| key.rotated)).max();
        newest.into_iter().for_each(|at| gatherer.reach(at));
        gatherer.counts.mapped += 1;
        // Of several reports the one that knows the later use counts.
        let use_of = |one: &Credentials| one.keys.iter().filter_map(|key| key.last_used).chain(one.password_used).max();
        match gatherer.evidence.credentials.get(&who) {
            Some(other) if use_of(other) >= use_of(&found) => {}
            _ => {
                gatherer.evidence.credentials.insert(who, found);
            }
        }
    }
    Ok(())
}
