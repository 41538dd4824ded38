//! What does a condition say of a request, as a propositional formula over atoms?
//!
//! A template with policy variables is a test that names them, where every variable has a value: where its key is present,
//! and has one value only. A variable with a default stands for the default where the key is absent, so such a template is
//! several tests, one for each way in which its keys are present or not.

use super::atoms::{Asked, Atoms, Attribute, Element, Wish};
use super::bounds::{Blocks, Bounds};
use super::build::{Builder, PRINCIPAL_ACCOUNT, RESOURCE_ACCOUNT};
use super::language::Test;
use super::principal;
use super::relation::Relation;
use super::search::Node;
use super::values::{derived_presence, derived_test, value_steps};
use super::variables::Says;
use crate::policy::{Condition, Part, Quantifier, Template, Test as Asks, TextMode, Variable};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Ways in which the keys of one list of templates may be there.
const MOST_WAYS: usize = 32;

/// How many values a key has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Count {
    None,
    One,
    Several,
}

/// How many values each key has, and those of the templates that can match then, as they are read.
type Case<'t> = (BTreeMap<&'t str, Count>, Vec<Template>);

/// What the templates say, by how many values the keys have that they name: all cases, each request in one of them; or, if
/// asked for, those only in which all templates can match. `None` if there are too many.
fn cases<'t>(templates: &[&'t Template], matching_only: bool, sets: &BTreeSet<String>) -> Option<Vec<Case<'t>>> {
    let variables = || templates.iter().flat_map(|template| template.variables());
    let mut ways: Vec<BTreeMap<&str, Count>> = vec![BTreeMap::new()];
    for key in variables().map(|variable| variable.key.as_str()).collect::<BTreeSet<&str>>() {
        let is_needed = matching_only && variables().any(|one| one.key == key && one.default.is_none());
        let counts: &[Count] = match (is_needed, sets.contains(key)) {
            (true, _) => &[Count::One],
            (false, false) => &[Count::One, Count::None],
            (false, true) => &[Count::One, Count::None, Count::Several],
        };
        if ways.len() * counts.len() > MOST_WAYS {
            return None;
        }
        let with =
            |way: &BTreeMap<&'t str, Count>, count: Count| way.iter().map(|(k, c)| (*k, *c)).chain([(key, count)]).collect();
        ways = ways.iter().flat_map(|way| counts.iter().map(move |count| with(way, *count))).collect();
    }
    let read = |way: &BTreeMap<&str, Count>, template: &Template| -> Option<Template> {
        let part = |part: &Part| match part {
            Part::Variable(own) => match (way.get(own.key.as_str()), &own.default) {
                (Some(Count::One), _) => Some(Part::Variable(Box::new(Variable { key: own.key.clone(), default: None }))),
                (Some(Count::None), Some(_)) => Some(part.clone()),
                _ => None,
            },
            part => Some(part.clone()),
        };
        Some(Template { parts: template.parts.iter().map(part).collect::<Option<_>>()? })
    };
    let cases = ways.into_iter().map(|way| {
        let own = templates.iter().filter_map(|template| read(&way, template)).collect();
        (way, own)
    });
    Some(cases.collect())
}

impl Builder {
    /// What an atom that is true says of a key that follows from the principal.
    pub(super) fn says(&mut self, node: &Node, key: &str, test: Test) {
        if let Node::Literal(atom, true) = node {
            let (variable, test) = (self.atoms.variable(key), self.atoms.compiled(test));
            let own = self.atoms.says.entry(*atom).or_default();
            if !own.iter().any(|known| known.variable == variable && known.where_present.is_none()) {
                own.push(Says { variable, test, where_present: None });
            }
        }
    }

    /// A key follows from the principal, and is there.
    fn follows(&mut self, presence: Test) -> Node {
        let node = self.who(presence);
        if let Node::Literal(atom, _) = &node {
            self.atoms.presences.insert(*atom);
        }
        node
    }

    /// The keys have as many values as in a case.
    fn as_in(&mut self, counts: &BTreeMap<&str, Count>) -> Node {
        let mut parts = Vec::new();
        for (key, count) in counts {
            parts.push(match (derived_presence(key), count) {
                (Some(who), Count::One) => self.follows(who),
                (Some(who), Count::None | Count::Several) => self.follows(who).not(),
                (None, Count::None) => self.carried(key).not(),
                (None, Count::One) if self.sets.contains(*key) => {
                    Node::and([self.carried(key), self.relation(Relation::single(key))])
                }
                (None, Count::One) => self.present(key),
                (None, Count::Several) => Node::and([self.carried(key), self.relation(Relation::single(key)).not()]),
            });
        }
        Node::and(parts)
    }

    /// An attribute passes the test of a template with variables; `None` if it has none.
    pub(super) fn with_variables(
        &mut self,
        attribute: &Attribute,
        template: &Template,
        read: &dyn Fn(&Template, &mut Atoms) -> Option<Test>,
    ) -> Option<Node> {
        let mut parts = Vec::new();
        for (counts, own) in cases(&[template], true, &self.sets)? {
            for template in own {
                let test = read(&template, &mut self.atoms)?;
                let passes = self.text(attribute.clone(), test);
                parts.push(Node::and([self.as_in(&counts), passes]));
            }
        }
        Some(Node::or(parts))
    }

