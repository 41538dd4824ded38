//! Which automaton has the texts of a regular expression?
//!
//! Glushkov's construction: a state for every character that stands in the expression, and one for the start. From a state
//! the characters that may follow it are read, so there are no empty moves, and a state is as good as the texts that lead
//! to it.
//!
//! Source: V. M. Glushkov, "The abstract theory of automata", Russian Mathematical Surveys 16, 1961.

use super::language::{Class, Nfa};
use crate::smt::Regex;

/// What a part of an expression can begin and end with, by the numbers of its characters, and whether it can be empty.
#[derive(Debug, Clone, Default)]
struct Part {
    first: Vec<u32>,
    last: Vec<u32>,
    empty: bool,
}

/// The characters of the expression so far; `moves[state]` are those that may follow.
#[derive(Debug, Default)]
struct Builder {
    classes: Vec<Vec<Class>>,
    follow: Vec<Vec<u32>>,
}

impl Builder {
    fn character(&mut self, classes: Vec<Class>) -> Option<Part> {
        let number = u32::try_from(self.classes.len()).ok()?;
        self.classes.push(classes);
        self.follow.push(Vec::new());
        Some(Part { first: vec![number], last: vec![number], empty: false })
    }

    fn follows(&mut self, before: &[u32], after: &[u32]) {
        for state in before {
            if let Some(follow) = self.follow.get_mut(*state as usize) {
                follow.extend(after);
            }
        }
    }

    fn sequence(&mut self, parts: impl IntoIterator<Item = Option<Part>>) -> Option<Part> {
        let mut out = Part { empty: true, ..Part::default() };
        for part in parts {
            let part = part?;
            self.follows(&out.last.clone(), &part.first);
            if out.empty {
                out.first.extend(&part.first);
            }
            if !part.empty {
                out.last.clear();
            }
            out.last.extend(&part.last);
            out.empty &= part.empty;
        }
        Some(out)
    }

    fn part(&mut self, expression: &Regex) -> Option<Part> {
        match expression {
            Regex::Literal(text) => {
                let parts: Vec<Option<Part>> = text.chars().map(|c| self.character(vec![Class::Char(c)])).collect();
                self.sequence(parts)
            }
            Regex::AnyChar => self.character(vec![Class::Any]),
            Regex::AnyText => self.part(&Regex::AnyChar.star()),
            Regex::NoneOf(_) | Regex::Intersection(_) | Regex::Complement(_) => None,
            Regex::OneOf(ranges) => {
                let class = |range: &(char, char)| match *range {
                    ('0', '9') => Class::Digit,
                    (first, last) => Class::Range(first, last),
                };
                self.character(ranges.iter().map(class).collect())
            }
            Regex::Concat(parts) => {
                let parts: Vec<Option<Part>> = parts.iter().map(|part| self.part(part)).collect();
                self.sequence(parts)
            }
            Regex::Union(parts) => {
                let mut out = Part::default();
                for part in parts.iter() {
                    let part = self.part(part)?;
                    out.first.extend(part.first);
                    out.last.extend(part.last);
                    out.empty |= part.empty;
                }
                Some(out)
            }
            Regex::Star(part) => {
                let part = self.part(part)?;
                self.follows(&part.last, &part.first);
                Some(Part { empty: true, ..part })
            }
        }
    }
}

impl Nfa {
    /// The automaton of an expression; `None` if it excludes something, or asks for several things at once.
    pub(super) fn of_regex(expression: &Regex) -> Option<Self> {
        let mut builder = Builder::default();
        let whole = builder.part(expression)?;
        let reads = |states: &[u32]| -> Vec<(Class, u32)> {
            let classes = |state: &u32| {
                let own = builder.classes.get(*state as usize).into_iter().flatten();
                own.map(|class| (*class, state + 1)).collect::<Vec<_>>()
            };
            states.iter().flat_map(classes).collect()
        };
        // State 0 is the start; the others are behind their characters.
        let moves = std::iter::once(&whole.first).chain(&builder.follow).map(|states| reads(states)).collect();
        let start = whole.empty.then_some(0);
        let accepting: Vec<u32> = start.into_iter().chain(whole.last.iter().map(|state| state + 1)).collect();
        Some(Self::from_moves(moves, &accepting))
    }
}

#[cfg(test)]
mod tests {
    use super::super::intersect::{Domain, Shape};
    use super::*;
    use crate::catalog::KeyBase;
    use crate::policy::spelling::spelling;
    use crate::smt::{Answer, Atom, Formula, Solver, Text, in_fresh_context};
    use crate::value::number::MOST_CHARACTERS;
    use proptest::prelude::{Strategy, prop_oneof};

