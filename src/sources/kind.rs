//! Which of the documents that people mix up with policies is this one?
//!
//! Each is told by the members that its format always has; nothing is guessed from values alone.

use super::Wanted;
use crate::catalog::nearest;
use crate::json::{Kind as JsonKind, Member, Value};

/// A document that is known, but is not a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it, and `Kind::name` does in words")]
pub enum Kind {
    Policy,
    Statement,
    Statements,
    Stack,
    Simulation,
    BatchLine,
    Answer,
    AccessList,
    Finding,
    UnusedList,
    ValidateFindings,
    LastAccessed,
    Template,
    TemplateResource,
    Plan,
    State,
    Configuration,
    AccountDetails,
    CloudTrail,
    PolicyMetadata,
    PolicyList,
    AwsError,
    GoogleCloud,
    Azure,
    Kubernetes,
    // Texts that are not JSON.
    Empty,
    Html,
    Xml,
    JsonLines,
    YamlTemplate,
    YamlPolicy,
    Yaml,
    Hcl,
    CredentialReport,
    CliTable,
    CliError,
    Base64,
    Arn,
}

/// The members of a stack of policies.
pub const STACK_MEMBERS: [&str; 8] = [
    "identityPolicies",
    "resourcePolicy",
    "permissionBoundaries",
    "sessionPolicies",
    "serviceControlPolicies",
    "resourceControlPolicies",
    "endpointPolicies",
    "managementAccount",
];

/// The member of a stack that is spelled most like a name, which is none: case, a plural and a few letters aside.
pub fn stack_member_like(name: &str) -> Option<&'static str> {
    let stem = |name: &str| {
        let lower = name.to_ascii_lowercase();
        lower.strip_suffix("ies").map_or(lower.clone(), |start| format!("{start}y"))
    };
    let stems = STACK_MEMBERS.map(stem);
    let near = nearest::first(&stem(name), stems.iter().map(String::as_str))?;
    let at = stems.iter().position(|own| own == near)?;
    STACK_MEMBERS.get(at).copied().filter(|own| *own != name)
}

/// The member of an object that is meant as a member of a stack, with what it is meant as: it holds policies under a name
/// that is nearly one.
pub fn misspelled_member(value: &Value) -> Option<(&Member, &'static str)> {
    if value.get("Statement").is_some() || is_stack(value) {
        return None;
    }
    let holds = |member: &&Member| {
        let is_policy = |value: &Value| value.get("Statement").is_some();
        is_policy(&member.value) || member.value.elements().is_some_and(|all| all.iter().any(is_policy))
    };
    let members = value.members().unwrap_or_default().iter().filter(holds);
    let mut meant = members.filter_map(|member| Some((member, stack_member_like(&member.key)?)));
    meant.next()
}

/// Whether an object is a stack rather than a policy document.
pub fn is_stack(value: &Value) -> bool {
    value.get("Statement").is_none() && STACK_MEMBERS.iter().any(|name| value.get(name).is_some())
}

/// What a JSON document is, if it is one of those that are known.
pub fn recognize(value: &Value) -> Option<Kind> {
    match &value.kind {
        JsonKind::Object(_) => object(value),
        JsonKind::Array(elements) => list(elements),
        JsonKind::Null | JsonKind::Bool(_) | JsonKind::Number(_) | JsonKind::String(_) => None,
    }
}

/// A list is what all its elements are.
fn list(elements: &[Value]) -> Option<Kind> {
    let all = |test: fn(&Value) -> bool| !elements.is_empty() && elements.iter().all(test);
    if all(|element| element.get("serviceNamespace").is_some()) {
        return Some(Kind::UnusedList);
    }
    if all(is_statement) {
        return Some(Kind::Statements);
    }
    let first = recognize(elements.first()?)?;
    let same = elements.iter().all(|element| recognize(element) == Some(first));
    let counts = matches!(first, Kind::Finding | Kind::ValidateFindings | Kind::CloudTrail | Kind::TemplateResource);
    (same && counts).then_some(first)
}

fn is_statement(value: &Value) -> bool {
    value.get("Effect").is_some() && ["Action", "NotAction"].iter().any(|name| value.get(name).is_some())
}

