//! `validate`: what AWS's ValidatePolicy says of policies, and what more can be proved of them.
//!
//! A text that is no JSON is a finding, as it is for AWS; a file that cannot be read, or that holds another document, is bad
//! input. Findings of the types that AWS's own clients block on, ERROR and SECURITY_WARNING, are exit code 1 by default.

use super::line::{Failed, bad};
use super::members::Line;
use super::switches::Format;
use super::{Exit, Trouble, input, print, print_json, save, say};
use crate::catalog::Catalog;
use crate::diag::{Budget, Diagnostic, Source, escape};
use crate::json::{self as strict, Value};
use crate::lint::fix::{self as lint_fix, Fixed, NotFixed};
use crate::lint::{self, Finding, FindingType, PolicyType, RULES, ResourceType, Selection};
use crate::question::Settings;
use crate::report::json as report;
use crate::report::listing::Listing;
use crate::report::{findings, github, sarif};
use crate::sources::{self, Wanted};
use clap::{Args, ValueEnum};
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    /// The policies
    #[arg(required = true, value_name = "POLICY")]
    pub(crate) policies: Vec<PathBuf>,
    /// IDENTITY_POLICY, RESOURCE_POLICY, SERVICE_CONTROL_POLICY or RESOURCE_CONTROL_POLICY; by default, a policy with
    /// principals is a resource policy
    #[arg(long, value_name = "TYPE", value_parser = policy_type)]
    pub(crate) policy_type: Option<PolicyType>,
    /// To which type of resource a resource policy is attached, such as AWS::S3::Bucket
    #[arg(long, value_name = "TYPE", value_parser = resource_type)]
    pub(crate) resource_type: Option<ResourceType>,
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: ListingFormat,
    /// From which type on findings are exit code 1
    #[arg(long, value_enum, default_value = "security-warning", value_name = "LEVEL")]
    pub(crate) fail_on: FailOn,
    /// Find only these codes; commas between them
    #[arg(long, value_name = "CODES", value_delimiter = ',', value_parser = code)]
    pub(crate) select: Vec<String>,
    /// Leave these codes out; commas between them
    #[arg(long, value_name = "CODES", value_delimiter = ',', value_parser = code)]
    pub(crate) ignore: Vec<String>,
    /// Find what AWS finds, and nothing of our own
    #[arg(long)]
    pub(crate) aws_only: bool,
    /// Cut what is redundant or dead out of the files, after a proof that the result is equivalent
    #[arg(long)]
    pub(crate) fix: bool,
    /// With --fix, show what would be cut and leave the files alone
    #[arg(long, requires = "fix")]
    pub(crate) diff: bool,
}

/// Views of a list of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListingFormat {
    Text,
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// Annotations of a GitHub workflow
    Github,
}

impl ListingFormat {
    /// How it is said that there was no time.
    pub(super) fn budgeted(self) -> Format {
        if self == Self::Json { Format::Json } else { Format::Text }
    }
}

/// From which type on findings count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    Error,
    SecurityWarning,
    Warning,
    Suggestion,
    Never,
}

impl FailOn {
    fn counts(self, finding: &Finding) -> bool {
        let least = match self {
            Self::Error => FindingType::Error,
            Self::SecurityWarning => FindingType::SecurityWarning,
            Self::Warning => FindingType::Warning,
            Self::Suggestion => FindingType::Suggestion,
            Self::Never => return false,
        };
        finding.kind >= least
    }

    fn result(self, findings: &[Finding]) -> &'static str {
        if findings.iter().any(|finding| self.counts(finding)) { "FAIL" } else { "PASS" }
    }
}

fn policy_type(text: &str) -> Result<PolicyType, String> {
    let names = PolicyType::ALL.map(|(name, _)| name).join(", ");
    PolicyType::named(&text.to_ascii_uppercase()).ok_or_else(|| format!("expected one of {names}"))
}

fn resource_type(text: &str) -> Result<ResourceType, String> {
    let names = ResourceType::ALL.map(|(name, _)| name).join(", ");
    ResourceType::named(text).ok_or_else(|| format!("ValidatePolicy knows {names}"))
}

/// A code that there is, in any case.
fn code(text: &str) -> Result<String, String> {
    let upper = text.trim().to_ascii_uppercase();
    let known = || RULES.iter().map(|row| row.code).chain(["JSON_SYNTAX_ERROR", lint::NOT_FINISHED]);
    if known().any(|known| known == upper) {
        return Ok(upper);
    }
    let near = crate::catalog::nearest::first(&upper, known());
    Err(near.map_or_else(|| "there is no such code".to_owned(), |near| format!("there is no such code; did you mean {near}?")))
}

