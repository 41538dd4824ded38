//! What does Z3 say of a formula?
//!
//! One solver is kept for many queries: assert, push, check, pop. Limits go with every check: Z3's deterministic
//! `rlimit` first, wall clock as the backstop. Z3's context is thread-local in the `z3` crate and only grows;
//! [`in_fresh_context`] gives a piece of work a context of its own that is freed after it.

use super::literal::{escape, unescape};
use super::term::Cmp;
use super::{Atom, Formula, Int, Regex, Text};
use crate::diag::{Budget, deadline};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use z3::ast;

/// Z3's answer to one check.
#[derive(Debug)]
pub enum Answer {
    /// No assignment makes the assertions true.
    Unsat,
    /// This one does.
    Sat(Model),
    /// Z3 gave up; the text names the limit or Z3's own reason.
    Unknown(String),
}

/// The version of the Z3 that is linked, such as `5.4.0`.
pub fn version() -> String {
    let version = z3::full_version();
    version.trim_start_matches("Z3 ").split(' ').next().unwrap_or(version).trim_end_matches(".0").to_owned() + ".0"
}

/// Megabytes that Z3 may take; 0 for no limit.
static MEMORY: AtomicUsize = AtomicUsize::new(0);

/// Has Z3 give up on what would take more memory than this, over all threads of the process; to be said before its first
/// solver is made. Without it there is no limit.
pub fn limit_memory(megabytes: usize) {
    MEMORY.store(megabytes, Ordering::Relaxed);
}

/// Tells Z3 of the limit, once: a process that asks Z3 nothing does not touch it.
fn tell_memory() {
    static TOLD: Once = Once::new();
    TOLD.call_once(|| {
        let megabytes = MEMORY.load(Ordering::Relaxed);
        if megabytes > 0 {
            z3::set_global_param("memory_high_watermark_mb", &megabytes.to_string());
        }
    });
}

/// Runs the work with a Z3 context of its own, freed at the end: memory stays bounded over many calls.
pub fn in_fresh_context<R: Send + Sync>(work: impl FnOnce() -> R + Send + Sync) -> R {
    // The crate puts the outer context back after the call, not where the stack unwinds.
    match z3::with_z3_config(&z3::Config::new(), || deadline::attempt(work)) {
        Ok(result) => result,
        Err(expired) => deadline::again(expired),
    }
}

/// A solver with a stack of assertions.
#[derive(Debug)]
pub struct Solver {
    solver: z3::Solver,
    rlimit: u32,
    deadline: Instant,
    budget: Budget,
    texts: HashMap<Text, ast::String>,
    formulas: HashMap<*const Atom, (Rc<Atom>, ast::Bool)>,
}

impl Solver {
    /// An empty solver whose checks stop at `deadline` or at the budget's `rlimit`.
    pub fn new(budget: &Budget, deadline: Instant) -> Self {
        tell_memory();
        Self {
            solver: z3::Solver::new(),
            rlimit: budget.rlimit,
            deadline,
            budget: *budget,
            texts: HashMap::new(),
            formulas: HashMap::new(),
        }
    }

    /// Limits the checks from here on.
    pub fn limit(&mut self, rlimit: u32) {
        self.rlimit = self.rlimit.min(rlimit);
    }

    /// Asserts a formula until the next [`Self::pop`].
    pub fn assert(&mut self, formula: &Formula) {
        let term = self.formula(formula);
        self.solver.assert(&term);
    }

    /// Opens a level of assertions.
    pub fn push(&self) {
        self.solver.push();
    }

    /// Drops the assertions of the last level.
    pub fn pop(&self) {
        self.solver.pop(1);
    }

    /// Whether all assertions can be true together, within this resource limit.
    pub fn check_within(&self, rlimit: u32) -> Answer {
        self.check_limited(rlimit.min(self.rlimit))
    }

    /// Whether all assertions can be true together.
    pub fn check(&self) -> Answer {
        self.check_limited(self.rlimit)
    }

