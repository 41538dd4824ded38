//! What do access definitions say of a request, as a propositional formula over atoms?
//!
//! Read off the IR, without the evaluator and without the encoding for Z3: a third meaning of its own.

use super::atoms::{Asked, Atoms, Attribute, Element, Wish};
use super::language::{Class, NO_COLON, Test};
use super::principal;
use super::search::Node;
use super::values::{by_parts, derived_presence, derived_test, steps, value_steps};
use crate::glob::Glob;
use crate::policy::compose::{Fact, Rule, Through};
use crate::policy::{
    Access, ArnMatching, Condition, Part, PrincipalMatch, PrincipalPattern, Quantifier, ResourcePattern, Statement, Template,
    TextMode, Variable,
};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::rc::Rc;

/// Builds formulas; what was built for a statement once serves every group of actions.
#[derive(Debug)]
pub(super) struct Builder {
    pub(super) atoms: Atoms,
    matching: ArnMatching,
    sets: BTreeSet<String>,
    /// By side and statement: what it asks beyond its action and its principal.
    bodies: FxHashMap<(usize, usize), Node>,
    applies: FxHashMap<(usize, usize, Through), Node>,
}

/// The statements of one side that are about the action at hand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side<'a> {
    pub(super) number: usize,
    pub(super) access: &'a Access,
    pub(super) among: &'a [usize],
    pub(super) action: &'a str,
}

impl Builder {
    pub(super) fn new(atoms: Atoms, matching: ArnMatching, sets: BTreeSet<String>) -> Self {
        Self { atoms, matching, sets, bodies: FxHashMap::default(), applies: FxHashMap::default() }
    }

    /// The access definition allows the request.
    pub(super) fn allowed(&mut self, side: Side<'_>) -> Node {
        let rules = side.access.rules();
        let mut parts = Vec::new();
        for gate in &rules.gates {
            parts.push(self.rule(&gate.rule, side));
        }
        for (_, rule) in &rules.denies {
            parts.push(self.rule(rule, side).not());
        }
        Node::and(parts)
    }

    /// A rule of an access definition holds.
    pub(super) fn rule(&mut self, rule: &Rule, side: Side<'_>) -> Node {
        match rule {
            Rule::Const(truth) => Node::Const(*truth),
            Rule::Applies(number, through) => self.applies(*number, *through, side),
            Rule::Fact(fact) => self.fact(fact, side.action),
            Rule::Not(inner) => self.rule(inner, side).not(),
            Rule::All(parts) => Node::and(parts.iter().map(|part| self.rule(part, side)).collect::<Vec<_>>()),
            Rule::Any(parts) => Node::or(parts.iter().map(|part| self.rule(part, side)).collect::<Vec<_>>()),
        }
    }

    /// The statement of this number applies.
    pub(super) fn applies(&mut self, number: usize, through: Through, side: Side<'_>) -> Node {
        if side.among.binary_search(&number).is_err() {
            return Node::Const(false);
        }
        if let Some(known) = self.applies.get(&(side.number, number, through)) {
            return known.clone();
        }
        let Some((_, statement)) = side.access.statement(number) else { return Node::Const(false) };
        let principal = match &statement.principal {
            Some(principal) => self.principal(principal, through),
            None => Node::Const(matches!(through, Through::Any | Through::Anyone)),
        };
        let body = match self.bodies.get(&(side.number, number)) {
            Some(known) => known.clone(),
            None => self.beyond_principal(statement),
        };
        self.bodies.insert((side.number, number), body.clone());
        let node = Node::and([principal, body]);
        self.applies.insert((side.number, number, through), node.clone());
        node
    }

    /// The statement applies, whatever the action.
    pub(super) fn statement(&mut self, statement: &Statement) -> Node {
        let principal = statement.principal.as_ref().map_or(Node::Const(true), |list| self.principal(list, Through::Any));
        Node::and([principal, self.beyond_principal(statement)])
    }

    fn beyond_principal(&mut self, statement: &Statement) -> Node {
        let mut parts = Vec::new();
        if let Some(listed) = &statement.resource {
            let any = self.resources(&listed.patterns);
            parts.push(if listed.negated { any.not() } else { any });
        }
        for condition in &statement.conditions {
            parts.push(self.condition(condition));
        }
        Node::and(parts)
    }