/// `leastwise validate`
pub(crate) fn validate(args: &ValidateArgs) -> Result<Exit, Trouble> {
    let selection = Selection { select: args.select.clone(), ignore: args.ignore.clone(), aws_only: args.aws_only };
    check_types(args.policy_type, args.resource_type)
        .map_err(|message| Diagnostic::bare("bad-arguments", message, "give --policy-type RESOURCE_POLICY, or leave one out"))?;
    if args.diff && args.format != ListingFormat::Text {
        let help = "leave --format out, or --diff";
        return Err(Diagnostic::bare("bad-arguments", "--diff shows a text", help).into());
    }
    let mut listing = Listing::default();
    let mut fails = false;
    for path in &args.policies {
        let mut policy = read(path)?;
        let (kind, of) = types(args, &policy, path);
        if args.fix {
            fix(args, path, &mut policy, (kind, of), &selection)?;
        }
        let found = match &policy.value {
            Ok(value) => lint::validate_value(&policy.source, value, kind, of, &selection),
            Err(error) => lint::not_json(error, &selection),
        };
        fails |= args.fail_on.result(&found) == "FAIL";
        match args.format {
            ListingFormat::Json => {
                let mut shown = answer(&policy.source, &found, args.fail_on);
                if let Some(object) = shown.as_object_mut() {
                    object.insert("file".to_owned(), json!(path.display().to_string()));
                }
                print_json(&shown)?;
            }
            ListingFormat::Text | ListingFormat::Sarif | ListingFormat::Github => listing.add(&policy.source, &found),
        }
    }
    match args.format {
        ListingFormat::Json => {}
        ListingFormat::Text => {
            print(&findings::text(&listing))?;
            say(&format!("{}\n", findings::summary(&listing, args.policies.len())));
        }
        ListingFormat::Sarif => print_json(&sarif::sarif(&listing))?,
        ListingFormat::Github => print(&github::github(&listing))?,
    }
    Ok(if fails { Exit::DoesNotHold } else { Exit::Holds })
}

/// Simplifies a file, or shows how.
fn fix(
    args: &ValidateArgs,
    path: &Path,
    policy: &mut Read,
    (kind, of): (PolicyType, Option<ResourceType>),
    selection: &Selection,
) -> Result<(), Trouble> {
    if path == Path::new("-") {
        let help = "give a file, or --diff to see what would be cut";
        if !args.diff {
            return Err(Diagnostic::bare("bad-arguments", "--fix writes files, not standard input", help).into());
        }
    }
    if policy.value.is_err() {
        return Ok(());
    }
    if policy.is_inside {
        say(&format!("note: {} holds the policy inside another document, which --fix leaves alone\n", path.display()));
        return Ok(());
    }
    let shown = path.display();
    match lint_fix::fix(&policy.source, kind, of, selection, &Settings::default()) {
        Ok(Fixed { text, cut }) => {
            let count = if cut.len() == 1 { "1 part".to_owned() } else { format!("{} parts", cut.len()) };
            say(&format!("{shown}: {count} cut; proved equivalent\n"));
            if args.diff {
                let before: &str = &policy.source.text;
                let diff = similar::TextDiff::from_lines(before, &text);
                let name = shown.to_string();
                let diff = diff.unified_diff().context_radius(3).header(&name, &name).to_string();
                return print(&escape::stray(&diff));
            }
            save::write(path, &text)?;
            *policy = read(path)?;
        }
        Err(NotFixed::Nothing) => {}
        Err(NotFixed::NotProved(why)) => {
            say(&format!("note: {shown} is left as it is, since nothing shorter is proved: {why}\n"))
        }
        Err(NotFixed::Unreadable(error)) => return Err(error.into()),
    }
    Ok(())
}

/// A policy, or why it is no JSON.
struct Read {
    source: Source,
    value: Result<Value, Diagnostic>,
    /// Whether it is a part of another document.
    is_inside: bool,
}

fn read(path: &Path) -> Result<Read, Trouble> {
    let source = input::source(path)?;
    match sources::read(&source, &Budget::default(), Wanted::Policy) {
        Ok((source, value)) => {
            let found = sources::policy(&source, &value, Wanted::Policy)?;
            input::warn(&found.note);
            let is_inside = found.note.is_some() || **found.source.text != **source.text;
            Ok(Read { source: found.source, value: Ok(found.value), is_inside })
        }
        Err(error) if lint::is_syntax(&error) => {
            let source = error.source.clone().unwrap_or(source);
            Ok(Read { source, value: Err(error), is_inside: false })
        }
        Err(error) => Err(error.into()),
    }
}

