//! When does a condition hold in the symbolic context?
//!
//! A key with one value is a slot: a Boolean that says it is present and a variable of the kind of value that the query
//! compares it with. A key with several values is a few optional slots (see the table in `encode`). A value that is no
//! number, date or address under such an operator is the slot's `valid` Boolean being false.

use super::text;
use super::{Encoder, Form, principal};
use crate::catalog::KeyBase;
use crate::policy::spelling::spelling;
use crate::policy::{Condition, Order, Quantifier, Statement, Template, Test, TextMode};
use crate::request::derived::{ValueForm, form_of};
use crate::request::keys::{self, is_multivalued};
use crate::smt::term::Cmp;
use crate::smt::{Atom, Formula, Int, Regex, Text};
use crate::value::ip::IpNet;
use crate::value::number;
use std::collections::{BTreeMap, BTreeSet};

/// What kind of values a query compares a key with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Family {
    Text,
    Number,
    Date,
    Ip,
}

/// How a key is represented in one query.
#[derive(Debug, Clone, Default)]
pub(super) struct Key {
    /// The kinds of values it is compared with; more than one has no encoding.
    pub(super) families: BTreeSet<Family>,
    /// How many optional elements stand for its values; `None` if it has at most one value.
    pub(super) elements: Option<usize>,
    /// Bounds of comparisons, so that a decoded number can be a short decimal on the same side of all of them.
    pub(super) bounds: BTreeSet<bigdecimal::BigDecimal>,
}

impl Key {
    /// The slots of a key of this name: its own, or those of its elements.
    pub(super) fn slots(&self, name: &str) -> Vec<String> {
        match self.elements {
            None => vec![name.to_owned()],
            Some(count) => (0..count).map(|index| element(name, index)).collect(),
        }
    }
}

/// The key that holds the account of the resource; tied to the resource's ARN.
pub(super) use crate::request::RESOURCE_ACCOUNT;

/// The Boolean that says a key, or an element of it, is present.
pub(super) fn present(slot: &str) -> String {
    format!("{slot} Present")
}

/// The name of one optional element of a multivalued key.
pub(super) fn element(key: &str, index: usize) -> String {
    format!("{key} Element {index}")
}

/// The Boolean that says a slot's value is of the kind it is compared with.
pub(super) fn valid(slot: &str) -> String {
    format!("{slot} Valid")
}

/// The Boolean that says a slot's address is IPv6, and its bits either way.
pub(super) fn address(slot: &str) -> (String, String, String) {
    (format!("{slot} IPv6"), format!("{slot} Bits 4"), format!("{slot} Bits 6"))
}

/// The representation of every key that these statements mention.
pub(super) fn plan(statements: &[&Statement], sets: &BTreeSet<String>) -> BTreeMap<String, Key> {
    let mut keys: BTreeMap<String, Key> = BTreeMap::new();
    let mut tests: BTreeMap<&str, Vec<(&Test, bool, Quantifier)>> = BTreeMap::new();
    let text_key = |keys: &mut BTreeMap<String, Key>, template: &Template| {
        for variable in template.variables() {
            keys.entry(variable.key.clone()).or_default().families.insert(Family::Text);
        }
    };
    for statement in statements {
        for pattern in statement.resource.iter().flat_map(|resource| &resource.patterns) {
            text_key(&mut keys, &pattern.whole);
        }
        for condition in &statement.conditions {
            let key = keys.entry(condition.key.clone()).or_default();
            match &condition.test {
                test if is_never(&condition.key, test) => {}
                Test::Text(..) => _ = key.families.insert(Family::Text),
                Test::Number(_, bounds) => {
                    key.families.insert(Family::Number);
                    key.bounds.extend(bounds.iter().cloned());
                }
                Test::Date(_, bounds) => {
                    key.families.insert(Family::Date);
                    key.bounds.extend(bounds.iter().cloned());
                }
                Test::Ip(_) => _ = key.families.insert(Family::Ip),
                Test::Present | Test::Absent => {}
            }
            if let Test::Text(_, templates) = &condition.test {
                templates.iter().for_each(|template| text_key(&mut keys, template));
            }
            let of_key = tests.entry(&condition.key).or_default();
            let test = (&condition.test, condition.negated, condition.quantifier);
            if !of_key.contains(&test) {
                of_key.push(test);
            }
        }
    }
    for (name, key) in &mut keys {
        if sets.contains(name) && !principal::is_derived(name) && name != RESOURCE_ACCOUNT {
            // "Some element passes" needs one element, "every element passes" one that does not.
            key.elements = Some(tests.get(name.as_str()).map_or(1, |tests| tests.len().max(1)));
        }
    }
    keys
}

