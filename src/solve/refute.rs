//! Is there no text that some tests accept and others refuse, whatever the values of policy variables are?
//!
//! For all values at once ([`super::letters`]); where a variable has few values, for each of them. What was shown is kept as
//! claims, which a string solver can judge (`marked`).

use super::intersect::{Common, Compiled, Domain, Limit, common};
use super::language::{Class, Letter, Step, Test};
use super::letters::{self, Found, Values, relaxed};
use crate::value::fold;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Values of a variable that are tried one by one.
const FEW: usize = 8;

/// Combinations of them.
const MOST_COMBINATIONS: usize = 32;

/// Templates that are read strictly in turn.
const MOST_MAINS: usize = 4;

/// One step of a refutation.
#[derive(Debug, Clone)]
pub(super) enum Claim {
    /// No value but these is known to be possible for a variable.
    Only { variable: usize, values: Values, among: Vec<String> },
    /// No text, of the attribute's or at all, passes and fails these tests without variables.
    Plain { in_domain: bool, accept: Vec<Rc<Compiled>>, refuse: Vec<Rc<Compiled>> },
    /// No word is read strictly by the one, its variables being letters, and loosely by none of the others.
    Unseen { main: Rc<Compiled>, refuse: Vec<Rc<Compiled>> },
    /// No marked text is read strictly by the one, loosely by the others, and not by the last.
    Letters {
        in_domain: bool,
        main: Rc<Compiled>,
        accept: Vec<Rc<Compiled>>,
        refuse: Vec<Rc<Compiled>>,
        values: BTreeMap<usize, Values>,
    },
}

/// Refutes tests of one attribute.
pub(super) struct Refuter<'a> {
    pub(super) domain: &'a Domain,
    pub(super) values: BTreeMap<usize, Values>,
    pub(super) limit: &'a mut Limit,
    pub(super) claims: Vec<Claim>,
    combinations: usize,
}

impl<'a> Refuter<'a> {
    pub(super) fn new(domain: &'a Domain, values: BTreeMap<usize, Values>, limit: &'a mut Limit) -> Self {
        Self { domain, values, limit, claims: Vec::new(), combinations: MOST_COMBINATIONS }
    }

    /// Whether no text passes all of `accept` and none of `refuse`, whatever the values of the variables are.
    pub(super) fn refute(&mut self, accept: &[Rc<Compiled>], refuse: &[Rc<Compiled>]) -> bool {
        if self.at_once(accept, refuse) {
            return true;
        }
        let used: BTreeSet<usize> = variables(accept.iter().chain(refuse));
        let few = used.into_iter().find_map(|variable| Some((variable, self.few(variable)?)));
        let Some((variable, among)) = few else { return false };
        let Some(values) = self.values.remove(&variable) else { return false };
        let before = self.claims.len();
        let mut refuted = true;
        for value in &among {
            let Some(left) = self.combinations.checked_sub(1) else {
                refuted = false;
                break;
            };
            self.combinations = left;
            let with = |tests: &[Rc<Compiled>]| replaced(tests, &BTreeMap::from([(variable, value.clone())]));
            if !self.refute(&with(accept), &with(refuse)) {
                refuted = false;
                break;
            }
        }
        if refuted {
            self.claims.push(Claim::Only { variable, values: values.clone(), among });
        } else {
            self.claims.truncate(before);
        }
        self.values.insert(variable, values);
        refuted
    }

