//! Every command that finds something says the same in every format: the exit code is that of the text, something counts
//! exactly if the exit code is not 0, and every note of the text is there.

use crate::support::leastwise;
use serde_json::Value;

/// Commands that find something, and that find nothing, without `--format`.
const COMMANDS: [&[&str]; 17] = [
    &["no-new-access", "fixtures/examples/old.json", "fixtures/examples/new.json"],
    &["no-new-access", "fixtures/examples/new.json", "fixtures/examples/old.json"],
    &["no-new-access", "fixtures/examples/old.json", "fixtures/examples/new.json", "--timeout", "0.000001"],
    &["access-not-granted", "fixtures/examples/new.json", "--action", "s3:GetObject"],
    &["access-not-granted", "fixtures/examples/new.json", "--action", "s3:GetObjct", "--allow-unknown"],
    &["access-not-granted", "fixtures/examples/new.json", "--action", "s3:DeleteObject"],
    &["no-public-access", "fixtures/examples/pinned-bucket.json", "--resource-type", "AWS::S3::Bucket"],
    &[
        "no-public-access",
        "fixtures/gate/cloudformation/site.yaml",
        "--policy",
        "SitePolicy",
        "--resource-type",
        "AWS::S3::Bucket",
    ],
    &["outside-access", "fixtures/examples/pinned-bucket.json"],
    &["outside-access", "fixtures/examples/pinned-bucket.json", "--trusted", "111122223333"],
    &["equivalent", "fixtures/examples/old.json", "fixtures/examples/new.json"],
    &["equivalent", "fixtures/examples/old.json", "fixtures/examples/old.json"],
    &["check", "fixtures/gate"],
    &["check", "fixtures/examples/old.json"],
    &["validate", "fixtures/validate/example.json"],
    &["validate", "fixtures/examples/new.json", "--aws-only"],
    &["findings", "--account", "fixtures/usage/account.json", "--evidence", "fixtures/usage/cloudtrail.json"],
];

fn run(command: &[&str], format: &str) -> (i32, String, String) {
    let (code, out, err) = leastwise(&[command, &["--format", format]].concat(), "");
    assert!(matches!(code, 0 | 1 | 3), "{command:?} {format}: {code}\n{out}{err}");
    (code, out, err)
}

#[test]
fn every_format_stands_as_the_text_does() {
    for command in COMMANDS {
        let (exit, text, _) = run(command, "text");
        let (_, sarif, _) = run(command, "sarif").same(exit, command);
        let log: Value = serde_json::from_str(&sarif).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap();
        let levels: Vec<&str> = results.iter().map(|result| result["level"].as_str().unwrap()).collect();
        let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
        assert!(
            rules.iter().all(|rule| rule["helpUri"].is_string() && rule["fullDescription"]["text"].is_string()),
            "{command:?}"
        );
        let (_, junit, _) = run(command, "junit").same(exit, command);
        // What counts is a failure there; `check` ends with 3 where nothing counts and something is open.
        assert_eq!(junit.contains("<failure"), exit != 0, "{command:?}\n{junit}");
        assert!(exit == 0 || levels.iter().any(|level| *level != "note"), "{command:?}\n{sarif}");
        let (_, markdown, _) = run(command, "markdown").same(exit, command);
        let rows = markdown.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| |")).count();
        let approved = results.iter().filter(|result| result["suppressions"].is_array()).count();
        assert_eq!(rows, results.len() - approved, "{command:?}\n{markdown}");
        let (_, github, _) = run(command, "github").same(exit, command);
        assert!(github.lines().filter(|line| line.contains(" file=")).count() >= rows, "{command:?}\n{github}");
        for note in text.lines().filter_map(|line| line.trim_start().strip_prefix("note: ")) {
            let note = note.trim_end_matches('.');
            for shown in [&junit, &markdown, &github] {
                let plain = shown.replace("%25", "%").replace("&quot;", "\"").replace("&gt;", ">").replace("&lt;", "<");
                let (plain, note) = (plain.replace('`', "'"), note.replace('`', "'"));
                assert!(plain.contains(&note), "{command:?}: {note}\n{plain}");
            }
        }
    }
}

#[test]
fn what_a_format_does_not_show_is_refused_with_it() {
    for (format, code) in [("text", 1), ("json", 1), ("sarif", 2), ("junit", 2)] {
        let of = ["no-new-access", "fixtures/examples/old.json", "fixtures/examples/new.json", "--explain", "--format", format];
        assert_eq!(leastwise(&of, "").0, code, "{format}");
    }
}

trait Same {
    fn same(self, exit: i32, command: &[&str]) -> Self;
}

impl Same for (i32, String, String) {
    fn same(self, exit: i32, command: &[&str]) -> Self {
        assert_eq!(self.0, exit, "{command:?}\n{}{}", self.1, self.2);
        self
    }
}
