//! For which values of a template does a policy break a rule, and by which of its statements?
//!
//! A rule is a question. It is asked of the policy with a sample for every constant of its template, then of the policies
//! that stand for all values ([`open::cases`]). What is found for other values is asked once more with these values,
//! concretely. Whatever comes first, the rest is asked too: a finding that somebody approved must not hide another.

use crate::diag::{Diagnostics, Source, Span};
use crate::document::{self, listed};
use crate::json::Value;
use crate::policy::{Access, normalize, open};
use crate::query::{InternalError, Query, Settings};
use crate::request::Request;
use crate::search::replay::violates;
use crate::sources::located::{constants, filled, mark};
use crate::sources::{Open, OpenKind};
use crate::witness::explain::place;
use crate::witness::{find, simplify};
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

/// The policies that a rule is asked of, as they are under some values.
#[derive(Clone)]
pub(super) struct Read {
    pub(super) all: Vec<Access>,
    /// The account that they are deployed in, if it is not known.
    pub(super) account: Option<String>,
}

impl Read {
    pub(super) fn first(&self) -> Option<&Access> {
        self.all.first()
    }

    /// The same, read as the settings say.
    fn under(&self, settings: &Settings) -> Cow<'_, Self> {
        match self.all.iter().all(|access| access.is_read_as(settings.readings)) {
            true => Cow::Borrowed(self),
            false => {
                let all = self.all.iter().map(|access| settings.read(access).into_owned());
                Cow::Owned(Self { all: all.collect(), account: self.account.clone() })
            }
        }
    }
}

/// What a question found.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) shown: Vec<Shown>,
    pub(super) unknown: Option<String>,
}

/// One violation.
pub(super) struct Shown {
    pub(super) source: Source,
    pub(super) span: Span,
    /// Where the statement stands that allows it.
    pub(super) statement: Span,
    /// Its number.
    pub(super) number: usize,
    pub(super) witness: Option<Request>,
    /// What of it the rule's message says.
    pub(super) detail: String,
}

/// A question about policies.
pub(super) type Question<'q> = &'q dyn Fn(&Read, &Settings) -> Result<Answer, InternalError>;

/// How a question ended: a rule is kept if nothing breaks it and nothing is open.
#[derive(Default)]
pub(super) struct Ended {
    /// What breaks it, each with the values that it was found for.
    pub(super) breaks: Vec<(Shown, Vec<String>)>,
    /// Why more may break it.
    pub(super) open: Option<String>,
}

impl Ended {
    /// Whether a violation by the same statement is known.
    fn knows(&self, shown: &Shown) -> bool {
        let place = |of: &Shown| (of.number, of.statement);
        self.breaks.iter().any(|(known, _)| place(known) == place(shown) && known.source == shown.source)
    }
}

/// How much of an answer is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Every statement that breaks the rule, for any values.
    All,
    /// Whether there is one.
    Any,
}

/// Policies that share their constants, and their readings.
pub(super) struct Subject<'l> {
    pub(super) open: &'l [Open],
    pub(super) documents: Vec<(Source, Value)>,
    pub(super) named: Vec<&'l str>,
    pub(super) values: &'l dyn Fn(&BTreeMap<usize, String>) -> Vec<String>,
    pub(super) sampled: Read,
    cases: OnceCell<Result<Vec<Read>, String>>,
}

impl<'l> Subject<'l> {
    /// Reads the documents with the samples of their constants.
    pub(super) fn new(
        open: &'l [Open],
        documents: Vec<(Source, Value)>,
        named: Vec<&'l str>,
        values: &'l dyn Fn(&BTreeMap<usize, String>) -> Vec<String>,
    ) -> Result<Self, Diagnostics> {
        let sampled = with(open, &documents, &BTreeMap::new())?;
        Ok(Self { open, documents, named, values, sampled, cases: OnceCell::new() })
    }

    fn cases(&self) -> &Result<Vec<Read>, String> {
        self.cases.get_or_init(|| {
            let values: Vec<&Value> = self.documents.iter().map(|(_, value)| value).collect();
            let cases = open::cases(self.open, &values, &self.named)?;
            let read = |case: open::Case| {
                let pairs = self.documents.iter().zip(case.documents);
                let all = pairs.map(|((source, _), value)| meaning(source, value)).collect::<Result<_, Diagnostics>>()?;
                Ok::<_, Diagnostics>(Read { all, account: case.account })
            };
            cases.into_iter().map(read).collect::<Result<_, _>>().map_err(|found| found.to_string())
        })
    }

    /// Asks a question for all values.
    pub(super) fn ask(&self, settings: &Settings, wanted: Wanted, question: Question<'_>) -> Result<Ended, InternalError> {
        let first = question(&self.sampled.under(settings), settings)?;
        let values = (self.values)(&BTreeMap::new());
        let breaks: Vec<_> = first.shown.into_iter().map(|shown| (shown, values.clone())).collect();
        let mut ended = Ended { breaks, open: first.unknown };
        if ended.open.is_some() || (wanted == Wanted::Any && !ended.breaks.is_empty()) {
            return Ok(ended);
        }
        let cases = match self.cases() {
            Ok(cases) => cases,
            Err(why) => return self.each_listed(settings, wanted, question, ended, why),
        };
        let quick = Settings { realistic: false, ..*settings };
        for case in cases {
            let answer = question(&case.under(settings), &quick)?;
            for shown in &answer.shown {
                if !ended.knows(shown) {
                    let (again, values) = self.concretely(shown, settings, question)?;
                    let new: Vec<_> = again.into_iter().filter(|shown| !ended.knows(shown)).collect();
                    ended.breaks.extend(new.into_iter().map(|shown| (shown, values.clone())));
                }
                if !ended.knows(shown) {
                    let why = "it depends on values that the template leaves open".to_owned();
                    return Ok(Ended { open: Some(why), ..ended });
                }
            }
            if answer.unknown.is_some() || (wanted == Wanted::Any && !ended.breaks.is_empty()) {
                return Ok(Ended { open: answer.unknown, ..ended });
            }
        }
        Ok(ended)
    }