    /// All values at once.
    fn at_once(&mut self, accept: &[Rc<Compiled>], refuse: &[Rc<Compiled>]) -> bool {
        let (mains, plain): (Vec<_>, Vec<_>) = accept.iter().cloned().partition(|test| test.test.has_letters());
        if mains.is_empty() {
            // Without a value at hand a template refuses nothing for sure.
            let refuse: Vec<_> = refuse.iter().filter(|test| !test.test.has_letters()).cloned().collect();
            let (a, r) = (refs(&plain), refs(&refuse));
            let in_domain = common(&Domain::any(Vec::new()), &a, &r, self.limit) != Common::Nothing;
            let refuted = !in_domain || common(self.domain, &a, &r, self.limit) == Common::Nothing;
            if refuted {
                self.claims.push(Claim::Plain { in_domain, accept: plain, refuse });
            }
            return refuted;
        }
        let refuses = |test: &&Rc<Compiled>| !test.test.patterns.is_empty();
        let refuse: Vec<Rc<Compiled>> = refuse.iter().filter(refuses).cloned().collect();
        for main in mains.iter().take(MOST_MAINS) {
            if letters::search_unseen(main, &refuse, self.limit) == Found::Nothing {
                self.claims.push(Claim::Unseen { main: main.clone(), refuse });
                return true;
            }
        }
        for (at, main) in mains.iter().enumerate().take(MOST_MAINS) {
            let others = mains.iter().enumerate().filter(|(other, _)| *other != at);
            let others = others.map(|(_, other)| Rc::new(Compiled::new(relaxed(&other.test, Some(&main.test)))));
            let accept: Vec<Rc<Compiled>> = plain.iter().cloned().chain(others).collect();
            for domain in [None, self.domain.nfa.as_ref()] {
                let asked = letters::Asked { domain, main, accept: &accept, refuse: &refuse, values: &self.values };
                if letters::search(&asked, self.limit) == Found::Nothing {
                    let own = variables(std::iter::once(main));
                    let values = self.values.iter().filter(|(variable, _)| own.contains(variable));
                    let values = values.map(|(variable, values)| (*variable, values.clone())).collect();
                    let (main, refuse) = (main.clone(), refuse.clone());
                    self.claims.push(Claim::Letters { in_domain: domain.is_some(), main, accept, refuse, values });
                    return true;
                }
                if self.domain.nfa.is_none() {
                    break;
                }
            }
        }
        false
    }

    /// The values of a variable, if they are few.
    fn few(&self, variable: usize) -> Option<Vec<String>> {
        let values = self.values.get(&variable)?;
        let lists = values.accept.iter().filter_map(|test| test.literals.as_ref());
        let mut list = lists.min_by_key(|list| list.len()).filter(|list| list.len() <= FEW)?.clone();
        list.retain(|value| values.hold(value));
        list.sort();
        list.dedup();
        Some(list)
    }
}

impl Values {
    /// Whether a value is one of them.
    pub(super) fn hold(&self, value: &str) -> bool {
        self.typed.as_ref().is_none_or(|domain| domain.contains(value))
            && self.accept.iter().all(|test| test.test.accepts(value))
            && !self.refuse.iter().any(|test| test.test.accepts(value))
    }
}

fn refs(tests: &[Rc<Compiled>]) -> Vec<&Compiled> {
    tests.iter().map(Rc::as_ref).collect()
}

/// The variables in tests.
pub(super) fn variables<'t>(tests: impl Iterator<Item = &'t Rc<Compiled>>) -> BTreeSet<usize> {
    tests.flat_map(|test| test.test.letters().map(|letter| letter.variable).collect::<Vec<_>>()).collect()
}

/// The tests with these values in place of their variables.
pub(super) fn replaced(tests: &[Rc<Compiled>], values: &BTreeMap<usize, String>) -> Vec<Rc<Compiled>> {
    let concerns = |test: &Rc<Compiled>| test.test.letters().any(|letter| values.contains_key(&letter.variable));
    let replace = |test: &Rc<Compiled>| match concerns(test) {
        true => Rc::new(Compiled::new(with_values(&test.test, values))),
        false => test.clone(),
    };
    tests.iter().map(replace).collect()
}

/// The test with these values in place of its variables: literal text, and no text at all where it cannot stand.
fn with_values(test: &Test, values: &BTreeMap<usize, String>) -> Test {
    let mut out = Test::default();
    'patterns: for steps in &test.patterns {
        let mut own = Vec::new();
        for step in steps {
            match step {
                Step::Value(letter) => match values.get(&letter.variable) {
                    Some(value) => match spelled(*letter, value) {
                        Some(spelled) => own.extend(spelled),
                        None => continue 'patterns,
                    },
                    None => own.push(*step),
                },
                Step::One(_) | Step::Run(_) => own.push(*step),
            }
        }
        out.patterns.push(own);
    }
    out
}

/// A value at the place of a variable; `None` if it cannot stand there.
pub(super) fn spelled(letter: Letter, value: &str) -> Option<Vec<Step>> {
    let step = |c: char| match (letter.folded, fold::lower(c), fold::upper(c)) {
        (true, lower, upper) if lower != upper => Step::One(Class::Either(lower, upper)),
        _ => Step::One(Class::Char(c)),
    };
    value.chars().all(|c| letter.class.contains(c)).then(|| value.chars().map(step).collect())
}

