//! What a refutation rests on, for Z3 to judge: lemmas about single attributes, and one propositional formula.
//!
//! A lemma says that some tests of one attribute, signed so, have no common value. Each is a small query of string theory
//! (or of numbers, or of bits); the formula with all its lemmas as clauses is a propositional one. If Z3 says `unsat` to
//! all of them, the refutation needs no automaton. Where an attribute's values are of a certain shape (an ARN, a
//! principal as in `principal`) the lemma says so in a regular expression of its own; not where the tests alone exclude each
//! other, since that expression is the dearest part of most lemmas (measured: 18 of 20 ms for a first question).
//!
//! Where tests name policy variables, a lemma is about marked texts or words of letters instead (`marked`).

use super::atoms::{Asked, Atom, Atoms, Attribute, Element, Value};
use super::intersect::{Common, Compiled, Domain, Limit, common};
use super::language::{Class, Step, Test};
use super::marked;
use super::search::{Lemma, Node};
use super::shape::{Asks, shape};
use crate::catalog::KeyBase;
use crate::policy::Order;
use crate::query::{Obligation, ObligationKind};
use crate::request::keys::type_of;
use crate::smt::term::Cmp;
use crate::smt::{self, Formula, Regex, Text};
use crate::value::{ip, number};
use bigdecimal::BigDecimal;

/// A refuted formula with the lemmas that refute it.
#[derive(Debug, Clone)]
pub struct Refutation {
    pub(super) formula: Node,
    pub(super) lemmas: Vec<Lemma>,
}

/// The obligations of a refutation, its lemmas first.
pub(super) fn obligations(atoms: &mut Atoms, refutation: &Refutation) -> Vec<Obligation> {
    let mut out: Vec<Obligation> = Vec::new();
    let mut clauses = vec![propositional(&refutation.formula)];
    let mut lemmas: Vec<Lemma> = refutation.lemmas.iter().map(|lemma| needed(atoms, lemma)).collect();
    lemmas.sort();
    lemmas.dedup();
    for lemma in &lemmas {
        let signed = lemma.literals.iter().map(|(atom, sign)| literal(*atom, *sign));
        clauses.push(Formula::and(signed).not());
        let name = match atoms.attributes.get(lemma.place) {
            Some(Attribute::Resource) => "the resource".to_owned(),
            Some(Attribute::Principal) => "the principal".to_owned(),
            Some(Attribute::Key(key)) => format!("the key {key}"),
            Some(Attribute::Set(key)) => format!("the values of {key}"),
            Some(Attribute::Free) | None => "nothing".to_owned(),
        };
        let claims = atoms.claims(lemma.place, &lemma.literals).unwrap_or_default();
        if !claims.is_empty() {
            out.extend(claims.iter().map(|claim| marked::obligation(atoms, lemma.place, &name, claim)));
            continue;
        }
        let about = format!("no value of {name} passes and fails these {} tests as signed", lemma.literals.len());
        out.push(Obligation { kind: ObligationKind::Lemma, about, formula: lemma_formula(atoms, lemma) });
    }
    let about = format!("with {} lemmas the statements cannot be as the question needs them", lemmas.len());
    out.push(Obligation { kind: ObligationKind::Propositional, about, formula: Formula::and(clauses) });
    out
}

/// The lemma without tests that it does not need: they say nothing, and Z3 may not come back from them. Those that exclude each
/// other whatever the shape still do.
fn needed(atoms: &mut Atoms, lemma: &Lemma) -> Lemma {
    // What is spent here is not missing where something is decided.
    let limit = atoms.limit;
    let mut literals = lemma.literals.clone();
    // With policy variables it rests on what other attributes say as well, unless the other tests do.
    if atoms.with_letters.contains(&lemma.place) {
        let is_plain = |atom: &Atom| atom.attribute == lemma.place && is_plain(&atom.asked);
        literals.retain(|(atom, _)| atoms.atoms.get(*atom).is_some_and(is_plain));
        if atoms.value(lemma.place, &literals) != Value::None {
            return lemma.clone();
        }
    }
    let mut order: Vec<(usize, bool)> = literals.clone();
    order.sort_by_cached_key(|(atom, _)| std::cmp::Reverse(atoms.atoms.get(*atom).map_or(0, |atom| length(&atom.asked))));
    let is_set = matches!(atoms.attributes.get(lemma.place), Some(Attribute::Set(_)));
    let in_any_shape = !is_set && clash_in_any_shape(atoms, &literals);
    for one in order.iter().filter(|_| order.len() > 1) {
        let fewer: Vec<(usize, bool)> = literals.iter().copied().filter(|other| other != one).collect();
        let suffices = match in_any_shape {
            true => clash_in_any_shape(atoms, &fewer),
            false => atoms.value(lemma.place, &fewer) == Value::None,
        };
        if suffices {
            literals = fewer;
        }
    }
    atoms.limit = limit;
    Lemma { place: lemma.place, literals }
}

