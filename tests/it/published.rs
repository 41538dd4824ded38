//! Do the examples of `fixtures/README.md` come out as expected, and what does a newer catalog add?

use crate::support::{leastwise, root};
use serde_json::Value;
use std::collections::BTreeSet;

fn refined(folder: &str, catalog: &str) -> Value {
    let at = |file: &str| root().join("fixtures").join(folder).join(file).display().to_string();
    let (code, out, err) = leastwise(&["refine", &at("policy.json"), "--unused", &at("unused.json"), "--catalog", catalog], "");
    assert_eq!(code, 0, "{folder}: {err}");
    serde_json::from_str(&out).unwrap()
}

fn expected(folder: &str) -> Value {
    let path = root().join("fixtures").join(folder).join("expected.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn actions(policy: &Value) -> BTreeSet<String> {
    let lists = policy["Statement"].as_array().into_iter().flatten().filter_map(|statement| statement["Action"].as_array());
    lists.flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[test]
fn with_the_catalog_of_june_2024_the_examples_come_out_exactly() {
    for folder in ["published", "reconstructed-blog"] {
        assert_eq!(refined(folder, "2024-06"), expected(folder), "{folder}");
    }
}

#[test]
fn with_a_newer_catalog_only_newer_actions_come_in_addition() {
    let (old, new) = (actions(&expected("reconstructed-blog")), actions(&refined("reconstructed-blog", "latest")));
    let added: Vec<&str> = new.difference(&old).map(String::as_str).collect();
    assert_eq!(added, ["s3:GetBucketAbac", "s3:GetBucketMetadataTableConfiguration"]);
    assert!(old.is_subset(&new));
}
