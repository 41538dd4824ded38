//! What does a code of an error or a warning mean, and what is to be done? `leastwise explain CODE` shows it.
//!
//! A code is what programs and people search for, so each stands here once with an example that a test runs: the example
//! gives the code. Another test finds every code that the source names and asks that it stands here.

mod account;
mod input;
mod policy;
mod question;

/// What is known about a code.
#[derive(Debug, Clone, Copy)]
pub struct Code {
    /// Its name.
    pub code: &'static str,
    /// Whether it is an error (nothing is answered) or a warning beside the answer.
    pub is_error: bool,
    /// What it means, and why it matters.
    pub means: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// What gives it.
    pub example: Example,
}

/// What gives a code.
#[derive(Debug, Clone, Copy)]
pub enum Example {
    /// A file that is given as a policy.
    Policy(&'static str),
    /// A line of `batch`.
    Line(&'static str),
    /// Arguments of the program.
    Arguments(&'static str),
    /// What no short example shows; in words.
    Words(&'static str),
}

/// Every code, by subject.
pub fn all() -> impl Iterator<Item = &'static Code> {
    input::CODES.iter().chain(policy::CODES).chain(question::CODES).chain(account::CODES)
}

/// A code by its name.
pub fn find(code: &str) -> Option<&'static Code> {
    all().find(|one| one.code.eq_ignore_ascii_case(code))
}

const fn error(code: &'static str, means: &'static str, remedy: &'static str, example: Example) -> Code {
    Code { code, is_error: true, means, remedy, example }
}

const fn warning(code: &'static str, means: &'static str, remedy: &'static str, example: Example) -> Code {
    Code { code, is_error: false, means, remedy, example }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_stands_once_and_says_something() {
        let mut names = BTreeSet::new();
        for one in all() {
            assert!(names.insert(one.code), "{} appears twice", one.code);
            assert!(one.means.ends_with('.') && one.remedy.ends_with('.'), "{}: whole sentences", one.code);
        }
        assert!(find("Duplicate-Key").is_some() && find("nothing").is_none());
    }
}
