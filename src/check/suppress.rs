//! Which findings did somebody approve, and why?
//!
//! In the configuration (`[[allow]]`) or in a comment of a YAML file, on the finding's line or alone on the line before:
//!
//! ```yaml
//! # leastwise: allow public-access until 2027-01-31: the website's bucket
//! ```
//!
//! An approval has a reason, or it is an error; one that is over does not count; one that approves nothing is a note.

use super::config::{Config, matches};
use super::rules::{self, UNUSED};
use super::values::{Places, is_day};
use crate::diag::{Finding, Source, Span};

/// Something of the repository that approves a finding, by its number.
pub(super) struct Given {
    pub(super) finding: usize,
    pub(super) by: By,
}

/// What approves a finding.
pub(super) enum By {
    /// An `[[allow]]` of the configuration, by its number.
    Allow(usize),
    /// A comment, at its place.
    Comment(Source, Span),
}

/// Marks approved findings; what is wrong with the approvals comes back, and what approves what.
///
/// An approval of the configuration may be about files that were not looked at, unless all `is_whole` of them were.
pub(super) fn apply(findings: &mut [Finding], config: &Config, today: &str, is_whole: bool) -> (Vec<Finding>, Vec<Given>) {
    let (mut out, mut given) = (Vec::new(), Vec::new());
    for (number, allow) in config.allow.iter().enumerate() {
        let mut used = false;
        for (at, finding) in findings.iter_mut().enumerate().filter(|(_, finding)| finding.rule == allow.rule) {
            let path = allow.path.as_ref().is_none_or(|path| matches(path, &finding.source.name));
            let name = allow.policy.as_ref().is_none_or(|name| matches(name, &finding.subject));
            if !path || !name {
                continue;
            }
            used = true;
            match allow.expires.as_deref().filter(|day| *day < today) {
                Some(day) => finding.notes.push(format!("it was approved until {day}: {}", allow.reason)),
                None => {
                    finding.suppressed = Some(allow.reason.clone());
                    given.push(Given { finding: at, by: By::Allow(number) });
                }
            }
        }
        if !used
            && is_whole
            && config.asks(&allow.rule)
            && let Some(source) = &config.source
        {
            let message = format!("The approval of {} for \"{}\" approves nothing.", allow.rule, allow.reason);
            out.push(about(source, Places::of(source).find_in("allow", number, &allow.reason), message, config));
        }
    }
    // What is gone stands nowhere, so no comment stands beside it.
    let stands = |(_, finding): &(usize, &mut Finding)| finding.suppressed.is_none() && finding.span != Span::default();
    for (number, finding) in findings.iter_mut().enumerate().filter(stands) {
        let (source, span) = finding.source.place(finding.span);
        for (comment, at) in comments(&source, span) {
            match Approval::read(comment) {
                Some(Ok(approval)) if approval.rules.iter().any(|rule| *rule == finding.rule) => {
                    match approval.until.filter(|day| *day < today) {
                        Some(day) => finding.notes.push(format!("it was approved until {day}: {}", approval.reason)),
                        None => {
                            finding.suppressed = Some(approval.reason.to_owned());
                            given.push(Given { finding: number, by: By::Comment(source.clone(), at) });
                        }
                    }
                }
                Some(Err(why)) => out.push(about(&source, at, format!("The comment approves nothing: {why}."), config)),
                Some(Ok(_)) | None => {}
            }
        }
    }
    out.dedup_by(|a, b| (&a.message, a.span) == (&b.message, b.span));
    out.retain(|_| config.asks(UNUSED));
    (out, given)
}

/// Something of the configuration that is about nothing, at the text that names it.
pub(super) fn idle(config: &Config, message: String, text: &str) -> Option<Finding> {
    let source = config.source.as_ref().filter(|_| config.asks(UNUSED))?;
    let at = source.text.find(text).unwrap_or(0);
    Some(about(source, Span::new(at, at + text.len()), message, config))
}