/// The types of a policy: as said, or as its elements say; the latter is told.
fn types(args: &ValidateArgs, policy: &Read, path: &Path) -> (PolicyType, Option<ResourceType>) {
    if let Some(kind) = args.policy_type {
        return (kind, args.resource_type);
    }
    if args.resource_type.is_some() {
        return (PolicyType::Resource, args.resource_type);
    }
    let Ok(value) = &policy.value else { return (PolicyType::Identity, None) };
    let statements = value.get("Statement").map(|it| it.elements().unwrap_or(std::slice::from_ref(it))).unwrap_or_default();
    let has = |name: &str| statements.iter().any(|statement| statement.get(name).is_some());
    if !has("Principal") && !has("NotPrincipal") {
        return (PolicyType::Identity, None);
    }
    let takes_role = |text: &str| text.to_ascii_lowercase().starts_with("sts:");
    let all_take_role = statements.iter().filter_map(|statement| statement.get("Action")).all(|action| {
        let actions = action.elements().unwrap_or(std::slice::from_ref(action));
        actions.iter().all(|one| one.as_str().is_some_and(takes_role))
    });
    let of = (all_take_role && !has("Resource") && !has("NotResource")).then_some(ResourceType::AssumeRolePolicyDocument);
    let what = if of.is_some() { "a role's trust policy" } else { "a resource policy" };
    say(&format!("note: {} has principals and is validated as {what}; --policy-type says otherwise\n", path.display()));
    (PolicyType::Resource, of)
}

fn check_types(kind: Option<PolicyType>, of: Option<ResourceType>) -> Result<(), String> {
    match (kind, of) {
        (Some(kind), Some(of)) if kind != PolicyType::Resource => {
            Err(format!("{} is a type of resource policies, not of {}", of.name(), kind.name()))
        }
        _ => Ok(()),
    }
}

fn answer(source: &Source, found: &[Finding], fail_on: FailOn) -> serde_json::Value {
    let findings: Vec<serde_json::Value> = found.iter().map(|finding| finding.json(source)).collect();
    let proof = report::versions(Catalog::LATEST);
    let result = fail_on.result(found);
    json!({"schema": report::SCHEMA, "check": "validate", "result": result, "findings": findings, "proof": proof})
}

/// A line of `batch`. Places are those in the policy as it is written there.
pub(super) fn line(line: &Line<'_>, settings: &Settings) -> Result<serde_json::Value, Failed> {
    let text_of = |name: &str| line.value.get(name).map(|value| (value.as_str().unwrap_or_default(), value.span));
    let wrong = |span, message: &str, help: String| bad(line.source, span, message, &help);
    let kind = match text_of("policyType") {
        None => None,
        Some((name, span)) => Some(PolicyType::named(name).ok_or_else(|| {
            wrong(span, "unknown `policyType`", format!("write {}", PolicyType::ALL.map(|(name, _)| name).join(", ")))
        })?),
    };
    let of = match text_of("resourceType") {
        None => None,
        Some((name, span)) => Some(ResourceType::named(name).ok_or_else(|| {
            wrong(span, "unknown `resourceType`", format!("write {}", ResourceType::ALL.map(|(name, _)| name).join(", ")))
        })?),
    };
    if let (Err(message), Some((_, span))) = (check_types(kind, of), text_of("resourceType")) {
        return Err(wrong(span, &message, "write \"policyType\": \"RESOURCE_POLICY\"".to_owned()).into());
    }
    let default = if of.is_some() { PolicyType::Resource } else { PolicyType::Identity };
    let fail_on = match text_of("failOn") {
        None => FailOn::SecurityWarning,
        Some((name, span)) => FailOn::from_str(name, true).map_err(|_| {
            wrong(span, "unknown `failOn`", "write error, security-warning, warning, suggestion or never".to_owned())
        })?,
    };
    let selection = Selection {
        select: codes(line, "select")?,
        ignore: codes(line, "ignore")?,
        aws_only: line.value.get("awsOnly").is_some_and(|value| value.kind == strict::Kind::Bool(true)),
    };
    let written = line.member("policy")?;
    let text = match written.as_str() {
        Some(text) => text.to_owned(),
        None => line.source.text.get(written.span.start..written.span.end).unwrap_or("").to_owned(),
    };
    let source = Source::new("policy", text);
    let found = lint::validate(&source, &settings.budget, kind.unwrap_or(default), of, &selection)?;
    Ok(answer(&source, &found, fail_on))
}

fn codes(line: &Line<'_>, name: &str) -> Result<Vec<String>, Diagnostic> {
    let Some(value) = line.value.get(name) else { return Ok(Vec::new()) };
    let one =
        |value: &Value| code(value.as_str().unwrap_or_default()).map_err(|message| bad(line.source, value.span, message, ""));
    value.elements().unwrap_or(std::slice::from_ref(value)).iter().map(one).collect()
}
