//! What may be typed. The same definition makes the help, the man page and the completions.

pub(crate) use super::question_args::{
    AccessNotGrantedArgs, EquivalentArgs, NoNewAccessArgs, NoPublicAccessArgs, OutsideAccessArgs, RefineArgs, VerifyArgs,
};
use super::switches::{
    Asking, Deciding, Emitting, EngineName, FindingFormat, Format, NotPrincipalName, Prover, ReadingArgs, Unknowns,
};
use crate::diag::Budget;
use crate::question::Settings;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

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

impl Cli {
    /// The command line of this process, if its switches go together.
    pub(crate) fn of_process() -> Result<Self, clap::Error> {
        let cli = Self::try_parse()?;
        match cli.command.conflict() {
            Some(conflict) => Err(Self::command().error(ErrorKind::ArgumentConflict, conflict)),
            None => Ok(cli),
        }
    }
}

impl Command {
    /// Which switches of it exclude each other, if two do.
    fn conflict(&self) -> Option<&'static str> {
        let explained = match self {
            Self::NoNewAccess(args) => Some((args.asking.explaining, args.viewing)),
            Self::AccessNotGranted(args) => Some((args.asking.explaining, args.viewing)),
            Self::NoPublicAccess(args) => Some((args.asking.explaining, args.viewing)),
            Self::Equivalent(args) => Some((args.asking.explaining, args.viewing)),
            _ => None,
        };
        if let Self::Recommend(args) = self
            && args.deciding.reading.not_principal == NotPrincipalName::List
        {
            return Some("--not-principal is about policies that name principals: recommend refines those of identities");
        }
        if explained.is_some_and(|(explaining, viewing)| explaining.explain && viewing.format.is_of_files()) {
            return Some("--explain is shown in text and JSON: it does not go with another --format");
        }
        let (deciding, proving, proof) = match self {
            Self::NoNewAccess(args) => (args.asking.deciding, Some(&args.asking.proving), &args.asking.proving.proof),
            Self::AccessNotGranted(args) => (args.asking.deciding, Some(&args.asking.proving), &args.asking.proving.proof),
            Self::NoPublicAccess(args) => (args.asking.deciding, Some(&args.asking.proving), &args.asking.proving.proof),
            Self::Equivalent(args) => (args.asking.deciding, Some(&args.asking.proving), &args.asking.proving.proof),
            Self::Batch(args) => (args.asking.deciding, Some(&args.asking.proving), &args.asking.proving.proof),
            Self::Refine(args) => (args.of.deciding, None, &args.of.proof),
            Self::Verify(args) => (args.of.deciding, None, &args.of.proof),
            Self::OutsideAccess(args) => (args.deciding, Some(&args.proving), &args.proving.proof),
            #[cfg(feature = "server")]
            Self::Serve(_) => return None,
            Self::Check(_)
            | Self::Explain(_)
            | Self::Findings(_)
            | Self::Recommend(_)
            | Self::Validate(_)
            | Self::Diff(_)
            | Self::Simulate(_)
            | Self::WhoCan(_)
            | Self::Report(_)
            | Self::Completions(_)
            | Self::Man(_) => {
                return None;
            }
        };
        let prove = proving.and_then(|proving| proving.prove);
        if deciding.engine == EngineName::Strings && (prove == Some(Prover::Z3) || proof.is_some()) {
            return Some(
                "--prove and --proof are about what automata prove; --engine strings asks Z3 itself: --emit-smt2 writes its question",
            );
        }
        (prove == Some(Prover::Automata) && proof.is_some())
            .then_some("--proof writes what Z3 checked: it does not go with --prove automata")
    }
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
    /// Check every policy in files and folders: JSON, YAML, CloudFormation templates, Terraform plans and states
    #[command(
        after_help = "Example:\n  leastwise check . --against origin/main --format sarif > leastwise.sarif\n\nWithout a configuration: public access, administrators, privilege escalation, exposure of credentials and data.\nA leastwise.toml, found upwards, adds critical permissions, trusted accounts and more.\nExit code 1 means that there is a finding of the level of --fail-on, or above."
    )]
    Check(CheckArgs),
    /// Decide one request, or many, under a policy or a stack of policies
    #[command(
        after_help = "Example of FILE:\n  {\"request\": {\"principal\": \"arn:aws:iam::111122223333:user/a\", \"action\": \"s3:GetObject\",\n               \"resource\": {\"arn\": \"arn:aws:s3:::b/k\", \"accountId\": \"111122223333\"}, \"context\": {}},\n   \"identityPolicies\": [{\"Version\": \"2012-10-17\", \"Statement\": []}]}\n\nBeside identityPolicies: resourcePolicy, permissionBoundaries, sessionPolicies, endpointPolicies,\nserviceControlPolicies and resourceControlPolicies (lists of levels, from the root down).\n`requests` takes a list instead. Exit code 0 means that every request is allowed.\n\nWithout a request in FILE, which is then a policy or a stack of policies:\n  leastwise simulate policy.json --principal arn:aws:iam::111122223333:user/a --action s3:GetObject \\\n    --resource arn:aws:s3:::b/k --resource-account 111122223333 --context aws:SourceIp=192.0.2.1"
    )]
    Simulate(SimulateArgs),
    /// Tell of every principal of an account whether it can do something, and who outside can
    #[command(
        after_help = "Example:\n  aws iam get-account-authorization-details > account.json\n  leastwise who-can iam:PassRole s3:DeleteBucket --account account.json\n\nCAN is shown by a request that was replayed, CANNOT is proved. Exit code 0 whatever the answers."
    )]
    WhoCan(super::who_can::WhoCanArgs),
    /// Find unused roles, access keys, passwords and permissions in an account, from evidence of use
    #[command(
        after_help = "Example:\n  leastwise findings --account account.json --evidence logs/ report.csv --days 90\n\nWhat no given evidence would show is listed as not observable, never as unused.\nExit code 1 means that there are findings (--fail-on)."
    )]
    Findings(super::findings::FindingsArgs),
    /// Refine the policies of every user, group and role of an account by what it used, with proofs
    #[command(
        after_help = "Example:\n  leastwise recommend --account account.json --evidence logs/ -o recommendations\n\nExit code 3 means that some entity's policies were not proved; its policies stay as they are."
    )]
    Recommend(super::recommend::RecommendArgs),
    /// Check policies as AWS's ValidatePolicy does, offline
    #[command(
        after_help = "Example:\n  leastwise validate policies/*.json --format sarif > findings.sarif\n\nWithout --policy-type a policy with principals is a resource policy. Exit code 1 means findings at or above --fail-on."
    )]
    Validate(super::validate::ValidateArgs),
    /// Write a page about an account: who can do what, with what shows it, in one file that asks nobody for anything
    #[command(after_help = "Example:\n  leastwise report --account account.json -o report.html")]
    Report(super::report::ReportArgs),
    /// Answer JSON Lines with JSON Lines, in input order, on all cores
    #[command(
        after_help = "Example:\n  echo '{\"id\":1,\"check\":\"equivalent\",\"a\":{...},\"b\":{...}}' | leastwise batch\n\nA line that cannot be answered gives {\"id\":..,\"error\":{..}} and the run goes on."
    )]
    Batch(BatchArgs),
    /// Serve the Access Analyzer REST API on this machine
    #[cfg(feature = "server")]
    #[command(
        after_help = "Example:\n  leastwise serve --listen 127.0.0.1:8080 &\n  AWS_ENDPOINT_URL=http://127.0.0.1:8080 aws accessanalyzer check-no-new-access ...\n\nClients may sign with any credentials: the server does not check them. On TERM or INT it answers what it has accepted, then ends."
    )]
    Serve(ServeArgs),
    /// Say what the code of an error or a warning means, with an example
    #[command(after_help = "Example:\n  leastwise explain duplicate-key\n\nWithout CODE it lists every code.")]
    Explain(ExplainArgs),
    /// Print shell completions
    #[command(after_help = "Example:\n  leastwise completions bash > /etc/bash_completion.d/leastwise")]
    Completions(CompletionsArgs),
    /// Print the manual page
    #[command(after_help = "Example:\n  leastwise man > leastwise.1")]
    Man(ManArgs),
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
    pub(crate) emitting: Emitting,
    #[command(flatten)]
    pub(crate) deciding: Deciding,
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LevelName {
    Note,
    Warning,
    Error,
}

