//! Does `scripts/update-catalog` turn the service reference into a catalog that the product reads?

use crate::support::root;
use leastwise::catalog::{Catalog, KeyBase, KeyType};
use leastwise::diag::Source;
use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    Command::new("python3").args(["-B", "scripts/update-catalog"]).args(arguments).current_dir(root()).output().unwrap()
}

fn made() -> String {
    let output = run(&["--stdout", "2026-01-02", "fixtures/service-reference"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_service_reference_becomes_the_full_format() {
    let text = made();
    let expected = include_str!("../../fixtures/service-reference/expected/catalog.json");
    let [made_value, expected]: [serde_json::Value; 2] = [&text, expected].map(|text| serde_json::from_str(text).unwrap());
    assert_eq!(made_value, expected);
    assert_eq!(text, made(), "same input, same bytes");
    assert_eq!(text.lines().count(), 1, "compact");
}

#[test]
fn the_product_reads_what_the_script_writes() {
    let catalog = Catalog::read(&Source::new("made.json", made())).unwrap();
    assert_eq!((catalog.date.as_str(), catalog.action_count()), ("2026-01-02", 7));
    assert_eq!(catalog.canonical_action("SQS:sendmessage"), Some("sqs:SendMessage"));
    let levels: Vec<Option<&str>> = catalog.service("sqs").unwrap().actions().map(|a| a.access_level.as_deref()).collect();
    assert_eq!(
        levels,
        [Some("Permissions management, Write"), None, Some("List"), Some("Write"), Some("Tagging, Write")],
        "an action that the reference does not annotate has no level"
    );
    let text = KeyType { base: KeyBase::String, multivalued: false };
    assert_eq!(catalog.condition_key_type("sqs:example"), Some(text), "two types on one key count as text");
}

#[test]
fn what_is_no_service_reference_is_refused_by_name() {
    for (arguments, part) in [
        (["--stdout", "2026-01-02", "fixtures/published"], "not a service reference file"),
        (["--stdout", "yesterday", "fixtures/service-reference"], "DATE is yesterday, not YYYY-MM-DD"),
        (["--stdout", "2026-01-02", "no-such-folder"], "no-such-folder is no folder"),
    ] {
        let output = run(&arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(part), "{arguments:?}: {said}");
    }
}