    fn check_limited(&self, rlimit: u32) -> Answer {
        let own = self.deadline.saturating_duration_since(Instant::now());
        let left = deadline::left().map_or(own, |left| left.min(own));
        if left < Duration::from_millis(1) {
            return Answer::Unknown(format!("the time budget of {:?} is used up", self.budget.timeout));
        }
        // On the context: a solver's own parameters are compared with all that Z3 knows.
        let mut context = z3::Context::thread_local();
        context.update_param_value("timeout", &u32::try_from(left.as_millis()).unwrap_or(u32::MAX).to_string());
        context.update_param_value("rlimit", &rlimit.to_string());
        match self.solver.check() {
            z3::SatResult::Unsat => Answer::Unsat,
            z3::SatResult::Sat => match self.solver.get_model() {
                Some(model) => Answer::Sat(Model { model }),
                None => Answer::Unknown("Z3 said sat and gave no model".to_owned()),
            },
            z3::SatResult::Unknown => {
                let reason = self.solver.get_reason_unknown().unwrap_or_default();
                let memory = match MEMORY.load(Ordering::Relaxed) {
                    0 => String::new(),
                    megabytes => format!(", and {megabytes} MB of memory"),
                };
                Answer::Unknown(format!(
                    "Z3 gave up ({reason}) within the budget of {:?}, rlimit {rlimit}{memory}",
                    self.budget.timeout
                ))
            }
        }
    }

    fn formula(&mut self, formula: &Formula) -> ast::Bool {
        deadline::check();
        match formula {
            Formula::True => ast::Bool::from_bool(true),
            Formula::False => ast::Bool::from_bool(false),
            Formula::Var(name) => ast::Bool::new_const(symbol(name)),
            Formula::Not(inner) => self.formula(inner).not(),
            Formula::And(parts) => {
                let parts: Vec<ast::Bool> = parts.iter().map(|part| self.formula(part)).collect();
                ast::Bool::and(&parts)
            }
            Formula::Or(parts) => {
                let parts: Vec<ast::Bool> = parts.iter().map(|part| self.formula(part)).collect();
                ast::Bool::or(&parts)
            }
            Formula::Atom(atom) => {
                if let Some((_, term)) = self.formulas.get(&Rc::as_ptr(atom)) {
                    return term.clone();
                }
                let term = self.atom(atom);
                self.formulas.insert(Rc::as_ptr(atom), (atom.clone(), term.clone()));
                term
            }
        }
    }

    fn atom(&mut self, atom: &Atom) -> ast::Bool {
        match atom {
            Atom::Equal(a, b) => {
                let (a, b) = (self.text(a), self.text(b));
                a.eq(&b)
            }
            Atom::Prefix(a, b) => {
                let (a, b) = (self.text(a), self.text(b));
                a.prefix(&b)
            }
            Atom::Suffix(a, b) => {
                let (a, b) = (self.text(a), self.text(b));
                a.suffix(&b)
            }
            Atom::Contains(a, b) => {
                let (a, b) = (self.text(a), self.text(b));
                a.contains(&b)
            }
            Atom::Matches(text, expression) => self.text(text).regex_matches(&regex(expression)),
            Atom::Ints(cmp, a, b) => {
                let (a, b) = (self.int(a), self.int(b));
                match cmp {
                    Cmp::Equal => a.eq(&b),
                    Cmp::Less => a.lt(&b),
                    Cmp::LessOrEqual => a.le(&b),
                    Cmp::Greater => a.gt(&b),
                    Cmp::GreaterOrEqual => a.ge(&b),
                }
            }
            Atom::Real(name, cmp, decimal) => {
                let variable = ast::Real::new_const(symbol(name));
                let (numerator, denominator) = fraction(decimal);
                let Some(bound) = ast::Real::from_rational_str(&numerator, &denominator) else {
                    return ast::Bool::fresh_const("unreadable");
                };
                match cmp {
                    Cmp::Equal => variable.eq(&bound),
                    Cmp::Less => variable.lt(&bound),
                    Cmp::LessOrEqual => variable.le(&bound),
                    Cmp::Greater => variable.gt(&bound),
                    Cmp::GreaterOrEqual => variable.ge(&bound),
                }
            }
            Atom::Masked { var, width, mask, value } => {
                let variable = ast::BV::new_const(symbol(var), *width);
                variable.bvand(constant_bits(*mask, *width)).eq(constant_bits(*value, *width))
            }
        }
    }

    fn text(&mut self, text: &Text) -> ast::String {
        if let Some(term) = self.texts.get(text) {
            return term.clone();
        }
        let term = match text {
            Text::Const(constant) => ast::String::from(escape(constant)),
            Text::Var(name) => ast::String::new_const(symbol(name)),
            Text::Concat(parts) => {
                let parts: Vec<ast::String> = parts.iter().map(|part| self.text(part)).collect();
                ast::String::concat(&parts)
            }
            Text::Part(of, from, count) => {
                let (of, from, count) = (self.text(of), self.int(from), self.int(count));
                of.substr(from, count)
            }
        };
        self.texts.insert(text.clone(), term.clone());
        term
    }