    const TYPES: [KeyBase; 4] = [KeyBase::Bool, KeyBase::Numeric, KeyBase::Date, KeyBase::IpAddress];

    fn domain(of: KeyBase) -> Domain {
        Domain { shape: Shape::Any, nfa: Nfa::of_regex(&spelling(of).unwrap()), plain: Vec::new() }
    }

    fn agree(texts: &[String]) {
        for of in TYPES {
            let domain = domain(of);
            for text in texts {
                assert_eq!(domain.contains(text), of.holds(text), "{of:?}: {text:?}");
            }
        }
    }

    #[test]
    fn every_day_of_every_kind_of_year() {
        let years = ["0000", "0004", "0100", "1900", "2000", "2023", "2024", "2096", "2100", "2400", "9998"];
        let numbers = |to: u32| (0..=to).map(|number| format!("{number:02}"));
        let days = years
            .iter()
            .flat_map(|year| numbers(13).flat_map(move |month| numbers(32).map(move |day| format!("{year}-{month}-{day}"))));
        agree(&days.collect::<Vec<_>>());
        agree(&(0..=9999).map(|year| format!("{year:04}-02-29")).collect::<Vec<_>>());
        let clock = |hour: String| numbers(60).map(move |minute| format!("2024-01T{hour}:{minute}"));
        agree(&numbers(25).flat_map(clock).collect::<Vec<_>>());
        let zone = |sign| numbers(25).flat_map(move |hour| ["00", "59", "60"].map(|end| format!("2024T00:00{sign}{hour}:{end}")));
        agree(&["+", "-", "Z", "z"].into_iter().flat_map(zone).collect::<Vec<_>>());
    }

    #[test]
    fn every_byte_and_every_place_of_the_colons() {
        agree(&(0..=300).map(|byte| format!("{byte}.0.0.{byte}")).collect::<Vec<_>>());
        // Groups before and behind `::`, the last as an IPv4 address or not.
        let mut texts = Vec::new();
        for (before, after) in (0..=9).flat_map(|before| (0..=9).map(move |after| (before, after))) {
            let groups = |count: usize| vec!["1f"; count].join(":");
            for end in ["", "1.2.3.4", ":1.2.3.4"] {
                texts.push(format!("{}::{}{end}", groups(before), groups(after)));
                texts.push(format!("{}:{}{end}", groups(before), groups(after)));
                texts.push(format!("{}1.2.3.4::{}{end}", groups(before), groups(after)));
            }
        }
        agree(&texts);
    }

    fn texts() -> impl Strategy<Value = String> {
        prop_oneof![
            "[-+]?[0-9]{0,5}(\\.[0-9]{0,3})?",
            "[0-9]{3,5}(-[0-3][0-9]){0,3}([Tt][0-2][0-9](:[0-6][0-9]){0,3}(\\.[0-9]{0,2})?([Zz]|[-+][0-2][0-9]:[0-6][0-9])?)?",
            "[0-9]{1,3}(\\.[0-9]{1,3}){2,4}",
            "([0-9a-fA-F]{0,5}:){1,8}([0-9a-f]{0,4}|1\\.2\\.3\\.4)",
            "true|false|True|[a-z]{0,5}",
        ]
    }

    proptest::proptest! {
        #[test]
        fn a_text_is_of_a_type_as_its_parser_says(text in texts(), at in 0usize..40, other in "[-+.:TZz0-9a-gx]?") {
            let mut changed: String = text.chars().take(at).collect();
            changed.push_str(&other);
            changed.extend(text.chars().skip(at + 1));
            agree(&[text, changed]);
        }
    }

    #[test]
    fn only_the_length_differs() {
        let long = "1".repeat(MOST_CHARACTERS + 1);
        assert!(domain(KeyBase::Numeric).contains(&long) && !KeyBase::Numeric.holds(&long));
    }

    #[test]
    fn the_solver_reads_the_expression_alike() {
        let samples =
            ["true", "-12.50", "5.", "2024-02-29T23:59:59.5+01:30", "2023-02-29", "255.0.9.1", "256.0.0.1", "::1", "1::2::3"];
        for of in TYPES {
            for text in samples {
                let answer = in_fresh_context(|| {
                    let expression = spelling(of).unwrap().into();
                    let matches = Formula::atom(Atom::Matches(Text::constant(text), expression));
                    let budget = crate::diag::Budget::default();
                    let mut solver = Solver::new(&budget, std::time::Instant::now() + budget.timeout);
                    solver.assert(&matches);
                    matches!(solver.check(), Answer::Sat(_))
                });
                assert_eq!(answer, of.holds(text), "{of:?}: {text}");
            }
        }
    }
}