    /// One of these patterns matches the resource.
    pub(super) fn resources(&mut self, patterns: &[ResourcePattern]) -> Node {
        let (mut test, mut others) = (Test::default(), Vec::new());
        for pattern in patterns {
            if pattern.is_everything() {
                return Node::Const(true);
            }
            let parts = pattern.parts.as_ref().filter(|_| self.matching == ArnMatching::Segment);
            let steps = match parts {
                Some(parts) => by_parts(parts, NO_COLON, Class::Any),
                None => steps(&pattern.whole, Class::Any, false),
            };
            match steps {
                Some(steps) => test.patterns.push(steps),
                None => {
                    let opaque = self.opaque(&format!("resource {:?} {:?}", self.matching, pattern.whole));
                    self.wish(&opaque, Wish::Resource(pattern.whole.clone()));
                    others.push(Node::and([opaque, self.filled_in(&pattern.whole)]));
                }
            }
        }
        others.push(self.text(Attribute::Resource, test));
        Node::or(others)
    }

    /// A test of a text attribute.
    fn text(&mut self, attribute: Attribute, test: Test) -> Node {
        if test.patterns.is_empty() {
            return Node::Const(false);
        }
        if test.is_everything() {
            return Node::Const(true);
        }
        let compiled = self.atoms.compiled(test);
        Node::Literal(self.atoms.atom(attribute, Asked::Passes(Element::Text(compiled), false)), true)
    }

    fn opaque(&mut self, name: &str) -> Node {
        Node::Literal(self.atoms.atom(Attribute::Free, Asked::Opaque(name.into())), true)
    }

    fn wish(&mut self, opaque: &Node, wish: Wish) {
        if let Node::Literal(atom, _) = opaque {
            self.atoms.wishes.entry(*atom).or_insert(wish);
        }
    }

    pub(super) fn who(&mut self, test: Test) -> Node {
        self.text(Attribute::Principal, test)
    }

    fn principal(&mut self, list: &PrincipalMatch, through: Through) -> Node {
        let any = |builder: &mut Self, wanted: Through| -> Node {
            let any = |list: &[PrincipalPattern]| {
                Node::or(list.iter().map(|pattern| builder.entry(pattern, wanted)).collect::<Vec<_>>())
            };
            Node::and(list.lists().map(any).collect::<Vec<_>>())
        };
        match through {
            Through::Any | Through::Anyone if list.negated => any(self, Through::Any).not(),
            Through::Account | Through::Role | Through::Own if list.negated => Node::Const(false),
            Through::Any | Through::Anyone | Through::Account | Through::Role | Through::Own => any(self, through),
            Through::AnyOrBounded => {
                let listed = any(self, Through::Any);
                let bounded = [self.who(principal::user()), self.who(principal::role())];
                Node::or([if list.negated { listed.not() } else { listed }, Node::or(bounded)])
            }
        }
    }

    fn entry(&mut self, pattern: &PrincipalPattern, through: Through) -> Node {
        let own = match pattern {
            PrincipalPattern::Everyone => return Node::Const(matches!(through, Through::Any | Through::Anyone)),
            PrincipalPattern::Nobody(_) => return Node::Const(false),
            PrincipalPattern::Account(_) => Through::Account,
            PrincipalPattern::Arn(parts) if parts.iter().any(|part| part.to_string().contains('|')) => {
                return self.opaque(&format!("principal {parts:?} {through:?}"));
            }
            PrincipalPattern::Arn(parts) => {
                let (is_role, own) = (self.who(principal::role()), self.who(principal::own_arn(parts)));
                let session = principal::session(parts).map_or(Node::Const(false), |test| self.who(test));
                return match through {
                    Through::Any => Node::or([own, session]),
                    Through::Role => Node::and([is_role, own, session.not()]),
                    Through::Own => Node::or([Node::and([is_role.not(), own]), session]),
                    Through::Anyone | Through::Account | Through::AnyOrBounded => Node::Const(false),
                };
            }
            PrincipalPattern::Service(_) | PrincipalPattern::Federated(_) | PrincipalPattern::CanonicalUser(_) => Through::Own,
        };
        if through != Through::Any && through != own {
            return Node::Const(false);
        }
        principal::entry(pattern).map_or(Node::Const(false), |test| self.who(test))
    }

