//! How does a pattern that is matched as one text fall on an ARN's six parts?
//!
//! `arn:aws:ec2:*` has four parts; against a whole ARN its star reaches over colons. Each of the ARN's first five colons
//! is either a colon of the pattern or swallowed by one of its wildcards, so the pattern is a finite union of patterns
//! of six parts: here `arn`, `aws`, `ec2`, `*`, `*`, `*`. Under greedy matching every pattern is expanded so.

use crate::diag::deadline;
use crate::policy::{Part, Template};

/// The most alternatives one pattern may have.
const MOST: usize = 256;

/// All ways a pattern falls on six parts; `None` if there are too many, or a variable stands among the first five parts,
/// whose value might hold a colon.
pub(super) fn expand(whole: &Template) -> Option<Vec<[Template; 6]>> {
    let mut out = Vec::new();
    let start = vec![Template { parts: Vec::new() }];
    grow(&whole.parts, start, &mut out)?;
    Some(out)
}

fn grow(rest: &[Part], done: Vec<Template>, out: &mut Vec<[Template; 6]>) -> Option<()> {
    let (mut rest, mut done) = (rest, done);
    deadline::spend(1 + done.iter().map(|part| part.parts.len()).sum::<usize>() / 8);
    // Only wildcards leave a choice.
    while done.len() < 6
        && let Some((Part::Char(c), tail)) = rest.split_first()
    {
        match done.last_mut() {
            Some(last) if *c != ':' => last.parts.push(Part::Char(*c)),
            Some(_) | None => done.push(Template { parts: Vec::new() }),
        }
        rest = tail;
    }
    if done.len() == 6 {
        if let Some(last) = done.last_mut() {
            last.parts.extend(rest.iter().cloned());
        }
        let six: [Template; 6] = done.try_into().ok()?;
        if !out.contains(&six) {
            out.push(six);
        }
        return (out.len() <= MOST).then_some(());
    }
    // Fewer than five colons: this way matches no ARN.
    let Some((part, tail)) = rest.split_first() else { return Some(()) };
    let push = |part: Option<&Part>, new: bool, after: Option<Part>| {
        let mut done = done.clone();
        if let (Some(last), Some(part)) = (done.last_mut(), part) {
            last.parts.push(part.clone());
        }
        if new {
            done.push(Template { parts: after.into_iter().collect() });
        }
        done
    };
    match part {
        // Characters were read above.
        Part::Char(_) | Part::Variable(_) => None,
        // `?` is a character of this part, or the colon after it.
        Part::One => {
            grow(tail, push(Some(part), false, None), out)?;
            grow(tail, push(None, true, None), out)
        }
        // `*` ends in this part, or reaches into the next one, where it starts anew.
        Part::Many => {
            grow(tail, push(Some(part), false, None), out)?;
            grow(rest, push(Some(part), true, None), out)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(pattern: &str) -> Option<Vec<String>> {
        let show = |six: [Template; 6]| {
            six.iter().map(|part| part.as_glob().map_or("?".to_owned(), |glob| glob.to_string())).collect::<Vec<_>>().join("|")
        };
        expand(&Template::parse(pattern, true, true)).map(|all| all.into_iter().map(show).collect())
    }

    #[test]
    fn stars_swallow_colons() {
        assert_eq!(show("arn:aws:ec2:*").unwrap(), ["arn|aws|ec2|*|*|*"]);
        assert_eq!(
            show("arn:aws:dynamodb:*:table/x").unwrap(),
            ["arn|aws|dynamodb|*|*|table/x", "arn|aws|dynamodb|*|*|*:table/x"]
        );
        assert_eq!(show("arn:aws:s3").unwrap(), Vec::<String>::new());
        assert_eq!(show("*").unwrap(), ["*|*|*|*|*|*"]);
        assert_eq!(show("arn:aws:s3::${aws:username}:x:y"), None);
    }
}