    /// The value of a key matches a template that names other keys.
    pub(super) fn relates(&mut self, key: &str, mode: TextMode, template: &Template) -> Node {
        // A value is itself, in whatever case.
        if let ([Part::Variable(variable)], true) = (template.parts.as_slice(), mode != TextMode::Arn)
            && variable.key == key
        {
            return self.as_in(&BTreeMap::from([(key, Count::One)]));
        }
        // Accounts have no letters: whether case counts does not matter.
        if let ([Part::Variable(variable)], true) = (template.parts.as_slice(), mode != TextMode::Arn)
            && let Variable { key: other, default } = &**variable
            && let (PRINCIPAL_ACCOUNT, RESOURCE_ACCOUNT) | (RESOURCE_ACCOUNT, PRINCIPAL_ACCOUNT) = (key, other.as_str())
        {
            // Only accounts of customers own resources.
            let parts =
                [self.relation(Relation::SameAccount), self.who(principal::of_customer()), self.present(RESOURCE_ACCOUNT)];
            let Some(default) = default else { return Node::and(parts) };
            let template = Template::parse(default, false, false);
            let without = self.as_in(&BTreeMap::from([(other.as_str(), Count::None)]));
            let own = match derived_presence(key) {
                Some(_) => derived_test(key, mode, &template, &mut self.atoms).map(|test| self.who(test)),
                None => {
                    let test = Test { patterns: vec![value_steps(&template, mode, &mut self.atoms)] };
                    Some(self.text(Attribute::Key(key.into()), test))
                }
            };
            let own = own.unwrap_or_else(|| self.relation(Relation::IsDefault(key.into(), mode, default.clone())));
            return Node::or([Node::and(parts), Node::and([without, own])]);
        }
        let node = match derived_presence(key) {
            Some(_) => self.with_variables(&Attribute::Principal, template, &|own, atoms| derived_test(key, mode, own, atoms)),
            None => self.with_variables(&Attribute::Key(key.into()), template, &|own, atoms| {
                Some(Test { patterns: vec![value_steps(own, mode, atoms)] })
            }),
        };
        node.unwrap_or_else(|| {
            let matches = self.relation(Relation::Matches(key.into(), mode, template.clone()));
            self.wish(&matches, Wish { key: key.into(), template: template.clone(), negated: false });
            matches
        })
    }

    pub(super) fn condition(&mut self, condition: &Condition) -> Node {
        let key = condition.key.as_str();
        if let Some(node) = self.derived(condition) {
            return node;
        }
        let is_set = self.sets.contains(key) && key != RESOURCE_ACCOUNT;
        let present = if is_set { self.carried(key) } else { self.present(key) };
        let passes = match &condition.test {
            Asks::Present => Node::Const(!condition.negated),
            Asks::Absent => Node::Const(condition.negated),
            Asks::Text(mode, templates) if is_set => self.some_element(condition, *mode, templates),
            Asks::Text(mode, templates) => {
                // What relates this key to others, of which one is enough.
                let (mut test, mut related) = (Test::default(), Vec::new());
                for template in templates {
                    if template.variables().next().is_none() {
                        test.patterns.push(value_steps(template, *mode, &mut self.atoms));
                    } else {
                        related.push(self.relates(key, *mode, template));
                    }
                }
                related.insert(0, self.text(Attribute::Key(key.into()), test));
                let any = Node::or(related);
                if condition.negated { any.not() } else { any }
            }
            // Numbers know their negation themselves.
            Asks::Number(order, bounds) => {
                self.element(condition, Element::Number(Bounds::new(*order, bounds).into(), condition.negated))
            }
            Asks::Date(order, bounds) => {
                self.element(condition, Element::Date(Bounds::new(*order, bounds).into(), condition.negated))
            }
            Asks::Ip(blocks) => self.element(condition, Element::Address(Blocks::new(blocks).into(), condition.negated)),
        };
        Node::or([Node::and([present.clone(), passes]), Node::and([present.not(), Node::Const(condition.when_absent)])])
    }

    /// Some or all elements of a set pass a list of templates, or none of them.
    fn some_element(&mut self, condition: &Condition, mode: TextMode, templates: &[Template]) -> Node {
        let (plain, named): (Vec<&Template>, Vec<&Template>) =
            templates.iter().partition(|template| template.variables().next().is_none());
        let plain: Vec<_> = plain.into_iter().map(|template| value_steps(template, mode, &mut self.atoms)).collect();
        if named.is_empty() {
            let test = self.atoms.compiled(Test { patterns: plain });
            return self.element(condition, Element::Text(test));
        }
        let Some(cases) = cases(&named, false, &self.sets) else {
            let key = &condition.key;
            let (quantifier, negated, test) = (condition.quantifier, condition.negated, condition.test.clone());
            let passes = self.relation(Relation::Passes(key.as_str().into(), quantifier, negated, test));
            if let Some(template) = named.first() {
                let wish = Wish { key: key.as_str().into(), template: (*template).clone(), negated: condition.negated };
                self.wish(&passes, wish);
            }
            return passes;
        };
        let mut ways = Vec::new();
        for (counts, own) in &cases {
            let own: Vec<_> = own.iter().map(|template| value_steps(template, mode, &mut self.atoms)).collect();
            let test = self.atoms.compiled(Test { patterns: plain.iter().cloned().chain(own).collect() });
            ways.push(Node::and([self.as_in(counts), self.element(condition, Element::Text(test))]));
        }
        Node::or(ways)
    }

