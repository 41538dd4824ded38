//! When does a text match a glob, or a template with variables?
//!
//! What is an equality, a prefix or a suffix test is written as one; only what is left becomes a regular expression
//! (measured: a regular expression for everything leaves a fifth of the AWS managed policies undecided).
//!
//! A template with variables is cut at its stars into chunks of fixed content. The first chunk is a prefix, the last a
//! suffix, one chunk between them is contained in what is left; no quantifier is needed, so the formula may stand under
//! any number of negations. More inner chunks are found one after the other, each at its leftmost place (which loses no
//! match): the text before and after it are variables of their own, fixed by a constraint that always has exactly one
//! solution, so they may stand under negations too. A chunk with `?` is texts with one character between each two: in the
//! first and the last chunk each of them has its place, told by the lengths of those before or behind it. Between
//! two stars such a chunk has no encoding.

use super::Form;
use crate::glob::{Glob, Token};
use crate::smt::term::Cmp;
use crate::smt::{Atom, Formula, Int, Regex, Text};
use crate::value::fold;
use std::rc::Rc;

/// One part of a template whose variables are terms.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    Char(char),
    One,
    Many,
    Value(Text),
}

/// The text matches the glob.
pub(super) fn glob(text: &Text, glob: &Glob, form: Form) -> Formula {
    if form == Form::Regexes {
        return matches(text, regex(glob));
    }
    let chunks = chunks(glob.tokens());
    let constant = |chunk: &[Token]| -> Option<Text> {
        let text: Option<String> = chunk.iter().map(|token| if let Token::Char(c) = token { Some(*c) } else { None }).collect();
        text.map(|text| Text::constant(&text))
    };
    match chunks.as_slice() {
        [whole] => match constant(whole) {
            Some(whole) => Formula::equal(text, &whole),
            None => matches(text, regex(glob)),
        },
        [first, last] => match (constant(first), constant(last)) {
            (Some(first), Some(last)) => around(text, &first, &last),
            _ => matches(text, regex(glob)),
        },
        [first, inner, last] if first.is_empty() && last.is_empty() => match constant(inner) {
            Some(inner) => Formula::atom(Atom::Contains(text.clone(), inner)),
            None => matches(text, regex(glob)),
        },
        _ => matches(text, regex(glob)),
    }
}

/// An account id.
pub(super) fn account_id() -> Regex {
    Regex::OneOf([('0', '9')].into()).times(12)
}

/// The text matches the regular expression.
pub(super) fn matches(text: &Text, expression: Regex) -> Formula {
    Formula::atom(Atom::Matches(text.clone(), Rc::new(expression)))
}

/// Any of them. In [`Form::Regexes`] what is asked of one text is one regular expression.
pub(super) fn any(parts: impl IntoIterator<Item = Formula>, form: Form) -> Formula {
    if form == Form::Tests {
        return Formula::or(parts);
    }
    let (mut lists, mut rest): (Vec<(Text, Vec<Regex>)>, Vec<Formula>) = (Vec::new(), Vec::new());
    for part in parts {
        let Formula::Atom(atom) = &part else {
            rest.push(part);
            continue;
        };
        let Atom::Matches(text, expression) = atom.as_ref() else {
            rest.push(part);
            continue;
        };
        match lists.iter_mut().find(|(known, _)| known == text) {
            Some((_, list)) => list.push(expression.as_ref().clone()),
            None => lists.push((text.clone(), vec![expression.as_ref().clone()])),
        }
    }
    let lists = lists.into_iter().map(|(text, list)| matches(&text, Regex::union(list)));
    Formula::or(lists.collect::<Vec<_>>().into_iter().chain(rest))
}

/// The text starts with the one, ends with the other, and is long enough for both.
fn around(text: &Text, first: &Text, last: &Text) -> Formula {
    let empty = |text: &Text| *text == Text::constant("");
    let mut parts =
        vec![Formula::atom(Atom::Prefix(first.clone(), text.clone())), Formula::atom(Atom::Suffix(last.clone(), text.clone()))];
    if !empty(first) && !empty(last) {
        let both = Int::Sum([Int::Len(first.clone()), Int::Len(last.clone())].into());
        parts.push(Formula::atom(Atom::Ints(Cmp::GreaterOrEqual, Int::Len(text.clone()), both)));
    }
    Formula::and(parts)
}

fn chunks(tokens: &[Token]) -> Vec<&[Token]> {
    tokens.split(|token| *token == Token::Many).collect()
}

