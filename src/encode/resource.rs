//! When does a resource list apply to the symbolic resource?

use super::text::{self, Piece};
use super::{Encoder, Form, ResourceShape, expand};
use crate::diag::Span;
use crate::glob::Glob;
use crate::policy::{ResourceMatch, ResourcePattern, Template};
use crate::smt::{Atom, Formula, Regex, Text};
use std::cell::RefCell;

/// The parts of the symbolic ARN, in order, without the leading `arn`.
pub(super) const PARTS: [&str; 5] =
    ["Resource.partition", "Resource.service", "Resource.region", "Resource.account", "Resource.id"];

/// The variable of a resource that is no ARN; under [`Form::Regexes`] of every resource.
pub(super) const OTHER: &str = "Resource.text";

impl Encoder {
    /// The list, or its complement under `NotResource`, applies.
    pub(super) fn resource(&mut self, resource: &ResourceMatch) -> Result<Formula, (String, Option<Span>)> {
        let mut parts = Vec::new();
        for pattern in &resource.patterns {
            let formula = self.resource_pattern(pattern);
            let formula = self.or_opaque(formula, || format!("{:?} {:?} {}", self.shape, pattern.whole, pattern.parts.is_some()));
            parts.push(formula.map_err(|construct| (construct, Some(pattern.span)))?);
        }
        let listed = text::any(parts, self.form);
        Ok(if resource.negated { listed.not() } else { listed })
    }

    /// One pattern matches.
    pub(super) fn resource_pattern(&mut self, pattern: &ResourcePattern) -> Result<Formula, String> {
        if pattern.is_everything() {
            return Ok(Formula::True);
        }
        if let (Form::Regexes, Some(expression)) = (self.form, self.whole_regex(pattern)) {
            self.other();
            return Ok(text::matches(&Text::var(OTHER), expression));
        }
        if let (ResourceShape::Arn, Some(parts), Some(path)) = (self.shape, &pattern.parts, &pattern.path) {
            let path = path.as_glob().ok_or("a policy variable in API Gateway's shorthand for a resource")?;
            let behind = [Regex::none_of(&['/']).star(), Regex::literal("/"), text::regex(&path)];
            let id = text::matches(&Text::var("Resource.id"), Regex::concat(behind));
            let by_parts = self.by_parts(parts)?;
            self.resource_part("Resource.id");
            return Ok(Formula::and([by_parts, id]));
        }
        match (self.shape, &pattern.parts) {
            (ResourceShape::Arn, Some(parts)) => self.by_parts(parts),
            (ResourceShape::Arn, None) => {
                let variable = "a policy variable in an ARN that is matched as one text, or too many ways to match it";
                let ways = expand::expand(&pattern.whole).ok_or(variable)?;
                let mut parts = Vec::new();
                for way in &ways {
                    parts.push(self.by_parts(way)?);
                }
                Ok(Formula::or(parts))
            }
            // A pattern of six parts never matches a text that has fewer; but the text may have six and be no ARN.
            (ResourceShape::Other, _) if !matters_to_other(pattern) => Ok(Formula::False),
            (ResourceShape::Other, _) => {
                self.other();
                if pattern.parts.is_some() {
                    return self.other_by_parts(pattern);
                }
                self.template(&Text::var(OTHER), &pattern.whole)
            }
        }
    }

    fn by_parts(&mut self, parts: &[Template; 6]) -> Result<Formula, String> {
        let [first, rest @ ..] = parts;
        let mut out = vec![self.template(&Text::constant("arn"), first)?];
        let as_one = self.form == Form::Regexes;
        if as_one {
            // Only parts with variables are asked about by themselves.
            let globs: Vec<Glob> = parts.iter().map(|part| part.as_glob().unwrap_or_else(|| Glob::parse("*"))).collect();
            self.other();
            out.push(text::matches(&Text::var(OTHER), text::arn_regex(&globs)));
        }
        for (name, part) in PARTS.into_iter().zip(rest) {
            if part.as_glob().is_some_and(|glob| as_one || glob.is_everything()) {
                continue;
            }
            out.push(self.template(&Text::var(name), part)?);
            self.resource_part(name);
        }
        Ok(Formula::and(out))
    }

    /// A part of the symbolic ARN is used: what it may hold.
    pub(super) fn resource_part(&mut self, name: &str) {
        if self.form == Form::Regexes {
            self.tie_to_text();
        }
        self.constrain(name, || part_of_arn(name));
    }