    /// The value of a key, or some or all elements of a set, pass or fail a test.
    fn element(&mut self, condition: &Condition, element: Element) -> Node {
        let key: Rc<str> = condition.key.as_str().into();
        // A text fails a negated test where it passes the test; numbers know their negation themselves.
        let flips = condition.negated && matches!(element, Element::Text(_));
        if let Element::Text(test) = &element {
            if test.test.patterns.is_empty() {
                return Node::Const(flips);
            }
            if test.test.is_everything() {
                return Node::Const(!flips);
            }
        }
        if !self.sets.contains(&*key) || &*key == RESOURCE_ACCOUNT {
            let passes = self.atoms.atom(Attribute::Key(key), Asked::Passes(element, false));
            return Node::Literal(passes, !flips);
        }
        match condition.quantifier {
            Quantifier::Any => Node::Literal(self.atoms.atom(Attribute::Set(key), Asked::Passes(element, flips)), true),
            // All pass: there is none that fails.
            Quantifier::All => Node::Literal(self.atoms.atom(Attribute::Set(key), Asked::Passes(element, !flips)), false),
        }
    }

    /// A condition on a key that follows from the principal.
    fn derived(&mut self, condition: &Condition) -> Option<Node> {
        let key = condition.key.as_str();
        let present = self.follows(derived_presence(key)?);
        let passes = match &condition.test {
            Asks::Present => Node::Const(!condition.negated),
            Asks::Absent => Node::Const(condition.negated),
            Asks::Number(..) | Asks::Date(..) | Asks::Ip(_) => {
                self.relation(Relation::Derived(key.into(), condition.negated, condition.test.clone()))
            }
            Asks::Text(mode, templates) => {
                let mut parts = Vec::new();
                for template in templates {
                    let plain = template.variables().next().is_none();
                    let test = if plain { derived_test(key, *mode, template, &mut self.atoms) } else { None };
                    parts.push(match test {
                        Some(test) => {
                            let node = self.who(test);
                            self.tells(&node, &present, key, *mode, template);
                            node
                        }
                        None => self.relates(key, *mode, template),
                    });
                }
                let any = Node::or(parts);
                if condition.negated { any.not() } else { any }
            }
        };
        Some(Node::or([Node::and([present.clone(), passes]), Node::and([present.not(), Node::Const(condition.when_absent)])]))
    }

    /// An atom about the principal says that a key that follows from it passes a test; where the key is there, its opposite
    /// says that it does not.
    fn tells(&mut self, node: &Node, present: &Node, key: &str, mode: TextMode, template: &Template) {
        let steps = value_steps(template, mode, &mut self.atoms);
        self.says(node, key, Test { patterns: vec![steps] });
        if let (Node::Literal(atom, true), Node::Literal(present, true)) = (node, present) {
            let of = self.atoms.variable(key);
            let own = self.atoms.says.entry(*atom).or_default();
            own.iter_mut().filter(|says| says.variable == of).for_each(|says| says.where_present = Some(*present));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_is_in_one_case() {
        let templates = ["${k:a}/${k:b, 'x'}", "${k:b}", "${s:c, 'y'}"].map(|text| Template::parse(text, true, true));
        let templates: Vec<&Template> = templates.iter().collect();
        let sets = BTreeSet::from(["s:c".to_owned()]);
        let all = cases(&templates, false, &sets).unwrap();
        assert_eq!(all.len(), 2 * 2 * 3);
        let mut counts: Vec<Vec<usize>> =
            all.iter().map(|(counts, _)| counts.values().map(|one| *one as usize).collect()).collect();
        counts.sort();
        counts.dedup();
        assert_eq!(counts.len(), all.len());
        // One template of a list may not match: the others still do.
        for (counts, own) in &all {
            let has = |key: &str| counts.get(key) == Some(&Count::One);
            let is_several = counts.get("s:c") == Some(&Count::Several);
            assert_eq!(own.len(), usize::from(has("k:a")) + usize::from(has("k:b")) + usize::from(!is_several), "{counts:?}");
        }
        let alone = |template: &Template| cases(&[template], true, &sets).unwrap().len();
        assert_eq!(templates.iter().map(|template| alone(template)).collect::<Vec<_>>(), [2, 1, 3]);
        assert_eq!(cases(&templates[..1], false, &sets).unwrap().len(), 4);
        let many: String = ('a'..='f').map(|c| format!("${{k:{c}, 'x'}}")).collect();
        assert!(cases(&[&Template::parse(&many, true, true)], true, &sets).is_none());
    }
}