/// The glob as a regular expression over any characters.
pub(super) fn regex(glob: &Glob) -> Regex {
    with_wildcards(glob.tokens(), &Regex::AnyChar, &Regex::AnyText)
}

/// The glob as a regular expression whose wildcards do not match a colon.
pub(super) fn regex_without_colon(glob: &Glob) -> Regex {
    let letter = Regex::none_of(&[':']);
    with_wildcards(glob.tokens(), &letter.clone(), &letter.star())
}

fn with_wildcards(tokens: &[Token], one: &Regex, many: &Regex) -> Regex {
    let mut parts = Vec::new();
    let mut literal = String::new();
    for token in tokens {
        if let Token::Char(c) = token {
            literal.push(*c);
            continue;
        }
        if !literal.is_empty() {
            parts.push(Regex::literal(&std::mem::take(&mut literal)));
        }
        parts.push(if *token == Token::One { one.clone() } else { many.clone() });
    }
    if !literal.is_empty() {
        parts.push(Regex::literal(&literal));
    }
    Regex::concat(parts)
}

/// The text is this literal, letters without case.
pub(super) fn ignoring_case(text: &Text, literal: &str, form: Form) -> Formula {
    if form == Form::Tests && literal.chars().all(|c| fold::lower(c) == fold::upper(c)) {
        return Formula::equal(text, &Text::constant(literal));
    }
    let letter = |c: char| {
        let (lower, upper) = (fold::lower(c), fold::upper(c));
        let spellings = if lower == upper { vec![lower] } else { vec![lower, upper] };
        Regex::union(spellings.into_iter().map(|c| Regex::literal(&c.to_string())))
    };
    matches(text, Regex::concat(literal.chars().map(letter)))
}

/// Takes the constraint on the variables of a new cut, given the cut's number, and says which number that is.
pub(super) type Cut<'c> = dyn Fn(&dyn Fn(usize) -> Formula) -> usize + 'c;

/// The text matches the pieces; the error names what has no encoding. Constraints on new variables go to `cut`, which
/// is given a formula for the number of a cut.
pub(super) fn pieces(text: &Text, pieces: &[Piece], form: Form, cut: &Cut<'_>) -> Result<Formula, String> {
    if !pieces.iter().any(|piece| matches!(piece, Piece::Value(_))) {
        let tokens = pieces.iter().map(|piece| match piece {
            Piece::Char(c) => Token::Char(*c),
            Piece::One | Piece::Value(_) => Token::One,
            Piece::Many => Token::Many,
        });
        return Ok(glob(text, &Glob::from_tokens(tokens), form));
    }
    let mut chunks: Vec<Chunk> = vec![Chunk::default()];
    for piece in pieces {
        let chunk = chunks.last_mut().expect("there is always a last chunk");
        match piece {
            Piece::Many => chunks.push(Chunk::default()),
            Piece::One => chunk.gaps.push(std::mem::take(&mut chunk.last)),
            Piece::Char(c) => chunk.last.push(Text::constant(&c.to_string())),
            Piece::Value(value) => chunk.last.push(value.clone()),
        }
    }
    let [first, inner @ .., last] = chunks.as_slice() else {
        return Ok(chunks.first().cloned().unwrap_or_default().is(text));
    };
    let inner: Vec<&Chunk> = inner.iter().filter(|chunk| !chunk.is_empty()).collect();
    let both = Int::Sum([first.length(), last.length()].into());
    let long_enough = Formula::atom(Atom::Ints(Cmp::GreaterOrEqual, Int::Len(text.clone()), both.clone()));
    let mut parts = vec![first.begins(text), last.ends(text)];
    if !inner.is_empty() || !(first.is_empty() || last.is_empty()) || !(first.gaps.is_empty() && last.gaps.is_empty()) {
        parts.push(long_enough);
    }
    let left = Int::Minus(Rc::new(Int::Len(text.clone())), Rc::new(both));
    let mut rest = Text::Part(Rc::new(text.clone()), Rc::new(first.length()), Rc::new(left));
    for (at, chunk) in inner.iter().enumerate() {
        let Some(chunk) = chunk.as_text() else {
            return Err("a `?` wildcard beside a policy variable, between two stars".to_owned());
        };
        let found = Formula::atom(Atom::Contains(rest.clone(), chunk.clone()));
        // What is behind the last one does not matter.
        if at + 1 < inner.len() {
            let number = cut(&|number| found.clone().implies(leftmost(&rest, &chunk, number)));
            rest = Text::var(&after(number));
        }
        parts.push(found);
    }
    Ok(Formula::and(parts))
}