    /// A text that is no ARN: `*`, or something that does not start with `arn:`. Where the whole text of an ARN is asked
    /// about: that it is one.
    fn other(&mut self) {
        if self.shape == ResourceShape::Arn {
            return self.constrain(OTHER, || text::matches(&Text::var(OTHER), arn()));
        }
        self.constrain(OTHER, || Formula::atom(Atom::Prefix(Text::constant("arn:"), Text::var(OTHER))).not());
    }

    /// The regular expression of a pattern without variables over the whole text of a resource, of either shape.
    fn whole_regex(&self, pattern: &ResourcePattern) -> Option<Regex> {
        let globs = |parts: &[Template; 6]| parts.iter().map(Template::as_glob).collect::<Option<Vec<Glob>>>();
        match &pattern.parts {
            _ if pattern.path.is_some() => None,
            Some(parts) => globs(parts).map(|globs| text::arn_regex(&globs)),
            None => pattern.whole.as_glob().map(|glob| text::regex(&glob)),
        }
    }

    /// The whole text of an ARN is its parts.
    fn tie_to_text(&mut self) {
        self.other();
        self.constrain("Resource parts", || {
            let parts = PARTS.iter().flat_map(|name| [Text::constant(":"), Text::var(name)]);
            let whole = Text::concat([Text::constant("arn")].into_iter().chain(parts));
            Formula::equal(&Text::var(OTHER), &whole)
        });
        PARTS.into_iter().for_each(|name| self.constrain(name, || part_of_arn(name)));
    }

    /// A pattern of six parts against a text that does not start with `arn:`.
    fn other_by_parts(&mut self, pattern: &ResourcePattern) -> Result<Formula, String> {
        let parts: Vec<Glob> = pattern.parts.iter().flatten().filter_map(Template::as_glob).collect();
        if parts.len() != 6 {
            return Err("a policy variable in a resource that does not start with `arn:`".to_owned());
        }
        Ok(text::matches(&Text::var(OTHER), text::arn_regex(&parts)))
    }

    /// A text matches a template, its variables resolved in this request.
    pub(super) fn template(&mut self, text: &Text, template: &Template) -> Result<Formula, String> {
        let constant_glob = template.as_glob();
        if let (Text::Const(constant), Some(glob)) = (text, &constant_glob) {
            return Ok(Formula::from(glob.matches(constant)));
        }
        if let Some(glob) = constant_glob {
            return Ok(text::glob(text, &glob, self.form));
        }
        let known = (text.clone(), template.clone());
        if let Some(formula) = self.templates.get(&known) {
            return Ok(formula.clone());
        }
        let cuts = RefCell::new(Vec::new());
        let before = self.cuts;
        let cut = |constraint: &dyn Fn(usize) -> Formula| {
            let number = before + cuts.borrow().len();
            cuts.borrow_mut().push(constraint(number));
            number
        };
        let form = self.form;
        let formula =
            self.resolve(template.parts.as_slice(), Vec::new(), &|pieces: &[Piece]| text::pieces(text, pieces, form, &cut));
        let cuts = cuts.into_inner();
        self.cuts += cuts.len();
        self.constraints.extend(cuts);
        let formula = formula?;
        self.templates.insert(known, formula.clone());
        Ok(formula)
    }
}

/// What one of [`PARTS`] may hold.
fn part_of_arn(name: &str) -> Formula {
    let text = Text::var(name);
    let filled = Formula::equal(&text, &Text::constant("")).not();
    let no_colon = Formula::atom(Atom::Contains(text, Text::constant(":"))).not();
    match name {
        "Resource.id" => filled,
        "Resource.region" | "Resource.account" => no_colon,
        _ => Formula::and([filled, no_colon]),
    }
}

/// The texts that are ARNs.
fn arn() -> Regex {
    let (letter, colon) = (|| Regex::none_of(&[':']), || Regex::literal(":"));
    let start = [Regex::literal("arn:"), letter().plus(), colon(), letter().plus(), colon()];
    let end = [letter().star(), colon(), letter().star(), colon(), Regex::AnyChar, Regex::AnyText];
    Regex::concat(start.into_iter().chain(end))
}

/// Whether a pattern can match a text that does not start with `arn:`.
fn matters_to_other(pattern: &ResourcePattern) -> bool {
    let start = Template { parts: pattern.whole.parts.iter().take(4).cloned().collect() };
    start.as_literal().as_deref() != Some("arn:")
}
