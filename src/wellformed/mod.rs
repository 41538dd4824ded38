//! Which requests can there be, as far as the keys that AWS sets speak of each other?
//!
//! `data/impossible-requests.json` is a policy document whose statements each describe requests that AWS never sends: a
//! root user whose `aws:userid` is no account, an `aws:SourceArn` in a call that no service makes. A question counts
//! only requests to which none of them applies. So evaluator, automata and encoding give them their meaning each by
//! itself, as they do with any statement.
//!
//! A statement matters only where every key it names is named by the policies in question too; what follows from the
//! principal or the resource is always known. Automata decide one key at a time, so they are given
//! the statements without policy variables ([`Ties::plain`]). Those with variables ([`Ties::relating`]) relate keys; for the
//! constants that the policies compare such keys with, `instances` says the same for automata.
//!
//! Invariant: leaving a statement out only adds requests, so a PASS without it stands; a witness has to keep all of them.
//!
//! Sources: IAM User Guide, "AWS global condition context keys" (availability of each key), "Variables and tags"
//! (principal key values: `aws:userid` by type of principal), "IAM identifiers" (prefixes of unique ids; what has two
//! pages that disagree, such as the id of an anonymous request, is left open), "AWS Organizations entity path".

mod instances;
mod mend;
pub mod named;

pub use mend::{by_id, mended};

use crate::diag::{Budget, Source, Span};
use crate::policy::{Policy, Statement, Test};
use crate::request::{Derived, RESOURCE_ACCOUNT, Request};
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// The document.
const IMPOSSIBLE: &str = include_str!("../../data/impossible-requests.json");

/// A set of tied keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Keys(u64);

impl Keys {
    /// A key alone; nothing, if it is not tied.
    fn of(key: &str) -> Self {
        let place = if key.starts_with("aws:") { keys().binary_search_by(|own| own.as_str().cmp(key)).ok() } else { None };
        Self(place.map_or(0, |place| 1 << place))
    }

    /// What a statement names, in conditions or by variables; and what of it is compared as no text.
    fn named(statement: &Statement) -> (Self, Self) {
        let named = statement.keys().fold(Self::default(), |all, key| all.with(Self::of(key)));
        let mut other = Self::default();
        for condition in &statement.conditions {
            let compares = matches!(condition.test, Test::Number(..) | Test::Date(..) | Test::Ip(_));
            // What is compared as a number or an address has no place in a test of texts.
            if compares && condition.key != "aws:multifactorauthage" {
                other = other.with(Self::of(&condition.key));
            }
        }
        (named, other)
    }

    /// What these statements name.
    pub fn of_statements<'s>(statements: impl IntoIterator<Item = &'s Statement>) -> Self {
        statements.into_iter().fold(Self::default(), |all, statement| all.with(Self::named(statement).0))
    }

    /// These and those.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn within(self, all: Self) -> bool {
        self.0 & !all.0 == 0
    }

    /// Whether a key is among them.
    pub fn has(self, key: &str) -> bool {
        Self::of(key).0 & self.0 != 0
    }
}

/// What requests of a question are not.
#[derive(Debug, Clone)]
pub struct Ties {
    /// The keys that policies name.
    named: Keys,
    /// Statements without policy variables, none of which may apply.
    pub plain: Policy,
    /// Statements with policy variables, none of which may apply.
    pub relating: Policy,
    /// The keys of each statement of both.
    keys: [Vec<Keys>; 2],
}

impl Ties {
    /// All statements, each with its policy.
    pub fn statements(&self) -> impl Iterator<Item = (&Policy, &Statement)> {
        [&self.plain, &self.relating].into_iter().flat_map(|policy| policy.statements.iter().map(move |one| (policy, one)))
    }

    /// The statements that matter where only these keys are named. The others are kept by [`Self::completed`] requests.
    pub fn about(&self, named: Keys) -> impl Iterator<Item = (&Policy, &Statement)> {
        let named = self.closed(named);
        let keys = self.keys.iter().flatten();
        self.statements().zip(keys).filter(move |(_, keys)| keys.within(named)).map(|(statement, _)| statement)
    }

    /// The numbers of the statements without variables that matter where only these keys are named.
    pub fn plain_about(&self, named: Keys) -> impl Iterator<Item = usize> {
        let named = self.closed(named);
        let [plain, _] = &self.keys;
        plain.iter().enumerate().filter(move |(_, keys)| keys.within(named)).map(|(number, _)| number)
    }

    /// These keys, and the question's that come with them: an organization and its paths are there together, so that
    /// neither can be added to a request afterwards as if it did not matter.
    fn closed(&self, named: Keys) -> Keys {
        let together = [("aws:principalorgid", "aws:principalorgpaths"), ("aws:resourceorgid", "aws:resourceorgpaths")];
        together.into_iter().fold(named, |all, (id, paths)| {
            let both = Keys::of(id).with(Keys::of(paths));
            if all.0 & both.0 == 0 { all } else { all.with(Keys(both.0 & self.named.0)) }
        })
    }

    /// The request with the keys that it must have if it is about the question's; they do not matter where it was made.
    #[must_use]
    pub fn completed(&self, request: Request) -> Request {
        mend::completed(request, self.named)
    }
}

/// A statement of the document, with the keys that policies must name for it to matter.
struct Law {
    keys: Keys,
    statement: Statement,
    relates: bool,
}

/// The statements of the document.
fn document() -> &'static [Statement] {
    static DOCUMENT: OnceLock<Vec<Statement>> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        // A test reads it: it is never missing.
        let read = Policy::read(&Source::new("requests that AWS never sends", IMPOSSIBLE), &Budget::default());
        read.map(|policy| policy.statements).unwrap_or_default()
    })
}