/// What is known of CloudFormation templates beside them.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct TemplateArgs {
    /// The value of a template's parameter; several times for several
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) parameter: Vec<String>,
    /// The account that templates are deployed in
    #[arg(long, value_name = "ID")]
    pub(crate) account_id: Option<String>,
    /// The region that templates are deployed in
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
}

/// Which policy of a template, plan or other file with several is meant, and what is known of a template.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Picking {
    /// Of a file with several policies, the one of this name or logical id
    #[arg(long = "policy", value_name = "NAME")]
    pub(crate) named: Option<String>,
    #[command(flatten)]
    pub(crate) template: TemplateArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Files and folders; the working folder if absent
    pub(crate) paths: Vec<PathBuf>,
    /// The configuration, in place of the leastwise.toml that is found upwards
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Option<PathBuf>,
    /// Compare with a git revision: no policy may grant new access
    #[arg(long, value_name = "REV")]
    pub(crate) against: Option<String>,
    /// Only these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(crate) select: Vec<String>,
    /// Not these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(crate) ignore: Vec<String>,
    /// The level from which findings make exit code 1 [default: error]
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(crate) fail_on: Option<LevelName>,
    /// Findings that are known: those of this file do not count
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Write the findings of this run as a baseline
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
    pub(crate) write_baseline: Option<PathBuf>,
    /// The day that approvals are measured by; today by default
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) as_of: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: FindingFormat,
    /// Worker threads; all cores by default
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    #[command(flatten)]
    pub(crate) template: TemplateArgs,
    #[command(flatten)]
    pub(crate) deciding: Checking,
}

