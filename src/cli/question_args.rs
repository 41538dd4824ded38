//! What may be typed for the questions with a verdict: refine, verify, no-new-access, access-not-granted, no-public-access,
//! outside-access and equivalent. The other commands' arguments are in `args`.

use super::args::Picking;
use super::switches::{
    ActionsName, Asking, Counting, Deciding, Emitting, Format, PolicyType, Proving, Showing, Unknowns, Viewing,
};
use super::whose::Whose;
use crate::ops::Options;
use crate::question::Settings;
use clap::Args;
use std::path::{Path, PathBuf};

/// What refine and verify are told alike.
#[derive(Debug, Args)]
pub(crate) struct RefinementArgs {
    /// Unused permissions: the simple form, or GetFindingV2 / ListFindingsV2 documents
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    pub(crate) unused: Vec<PathBuf>,
    /// Where findings are about several roles or users, take those about this one
    #[arg(long, value_name = "ARN")]
    pub(crate) resource: Option<String>,
    /// Action catalog: latest, 2024-06, or a file
    #[arg(long, default_value = "latest", value_name = "latest|2024-06|FILE")]
    pub(crate) catalog: String,
    /// Write each proof obligation as an SMT-LIB 2.6 file into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) emit_smt2: Option<PathBuf>,
    /// Write what the proof rests on into this folder, as SMT-LIB 2.6 files with an index; scripts/recheck checks them
    #[arg(long, value_name = "DIR")]
    pub(crate) proof: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) unknowns: Unknowns,
    #[command(flatten)]
    pub(crate) deciding: Deciding,
}

impl RefinementArgs {
    pub(crate) fn options(&self) -> Options {
        Options { proof: self.proof.clone(), emit_smt2: self.emit_smt2.clone(), ..self.deciding.options() }
    }
}

#[derive(Debug, Args)]
pub(crate) struct RefineArgs {
    /// The policy
    pub(crate) policy: PathBuf,
    /// Write the refined policy here
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) of: RefinementArgs,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The policy as it was
    pub(crate) original: PathBuf,
    /// The refined policy
    pub(crate) refined: PathBuf,
    #[command(flatten)]
    pub(crate) of: RefinementArgs,
    #[command(flatten)]
    pub(crate) showing: Showing,
}

#[derive(Debug, Args)]
pub(crate) struct NoNewAccessArgs {
    /// The policy as it is; with --account the policy, or stack, that a principal would have in place of its own policies
    pub(crate) existing: PathBuf,
    /// The policy as it would be
    #[arg(required_unless_present = "account", conflicts_with = "account")]
    pub(crate) new: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) whose: Whose,
    /// The type of the policies; by default, a policy with principals is a resource policy
    #[arg(long, value_enum)]
    pub(crate) policy_type: Option<PolicyType>,
    #[command(flatten)]
    pub(crate) viewing: Viewing,
    #[command(flatten)]
    pub(crate) picking: Picking,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

impl NoNewAccessArgs {
    /// The files that it is about: the new policy first.
    pub(crate) fn files(&self) -> Vec<&Path> {
        self.new.iter().chain([&self.existing]).map(PathBuf::as_path).collect()
    }
}

#[derive(Debug, Args)]
pub(crate) struct AccessNotGrantedArgs {
    /// The policy
    #[arg(required_unless_present = "account", conflicts_with = "account")]
    pub(crate) policy: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) whose: Whose,
    /// Actions, with wildcards as in a policy and commas between them; may be given several times
    #[arg(long, value_name = "ACTION")]
    pub(crate) action: Vec<String>,
    /// Resource ARNs, with wildcards as in a policy and commas between them; may be given several times
    #[arg(long, value_name = "ARN")]
    pub(crate) resource: Vec<String>,
    /// A file with {"actions": [..], "resources": [..]}, or a list of one, as AWS's API takes it
    #[arg(long, value_name = "FILE")]
    pub(crate) access: Option<PathBuf>,
    /// The type of the policy
    #[arg(long, value_enum)]
    pub(crate) policy_type: Option<PolicyType>,
    #[command(flatten)]
    pub(crate) unknowns: Unknowns,
    #[command(flatten)]
    pub(crate) viewing: Viewing,
    #[command(flatten)]
    pub(crate) picking: Picking,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

impl AccessNotGrantedArgs {
    /// The file that it is about: the policy, or the account.
    pub(crate) fn files(&self) -> Vec<&Path> {
        self.policy.iter().chain(&self.whose.account).map(PathBuf::as_path).collect()
    }
}

#[derive(Debug, Args)]
pub(crate) struct NoPublicAccessArgs {
    /// The policy of the resource, or a stack with it
    pub(crate) policy: PathBuf,
    /// The type of the resource, such as AWS::S3::Bucket
    #[arg(long, value_name = "TYPE")]
    pub(crate) resource_type: String,
    #[command(flatten)]
    pub(crate) viewing: Viewing,
    #[command(flatten)]
    pub(crate) picking: Picking,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

#[derive(Debug, Args)]
pub(crate) struct OutsideAccessArgs {
    /// The policy of the resource, or a stack with it
    pub(crate) policy: PathBuf,
    /// An account id, an organization id (o-...), a principal's or provider's ARN, the ARN of a resource for which services
    /// may call, a provider's or service's domain, or a canonical user id; may be given several times
    #[arg(long, value_name = "WHO")]
    pub(crate) trusted: Vec<String>,
    /// Trust AWS services where nothing says for whom they call; those that call for somebody outside are still listed
    #[arg(long)]
    pub(crate) trust_services: bool,
    #[command(flatten)]
    pub(crate) emitting: Emitting,
    #[command(flatten)]
    pub(crate) viewing: Viewing,
    #[command(flatten)]
    pub(crate) deciding: Deciding,
    #[command(flatten)]
    pub(crate) proving: Proving,
    #[command(flatten)]
    pub(crate) counting: Counting,
    #[command(flatten)]
    pub(crate) showing: Showing,
}

impl OutsideAccessArgs {
    pub(crate) fn settings(&self) -> Settings {
        let catalog_actions = self.counting.actions == ActionsName::Catalog;
        let (realistic, prove) = (self.showing.realistic, self.proving.is_asked());
        Settings { catalog_actions, realistic, prove, ..self.deciding.settings() }
    }

    pub(crate) fn options(&self) -> Options {
        let (proof, emit_smt2) = (self.proving.proof.clone(), self.emitting.emit_smt2.clone());
        Options { settings: self.settings(), proof, emit_smt2, ..self.deciding.options() }
    }
}

#[derive(Debug, Args)]
pub(crate) struct EquivalentArgs {
    /// One policy
    pub(crate) a: PathBuf,
    /// The other
    pub(crate) b: PathBuf,
    #[command(flatten)]
    pub(crate) viewing: Viewing,
    #[command(flatten)]
    pub(crate) picking: Picking,
    #[command(flatten)]
    pub(crate) asking: Asking,
}
