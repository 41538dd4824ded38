//! How do questions read a policy that stands in a template, a plan or YAML?
//!
//! Of a file with one policy that one is taken, of one with several the one of `--policy`. Where a template leaves texts
//! open, a question is asked of samples first: a FAIL names them. A PASS is said only where it holds for all values
//! (`policy::open`); what was not proved for all of them is UNKNOWN.

use super::question::Question;
use crate::diag::{Budget, Diagnostic, Diagnostics, Source, Span};
use crate::document;
use crate::json::Value;
use crate::policy::{Access, access_json, normalize, open};
use crate::query::Unknown;
use crate::question::{InternalError, Outcome, Settings, Verdict};
use crate::sources::template::Given;
use crate::sources::{self, Located, Open, Wanted};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A policy or stack, and where it was found if it was not the whole file.
#[derive(Debug, Clone)]
pub struct Side {
    /// What it grants; where a template leaves texts open, of samples.
    pub access: Arc<Access>,
    located: Option<Located>,
    /// The parameters of its template.
    parameters: BTreeSet<String>,
}

/// How many names an error lists.
const MOST_NAMED: usize = 12;

/// Reads a policy, or a stack of policies, with its meaning; of a file with several policies the one of a name.
///
/// # Errors
/// The file holds no such policy, or several, or one that cannot be read.
pub fn read(source: &Source, named: Option<&str>, given: &Given) -> Result<Side, Diagnostics> {
    let documents = match sources::read(source, &Budget::default(), Wanted::Access) {
        Ok((source, value)) if named.is_none() && !sources::holds_many(&value) => {
            let access = Arc::new(access_json::read(&source, &value)?);
            return Ok(Side { access, located: None, parameters: BTreeSet::new() });
        }
        Ok(one) => vec![one],
        // What is not YAML either keeps the error that says what it is.
        Err(found) => sources::documents(source, &Budget::default()).map_err(|other| match other.code {
            sources::yaml::SYNTAX if !source.text.contains("Statement") => found,
            _ => other,
        })?,
    };
    let all: Vec<Located> = documents.iter().flat_map(|(source, value)| sources::policies(source, value, given)).collect();
    let located = one(source, all, named, documents.first().map(|(_, value)| value))?;
    let access = Arc::new(sampled(&located)?);
    let parameters = documents.iter().flat_map(|(_, value)| sources::template::parameters(value)).map(str::to_owned).collect();
    Ok(Side { access, located: Some(located), parameters })
}

/// The policy that is meant.
fn one(source: &Source, all: Vec<Located>, named: Option<&str>, document: Option<&Value>) -> Result<Located, Diagnostics> {
    let names = |all: &[Located]| {
        let shown: Vec<String> = all.iter().take(MOST_NAMED).map(|one| format!("`{}`", one.name)).collect();
        let more = if all.len() > MOST_NAMED { format!(" and {} more", all.len() - MOST_NAMED) } else { String::new() };
        format!("{}{more}", shown.join(", "))
    };
    let bad =
        |code, message: String, help: String| Diagnostics::from(Diagnostic::error(code, source, Span::default(), message, help));
    if all.is_empty() {
        let kind = document.and_then(sources::recognize);
        return Err(match kind {
            Some(kind) if named.is_none() => sources::wrong(source, Span::default(), kind, Wanted::Access).into(),
            _ => bad("no-policy", "the file holds no policy".to_owned(), "give a file that holds one".to_owned()),
        });
    }
    let listed = names(&all);
    let Some(named) = named else {
        let several = all.len();
        let mut all = all.into_iter();
        return match (all.next(), all.next()) {
            (Some(only), None) => Ok(only),
            _ => {
                let message = format!("the file holds {several} policies; one is wanted");
                Err(bad("several-policies", message, format!("pick one with --policy: {listed}")))
            }
        };
    };
    // The whole name, or a logical id, an address or a role's name in it.
    let of_id = |one: &Located| one.name.strip_prefix(named).is_some_and(|rest| rest.starts_with(['.', '[']));
    let inside = |one: &Located| one.name.contains(&format!("[{named}]"));
    let tests: [&dyn Fn(&Located) -> bool; 3] = [&|one| one.name == named, &of_id, &inside];
    for test in tests {
        let fit: Vec<&Located> = all.iter().filter(|one| test(one)).collect();
        match fit.as_slice() {
            [] => {}
            [only] => return Ok((*only).clone()),
            many => {
                let many: Vec<Located> = many.iter().map(|one| (*one).clone()).collect();
                let message = format!("`{named}` has {} policies; one is wanted", many.len());
                return Err(bad("several-policies", message, format!("pick one with --policy: {}", names(&many))));
            }
        }
    }
    Err(bad("no-such-policy", format!("the file has no policy `{named}`"), format!("it has {listed}")))
}