/// Whether no value of the key can be of the kind that the test is of.
fn is_never(key: &str, test: &Test) -> bool {
    let Some(own) = keys::type_of(key) else { return false };
    match test {
        Test::Number(..) | Test::Date(..) => matches!(own, KeyBase::Bool | KeyBase::IpAddress),
        Test::Ip(_) => own != KeyBase::IpAddress,
        Test::Text(..) | Test::Present | Test::Absent => false,
    }
}

impl Encoder {
    /// The condition holds.
    pub(super) fn condition(&mut self, condition: &Condition) -> Result<Formula, String> {
        let key = self.slots.get(&condition.key).cloned().unwrap_or_default();
        self.one_family(&condition.key)?;
        let follows = principal::is_derived(&condition.key) || condition.key == RESOURCE_ACCOUNT;
        if follows && matches!(condition.test, Test::Number(..) | Test::Date(..) | Test::Ip(_)) {
            return Err(format!("the condition key `{}`, which is a text, compared as something else", condition.key));
        }
        if let (Some(ValueForm::Arn), Test::Text(mode, templates)) = (form_of(&condition.key), &condition.test) {
            return self.principal_arn(condition, *mode, templates);
        }
        let mut slots: Vec<(Formula, String)> = Vec::new();
        match key.elements {
            None => slots.push(self.single(&condition.key)),
            Some(_) => slots.extend(key.slots(&condition.key).into_iter().map(|slot| (Formula::var(&present(&slot)), slot))),
        }
        let is_present = Formula::or(slots.iter().map(|(present, _)| present.clone()));
        let mut parts = Vec::new();
        for (in_set, slot) in slots {
            let passes = self.passes(condition, &slot)?;
            if key.families.contains(&Family::Text) && is_multivalued(&condition.key) {
                let present = in_set.clone();
                let empty = Formula::equal(&Text::var(&slot), &Text::constant(""));
                self.constrain(&slot, || present.implies(empty.not()));
            }
            parts.push(match condition.quantifier {
                Quantifier::Any => Formula::and([in_set, passes]),
                Quantifier::All => in_set.implies(passes),
            });
        }
        let quantified = match condition.quantifier {
            Quantifier::Any => Formula::or(parts),
            Quantifier::All => Formula::and(parts),
        };
        let when_absent = Formula::and([is_present.clone().not(), Formula::from(condition.when_absent)]);
        Ok(Formula::or([Formula::and([is_present, quantified]), when_absent]))
    }

    /// A text condition on `aws:PrincipalArn`, whose parts are known one by one.
    fn principal_arn(&mut self, condition: &Condition, mode: TextMode, templates: &[Template]) -> Result<Formula, String> {
        let is_present = self.kind(principal::Kind::Aws);
        let mut parts = Vec::new();
        for template in templates {
            parts.push(self.principal_arn_test(mode, template)?);
        }
        let matched = Formula::or(parts);
        let passes = if condition.negated { matched.not() } else { matched };
        let when_absent = Formula::and([is_present.clone().not(), Formula::from(condition.when_absent)]);
        Ok(Formula::or([Formula::and([is_present, passes]), when_absent]))
    }

    /// The presence and the value of the resource's account. An ARN that names an account says which it is.
    pub(super) fn resource_account(&mut self) -> (Formula, Text) {
        let known = Formula::var(&present(RESOURCE_ACCOUNT));
        let is_arn = self.shape == super::ResourceShape::Arn;
        if is_arn {
            self.resource_part("Resource.account");
        }
        self.constrain(RESOURCE_ACCOUNT, || {
            let digits = |text: Text| text::matches(&text, text::account_id());
            let is_account = known.clone().implies(digits(Text::var(RESOURCE_ACCOUNT)));
            if !is_arn {
                return is_account;
            }
            let of_arn = Text::var("Resource.account");
            let same = Formula::and([known.clone(), Formula::equal(&Text::var(RESOURCE_ACCOUNT), &of_arn)]);
            // Another number there is not the account of a resource whose owner is known.
            let unnumbered = text::matches(&of_arn, Regex::none_of(&"0123456789".chars().collect::<Vec<_>>()).star());
            let numbered = known.clone().implies(Formula::or([digits(of_arn.clone()), unnumbered]));
            Formula::and([is_account, digits(of_arn).implies(same), numbered])
        });
        (known, Text::var(RESOURCE_ACCOUNT))
    }

    /// The presence and the slot of a key with at most one value.
    pub(super) fn single(&mut self, key: &str) -> (Formula, String) {
        if key == RESOURCE_ACCOUNT {
            return (self.resource_account().0, key.to_owned());
        }
        self.derived(key).unwrap_or_else(|| (Formula::var(&present(key)), key.to_owned()))
    }

