//! What may be typed. The same definition makes the help, the man page and the completions.

use crate::diag::Budget;
use crate::policy::readings::{NotPrincipal, Unqualified};
use crate::policy::{ArnMatching, Readings};
use crate::question::{Engine, Settings};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Proves things about AWS IAM policies, offline, with the Z3 SMT solver.
#[derive(Debug, Parser)]
#[command(name = "leastwise", version, about, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 the property holds, 1 it does not, 2 bad input or could not run, 3 unknown.\nFILE may be - for standard input."
)]
pub struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Remove unused permissions from a policy, and prove that nothing else changed
    #[command(
        after_help = "Example:\n  leastwise refine policy.json --unused findings.json -o refined.json\n\nThe refined policy goes to standard output (or OUT), the diff and the proof to standard error.\nNothing is written unless all four obligations are proved."
    )]
    Refine(RefineArgs),
    /// Prove or refute that a policy is the original without its unused permissions
    #[command(after_help = "Example:\n  leastwise verify policy.json refined.json --unused findings.json")]
    Verify(VerifyArgs),
    /// Prove that a new version of a policy grants nothing new
    #[command(visible_alias = "check-no-new-access", after_help = "Example:\n  leastwise no-new-access old.json new.json")]
    NoNewAccess(NoNewAccessArgs),
    /// Prove that a policy grants none of the listed access
    #[command(
        visible_alias = "check-access-not-granted",
        after_help = "Example:\n  leastwise access-not-granted policy.json --action s3:DeleteBucket --resource 'arn:aws:s3:::prod-*'\n\nActions alone mean on any resource, resources alone mean any action."
    )]
    AccessNotGranted(AccessNotGrantedArgs),
    /// Prove that a resource policy grants nothing to the public
    #[command(
        visible_alias = "check-no-public-access",
        after_help = "Example:\n  leastwise no-public-access bucket-policy.json --resource-type AWS::S3::Bucket\n\nRole trust policies are AWS::IAM::AssumeRolePolicyDocument."
    )]
    NoPublicAccess(NoPublicAccessArgs),
    /// List who outside a zone of trust gets which access
    #[command(
        after_help = "Example:\n  leastwise outside-access bucket-policy.json --trusted 111122223333 --trusted o-a1b2c3d4e5\n\nExit code 0 means that nobody outside gets in."
    )]
    OutsideAccess(OutsideAccessArgs),
    /// Prove that two policies grant the same access
    #[command(after_help = "Example:\n  leastwise equivalent a.json b.json")]
    Equivalent(EquivalentArgs),
    /// Show the whole difference of access between two versions, both ways
    #[command(
        after_help = "Example:\n  leastwise diff old.json new.json --format markdown\n\nThe regions are disjoint and complete: a region is left out only if it is proved empty.\nExit code 0 means that there is no difference."
    )]
    Diff(DiffArgs),
    /// Decide one request, or many, under a policy or a stack of policies
    #[command(
        after_help = "Example of FILE:\n  {\"request\": {\"principal\": \"arn:aws:iam::111122223333:user/a\", \"action\": \"s3:GetObject\",\n               \"resource\": {\"arn\": \"arn:aws:s3:::b/k\", \"accountId\": \"111122223333\"}, \"context\": {}},\n   \"identityPolicies\": [{\"Version\": \"2012-10-17\", \"Statement\": []}]}\n\nBeside identityPolicies: resourcePolicy, permissionBoundaries, sessionPolicies, endpointPolicies,\nserviceControlPolicies and resourceControlPolicies (lists of levels, from the root down).\n`requests` takes a list instead. Exit code 0 means that every request is allowed."
    )]
    Simulate(SimulateArgs),
    /// Answer JSON Lines with JSON Lines, in input order, on all cores
    #[command(
        after_help = "Example:\n  echo '{\"id\":1,\"check\":\"equivalent\",\"a\":{...},\"b\":{...}}' | leastwise batch\n\nA line that cannot be answered gives {\"id\":..,\"error\":{..}} and the run goes on."
    )]
    Batch(BatchArgs),
    /// Print shell completions
    #[command(after_help = "Example:\n  leastwise completions bash > /etc/bash_completion.d/leastwise")]
    Completions(CompletionsArgs),
    /// Print the manual page
    #[command(after_help = "Example:\n  leastwise man > leastwise.1")]
    Man,
}

