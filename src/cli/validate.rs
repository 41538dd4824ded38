//! `validate`: what AWS's ValidatePolicy says of policies, and what more can be proved of them.
//!
//! A text that is not JSON is a finding, as it is for AWS; a file that cannot be read, or that holds another document, is bad
//! input. Findings of the types that AWS's own clients block on, ERROR and SECURITY_WARNING, are exit code 1 by default.

use super::switches::FindingFormat;
use super::{Exit, Trouble, input, listing, print, print_json, save, say};
use crate::diag::{Budget, Diagnostic, Level, count, escape};
use crate::document::listed;
use crate::lint::fix::{self as lint_fix, Fixed, NotFixed};
use crate::lint::{PolicyType, ResourceType, Selection};
use crate::ops::validate::{self as ops, FailOn, Read, Validate};
use crate::question::Settings;
use crate::report::gate::Findings;
use crate::report::json;
use crate::report::listing::Listing;
use crate::report::{Found, Standing, findings, github, sarif};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
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
    pub(crate) format: FindingFormat,
    /// From which type on findings are exit code 1
    #[arg(long, default_value = "security-warning", value_name = "LEVEL", value_parser = level())]
    pub(crate) fail_on: FailOn,
    /// Find only these codes; commas between them
    #[arg(long, value_name = "CODES", value_delimiter = ',', value_parser = ops::code)]
    pub(crate) select: Vec<String>,
    /// Leave these codes out; commas between them
    #[arg(long, value_name = "CODES", value_delimiter = ',', value_parser = ops::code)]
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

fn policy_type(text: &str) -> Result<PolicyType, String> {
    let names = PolicyType::ALL.map(|(name, _)| name).join(", ");
    PolicyType::named(&text.to_ascii_uppercase()).ok_or_else(|| format!("expected one of {names}"))
}

fn resource_type(text: &str) -> Result<ResourceType, String> {
    let names = ResourceType::ALL.map(|(name, _)| name).join(", ");
    ResourceType::named(text).ok_or_else(|| format!("ValidatePolicy knows {names}"))
}

/// A level by its name; help and completions list the names.
fn level() -> impl TypedValueParser<Value = FailOn> {
    let names = PossibleValuesParser::new(FailOn::ALL.map(|(name, _)| name));
    names.try_map(|name| FailOn::named(&name).ok_or("there is no such level"))
}

/// `leastwise validate`
pub(crate) fn validate(args: &ValidateArgs) -> Result<Exit, Trouble> {
    let selection = Selection { select: args.select.clone(), ignore: args.ignore.clone(), aws_only: args.aws_only };
    ops::check_types(args.policy_type, args.resource_type)
        .map_err(|message| Diagnostic::bare("bad-arguments", message, "give --policy-type RESOURCE_POLICY, or leave one out"))?;
    if args.diff && args.format != FindingFormat::Text {
        let help = "leave --format out, or --diff";
        return Err(Diagnostic::bare("bad-arguments", "--diff shows a text", help).into());
    }
    let mut listing = Listing::default();
    let mut exit = Exit::Holds;
    for path in &args.policies {
        let mut policy = read(path)?;
        let (kind, of) = types(args, &policy, path);
        if args.fix {
            fix(args, path, &mut policy, (kind, of), &selection)?;
        }
        let asked = Validate { kind, of, selection: selection.clone(), fail_on: args.fail_on };
        let report = asked.answer(&policy.source, policy.value.as_ref());
        if report.standing() != Standing::Holds {
            exit = Exit::DoesNotHold;
        }
        match (args.format, json::answer(&report), &report.found) {
            (FindingFormat::Json, json::Answer::Validate(answer), _) => {
                print_json(&answer.of_file(path.display().to_string()))?;
            }
            (_, _, Found::Validated { findings, .. }) => listing.add(&policy.source, findings),
            _ => {}
        }
    }
    let summary = findings::summary(&listing, args.policies.len());
    match args.format {
        FindingFormat::Json => {}
        FindingFormat::Text => {
            print(&findings::text(&listing))?;
            say(&format!("{summary}\n"));
        }
        FindingFormat::Sarif => listing::log(&sarif::sarif(&listing))?,
        FindingFormat::Github => print(&github::github(&listing))?,
        FindingFormat::Markdown | FindingFormat::Junit => {
            let all = listing.findings();
            let counted: Vec<bool> = listing.items.iter().map(|item| args.fail_on.counts(item.of)).collect();
            let policies = args.policies.len();
            let (counted, headline) = (Some(&counted[..]), Some(summary.as_str()));
            let (check, files, fail_on) = ("validate", policies, Level::Error);
            listing::list(&Findings { check, all: &all, rules: &[], files, policies, fail_on, counted, headline }, args.format)?;
        }
    }
    Ok(exit)
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
            say(&format!("{shown}: {} cut; proved equivalent\n", count(cut.len(), "part", "parts")));
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

fn read(path: &Path) -> Result<Read, Trouble> {
    let read = Read::of(&input::source(path)?, &Budget::default())?;
    input::warn(&read.note);
    Ok(read)
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
    let statements = listed(value);
    let has = |name: &str| statements.iter().any(|statement| statement.get(name).is_some());
    if !has("Principal") && !has("NotPrincipal") {
        return (PolicyType::Identity, None);
    }
    let takes_role = |text: &str| text.to_ascii_lowercase().starts_with("sts:");
    let all_take_role = statements
        .iter()
        .filter_map(|statement| statement.get("Action"))
        .all(|action| action.items().iter().all(|one| one.as_str().is_some_and(takes_role)));
    let of = (all_take_role && !has("Resource") && !has("NotResource")).then_some(ResourceType::AssumeRolePolicyDocument);
    let what = if of.is_some() { "a role's trust policy" } else { "a resource policy" };
    say(&format!("note: {} has principals and is validated as {what}; --policy-type says otherwise\n", path.display()));
    (PolicyType::Resource, of)
}
