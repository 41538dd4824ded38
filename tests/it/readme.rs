//! The README's examples are real: each command runs and prints what stands there.

use crate::support::{leastwise, root};

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