// Long: a table of what tells documents apart, one line a kind; the order decides.
fn object(value: &Value) -> Option<Kind> {
    let has = |name: &str| value.get(name).is_some();
    let any = |names: &[&str]| names.iter().any(|name| has(name));
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let first_of = |name: &str| value.get(name).and_then(Value::elements).and_then(<[Value]>::first);
    let kind = if has("Statement") {
        Kind::Policy
    } else if has("check") && has("result") {
        Kind::Answer
    } else if has("check") {
        Kind::BatchLine
    } else if any(&["request", "requests"]) {
        Kind::Simulation
    } else if is_stack(value) {
        Kind::Stack
    } else if is_statement(value) {
        Kind::Statement
    } else if first_of("findings").is_some_and(|first| first.get("issueCode").is_some())
        || (has("issueCode") && has("findingDetails"))
    {
        Kind::ValidateFindings
    } else if has("serviceNamespace") {
        Kind::UnusedList
    } else if any(&["findingDetails", "findingType", "unusedPermissionDetails", "analyzedAt"]) || first_of("findings").is_some() {
        Kind::Finding
    } else if any(&["ServicesLastAccessed", "EntityDetailsList"]) {
        Kind::LastAccessed
    } else if has("AWSTemplateFormatVersion") || has_resources_of_a_template(value) {
        Kind::Template
    } else if text("Type").is_some_and(|of| of.starts_with("AWS::")) {
        Kind::TemplateResource
    } else if any(&["resource_changes", "planned_values", "prior_state"]) {
        Kind::Plan
    } else if has("terraform_version") && any(&["lineage", "serial", "resources", "values"]) {
        Kind::State
    } else if is_configuration(value) {
        Kind::Configuration
    } else if any(&["UserDetailList", "RoleDetailList", "GroupDetailList"]) {
        Kind::AccountDetails
    } else if first_of("Records").or(first_of("Events")).is_some_and(is_event) || is_event(value) {
        Kind::CloudTrail
    } else if any(&["AttachedPolicies", "PolicyNames", "PolicyGroups"])
        || first_of("Policies").or(first_of("Versions")).is_some_and(is_metadata)
    {
        Kind::PolicyList
    } else if is_metadata(value) || ["Policy", "PolicyVersion"].iter().filter_map(|name| value.get(name)).any(is_metadata) {
        Kind::PolicyMetadata
    } else if has("__type") || value.get("Error").is_some_and(|error| error.get("Code").is_some()) {
        Kind::AwsError
    } else if value.get("bindings").is_some_and(|bindings| bindings.elements().is_some()) {
        Kind::GoogleCloud
    } else if any(&["assignableScopes", "AssignableScopes"]) {
        Kind::Azure
    } else if has("apiVersion") && has("kind") {
        Kind::Kubernetes
    } else if only_members(value, &["actions", "resources"]) {
        Kind::AccessList
    } else {
        return None;
    };
    Some(kind)
}

fn only_members(value: &Value, names: &[&str]) -> bool {
    value
        .members()
        .is_some_and(|members| !members.is_empty() && members.iter().all(|member| names.contains(&member.key.as_str())))
}

fn has_resources_of_a_template(value: &Value) -> bool {
    let of_aws = |resource: &Value| resource.get("Type").and_then(Value::as_str).is_some_and(|of| of.contains("::"));
    let resources = value.get("Resources").and_then(Value::members).unwrap_or_default();
    resources.iter().any(|member| of_aws(&member.value))
}

/// Terraform's configuration as JSON: blocks of resources by type.
fn is_configuration(value: &Value) -> bool {
    let blocks = ["resource", "data"].iter().filter_map(|name| value.get(name)).filter_map(Value::members).flatten();
    blocks.into_iter().any(|member| member.key.starts_with("aws_"))
}

fn is_event(value: &Value) -> bool {
    value.get("CloudTrailEvent").is_some() || (value.get("eventName").is_some() && value.get("eventSource").is_some())
}

/// What IAM says of a policy or a version of one beside its document.
fn is_metadata(value: &Value) -> bool {
    let has = |name: &str| value.get(name).is_some();
    let of_policy = has("DefaultVersionId") || has("PolicyId");
    // Systems Manager lists policies of resources with an id beside each.
    (of_policy && !has("PolicyVersionList") && !has("Policy"))
        || (has("VersionId") && has("IsDefaultVersion") && !has("Document"))
}