/// The policy with a sample for every constant.
fn sampled(located: &Located) -> Result<Access, Diagnostics> {
    if let Some(trouble) = &located.trouble {
        return Err(trouble.clone().into());
    }
    match located.versions.as_slice() {
        [only] => meaning(&only.source, open::sampled(&located.open, &only.value, &BTreeMap::new())),
        many => {
            let mut names: Vec<&str> = many.iter().flat_map(|one| &one.under).map(|(name, _)| name.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            let message = format!("the policy depends on conditions that are not known: {}", names.join(", "));
            let help = "give the parameters that decide them with --parameter NAME=VALUE; `check` asks about every choice";
            Err(Diagnostic::error(sources::template::UNRESOLVED, &located.source, located.span, message, help).into())
        }
    }
}

fn meaning(source: &Source, value: Value) -> Result<Access, Diagnostics> {
    Ok(normalize(&document::read_value(source, value)?)?.into())
}

/// The two sides of a comparison. Constants of one name are one constant, so their samples must be too.
///
/// # Errors
/// The second side cannot be read with the samples of the first.
pub fn alike(a: Side, b: Side) -> Result<(Arc<Access>, Arc<Access>), Diagnostics> {
    let Some((mut open, own, value, source)) = (match (&a.located, &b.located) {
        (Some(a), Some(b)) => {
            b.versions.first().map(|one| (a.open.clone(), b.open.clone(), one.value.clone(), one.source.clone()))
        }
        _ => None,
    }) else {
        return Ok((a.access, b.access));
    };
    let value = open::shared(&value, &mut open, &own);
    let second = meaning(&source, open::sampled(&open, &value, &BTreeMap::new()))?;
    Ok((a.access, Arc::new(second)))
}

/// A side of a question: its document, and the access that it is if it is not of a template.
type Document = (Option<(Source, Value)>, Arc<Access>);

/// What the sides of a question leave open.
#[derive(Debug, Clone)]
pub struct Opened {
    open: Vec<Open>,
    sides: Vec<Document>,
    notes: Vec<String>,
    /// Texts of the question, whose account ids count.
    pub named: Vec<String>,
}

impl Opened {
    /// Of these sides, in the question's order.
    ///
    /// # Errors
    /// What is said of templates is about none of them.
    pub fn of<const N: usize>(sides: [&Side; N], given: &Given) -> Result<Self, Diagnostic> {
        let parameters: BTreeSet<String> = sides.iter().flat_map(|side| side.parameters.iter().cloned()).collect();
        if let Some(unknown) = sources::template::unknown_parameter(given, &parameters) {
            return Err(unknown);
        }
        if *given != Given::default() && sides.iter().all(|side| side.located.is_none()) {
            let help = "leave out --account-id and --region: they are about CloudFormation templates";
            return Err(Diagnostic::bare("not-a-template", "no template is given", help));
        }
        let mut out = Self::none();
        for side in sides {
            let document = side.located.as_ref().and_then(|located| {
                let version = located.versions.first()?;
                let value = open::shared(&version.value, &mut out.open, &located.open);
                out.notes.extend(located.notes.iter().cloned());
                Some((version.source.clone(), value))
            });
            out.sides.push((document, side.access.clone()));
        }
        out.notes.sort();
        out.notes.dedup();
        Ok(out)
    }

    /// Of a question that reads no file with several policies.
    pub fn none() -> Self {
        Self { open: Vec::new(), sides: Vec::new(), notes: Vec::new(), named: Vec::new() }
    }

    /// The same, where nothing may be open: a policy of a template cannot take the place of a principal's own.
    ///
    /// # Errors
    /// Something is open.
    pub fn refused(self) -> Result<Self, Diagnostics> {
        let help = "give every parameter, --account-id and --region, or ask about the template alone";
        match self.open.first() {
            None => Ok(Self::none()),
            Some(open) => {
                let message = format!("the policy depends on {}, which is not known", open.name);
                Err(Diagnostic::bare(sources::template::UNRESOLVED, message, help).into())
            }
        }
    }

    /// Makes of a verdict about samples one about all values.
    pub(super) fn for_all_values(
        &self,
        outcome: &mut Outcome,
        settings: &Settings,
        question: &impl Question,
    ) -> Result<(), InternalError> {
        outcome.notes.extend(self.notes.iter().cloned());
        let documents: Vec<&Value> =
            self.sides.iter().filter_map(|(document, _)| document.as_ref()).map(|(_, value)| value).collect();
        let mut used = BTreeSet::new();
        documents.iter().for_each(|value| sources::located::constants(value, &mut used));
        let named: Vec<&Open> = used.iter().filter_map(|index| self.open.get(*index)).collect();
        if named.is_empty() {
            return Ok(());
        }
        let values: Vec<String> = named.iter().map(|open| format!("{} is `{}`", open.name, open.sample)).collect();
        match outcome.verdict {
            Verdict::Fail { .. } => outcome.notes.push(format!("found where {}", values.join(", "))),
            Verdict::Unknown(_) => {}
            Verdict::Pass => match self.open_case(settings, question)? {
                Some(why) => {
                    outcome.proof.needs_z3 |= why.is_for_z3();
                    outcome.message = format!("It holds where {}, but not every value was decided: {why}.", values.join(", "));
                    outcome.verdict = Verdict::Unknown(why);
                }
                None => {
                    let names: Vec<&str> = named.iter().map(|open| open.name.as_str()).collect();
                    outcome.notes.push(format!("it holds whatever the values are of {}", names.join(", ")));
                    let any = named.iter().filter(|open| open.kind == sources::OpenKind::Any).map(|open| open.name.as_str());
                    let any: Vec<&str> = any.collect();
                    if !any.is_empty() {
                        outcome.notes.push(format!("values with `*`, `?` or `${{` do not count of {}", any.join(", ")));
                    }
                }
            },
        }
        Ok(())
    }

    /// Why it does not hold for all values, or is not known to.
    fn open_case(&self, settings: &Settings, question: &impl Question) -> Result<Option<Unknown>, InternalError> {
        let documents: Vec<&Value> =
            self.sides.iter().filter_map(|(document, _)| document.as_ref()).map(|(_, value)| value).collect();
        let texts: Vec<&str> = self
            .sides
            .iter()
            .filter(|(document, _)| document.is_none())
            .flat_map(|(_, access)| access.policies().map(|policy| &**policy.source.text))
            .chain(self.named.iter().map(String::as_str))
            .collect();
        let cases = match open::cases(&self.open, &documents, &texts) {
            Ok(cases) => cases,
            Err(why) => return Ok(Some(Unknown::OpenInput(why))),
        };
        let quick = Settings { realistic: false, ..*settings };
        for case in cases {
            let mut values = case.documents.into_iter();
            let mut read = Vec::with_capacity(self.sides.len());
            for (document, access) in &self.sides {
                read.push(match document {
                    None => access.clone(),
                    Some((source, _)) => match meaning(source, values.next().unwrap_or_else(|| Value::string(""))) {
                        Ok(access) => Arc::new(access),
                        Err(found) => return Ok(Some(Unknown::OpenInput(found.to_string()))),
                    },
                });
            }
            if read.len() != question.sides().len() {
                return Err(InternalError("a side of the question is missing".to_owned()));
            }
            let mut sides = read.into_iter();
            let case = question.about(|own| sides.next().unwrap_or_else(|| own.clone()));
            match case.ask(&quick)?.verdict {
                Verdict::Pass => {}
                Verdict::Fail { .. } => {
                    return Ok(Some(Unknown::OpenInput("it depends on values that the template leaves open".to_owned())));
                }
                Verdict::Unknown(why) => return Ok(Some(why)),
            }
        }
        Ok(None)
    }
}
