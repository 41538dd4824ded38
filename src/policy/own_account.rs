//! What does the principal's own account say in its own ARN?
//!
//! `arn:aws:iam::${aws:PrincipalAccount}:role/x` as a value of `aws:PrincipalArn` holds whatever account it is: the variable
//! is the ARN's account. So it is read as what every account is, and no variable is left to relate two keys. Where no
//! wildcard stands before the last part, that is a wildcard in the account's part, matched part by part. Where one does, or
//! other values are no ARNs, a variable at the account's place is twelve characters, or the word that CloudFront's identities
//! have there.
//!
//! Invariant: the test holds of the same principals' ARNs as before, each with its own account ([`crate::request`]).

use super::template::{Part, Template};
use crate::request::{CLOUDFRONT, Derived};

/// Characters of an account id.
const DIGITS: usize = 12;

/// A default says nothing: who has an ARN has an account.
fn is_own(part: &Part) -> bool {
    matches!(part, Part::Variable(variable) if variable.key == Derived::Account.key())
}

fn is_wild(part: &Part) -> bool {
    matches!(part, Part::One | Part::Many)
}

/// The templates with any account in place of the own one, to be matched part by part; `None` if that is not the same, or
/// none names it. `whole` if wildcards of these reach over colons.
pub(super) fn by_parts(templates: &[Template], whole: bool) -> Option<Vec<Template>> {
    let mut named = false;
    let mut out = Vec::new();
    for template in templates {
        let mut parts = template.split_colons(6);
        let wild = |part: &Template| part.parts.iter().any(is_wild);
        if parts.len() != 6 || (whole && parts.iter().take(5).any(wild)) {
            return None;
        }
        // Behind the account its part has nothing that a wildcard could match.
        let own = |account: &&mut Template| matches!(account.parts.as_slice(), [own] | [own, Part::Many] if is_own(own));
        if let Some(account) = parts.get_mut(4).filter(own) {
            account.parts = vec![Part::Many];
            named = true;
        }
        out.push(Template { parts: parts.into_iter().map(|part| part.parts).collect::<Vec<_>>().join(&Part::Char(':')) });
    }
    named.then_some(out)
}