/// Text for people or JSON for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
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

#[derive(Debug, Clone, Copy, ValueEnum)]
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
}

impl ReadingArgs {
    pub(crate) fn matching(self) -> ArnMatching {
        match self.arn_matching {
            MatchingName::Segment => ArnMatching::Segment,
            MatchingName::Greedy => ArnMatching::Greedy,
        }
    }

    pub(crate) fn readings(self) -> Readings {
        Readings {
            not_principal: match self.not_principal {
                NotPrincipalName::Membership => NotPrincipal::Membership,
                NotPrincipalName::List => NotPrincipal::List,
            },
            unqualified: match self.unqualified {
                UnqualifiedName::Any => Unqualified::Any,
                UnqualifiedName::All => Unqualified::All,
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
    /// Every action, also those that AWS may add
    All,
    /// The actions that exist today
    Catalog,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyType {
    Identity,
    Resource,
}

#[derive(Debug, Args)]
pub(crate) struct Asking {
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
    /// How to decide
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) engine: EngineName,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    /// Decide with both engines; a disagreement is an error
    #[arg(long)]
    pub(crate) cross_check: bool,
    /// Who checks what the automata prove: themselves, or Z3 every lemma and the propositional part (refine always does)
    #[arg(long, value_enum)]
    pub(crate) prove: Option<Prover>,
    /// Write what a PASS rests on into this folder, as SMT-LIB 2.6 files with an index; scripts/recheck checks them
    #[arg(long, value_name = "DIR")]
    pub(crate) proof: Option<PathBuf>,
    /// Of a FAIL, show statement by statement what matches the witness and what does not
    #[arg(long)]
    pub(crate) explain: bool,
    /// Which actions count: every text, or only those of the catalog
    #[arg(long, value_enum, default_value = "all")]
    pub(crate) actions: ActionsName,
    /// Look for a witness that AWS could receive today
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) realistic: bool,
    /// Seconds that one question may take
    #[arg(long, default_value_t = 30.0, value_parser = seconds)]
    pub(crate) timeout: f64,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 && value <= 86_400.0 => Ok(value),
        _ => Err("expected a number of seconds between 0 and 86400, such as 2.5".to_owned()),
    }
}

impl Asking {
    pub(crate) fn settings(&self) -> Settings {
        let engine = match self.engine {
            EngineName::Auto => Engine::Auto,
            EngineName::Strings => Engine::Strings,
        };
        let budget = Budget { timeout: Duration::from_secs_f64(self.timeout), ..Budget::default() };
        Settings {
            engine,
            matching: self.reading.matching(),
            readings: self.reading.readings(),
            budget,
            catalog_actions: self.actions == ActionsName::Catalog,
            prove: self.prove == Some(Prover::Z3) || self.proof.is_some(),
            z3: true,
            realistic: self.realistic,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct CatalogArgs {
    /// Action catalog: latest, 2024-06, or a file
    #[arg(long, default_value = "latest", value_name = "latest|2024-06|FILE")]
    pub(crate) catalog: String,
}

#[derive(Debug, Args)]
pub(crate) struct RefineArgs {
    /// The policy
    pub(crate) policy: PathBuf,
    /// Unused permissions: the simple form, or GetFindingV2 / ListFindingsV2 documents
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    pub(crate) unused: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) catalog: CatalogArgs,
    /// Write the refined policy here
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,
    /// Write each proof obligation as an SMT-LIB 2.6 file into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) emit_smt2: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The policy as it was
    pub(crate) original: PathBuf,
    /// The refined policy
    pub(crate) refined: PathBuf,
    /// Unused permissions
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    pub(crate) unused: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) catalog: CatalogArgs,
    /// Write each proof obligation as an SMT-LIB 2.6 file into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) emit_smt2: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

#[derive(Debug, Args)]
pub(crate) struct NoNewAccessArgs {
    /// The policy as it is
    pub(crate) existing: PathBuf,
    /// The policy as it would be
    pub(crate) new: PathBuf,
    /// Of which type the policies are; by default, a policy with principals is a resource policy
    #[arg(long, value_enum)]
    pub(crate) policy_type: Option<PolicyType>,
    /// Write the question as SMT-LIB 2.6 into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) emit_smt2: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

#[derive(Debug, Args)]
pub(crate) struct AccessNotGrantedArgs {
    /// The policy
    pub(crate) policy: PathBuf,
    /// An action, with wildcards as in a policy; may be given several times
    #[arg(long, value_name = "ACTION")]
    pub(crate) action: Vec<String>,
    /// A resource ARN, with wildcards as in a policy; may be given several times
    #[arg(long, value_name = "ARN")]
    pub(crate) resource: Vec<String>,
    /// A file with {"actions": [..], "resources": [..]}, or a list of one, as AWS's API takes it
    #[arg(long, value_name = "FILE")]
    pub(crate) access: Option<PathBuf>,
    /// Of which type the policy is
    #[arg(long, value_enum)]
    pub(crate) policy_type: Option<PolicyType>,
    /// Write the question as SMT-LIB 2.6 into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) emit_smt2: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

#[derive(Debug, Args)]
pub(crate) struct NoPublicAccessArgs {
    /// The policy of the resource, or a stack with it
    pub(crate) policy: PathBuf,
    /// Of which type the resource is, such as AWS::S3::Bucket
    #[arg(long, value_name = "TYPE")]
    pub(crate) resource_type: String,
    /// Write the question as SMT-LIB 2.6 into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) emit_smt2: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

#[derive(Debug, Args)]
pub(crate) struct OutsideAccessArgs {
    /// The policy of the resource, or a stack with it
    pub(crate) policy: PathBuf,
    /// An account id, an organization id (o-...), a principal's or provider's ARN, or a canonical user id; may be given
    /// several times
    #[arg(long, value_name = "WHO")]
    pub(crate) trusted: Vec<String>,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

#[derive(Debug, Args)]
pub(crate) struct EquivalentArgs {
    /// One policy
    pub(crate) a: PathBuf,
    /// The other
    pub(crate) b: PathBuf,
    /// Write the two questions as SMT-LIB 2.6 into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) emit_smt2: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

/// As [`Format`], and Markdown for a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFormat {
    Text,
    Json,
    Markdown,
}

#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The policy, or stack, as it was
    pub(crate) old: PathBuf,
    /// As it is
    pub(crate) new: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: DiffFormat,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    /// Seconds that the comparison may take
    #[arg(long, default_value_t = 30.0, value_parser = seconds)]
    pub(crate) timeout: f64,
}

impl DiffArgs {
    pub(crate) fn settings(&self) -> Settings {
        let budget = Budget { timeout: Duration::from_secs_f64(self.timeout), ..Budget::default() };
        let (matching, readings) = (self.reading.matching(), self.reading.readings());
        Settings { matching, readings, budget, ..Settings::default() }
    }
}

#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// A JSON file with the request and the policy
    pub(crate) file: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
}

#[derive(Debug, Args)]
pub(crate) struct BatchArgs {
    /// JSON Lines; standard input if absent
    pub(crate) file: Option<PathBuf>,
    /// How to decide
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) engine: EngineName,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    /// Seconds that one line may take
    #[arg(long, default_value_t = 30.0, value_parser = seconds)]
    pub(crate) timeout: f64,
    /// Worker threads; all cores by default
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    /// Say of each verdict whether it would differ under another reading
    #[arg(long)]
    pub(crate) remarks: bool,
    /// Ask both engines about every line; if two verdicts differ, the line is an error and the exit code is 2
    #[arg(long)]
    pub(crate) cross_check: bool,
}

impl BatchArgs {
    pub(crate) fn settings(&self) -> Settings {
        let asking = Asking {
            format: Format::Json,
            engine: self.engine,
            reading: self.reading,
            cross_check: false,
            prove: None,
            proof: None,
            explain: false,
            actions: ActionsName::All,
            realistic: true,
            timeout: self.timeout,
        };
        asking.settings()
    }
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}
