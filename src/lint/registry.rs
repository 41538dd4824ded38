//! Which codes are there, for which policies, and which rule finds each?
//!
//! One row a code. `JSON_SYNTAX_ERROR` has none: a text that is no JSON has no other finding. What AWS's page still lists
//! but AWS no longer refuses is found only where it is selected.
//!
//! Source: IAM User Guide, "IAM Access Analyzer policy validation check reference".

use super::finding::{Finding, FindingType, Origin, Place};
use super::proved;
use super::request::{PolicyType, ResourceType};
use super::rules::*;
use super::view::Policy;
use FindingType::{Error, SecurityWarning, Suggestion, Warning};

/// A rule: looks at a policy, and says what it finds under the code that it is asked for.
type Check = fn(&Policy<'_>, &mut Emit<'_>);

/// One code.
pub struct Row {
    /// The issue code.
    pub code: &'static str,
    /// How bad it is.
    pub kind: FindingType,
    /// Whose check it is.
    pub origin: Origin,
    /// Whether it is found without being selected.
    pub is_default: bool,
    policies: u8,
    pub(crate) check: Check,
}

/// Types of policies: identity, resource but for trust, role trust, service control, resource control.
const I: u8 = 1;
const R: u8 = 2;
const T: u8 = 4;
const S: u8 = 8;
const C: u8 = 16;
const ALL: u8 = 31;

impl Row {
    /// Whether it is about policies of this type.
    pub fn applies(&self, kind: PolicyType, resource_type: Option<ResourceType>) -> bool {
        let own = match kind {
            PolicyType::Identity => I,
            PolicyType::Resource if resource_type == Some(ResourceType::AssumeRolePolicyDocument) => T,
            PolicyType::Resource => R,
            PolicyType::ServiceControl => S,
            PolicyType::ResourceControl => C,
        };
        self.policies & own != 0
    }
}

/// The code of a rule of ours that did not come to its end.
pub const NOT_FINISHED: &str = "PROOF_NOT_FINISHED";

/// Takes what a rule finds.
pub(crate) struct Emit<'o> {
    row: &'static Row,
    out: &'o mut Vec<Finding>,
}

impl<'o> Emit<'o> {
    pub(crate) fn new(row: &'static Row, out: &'o mut Vec<Finding>) -> Self {
        Self { row, out }
    }

    /// The code that is asked for.
    pub(crate) fn code(&self) -> &'static str {
        self.row.code
    }

    /// A finding at one place.
    pub(crate) fn at(&mut self, place: &Place, details: impl Into<String>) {
        self.places(vec![place.clone()], details);
    }

    /// A finding at several places, the main one first.
    pub(crate) fn places(&mut self, locations: Vec<Place>, details: impl Into<String>) {
        let Row { code, kind, origin, .. } = *self.row;
        self.out.push(Finding { kind, code, details: details.into(), locations, origin, evidence: None });
    }

    /// A finding that was proved, or that a request shows.
    pub(crate) fn proved(&mut self, place: &Place, details: impl Into<String>, evidence: serde_json::Value) {
        let Row { code, kind, origin, .. } = *self.row;
        let (details, locations) = (details.into(), vec![place.clone()]);
        self.out.push(Finding { kind, code, details, locations, origin, evidence: Some(evidence) });
    }

    /// Says that a rule did not come to its end.
    pub(crate) fn open(&mut self, place: &Place, why: impl std::fmt::Display) {
        let details = format!("{}: {why}", self.row.code);
        let (kind, code, origin) = (Suggestion, NOT_FINISHED, Origin::Leastwise);
        self.out.push(Finding { kind, code, details, locations: vec![place.clone()], origin, evidence: None });
    }
}

const fn aws(code: &'static str, kind: FindingType, policies: u8, check: Check) -> Row {
    Row { code, kind, origin: Origin::Aws, is_default: true, policies, check }
}

const fn ours(code: &'static str, kind: FindingType, policies: u8, check: Check) -> Row {
    Row { code, kind, origin: Origin::Leastwise, is_default: true, policies, check }
}

const fn on_demand(row: Row) -> Row {
    Row { is_default: false, ..row }
}

/// `INVALID_SERVICE`, of a resource or of a condition key
fn invalid_service(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    resources::check(policy, emit);
    keys::unknown_key(policy, emit);
}