    /// A key has a value; said only of keys that the query names.
    pub fn present(&mut self, key: &str) -> Formula {
        match self.slots.get(key) {
            None => Formula::True,
            Some(Key { elements: None, .. }) => self.single(key).0,
            Some(slot) => Formula::or(slot.slots(key).iter().map(|slot| Formula::var(&present(slot)))),
        }
    }

    /// Keys of a type, as far as the query names them, have no other values.
    pub fn typed(&self) -> Formula {
        let mut parts = Vec::new();
        for (name, key) in &self.slots {
            let (Some(own), Some(family)) = (keys::type_of(name), key.families.first()) else { continue };
            for slot in key.slots(name) {
                let is_valid = || Formula::var(&valid(&slot));
                let holds = match (own, family) {
                    (_, Family::Text) => self.spelled(&slot, own),
                    (KeyBase::Numeric, _) | (KeyBase::Date, Family::Date) | (KeyBase::IpAddress, _) => is_valid(),
                    // A date is seconds, or no number.
                    (KeyBase::Date, _) | (KeyBase::Bool, _) => Formula::True,
                    (KeyBase::String | KeyBase::Arn | KeyBase::Binary, _) => Formula::True,
                };
                parts.push(Formula::var(&present(&slot)).implies(holds));
            }
        }
        Formula::and(parts)
    }

    /// A text is of a type.
    fn spelled(&self, slot: &str, of: KeyBase) -> Formula {
        let text = Text::var(slot);
        let Some(spelling) = spelling(of) else { return Formula::True };
        if of == KeyBase::Bool && self.form == Form::Tests {
            return Formula::or(["true", "false"].map(|truth| Formula::equal(&text, &Text::constant(truth))));
        }
        let most = Int::Const(i64::try_from(number::MOST_CHARACTERS).unwrap_or(i64::MAX));
        let short = Formula::atom(Atom::Ints(Cmp::LessOrEqual, Int::Len(text.clone()), most));
        let spelled = text::matches(&text, spelling);
        if matches!(of, KeyBase::Numeric | KeyBase::Date) { Formula::and([spelled, short]) } else { spelled }
    }

    pub(super) fn one_family(&self, key: &str) -> Result<(), String> {
        let families = self.slots.get(key).map(|key| key.families.len()).unwrap_or_default();
        if families > 1 {
            return Err(format!("the condition key `{key}` compared as values of different types"));
        }
        Ok(())
    }

    /// The value of a slot passes the condition's test.
    fn passes(&mut self, condition: &Condition, slot: &str) -> Result<Formula, String> {
        let signed = |formula: Formula| if condition.negated { formula.not() } else { formula };
        let is_valid = Formula::var(&valid(slot));
        match &condition.test {
            test if is_never(&condition.key, test) => Ok(Formula::False),
            Test::Text(mode, templates) => {
                let mut parts = Vec::new();
                for template in templates {
                    let text = Text::var(slot);
                    parts.push(match self.tied_parts(&condition.key, *mode, template) {
                        Some(tied) => self.arn_parts(&text, &tied)?,
                        None => self.text_test(&text, *mode, template)?,
                    });
                }
                Ok(signed(text::any(parts, self.form)))
            }
            Test::Number(order, bounds) | Test::Date(order, bounds) => {
                let cmp = match order {
                    Order::Equal => Cmp::Equal,
                    Order::Less => Cmp::Less,
                    Order::LessOrEqual => Cmp::LessOrEqual,
                    Order::Greater => Cmp::Greater,
                    Order::GreaterOrEqual => Cmp::GreaterOrEqual,
                };
                let stands =
                    bounds.iter().map(|bound| Formula::atom(Atom::Real(slot.into(), cmp, number::to_text(bound).into())));
                Ok(Formula::and([is_valid, signed(Formula::or(stands))]))
            }
            Test::Ip(blocks) => {
                let inside = Formula::or(blocks.iter().map(|block| in_block(slot, block)));
                Ok(Formula::and([is_valid, signed(inside)]))
            }
            Test::Present => Ok(signed(Formula::True)),
            Test::Absent => Ok(signed(Formula::False)),
        }
    }
}

fn in_block(slot: &str, block: &IpNet) -> Formula {
    let (v6, bits4, bits6) = address(slot);
    let is_v6 = Formula::var(&v6);
    match block {
        IpNet::V4(block) => {
            let (mask, value) = (u32::from(block.netmask()), u32::from(block.network()));
            let masked = Atom::Masked { var: bits4.as_str().into(), width: 32, mask: mask.into(), value: value.into() };
            Formula::and([is_v6.not(), Formula::atom(masked)])
        }
        IpNet::V6(block) => {
            let (mask, value) = (u128::from(block.netmask()), u128::from(block.network()));
            Formula::and([is_v6, Formula::atom(Atom::Masked { var: bits6.as_str().into(), width: 128, mask, value })])
        }
    }
}
