//! Which values of policy variables, and of all attributes with them, do signed atoms stand for?
//!
//! Once every variable has a value, its templates are plain tests, and every attribute is solved by itself. The values are
//! looked for in a few ways, since only a replay says whether they are right: ones that read well and differ, the same one
//! for all, the empty one, and those that the automata need: a test that must accept is read with marks ([`super::letters`])
//! beside all others of its attribute, and what stands between the marks is what its variables are to be. Of two templates
//! that must accept one text, the first says the text, and the second is read again with that text.

use super::atoms::{Asked, Atoms, Attribute, Element, Value};
use super::build::{PRINCIPAL_ACCOUNT, RESOURCE_ACCOUNT};
use super::intersect::Compiled;
use super::language::{Class, NO_COLON, Step, Test, literal};
use super::letters::{self, Found, relaxed, without_marks};
use super::principal;
use super::refute::{replaced, variables};
use super::relation::Relation;
use super::request;
use super::values::{derived_presence, derived_test};
use super::variables::Lists;
use crate::glob::Glob;
use crate::policy::{Template, TextMode};
use crate::request::{Request, keys};
use crate::value::arn;
use crate::wellformed;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// How values are chosen where nothing asks for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Values that read well and differ from each other.
    Distinct,
    /// What the automata need first, then values that read well.
    Needed,
    /// Values that read well, and a principal of another account than usual, and than the resource's.
    Elsewhere,
    /// One value for all.
    Same,
    /// Empty texts.
    Empty,
    /// What the automata need, of a principal whose account is the one that it had better be.
    Apart,
}

/// The ways, in the order in which they are tried.
pub(super) const WAYS: [Way; 6] = [Way::Distinct, Way::Needed, Way::Elsewhere, Way::Same, Way::Empty, Way::Apart];

/// Values for everything that signed atoms are about.
#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    /// The values of attributes.
    pub(super) values: BTreeMap<Attribute, Vec<Rc<str>>>,
    /// The values of variables, by key.
    pub(super) variables: BTreeMap<Rc<str>, String>,
    /// The principal, as one text.
    pub(super) principal: String,
    /// Atoms without an attribute.
    pub(super) free: FxHashMap<Rc<Relation>, bool>,
}

/// Accounts of principals and resources.
const ACCOUNTS: [&str; 3] = [USUAL, "999999999999", ELSEWHERE];

/// The account that examples have.
const USUAL: &str = "111122223333";

/// An account that policies do not name.
const ELSEWHERE: &str = "444455556666";

/// Looks for a model.
struct Modeler<'a> {
    atoms: &'a mut Atoms,
    assigned: &'a [(usize, bool)],
    by_place: BTreeMap<usize, Vec<(usize, bool)>>,
    fixed: BTreeMap<usize, String>,
    model: Model,
    way: Way,
    action: &'a str,
    /// The account of which the principal had better be.
    account: Option<String>,
}

/// A model of these signed atoms.
pub(super) fn model(atoms: &mut Atoms, assigned: &[(usize, bool)], way: Way, action: &str) -> Option<Model> {
    let mut by_place: BTreeMap<usize, Vec<(usize, bool)>> = BTreeMap::new();
    let mut free = FxHashMap::default();
    for (number, sign) in assigned {
        let atom = atoms.atoms.get(*number)?;
        match &atom.asked {
            Asked::Relation(relation) => _ = free.insert(relation.clone(), *sign),
            Asked::Passes(..) | Asked::NotEmpty => by_place.entry(atom.attribute).or_default().push((*number, *sign)),
        }
    }
    by_place.values_mut().for_each(|literals| literals.sort_unstable());
    let model = Model { free, ..Model::default() };
    Modeler { atoms, assigned, by_place, fixed: BTreeMap::new(), model, way, action, account: None }.run()
}