/// Every code: AWS's, sorted, and ours.
pub static RULES: &[Row] = &[
    aws("ALLOW_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", Suggestion, I | S, tags::check),
    aws("ALLOW_WITH_NOT_PRINCIPAL", SecurityWarning, R, principals::allow_with_not_principal),
    aws("ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", Suggestion, I | S, tags::check),
    aws("ARN_ACCOUNT_NOT_ALLOWED", Error, ALL, resources::check),
    aws("ARN_REGION_NOT_ALLOWED", Error, ALL, resources::check),
    aws("CONFIRM_AUDIENCE_CLAIM_TYPE", Suggestion, T, trust::audience),
    aws("CREATE_SLR_WITH_NOT_ACTION_AND_NOT_RESOURCE", Warning, I | S, pass_role::check),
    aws("CREATE_SLR_WITH_NOT_RESOURCE", Warning, I | S, pass_role::check),
    aws("CREATE_SLR_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE", Warning, I | S, pass_role::check),
    aws("CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE", Warning, I | S, pass_role::check),
    aws("CREATE_SLR_WITH_STAR_IN_RESOURCE", Warning, I | S, pass_role::check),
    aws("CREATE_SLR_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION", Warning, I | S, pass_role::check),
    aws("DATA_TYPE_MISMATCH", Error, ALL, structure::data_type_mismatch),
    aws("DENY_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", SecurityWarning, I | S, tags::check),
    aws("DENY_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", SecurityWarning, I | S, tags::check),
    aws("DEPRECATED_GLOBAL_CONDITION_KEY", Warning, ALL, keys::unknown_key),
    aws("DUPLICATE_KEYS_WITH_DIFFERENT_CASE", Error, ALL, operators::duplicate_keys),
    aws("DYNAMODB_ATTRIBUTES_WITHOUT_SELECT", SecurityWarning, I | R, context::dynamodb_attributes),
    aws("EMPTY_ARRAY_ACTION", Suggestion, ALL, structure::empty_array),
    aws("EMPTY_ARRAY_CONDITION", Suggestion, ALL, operators::empty_array),
    aws("EMPTY_ARRAY_CONDITION_FORALLVALUES", Suggestion, ALL, operators::empty_array),
    aws("EMPTY_ARRAY_CONDITION_FORANYVALUE", Suggestion, ALL, operators::empty_array),
    aws("EMPTY_ARRAY_CONDITION_IFEXISTS", Suggestion, ALL, operators::empty_array),
    aws("EMPTY_ARRAY_PRINCIPAL", Suggestion, ALL, structure::empty_array),
    aws("EMPTY_ARRAY_RESOURCE", Suggestion, ALL, structure::empty_array),
    aws("EMPTY_OBJECT_CONDITION", Suggestion, ALL, structure::empty_object),
    aws("EMPTY_OBJECT_PRINCIPAL", Suggestion, R | T | C, structure::empty_object),
    aws("EMPTY_SID_VALUE", Suggestion, ALL, sids::empty_sid_value),
    aws("EMPTY_VARIABLE", Error, ALL, variables::malformed),
    aws("EQUIVALENT_TO_NULL_FALSE", Suggestion, ALL, presence::check),
    aws("EQUIVALENT_TO_NULL_TRUE", Suggestion, ALL, presence::check),
    aws("FEDERATED_PRINCIPAL_NOT_SUPPORTED", Error, R, principals::federated_not_supported),
    aws("FORALLVALUES_WITH_SINGLE_VALUED_KEY", SecurityWarning, ALL, keys::forallvalues_with_single_valued_key),
    aws("FORANYVALUE_WITH_AUDIENCE_CLAIM_TYPE", SecurityWarning, T, trust::audience),
    aws("IMPROVE_IP_RANGE", Suggestion, ALL, values::improve_ip_range),
    aws("INVALID_ACTION", Error, ALL, actions::invalid_action),
    aws("INVALID_ARN_ACCOUNT", Error, ALL, resources::check),
    aws("INVALID_ARN_PREFIX", Error, ALL, resources::check),
    aws("INVALID_ARN_REGION", Error, ALL, resources::check),
    aws("INVALID_ARN_RESOURCE", Error, ALL, resources::check),
    aws("INVALID_ARN_SERVICE_CASE", Error, ALL, resources::check),
    aws("INVALID_CONDITION_DATA_TYPE", Error, ALL, operators::invalid_condition_data_type),
    aws("INVALID_CONDITION_KEY_FORMAT", Error, ALL, keys::unknown_key),
    aws("INVALID_CONDITION_MULTIPLE_BOOLEAN", Error, ALL, values::invalid_condition_multiple_boolean),
    aws("INVALID_CONDITION_OPERATOR", Error, ALL, operators::invalid_condition_operator),
    aws("INVALID_DATE_VALUE", Warning, ALL, values::dates),
    aws("INVALID_EFFECT", Error, ALL, structure::invalid_effect),
    aws("INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY", Error, T, trust::invalid_federated),
    aws("INVALID_GLOBAL_CONDITION_KEY", Error, ALL, keys::unknown_key),
    aws("INVALID_KMS_KEY_VALUE", Error, ALL, sensitive::invalid_kms_key_value),
    aws("INVALID_PARTITION", Error, ALL, resources::check),
    aws("INVALID_POLICY_ELEMENT", Error, ALL, structure::invalid_policy_element),
    aws("INVALID_PRINCIPAL_FORMAT", Error, R | T, principals::invalid_principal_format),
    aws("INVALID_PRINCIPAL_KEY", Error, R | T, principals::invalid_principal_key),
    aws("INVALID_REGION", Error, ALL, sensitive::invalid_region),
    aws("INVALID_ROLE_REFERENCE", Warning, R | T, principals::unique_ids),
    aws("INVALID_SERVICE", Error, ALL, invalid_service),
    aws("INVALID_SERVICE_CONDITION_KEY", Error, ALL, keys::unknown_key),
    aws("INVALID_SERVICE_IN_ACTION", Error, ALL, actions::invalid_action),
    aws("INVALID_SERVICE_PRINCIPAL_FORMAT", Error, ALL, sensitive::invalid_service_principal_format),
    aws("INVALID_USER_REFERENCE", Warning, R | T, principals::unique_ids),
    aws("INVALID_VARIABLE_FOR_OPERATOR", Error, ALL, variables::invalid_for_operator),
    aws("INVALID_VERSION", Error, ALL, structure::invalid_version),
    aws("INVALID_VPCE_FORMAT", Error, ALL, sensitive::invalid_vpc_format),
    aws("INVALID_VPC_FORMAT", Error, ALL, sensitive::invalid_vpc_format),
    aws("IRRELEVANT_CONDITION_KEY_IN_POLICY", Suggestion, R, applies::irrelevant_key),
    aws("MISMATCHED_ACTION_FOR_PRINCIPAL", Error, T, trust::mismatched_action),
    aws("MISSING_ACTION", Error, ALL, structure::missing_element),
    aws("MISSING_ACTION_FOR_CONDITION_KEY", Error, ALL, applies::missing_action),
    aws("MISSING_ACTION_FOR_ROLES_ANYWHERE_TRUST_POLICY", Error, T, trust::roles_anywhere),
    aws("MISSING_ARN_ACCOUNT", Error, ALL, resources::check),
    aws("MISSING_ARN_FIELD", Error, ALL, resources::check),
    aws("MISSING_ARN_REGION", Error, ALL, resources::check),
    aws("MISSING_BRACE_IN_VARIABLE", Error, ALL, variables::malformed),
    aws("MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL", SecurityWarning, T, trust::missing_key),
    aws("MISSING_EFFECT", Error, ALL, structure::missing_element),
    aws("MISSING_GITHUB_REPO_CONDITION_KEY", SecurityWarning, T, trust::missing_key),
    aws("MISSING_PAIRED_CONDITION_KEYS", SecurityWarning, ALL, context::missing_paired),
    aws("MISSING_PRINCIPAL", Error, R | T | C, structure::missing_element),
    aws("MISSING_QUALIFIER", Error, ALL, keys::missing_qualifier),
    aws("MISSING_QUOTE_IN_VARIABLE", Error, ALL, variables::malformed),
    aws("MISSING_RESOURCE", Error, I | R | S | C, structure::missing_element),
    aws("MISSING_STATEMENT", Error, ALL, structure::missing_statement),
    aws("MISSING_TAG_KEY_IN_CONDITION", Error, ALL, keys::unknown_key),
    aws("MISSING_VERSION", Warning, ALL, structure::missing_version),
    aws("NULL_WITH_IF_EXISTS", Error, ALL, operators::invalid_condition_operator),
    aws("NULL_WITH_QUALIFIER", Suggestion, ALL, operators::null_with_qualifier),
    aws("PASS_ROLE_WITH_NOT_ACTION_AND_NOT_RESOURCE", SecurityWarning, I | S, pass_role::check),
    aws("PASS_ROLE_WITH_NOT_RESOURCE", SecurityWarning, I | S, pass_role::check),
    aws("PASS_ROLE_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE", SecurityWarning, I | S, pass_role::check),
    aws("PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE", SecurityWarning, I | S, pass_role::check),
    aws("PASS_ROLE_WITH_STAR_IN_RESOURCE", SecurityWarning, I | S, pass_role::check),
    aws("PASS_ROLE_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION", SecurityWarning, I | S, pass_role::check),
    aws("POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA", Warning, I, size::check),
    aws("POLICY_SIZE_EXCEEDS_RCP_QUOTA", Error, C, size::check),
    aws("POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA", Warning, R, size::check),
    aws("POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA", Warning, T, size::check),
    aws("POLICY_SIZE_EXCEEDS_SCP_QUOTA", Error, S, size::check),
    aws("PRIVATE_IP_ADDRESS", Error, ALL, values::private_ip),
    aws("PRIVATE_IP_ADDRESS_SUBSET", Suggestion, ALL, values::private_ip),
    aws("PRIVATE_NOT_IP_ADDRESS", Error, ALL, values::private_ip),
    aws("PRIVATE_NOT_IP_ADDRESS_SUBSET", Suggestion, ALL, values::private_ip),
    aws("RCP_MISSING_RELATED_PRINCIPAL_CONDITION_KEY", Warning, C, organizations::rcp_services),
    aws("RCP_MISSING_RELATED_SERVICE_PRINCIPAL_CONDITION_KEY", Warning, C, organizations::rcp_services),
    aws("RCP_MISSING_SERVICE_CONDITION_KEY_NULL_CHECK", Warning, C, organizations::rcp_services),
    aws("RCP_SYNTAX_ERROR_ACTION", Error, C, organizations::rcp_action),
    aws("RCP_SYNTAX_ERROR_ALLOW", Error, C, organizations::rcp_allow),
    aws("RCP_SYNTAX_ERROR_NOTACTION", Error, C, organizations::rcp_not_action),
    aws("RCP_SYNTAX_ERROR_PRINCIPAL", Error, C, organizations::rcp_principal),
    aws("RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL", Suggestion, R, services::restrict),
    aws("REDUNDANT_ACTION", Suggestion, ALL, redundant::values),
    aws("REDUNDANT_CONDITION_VALUE_NUM", Suggestion, ALL, operators::redundant_condition_value_num),
    aws("REDUNDANT_KEY_DUE_TO_WILDCARD_IN_CONDITION", Suggestion, ALL, presence::check),
    aws("REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY", Suggestion, T, trust::redundant_principal),
    aws("REDUNDANT_RESOURCE", Suggestion, ALL, redundant::values),
    aws("REDUNDANT_STATEMENT", Suggestion, ALL, redundant::statement),
    aws("REDUNDANT_STATEMENT_DUE_TO_WILDCARD_IN_CONDITION", Suggestion, ALL, presence::check),
    aws("RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL", SecurityWarning, R, services::restrict),
    aws("ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL", Error, T, trust::elements),
    aws("ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE", Error, T, trust::elements),
    aws("ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL", Error, T, trust::elements),
    aws("S3_PREFIX_IN_NEGATIVE_CONTEXT", SecurityWarning, I | R, context::s3_prefix),
    on_demand(aws("SCP_SYNTAX_ERROR_ACTION_WILDCARD", Error, S, organizations::scp_action_wildcard)),
    aws("SCP_SYNTAX_ERROR_PRINCIPAL", Error, S, structure::unsupported_principal),
    aws("SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED", Warning, T, trust::github_repository),
    aws("STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS", SecurityWarning, ALL, keys::string_like_with_arn),
    aws("TYPE_MISMATCH", Warning, ALL, keys::type_mismatch),
    aws("TYPE_MISMATCH_BOOLEAN", Warning, ALL, values::type_mismatch_boolean),
    aws("TYPE_MISMATCH_DATE", Warning, ALL, values::dates),
    aws("TYPE_MISMATCH_IP_RANGE", Error, ALL, values::type_mismatch_ip_range),
    aws("TYPE_MISMATCH_NUMBER", Warning, ALL, values::type_mismatch_number),
    aws("TYPE_MISMATCH_STRING", Warning, ALL, values::type_mismatch_string),
    aws("UNIQUE_SIDS_RECOMMENDED", Warning, R | T, sids::unique_sids),
    aws("UNIQUE_SIDS_REQUIRED", Error, I, sids::unique_sids),
    aws("UNSUPPORTED_ACTION_FOR_CONDITION_KEY", Error, ALL, applies::unsupported_action),
    aws("UNSUPPORTED_ACTION_IN_POLICY", Error, R | T, applies::action_in_policy),
    aws("UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL", Error, R, services::unsupported_key),
    aws("UNSUPPORTED_ELEMENT_COMBINATION", Error, ALL, structure::unsupported_element_combination),
    aws("UNSUPPORTED_GLOBAL_CONDITION_KEY", Error, ALL, keys::unknown_key),
    aws("UNSUPPORTED_PRINCIPAL", Error, I, structure::unsupported_principal),
    aws("UNSUPPORTED_RESOURCE_ARN_IN_POLICY", Error, R, applies::resource_in_policy),
    aws("UNSUPPORTED_SID", Error, I | S | C, sids::unsupported_sid),
    aws("UNSUPPORTED_SPACE_IN_VARIABLE", Error, ALL, variables::malformed),
    aws("UNSUPPORTED_WILDCARD_IN_PRINCIPAL", Error, R | T, principals::unsupported_wildcard),
    aws("UNTRUSTWORTHY_CONDITION_KEY", SecurityWarning, ALL, context::untrustworthy),
    aws("USE_CONDITION_KEY_ONLY_WITH_SUPPORTED_SERVICES", Warning, ALL, context::supported_services),
    aws("VARIABLE_UNSUPPORTED_IN_ELEMENT", Error, ALL, variables::unsupported_in_element),
    aws("VARIABLE_UNSUPPORTED_IN_VERSION", Error, ALL, variables::unsupported_in_version),
    aws("VARIABLE_USAGE_TOO_PERMISSIVE", Error, ALL, sensitive::too_permissive),
    aws("WILDCARD_IN_SERVICE_NAME", Suggestion, ALL, resources::wildcard_in_service_name),
    aws("WILDCARD_USAGE_TOO_PERMISSIVE", Error, ALL, sensitive::too_permissive),
    aws("WILDCARD_WITHOUT_LIKE_OPERATOR", Warning, ALL, values::wildcard_without_like_operator),
    ours("ACTION_TAKES_NO_LISTED_RESOURCE", Warning, ALL, proved::resources::action),
    ours("ALLOW_DENIED_BY_OTHERS", Warning, ALL, proved::statements::denied),
    ours("CONDITION_ALWAYS_TRUE", Suggestion, ALL, proved::values::always_true),
    ours("DEAD_STATEMENT", Warning, ALL, proved::statements::dead),
    ours("DENY_WITHOUT_ALLOW", Suggestion, I | R, proved::statements::denies_nothing),
    ours("FULL_ADMINISTRATOR", SecurityWarning, I, proved::administrator::check),
    ours("MFA_NOT_ENFORCED", SecurityWarning, ALL, proved::mfa::check),
    ours("RESOURCE_NO_ACTION_TAKES", Warning, ALL, proved::resources::resource),
    ours("SERVICE_FOR_ANY_ACCOUNT", SecurityWarning, R, proved::services::check),
    ours("STATEMENT_COVERED_BY_OTHERS", Suggestion, ALL, proved::statements::covered),
    ours("VALUE_COVERED_BY_OTHERS", Suggestion, ALL, proved::values::covered),
];
