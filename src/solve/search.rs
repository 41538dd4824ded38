//! Can a formula be true, with values for all attributes?
//!
//! Plain backtracking over the formula in negation normal form: what must be so is assigned first, then one way of the
//! smallest choice is tried, and then its opposite. After each assignment the attribute is asked whether some value still
//! fits ([`super::atoms`]); answers are kept, so the same small question is never asked twice. What an attribute refuses
//! is a lemma: these atoms, signed so, leave it without a value. Whatever refutes a formula rests on its lemmas and on
//! propositional reasoning alone.

use super::atoms::{Atoms, Value};
use crate::diag::deadline;
use std::rc::Rc;

/// A formula in negation normal form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// True or false.
    Const(bool),
    /// An atom, or its opposite.
    Literal(usize, bool),
    /// All hold.
    And(Rc<[Node]>),
    /// Some holds.
    Or(Rc<[Node]>),
}

impl Node {
    pub(super) fn and(parts: impl IntoIterator<Item = Node>) -> Self {
        let mut out: Vec<Node> = Vec::new();
        for part in parts {
            deadline::check();
            match part {
                Self::Const(true) => {}
                Self::Const(false) => return Self::Const(false),
                Self::And(inner) => out.extend(inner.iter().cloned()),
                other => out.push(other),
            }
        }
        match out.len() {
            0 => Self::Const(true),
            1 => out.remove(0),
            _ => Self::And(out.into()),
        }
    }

    pub(super) fn or(parts: impl IntoIterator<Item = Node>) -> Self {
        let mut out: Vec<Node> = Vec::new();
        for part in parts {
            deadline::check();
            match part {
                Self::Const(false) => {}
                Self::Const(true) => return Self::Const(true),
                Self::Or(inner) => out.extend(inner.iter().cloned()),
                other => out.push(other),
            }
        }
        match out.len() {
            0 => Self::Const(false),
            1 => out.remove(0),
            _ => Self::Or(out.into()),
        }
    }

    pub(super) fn not(&self) -> Self {
        match self {
            Self::Const(truth) => Self::Const(!truth),
            Self::Literal(atom, sign) => Self::Literal(*atom, !sign),
            Self::And(parts) => Self::or(parts.iter().map(Node::not).collect::<Vec<_>>()),
            Self::Or(parts) => Self::and(parts.iter().map(Node::not).collect::<Vec<_>>()),
        }
    }

    /// What is left of it under an assignment; `None` if nothing changes.
    fn under(&self, assigned: &[Option<bool>]) -> Option<Self> {
        deadline::check();
        match self {
            Self::Const(_) => None,
            Self::Literal(atom, sign) => {
                let truth = assigned.get(*atom).copied().flatten()?;
                Some(Self::Const(truth == *sign))
            }
            Self::And(parts) | Self::Or(parts) => {
                let simpler: Vec<Option<Node>> = parts.iter().map(|part| part.under(assigned)).collect();
                if simpler.iter().all(Option::is_none) {
                    return None;
                }
                let parts = parts.iter().zip(simpler).map(|(part, simpler)| simpler.unwrap_or_else(|| part.clone()));
                Some(if matches!(self, Self::And(_)) { Self::and(parts) } else { Self::or(parts) })
            }
        }
    }

    /// Whether it only says what is not so.
    fn is_negative(&self) -> bool {
        match self {
            Self::Const(_) => true,
            Self::Literal(_, sign) => !sign,
            Self::And(parts) | Self::Or(parts) => parts.iter().all(Node::is_negative),
        }
    }
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// No assignment does.
    Unsat,
    /// These signed atoms do.
    Sat(Vec<(usize, bool)>),
    /// Too many steps.
    TooLong,
}

/// Signed atoms that leave an attribute without a value: its own, and those that say what policy variables in them can be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lemma {
    /// The attribute.
    pub(super) place: usize,
    /// The atoms, in order.
    pub(super) literals: Vec<(usize, bool)>,
}

/// Choices that may be open one within the other: each is a frame of the stack.
const MOST_DEPTH: usize = 1_000;

/// One search.
#[derive(Debug)]
pub(super) struct Search<'s> {
    atoms: &'s mut Atoms,
    assigned: Vec<Option<bool>>,
    trail: Vec<usize>,
    /// For each attribute, its assigned atoms in order.
    of_attribute: Vec<Vec<(usize, bool)>>,
    steps_left: usize,
    /// Choices that are open one within the other.
    depth: usize,
    /// The lemmas that were needed so far.
    pub(super) lemmas: Vec<Lemma>,
}

impl<'s> Search<'s> {
    pub(super) fn new(atoms: &'s mut Atoms, most_steps: usize) -> Self {
        let assigned = vec![None; atoms.atoms.len()];
        let of_attribute = vec![Vec::new(); atoms.attributes.len()];
        Self { atoms, assigned, trail: Vec::new(), of_attribute, steps_left: most_steps, depth: 0, lemmas: Vec::new() }
    }