    fn int(&mut self, int: &Int) -> ast::Int {
        match int {
            Int::Const(value) => ast::Int::from_i64(*value),
            Int::Var(name) => ast::Int::new_const(symbol(name)),
            Int::Len(text) => self.text(text).length(),
            Int::Sum(parts) => {
                let parts: Vec<ast::Int> = parts.iter().map(|part| self.int(part)).collect();
                ast::Int::add(&parts)
            }
            Int::Minus(a, b) => {
                let (a, b) = (self.int(a), self.int(b));
                ast::Int::sub(&[a, b])
            }
        }
    }
}

/// A variable's name as Z3 takes it: not empty, and without NUL.
fn symbol(name: &str) -> z3::Symbol {
    if !name.is_empty() && !name.contains('\0') {
        return name.into();
    }
    // Bytes in capitals: condition keys, in lower case, are never written so.
    let hex: String = name.bytes().map(|byte| format!("{byte:02X}")).collect();
    format!("Bytes {hex}").into()
}

/// A plain decimal as numerator and denominator.
fn fraction(decimal: &str) -> (String, String) {
    match decimal.split_once('.') {
        Some((whole, digits)) => (format!("{whole}{digits}"), format!("1{}", "0".repeat(digits.len()))),
        None => (decimal.to_owned(), "1".to_owned()),
    }
}

fn constant_bits(value: u128, width: u32) -> ast::BV {
    let bits: Vec<bool> = (0..width).map(|at| value >> at & 1 == 1).collect();
    ast::BV::from_bits(&bits).unwrap_or_else(|| ast::BV::from_u64(0, width))
}

fn regex(regex: &Regex) -> ast::Regexp {
    match regex {
        Regex::Literal(text) => ast::Regexp::literal(&escape(text)),
        Regex::AnyChar => ast::Regexp::allchar(),
        Regex::AnyText => ast::Regexp::full(),
        Regex::OneOf(ranges) => {
            let ranges: Vec<ast::Regexp> = ranges.iter().map(|(low, high)| ast::Regexp::range(low, high)).collect();
            union(&ranges)
        }
        // The crate's ranges take raw characters, so a range cannot end in one that needs an escape.
        Regex::NoneOf(excluded) => {
            let excluded: Vec<ast::Regexp> = excluded.iter().map(|c| ast::Regexp::literal(&escape(&c.to_string()))).collect();
            ast::Regexp::allchar().diff(union(&excluded))
        }
        Regex::Concat(parts) if parts.is_empty() => ast::Regexp::literal(""),
        Regex::Concat(parts) => {
            let parts: Vec<ast::Regexp> = parts.iter().map(self::regex).collect();
            ast::Regexp::concat(&parts)
        }
        Regex::Union(parts) => {
            let parts: Vec<ast::Regexp> = parts.iter().map(self::regex).collect();
            union(&parts)
        }
        Regex::Star(inner) => self::regex(inner).star(),
        Regex::Intersection(parts) => {
            let parts: Vec<ast::Regexp> = parts.iter().map(self::regex).collect();
            ast::Regexp::intersect(&parts)
        }
        Regex::Complement(inner) => self::regex(inner).complement(),
    }
}

fn union(parts: &[ast::Regexp]) -> ast::Regexp {
    match parts {
        [] => ast::Regexp::empty(),
        [one] => one.clone(),
        many => ast::Regexp::union(many),
    }
}

/// An assignment that makes the assertions true. A variable that does not matter has no value.
#[derive(Debug)]
pub struct Model {
    model: z3::Model,
}

impl Model {
    /// The value of a text variable.
    pub fn text(&self, name: &str) -> Option<String> {
        let value = self.model.get_const_interp(&ast::String::new_const(symbol(name)))?;
        value.as_string().map(|text| unescape(&text))
    }

    /// The value of a Boolean variable.
    pub fn bool(&self, name: &str) -> Option<bool> {
        self.model.get_const_interp(&ast::Bool::new_const(symbol(name)))?.as_bool()
    }

    /// The value of an integer variable.
    pub fn int(&self, name: &str) -> Option<i64> {
        self.model.get_const_interp(&ast::Int::new_const(symbol(name)))?.as_i64()
    }