/// How long a test is written, where that can be much.
fn length(asked: &Asked) -> usize {
    match asked {
        Asked::Passes(Element::Text(test), _) => test.test.patterns.iter().map(Vec::len).sum(),
        Asked::Passes(..) | Asked::NotEmpty | Asked::Relation(_) => 1,
    }
}

fn literal(atom: usize, sign: bool) -> Formula {
    let variable = Formula::var(&format!("atom {atom}"));
    if sign { variable } else { variable.not() }
}

fn propositional(node: &Node) -> Formula {
    match node {
        Node::Const(truth) => Formula::from(*truth),
        Node::Literal(atom, sign) => literal(*atom, *sign),
        Node::And(parts) => Formula::and(parts.iter().map(propositional).collect::<Vec<_>>()),
        Node::Or(parts) => Formula::or(parts.iter().map(propositional).collect::<Vec<_>>()),
    }
}

fn lemma_formula(atoms: &Atoms, lemma: &Lemma) -> Formula {
    let Some(attribute) = atoms.attributes.get(lemma.place) else { return Formula::True };
    let is_own = |atom: &&Atom| atom.attribute == lemma.place;
    let asked = |atom: usize| atoms.atoms.get(atom).filter(is_own).map(|atom| &atom.asked).filter(|asked| is_plain(asked));
    let shape = |text: &Text| shape(attribute, atoms.all_principals(), &|asks| of_text(text, asks));
    if !matches!(attribute, Attribute::Set(_)) {
        let text = Text::var("value");
        let mut parts = vec![valid(attribute, "value")];
        if has_texts(atoms, lemma) && !clash_in_any_shape(atoms, &lemma.literals) {
            parts.insert(0, shape(&text));
        }
        for (atom, sign) in &lemma.literals {
            if let Some(Asked::Passes(element, _)) = asked(*atom) {
                let passes = passes(element, "value");
                parts.push(if *sign { passes } else { passes.not() });
            }
        }
        return Formula::and(parts);
    }
    // One element for every test that some element passes, and one if the set is not empty.
    let mut wanted: Vec<Option<(&Element, bool)>> = Vec::new();
    let mut every: Vec<(&Element, bool)> = Vec::new();
    let mut parts = Vec::new();
    for (atom, sign) in &lemma.literals {
        match (asked(*atom), sign) {
            (Some(Asked::NotEmpty), true) => wanted.push(None),
            (Some(Asked::NotEmpty), false) => parts.push(Formula::var("the set is empty")),
            (Some(Asked::Passes(element, fails)), true) => wanted.push(Some((element, !fails))),
            (Some(Asked::Passes(element, fails)), false) => every.push((element, *fails)),
            (Some(Asked::Relation(_)) | None, _) => {}
        }
    }
    let is_of_texts = has_texts(atoms, lemma);
    for (at, own) in wanted.iter().enumerate() {
        let name = format!("element {at}");
        parts.push(Formula::var("the set is empty").not());
        if is_of_texts {
            parts.push(shape(&Text::var(&name)));
        }
        parts.push(valid(attribute, &name));
        for (element, passing) in own.iter().chain(&every) {
            let passes = passes(element, &name);
            parts.push(if *passing { passes } else { passes.not() });
        }
    }
    Formula::and(parts)
}

/// Whether a test names no policy variable: one that does says nothing of the text alone, so it is left out.
fn is_plain(asked: &Asked) -> bool {
    !matches!(asked, Asked::Passes(Element::Text(test), _) if test.test.has_letters())
}

/// What is asked of a text.
pub(super) fn of_text(text: &Text, asks: Asks) -> Formula {
    match asks {
        Asks::Equals(other) => Formula::equal(text, &Text::constant(other)),
        Asks::Matches(expression) => Formula::atom(smt::Atom::Matches(text.clone(), expression.into())),
    }
}

/// Whether texts are tested: else what they look like does not matter.
fn has_texts(atoms: &Atoms, lemma: &Lemma) -> bool {
    let is_text = |asked: &Asked| matches!(asked, Asked::Passes(Element::Text(_), _));
    lemma.literals.iter().any(|(atom, _)| atoms.atoms.get(*atom).is_some_and(|atom| is_text(&atom.asked)))
}

/// Whether no text at all passes and fails these tests as signed. Taken for false where it is not quickly seen; Z3 judges.
fn clash_in_any_shape(atoms: &Atoms, literals: &[(usize, bool)]) -> bool {
    let (mut accept, mut refuse): (Vec<&Compiled>, Vec<&Compiled>) = (Vec::new(), Vec::new());
    for (atom, sign) in literals {
        match atoms.atoms.get(*atom).map(|atom| &atom.asked) {
            Some(Asked::Passes(Element::Text(test), _)) => if *sign { &mut accept } else { &mut refuse }.push(test),
            Some(_) | None => return false,
        }
    }
    let mut limit = Limit { states: 2_000, ..Limit::default() };
    common(&Domain::any(Vec::new()), &accept, &refuse, &mut limit) == Common::Nothing
}

