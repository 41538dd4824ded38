//! Why does an access definition not allow a request?
//!
//! For one of these causes: a Deny statement is in effect, a level of control policies or an endpoint policy does not
//! allow it, a boundary or the session policies do not, or nothing grants it. Taken in this order, a request that is not
//! allowed has exactly one first cause, so whatever is not allowed falls into disjoint parts by it.

use crate::policy::Access;
use crate::policy::compose::{GateKind, Rule};

/// Why a request is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The Deny statement of this number is in effect.
    Denied(usize),
    /// What is called so must allow it and does not: a boundary, session policies, a level of control policies, ..
    Closed(GateKind),
    /// Nothing grants it.
    NotGranted,
}

/// A cause, and when it is there.
#[derive(Debug, Clone)]
pub(crate) struct Because {
    pub(crate) cause: Cause,
    pub(crate) rule: Rule,
    /// The statements that would open what is closed, or would grant.
    pub(crate) openers: Vec<usize>,
}

/// All causes for which an access definition does not allow a request, in order: some holds if and only if it does not.
pub(crate) fn causes(access: &Access) -> Vec<Because> {
    let rules = access.rules();
    let denied =
        |(number, rule): &(usize, Rule)| Because { cause: Cause::Denied(*number), rule: rule.clone(), openers: Vec::new() };
    let mut out: Vec<Because> = rules.denies.iter().map(denied).collect();
    let not = |rule: &Rule| Rule::Not(Box::new(rule.clone()));
    let Some((grant, gates)) = rules.gates.split_last() else { return out };
    for gate in gates {
        let rule = not(&gate.rule);
        out.push(Because { cause: Cause::Closed(gate.kind), rule, openers: statements(&gate.rule) });
    }
    for side in rules.sides.iter().filter(|side| side.kind.is_limit()) {
        let rule = Rule::All(vec![not(&grant.rule), not(&side.rule)]);
        out.push(Because { cause: Cause::Closed(side.kind), rule, openers: statements(&side.rule) });
    }
    let openers = statements(&grant.rule).into_iter().filter(|number| access.grants(*number)).collect();
    out.push(Because { cause: Cause::NotGranted, rule: not(&grant.rule), openers });
    out
}

/// What must allow a request beside who grants it: by name, with the statements that allow.
pub(crate) fn limits_of(access: &Access) -> Vec<(GateKind, Vec<usize>)> {
    let rules = access.rules();
    let gates = rules.gates.split_last().map(|(_, gates)| gates).unwrap_or_default();
    let sides = rules.sides.iter().filter(|side| side.kind.is_limit());
    gates.iter().chain(sides).map(|gate| (gate.kind, statements(&gate.rule))).collect()
}

/// When what is called so allows a request, if the access definition has it.
pub(crate) fn limit(access: &Access, kind: GateKind) -> Option<&Rule> {
    let rules = access.rules();
    rules.gates.iter().chain(&rules.sides).find(|gate| gate.kind == kind).map(|gate| &gate.rule)
}

/// The statements that a rule names.
fn statements(rule: &Rule) -> Vec<usize> {
    let mut out = Vec::new();
    let mut left = vec![rule];
    while let Some(rule) = left.pop() {
        match rule {
            Rule::Const(_) | Rule::Fact(_) => {}
            Rule::Applies(number, _) => out.push(*number),
            Rule::Not(inner) => left.push(inner),
            Rule::All(parts) | Rule::Any(parts) => left.extend(parts),
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}