    /// The value of a real variable as numerator and denominator in decimal.
    pub fn real(&self, name: &str) -> Option<(String, String)> {
        let value = self.model.get_const_interp(&ast::Real::new_const(symbol(name)))?.to_string();
        read_rational(&value)
    }

    /// The value of a bit vector.
    pub fn bits(&self, name: &str, width: u32) -> Option<u128> {
        let value = self.model.get_const_interp(&ast::BV::new_const(symbol(name), width))?.to_string();
        match value.strip_prefix("#x") {
            Some(hex) => u128::from_str_radix(hex, 16).ok(),
            None => u128::from_str_radix(value.strip_prefix("#b")?, 2).ok(),
        }
    }
}

/// Z3's spelling of a rational: `5.0`, `(- 5.0)`, `(/ 1.0 2.0)`, `(- (/ 1.0 2.0))`.
fn read_rational(text: &str) -> Option<(String, String)> {
    let (negative, inner) = match text.strip_prefix("(- ").and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) => (true, inner),
        None => (false, text),
    };
    let (numerator, denominator) = match inner.strip_prefix("(/ ").and_then(|rest| rest.strip_suffix(')')) {
        Some(parts) => parts.split_once(' ')?,
        None => (inner, "1"),
    };
    let whole = |part: &str| part.strip_suffix(".0").unwrap_or(part).to_owned();
    let (numerator, denominator) = (whole(numerator), whole(denominator));
    let is_digits = |part: &str| !part.is_empty() && part.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(&numerator) || !is_digits(&denominator) {
        return None;
    }
    Some((if negative { format!("-{numerator}") } else { numerator }, denominator))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn solver() -> Solver {
        let budget = Budget::default();
        Solver::new(&budget, Instant::now() + budget.timeout)
    }

    #[test]
    fn texts_go_to_z3_and_come_back() {
        for text in ["plain", "é", "\\u{41}", "a\"b\\", "\u{0}\n", "\u{2ffff}", ""] {
            let mut solver = solver();
            solver.assert(&Formula::equal(&Text::var("x"), &Text::constant(text)));
            let Answer::Sat(model) = solver.check() else { panic!("{text:?}") };
            assert_eq!(model.text("x").as_deref(), Some(text));
            let length = i64::try_from(text.chars().count()).unwrap();
            solver.assert(&Formula::atom(Atom::Ints(Cmp::Equal, Int::Len(Text::var("x")), Int::Const(length))).not());
            assert!(matches!(solver.check(), Answer::Unsat), "{text:?} has {length} characters");
        }
    }

    #[test]
    fn characters_outside_ascii_are_one_character_in_ranges_too() {
        let any_but_colon = Regex::none_of(&[':']);
        for (text, expected) in [("a", true), ("é", true), (":", false), ("\u{2ffff}", true), ("\\", true), ("ab", false)] {
            let mut solver = solver();
            solver.assert(&Formula::equal(&Text::var("x"), &Text::constant(text)));
            solver.assert(&Formula::atom(Atom::Matches(Text::var("x"), Rc::new(any_but_colon.clone()))));
            assert_eq!(matches!(solver.check(), Answer::Sat(_)), expected, "{text:?}");
        }
    }

    #[test]
    fn decimals_and_bits_come_back() {
        let mut solver = solver();
        solver.assert(&Formula::atom(Atom::Real("r".into(), Cmp::Equal, "-12.25".into())));
        solver.assert(&Formula::atom(Atom::Masked { var: "b".into(), width: 128, mask: u128::MAX, value: 1 << 100 | 5 }));
        solver.assert(&Formula::atom(Atom::Ints(Cmp::Less, Int::Var("i".into()), Int::Const(-3))));
        let Answer::Sat(model) = solver.check() else { panic!("sat") };
        assert_eq!(model.real("r"), Some(("-49".to_owned(), "4".to_owned())));
        assert_eq!(model.bits("b", 128), Some(1 << 100 | 5));
        assert!(model.int("i").unwrap() < -3);
    }

    #[test]
    fn a_spent_budget_is_named() {
        let budget = Budget { timeout: Duration::ZERO, ..Budget::default() };
        let solver = Solver::new(&budget, Instant::now());
        assert!(matches!(solver.check(), Answer::Unknown(why) if why.contains("0ns")));
        assert!(version().starts_with("5.") || version().starts_with("4."));
        let mut none = BTreeMap::new();
        Formula::True.variables(&mut none);
        assert!(none.is_empty());
    }
}
