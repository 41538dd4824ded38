//! What the page about an account shows, as data: its principals, what they can do, what is unused and what is recommended.
//!
//! Lists of names, and what documents have in common, stand once ([`pack`]): with the findings and recommendations of thousands of
//! principals that is most of a page.

mod advice;
mod pack;
mod trend;

use super::json;
use super::who_can::line as shown_line;
use crate::account::findings::Findings;
use crate::account::recommend::Recommendation;
use crate::account::who_can::{Line, Verdict};
use crate::account::{Accounts, Attached, Entity, EntityKind, LastUsed, PolicyText};
use crate::catalog::Catalog;
use crate::smt;
use advice::Advice;
pub use advice::Used;
use pack::Words;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
pub use trend::{Earlier, Point};

/// A card of the page: a question about every principal.
struct Card {
    id: &'static str,
    title: &'static str,
    why: &'static str,
    actions: &'static [&'static str],
}

const CARDS: [Card; 7] = [
    Card {
        id: "administer",
        title: "Change permissions",
        why: "can give itself or others more",
        actions: &[
            "iam:AttachRolePolicy",
            "iam:AttachUserPolicy",
            "iam:CreatePolicyVersion",
            "iam:PutRolePolicy",
            "iam:PutUserPolicy",
        ],
    },
    Card { id: "pass", title: "Pass a role", why: "to a service that then acts with it", actions: &["iam:PassRole"] },
    Card { id: "assume", title: "Assume a role", why: "and act with its permissions", actions: &["sts:AssumeRole"] },
    Card {
        id: "secrets",
        title: "Read secrets",
        why: "secrets and parameters",
        actions: &["secretsmanager:GetSecretValue", "ssm:GetParameter"],
    },
    Card { id: "read", title: "Read data", why: "objects and items", actions: &["s3:GetObject", "dynamodb:GetItem"] },
    Card {
        id: "delete",
        title: "Destroy data",
        why: "buckets, objects, tables, databases",
        actions: &["dynamodb:DeleteTable", "rds:DeleteDBInstance", "s3:DeleteBucket", "s3:DeleteObject"],
    },
    Card {
        id: "trail",
        title: "Stop the audit trail",
        why: "and act unseen",
        actions: &["cloudtrail:DeleteTrail", "cloudtrail:StopLogging"],
    },
];

/// Requests that the page holds; beyond that the commands it names show them.
const MOST_WITNESSES: usize = 4_000;

/// What is shown beside the account.
#[derive(Debug, Clone, Default)]
pub struct Beside<'a> {
    /// What is unused; `None` without evidence.
    pub findings: Option<&'a Findings<'a>>,
    /// What is recommended.
    pub recommendations: Option<&'a [Recommendation<'a>]>,
    /// What the evidence is: its sources, window, gaps and grain.
    pub evidence: Option<Vec<String>>,
    /// The path of the account's export as it was given, for the commands that the page shows.
    pub account: String,
    /// The command that made the page.
    pub command: String,
    /// The command that writes what is recommended, with its proofs.
    pub recommend: Option<String>,
    /// What each principal used last, by its ARN.
    pub uses: BTreeMap<String, Vec<Used>>,
    /// The end of the window.
    pub until: Option<String>,
    /// What an earlier page and those before it counted, to compare with.
    pub earlier: Vec<Point>,
}

/// The questions about every principal whose answers the page shows: the actions of each.
pub fn questions() -> impl Iterator<Item = Vec<String>> {
    CARDS.iter().map(|card| card.actions.iter().map(|action| (*action).to_owned()).collect())
}

/// The data of the page, with the lines that each of [`questions`] is answered with, in their order.
///
/// # Panics
/// If there are not as many answers as questions.
pub fn data(accounts: &Accounts, beside: Beside<'_>, answers: &[Vec<Line>]) -> Value {
    assert_eq!(answers.len(), CARDS.len(), "each question has an answer");
    let mut documents = Documents::default();
    let entities: Vec<&Entity> = accounts.principals().collect();
    let mut shown: Vec<Value> = entities.iter().map(|entity| entity_of(accounts, entity, &mut documents)).collect();
    let found = beside.findings.map(|found| found.findings.as_slice());
    let advice: Option<Vec<Advice<'_>>> =
        beside.recommendations.map(|all| all.iter().map(|one| Advice::new(one, &mut documents)).collect());
    let mut words = Words::default();
    documents.all.iter().for_each(|document| words.add_lists(document));
    found.into_iter().flatten().for_each(|one| advice::add_finding(one, &mut words));
    advice.iter().flatten().for_each(|one| one.add_to(&mut words));
    beside.uses.values().flatten().for_each(|used| used.add_to(&mut words));
    words.number_all();
    for (entity, shown) in entities.iter().zip(&mut shown) {
        if let Some(uses) = beside.uses.get(&entity.arn).filter(|uses| !uses.is_empty()) {
            shown["uses"] = uses.iter().map(|used| used.packed(&words)).collect();
        }
    }
    let (docs, statements) = words.documents(&documents.all);
    let (mut questions, mut witnesses) = (Vec::new(), 0);
    for (card, lines) in CARDS.iter().zip(answers) {
        questions.push(question(card, lines, &mut witnesses));
    }
    let mut notes: Vec<String> = accounts.notes.iter().map(ToString::to_string).collect();
    if witnesses > MOST_WITNESSES {
        notes.push(format!(
            "{} requests that show what is allowed are left out: the commands show them",
            witnesses - MOST_WITNESSES
        ));
    }
    let mut out = json!({
        "meta": {
            "tool": concat!("Leastwise ", env!("CARGO_PKG_VERSION")),
            "catalog": Catalog::LATEST,
            "accounts": accounts.ids(),
            "account": beside.account,
            "command": beside.command,
            "recommend": beside.recommend,
            "until": beside.until,
            "z3": smt::version(),
        },
        "entities": shown,
        "words": words.json(),
        "docs": docs,
        "statements": statements,
        "questions": questions,
        "findings": found.map(|all| all.iter().map(|one| advice::finding(one, &words)).collect::<Vec<_>>()),
        "recommendations": advice.map(|all| all.iter().map(|one| one.packed(&words)).collect::<Vec<_>>()),
        "evidence": beside.evidence,
        "notes": notes,
    });
    out["trend"] = json!(trend::with(beside.earlier, &out));
    out
}

