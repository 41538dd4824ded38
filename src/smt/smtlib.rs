//! A formula as an SMT-LIB 2.6 file, for people and for another solver.
//!
//! The file states its question in a comment, declares its variables, asserts the formulas and asks `(check-sat)`.
//! Source: <https://smt-lib.org> (language 2.6, theories of strings, reals, ints and fixed-size bit vectors).

use super::literal::escape;
use super::term::{Cmp, Sort};
use super::{Atom, Formula, Int, Regex, Text};
use crate::diag::escape as hidden;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A whole file that asks whether all the formulas can be true together; `expected` is `unsat` for an obligation.
pub fn script(question: &str, expected: &str, formulas: &[Formula]) -> String {
    let mut out = String::new();
    for line in question.lines() {
        // Some other break would end the comment.
        let _ = writeln!(out, "; {}", hidden::text(line));
    }
    let _ = writeln!(out, "(set-info :smt-lib-version 2.6)\n(set-info :status {expected})\n(set-logic ALL)");
    let mut variables = BTreeMap::new();
    formulas.iter().for_each(|formula| formula.variables(&mut variables));
    for (name, sort) in &variables {
        let sort = match sort {
            Sort::Bool => "Bool".to_owned(),
            Sort::Text => "String".to_owned(),
            Sort::Int => "Int".to_owned(),
            Sort::Real => "Real".to_owned(),
            Sort::Bits(width) => format!("(_ BitVec {width})"),
        };
        let _ = writeln!(out, "(declare-const {} {sort})", symbol(name));
    }
    for formula in formulas {
        let _ = writeln!(out, "(assert {})", self::formula(formula));
    }
    out.push_str("(check-sat)\n");
    out
}

/// A quoted symbol; the two characters that cannot stand in one are spelled out, as is what begins such a spelling, so that
/// two names stay two.
fn symbol(name: &str) -> String {
    format!(
        "|{}|",
        hidden::text(&name.replace('<', "<less>").replace('\\', "<backslash>").replace('|', "<bar>")).replace('\\', "<hidden>")
    )
}

fn string(text: &str) -> String {
    format!("\"{}\"", escape(text).replace('"', "\"\""))
}

fn list<T>(operator: &str, parts: &[T], show: impl Fn(&T) -> String) -> String {
    format!("({operator} {})", parts.iter().map(show).collect::<Vec<_>>().join(" "))
}

fn formula(formula: &Formula) -> String {
    match formula {
        Formula::True => "true".to_owned(),
        Formula::False => "false".to_owned(),
        Formula::Var(name) => symbol(name),
        Formula::Not(inner) => format!("(not {})", self::formula(inner)),
        Formula::And(parts) => list("and", parts, self::formula),
        Formula::Or(parts) => list("or", parts, self::formula),
        Formula::Atom(atom) => self::atom(atom),
    }
}

fn atom(atom: &Atom) -> String {
    match atom {
        Atom::Equal(a, b) => format!("(= {} {})", text(a), text(b)),
        Atom::Prefix(a, b) => format!("(str.prefixof {} {})", text(a), text(b)),
        Atom::Suffix(a, b) => format!("(str.suffixof {} {})", text(a), text(b)),
        Atom::Contains(a, b) => format!("(str.contains {} {})", text(a), text(b)),
        Atom::Matches(a, expression) => format!("(str.in_re {} {})", text(a), regex(expression)),
        Atom::Ints(cmp, a, b) => format!("({} {} {})", compare(*cmp), int(a), int(b)),
        Atom::Real(name, cmp, decimal) => format!("({} {} {})", compare(*cmp), symbol(name), real(decimal)),
        Atom::Masked { var, width, mask, value } => {
            format!("(= (bvand {} {}) {})", symbol(var), bits(*mask, *width), bits(*value, *width))
        }
    }
}

fn compare(cmp: Cmp) -> &'static str {
    match cmp {
        Cmp::Equal => "=",
        Cmp::Less => "<",
        Cmp::LessOrEqual => "<=",
        Cmp::Greater => ">",
        Cmp::GreaterOrEqual => ">=",
    }
}