/// What stands between two stars: texts with one character between each two.
#[derive(Debug, Clone, Default)]
struct Chunk {
    /// The texts before each `?`, in pieces.
    gaps: Vec<Vec<Text>>,
    /// The text behind the last `?`.
    last: Vec<Text>,
}

impl Chunk {
    fn texts(&self) -> Vec<Text> {
        self.gaps.iter().chain([&self.last]).map(|pieces| Text::concat(pieces.iter().cloned())).collect()
    }

    /// The text, if it has no `?`.
    fn as_text(&self) -> Option<Text> {
        self.gaps.is_empty().then(|| Text::concat(self.last.iter().cloned()))
    }

    fn is_empty(&self) -> bool {
        self.as_text() == Some(Text::constant(""))
    }

    fn length(&self) -> Int {
        let singles = Int::Const(i64::try_from(self.gaps.len()).unwrap_or(i64::MAX));
        match self.as_text() {
            Some(text) => Int::Len(text),
            None => Int::Sum(self.texts().into_iter().map(Int::Len).chain([singles]).collect()),
        }
    }

    /// A text is this.
    fn is(&self, text: &Text) -> Formula {
        if let Some(own) = self.as_text() {
            return Formula::equal(text, &own);
        }
        Formula::and([
            self.stands(text, Int::Const(0)),
            Formula::atom(Atom::Ints(Cmp::Equal, Int::Len(text.clone()), self.length())),
        ])
    }

    /// A text that is long enough begins with it.
    fn begins(&self, text: &Text) -> Formula {
        match self.as_text() {
            Some(own) => Formula::atom(Atom::Prefix(own, text.clone())),
            None => self.stands(text, Int::Const(0)),
        }
    }

    /// A text that is long enough ends with it.
    fn ends(&self, text: &Text) -> Formula {
        match self.as_text() {
            Some(own) => Formula::atom(Atom::Suffix(own, text.clone())),
            None => self.stands(text, Int::Minus(Rc::new(Int::Len(text.clone())), Rc::new(self.length()))),
        }
    }

    /// Its texts stand in a text from this place on.
    fn stands(&self, text: &Text, from: Int) -> Formula {
        let mut before = vec![from];
        let mut parts = Vec::new();
        for own in self.texts() {
            let place = Int::Sum(before.clone().into());
            if own != Text::constant("") {
                let there = Text::Part(Rc::new(text.clone()), Rc::new(place), Rc::new(Int::Len(own.clone())));
                parts.push(Formula::equal(&there, &own));
            }
            before.extend([Int::Len(own), Int::Const(1)]);
        }
        Formula::and(parts)
    }
}

/// An ARN whose parts match these globs one by one: wildcards of the first five do not match a colon.
pub(super) fn arn_regex(parts: &[Glob]) -> Regex {
    let last = parts.len().saturating_sub(1);
    let mut out = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            out.push(Regex::literal(":"));
        }
        out.push(if index == last { regex(part) } else { regex_without_colon(part) });
    }
    Regex::concat(out)
}

/// The name of the text after a cut.
fn after(number: usize) -> String {
    format!("cut {number}, after")
}

/// The text is what is before the chunk's leftmost place, the chunk, and what is after it.
fn leftmost(text: &Text, chunk: &Text, number: usize) -> Formula {
    let before = Text::var(&format!("cut {number}, before"));
    let whole = Text::concat([before.clone(), chunk.clone(), Text::var(&after(number))]);
    // Up to, but without, the chunk's last character, the chunk does not stand yet.
    let but_last = Int::Minus(Rc::new(Int::Len(chunk.clone())), Rc::new(Int::Const(1)));
    let almost = Text::Part(Rc::new(chunk.clone()), Rc::new(Int::Const(0)), Rc::new(but_last));
    let earlier = Formula::atom(Atom::Contains(Text::concat([before.clone(), almost]), chunk.clone()));
    // An empty chunk (of an empty value) stands at the very start.
    let empty = Formula::equal(chunk, &Text::constant(""));
    let at_start = Formula::equal(&before, &Text::constant(""));
    Formula::and([
        Formula::equal(text, &whole),
        Formula::or([Formula::and([empty.clone(), at_start]), Formula::and([empty.not(), earlier.not()])]),
    ])
}