    fn fact(&mut self, fact: &Fact, action: &str) -> Node {
        match fact {
            Fact::Identity => self.who(principal::of_customer()),
            Fact::User => self.who(principal::user()),
            Fact::Root => self.who(principal::root()),
            Fact::ServiceLinked => self.who(principal::service_linked()),
            Fact::SameAccount => {
                let known = self.present(RESOURCE_ACCOUNT);
                let same = self.opaque(SAME_ACCOUNT);
                Node::or([known.not(), Node::and([self.who(principal::aws()), same])])
            }
            Fact::PrincipalOf(id) => self.who(principal::account(&Glob::literal(id))),
            Fact::ResourceOf(id) => {
                let owner = Test { patterns: vec![super::language::literal(id)] };
                Node::and([self.present(RESOURCE_ACCOUNT), self.text(Attribute::Key(RESOURCE_ACCOUNT.into()), owner)])
            }
            Fact::Action(pattern) => Node::Const(Glob::parse(pattern).matches(action)),
            Fact::Resource(service, start) => {
                let pattern = ResourcePattern::parse(&format!("arn:*:{service}:*:*:{start}*"), Default::default(), false);
                let steps = pattern.parts.and_then(|parts| by_parts(&parts, NO_COLON, Class::Any));
                self.text(Attribute::Resource, Test { patterns: steps.into_iter().collect() })
            }
        }
    }

    /// A key has a value, or some element.
    pub(super) fn carried(&mut self, key: &str) -> Node {
        if !self.sets.contains(key) {
            return self.present(key);
        }
        Node::Literal(self.atoms.atom(Attribute::Set(key.into()), Asked::NotEmpty), true)
    }

    fn present(&mut self, key: &str) -> Node {
        self.opaque(&format!("{key}?"))
    }

    /// Every variable of a template has a value, without which it matches nothing.
    fn filled_in(&mut self, template: &Template) -> Node {
        let keys: BTreeSet<&str> = template.variables().filter(|one| one.default.is_none()).map(|one| one.key.as_str()).collect();
        let present = |key: &str| match derived_presence(key) {
            Some(who) => self.who(who),
            None => self.carried(key),
        };
        Node::and(keys.into_iter().map(present).collect::<Vec<_>>())
    }

    /// The value of a key matches a template that names other keys.
    fn relates(&mut self, key: &str, mode: TextMode, template: &Template) -> Node {
        let other = match template.parts.as_slice() {
            [Part::Variable(Variable { key, default: None })] => Some(key.as_str()),
            _ => None,
        };
        if let (PRINCIPAL_ACCOUNT, Some(RESOURCE_ACCOUNT)) | (RESOURCE_ACCOUNT, Some(PRINCIPAL_ACCOUNT)) = (key, other) {
            // Only accounts of customers own resources.
            let parts = [self.opaque(SAME_ACCOUNT), self.who(principal::of_customer()), self.present(RESOURCE_ACCOUNT)];
            return Node::and(parts);
        }
        let opaque = self.opaque(&format!("{key} {mode:?} {template:?}"));
        if derived_presence(key).is_none() {
            self.wish(&opaque, Wish::Key(key.into(), template.clone(), false));
        } else if let Some(other) = other {
            // The other key is to be what follows from the principal.
            let own = Variable { key: key.to_owned(), default: None };
            self.wish(&opaque, Wish::Key(other.into(), Template { parts: vec![Part::Variable(own)] }, false));
        } else if key == "aws:principalarn" {
            self.wish(&opaque, Wish::Principal(template.clone()));
        }
        Node::and([opaque, self.filled_in(template)])
    }