/// What a value of a typed key is beside its text.
fn valid(attribute: &Attribute, name: &str) -> Formula {
    let (Attribute::Key(key) | Attribute::Set(key)) = attribute else { return Formula::True };
    let is = |what: &str| Formula::var(&format!("{name} is {what}"));
    let (number, date, address) = (is("a number"), is("a date"), is("an address"));
    match type_of(key) {
        Some(KeyBase::Numeric) => Formula::and([number, address.not()]),
        Some(KeyBase::Date) => Formula::and([date, address.not()]),
        Some(KeyBase::IpAddress) => Formula::and([address, number.not(), date.not()]),
        Some(KeyBase::Bool) => Formula::and([number, date, address].map(Formula::not)),
        Some(KeyBase::String | KeyBase::Arn | KeyBase::Binary) | None => Formula::True,
    }
}

/// A value passes a test of one element; a text, and for numbers, dates and addresses a variable of their own beside it.
fn passes(element: &Element, name: &str) -> Formula {
    let number = |order: &Order, bounds: &[BigDecimal], negated: bool, sort: &str| {
        let cmp = match order {
            Order::Equal => Cmp::Equal,
            Order::Less => Cmp::Less,
            Order::LessOrEqual => Cmp::LessOrEqual,
            Order::Greater => Cmp::Greater,
            Order::GreaterOrEqual => Cmp::GreaterOrEqual,
        };
        let variable = format!("{name} as {sort}");
        let stands = bounds
            .iter()
            .map(|bound| Formula::atom(smt::Atom::Real(variable.as_str().into(), cmp, number::to_text(bound).into())));
        let stands = Formula::or(stands.collect::<Vec<_>>());
        Formula::and([Formula::var(&format!("{name} is {sort}")), if negated { stands.not() } else { stands }])
    };
    match element {
        Element::Text(test) => accepted(&Text::var(name), &test.test),
        Element::Number(bounds, negated) => number(&bounds.order, &bounds.sorted, *negated, "a number"),
        Element::Date(bounds, negated) => number(&bounds.order, &bounds.sorted, *negated, "a date"),
        Element::Address(blocks, negated) => {
            let inside = Formula::or(blocks.blocks.iter().map(|block| in_block(name, block)).collect::<Vec<_>>());
            let valid = Formula::var(&format!("{name} is an address"));
            Formula::and([valid, if *negated { inside.not() } else { inside }])
        }
    }
}

fn in_block(name: &str, block: &ip::IpNet) -> Formula {
    let is_v6 = Formula::var(&format!("{name} is IPv6"));
    let masked = |width: u32, mask: u128, value: u128| {
        Formula::atom(smt::Atom::Masked { var: format!("{name}, {width} bits").into(), width, mask, value })
    };
    match block {
        ip::IpNet::V4(block) => {
            Formula::and([is_v6.not(), masked(32, u32::from(block.netmask()).into(), u32::from(block.network()).into())])
        }
        ip::IpNet::V6(block) => Formula::and([is_v6, masked(128, block.netmask().into(), block.network().into())]),
    }
}

/// A text is accepted by a test. What is an equality or a prefix is written as one.
pub(super) fn accepted(text: &Text, test: &Test) -> Formula {
    let one = |steps: &[Step]| -> Formula {
        let plain = |steps: &[Step]| -> Option<String> {
            steps.iter().map(|step| if let Step::One(Class::Char(c)) = step { Some(*c) } else { None }).collect()
        };
        if let Some(literal) = plain(steps) {
            return Formula::equal(text, &Text::constant(&literal));
        }
        if let [start @ .., Step::Run(Class::Any)] = steps
            && let Some(start) = plain(start)
        {
            return Formula::atom(smt::Atom::Prefix(Text::constant(&start), text.clone()));
        }
        Formula::atom(smt::Atom::Matches(text.clone(), regex(steps).into()))
    };
    Formula::or(test.patterns.iter().map(|steps| one(steps)).collect::<Vec<_>>())
}

fn regex(steps: &[Step]) -> Regex {
    let mut parts: Vec<Regex> = Vec::new();
    let mut literal = String::new();
    for step in steps {
        if let Step::One(Class::Char(c)) = step {
            literal.push(*c);
            continue;
        }
        if !literal.is_empty() {
            parts.push(Regex::literal(&std::mem::take(&mut literal)));
        }
        parts.push(match step {
            Step::One(class) => letter(*class),
            Step::Run(Class::Any) => Regex::AnyText,
            Step::Run(class) => letter(*class).star(),
            // Tests with policy variables are written elsewhere (`marked`).
            Step::Value(_) => Regex::union([]),
        });
    }
    if !literal.is_empty() {
        parts.push(Regex::literal(&literal));
    }
    Regex::concat(parts)
}

fn letter(class: Class) -> Regex {
    match class {
        Class::Char(c) => Regex::literal(&c.to_string()),
        Class::Either(a, b) => Regex::union([a, b].map(|c| Regex::literal(&c.to_string()))),
        Class::Any => Regex::AnyChar,
        Class::But(excluded) => Regex::none_of(&excluded.chars().collect::<Vec<_>>()),
        Class::Digit => Regex::OneOf([('0', '9')].into()),
        Class::Range(first, last) => Regex::OneOf([(first, last)].into()),
    }
}
