//! Which switches do several commands share? One struct for each thing that a command can do, so that a command takes what
//! it can do, and what would do nothing is refused.

use super::Trouble;
use crate::diag::Budget;
use crate::ops::{Options, written};
use crate::policy::readings::{AnyIfExists, NotPrincipal, Unqualified};
use crate::policy::{ArnMatching, Readings};
use crate::question::{Engine, Settings};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Text for people or JSON for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FindingFormat {
    Text,
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of a GitHub workflow
    Github,
    /// A comment for a pull request
    Markdown,
    Junit,
}

impl FindingFormat {
    /// Whether it is about places in files.
    pub(crate) fn is_of_files(self) -> bool {
        !matches!(self, Self::Text | Self::Json)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineName {
    /// Split by action, then strings
    Auto,
    /// One whole formula: the plain encoding of the papers
    Strings,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum MatchingName {
    /// A wildcard does not cross one of an ARN's first five colons
    Segment,
    /// A wildcard crosses colons
    Greedy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum NotPrincipalName {
    /// An entry spares everybody it names as a Principal: an account its principals, a role its sessions
    Membership,
    /// A principal is spared if each of its ARNs is listed: account, user or role, session
    List,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum UnqualifiedName {
    /// Some value matches; under a negated operator none does
    Any,
    /// All values match; under a negated operator not all do
    All,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum AnyIfExistsName {
    /// It holds, as IfExists says
    Holds,
    /// It fails, as ForAnyValue says
    Fails,
}

/// Where AWS's pages allow two readings, which one counts.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct ReadingArgs {
    /// How far wildcards reach in resource ARNs
    #[arg(long, value_enum, default_value = "segment")]
    pub(crate) arn_matching: MatchingName,
    /// Whom NotPrincipal spares
    #[arg(long, value_enum, default_value = "membership")]
    pub(crate) not_principal: NotPrincipalName,
    /// When a multivalued key passes without ForAnyValue or ForAllValues
    #[arg(long, value_enum, default_value = "any")]
    pub(crate) unqualified: UnqualifiedName,
    /// What ForAnyValue:..IfExists says of an absent key
    #[arg(long, value_enum, default_value = "holds")]
    pub(crate) any_if_exists: AnyIfExistsName,
}

impl ReadingArgs {
    pub(crate) fn readings(self) -> Readings {
        Readings {
            arn_matching: match self.arn_matching {
                MatchingName::Segment => ArnMatching::Segment,
                MatchingName::Greedy => ArnMatching::Greedy,
            },
            not_principal: match self.not_principal {
                NotPrincipalName::Membership => NotPrincipal::Membership,
                NotPrincipalName::List => NotPrincipal::List,
            },
            unqualified: match self.unqualified {
                UnqualifiedName::Any => Unqualified::Any,
                UnqualifiedName::All => Unqualified::All,
            },
            any_if_exists: match self.any_if_exists {
                AnyIfExistsName::Holds => AnyIfExists::Holds,
                AnyIfExistsName::Fails => AnyIfExists::Fails,
            },
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Prover {
    /// The automata's word is taken
    Automata,
    /// Z3 checks
    Z3,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ActionsName {
    /// Every action, including those that AWS may add
    All,
    /// The actions that exist today
    Catalog,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyType {
    Identity,
    Resource,
}

impl PolicyType {
    /// As requests have it.
    pub(crate) fn said(self) -> written::PolicyType {
        match self {
            Self::Identity => written::PolicyType::IdentityPolicy,
            Self::Resource => written::PolicyType::ResourcePolicy,
        }
    }
}

/// How a question is decided, and what it may cost: wherever one is asked.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Deciding {
    /// How to decide
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) engine: EngineName,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    /// Decide with both engines; a disagreement is an error
    #[arg(long)]
    pub(crate) cross_check: bool,
    /// How long one question may take: seconds, or a duration such as 500ms or 2m
    #[arg(long, default_value = "30", value_parser = duration, value_name = "DURATION")]
    pub(crate) timeout: Duration,
}

impl Deciding {
    pub(crate) fn settings(&self) -> Settings {
        let engine = match self.engine {
            EngineName::Auto => Engine::Auto,
            EngineName::Strings => Engine::Strings,
        };
        let budget = Budget { timeout: self.timeout, ..Budget::default() };
        let readings = self.reading.readings();
        Settings { engine, readings, budget, ..Settings::default() }
    }

    /// What an operation takes beside its request.
    pub(crate) fn options(&self) -> Options {
        Options { cross_check: self.cross_check, write, ..Options::new(self.settings()) }
    }
}

/// Writes files for an operation.
fn write(folder: &Path, files: &[(String, String)]) -> Result<(), String> {
    super::save::write_all(folder, files).map_err(|trouble| match trouble {
        Trouble::Input(found) => found.to_string(),
        Trouble::Other(error) => format!("{error:#}"),
    })
}

/// Seconds, or a number with a unit.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let seconds = match text.parse::<f64>() {
        Ok(seconds) => Some(seconds),
        Err(_) => text.parse::<jiff::SignedDuration>().ok().map(|duration| duration.as_secs_f64()),
    };
    match seconds {
        Some(seconds) if seconds > 0.0 && seconds <= 86_400.0 => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("expected seconds or a duration, above 0 and at most a day, such as 5, 2.5, 5s, 500ms".to_owned()),
    }
}

/// Which requests count.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Counting {
    /// Which actions count: all, or only those that exist today
    #[arg(long, value_enum, default_value = "all")]
    pub(crate) actions: ActionsName,
}

/// Which request shows a FAIL.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Showing {
    /// Look for a witness that AWS could receive today
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) realistic: bool,
}

/// Who checks a PASS.
#[derive(Debug, Clone, Args)]
pub(crate) struct Proving {
    /// Who checks what the automata prove: nobody else, or Z3 (every lemma and the propositional part; refine always does)
    #[arg(long, value_enum)]
    pub(crate) prove: Option<Prover>,
    /// Write what a PASS rests on into this folder, as SMT-LIB 2.6 files with an index; scripts/recheck checks them
    #[arg(long, value_name = "DIR")]
    pub(crate) proof: Option<PathBuf>,
}

impl Proving {
    /// Whether Z3 is to check what the automata prove.
    pub(crate) fn is_asked(&self) -> bool {
        self.prove == Some(Prover::Z3) || self.proof.is_some()
    }
}

/// What is said of a FAIL.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Explaining {
    /// For a FAIL, show statement by statement what matches the witness and what does not
    #[arg(long)]
    pub(crate) explain: bool,
}

/// Where the question itself goes, for another solver.
#[derive(Debug, Clone, Args)]
pub(crate) struct Emitting {
    /// Write the question, or its parts, as SMT-LIB 2.6 into this folder (in batch, one folder a line below it)
    #[arg(long, value_name = "DIR")]
    pub(crate) emit_smt2: Option<PathBuf>,
}

/// Which view a question prints.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Viewing {
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: FindingFormat,
}

/// All of it: for questions with a verdict.
#[derive(Debug, Clone, Args)]
pub(crate) struct Asking {
    #[command(flatten)]
    pub(crate) emitting: Emitting,
    #[command(flatten)]
    pub(crate) deciding: Deciding,
    #[command(flatten)]
    pub(crate) proving: Proving,
    #[command(flatten)]
    pub(crate) explaining: Explaining,
    #[command(flatten)]
    pub(crate) counting: Counting,
    #[command(flatten)]
    pub(crate) showing: Showing,
}

impl Asking {
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            catalog_actions: self.counting.actions == ActionsName::Catalog,
            prove: self.proving.is_asked(),
            realistic: self.showing.realistic,
            ..self.deciding.settings()
        }
    }

    /// What an operation takes beside its request.
    pub(crate) fn options(&self) -> Options {
        let (proof, emit_smt2) = (self.proving.proof.clone(), self.emitting.emit_smt2.clone());
        let explain = self.explaining.explain;
        Options { settings: self.settings(), explain, proof, emit_smt2, ..self.deciding.options() }
    }
}

