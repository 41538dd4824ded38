//! `recommend`: proved policies for every entity of an account, from evidence.

use super::findings::Resting;
use super::switches::{Deciding, Format};
use super::{Exit, Trouble, findings, json_lines, print, progress, save, say, text_lines};
use crate::diag::escape;
use crate::ops::recommend::{self, ATTACHED, How, NotAction, Proving, Request};
use crate::report::recommended::{self, Certificate};
use crate::report::unused;
use clap::{Args, ValueEnum};
use std::collections::BTreeSet;
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
    /// Write what the proofs rest on into this folder, as SMT-LIB 2.6 files with an index a policy and an entity;
    /// scripts/recheck checks them
    #[arg(long, value_name = "DIR")]
    pub(crate) proof: Option<PathBuf>,
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
    #[arg(long, default_value_t = ATTACHED, value_name = "N")]
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

impl NotActionName {
    fn said(self) -> NotAction {
        match self {
            Self::Auto => NotAction::Auto,
            Self::Keep => NotAction::Keep,
            Self::List => NotAction::List,
        }
    }
}

/// `leastwise recommend`
pub(crate) fn recommend(args: &RecommendArgs) -> Result<Exit, Trouble> {
    let RecommendArgs { shared, resources, conditions, attachments, .. } = *args;
    let how = How { shared, resources, conditions, not_action: args.not_action.said(), attachments };
    let request = Request { grounds: args.resting.grounds()?, how };
    let read = findings::read(&request.grounds)?;
    let spinner = progress::spinner("refining and proving");
    crate::smt::limit_memory(super::MEMORY * recommend::threads());
    let Deciding { cross_check, .. } = args.deciding;
    let proving = Proving { settings: args.deciding.settings(), cross_check, keep: args.proof.is_some() };
    let answer = request.answer(&read, &proving)?;
    drop(spinner);
    let summaries = answer.all.iter().map(|one| recommended::json::summary(one, &read.evidence.counts));
    let lines = json_lines(&summaries.collect::<Vec<_>>());
    let layout = recommended::Layout::new(&answer.all);
    if let Some(folder) = &args.output {
        let write = |(path, text): (String, String)| save::write_many(&folder.join(path), &text);
        (0..answer.all.len()).flat_map(|at| layout.files(at, answer.window)).try_for_each(&write)?;
        layout.shared(answer.window).into_iter().try_for_each(&write)?;
        save::write_all(folder, &[("summary.jsonl".to_owned(), lines.clone())])?;
    }
    if let Some(folder) = &args.proof {
        let mut written = BTreeSet::new();
        let entities = (0..answer.all.len()).flat_map(|at| layout.certificates(at));
        for Certificate { index, text, questions } in entities.chain(layout.shared_certificates()) {
            for (path, script) in questions {
                if !written.contains(&path) {
                    save::write_many(&folder.join(&path), script)?;
                    written.insert(path);
                }
            }
            save::write_many(&folder.join(index), &text)?;
        }
    }
    match args.format {
        Format::Json => print(&lines)?,
        Format::Text => print(&text_lines(&(recommended::text(&answer.all) + &unused::read(&read.evidence))))?,
    }
    // Lines of JSON are about one entity each: what is worth knowing of all of them is talk.
    answer.notes.iter().for_each(|note| say(&format!("note: {}\n", escape::text(note))));
    Ok(answer.standing().into())
}