#[cfg(test)]
mod tests {
    use super::super::intersect::Shape;
    use super::super::language::{NO_COLON, Nfa};
    use super::*;
    use proptest::prelude::Strategy;
    use proptest::{collection, prop_oneof};

    /// Whether steps match a text, said once more: by trying.
    fn matches(steps: &[Step], text: &[char], values: &[String]) -> bool {
        let Some((step, rest)) = steps.split_first() else { return text.is_empty() };
        let reads = |class: Class, c: char| class.contains(c);
        match step {
            Step::One(class) => text.split_first().is_some_and(|(c, tail)| reads(*class, *c) && matches(rest, tail, values)),
            Step::Run(class) => {
                let most = text.iter().take_while(|c| reads(*class, **c)).count();
                (0..=most).any(|count| matches(rest, &text[count..], values))
            }
            Step::Value(letter) => {
                let value: Vec<char> = values[letter.variable].chars().collect();
                let Some((own, tail)) = text.split_at_checked(value.len()) else { return false };
                let fold =
                    |chars: &[char]| chars.iter().map(|c| if letter.folded { fold::lower(*c) } else { *c }).collect::<String>();
                own.iter().all(|c| letter.class.contains(*c)) && fold(own) == fold(&value) && matches(rest, tail, values)
            }
        }
    }

    fn passes(test: &Test, text: &[char], values: &[String]) -> bool {
        test.patterns.iter().any(|steps| matches(steps, text, values))
    }

    fn texts(letters: &str, most: usize) -> Vec<String> {
        let (mut out, mut last) = (vec![String::new()], vec![String::new()]);
        for _ in 0..most {
            last = last.iter().flat_map(|head| letters.chars().map(move |c| format!("{head}{c}"))).collect();
            out.extend(last.iter().cloned());
        }
        out
    }

    /// A test, read from a text: `x`, `y` are variables, `X` is `x` without case; `+` runs over all but colons, and `u`, `v`
    /// are the variables where no colon may be.
    fn test(text: &str) -> Test {
        let letter = |variable: usize, class: Class, folded: bool| Step::Value(Letter { variable, class, folded });
        let step = |c| match c {
            '*' => Step::Run(Class::Any),
            '+' => Step::Run(NO_COLON),
            '?' => Step::One(Class::Any),
            '!' => Step::One(NO_COLON),
            'x' => letter(0, Class::Any, false),
            'y' => letter(1, Class::Any, false),
            'u' => letter(0, NO_COLON, false),
            'v' => letter(1, NO_COLON, false),
            'X' => letter(0, Class::Any, true),
            c => Step::One(Class::Char(c)),
        };
        Test { patterns: text.split(',').map(|one| one.chars().map(step).collect()).collect() }
    }

    fn compiled(all: &[String]) -> Vec<Rc<Compiled>> {
        all.iter().map(|text| Rc::new(Compiled::new(test(text)))).collect()
    }

