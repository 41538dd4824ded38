//! Usage that was reduced where the logs are: one row a principal and event, as CSV or JSON Lines.
//!
//! Columns: `account, principal, invoked_by, event_category, event_source, event_name, resources, error_class, first, last,
//! count`. `principal` is an ARN, of a session that of its role; `error_class` is empty, `denied`, or CloudTrail's error
//! code; `resources` a list of ARNs (in CSV a JSON list, or ARNs with `;` or blanks between them). Three more may be there:
//! `principal_id`, the unique id (`AROA..`) by which a principal without an ARN is known, `access_key`, the id of the key that
//! signed, and `without_resources`, how many of the events named none.
//!
//! The SQL in `integrations/` makes such rows; a row says what the records that it stands for say to [`super::trail`].

use super::gather::Gatherer;
use super::trail::{is_denial, place};
use super::{Kind, When, Who};
use crate::diag::Diagnostics;
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

type Row = BTreeMap<String, String>;

/// Reads CSV.
pub(super) fn read_csv(file: &Arc<str>, input: impl Read, gatherer: &mut Gatherer) -> Result<(), Diagnostics> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(input);
    let headers: Vec<String> = match reader.headers() {
        Ok(headers) => headers.iter().map(str::to_ascii_lowercase).collect(),
        Err(error) => {
            gatherer.counts.fail("not CSV");
            return gatherer.trouble("bad-record", format!("{file}:1: the header is not CSV: {error}"), "the file is left out");
        }
    };
    for (at, row) in reader.records().enumerate() {
        let (line, number) = (at as u64 + 2, at as u64 + 1);
        match row {
            Ok(row) => {
                let row: Row = headers.iter().cloned().zip(row.iter().map(str::to_owned)).collect();
                one(file, line, number, &row, gatherer)?;
            }
            Err(error) => {
                gatherer.counts.read += 1;
                gatherer.counts.fail("not CSV");
                gatherer.trouble("bad-record", format!("{file}:{line}: the row is not CSV: {error}"), "the row is left out")?;
            }
        }
    }
    Ok(())
}

/// Reads one line of JSON Lines.
pub(super) fn read_json(
    file: &Arc<str>,
    line: u64,
    number: u64,
    bytes: &[u8],
    gatherer: &mut Gatherer,
) -> Result<(), Diagnostics> {
    match serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(bytes) {
        Ok(members) => {
            let text = |value: serde_json::Value| match value {
                serde_json::Value::String(text) => text,
                serde_json::Value::Null => String::new(),
                other => other.to_string(),
            };
            let row: Row = members.into_iter().map(|(key, value)| (key.to_ascii_lowercase(), text(value))).collect();
            one(file, line, number, &row, gatherer)
        }
        Err(error) => {
            gatherer.counts.read += 1;
            gatherer.counts.fail("not JSON");
            gatherer.trouble("bad-record", format!("{file}:{line}: {error}"), "the line is left out")
        }
    }
}

