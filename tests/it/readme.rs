//! The README's examples are real: each command runs and prints what stands there. And the catalog script works.

use crate::support::{leastwise, root};
use std::process::Command;

/// Milliseconds differ from run to run.
fn without_times(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let kept: Vec<&str> = words
            .iter()
            .enumerate()
            .map(|(at, word)| if words.get(at + 1).is_some_and(|next| next.starts_with("ms")) { "N" } else { *word })
            .collect();
        out.push_str(kept.join(" ").trim_end());
        out.push('\n');
    }
    out
}

#[test]
fn commands_print_what_the_readme_shows() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let mut shown = 0;
    for block in readme.split("```console\n").skip(1) {
        let block = block.split("\n```").next().unwrap();
        let (command, expected) = block.split_once('\n').unwrap();
        let Some(command) = command.strip_prefix("$ leastwise ") else { continue };
        let arguments: Vec<&str> = command.split(' ').collect();
        let (_, out, err) = leastwise(&arguments, "");
        // Talk stands after data, as on a terminal.
        assert_eq!(without_times(&format!("{out}{err}")).trim_end(), without_times(expected).trim_end(), "{command}");
        shown += 1;
    }
    assert!(shown >= 3, "the three uses are shown");
}

#[test]
fn the_catalog_script_converts_the_service_reference() {
    let output = Command::new("python3")
        .args(["scripts/update-catalog", "--stdout", "2026-01-01", "fixtures/service-reference"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let catalog: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(catalog["s3"]["actions"]["PutObjectTagging"]["l"], "Tagging");
    assert_eq!(
        catalog["s3"]["actions"]["GetObject"],
        serde_json::json!({"l": "Read", "r": [{"t": "object"}], "c": ["s3:prefix"]})
    );
    assert_eq!(catalog["sqs"]["actions"]["ListQueues"]["l"], "List");
    let text = String::from_utf8(output.stdout).unwrap();
    let read = leastwise::catalog::Catalog::read(&leastwise::diag::Source::new("made", text)).unwrap();
    assert_eq!(read.action_count(), 3);
}
