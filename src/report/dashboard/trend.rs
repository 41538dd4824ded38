//! How do the numbers of a page compare with those of the pages before it?
//!
//! Each page has what it counts as a point, after those of the page that it was given. Of that page nothing else is read, and no
//! more points and counts than such a page has: it may be anybody's.

use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// Earlier pages that a page remembers.
const MOST_POINTS: usize = 60;

/// What one point counts: a card, a type of finding, or actions to remove, each.
const MOST_COUNTS: usize = 1_000;

/// What a page counts: who can do what, findings by type, actions that are to be removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// The end of the window.
    pub at: Option<String>,
    /// How many of each, by name.
    #[serde(deserialize_with = "counts")]
    pub counts: BTreeMap<String, u64>,
}

/// What is read of the data of an earlier page.
#[derive(Debug, Deserialize)]
pub struct Earlier {
    /// Its point and those before it, the oldest first.
    #[serde(deserialize_with = "points")]
    pub trend: Vec<Point>,
    /// That it is a page about an account.
    #[serde(rename = "questions")]
    _questions: IgnoredAny,
}

/// The points of earlier pages with that of this one, the oldest first.
pub(super) fn with(mut earlier: Vec<Point>, page: &Value) -> Vec<Point> {
    earlier.push(point(page));
    let spare = earlier.len().saturating_sub(MOST_POINTS);
    earlier.drain(..spare);
    earlier
}

fn point(page: &Value) -> Point {
    let list = |name: &str| page.get(name).and_then(Value::as_array).into_iter().flatten();
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for question in list("questions") {
        let can = text(question, "verdicts").matches('C').count();
        counts.insert(text(question, "title"), u64::try_from(can).unwrap_or(u64::MAX));
    }
    for finding in list("findings") {
        *counts.entry(format!("Findings: {}", text(finding, "findingType"))).or_default() += 1;
    }
    let removed = |one: &Value| one.get("removedActions").and_then(Value::as_u64);
    if page.get("recommendations").is_some_and(Value::is_array) {
        counts.insert("Actions to remove".to_owned(), list("recommendations").filter_map(removed).sum());
    }
    let at = page.get("meta").and_then(|meta| meta.get("until")).and_then(Value::as_str);
    Point { at: at.map(str::to_owned), counts }
}

fn points<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Point>, D::Error> {
    struct Few;
    impl<'de> Visitor<'de> for Few {
        type Value = Vec<Point>;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(out, "at most {MOST_POINTS} points")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Self::Value, A::Error> {
            let mut out = Vec::new();
            while let Some(one) = all.next_element()? {
                if out.len() == MOST_POINTS {
                    return Err(A::Error::invalid_length(MOST_POINTS + 1, &self));
                }
                out.push(one);
            }
            Ok(out)
        }
    }
    from.deserialize_seq(Few)
}

fn counts<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, u64>, D::Error> {
    struct Few;
    impl<'de> Visitor<'de> for Few {
        type Value = BTreeMap<String, u64>;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(out, "at most {MOST_COUNTS} counts")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Self::Value, A::Error> {
            let mut out = BTreeMap::new();
            while let Some((name, count)) = all.next_entry()? {
                if out.len() == MOST_COUNTS {
                    return Err(A::Error::invalid_length(MOST_COUNTS + 1, &self));
                }
                out.insert(name, count);
            }
            Ok(out)
        }
    }
    from.deserialize_map(Few)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn points_are_kept_and_no_more_than_there_can_be() {
        let page = json!({"meta": {"until": "2026-05-01"}, "questions": [{"title": "Read", "verdicts": "CNC"}],
            "findings": [{"findingType": "UnusedIAMRole"}], "recommendations": [{"removedActions": 3}, {}]});
        let mut points = Vec::new();
        for _ in 0..=MOST_POINTS {
            points = with(points, &page);
        }
        assert_eq!(points.len(), MOST_POINTS);
        let counts = json!({"Read": 2, "Findings: UnusedIAMRole": 1, "Actions to remove": 3});
        assert_eq!(serde_json::to_value(&points[0]).unwrap(), json!({"at": "2026-05-01", "counts": counts}));
        let read =
            |trend: Value| serde_json::from_value::<Earlier>(json!({"trend": trend, "questions": []})).map(|all| all.trend);
        assert_eq!(read(json!(points)).unwrap(), points);
        points.push(points[0].clone());
        assert!(read(json!(points)).is_err());
        let many: BTreeMap<String, u64> = (0..=1_000).map(|at| (at.to_string(), at)).collect();
        assert!(read(json!([{"at": null, "counts": many}])).is_err());
        assert!(serde_json::from_value::<Earlier>(json!({"trend": []})).is_err(), "it has no questions");
    }
}