    /// Whether the formula can be true.
    pub(super) fn solve(&mut self, node: &Node) -> Answer {
        let before = self.trail.len();
        if self.depth == MOST_DEPTH {
            return Answer::TooLong;
        }
        self.depth += 1;
        let answer = self.descend(node.clone());
        self.depth -= 1;
        if !matches!(answer, Answer::Sat(_)) {
            self.undo(before);
        }
        answer
    }

    // Long: one loop of a search by cases: simplify, decide, branch, undo.
    fn descend(&mut self, node: Node) -> Answer {
        let mut node = node;
        loop {
            if let Some(simpler) = node.under(&self.assigned) {
                node = simpler;
            }
            deadline::look();
            if self.steps_left == 0 {
                return Answer::TooLong;
            }
            self.steps_left -= 1;
            self.atoms.steps += 1;
            match &node {
                Node::Const(false) => return Answer::Unsat,
                Node::Const(true) => {
                    let signed = |atom: &usize| self.assigned.get(*atom).copied().flatten().map(|sign| (*atom, sign));
                    return Answer::Sat(self.trail.iter().filter_map(signed).collect());
                }
                Node::Literal(atom, sign) => {
                    if !self.assign(*atom, *sign) {
                        return Answer::Unsat;
                    }
                }
                Node::And(parts) => {
                    let mut any = false;
                    for part in parts.iter() {
                        if let Node::Literal(atom, sign) = part {
                            any = true;
                            if !self.assign(*atom, *sign) {
                                return Answer::Unsat;
                            }
                        }
                    }
                    if any {
                        continue;
                    }
                    // Choose where something must be so before where something must not.
                    let choice = parts.iter().enumerate().filter_map(|(at, part)| match part {
                        Node::Or(ways) => Some((ways.iter().all(Node::is_negative), ways.len(), at)),
                        Node::Const(_) | Node::Literal(..) | Node::And(_) => None,
                    });
                    let Some((_, _, at)) = choice.min() else { return Answer::Unsat };
                    let Some(Node::Or(ways)) = parts.get(at) else { return Answer::Unsat };
                    let Some(way) = ways.first() else { return Answer::Unsat };
                    let rest = || parts.iter().enumerate().filter(move |(other, _)| *other != at).map(|(_, part)| part.clone());
                    // One way, its own parts first.
                    match self.solve(&Node::and(std::iter::once(way.clone()).chain(rest()))) {
                        Answer::Unsat => {}
                        other => return other,
                    }
                    let others = Node::or(ways.iter().skip(1).cloned());
                    node = Node::and([way.not(), others].into_iter().chain(rest()));
                }
                Node::Or(ways) => {
                    let Some(way) = ways.first().cloned() else { return Answer::Unsat };
                    match self.solve(&way) {
                        Answer::Unsat => {}
                        other => return other,
                    }
                    let others = Node::or(ways.iter().skip(1).cloned());
                    node = Node::and([way.not(), others]);
                }
            }
        }
    }

    /// Assigns an atom; false if it contradicts, or no value of its attribute fits any more.
    fn assign(&mut self, atom: usize, sign: bool) -> bool {
        match self.assigned.get(atom).copied().flatten() {
            Some(known) => return known == sign,
            None => self.assigned.get_mut(atom).into_iter().for_each(|slot| *slot = Some(sign)),
        }
        self.trail.push(atom);
        let Some(place) = self.atoms.atoms.get(atom).map(|atom| atom.attribute) else { return true };
        let Some(own) = self.of_attribute.get_mut(place) else { return true };
        let at = own.binary_search(&(atom, sign)).unwrap_or_else(|at| at);
        own.insert(at, (atom, sign));
        if self.atoms.value(place, own) == Value::None {
            self.lemmas.push(Lemma { place, literals: own.clone() });
            return false;
        }
        self.tells_no_variable_apart()
    }

    /// Whether attributes whose tests name policy variables have values still, with all that is known of the variables.
    fn tells_no_variable_apart(&mut self) -> bool {
        for place in self.atoms.with_letters.clone() {
            let Some(own) = self.of_attribute.get(place).filter(|own| !own.is_empty()) else { continue };
            let used = self.atoms.variables_of(place, own);
            if used.is_empty() {
                continue;
            }
            let mut literals = self.atoms.about(&used, &self.of_attribute);
            literals.extend(own);
            literals.sort_unstable();
            literals.dedup();
            if literals.len() > own.len() && self.atoms.value(place, &literals) == Value::None {
                self.lemmas.push(Lemma { place, literals });
                return false;
            }
        }
        true
    }

    fn undo(&mut self, to: usize) {
        while self.trail.len() > to {
            let Some(atom) = self.trail.pop() else { break };
            self.assigned.get_mut(atom).into_iter().for_each(|slot| *slot = None);
            if let Some(own) = self.atoms.atoms.get(atom).and_then(|atom| self.of_attribute.get_mut(atom.attribute)) {
                own.retain(|(other, _)| *other != atom);
            }
        }
    }
}
