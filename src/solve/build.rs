//! What do access definitions say of a request, as a propositional formula over atoms?
//!
//! Read off the IR, without the evaluator and without the encoding for Z3: a third meaning of its own.

use super::atoms::{Asked, Atoms, Attribute, Element, Wish};
use super::language::{Class, Few, NO_COLON, NO_DIGIT, Step, Steps, Test};
use super::owners::{MOST_OWNERS, owner};
use super::principal;
use super::relation::Relation;
use super::search::Node;
use super::values::{by_parts, steps};
use crate::glob::Glob;
use crate::policy::compose::{Fact, Rule, Through};
use crate::policy::{Access, PrincipalMatch, PrincipalPattern, ResourcePattern, Statement, Template};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};

/// Builds formulas; what was built for a statement once serves every group of actions.
#[derive(Debug)]
pub(super) struct Builder {
    pub(super) atoms: Atoms,
    pub(super) sets: BTreeSet<String>,
    /// Whether it may matter of which account a resource is, and the tests that resources of one account alone pass.
    pub(super) asks_for_owners: bool,
    pub(super) owners: BTreeMap<usize, String>,
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
    pub(super) fn new(atoms: Atoms, sets: BTreeSet<String>, asks_for_owners: bool) -> Self {
        Self {
            atoms,
            sets,
            asks_for_owners,
            owners: BTreeMap::new(),
            bodies: FxHashMap::default(),
            applies: FxHashMap::default(),
        }
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
        let mut owned: BTreeMap<String, Test> = BTreeMap::new();
        for pattern in patterns {
            let (is_shorthand, by_part) = (pattern.path.is_some(), pattern.parts.is_some());
            let of_parts = |parts: Option<&[Template; 6]>, whole: &Template, atoms: &mut Atoms| -> Steps {
                let mut steps = match parts.filter(|_| by_part) {
                    Some(parts) => by_parts(parts, NO_COLON, Class::Any, atoms),
                    None => steps(whole, Class::Any, false, atoms),
                };
                // The first run over anything is the API's id.
                let id = steps.iter_mut().find(|step| is_shorthand && **step == Step::Run(Class::Any));
                id.into_iter().for_each(|step| *step = Step::Run(Class::But(Few::of(&['/']))));
                steps
            };
            let read = |whole: &Template, atoms: &mut Atoms| -> Option<Test> {
                let parts = <[Template; 6]>::try_from(whole.split_colons(6)).ok();
                Some(Test { patterns: vec![of_parts(parts.as_ref(), whole, atoms)] })
            };
            if pattern.is_everything() {
                return Node::Const(true);
            }
            if pattern.variables().next().is_none() {
                let owner = if self.asks_for_owners && by_part { owner(pattern) } else { None };
                let test = owner.map_or(&mut test, |owner| owned.entry(owner).or_default());
                test.patterns.push(of_parts(pattern.parts.as_ref(), &pattern.whole, &mut self.atoms));
            } else if let Some(node) = self.with_variables(&Attribute::Resource, &pattern.whole, &read) {
                others.push(node);
            } else {
                others.push(self.relation(Relation::Resource(pattern.whole.clone(), by_part)));
            }
        }
        let few = owned.len() <= MOST_OWNERS;
        for (owner, own) in owned {
            if !few {
                test.patterns.extend(own.patterns);
                continue;
            }
            let node = self.text(Attribute::Resource, own);
            if let Node::Literal(atom, _) = node {
                self.owners.insert(atom, owner);
            }
            others.push(node);
        }
        others.push(self.text(Attribute::Resource, test));
        Node::or(others)
    }

    /// Where the resource's account is known, it is the one in the ARN, or the ARN names none. Said where policy variables
    /// stand in resources; elsewhere a replay finds it.
    pub(super) fn owned(&mut self) -> Option<Node> {
        if !self.atoms.names_variables(&Attribute::Resource) || !self.atoms.is_asked(Relation::present(RESOURCE_ACCOUNT)) {
            return None;
        }
        let colon = Step::One(Class::Char(':'));
        let of = |account: Vec<Step>| -> Vec<Step> {
            let start = std::iter::repeat_n([Step::Run(NO_COLON), colon], 4).flatten();
            start.chain(account).chain([colon, Step::Run(Class::Any)]).collect()
        };
        let named = of(vec![Step::One(Class::Digit); 12]);
        // A text that is not an ARN, too: it does not start like one.
        let other = |c: char, before: &str| -> Vec<Step> {
            super::language::literal(before)
                .into_iter()
                .chain([Step::One(Class::But(Few::of(&[c]))), Step::Run(Class::Any)])
                .collect()
        };
        let others = [other('a', ""), other('r', "a"), other('n', "ar"), other(':', "arn")];
        let short = ["", "a", "ar", "arn"].map(super::language::literal);
        let patterns = [named, of(vec![Step::Run(NO_DIGIT)])].into_iter().chain(others).chain(short).collect();
        let (known, owned) = (self.present(RESOURCE_ACCOUNT), self.text(Attribute::Resource, Test { patterns }));
        Some(Node::or([known.not(), owned]))
    }

    /// A test of a text attribute.
    pub(super) fn text(&mut self, attribute: Attribute, test: Test) -> Node {
        if test.patterns.is_empty() {
            return Node::Const(false);
        }
        if test.is_everything() {
            return Node::Const(true);
        }
        let compiled = self.atoms.compiled(test);
        Node::Literal(self.atoms.atom(attribute, Asked::Passes(Element::Text(compiled), false)), true)
    }

    pub(super) fn relation(&mut self, relation: Relation) -> Node {
        Node::Literal(self.atoms.atom(Attribute::Free, Asked::Relation(relation.into())), true)
    }

    pub(super) fn wish(&mut self, relation: &Node, wish: Wish) {
        if let Node::Literal(atom, _) = relation {
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
                return self.relation(Relation::Principal(parts.clone(), through));
            }
            PrincipalPattern::Arn(parts) => {
                let [_, _, _, _, account, _] = &**parts;
                let account = Test { patterns: vec![principal::glob(account, Class::Any)] };
                let (is_role, own) = (self.who(principal::role()), self.who(principal::own_arn(parts)));
                let session = principal::session(parts).map_or(Node::Const(false), |test| self.who(test));
                self.says(&own, PRINCIPAL_ACCOUNT, account.clone());
                self.says(&session, PRINCIPAL_ACCOUNT, account);
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
        let node = principal::entry(pattern).map_or(Node::Const(false), |test| self.who(test));
        if let PrincipalPattern::Account(account) = pattern {
            self.says(&node, PRINCIPAL_ACCOUNT, Test { patterns: vec![super::language::literal(account)] });
        }
        node
    }

    fn fact(&mut self, fact: &Fact, action: &str) -> Node {
        match fact {
            Fact::Identity => self.who(principal::of_customer()),
            Fact::User => self.who(principal::user()),
            Fact::Root => self.who(principal::root()),
            Fact::ServiceLinked => self.who(principal::service_linked()),
            Fact::SameAccount => {
                let known = self.present(RESOURCE_ACCOUNT);
                let same = self.relation(Relation::SameAccount);
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
                let steps = pattern.parts.map(|parts| by_parts(&parts, NO_COLON, Class::Any, &mut self.atoms));
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

    pub(super) fn present(&mut self, key: &str) -> Node {
        self.relation(Relation::present(key))
    }
}

/// The key that holds the account of the resource.
pub(super) use crate::request::RESOURCE_ACCOUNT;

/// The key that holds the account of the principal.
pub(super) const PRINCIPAL_ACCOUNT: &str = crate::request::Derived::Account.key();
