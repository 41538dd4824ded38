//! How does a page hold many lists of names, and many policies, in few bytes?
//!
//! Every text of a list stands once, in [`Words`]: in groups by what stands before its first colon (a service's prefix), in
//! order. A list is then a text of steps from word to word, in base 36: `3+2 1` are the words 2, 3, 4 and 5 (the first step
//! begins before the first word, `+2` means the two that follow). Names of one service stand side by side, so that a list of a
//! thousand actions takes few characters.
//!
//! In a document an array of texts becomes `{"": "its steps"}`; an object that has an empty key itself becomes `{"": [it]}`. Its
//! statements stand once for all documents, by number. The page's script turns this back ("unpack").

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Texts that lists are made of.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// By what stands before the first colon, if there is one; each with its number.
    groups: BTreeMap<Option<String>, BTreeMap<String, usize>>,
}

fn split(text: &str) -> (Option<&str>, &str) {
    text.split_once(':').map_or((None, text), |(group, rest)| (Some(group), rest))
}

impl Words {
    /// Adds a text; numbers are given by [`Words::number_all`], when all are there.
    pub(super) fn add(&mut self, text: &str) {
        let (group, rest) = split(text);
        let group = self.groups.entry(group.map(str::to_owned)).or_default();
        if !group.contains_key(rest) {
            group.insert(rest.to_owned(), 0);
        }
    }