fn real(decimal: &str) -> String {
    let (sign, digits) = decimal.strip_prefix('-').map_or((false, decimal), |digits| (true, digits));
    let digits = if digits.contains('.') { digits.to_owned() } else { format!("{digits}.0") };
    if sign { format!("(- {digits})") } else { digits }
}

fn bits(value: u128, width: u32) -> String {
    format!("#b{value:0>width$b}", width = width as usize)
}

fn text(text: &Text) -> String {
    match text {
        Text::Const(constant) => string(constant),
        Text::Var(name) => symbol(name),
        Text::Concat(parts) => list("str.++", parts, self::text),
        Text::Part(of, from, count) => format!("(str.substr {} {} {})", self::text(of), int(from), int(count)),
    }
}

fn int(int: &Int) -> String {
    match int {
        Int::Const(value) if *value < 0 => format!("(- {})", value.unsigned_abs()),
        Int::Const(value) => value.to_string(),
        Int::Var(name) => symbol(name),
        Int::Len(of) => format!("(str.len {})", text(of)),
        Int::Sum(parts) => list("+", parts, self::int),
        Int::Minus(a, b) => format!("(- {} {})", self::int(a), self::int(b)),
    }
}

fn regex(regex: &Regex) -> String {
    match regex {
        Regex::Literal(literal) => format!("(str.to_re {})", string(literal)),
        Regex::AnyChar => "re.allchar".to_owned(),
        Regex::AnyText => "re.all".to_owned(),
        Regex::OneOf(ranges) => {
            let range =
                |(low, high): &(char, char)| format!("(re.range {} {})", string(&low.to_string()), string(&high.to_string()));
            match ranges.as_ref() {
                [] => "re.none".to_owned(),
                [one] => range(one),
                many => list("re.union", many, range),
            }
        }
        Regex::NoneOf(excluded) => {
            let literals: Vec<Regex> = excluded.iter().map(|c| Regex::literal(&c.to_string())).collect();
            format!("(re.diff re.allchar {})", self::regex(&Regex::union(literals)))
        }
        Regex::Concat(parts) if parts.is_empty() => "(str.to_re \"\")".to_owned(),
        Regex::Concat(parts) => list("re.++", parts, self::regex),
        Regex::Union(parts) if parts.is_empty() => "re.none".to_owned(),
        Regex::Union(parts) => list("re.union", parts, self::regex),
        Regex::Star(inner) => format!("(re.* {})", self::regex(inner)),
        Regex::Intersection(parts) => list("re.inter", parts, self::regex),
        Regex::Complement(inner) => format!("(re.comp {})", self::regex(inner)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_states_its_question_and_declares_what_it_uses() {
        let name = Text::var("resource");
        let formulas = [
            Formula::atom(Atom::Prefix(Text::constant("a\"\\é"), name.clone())),
            Formula::atom(Atom::Real("age".into(), Cmp::Less, "-5".into())).not(),
            Formula::atom(Atom::Masked { var: "ip".into(), width: 4, mask: 12, value: 8 }),
            Formula::atom(Atom::Matches(name, Regex::none_of(&[':']).star().into())),
        ];
        assert_eq!(
            script("is it?", "unsat", &formulas),
            "; is it?\n(set-info :smt-lib-version 2.6)\n(set-info :status unsat)\n(set-logic ALL)\n\
             (declare-const |age| Real)\n(declare-const |ip| (_ BitVec 4))\n(declare-const |resource| String)\n\
             (assert (str.prefixof \"a\"\"\\u{5c}\\u{e9}\" |resource|))\n(assert (not (< |age| (- 5.0))))\n\
             (assert (= (bvand |ip| #b1100) #b1000))\n\
             (assert (str.in_re |resource| (re.* (re.diff re.allchar (str.to_re \":\")))))\n\
             (check-sat)\n"
        );
    }
}