// Long: the columns of one row in order; each ends the reading or says something of the use.
fn one(file: &Arc<str>, line: u64, number: u64, row: &Row, gatherer: &mut Gatherer) -> Result<(), Diagnostics> {
    gatherer.counts.read += 1;
    let text = |column: &str| row.get(column).map_or("", String::as_str);
    let bad = |gatherer: &mut Gatherer, reason: &'static str| {
        gatherer.counts.fail(reason);
        gatherer.trouble("bad-record", format!("{file}:{line}: the row cannot be used: {reason}"), "the row is left out")
    };
    let count = if text("count").is_empty() { Some(1) } else { text("count").parse::<u64>().ok() };
    let Some(count) = count else { return bad(gatherer, "`count` is not a number") };
    let last = When::parse(text("last")).or_else(|| When::parse(text("first")));
    let Some(last) = last else { return bad(gatherer, "neither `first` nor `last` is a time") };
    let first = When::parse(text("first")).unwrap_or(last);
    let (source, name) = (text("event_source"), text("event_name"));
    if source.is_empty() || name.is_empty() {
        return bad(gatherer, "without `event_source` or `event_name`");
    }
    gatherer.reach(last);
    let event = gatherer.event(source, name);
    let account = text("account");
    if !account.is_empty() {
        gatherer.cover(account, [first, last], count, text("event_category").eq_ignore_ascii_case("Data"), Some(event));
    }
    let resources = resources(text("resources"));
    let without = match text("without_resources") {
        "" => Some(0),
        number => number.parse::<u64>().ok(),
    };
    let Some(without) = without else { return bad(gatherer, "`without_resources` is not a number") };
    let error = text("error_class");
    if error.is_empty() && source.starts_with("sts.") && name.starts_with("AssumeRole") {
        assumed(&resources, last, gatherer);
    }
    let by_id = || gatherer.settings.ids.get(text("principal_id").split(':').next()?).cloned();
    let Some(who) = Who::of_arn(text("principal")).or_else(by_id) else {
        gatherer.counts.skip("a principal that is not a role, a user or a root");
        return Ok(());
    };
    alive(&who, row, last, gatherer);
    if is_denial(error) || error.eq_ignore_ascii_case("denied") {
        gatherer.counts.denied += 1;
        gatherer.denied(&who, event, last, count);
        return Ok(());
    }
    match gatherer.known(event).and_then(|event| event.actions.as_deref()) {
        None if source.starts_with("signin.") => gatherer.counts.skip("a sign-in"),
        None => {
            gatherer.counts.unmapped += 1;
            gatherer.unmapped(&who, event, last, count);
        }
        Some([]) => gatherer.counts.skip("an operation that needs no permission"),
        Some(_) => {
            gatherer.counts.mapped += 1;
            let place = place(file, line, number);
            let used = gatherer.used(&who, event, last, &place);
            used.add(first, last, count, &place);
            used.without_resource += without.max(u64::from(resources.is_empty()));
            resources.iter().for_each(|arn| used.on(arn));
        }
    }
    Ok(())
}

/// Notes the roles that were assumed: they are in use, whatever their sessions do.
fn assumed(resources: &[String], last: When, gatherer: &mut Gatherer) {
    let roles = resources.iter().filter_map(|arn| Who::of_arn(arn)).filter(|who| who.kind == Kind::Role);
    roles.for_each(|role| gatherer.person(&role).seen(last));
}

/// Notes what a row shows beside permissions: a sign of life, a sign-in, an access key.
fn alive(who: &Who, row: &Row, last: When, gatherer: &mut Gatherer) {
    let text = |column: &str| row.get(column).map_or("", String::as_str);
    let person = gatherer.person(who);
    person.seen(last);
    let is_sign_in = text("event_name") == "ConsoleLogin" && text("event_source").starts_with("signin.");
    if is_sign_in && text("error_class").is_empty() {
        person.signed_in = person.signed_in.max(Some(last));
    }
    if text("access_key").starts_with("AKIA") {
        let used = person.keys.entry(text("access_key").to_owned()).or_insert(last);
        *used = (*used).max(last);
    }
}

/// The ARNs of a list. A mark separates two where an ARN follows it: keys of objects hold blanks and commas of their own.
fn resources(text: &str) -> Vec<String> {
    if let Ok(listed) = serde_json::from_str::<Vec<String>>(text) {
        return listed;
    }
    let text = text.trim_matches(['[', ']']);
    let starts: Vec<usize> = text
        .match_indices("arn:")
        .map(|(at, _)| at)
        .filter(|at| text.get(..*at).is_some_and(|before| before.is_empty() || before.ends_with([';', ' ', ',', '"'])))
        .collect();
    let ends = starts.iter().skip(1).copied().chain(std::iter::once(text.len()));
    let parts = starts.iter().zip(ends).filter_map(|(from, to)| text.get(*from..to));
    parts.map(|part| part.trim_end_matches([';', ' ', ',', '"']).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_list_of_resources_is_cut_where_an_arn_begins() {
        for (text, expected) in [
            ("", vec![]),
            (r#"["arn:aws:s3:::b/a b","arn:aws:s3:::b"]"#, vec!["arn:aws:s3:::b/a b", "arn:aws:s3:::b"]),
            (
                "arn:aws:s3:::b/my file, 1;arn:aws:sns:eu-west-1:1:t",
                vec!["arn:aws:s3:::b/my file, 1", "arn:aws:sns:eu-west-1:1:t"],
            ),
            ("[arn:aws:s3:::a, arn:aws:s3:::b]", vec!["arn:aws:s3:::a", "arn:aws:s3:::b"]),
            ("nothing", vec![]),
        ] {
            assert_eq!(super::resources(text), expected, "{text}");
        }
    }
}
