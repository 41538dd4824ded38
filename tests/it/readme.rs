//! The examples of the README and of the book are real: each command runs and prints what stands there. Links lead
//! somewhere, JSON is JSON, and every page is in the table of contents.

use crate::schema_check::Validator;
use crate::support::{leastwise, root};
use std::path::{Path, PathBuf};

/// Every page for people.
fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    pages.push(root().join("README.md"));
    pages
}

fn read(page: &Path) -> String {
    std::fs::read_to_string(page).unwrap_or_else(|error| panic!("{}: {error}", page.display()))
}

/// The blocks of one language.
fn blocks<'t>(text: &'t str, language: &str) -> Vec<&'t str> {
    let open = format!("```{language}\n");
    text.split(open.as_str()).skip(1).map(|block| block.split("\n```").next().unwrap()).collect()
}

/// Milliseconds differ from run to run.
fn without_times(text: &str) -> Vec<String> {
    let line = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let is_time = |at: usize| words.get(at + 1).is_some_and(|next| next.starts_with("ms"));
        let kept: Vec<&str> = words.iter().enumerate().map(|(at, word)| if is_time(at) { "N" } else { *word }).collect();
        let line = kept.join(" ").trim_end().to_owned();
        let Some((before, rest)) = line.split_once("\"milliseconds\":") else { return line };
        format!("{before}\"milliseconds\":N{}", rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.'))
    };
    text.trim_end().lines().map(line).collect()
}

/// Whether the lines are what is shown, in which `...` stands for any lines.
fn is_shown(shown: &[String], lines: &[String]) -> bool {
    match shown {
        [] => lines.is_empty(),
        [first, rest @ ..] if first == "..." => (0..=lines.len()).any(|from| is_shown(rest, &lines[from..])),
        [first, rest @ ..] => lines.first() == Some(first) && is_shown(rest, &lines[1..]),
    }
}

#[test]
fn commands_print_what_the_pages_show() {
    let mut ran = 0;
    for page in pages() {
        for block in blocks(&read(&page), "console") {
            let (command, expected) = block.split_once('\n').unwrap();
            let Some(command) = command.strip_prefix("$ leastwise ") else { continue };
            let arguments: Vec<&str> = command.split(' ').collect();
            let (_, out, err) = leastwise(&arguments, "");
            // Talk stands after data, as on a terminal.
            let said = format!("{out}{err}");
            assert!(is_shown(&without_times(expected), &without_times(&said)), "{}: {command}\n{said}", page.display());
            ran += 1;
        }
    }
    assert!(ran >= 8, "{ran}");
}

#[test]
fn what_stands_for_any_lines_stands_for_no_others() {
    let lines = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    for (shown, said, fits) in [
        ("a b", "a b", true),
        ("a b", "a b c", false),
        ("a ... c", "a c", true),
        ("a ... c", "a b b c", true),
        ("a ... c", "a b", false),
        ("... c d", "c x c d", true),
        ("a ...", "b", false),
    ] {
        assert_eq!(is_shown(&lines(shown), &lines(said)), fits, "{shown}: {said}");
    }
}

#[test]
fn links_lead_somewhere_and_json_is_json() {
    let mut links = 0;
    for page in pages() {
        let text = read(&page);
        let folder = page.parent().unwrap();
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let path = link.split('#').next().unwrap();
            if link.contains("://") || path.is_empty() {
                continue;
            }
            assert!(folder.join(path).exists(), "{}: {link}", page.display());
            links += 1;
        }
        for block in blocks(&text, "json") {
            let read = serde_json::from_str::<serde_json::Value>(block);
            assert!(read.is_ok(), "{}: {read:?}\n{block}", page.display());
        }
    }
    assert!(links > 20, "{links}");
}

#[test]
fn every_page_is_in_the_table_of_contents() {
    let summary = read(&root().join("docs/SUMMARY.md"));
    for page in pages() {
        let name = page.file_name().unwrap().to_str().unwrap();
        assert!(["SUMMARY.md", "README.md"].contains(&name) || summary.contains(&format!("({name})")), "{name}");
    }
}

/// Folders that the code map names are there, and it names all of `src/`.
#[test]
fn the_code_map_is_of_this_code() {
    let map = read(&root().join("docs/code-map.md"));
    let named: Vec<&str> = map.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert!(named.len() > 15, "{named:?}");
    named.iter().for_each(|folder| assert!(root().join(folder).is_dir(), "{folder}"));
    // And no room is left out.
    for entry in std::fs::read_dir(root().join("src")).unwrap() {
        let folder = format!("src/{}/", entry.unwrap().file_name().to_str().unwrap());
        assert!(!root().join(&folder).is_dir() || named.contains(&folder.as_str()), "{folder} is not in the code map");
    }
}

/// The book is built from `docs/` alone: a link of its pages that leaves the folder leads nowhere there.
#[test]
fn links_of_the_book_stay_in_it() {
    for page in pages().iter().filter(|page| !page.ends_with("README.md")) {
        let text = read(page);
        let leaving = text.split("](").skip(1).find(|link| link.starts_with("../"));
        assert!(leaving.is_none(), "{}: {leaving:?}", page.display());
    }
}

/// Requests that the book shows are requests.
#[test]
fn requests_of_the_book_keep_to_the_schema() {
    let validator = Validator::new(leastwise::ops::schema::request().to_value());
    let text = read(&root().join("docs/json.md"));
    let requests: Vec<serde_json::Value> = serde_json::from_str(blocks(&text, "json")[0]).unwrap();
    assert_eq!(requests.len(), 9);
    requests.iter().for_each(|request| assert_eq!(validator.problems(request), Vec::<String>::new(), "{request}"));
}