    fn condition(&mut self, condition: &Condition) -> Node {
        use crate::policy::Test as Asks;
        let key = condition.key.as_str();
        if let Some(node) = self.derived(condition) {
            return node;
        }
        let is_set = self.sets.contains(key) && key != RESOURCE_ACCOUNT;
        // What relates this key to others, of which one is enough.
        let mut related: Vec<Node> = Vec::new();
        let element = match &condition.test {
            Asks::Present => Some((Vec::new(), Some(true))),
            Asks::Absent => Some((Vec::new(), Some(false))),
            Asks::Text(mode, templates) => {
                let (mut test, mut unclear) = (Test::default(), false);
                for template in templates {
                    match value_steps(template, *mode) {
                        Some(steps) => test.patterns.push(steps),
                        None if is_set => unclear = true,
                        None => related.push(self.relates(key, *mode, template)),
                    }
                }
                let compiled = self.atoms.compiled(test);
                // A policy variable relates the values of a set to another key: the whole test may be true or false.
                (!unclear).then(|| (vec![Element::Text(compiled)], None))
            }
            Asks::Number(order, bounds) => Some((vec![Element::Number(*order, bounds.clone(), condition.negated)], None)),
            Asks::Date(order, bounds) => Some((vec![Element::Date(*order, bounds.clone(), condition.negated)], None)),
            Asks::Ip(blocks) => Some((vec![Element::Address(blocks.clone(), condition.negated)], None)),
        };
        let shared: Rc<str> = key.into();
        let attribute = if is_set { Attribute::Set(shared) } else { Attribute::Key(shared) };
        let present = if is_set { self.carried(key) } else { self.present(key) };
        let passes = match element {
            None => {
                let (quantifier, negated) = (condition.quantifier, condition.negated);
                let opaque = self.opaque(&format!("{key} {quantifier:?} {negated} {:?}", condition.test));
                if let Asks::Text(_, templates) = &condition.test
                    && let Some(template) = templates.iter().find(|template| template.variables().next().is_some())
                {
                    self.wish(&opaque, Wish::Key(key.into(), template.clone(), negated));
                }
                opaque
            }
            Some((_, Some(truth))) => Node::Const(truth != condition.negated),
            Some((elements, None)) => {
                let mut parts = Vec::new();
                for element in elements {
                    // A text fails a negated test where it passes the test; numbers know their negation themselves.
                    let flips = condition.negated && matches!(element, Element::Text(_));
                    let trivial = match &element {
                        Element::Text(test) if test.test.patterns.is_empty() => Some(flips),
                        Element::Text(test) if test.test.is_everything() => Some(!flips),
                        Element::Text(_) | Element::Number(..) | Element::Date(..) | Element::Address(..) => None,
                    };
                    let related = Node::or(std::mem::take(&mut related));
                    let related = |own: Node| match flips {
                        true => Node::and([own, related.not()]),
                        false => Node::or([own, related]),
                    };
                    if let Some(truth) = trivial {
                        parts.push(related(Node::Const(truth)));
                        continue;
                    }
                    parts.push(match (is_set, condition.quantifier) {
                        (false, _) => {
                            let passes = self.atoms.atom(attribute.clone(), Asked::Passes(element, false));
                            related(Node::Literal(passes, !flips))
                        }
                        (true, Quantifier::Any) => {
                            Node::Literal(self.atoms.atom(attribute.clone(), Asked::Passes(element, flips)), true)
                        }
                        // All pass: there is none that fails.
                        (true, Quantifier::All) => {
                            Node::Literal(self.atoms.atom(attribute.clone(), Asked::Passes(element, !flips)), false)
                        }
                    });
                }
                Node::and(parts)
            }
        };
        Node::or([Node::and([present.clone(), passes]), Node::and([present.not(), Node::Const(condition.when_absent)])])
    }

    /// A condition on a key that follows from the principal.
    fn derived(&mut self, condition: &Condition) -> Option<Node> {
        use crate::policy::Test as Asks;
        let key = condition.key.as_str();
        let present = self.who(derived_presence(key)?);
        let passes = match &condition.test {
            Asks::Present => Node::Const(!condition.negated),
            Asks::Absent => Node::Const(condition.negated),
            Asks::Number(..) | Asks::Date(..) | Asks::Ip(_) => {
                self.opaque(&format!("{key} {:?} {}", condition.test, condition.negated))
            }
            Asks::Text(mode, templates) => {
                let mut parts = Vec::new();
                for template in templates {
                    parts.push(match derived_test(key, *mode, template) {
                        Some(test) => self.who(test),
                        None => self.relates(key, *mode, template),
                    });
                }
                let any = Node::or(parts);
                if condition.negated { any.not() } else { any }
            }
        };
        Some(Node::or([Node::and([present.clone(), passes]), Node::and([present.not(), Node::Const(condition.when_absent)])]))
    }
}

/// The key that holds the account of the resource.
pub(super) const RESOURCE_ACCOUNT: &str = "aws:resourceaccount";

/// The key that holds the account of the principal.
pub(super) const PRINCIPAL_ACCOUNT: &str = "aws:principalaccount";

/// What relates the principal's account to the resource's.
pub(super) const SAME_ACCOUNT: &str = "principal and resource are of one account";