impl Kind {
    /// What it is, in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Policy => "a policy",
            Self::Statement => "a statement of a policy",
            Self::Statements => "a list of statements",
            Self::Stack => "a stack of policies",
            Self::Simulation => "a request to simulate",
            Self::BatchLine => "a line of `batch`",
            Self::Answer => "an answer of this program",
            Self::AccessList => "a list of access",
            Self::Finding => "an Access Analyzer finding",
            Self::UnusedList => "a list of unused permissions",
            Self::ValidateFindings => "what ValidatePolicy found",
            Self::LastAccessed => "last accessed information",
            Self::Template => "a CloudFormation template",
            Self::TemplateResource => "a resource of a CloudFormation template",
            Self::Plan => "a Terraform plan",
            Self::State => "a Terraform state",
            Self::Configuration => "a Terraform configuration",
            Self::AccountDetails => "the output of get-account-authorization-details",
            Self::CloudTrail => "CloudTrail records",
            Self::PolicyMetadata => "what IAM says of a policy beside its document",
            Self::PolicyList => "a list of policies without their documents",
            Self::AwsError => "an error message of AWS",
            Self::GoogleCloud => "an IAM policy of Google Cloud",
            Self::Azure => "a role definition of Azure",
            Self::Kubernetes => "a Kubernetes manifest",
            Self::Empty => "an empty file",
            Self::Html => "an HTML page",
            Self::Xml => "XML",
            Self::JsonLines => "JSON Lines",
            Self::YamlTemplate => "a CloudFormation template in YAML",
            Self::YamlPolicy => "a policy in YAML",
            Self::Yaml => "YAML",
            Self::Hcl => "a Terraform configuration (HCL)",
            Self::CredentialReport => "a credential report",
            Self::CliTable => "a table of the AWS CLI",
            Self::CliError => "an error message of the AWS CLI",
            Self::Base64 => "base64 text",
            Self::Arn => "an ARN",
        }
    }

    /// What to do about it where something else is wanted.
    // Long: a table of advice, one row a pair of what was given and what was wanted.
    pub(super) fn advice(self, wanted: Wanted) -> &'static str {
        use Wanted as W;
        match (self, wanted) {
            (Self::Finding | Self::UnusedList, W::Policy | W::Access) => {
                "are the files swapped? unused permissions are given with --unused, the policy stands alone"
            }
            (Self::Policy, W::Unused) => {
                "are the files swapped? the policy stands alone, unused permissions are given with --unused"
            }
            (Self::Policy | Self::Stack, W::Simulation) => {
                "add --principal, --action and --resource, or write {\"request\": {..}, \"identityPolicies\": [..]}"
            }
            (Self::Stack, W::Policy) => "give one policy of the stack: this command reads a single policy",
            (Self::Statement, _) => "write {\"Version\": \"2012-10-17\", \"Statement\": [ .. ]} around it",
            (Self::Statements, _) => "write {\"Version\": \"2012-10-17\", \"Statement\": .. } around it",
            (Self::Simulation, _) => "ask `leastwise simulate` about it, or leave the request out",
            (Self::BatchLine, _) => "give it to `leastwise batch`",
            (Self::Answer, _) => "give the policy that the answer is about",
            (Self::AccessList, _) => "give it to `access-not-granted` with --access",
            (Self::ValidateFindings, W::Unused) | (Self::LastAccessed, W::Unused) => {
                "list what is unused: [{\"serviceNamespace\": \"s3\", \"actions\": [\"GetBucketAcl\"]}]"
            }
            (Self::ValidateFindings | Self::LastAccessed, _) => "give the policy that it is about",
            (Self::Template | Self::TemplateResource | Self::Configuration, _) => {
                "give the policy document alone, as it is deployed, with every function and variable filled in"
            }
            (Self::Plan, _) => "give the policy document alone: the text under `policy` in `change.after` of its resource",
            (Self::State, _) => "give the policy document alone: the text under `policy` of its resource",
            (Self::AccountDetails, W::Unused) => "last accessed information or findings say what is unused",
            (Self::AccountDetails, _) => "give one policy document of it",
            (Self::CloudTrail, W::Unused) => "it says what was used; list what is unused, or give Access Analyzer's findings",
            (Self::CloudTrail, _) => "give the policy document",
            (Self::PolicyMetadata, _) => {
                "get the document: aws iam get-policy-version --policy-arn ARN --version-id DEFAULT_VERSION_ID"
            }
            (Self::PolicyList, _) => {
                "get a document: aws iam get-policy-version, or get-role-policy, get-user-policy, get-group-policy for inline policies"
            }
            (Self::AwsError, _) | (Self::CliError, _) => {
                "the command that made the file failed: run it again, and look at its answer"
            }
            (Self::GoogleCloud | Self::Azure | Self::Kubernetes, _) => "give a policy of AWS IAM",
            (Self::Empty, _) => "did the command that made it fail? give a JSON document",
            (Self::Html, _) => "did a log-in page come in place of the file? save the document itself, as JSON",
            (Self::Xml, _) => "give the JSON document inside it; the AWS CLI prints JSON with --output json",
            (Self::JsonLines, W::Unused) => "make one list of the lines: jq -s . FILE",
            (Self::JsonLines, _) => "give one document at a time; `leastwise batch` takes questions as JSON Lines",
            (Self::YamlTemplate, _) => {
                "give the policy document alone as JSON, as it is deployed, with every function and variable filled in"
            }
            (Self::YamlPolicy | Self::Yaml, _) => "write it as JSON: yq -o json . FILE",
            (Self::Hcl, _) => {
                "give the policy document as JSON: the `json` of its aws_iam_policy_document, or from the plan (terraform show -json)"
            }
            (Self::CredentialReport, _) => "it says nothing of policies: give a JSON document",
            (Self::CliTable, _) => "ask the AWS CLI for JSON: --output json",
            (Self::Base64, _) => "decode it first: base64 -d FILE",
            (Self::Arn, _) => {
                "give the document itself: aws iam get-policy-version --policy-arn ARN --version-id DEFAULT_VERSION_ID"
            }
            (Self::Policy | Self::Stack | Self::Finding | Self::UnusedList, _) => "give the document that the command asks for",
        }
    }
}