    /// Adds the lists of texts in a value.
    pub(super) fn add_lists(&mut self, value: &Value) {
        match value {
            Value::Array(items) if is_list(items) => items.iter().filter_map(Value::as_str).for_each(|text| self.add(text)),
            Value::Array(items) => items.iter().for_each(|item| self.add_lists(item)),
            Value::Object(members) => members.values().for_each(|member| self.add_lists(member)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// Numbers the texts in their order.
    pub(super) fn number_all(&mut self) {
        for (number, own) in self.groups.values_mut().flat_map(BTreeMap::values_mut).enumerate() {
            *own = number;
        }
    }

    /// A list as steps.
    pub(super) fn steps<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> String {
        let mut out = String::new();
        let (mut last, mut run) = (-1_i64, 0_u64);
        for text in texts {
            let number = i64::try_from(self.number(text)).unwrap_or(i64::MAX);
            if !out.is_empty() && number == last + 1 {
                run += 1;
            } else {
                end_run(&mut out, run);
                if !out.is_empty() {
                    out.push(' ');
                }
                if number < last {
                    out.push('-');
                }
                base36(&mut out, number.abs_diff(last));
                run = 0;
            }
            last = number;
        }
        end_run(&mut out, run);
        out
    }

    /// The number of a text that was added.
    pub(super) fn number(&self, text: &str) -> usize {
        let (group, rest) = split(text);
        let group = self.groups.get(&group.map(str::to_owned));
        *group.and_then(|group| group.get(rest)).expect("every text was added before")
    }

    /// All of them: `[[group or null, [rest, ..]], ..]`.
    pub(super) fn json(&self) -> Value {
        self.groups.iter().map(|(group, rest)| json!([group, rest.keys().collect::<Vec<_>>()])).collect()
    }

    /// A value whose lists are steps.
    pub(super) fn packed(&self, value: &Value) -> Value {
        match value {
            Value::Array(items) if is_list(items) => json!({"": self.steps(items.iter().filter_map(Value::as_str))}),
            Value::Array(items) => items.iter().map(|item| self.packed(item)).collect(),
            Value::Object(members) => {
                let own: Value = Value::Object(members.iter().map(|(key, member)| (key.clone(), self.packed(member))).collect());
                if members.contains_key("") { json!({"": [own]}) } else { own }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }

    /// Documents with their lists as steps and their statements by number, and the statements.
    pub(super) fn documents(&self, all: &[Value]) -> (Vec<Value>, Vec<Value>) {
        let (mut statements, mut known) = (Vec::new(), BTreeMap::new());
        let mut number = |statement: &Value| {
            let packed = self.packed(statement);
            *known.entry(packed.to_string()).or_insert_with(|| {
                statements.push(packed);
                statements.len() - 1
            })
        };
        let mut document = |document: &Value| {
            let listed = document.get("Statement").and_then(Value::as_array);
            // What has another form stands whole, in a list.
            let Some(listed) = listed.filter(|listed| listed.iter().all(Value::is_object)) else {
                return json!([self.packed(document)]);
            };
            let numbers: Vec<usize> = listed.iter().map(&mut number).collect();
            let mut out = document.clone();
            out["Statement"] = Value::Null;
            let mut out = self.packed(&out);
            // One with an empty key is in another object by now, and stands whole.
            if out.get("").is_some() {
                return json!([self.packed(document)]);
            }
            out["Statement"] = json!(numbers);
            out
        };
        let documents = all.iter().map(&mut document).collect();
        (documents, statements)
    }
}

/// Whether an array is a list of texts; one alone is as short as it stands.
fn is_list(items: &[Value]) -> bool {
    items.len() > 1 && items.iter().all(Value::is_string)
}

fn end_run(out: &mut String, run: u64) {
    if run > 0 {
        out.push('+');
        base36(out, run);
    }
}

fn base36(out: &mut String, mut number: u64) {
    let from = out.len();
    loop {
        let digit = u32::try_from(number % 36).ok().and_then(|digit| char::from_digit(digit, 36));
        out.insert(from, digit.unwrap_or('0'));
        number /= 36;
        if number == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What the page's script does.
    fn unpack(value: &Value, words: &[String]) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|item| unpack(item, words)).collect(),
            Value::Object(members) => match members.get("") {
                Some(Value::String(steps)) => read(steps, words).into_iter().map(Value::from).collect(),
                Some(Value::Array(own)) => plain(&own[0], words),
                _ => plain(value, words),
            },
            _ => value.clone(),
        }
    }

    fn plain(value: &Value, words: &[String]) -> Value {
        Value::Object(value.as_object().unwrap().iter().map(|(key, one)| (key.clone(), unpack(one, words))).collect())
    }

    fn read(steps: &str, words: &[String]) -> Vec<String> {
        let (mut out, mut at) = (Vec::new(), -1_i64);
        for step in steps.split(' ').filter(|step| !step.is_empty()) {
            let (first, run) = step.split_once('+').unwrap_or((step, "0"));
            at += i64::from_str_radix(first, 36).unwrap();
            for more in 0..=i64::from_str_radix(run, 36).unwrap() {
                out.push(words[usize::try_from(at + more).unwrap()].clone());
            }
            at += i64::from_str_radix(run, 36).unwrap();
        }
        out
    }

    fn listed(words: &Words) -> Vec<String> {
        let groups = words.json();
        let of = |group: &Value| {
            let before = group[0].as_str().map(|group| format!("{group}:")).unwrap_or_default();
            group[1].as_array().unwrap().iter().map(move |rest| format!("{before}{}", rest.as_str().unwrap())).collect::<Vec<_>>()
        };
        groups.as_array().unwrap().iter().flat_map(of).collect()
    }

    fn anything() -> impl Strategy<Value = Value> {
        let text = prop::sample::select(vec!["", "s3:Get", "s3:List", "s3:Put", "ec2:Run", ":", "*", "a:b:c", "s3"]);
        let leaf = prop_oneof![text.clone().prop_map(Value::from), Just(Value::Null), (0..9_u32).prop_map(Value::from)];
        leaf.prop_recursive(4, 32, 6, move |inner| {
            let key = prop::sample::select(vec!["", "Statement", "Action", "x"]);
            prop_oneof![
                prop::collection::vec(text.clone().prop_map(Value::from), 0..6).prop_map(Value::from),
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(key.prop_map(str::to_owned), inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(documents in prop::collection::vec(anything(), 1..5)) {
            let mut words = Words::default();
            documents.iter().for_each(|one| words.add_lists(one));
            words.number_all();
            let all = listed(&words);
            let (packed, statements) = words.documents(&documents);
            for (packed, document) in packed.iter().zip(&documents) {
                let own = match packed {
                    Value::Array(whole) => unpack(&whole[0], &all),
                    _ => {
                        let mut own = packed.clone();
                        let numbers = own["Statement"].take();
                        let mut own = unpack(&own, &all);
                        own["Statement"] = numbers.as_array().unwrap().iter()
                            .map(|at| unpack(&statements[usize::try_from(at.as_u64().unwrap()).unwrap()], &all)).collect();
                        own
                    }
                };
                prop_assert_eq!(&own, document);
            }
        }
    }

    #[test]
    fn names_side_by_side_take_little() {
        let mut words = Words::default();
        let names: Vec<String> = (0..1_000).map(|at| format!("ec2:Action{at:04}")).collect();
        names.iter().for_each(|name| words.add(name));
        words.number_all();
        assert_eq!(words.steps(names.iter().map(String::as_str)), "1+rr");
        assert_eq!(words.steps(["ec2:Action0002", "ec2:Action0001"]), "3 -1");
        assert_eq!(words.steps([]), "");
    }
}