    /// Asks for each value that the file lists for the actions that are not known, which no case can stand for.
    fn each_listed(
        &self,
        settings: &Settings,
        wanted: Wanted,
        question: Question<'_>,
        mut ended: Ended,
        why: &str,
    ) -> Result<Ended, InternalError> {
        let mut used = BTreeSet::new();
        for (_, value) in self.documents.iter() {
            let (more, less) = open_actions(value);
            used.extend(more.into_iter().chain(less));
        }
        let mut all = vec![BTreeMap::new()];
        for index in used {
            let values: Vec<&String> = self.open.get(index).into_iter().flat_map(|open| open.may.values()).collect();
            let with = |given: &BTreeMap<usize, String>, value: &&String| {
                let mut more = given.clone();
                more.insert(index, (*value).clone());
                more
            };
            all = all.iter().flat_map(|given| values.iter().map(move |value| with(given, value))).take(MOST_LISTED + 1).collect();
        }
        if all.is_empty() || all.len() > MOST_LISTED || all.iter().any(BTreeMap::is_empty) {
            return Ok(Ended { open: Some(why.to_owned()), ..ended });
        }
        for given in all {
            let text = |index: usize| given.get(&index).cloned().unwrap_or_else(|| mark(index).to_string());
            let fill = |(source, value): &(Source, Value)| (source.clone(), filled(value, &text));
            let documents = self.documents.iter().map(fill).collect();
            let Ok(subject) = Subject::new(self.open, documents, self.named.clone(), self.values) else {
                return Ok(Ended { open: Some(why.to_owned()), ..ended });
            };
            let more = subject.ask(settings, wanted, question)?;
            let new: Vec<_> = more.breaks.into_iter().filter(|(shown, _)| !ended.knows(shown)).collect();
            ended.breaks.extend(new.into_iter().map(|(shown, _)| (shown, (self.values)(&given))));
            ended.open = ended.open.or(more.open);
        }
        Ok(ended)
    }

    /// Asks once more with the values that a request carries, as plain texts; what is found, and these values in words.
    fn concretely(
        &self,
        shown: &Shown,
        settings: &Settings,
        question: Question<'_>,
    ) -> Result<(Vec<Shown>, Vec<String>), InternalError> {
        let context = shown.witness.iter().flat_map(|request| &request.context);
        let given: BTreeMap<usize, String> = context
            .filter_map(|(key, values)| Some((open::constant_of_key(key)?, values.first()?.clone())))
            .filter(|(_, value)| !value.contains(['*', '?', '$']))
            .collect();
        let again = match with(self.open, &self.documents, &given) {
            Ok(read) => question(&read.under(settings), settings)?.shown,
            Err(_) => Vec::new(),
        };
        Ok((again, (self.values)(&given)))
    }
}

/// How many values are tried that a file lists for its constants.
const MOST_LISTED: usize = 64;

/// The constants in the actions of a policy: by which it allows more, and by which it allows less.
pub(super) fn open_actions(policy: &Value) -> (BTreeSet<usize>, BTreeSet<usize>) {
    let (mut more, mut less) = (BTreeSet::new(), BTreeSet::new());
    for one in listed(policy) {
        let allows = one.get("Effect").and_then(Value::as_str) == Some("Allow");
        for name in ["Action", "NotAction"] {
            let out = if allows && name == "Action" { &mut more } else { &mut less };
            one.get(name).into_iter().for_each(|actions| constants(actions, out));
        }
    }
    (more, less)
}

fn with(open: &[Open], documents: &[(Source, Value)], given: &BTreeMap<usize, String>) -> Result<Read, Diagnostics> {
    let all = documents.iter().map(|(source, value)| meaning(source, open::sampled(open, value, given)));
    let account = open.iter().find(|open| open.kind == OpenKind::Account).map(|open| open.sample.clone());
    Ok(Read { all: all.collect::<Result<_, _>>()?, account })
}

fn meaning(source: &Source, value: Value) -> Result<Access, Diagnostics> {
    Ok(normalize(&document::read_value(source, value)?)?.into())
}

/// Statements of one policy that get a witness of their own by another search; others show the request that was found first.
const MOST_SEARCHES: usize = 8;

/// The answer of one search: each statement that allows what is searched for.
pub(super) fn search(query: &Query<'_>, settings: &Settings) -> Result<Answer, InternalError> {
    let found = find(query, settings)?;
    let mut out = Answer { shown: Vec::new(), unknown: found.unknown.map(|why| why.to_string()) };
    let mut searched = 0;
    for number in found.statements {
        let Some((member, statement)) = query.grants.statement(number) else { continue };
        let allows = |request: &Request| violates(query, request).is_some_and(|by| by.contains(&number));
        let mut witness = found.witness.clone().filter(&allows);
        if witness.is_none() && searched < MOST_SEARCHES {
            searched += 1;
            witness = find(&Query { by: Some(number), ..query.clone() }, settings)?.witness.filter(&allows);
        }
        let plain = |request: &Request| simplify::simplify(request.clone(), query, &allows);
        let Some(witness) = witness.or_else(|| found.shown.get(&number).map(plain)) else { continue };
        out.shown.push(Shown {
            source: member.policy.source.clone(),
            span: place(member, statement, &witness),
            statement: statement.span,
            number,
            witness: Some(witness),
            detail: String::new(),
        });
    }
    Ok(out)
}