/// The template with each account that there is at the place of the own one, where wildcards reach over colons.
pub(super) fn spelled(template: &Template) -> Vec<Template> {
    let unchanged = || vec![template.clone()];
    let Some(at) = template.parts.iter().position(is_own) else { return unchanged() };
    let (before, behind) = template.parts.split_at(at);
    let behind = behind.get(1..).unwrap_or_default();
    let colons = before.iter().filter(|part| **part == Part::Char(':')).count();
    let is_plain = before.iter().all(|part| matches!(part, Part::Char(_)));
    // What follows must hold of the word, too, wherever twelve characters end in it.
    let ends = matches!(behind.first(), Some(Part::Many | Part::Char(':')));
    if colons != 4 || !is_plain || !before.ends_with(&[Part::Char(':')]) || !ends {
        return unchanged();
    }
    let with = |account: Vec<Part>| Template { parts: [before, &account, behind].concat() };
    vec![with(vec![Part::One; DIGITS]), with(CLOUDFRONT.chars().map(Part::Char).collect())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Span;
    use crate::glob::Glob;
    use crate::policy::{Condition, Operator, Test, TextMode};
    use proptest::prelude::*;

    const OWN: &str = "arn:aws:iam::${aws:PrincipalAccount}:role/x*";

    fn test(operator: &str, key: &str, values: &[&str]) -> Test {
        Condition::new(Operator::parse(operator).unwrap().0, key, Span::default(), values, true).0.test
    }

    fn texts(mode: TextMode, wildcards: bool, texts: &[&str]) -> Test {
        Test::Text(mode, texts.iter().map(|text| Template::parse(text, wildcards, true)).collect())
    }

    #[test]
    fn the_account_of_a_principal_in_its_own_arn_is_any_account() {
        let wild = "arn:*:iam::${aws:PrincipalAccount}:role/x*";
        let longer = "arn:aws:iam::${aws:PrincipalAccount}*:role/x*";
        let with_default = "arn:aws:iam::${aws:PrincipalAccount, 'x'}:role/x*";
        let role = "arn:aws:iam::111122223333:role/r";
        let (digits, word) = ("arn:aws:iam::????????????:role/x*", "arn:aws:iam::cloudfront:role/x*");
        let (longer_digits, longer_word) = ("arn:aws:iam::????????????*:role/x*", "arn:aws:iam::cloudfront*:role/x*");
        for (operator, values, expected) in [
            ("StringLike", &[OWN][..], texts(TextMode::Arn, true, &["arn:aws:iam::*:role/x*"])),
            ("StringNotLike", &[role, OWN], texts(TextMode::Arn, true, &[role, "arn:aws:iam::*:role/x*"])),
            ("ArnLike", &[wild, "x"], texts(TextMode::Arn, true, &[wild, "x"])),
            ("ArnEquals", &[wild], texts(TextMode::Arn, true, &["arn:*:iam::*:role/x*"])),
            ("ArnLike", &[longer], texts(TextMode::Arn, true, &["arn:aws:iam::*:role/x*"])),
            ("ArnLike", &[with_default], texts(TextMode::Arn, true, &["arn:aws:iam::*:role/x*"])),
            ("StringLike", &[longer], texts(TextMode::Exact, true, &[longer_digits, longer_word])),
            ("StringLike", &[OWN, "x"], texts(TextMode::Exact, true, &[digits, word, "x"])),
            // Where a wildcard could reach over a colon, and where nothing is named, it stays as it was.
            ("StringLike", &[wild], texts(TextMode::Exact, true, &[wild])),
            ("StringLike", &[role], texts(TextMode::Exact, true, &[role])),
        ] {
            assert_eq!(test(operator, "aws:PrincipalArn", values), expected, "{operator} {values:?}");
        }
        assert_eq!(test("StringLike", "aws:SourceArn", &[OWN]), texts(TextMode::Exact, true, &[OWN]));
    }

    /// What a test says of an ARN, its variables being this account, read plainly.
    fn holds(test: &Test, arn: &str, account: &str) -> bool {
        let Test::Text(mode, templates) = test else { panic!("a test of texts") };
        let lower = |text: &str| if *mode == TextMode::IgnoreCase { text.to_ascii_lowercase() } else { text.to_owned() };
        templates.iter().any(|template| {
            let written: String = template.written().replace("${aws:principalaccount}", account);
            let (one, other): (Vec<&str>, Vec<&str>) = (written.splitn(6, ':').collect(), arn.splitn(6, ':').collect());
            match mode {
                TextMode::Arn if one.len() == 6 => {
                    other.len() == 6 && one.iter().zip(other).all(|(glob, text)| Glob::parse(glob).matches(text))
                }
                _ => Glob::parse(&lower(&written)).matches(&lower(arn)),
            }
        })
    }

    proptest! {
        #[test]
        fn the_same_principals_pass(
            operator in prop::sample::select(vec!["StringLike", "ArnLike", "StringEqualsIgnoreCase", "StringEquals"]),
            values in prop::collection::vec(
                "arn:(aws|[*]):iam:(:|[*])(V|VV|V[*]|[*]V|VV[*]|111122223333|[*])(:|[*]:|[?]|)(user|role|[*])/(x|V|[*]|[?]|)",
                1..3,
            ),
            word in any::<bool>(),
            rest in "(user|role)/(x|xy|111122223333|)",
        ) {
            let account = if word { CLOUDFRONT } else { "111122223333" };
            let arn = format!("arn:aws:iam::{account}:{rest}");
            let written: Vec<String> = values.iter().map(|value| value.replace('V', "${aws:PrincipalAccount}")).collect();
            let written: Vec<&str> = written.iter().map(String::as_str).collect();
            let plain = test(operator, "aws:SourceArn", &written);
            let made = test(operator, "aws:PrincipalArn", &written);
            // Plain operators have no wildcards: a star is a character, which no ARN here has.
            prop_assume!(operator.ends_with("Like") || !values.iter().any(|value| value.contains(['*', '?'])));
            prop_assert_eq!(holds(&plain, &arn, account), holds(&made, &arn, account), "{:?} {}: {:?}", written, arn, made);
        }
    }
}