    fn patterns() -> impl Strategy<Value = String> {
        prop_oneof!["[ab:*?xyuX+]{0,4}", "[ax*]{1,4}", "(a|x|:)[:xy*+]{0,3}", "[ab*]{0,2}[xX][ab*]{0,2}", "[a*x]{1,3},[xb*]{1,3}"]
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config { cases: cases(), ..Default::default() })]

        /// What is refuted for all values is so for all short values and texts.
        #[test]
        fn no_values_and_no_text_break_what_is_refuted(
            accept in collection::vec(patterns(), 1..3),
            refuse in collection::vec(patterns(), 0..4),
            of_x in prop_oneof!["\\*", "[ab*?:+]{1,3}", "a,b", "a,ab,:"],
            not_x in "[ab*]{0,2}",
            with_domain in proptest::bool::ANY,
        ) {
            let (accept, refuse) = (compiled(&accept), compiled(&refuse));
            let own = Values { typed: None, accept: compiled(&[of_x]), refuse: compiled(&[not_x]) };
            let no_colon = Test { patterns: vec![vec![Step::Run(NO_COLON)]] };
            let domain = match with_domain {
                true => Domain { shape: Shape::Any, nfa: Some(Nfa::of(&no_colon)), plain: Vec::new() },
                false => Domain::any(Vec::new()),
            };
            let known = BTreeMap::from([(0, own.clone()), (1, Values::default())]);
            let mut limit = Limit::default();
            let mut refuter = Refuter::new(&domain, known, &mut limit);
            if refuter.refute(&accept, &refuse) {
                for x in texts("abA:", 2).into_iter().filter(|x| own.hold(x)) {
                    for y in texts("ab:", 2) {
                        let values = [x.clone(), y];
                        for text in texts("abA:", 4) {
                            let text: Vec<char> = text.chars().collect();
                            let fits = (!with_domain || !text.contains(&':'))
                                && accept.iter().all(|one| passes(&one.test, &text, &values))
                                && !refuse.iter().any(|one| passes(&one.test, &text, &values));
                            proptest::prop_assert!(!fits, "{:?} {:?} {:?}", text, values, refuter.claims);
                        }
                    }
                }
            }
        }

        /// A test with values in place of its variables accepts as it should.
        #[test]
        fn values_take_the_places_of_variables(pattern in patterns(), x in "[abA:]{0,2}", y in "[ab:]{0,2}", text in "[abA:]{0,5}") {
            let test = test(&pattern);
            let replaced = with_values(&test, &BTreeMap::from([(0, x.clone()), (1, y.clone())]));
            let chars: Vec<char> = text.chars().collect();
            proptest::prop_assert_eq!(replaced.accepts(&text), passes(&test, &chars, &[x, y]));
        }
    }

    fn cases() -> u32 {
        std::env::var("LEASTWISE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(300)
    }

    #[test]
    fn containments_that_a_reader_sees() {
        let refuted = |accept: &[&str], refuse: &[&str], of_x: Option<&str>| {
            let list = |all: &[&str]| compiled(&all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>());
            let own = Values { accept: of_x.map(|one| list(&[one])).unwrap_or_default(), ..Values::default() };
            let mut limit = Limit::default();
            let domain = Domain::any(Vec::new());
            Refuter::new(&domain, BTreeMap::from([(0, own)]), &mut limit).refute(&list(accept), &list(refuse))
        };
        for (accept, refuse) in [
            (&["a/x/*"][..], &["a/x*/*"][..]),
            (&["x/y"], &["*/y"]),
            (&["x/b"], &["x/*"]),
            (&["x/?"], &["x/*"]),
            (&["a/x"], &["a/*"]),
            (&["x"], &["X"]),
            (&["x/a*"], &["x/aa*", "x/a", "x/ab*", "x/a*"]),
            (&["ax", "b*"], &[]),
            (&["ax", "by"], &[]),
            // What begins or ends alike goes on alike.
            (&["x", "xa"], &[]),
            (&["ax/b", "?x/c*"], &[]),
            (&["*bx", "*ax"], &[]),
            (&["X/b", "x/a"], &[]),
            // Any text is a value, or has a first character.
            (&["x"], &["", "?*"]),
            (&["xy"], &["*y", "x*"]),
        ] {
            assert!(refuted(accept, refuse, None), "{accept:?} {refuse:?}");
        }
        for (accept, refuse) in [
            (&["x"][..], &["y"][..]),
            (&["X"], &["x"]),
            (&["x"], &["?*"]),
            (&["ux"], &["+"]),
            (&["ax", "ay"], &[]),
            (&["xa"], &["ax"]),
            // Two variables may have one value.
            (&["x", "y"], &[]),
            (&["x/a", "*/a"], &[]),
            (&["xa*", "x*b"], &[]),
        ] {
            assert!(!refuted(accept, refuse, None), "{accept:?} {refuse:?}");
        }
        // What is known of a value counts.
        assert!(refuted(&["ax"], &["aa*"], Some("a*")) && !refuted(&["ax"], &["aa*"], Some("*")));
        assert!(refuted(&["ax*"], &["a??*"], Some("??")) && refuted(&["x:"], &["+:"], Some("+")));
        // Of few values each is tried.
        assert!(
            refuted(&["*"], &["*x*"], Some("")) && refuted(&["b"], &["x"], Some("b")) && !refuted(&["b"], &["x"], Some("a,b"))
        );
        assert!(refuted(&["aa,ab"], &["ax", "aa"], Some("b")));
    }
}
