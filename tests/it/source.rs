//! A Rust file, cut into tokens: enough to see which modules it names and how long its functions are. Comments, texts and
//! characters are passed over, so that what is only written about does not count.

use std::path::Path;

/// A word or a sign, with its line from 1.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// The tokens of a Rust text; `::` and `->` are one sign.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let (mut at, mut line, mut out) = (0, 1, Vec::new());
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    while let Some(&c) = chars.get(at) {
        let next = chars.get(at + 1).copied().unwrap_or(' ');
        let start = at;
        match c {
            '/' if next == '/' => at += chars[at..].iter().take_while(|c| **c != '\n').count(),
            '/' if next == '*' => {
                let mut depth = 0;
                while at < chars.len() {
                    match (chars[at], chars.get(at + 1)) {
                        ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
                        ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
                        _ => at += 1,
                    }
                    if depth == 0 {
                        break;
                    }
                }
            }
            '"' => at = text_end(&chars, at + 1),
            // A character, or a lifetime.
            '\'' if next == '\\' => at += 3 + chars[at + 3..].iter().take_while(|c| **c != '\'').count(),
            '\'' if chars.get(at + 2) == Some(&'\'') => at += 3,
            _ if is_word(c) => {
                at += chars[at..].iter().take_while(|c| is_word(**c)).count();
                let word: String = chars[start..at].iter().collect();
                let hashes = chars[at..].iter().take_while(|c| **c == '#').count();
                if matches!(word.as_str(), "r" | "br") && chars.get(at + hashes) == Some(&'"') {
                    let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
                    at += hashes + 1;
                    while at < chars.len() && !chars[at..].starts_with(&end) {
                        at += 1;
                    }
                    at += end.len();
                } else {
                    out.push(Token { text: word, line });
                }
            }
            ':' | '-' if next == if c == ':' { ':' } else { '>' } => {
                out.push(Token { text: [c, next].iter().collect(), line });
                at += 2;
            }
            _ => {
                if !c.is_whitespace() {
                    out.push(Token { text: c.to_string(), line });
                }
                at += 1;
            }
        }
        at = at.min(chars.len());
        line += chars[start..at].iter().filter(|c| **c == '\n').count();
    }
    out
}

fn text_end(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// The module of a file below `src/`: `a/b.rs` and `a/b/mod.rs` are `[a, b]`.
pub(crate) fn module(relative: &Path) -> Vec<String> {
    let mut parts: Vec<String> = relative.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    let file = parts.pop().unwrap();
    match file.strip_suffix(".rs").unwrap() {
        "mod" | "lib" | "main" => {}
        name => parts.push(name.to_owned()),
    }
    parts
}

/// The top-level modules that a file names, in imports (grouped, nested, through `super`) and in paths of expressions.
pub(crate) fn named(own: &[String], text: &str) -> Vec<(String, usize)> {
    let tokens = tokens(text);
    let word = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let (mut out, mut inside, mut depth) = (Vec::new(), Vec::new(), 0usize);
    for at in 0..tokens.len() {
        match word(at) {
            "{" => {
                depth += 1;
                if at > 1 && word(at - 2) == "mod" {
                    inside.push(depth);
                }
            }
            "}" => {
                if inside.last() == Some(&depth) {
                    inside.pop();
                }
                depth = depth.saturating_sub(1);
            }
            "crate" if word(at + 1) == "::" => children(&tokens, at + 2, &mut out),
            "super" if word(at + 1) == "::" && !(at > 0 && word(at - 1) == "::") => {
                let (mut up, mut after) = (1, at + 2);
                while word(after) == "super" {
                    (up, after) = (up + 1, after + 2);
                }
                if up == own.len() + inside.len() {
                    children(&tokens, after, &mut out);
                }
            }
            _ => {}
        }
    }
    out
}

/// The first names of a path, or of each path of a group.
fn children(tokens: &[Token], at: usize, out: &mut Vec<(String, usize)>) {
    let word = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    if word(at) != "{" {
        out.extend(tokens.get(at).map(|token| (token.text.clone(), token.line)));
        return;
    }
    let (mut depth, mut at) = (0, at);
    loop {
        match word(at) {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 || at >= tokens.len() {
            return;
        }
        if depth == 1 && ["{", ","].contains(&word(at)) && !["}", ","].contains(&word(at + 1)) {
            out.push((word(at + 1).to_owned(), tokens[at + 1].line));
        }
        at += 1;
    }
}

/// The functions of a file, each with its first line and how many lines it has.
pub(crate) fn functions(text: &str) -> Vec<(String, usize, usize)> {
    let tokens = tokens(text);
    let mut out = Vec::new();
    for (at, _) in tokens.iter().enumerate().filter(|(_, token)| token.text == "fn") {
        let Some(name) = tokens.get(at + 1).filter(|name| name.text != "(") else { continue };
        // A declaration ends before any body.
        let mut depth = 0i32;
        for token in &tokens[at + 1..] {
            match token.text.as_str() {
                ";" if depth == 0 => break,
                "{" | "(" | "[" => depth += 1,
                "}" | ")" | "]" => depth -= 1,
                _ => {}
            }
            if token.text == "}" && depth == 0 {
                out.push((name.text.clone(), tokens[at].line, token.line - tokens[at].line + 1));
                break;
            }
        }
    }
    out
}

#[test]
fn texts_comments_and_characters_are_passed_over() {
    let text = "fn a<'l>(x: &'l str) { /* { /* */ */ let b = '{'; let c = '\\''; r#\"}\"\"#; \"\\\"{\"; } // {\nfn d();";
    assert_eq!(tokens(text).iter().filter(|token| token.text == "{").count(), 1);
    assert_eq!(functions(text), [("a".to_owned(), 1, 1)]);
    assert_eq!(functions("fn a(x: [u8; 2]) -> u8 {\n if x { 1 } else { 2 }\n}\n").first(), Some(&("a".to_owned(), 1, 3)));
}

#[test]
fn names_are_seen_in_groups_through_super_and_in_expressions() {
    let own = ["solve".to_owned(), "model".to_owned()];
    let names = |text: &str| named(&own, text).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names("use crate::{glob::{Glob, trie::Trie}, json, smt::*};"), ["glob", "json", "smt"]);
    assert_eq!(names("fn f() { crate::ops::line::answer(); // crate::cli\n }"), ["ops"]);
    assert_eq!(
        names("use super::super::cli::Exit; use super::atoms; use super::super::{ops, server};"),
        ["cli", "ops", "server"]
    );
    assert_eq!(names("mod tests { use super::super::super::cli; use super::*; }"), ["cli"]);
    assert_eq!(names("const A: &str = \"crate::cli\";"), Vec::<String>::new());
    assert_eq!(module(Path::new("a/b.rs")), module(Path::new("a/b/mod.rs")));
}