/// A pattern of a section of the configuration that fits nothing, at its place.
pub(super) fn idle_at(config: &Config, message: String, section: &str, pattern: &str) -> Option<Finding> {
    let source = config.source.as_ref().filter(|_| config.asks(UNUSED))?;
    Some(about(source, Places::of(source).find(section, pattern), message, config))
}

fn about(source: &Source, span: Span, message: String, config: &Config) -> Finding {
    let mut found = rules::empty(source, config);
    UNUSED.clone_into(&mut found.rule);
    (found.level, found.message, found.span) = (config.level(UNUSED), message, span);
    found
}

/// The comments on the line of a place, and on the lines before it that hold nothing else.
fn comments(source: &Source, span: Span) -> Vec<(&str, Span)> {
    let text: &str = &source.text;
    if !source.name.ends_with(".yaml") && !source.name.ends_with(".yml") && !source.name.ends_with(".template") {
        return Vec::new();
    }
    let mut start = text.get(..span.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let mut out = Vec::new();
    loop {
        let line = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let is_first = start <= span.start && span.start <= start + line.len();
        if !is_first && !line.trim_start().starts_with('#') {
            return out;
        }
        if let Some(at) = line.find('#') {
            out.push((line.get(at + 1..).unwrap_or_default().trim(), Span::new(start + at, start + line.len())));
        }
        if start == 0 {
            return out;
        }
        start = text.get(..start - 1).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    }
}

struct Approval<'t> {
    rules: Vec<&'t str>,
    until: Option<&'t str>,
    reason: &'t str,
}

impl<'t> Approval<'t> {
    /// The approval in a comment, or what is wrong with it; `None` of other comments.
    fn read(comment: &'t str) -> Option<Result<Self, String>> {
        let rest = comment.strip_prefix("leastwise:")?.trim();
        let read = || {
            let rest = rest.strip_prefix("allow ").ok_or("write `leastwise: allow RULE: reason`")?;
            let (head, reason) = rest.split_once(':').ok_or("it has no reason")?;
            let (names, until) = match head.split_once(" until ") {
                Some((names, day)) => (names, Some(day.trim())),
                None => (head, None),
            };
            if until.is_some_and(|day| !is_day(day)) {
                return Err("the day is not written as 2027-01-31".to_owned());
            }
            let rules: Vec<&str> = names.split(',').map(str::trim).collect();
            rules.iter().try_for_each(|rule| rules::known(rule))?;
            let reason = reason.trim();
            if reason.is_empty() { Err("it has no reason".to_owned()) } else { Ok(Self { rules, until, reason }) }
        };
        Some(read())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_read_or_refused() {
        let read = |text: &str| match Approval::read(text) {
            None => "other".to_owned(),
            Some(Err(why)) => why,
            Some(Ok(one)) => format!("{:?} {:?} {}", one.rules, one.until, one.reason),
        };
        for (text, expected) in [
            ("leastwise: allow public-access: a site", "[\"public-access\"] None a site"),
            (
                "leastwise: allow public-access, outside-access until 2027-01-31: a: b",
                "[\"public-access\", \"outside-access\"] Some(\"2027-01-31\") a: b",
            ),
            ("a comment", "other"),
            ("leastwise: allow public-access", "it has no reason"),
            ("leastwise: allow public-access:", "it has no reason"),
            ("leastwise: permit x: y", "write `leastwise: allow RULE: reason`"),
            ("leastwise: allow public-access until soon: x", "the day is not written as 2027-01-31"),
            ("leastwise: allow public-acess: x", "unknown rule `public-acess`: did you mean public-access?"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn comments_stand_on_the_line_or_before_it() {
        let source = Source::new("t.yaml", "a: 1\n# one\n# two\nb: 2 # three\nc: 3\n");
        let at = |text: &str| {
            let start = source.text.find(text).unwrap();
            comments(&source, Span::new(start, start + 1)).iter().map(|(text, _)| (*text).to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(at("b: 2"), ["three", "two", "one"]);
        assert!(at("c: 3").is_empty() && at("a: 1").is_empty());
    }
}
