//! A validator of the part of JSON Schema (2020-12) that the schemas here use. A keyword that it does not know is a panic, so
//! nothing passes because it is not looked at.

use serde_json::Value;

/// A schema with what its references lead to.
pub(crate) struct Validator {
    root: Value,
}

/// What says nothing about what fits.
const ANNOTATIONS: [&str; 7] = ["$schema", "$defs", "title", "description", "default", "format", "readOnly"];

impl Validator {
    pub(crate) fn new(schema: Value) -> Self {
        Self { root: schema }
    }

    /// What does not fit, each with its place; nothing if the value is as the schema says.
    pub(crate) fn problems(&self, value: &Value) -> Vec<String> {
        let mut out = Vec::new();
        self.check(&self.root, value, "", &mut out);
        out
    }

    fn fits(&self, schema: &Value, value: &Value) -> bool {
        let mut out = Vec::new();
        self.check(schema, value, "", &mut out);
        out.is_empty()
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, out: &mut Vec<String>) {
        let Value::Object(keywords) = schema else {
            if *schema == Value::Bool(false) {
                out.push(format!("{at}: nothing may stand here"));
            }
            return;
        };
        let none = serde_json::Map::new();
        let properties = keywords.get("properties").and_then(Value::as_object).unwrap_or(&none);
        for (keyword, expected) in keywords {
            match keyword.as_str() {
                "$ref" => {
                    let path = expected.as_str().unwrap().strip_prefix('#').unwrap();
                    let target = self.root.pointer(path).unwrap_or_else(|| panic!("no {path}"));
                    self.check(target, value, at, out);
                }
                "type" => {
                    let one = |name: &Value| is_of(value, name.as_str().unwrap());
                    let is = expected.as_array().map_or_else(|| one(expected), |names| names.iter().any(one));
                    out.extend((!is).then(|| format!("{at}: {value} is not of type {expected}")));
                }
                "const" => out.extend((value != expected).then(|| format!("{at}: {value} is not {expected}"))),
                "enum" => {
                    let is = expected.as_array().unwrap().contains(value);
                    out.extend((!is).then(|| format!("{at}: {value} is none of {expected}")));
                }
                "anyOf" | "oneOf" => {
                    let fitting = expected.as_array().unwrap().iter().filter(|one| self.fits(one, value)).count();
                    let is = if keyword == "oneOf" { fitting == 1 } else { fitting > 0 };
                    out.extend((!is).then(|| format!("{at}: {fitting} of {keyword} fit {value}")));
                }
                "allOf" => expected.as_array().unwrap().iter().for_each(|one| self.check(one, value, at, out)),
                "minimum" => {
                    let is = value.as_f64().is_none_or(|number| number >= expected.as_f64().unwrap());
                    out.extend((!is).then(|| format!("{at}: {value} is less than {expected}")));
                }
                "maximum" => {
                    let is = value.as_f64().is_none_or(|number| number <= expected.as_f64().unwrap());
                    out.extend((!is).then(|| format!("{at}: {value} is more than {expected}")));
                }
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(expected, item, &format!("{at}/{index}"), out);
                    }
                }
                "required" => {
                    let Some(members) = value.as_object() else { continue };
                    let missing =
                        expected.as_array().unwrap().iter().filter(|name| !members.contains_key(name.as_str().unwrap()));
                    out.extend(missing.map(|name| format!("{at}: no member {name}")));
                }
                "properties" => {
                    for (name, member) in value.as_object().into_iter().flatten() {
                        if let Some(own) = properties.get(name) {
                            self.check(own, member, &format!("{at}/{name}"), out);
                        }
                    }
                }
                "additionalProperties" => {
                    for (name, member) in value.as_object().into_iter().flatten() {
                        if !properties.contains_key(name) {
                            self.check(expected, member, &format!("{at}/{name}"), out);
                        }
                    }
                }
                other => assert!(ANNOTATIONS.contains(&other), "the validator does not know the keyword {other}"),
            }
        }
    }
}

fn is_of(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        other => panic!("no type {other}"),
    }
}
