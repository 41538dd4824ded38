//! By what is a policy known in another revision of its file?
//!
//! A policy's name is its place, and places move: who inserts a policy in front of another moves all that follow. The key of a
//! policy is its place with elements of lists by the names that they give themselves; an element without one keeps its number,
//! marked `[#0]`, which says that it is known by nothing but its place.

use crate::json::Value;

/// The members by which elements of lists name themselves, in AWS's and Terraform's words.
const NAMES: [&str; 10] =
    ["PolicyName", "policy_name", "UserName", "RoleName", "GroupName", "Name", "name", "Region", "region", "Id"];

/// How a key marks an element that is known by nothing but its place.
pub const PLACED: &str = "[#";

/// The name that an element of a list gives itself, as it is written there.
pub(super) fn own_name(element: &Value) -> Option<String> {
    let name = NAMES.iter().find_map(|name| element.get(name))?;
    Some(name.as_str().map_or_else(|| name.to_string(), str::to_owned))
}

/// One element of a key.
pub(super) fn element(of: Option<&Value>, index: usize) -> String {
    // A name that looks like a place is not one.
    let own = of.and_then(own_name).filter(|own| !own.starts_with('#'));
    own.map_or_else(|| format!("{PLACED}{index}]"), |own| format!("[{own}]"))
}

/// The key of what stands at a place such as `Policies[0].PolicyDocument` below a value.
pub(super) fn key(root: &Value, place: &str) -> String {
    let (mut out, mut at, mut rest) = (String::new(), Some(root), place);
    while let Some(c) = rest.chars().next() {
        if let Some((index, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let Ok(number) = index.parse::<usize>() else {
                // Not an element: a name with brackets.
                out.push('[');
                rest = rest.get(1..).unwrap_or_default();
                continue;
            };
            at = at.and_then(Value::elements).and_then(|all| all.get(number));
            out.push_str(&element(at, number));
            rest = after;
        } else if let Some((branch, after)) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
            let number = usize::from(branch != "then") + 1;
            let chosen = at.and_then(Value::members).and_then(<[_]>::first).and_then(|only| only.value.elements());
            at = chosen.and_then(|all| all.get(number));
            out.push_str(&format!("<{branch}>"));
            rest = after;
        } else if c == '.' {
            out.push('.');
            rest = rest.get(1..).unwrap_or_default();
        } else {
            let end = rest.find(['.', '[', '<']).filter(|end| *end > 0).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            at = at.and_then(|at| at.get(name));
            out.push_str(name);
            rest = after;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Budget, Source};

    #[test]
    fn elements_are_known_by_the_names_that_they_give_themselves() {
        let text = r#"{"Policies": [{"PolicyName": "a", "PolicyDocument": {}}, {"PolicyDocument": {}}, {"PolicyName": {"Ref": "N"}},
            {"Fn::If": ["C", {"PolicyName": "x"}, {"L": [{"Name": "y"}]}]}, {"PolicyName": "\u00e9"}], "a.b": [1]}"#;
        let value = crate::json::read(&Source::new("t", text), &Budget::default()).unwrap();
        for (place, expected) in [
            ("Policies[0].PolicyDocument", "Policies[a].PolicyDocument"),
            ("Policies[1].PolicyDocument", "Policies[#1].PolicyDocument"),
            ("Policies[2].PolicyDocument", "Policies[{\"Ref\":\"N\"}].PolicyDocument"),
            ("Policies[3]<else>.L[0].D", "Policies[#3]<else>.L[y].D"),
            ("Policies[4]", "Policies[é]"),
            ("Policies[9].X", "Policies[#9].X"),
            ("a.b[0]", "a.b[#0]"),
            ("x[y].é[", "x[y].é["),
            ("", ""),
        ] {
            assert_eq!(key(&value, place), expected, "{place}");
        }
    }
}
