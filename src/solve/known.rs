//! What have searches on this thread found before?
//!
//! The versions of a policy, and the policies of an organization, ask the same of resources and principals again and again.
//! A search is known by its content: the shape of the texts that count, the tests, and the states that it may see. What it
//! costs is known too and is taken from the question's limit as if it had been done, so an answer does not depend on what
//! was asked before.

use super::intersect::{Common, Limit, Shape};
use super::language::Test;
use rustc_hash::FxHashMap;
use std::cell::RefCell;

/// A search by its content: shape, states, tests that accept, tests that refuse.
type Asked = (Shape, usize, Vec<Test>, Vec<Test>);

/// Steps of tests that are kept; when there are more, everything is dropped.
const MOST: usize = 200_000;

#[derive(Debug, Default)]
struct Known {
    steps: usize,
    found: FxHashMap<Asked, (Common, usize)>,
}

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::default();
}

/// The answer of a search, looked up or searched for now.
pub(super) fn or_search(
    shape: Shape,
    accept: Vec<Test>,
    refuse: Vec<Test>,
    limit: &mut Limit,
    search: impl FnOnce(&mut Limit) -> Common,
) -> Common {
    let asked: Asked = (shape, limit.states, accept, refuse);
    if let Some((answer, cost)) = KNOWN.with_borrow(|known| known.found.get(&asked).cloned()) {
        return match limit.work.checked_sub(cost) {
            Some(left) => {
                limit.work = left;
                answer
            }
            None => Common::TooMany,
        };
    }
    let before = limit.work;
    let answer = search(limit);
    // What was given up may be found with more work.
    if answer != Common::TooMany {
        let steps = asked.2.iter().chain(&asked.3).flat_map(|test| &test.patterns).map(Vec::len).sum::<usize>();
        KNOWN.with_borrow_mut(|known| {
            known.steps += steps;
            if known.steps > MOST {
                *known = Known { steps, ..Known::default() };
            }
            known.found.insert(asked, (answer.clone(), before - limit.work));
        });
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::super::language::literal;
    use super::*;

    #[test]
    fn a_known_answer_costs_what_it_cost_and_is_none_without_the_work() {
        let test = Test { patterns: vec![literal("known")] };
        let ask = |limit: &mut Limit, cost: usize, answer: Common| {
            let tests = || vec![test.clone()];
            or_search(Shape::Any, tests(), tests(), limit, |limit| {
                limit.work -= cost;
                answer
            })
        };
        let mut limit = Limit { states: 7, work: 100 };
        assert_eq!(ask(&mut limit, 1, Common::TooMany), Common::TooMany);
        assert_eq!((ask(&mut limit, 40, Common::Nothing), limit.work), (Common::Nothing, 59));
        assert_eq!((ask(&mut limit, 1, Common::TooMany), limit.work), (Common::Nothing, 19));
        assert_eq!(ask(&mut limit, 1, Common::Nothing), Common::TooMany);
        // Another limit of states is another search.
        let mut other = Limit { states: 8, work: 100 };
        assert_eq!(ask(&mut other, 1, Common::Text("t".into())), Common::Text("t".into()));
    }
}