impl Modeler<'_> {
    fn run(mut self) -> Option<Model> {
        self.account = self.wished_account();
        let used: BTreeSet<usize> =
            self.by_place.iter().flat_map(|(place, literals)| self.atoms.variables_of(*place, literals)).collect();
        let places: Vec<usize> = self.by_place.keys().copied().collect();
        if !used.is_empty() {
            match self.way {
                Way::Needed => {}
                Way::Apart => self.of_wished_account(&used),
                Way::Distinct | Way::Elsewhere | Way::Same | Way::Empty => self.natural(&used, true)?,
            }
            // Keys whose values are variables of other templates come first.
            let is_variable = |place: &usize| match self.atoms.attributes.get(*place) {
                Some(Attribute::Key(key) | Attribute::Set(key)) => self.atoms.variables.contains(key),
                _ => false,
            };
            let (keys, others): (Vec<usize>, Vec<usize>) = places.iter().copied().partition(is_variable);
            for place in keys {
                self.needed(place)?;
                // What is to match a template is so before it becomes a part of another.
                if self.is_to_match(place) && self.known_value(place).is_none() {
                    self.solve(place)?;
                }
            }
            for place in others {
                self.needed(place)?;
            }
        }
        // The principal first: some keys follow from it.
        let principal = places.iter().copied().find(|place| self.atoms.attributes.get(*place) == Some(&Attribute::Principal));
        if let Some(place) = principal {
            self.solve(place)?;
        }
        if !used.is_empty() {
            self.natural(&used, false)?;
        }
        for place in places.into_iter().filter(|place| Some(*place) != principal) {
            self.solve(place)?;
        }
        let key = |variable: &usize| self.atoms.variables.get(*variable).cloned();
        self.model.variables = self.fixed.iter().filter_map(|(variable, value)| Some((key(variable)?, value.clone()))).collect();
        self.model.principal = match self.model.values.get(&Attribute::Principal).and_then(|found| found.first()) {
            Some(text) => text.to_string(),
            None => self.some_principal(),
        };
        Some(self.model)
    }

    /// The tests of one text of an attribute; of a set, of every element that it needs.
    fn texts(&self, place: usize) -> Vec<Lists> {
        self.atoms.lists(place, self.by_place.get(&place).map(Vec::as_slice).unwrap_or_default())
    }

    /// Values that read well for variables that have none yet; at first only for those that nothing else says.
    fn natural(&mut self, used: &BTreeSet<usize>, first: bool) -> Option<()> {
        let principal = match self.model.values.get(&Attribute::Principal).and_then(|found| found.first()) {
            Some(text) => text.to_string(),
            None => self.some_principal(),
        };
        let (principal, mut context) = request::principal(&principal)?;
        let own: Vec<(usize, Rc<str>)> =
            used.iter().filter_map(|variable| Some((*variable, self.atoms.variables.get(*variable)?.clone()))).collect();
        for (at, (variable, key)) in own.iter().enumerate() {
            if derived_presence(key).is_some() || (first && self.follows(key)) {
                continue;
            }
            let value = match self.fixed.get(variable) {
                Some(value) => Some(value.clone()),
                None => self.pick(*variable, key, at, principal.account()),
            };
            context.extend(value.map(|value| (key.to_string(), vec![value])));
        }
        let request = wellformed::mended(&Request::new(principal, self.action, "*", context));
        for (variable, key) in own {
            if let Some(value) = request.context.get(&*key).and_then(|values| values.first())
                && !(first && self.follows(&key))
            {
                self.fixed.entry(variable).or_insert_with(|| value.clone());
            }
        }
        Some(())
    }

    /// The account of which the principal had better be: the resource's or another, as the two are to be related.
    fn wished_account(&mut self) -> Option<String> {
        let same = self.model.free.get(&Relation::SameAccount).copied();
        let owner = same.and_then(|_| self.owner());
        match same {
            Some(true) if owner.is_some() => owner,
            Some(false) if owner.is_some() => ACCOUNTS.map(str::to_owned).into_iter().find(|other| owner.as_ref() != Some(other)),
            Some(_) | None => (self.way == Way::Elsewhere).then(|| ELSEWHERE.to_owned()),
        }
    }

    /// Gives a variable that is the principal's account the one that the principal had better be of.
    fn of_wished_account(&mut self, used: &BTreeSet<usize>) {
        let own = |variable: &&usize| self.atoms.variables.get(**variable).is_some_and(|key| **key == *PRINCIPAL_ACCOUNT);
        if let (Some(variable), Some(account)) = (used.iter().find(own).copied(), self.account.clone())
            && self
                .atoms
                .values_known(BTreeSet::from([variable]), self.assigned)
                .get(&variable)
                .is_some_and(|all| all.hold(&account))
        {
            self.fixed.insert(variable, account);
        }
    }

    /// The account of the resource, as far as its own tests say.
    fn owner(&mut self) -> Option<String> {
        self.plain(&Attribute::Key(RESOURCE_ACCOUNT.into())).or_else(|| {
            let resource = self.plain(&Attribute::Resource)?;
            let [_, _, _, _, account, _] = arn::split(&resource)?;
            arn::is_account(account).then(|| account.to_owned())
        })
    }

    /// A test of the principal: that it is of the account of which it had better be.
    fn of_account(&self) -> Option<Element> {
        let test = principal::account(&Glob::literal(self.account.as_ref()?));
        Some(Element::Text(Rc::new(Compiled::new(test))))
    }

    /// A test of the resource's account: that it is the principal's. The two are to be one or not, where that is said.
    fn of_own_account(&self) -> Option<(Element, bool)> {
        let same = *self.model.free.get(&Relation::SameAccount)?;
        let (principal, _) = request::principal(self.model.values.get(&Attribute::Principal)?.first()?)?;
        let patterns = vec![literal(principal.account()?)];
        Some((Element::Text(Rc::new(Compiled::new(Test { patterns }))), same))
    }

    /// A principal by its tests without variables.
    fn some_principal(&mut self) -> String {
        let wished = self.of_account();
        let found = wished.and_then(|wished| self.plain_with(&Attribute::Principal, Some(wished)));
        let found = found.or_else(|| self.plain(&Attribute::Principal));
        found.unwrap_or_else(|| format!("arn:aws:iam::{}:role/example", self.account.as_deref().unwrap_or(USUAL)))
    }

    /// Whether the value of a key is to match a template itself.
    fn follows(&self, key: &str) -> bool {
        let is_own = |place: &usize| match self.atoms.attributes.get(*place) {
            Some(Attribute::Key(own) | Attribute::Set(own)) => **own == *key,
            _ => false,
        };
        self.by_place.keys().copied().find(is_own).is_some_and(|place| self.is_to_match(place))
    }

    /// Whether some template must accept a value of the attribute.
    fn is_to_match(&self, place: usize) -> bool {
        let names = |element: &Element| matches!(element, Element::Text(test) if test.test.has_letters());
        self.texts(place).iter().any(|(accept, _)| accept.iter().any(names))
    }

    /// A value of a variable.
    fn pick(&mut self, variable: usize, key: &str, at: usize, account: Option<&str>) -> Option<String> {
        let known = self.atoms.values_known(BTreeSet::from([variable]), self.assigned);
        let known = known.get(&variable)?;
        if key == RESOURCE_ACCOUNT {
            let same = self.model.free.get(&Relation::SameAccount).copied().unwrap_or(self.way != Way::Elsewhere);
            let own = account.filter(|_| same).into_iter().chain(ACCOUNTS);
            let accounts = own.filter(|other| same || Some(*other) != account);
            return accounts
                .map(str::to_owned)
                .find(|value| known.hold(value))
                .or_else(|| self.plain(&Attribute::Key(key.into())));
        }
        let [one, other] = keys::examples(key);
        let at = if self.way == Way::Same { 0 } else { at };
        let mut proposed = vec![one.to_owned(), other.to_owned(), format!("{one}{at}")];
        let turns = at % 3;
        proposed.rotate_left(turns);
        if self.way == Way::Empty {
            proposed.insert(0, String::new());
        }
        if let Some(value) = proposed.into_iter().find(|value| known.hold(value)) {
            return Some(value);
        }
        let attribute = if self.atoms.is_set(key) { Attribute::Set(key.into()) } else { Attribute::Key(key.into()) };
        self.plain(&attribute)
    }

    /// A value of an attribute by its tests without variables.
    fn plain(&mut self, attribute: &Attribute) -> Option<String> {
        self.plain_with(attribute, None)
    }

    fn plain_with(&mut self, attribute: &Attribute, more: Option<Element>) -> Option<String> {
        let place = self.atoms.attributes.iter().position(|own| own == attribute)?;
        if !self.by_place.contains_key(&place) {
            return None;
        }
        let (mut accept, refuse) = self.texts(place).into_iter().next()?;
        accept.extend(more);
        let plain = |elements: Vec<Element>| -> Vec<Element> {
            let has_letters = |element: &Element| matches!(element, Element::Text(test) if test.test.has_letters());
            elements.into_iter().filter(|element| !has_letters(element)).collect()
        };
        match self.atoms.element(place, &plain(accept), &plain(refuse)) {
            Value::Some(found) => found.first().map(ToString::to_string),
            Value::None | Value::Unclear => None,
        }
    }

    /// Values for the variables of tests that must accept, as these tests need them.
    fn needed(&mut self, place: usize) -> Option<()> {
        let domain = self.atoms.domain(place);
        for (accept, refuse) in self.texts(place) {
            let texts = |elements: Vec<Element>| -> Vec<Rc<Compiled>> {
                elements.into_iter().filter_map(|one| if let Element::Text(test) = one { Some(test) } else { None }).collect()
            };
            let (mut accept, refuse) = (texts(accept), texts(refuse));
            let mut text: Option<String> = self.known_value(place);
            loop {
                accept = replaced(&accept, &self.fixed);
                let Some(at) = accept.iter().position(|test| test.test.has_letters()) else { break };
                let main = accept.remove(at);
                let mut others: Vec<Rc<Compiled>> =
                    accept.iter().map(|test| Rc::new(Compiled::new(relaxed(&test.test, Some(&main.test))))).collect();
                // What was found for another template is the text.
                others.extend(text.as_ref().map(|text| Rc::new(Compiled::new(Test { patterns: vec![literal(text)] }))));
                let refuse = replaced(&refuse, &self.fixed);
                let values = self.atoms.values_known(variables(std::iter::once(&main)), self.assigned);
                let asked = letters::Asked {
                    domain: domain.nfa.as_ref(),
                    main: &main,
                    accept: &others,
                    refuse: &refuse,
                    values: &values,
                };
                let mut limit = self.atoms.limit;
                let found = letters::search(&asked, &mut limit);
                self.atoms.limit = limit;
                let Found::Word(word) = found else { return None };
                let (own, values) = without_marks(&word);
                for (variable, value) in values {
                    self.fixed.entry(variable).or_insert(value);
                }
                text.get_or_insert(own);
            }
        }
        Some(())
    }

    /// The value of the attribute, if it is a variable's and fixed.
    fn known_value(&self, place: usize) -> Option<String> {
        let (Attribute::Key(key) | Attribute::Set(key)) = self.atoms.attributes.get(place)? else { return None };
        let variable = self.atoms.variables.iter().position(|own| own == key)?;
        self.fixed.get(&variable).cloned()
    }

    /// A value of the attribute, with all variables replaced.
    // Long: one attribute, its patterns with and without variables, each kind an arm that uses the same replacement.
    fn solve(&mut self, place: usize) -> Option<()> {
        let attribute = self.atoms.attributes.get(place)?.clone();
        let replace = |elements: Vec<Element>, fixed: &BTreeMap<usize, String>| -> Vec<Element> {
            let one = |element: Element| match element {
                Element::Text(test) => Element::Text(replaced(&[test], fixed).remove(0)),
                other => other,
            };
            elements.into_iter().map(one).collect()
        };
        let known = self.known_value(place);
        let mut out: Vec<Rc<str>> = Vec::new();
        for (accept, refuse) in self.texts(place) {
            let (mut accept, refuse) = (replace(accept, &self.fixed), replace(refuse, &self.fixed));
            // Without values for its variables a template matches nothing.
            if let Some(value) = &known {
                let fits =
                    accept.iter().all(|element| element.passes(value)) && !refuse.iter().any(|element| element.passes(value));
                if !fits || !self.atoms.domain(place).contains(value) {
                    return None;
                }
                out.push(value.as_str().into());
                continue;
            }
            if attribute == Attribute::Principal {
                accept.extend(self.derived());
            }
            // Whether it is to pass or to fail what would be best.
            let preferred = match attribute {
                Attribute::Resource => self.owned().map(|test| (test, true)),
                Attribute::Principal => self.of_account().map(|test| (test, true)),
                Attribute::Key(ref key) if **key == *RESOURCE_ACCOUNT => self.of_own_account(),
                Attribute::Key(_) | Attribute::Set(_) | Attribute::Free => None,
            };
            let plain = |element: &Element| !matches!(element, Element::Text(test) if test.test.has_letters());
            let refuse: Vec<Element> = refuse.into_iter().filter(plain).collect();
            let mut found = Value::None;
            for best in preferred.map(Some).into_iter().chain([None]) {
                let (mut accept, mut refuse) = (accept.clone(), refuse.clone());
                match best {
                    Some((test, true)) => accept.push(test),
                    Some((test, false)) => refuse.push(test),
                    None => {}
                }
                found = self.atoms.element(place, &accept, &refuse);
                if matches!(found, Value::Some(_)) {
                    break;
                }
            }
            let Value::Some(found) = found else { return None };
            out.extend(found);
        }
        out.sort();
        out.dedup();
        if let Attribute::Key(key) | Attribute::Set(key) = &attribute
            && let (Some(value), Some(variable)) = (out.first(), self.atoms.variables.iter().position(|own| own == key))
        {
            self.fixed.entry(variable).or_insert_with(|| value.to_string());
        }
        // A set of which a variable is the value has one only.
        if let Attribute::Set(key) = &attribute
            && self.model.free.get(&Relation::single(key)) == Some(&true)
            && out.len() > 1
        {
            return None;
        }
        self.model.values.insert(attribute, out);
        Some(())
    }

    /// Tests of the principal: that what follows from it is what variables are to be.
    fn derived(&mut self) -> Vec<Element> {
        let mut out = Vec::new();
        for (variable, value) in self.fixed.clone() {
            let Some(key) = self.atoms.variables.get(variable).cloned() else { continue };
            if derived_presence(&key).is_none() {
                continue;
            }
            let template = Template::parse(&value, false, false);
            if let Some(test) = derived_test(&key, TextMode::Exact, &template, self.atoms) {
                out.push(Element::Text(Rc::new(Compiled::new(test))));
            }
        }
        out
    }

    /// A test of the resource: that its ARN names the account that owns it, if that is known.
    fn owned(&self) -> Option<Element> {
        let known = *self.model.free.get(&Relation::present(RESOURCE_ACCOUNT))?;
        let part = [Step::Run(NO_COLON), Step::One(Class::Char(':'))];
        let account = match (known, self.model.values.get(&Attribute::Key(RESOURCE_ACCOUNT.into()))) {
            (false, _) => Vec::new(),
            (true, Some(own)) => literal(own.first()?),
            (true, None) => {
                let principal = self.model.values.get(&Attribute::Principal).and_then(|found| found.first());
                let account = principal.and_then(|text| arn::split(text)).map(|[_, _, _, _, account, _]| account);
                let fixed =
                    self.atoms.variables.iter().position(|key| &**key == RESOURCE_ACCOUNT).and_then(|own| self.fixed.get(&own));
                let same = self.model.free.get(&Relation::SameAccount) != Some(&false);
                literal(fixed.map(String::as_str).or(account.filter(|_| same)).unwrap_or(USUAL))
            }
        };
        let start = std::iter::repeat_n(part, 4).flatten();
        let steps = start.chain(account).chain([Step::One(Class::Char(':')), Step::Run(Class::Any)]).collect();
        Some(Element::Text(Rc::new(Compiled::new(Test { patterns: vec![steps] }))))
    }
}