fn laws() -> &'static [Law] {
    static LAWS: OnceLock<Vec<Law>> = OnceLock::new();
    LAWS.get_or_init(|| document().iter().cloned().map(law).collect())
}

fn law(mut statement: Statement) -> Law {
    statement.resource = None;
    let relates = statement.conditions.iter().any(|condition| match &condition.test {
        Test::Text(_, templates) => templates.iter().any(|template| template.variables().next().is_some()),
        _ => false,
    });
    Law { keys: Keys::of_statements([&statement]), statement, relates }
}

/// The statements of the document whose keys a request carries all: such as apply describe no request that there is.
pub fn about(request: &Request) -> impl Iterator<Item = &'static Statement> {
    let carried = request.context.keys().fold(Keys::default(), |all, key| all.with(Keys::of(key)));
    laws().iter().filter(move |law| law.keys.within(carried)).map(|law| &law.statement)
}

/// The keys that the statements are about, in lower case and in order: those that they name and that follow from neither the
/// principal nor the resource.
fn keys() -> &'static [String] {
    static KEYS: OnceLock<Vec<String>> = OnceLock::new();
    KEYS.get_or_init(|| {
        let follows = |key: &str| Derived::of(key).is_some() || key == RESOURCE_ACCOUNT;
        let named: BTreeSet<&str> = document().iter().flat_map(Statement::keys).filter(|key| !follows(key)).collect();
        named.into_iter().map(str::to_owned).collect()
    })
}

/// What requests are not, for a question about these policies; `None` if they name no such key.
pub fn ties<'p>(policies: impl Iterator<Item = &'p Policy> + Clone) -> Option<Ties> {
    let statements = || policies.clone().flat_map(|policy| &policy.statements);
    let both = |(named, other): (Keys, Keys), statement| {
        let own = Keys::named(statement);
        (named.with(own.0), other.with(own.1))
    };
    let (named, other) = statements().fold(Default::default(), both);
    let named = Keys(named.0 & !other.0);
    if named == Keys::default() {
        return None;
    }
    let mut sides = [Vec::new(), Vec::new()];
    let [plain, relating] = &mut sides;
    for law in laws().iter().filter(|law| law.keys.within(named)) {
        if law.relates { &mut *relating } else { &mut *plain }.push(law.statement.clone());
    }
    plain.extend(instances::instances(named, statements()));
    let keys = sides.each_ref().map(|statements| statements.iter().map(|one| Keys::of_statements([one])).collect());
    let [plain, relating] = sides.map(|statements| Policy {
        source: Source::new("requests that AWS never sends", IMPOSSIBLE),
        span: Span::default(),
        statements,
        warnings: Vec::new(),
    });
    (!plain.statements.is_empty() || !relating.statements.is_empty()).then_some(Ties { named, plain, relating, keys })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(conditions: &str) -> Option<Ties> {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{{conditions}}}}}}}"#
        );
        let policy = Policy::read(&Source::new("p", text), &Budget::default()).unwrap();
        ties([&policy].into_iter())
    }

    fn sids(ties: &Ties) -> Vec<&str> {
        ties.statements().filter_map(|(_, statement)| statement.sid.as_deref()).collect()
    }

    #[test]
    fn the_document_reads_without_a_warning_and_every_key_of_it_is_known() {
        let policy = Policy::read(&Source::new("p", IMPOSSIBLE), &Budget::default()).unwrap();
        assert!(policy.warnings.is_empty(), "{:?}", policy.warnings);
        assert_eq!(laws().len(), policy.statements.len());
        assert!(keys().len() <= u64::BITS as usize, "a set of them is a word");
        assert!(keys().iter().all(|key| key.starts_with("aws:") && Keys::of(key) != Keys::default()), "{:?}", keys());
        assert!(laws().iter().all(|law| law.keys != Keys::default()));
    }

    #[test]
    fn only_statements_about_named_keys_count() {
        assert!(of(r#""StringLike":{"aws:username":"a","s3:prefix":"x"}"#).is_none());
        // One key of two is not enough.
        assert!(of(r#""Bool":{"aws:ViaAWSService":"true"}"#).is_none());
        let via = of(r#""Bool":{"aws:ViaAWSService":"true"},"ForAnyValue:StringLike":{"aws:CalledVia":"a"}"#).unwrap();
        assert_eq!(sids(&via), ["CalledByServiceAndNot"]);
        let source = of(r#""ArnLike":{"aws:SourceArn":"arn:aws:sns:*:111122223333:t"}"#).unwrap();
        assert_eq!((sids(&source), source.plain.statements.len()), (vec!["SourceArnOfNoService"], 1));
        let both = of(
            r#""ArnLike":{"aws:SourceArn":"arn:aws:sns:*:111122223333:t"},"StringEquals":{"aws:SourceAccount":"999999999999"}"#,
        );
        // Two statements of the document, and two for each of two accounts.
        assert_eq!(both.unwrap().plain.statements.len(), 6);
        // A key that a variable names counts; one that is compared as a number does not.
        let id = of(r#""StringLike":{"s3:prefix":"${aws:userid}/*"}"#).unwrap();
        assert_eq!((id.plain.statements.len(), id.relating.statements.len()), (11, 2));
        assert!(of(r#""NumericEquals":{"aws:SourceAccount":"1"}"#).is_none());
        let age = of(r#""NumericLessThan":{"aws:MultiFactorAuthAge":"9"},"Bool":{"aws:MultiFactorAuthPresent":"true"}"#).unwrap();
        assert_eq!(sids(&age), ["AgeOfNoMfa"]);
    }
}