/// The distinct documents of the page.
#[derive(Debug, Default)]
struct Documents {
    all: Vec<Value>,
    known: HashMap<String, usize>,
}

impl Documents {
    fn number(&mut self, text: &PolicyText) -> usize {
        let written = match (text.value().as_str(), text.read()) {
            // As it is meant, not as it is encoded.
            (Some(_), Ok(lowered)) => lowered.document.json.to_string(),
            (Some(own), Err(_)) => json!(own).to_string(),
            (None, _) => text.value().to_string(),
        };
        if let Some(number) = self.known.get(&written) {
            return *number;
        }
        self.all.push(serde_json::from_str(&written).unwrap_or(Value::Null));
        self.known.insert(written, self.all.len() - 1);
        self.all.len() - 1
    }
}

fn entity_of(accounts: &Accounts, entity: &Entity, documents: &mut Documents) -> Value {
    let policies = accounts.identity(entity).map(|(owner, attached)| policy(entity, owner, attached, documents));
    let policies: Vec<Value> = policies.collect();
    let mut out = Map::new();
    out.insert("arn".to_owned(), json!(entity.arn));
    out.insert("name".to_owned(), json!(entity.name));
    out.insert("path".to_owned(), json!(entity.path));
    out.insert("account".to_owned(), json!(entity.account));
    out.insert("kind".to_owned(), json!(if entity.kind == EntityKind::Role { "role" } else { "user" }));
    out.insert("created".to_owned(), json!(entity.created.map(|at| at.to_string())));
    let (last, text) = match &entity.last_used {
        LastUsed::At(at, _) => (Some(at.to_string()), String::new()),
        LastUsed::Never => (None, "not in 400 days".to_owned()),
        LastUsed::Unknown => (None, "not known".to_owned()),
    };
    out.insert("lastUsed".to_owned(), json!(last));
    out.insert("lastUsedText".to_owned(), json!(text));
    out.insert("tags".to_owned(), json!(entity.tags));
    out.insert("groups".to_owned(), json!(entity.groups));
    out.insert("boundary".to_owned(), json!(entity.boundary.as_ref().map(Attached::label)));
    out.insert("policies".to_owned(), json!(policies));
    if let Some(trust) = &entity.trust {
        out.insert("trust".to_owned(), json!(documents.number(trust)));
    }
    out.into()
}

fn policy(entity: &Entity, owner: &Entity, attached: &Attached, documents: &mut Documents) -> Value {
    let mut out = Map::new();
    out.insert("name".to_owned(), json!(attached.label()));
    if owner.arn != entity.arn {
        out.insert("from".to_owned(), json!(owner.name));
    }
    if let Ok(text) = &attached.text {
        out.insert("doc".to_owned(), json!(documents.number(text)));
    }
    out.into()
}

fn question(card: &Card, lines: &[Line], witnesses: &mut usize) -> Value {
    let (mut verdicts, mut shown, mut outside) = (String::new(), Map::new(), Vec::new());
    for line in lines {
        let mut whole = json::value(&shown_line(line));
        if line.outside {
            outside.push(json!({"principal": line.principal, "verdict": line.verdict.name(), "resources": line.resources}));
            continue;
        }
        if line.verdict != Verdict::Cannot {
            let mut own = Map::new();
            *witnesses += usize::from(line.witness.is_some());
            let left_out = |name: &str| name == "witness" && *witnesses > MOST_WITNESSES;
            for name in ["grants", "notes", "witness"].into_iter().filter(|name| !left_out(name)) {
                own.extend(whole.get_mut(name).map(|value| (name.to_owned(), value.take())));
            }
            shown.insert(verdicts.len().to_string(), own.into());
        }
        verdicts.push(match line.verdict {
            Verdict::Can => 'C',
            Verdict::Cannot => 'N',
            Verdict::Unknown => 'U',
        });
    }
    json!({"id": card.id, "title": card.title, "why": card.why, "actions": card.actions, "verdicts": verdicts, "shown": shown, "outside": outside})
}
