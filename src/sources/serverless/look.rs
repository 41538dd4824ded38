//! Where does a variable of the Serverless Framework lead?
//!
//! A variable is a list of sources, of which the first that has something counts: `${self:custom.a, 'b'}`. What the file itself
//! says is found here, also where only the deployment knows the way to it (`${self:custom.${opt:stage}.actions}`): then all of it
//! that the way may lead to, each with the text that leads there.
//!
//! Source: Serverless Framework documentation, "Variables".

use super::variables::{Reading, closing, parts};
use crate::json::{Kind, Value};

/// What a source gives.
pub(super) enum Look<'c> {
    Found(&'c Value),
    /// Nothing, for certain.
    Missing,
    /// What another file says.
    Elsewhere,
    /// What only the deployment knows.
    Open,
    /// One of these: where a text is that key.
    ByKey(String, Vec<(String, Look<'c>)>),
}

/// How deep variables may lead to others.
pub(super) const DEPTH: usize = 16;

impl<'c> Reading<'c> {
    /// What one source of a variable gives.
    pub(super) fn source(&mut self, source: &str, depth: usize) -> Look<'c> {
        if source.starts_with("file(") {
            return Look::Elsewhere;
        }
        let Some(path) = source.strip_prefix("self:") else { return Look::Open };
        if depth >= DEPTH || self.left == 0 {
            return Look::Open;
        }
        let path: Vec<&str> = split(path, '.').into_iter().filter(|step| !step.is_empty()).collect();
        self.look(self.configuration, &path, depth)
    }

    fn look(&mut self, at: &'c Value, path: &[&str], depth: usize) -> Look<'c> {
        self.left = self.left.saturating_sub(1);
        let Some((step, rest)) = path.split_first() else {
            return if at.kind == Kind::Null { Look::Missing } else { Look::Found(at) };
        };
        if depth >= DEPTH || self.left == 0 {
            return Look::Open;
        }
        if let Some(written) = at.as_str() {
            // What it stands for has the rest of the way.
            let all = parts(written);
            let [(variable, true)] = all.as_slice() else { return Look::Missing };
            let first = split(variable, ',').first().map(|one| one.trim().to_owned()).unwrap_or_default();
            return match self.source(&first, depth + 1) {
                Look::Found(found) => self.look(found, path, depth + 1),
                Look::ByKey(text, all) => {
                    let further = all.into_iter().map(|(key, one)| match one {
                        Look::Found(found) => (key, self.look(found, path, depth + 1)),
                        other => (key, other),
                    });
                    Look::ByKey(text, further.collect())
                }
                other => other,
            };
        }
        if !step.contains("${") {
            let next = match &at.kind {
                Kind::Array(all) => step.parse::<usize>().ok().and_then(|index| all.get(index)),
                _ => at.get(step),
            };
            return next.map_or(Look::Missing, |next| self.look(next, rest, depth));
        }
        if let Some(known) = self.known(step, depth + 1) {
            return at.get(&known).map_or(Look::Missing, |next| self.look(next, rest, depth));
        }
        let mut all = Vec::new();
        for member in at.members().unwrap_or_default().iter().filter(|member| may_be(step, &member.key)) {
            self.left = self.left.saturating_sub(10);
            match self.look(&member.value, rest, depth + 1) {
                Look::Missing => {}
                found => all.push((member.key.clone(), found)),
            }
        }
        if all.is_empty() { Look::Missing } else { Look::ByKey((*step).to_owned(), all) }
    }
}

/// Whether a text with variables may be a key, by what stands around them.
fn may_be(written: &str, key: &str) -> bool {
    let all = parts(written);
    let fixed = |one: Option<&(&str, bool)>| one.filter(|(_, is_variable)| !is_variable).map_or("", |(text, _)| *text).to_owned();
    let (first, last) = (fixed(all.first()), fixed(all.last()));
    key.len() >= first.len() + last.len() && key.starts_with(&first) && key.ends_with(&last)
}

/// A text in parts at a character that stands in no variable, no bracket and no quotes.
pub(super) fn split(written: &str, at: char) -> Vec<&str> {
    let (mut out, mut start, mut from) = (Vec::new(), 0, 0);
    let (mut quote, mut depth) = (None, 0_usize);
    while let Some(c) = written.get(from..).and_then(|rest| rest.chars().next()) {
        let mut next = from + c.len_utf8();
        match (c, quote) {
            (_, Some(own)) => quote = (c != own).then_some(own),
            ('\'' | '"', None) => quote = Some(c),
            ('$', None) if written.get(next..).is_some_and(|rest| rest.starts_with('{')) => {
                next = closing(written, from).map_or(written.len(), |end| end + 1);
            }
            ('(', None) => depth += 1,
            (')', None) => depth = depth.saturating_sub(1),
            _ if c == at && depth == 0 => {
                out.push(written.get(start..from).unwrap_or_default());
                start = next;
            }
            _ => {}
        }
        from = next;
    }
    out.push(written.get(start..).unwrap_or_default());
    out
}

/// The text that a source is by itself: quoted, a number or a flag.
pub(super) fn literal(source: &str) -> Option<String> {
    let quoted = |mark: char| source.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark)).map(str::to_owned);
    let is_plain = source.parse::<f64>().is_ok() || ["true", "false"].contains(&source);
    quoted('\'').or_else(|| quoted('"')).or_else(|| is_plain.then(|| source.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_split_where_they_end() {
        assert_eq!(split("self:a.${opt:b, 'c'}, 'd, e', file(f,g):h", ','), ["self:a.${opt:b, 'c'}", " 'd, e'", " file(f,g):h"]);
        assert_eq!(split("custom.${opt:a.b}.c", '.'), ["custom", "${opt:a.b}", "c"]);
        assert_eq!(
            [literal("'*'"), literal("\"a\""), literal("12"), literal("opt:a")],
            [Some("*".to_owned()), Some("a".to_owned()), Some("12".to_owned()), None]
        );
        assert!(may_be("x-${opt:a}", "x-1") && !may_be("x-${opt:a}", "y") && may_be("${opt:a}", "y"));
    }
}