/// What becomes of names that nobody knows.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Unknowns {
    /// Ask about names that the catalog does not know, with a note, instead of refusing them
    #[arg(long)]
    pub(crate) allow_unknown: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::readings::READINGS;

    /// Each row of the table of readings is a switch, with its values and its default.
    #[test]
    fn every_reading_is_a_switch() {
        let command = ReadingArgs::augment_args(clap::Command::new("any"));
        let mut switches: Vec<&str> = command.get_arguments().filter_map(|switch| switch.get_long()).collect();
        for reading in &READINGS {
            let own = command.get_arguments().find(|switch| switch.get_long() == Some(reading.flag)).unwrap();
            let values: Vec<String> = own.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
            assert_eq!(values, reading.values, "{}", reading.flag);
            assert_eq!(own.get_default_values(), [reading.values[0]], "{}", reading.flag);
            switches.retain(|switch| *switch != reading.flag);
        }
        assert!(switches.is_empty(), "{switches:?}");
    }

    #[test]
    fn a_timeout_is_seconds_or_a_duration() {
        for (text, milliseconds) in
            [("5", 5_000), ("2.5", 2_500), ("5s", 5_000), ("500ms", 500), ("2m", 120_000), ("1m30s", 90_000)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "0", "-1", "nan", "inf", "1e9", "5 apples", "-5s", "2d", "0ms", "s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
