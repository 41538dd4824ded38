//! Names that one key repeats of the principal or of another key, tied in the formula as [`crate::wellformed`] says.
//!
//! `aws:userid` is made of the principal's account and name, as its type has it; `aws:SourceAccount` is the account that
//! `aws:SourceArn` names, where it names one. Everything else that requests are not is written as statements.

use super::context::{Family, present};
use super::principal::{IS_SESSION, Kind, SESSION_NAME, Type};
use super::{Encoder, template, text};
use crate::request::{
    CLOUDFRONT,
    keys::{SOURCE_ACCOUNT, SOURCE_ARN, USER_ID},
};
use crate::smt::{Atom, Formula, Regex, Text};

impl Encoder {
    /// What holds of every request, as far as the query names these keys; after everything else is encoded.
    ///
    /// `id`: whether `aws:userid` is tied whole, not by statements.
    pub fn ties(&mut self, id: bool) -> Formula {
        let mut parts = Vec::new();
        if id {
            parts.push(self.user_id());
        }
        if self.is_text(SOURCE_ARN) && self.is_text(SOURCE_ACCOUNT) {
            let both = Formula::and([SOURCE_ARN, SOURCE_ACCOUNT].map(|key| Formula::var(&present(key))));
            parts.push(both.clone().implies(of_account()));
            // Said again of the parts, where the query has them.
            if self.constrained.contains(&template::parts_of(SOURCE_ARN)) {
                let of_arn = Text::var(&template::part(SOURCE_ARN, 4));
                let is_arn = text::matches(&Text::var(SOURCE_ARN), template::arn_shape());
                let named = Formula::and([both, is_arn, text::matches(&of_arn, text::account_id())]);
                parts.push(named.implies(Formula::equal(&of_arn, &Text::var(SOURCE_ACCOUNT))));
            }
        }
        Formula::and(parts)
    }

    /// The id of each type of identity is as AWS makes it. One test a type: as the statements have it, Z3 needs seconds.
    fn user_id(&mut self) -> Formula {
        let id = Text::var(USER_ID);
        let colon = || Text::constant(":");
        let (account, name) = (self.account_text(), self.name());
        let [role, own] = ["Role", "Session"].map(|part| Text::var(&format!("{USER_ID} {part}")));
        let holds_colon = |text: &Text| Formula::atom(Atom::Contains(text.clone(), colon()));
        let joined = Text::concat([Text::constant("AROA"), role.clone(), colon(), own.clone()]);
        let named = Formula::equal(&own, &Text::constant("")).not();
        let of_role = Formula::and([Formula::equal(&id, &joined), named, holds_colon(&role).not(), holds_colon(&own).not()]);
        // AWS's own roles have a colon in their names.
        let starts = |parts: Vec<Text>| Formula::atom(Atom::Prefix(Text::concat(parts), id.clone()));
        let of_account = starts(vec![account.clone(), Text::constant(":aws:")]);
        let in_path = Formula::atom(Atom::Contains(name.clone(), Text::constant("/")));
        let of_name = starts(vec![account.clone(), colon(), name.clone(), colon()]);
        let of_own = Formula::and([holds_colon(&name), of_account, Formula::or([in_path, of_name])]);
        let mut session = Formula::or([Formula::and([holds_colon(&name).not(), of_role]), of_own]);
        if self.constrained.contains(IS_SESSION) {
            let end = Text::concat([colon(), Text::var(SESSION_NAME)]);
            let same = Formula::var(IS_SESSION).implies(Formula::atom(Atom::Suffix(end, id.clone())));
            session = Formula::and([session, same]);
        }
        // CloudFront's identities are users of no account; AWS says nothing of their ids.
        let of_cloudfront = Formula::equal(&account, &Text::constant(CLOUDFRONT));
        let starts_as_user = Formula::atom(Atom::Prefix(Text::constant("AIDA"), id.clone()));
        let is_present = Formula::var(&present(USER_ID));
        let with = |own: Formula| Formula::and([is_present.clone(), own]);
        let ids = [
            (Type::Root, with(Formula::equal(&id, &account))),
            (Type::User, Formula::or([of_cloudfront, with(Formula::and([starts_as_user, holds_colon(&id).not()]))])),
            (Type::Role, with(session)),
            (Type::FederatedUser, with(Formula::equal(&id, &Text::concat([account, colon(), name])))),
        ];
        let mut parts = Vec::new();
        for (of, own) in ids {
            parts.push(self.of_type(of).implies(own));
        }
        let anonymous = Formula::and([self.kind(Kind::Anonymous), is_present]);
        parts.push(anonymous.implies(Formula::equal(&id, &Text::constant("anonymous"))));
        Formula::and(parts)
    }

    /// Whether the query compares a key, and as a text.
    fn is_text(&self, key: &str) -> bool {
        self.slots.get(key).is_some_and(|own| own.families.contains(&Family::Text))
    }
}

/// The source's ARN names no account, or the source's.
fn of_account() -> Formula {
    let (whole, account) = (Text::var(SOURCE_ARN), Text::var(SOURCE_ACCOUNT));
    let [head, tail] = ["Head", "Tail"].map(|part| Text::var(&format!("{SOURCE_ARN} {part}")));
    let part = || Regex::none_of(&[':']).star();
    let colon = || Regex::literal(":");
    let four = || Regex::concat([part(), colon(), part(), colon(), part(), colon(), part()]);
    let names_one = text::matches(&whole, Regex::concat([four(), colon(), text::account_id(), colon(), Regex::AnyText]));
    let joined = Text::concat([head.clone(), Text::constant(":"), account.clone(), Text::constant(":"), tail]);
    let has_colon = Formula::atom(Atom::Contains(account, Text::constant(":")));
    let same = Formula::and([text::matches(&head, four()), Formula::equal(&whole, &joined), has_colon.not()]);
    Formula::or([names_one.not(), same])
}
