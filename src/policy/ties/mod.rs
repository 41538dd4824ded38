//! Which requests can there be, as far as the keys that AWS sets speak of each other?
//!
//! `data/impossible-requests.json` is a policy document whose statements each describe requests that AWS never sends: a
//! root user whose `aws:userid` is no account, an `aws:SourceArn` in a call that no service makes. A question counts
//! only requests to which none of them applies. So evaluator, automata and encoding give them their meaning each by
//! itself, as they do with any statement.
//!
//! A statement matters only where every key it names is named by the policies in question too; what follows from the
//! principal or the resource is always known. Statements without policy variables ([`Ties::plain`]) are about one key at a
//! time, which automata decide. Those with variables ([`Ties::relating`]) relate keys; for the constants that the policies
//! compare such keys with, [`instances`](self) says the same without variables.
//!
//! Invariant: leaving a statement out only adds requests, so a PASS without it stands; a witness has to keep all of them.
//!
//! Sources: IAM User Guide, "AWS global condition context keys" (availability of each key), "Variables and tags"
//! (principal key values: `aws:userid` by type of principal), "IAM identifiers" (prefixes of unique ids; what has two
//! pages that disagree, such as the id of an anonymous request, is left open), "AWS Organizations entity path".

mod instances;
mod mend;

pub use mend::{contradicts, mended};

use super::request::DERIVED;
use super::{Policy, Statement, Template, Test};
use crate::diag::{Budget, Source};
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// The document.
const IMPOSSIBLE: &str = include_str!("../../../data/impossible-requests.json");

/// The unique id of the requester, with the name of its session.
pub const USER_ID: &str = "aws:userid";

/// The resource on whose behalf a service calls.
pub const SOURCE_ARN: &str = "aws:sourcearn";

/// The account of that resource.
pub const SOURCE_ACCOUNT: &str = "aws:sourceaccount";

/// What requests of a question are not.
#[derive(Debug, Clone)]
pub struct Ties {
    /// Statements without policy variables, none of which may apply.
    pub plain: Policy,
    /// Statements with policy variables, none of which may apply.
    pub relating: Policy,
}

impl Ties {
    /// All statements, each with its policy.
    pub fn statements(&self) -> impl Iterator<Item = (&Policy, &Statement)> {
        [&self.plain, &self.relating].into_iter().flat_map(|policy| policy.statements.iter().map(move |one| (policy, one)))
    }
}

/// A statement of the document, with the keys that policies must name for it to matter.
struct Law {
    keys: Vec<String>,
    statement: Statement,
    relates: bool,
}

fn laws() -> &'static [Law] {
    static LAWS: OnceLock<Vec<Law>> = OnceLock::new();
    LAWS.get_or_init(|| {
        // A test reads it: it is never missing.
        let read = Policy::read(&Source::new("requests that AWS never sends", IMPOSSIBLE), &Budget::default());
        read.map(|policy| policy.statements.into_iter().map(law).collect()).unwrap_or_default()
    })
}

fn law(mut statement: Statement) -> Law {
    statement.resource = None;
    let mut keys: BTreeSet<String> = BTreeSet::new();
    let mut relates = false;
    for condition in &statement.conditions {
        keys.insert(condition.key.clone());
        if let Test::Text(_, templates) = &condition.test {
            for variable in templates.iter().flat_map(Template::variables) {
                relates = true;
                keys.insert(variable.key.clone());
            }
        }
    }
    let keys = keys.into_iter().filter(|key| !DERIVED.contains(&key.as_str()) && key != "aws:resourceaccount").collect();
    Law { keys, statement, relates }
}

/// The statements of the document whose keys a request carries all: such as apply describe no request that there is.
pub fn about(request: &super::Request) -> impl Iterator<Item = &'static Statement> {
    let carries = |law: &&Law| law.keys.iter().all(|key| request.context.contains_key(key));
    laws().iter().filter(carries).map(|law| &law.statement)
}

/// Keys that the statements are about, in lower case and in order.
const KEYS: [&str; 14] = [
    "aws:calledvia",
    "aws:calledviafirst",
    "aws:calledvialast",
    "aws:multifactorauthage",
    "aws:multifactorauthpresent",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:resourceorgid",
    "aws:resourceorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:userid",
];

/// What requests are not, for a question about these policies; `None` if they name no such key.
pub fn ties<'p>(policies: impl Iterator<Item = &'p Policy> + Clone) -> Option<Ties> {
    let is_tied = |key: &str| key.starts_with("aws:") && (KEYS.binary_search(&key).is_ok() || key == "aws:viaawsservice");
    let (mut named, mut other): (BTreeSet<&str>, BTreeSet<&str>) = Default::default();
    let statements = || policies.clone().flat_map(|policy| &policy.statements);
    for statement in statements() {
        let patterns = statement.resource.iter().flat_map(|resource| &resource.patterns);
        named.extend(patterns.flat_map(|pattern| pattern.whole.variables()).map(|variable| variable.key.as_str()));
        for condition in &statement.conditions {
            let variables = match &condition.test {
                Test::Text(_, templates) => templates.iter().flat_map(Template::variables).map(|one| one.key.as_str()).collect(),
                // What is compared as a number or an address has no place in a test of texts.
                Test::Number(..) | Test::Date(..) | Test::Ip(_) if condition.key != "aws:multifactorauthage" => {
                    other.insert(condition.key.as_str());
                    Vec::new()
                }
                Test::Number(..) | Test::Date(..) | Test::Ip(_) | Test::Present | Test::Absent => Vec::new(),
            };
            named.extend(variables.into_iter().chain([condition.key.as_str()]));
        }
    }
    named.retain(|key| is_tied(key) && !other.contains(key));
    if named.is_empty() {
        return None;
    }
    let mut sides = [Vec::new(), Vec::new()];
    let [plain, relating] = &mut sides;
    for law in laws().iter().filter(|law| law.keys.iter().all(|key| named.contains(key.as_str()))) {
        if law.relates { &mut *relating } else { &mut *plain }.push(law.statement.clone());
    }
    plain.extend(instances::instances(&named, statements()));
    let [plain, relating] = sides.map(|statements| Policy {
        source: Source::new("requests that AWS never sends", IMPOSSIBLE),
        statements,
        warnings: Vec::new(),
    });
    (!plain.statements.is_empty() || !relating.statements.is_empty()).then_some(Ties { plain, relating })
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
        assert!(KEYS.is_sorted());
        for key in laws().iter().flat_map(|law| &law.keys) {
            assert!(KEYS.contains(&key.as_str()) || key == "aws:viaawsservice", "{key}");
        }
        assert!(laws().iter().all(|law| !law.keys.is_empty()));
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