/// How the questions of `check` are decided.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Checking {
    /// How long one question may take: seconds, or a duration such as 500ms or 2m
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = super::switches::duration)]
    pub(crate) timeout: std::time::Duration,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
}

impl Checking {
    pub(crate) fn settings(self) -> Settings {
        let budget = Budget { timeout: self.timeout, ..Budget::default() };
        Settings { budget, readings: self.reading.readings(), ..Settings::default() }
    }
}

#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// A JSON file with the request and its policies; with --principal, a policy or a stack
    #[arg(required_unless_present = "account", conflicts_with = "account")]
    pub(crate) file: Option<PathBuf>,
    /// An account's export in place of the file: the policies are those of --principal, a user or role of it
    #[arg(long, value_name = "PATH", requires = "principal")]
    pub(crate) account: Option<PathBuf>,
    /// Who makes the request: the ARN of a user, a role or a session, an account id, a service name, or anonymous
    #[arg(long, value_name = "WHO", requires_all = ["action", "resource"])]
    pub(crate) principal: Option<String>,
    /// What it does, such as s3:GetObject
    #[arg(long, value_name = "ACTION", requires_all = ["principal", "resource"])]
    pub(crate) action: Option<String>,
    /// To what: an ARN, or * for an action without a resource
    #[arg(long, value_name = "ARN", requires_all = ["principal", "action"])]
    pub(crate) resource: Option<String>,
    /// The account that owns the resource, where its ARN does not say
    #[arg(long, value_name = "ID", requires = "principal")]
    pub(crate) resource_account: Option<String>,
    /// A key of the request's context with its value; a key given several times has several values
    #[arg(long, value_name = "KEY=VALUE", requires = "principal")]
    pub(crate) context: Vec<String>,
    /// Decide a request with an action or a context key that the catalog does not know, and note it
    #[arg(long, requires = "principal")]
    pub(crate) allow_unknown: bool,
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
    /// Worker threads; all cores by default
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    /// Say for each verdict whether it would differ under another reading
    #[arg(long)]
    pub(crate) remarks: bool,
    #[command(flatten)]
    pub(crate) unknowns: Unknowns,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The code, such as duplicate-key
    pub(crate) code: Option<String>,
}

#[cfg(feature = "server")]
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Where to listen; on any address but loopback, everybody who reaches it may ask
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT")]
    pub(crate) listen: std::net::SocketAddr,
    /// The account that clients are told they belong to, and the zone of trust of access previews; by default that of
    /// --account, or 123456789012
    #[arg(long, value_parser = account, value_name = "ID")]
    pub(crate) account_id: Option<String>,
    #[command(flatten)]
    pub(crate) holding: super::holding::Holding,
    /// The region in the ARNs of analyzers
    #[arg(long, default_value = "us-east-1")]
    pub(crate) region: String,
    /// Threads that answer questions; all cores by default
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    /// Questions that may wait; more are told to come back (429)
    #[arg(long, default_value = "256", value_name = "N")]
    pub(crate) queue: usize,
    /// Connections at once
    #[arg(long, default_value = "1024", value_name = "N")]
    pub(crate) connections: usize,
    /// The most bytes of a request's body
    #[arg(long, default_value = "10485760", value_name = "BYTES")]
    pub(crate) max_body: usize,
    /// Do not log requests on standard error
    #[arg(long)]
    pub(crate) quiet: bool,
    /// Say for each verdict whether it would differ under another reading
    #[arg(long)]
    pub(crate) remarks: bool,
    #[command(flatten)]
    pub(crate) deciding: Deciding,
    #[command(flatten)]
    pub(crate) explaining: super::switches::Explaining,
}

/// An account id.
#[cfg(feature = "server")]
fn account(text: &str) -> Result<String, String> {
    match text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(text.to_owned()),
        false => Err("expected an account id: 12 digits".to_owned()),
    }
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Write a page for each command into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
}
