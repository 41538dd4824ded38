//! `recommend`: proved policies for every entity of an account, from evidence.

use super::findings::Resting;
use super::switches::{Deciding, Format};
use super::{Exit, Trouble, print, progress, save, say};
use crate::account::recommend::{NotAction, Options, Recommendation, Recommender, Result as Outcome};
use crate::account::{findings, findings_text, quota, recommend_all, recommend_json};
use crate::diag::{count, escape};
use clap::{Args, ValueEnum};
use std::fmt::Write as _;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct RecommendArgs {
    #[command(flatten)]
    pub(crate) resting: Resting,
    /// Write one folder an entity, and summary.jsonl, into this folder
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Refine a managed policy once for all that have it, not for each entity
    #[arg(long)]
    pub(crate) shared: bool,
    /// Narrow resources too, to those that were seen: a proposal, as what this takes away is not proved unused
    #[arg(long)]
    pub(crate) resources: bool,
    /// Add conditions that keep to what CloudTrail's eventContext shows: proposals, told with the records behind them
    #[arg(long)]
    pub(crate) conditions: bool,
    /// What becomes of an Allow with NotAction: the shorter form, the exact one, or a list of actions
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) not_action: NotActionName,
    /// Managed policies that may be attached to one entity: AWS's limit unless you asked for more
    #[arg(long, default_value_t = quota::ATTACHED, value_name = "N")]
    pub(crate) attachments: usize,
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) deciding: Deciding,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum NotActionName {
    Auto,
    Keep,
    List,
}

/// `leastwise recommend`
pub(crate) fn recommend(args: &RecommendArgs) -> Result<Exit, Trouble> {
    let (accounts, evidence, find) = args.resting.read()?;
    let not_action = match args.not_action {
        NotActionName::Auto => NotAction::Auto,
        NotActionName::Keep => NotAction::Keep,
        NotActionName::List => NotAction::List,
    };
    let options = Options {
        find,
        shared: args.shared,
        resources: args.resources,
        conditions: args.conditions,
        not_action,
        attachments: args.attachments,
        settings: args.deciding.settings(),
    };
    let spinner = progress::spinner("refining and proving");
    crate::smt::limit_memory(super::MEMORY * recommend_all::threads());
    let recommender = Recommender::new(&accounts, &evidence, &options)?;
    let entities = recommender.entities();
    let all = recommend_all::all(&recommender, &entities)?;
    drop(spinner);
    let mut lines = String::new();
    for one in &all {
        lines.push_str(&escape::json(&recommend_json::summary(one, &evidence.counts).to_string()));
        lines.push('\n');
    }
    if let Some(folder) = &args.output {
        for one in &all {
            for (path, text) in recommend_json::files(one, recommender.window()) {
                let path = folder.join(path);
                let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { continue };
                save::write_all(parent, &[(name.to_string_lossy().into_owned(), text)])?;
            }
        }
        save::write_all(folder, &[("summary.jsonl".to_owned(), lines.clone())])?;
    }
    match args.format {
        Format::Json => print(&lines)?,
        Format::Text => {
            let shown = all.iter().map(text).collect::<String>() + &total(&all) + &findings_text::read(&evidence);
            print(&shown.lines().map(|line| format!("{}\n", escape::text(line))).collect::<String>())?;
            for note in findings::notes(&accounts, &evidence, &options.find, recommender.window()) {
                say(&format!("note: {}\n", escape::text(&note)));
            }
        }
    }
    let unknown = all.iter().any(|one| one.result == Outcome::Unknown);
    Ok(if unknown { Exit::Unknown } else { Exit::Holds })
}

fn text(one: &Recommendation<'_>) -> String {
    let mut out = format!("{}: {}", one.entity.arn, one.result.name());
    if one.removed > 0 {
        let (fewer, proved) = (fewer(one.removed), count(one.obligations(), "obligation", "obligations"));
        let _ = write!(out, ", {fewer}, {proved} proved");
    }
    if one.replayed > 0 {
        let _ = write!(out, ", {} replayed", count(one.replayed, "logged request", "logged requests"));
    }
    out.push('\n');
    for policy in &one.policies {
        let became = match &policy.refined {
            None => continue,
            Some(refined) if refined.is_empty => "goes".to_owned(),
            Some(_) if policy.parts.len() > 1 => format!("becomes {} managed policies", policy.parts.len()),
            Some(_) if policy.parts.len() == 1 => "becomes a managed policy".to_owned(),
            Some(_) => "is refined".to_owned(),
        };
        let _ = writeln!(out, "  {} {became}", policy.attached.label());
    }
    one.notes.iter().for_each(|note| _ = writeln!(out, "  note: {note}"));
    one.proposals().for_each(|(policy, proposal)| _ = writeln!(out, "  note: {policy}: {proposal}"));
    out
}

fn total(all: &[Recommendation<'_>]) -> String {
    let of = |result: Outcome| all.iter().filter(|one| one.result == result).count();
    format!(
        "{}: {} proved, {} empty, {} unchanged, {} unknown; {}, {} proved\n",
        count(all.len(), "entity", "entities"),
        of(Outcome::Proved),
        of(Outcome::Empty),
        of(Outcome::Unchanged),
        of(Outcome::Unknown),
        fewer(all.iter().map(|one| one.removed).sum()),
        count(all.iter().map(Recommendation::obligations).sum(), "obligation", "obligations"),
    )
}

fn fewer(actions: usize) -> String {
    format!("{} fewer", count(actions, "action", "actions"))
}
