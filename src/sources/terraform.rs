//! Which policies does a Terraform plan or state hold?
//!
//! `terraform show -json` of a plan lists every change with the values after it and those that are known only after the
//! apply; a state lists resources with their values. `POLICIES` says which attribute of which resource type is a policy.
//! A policy that is known only after the apply stays in the list with that as its trouble, unless the plan's configuration
//! sets no such attribute: then nobody wrote one.
//!
//! Data sources (`aws_iam_policy_document`) are read too; one whose document is that of a resource is the resource's.
//!
//! Sources: Terraform documentation, "JSON output format"; AWS provider documentation, resources (read 2026-11).

use super::located::{Located, PolicyType as P};
use super::permission::Permission;
use super::unlisted::others;
use super::{Wanted, lasting, unquoted};
use crate::diag::{Diagnostic, Source};
use crate::json::{Kind, Value};
use std::collections::{BTreeMap, BTreeSet};

/// An attribute that holds a policy: resource type, path (`[]` for each element), what it is, what it protects.
pub(super) type Holder = (&'static str, &'static str, P, Option<&'static str>);

const TRUST: Option<&str> = Some("AWS::IAM::AssumeRolePolicyDocument");

pub(super) const POLICIES: [Holder; 68] = [
    ("aws_iam_policy", "policy", P::Identity, None),
    ("aws_iam_role_policy", "policy", P::Identity, None),
    ("aws_iam_user_policy", "policy", P::Identity, None),
    ("aws_iam_group_policy", "policy", P::Identity, None),
    ("aws_iam_role", "assume_role_policy", P::Trust, TRUST),
    ("aws_iam_role", "inline_policy[].policy", P::Identity, None),
    ("aws_iam_policy_document", "json", P::Unknown, None),
    ("aws_ssoadmin_permission_set_inline_policy", "inline_policy", P::Identity, None),
    ("aws_iot_policy", "policy", P::Identity, None),
    ("aws_transfer_user", "policy", P::Identity, None),
    ("aws_transfer_access", "policy", P::Identity, None),
    ("aws_organizations_policy", "content", P::ServiceControl, None),
    ("aws_organizations_resource_policy", "content", P::Resource, None),
    ("aws_vpc_endpoint", "policy", P::Endpoint, None),
    ("aws_vpc_endpoint_policy", "policy", P::Endpoint, None),
    ("aws_s3_bucket", "policy", P::Resource, Some("AWS::S3::Bucket")),
    ("aws_s3_bucket_policy", "policy", P::Resource, Some("AWS::S3::Bucket")),
    ("aws_s3_access_point", "policy", P::Resource, Some("AWS::S3::AccessPoint")),
    ("aws_s3control_access_point_policy", "policy", P::Resource, Some("AWS::S3::AccessPoint")),
    ("aws_s3control_bucket_policy", "policy", P::Resource, Some("AWS::S3Outposts::Bucket")),
    ("aws_s3control_multi_region_access_point_policy", "details[].policy", P::Resource, Some("AWS::S3::AccessPoint")),
    ("aws_s3control_object_lambda_access_point_policy", "policy", P::Resource, None),
    ("aws_s3tables_table_bucket_policy", "resource_policy", P::Resource, Some("AWS::S3Tables::TableBucket")),
    ("aws_s3tables_table_policy", "resource_policy", P::Resource, Some("AWS::S3Tables::Table")),
    ("aws_kms_key", "policy", P::Resource, Some("AWS::KMS::Key")),
    ("aws_kms_key_policy", "policy", P::Resource, Some("AWS::KMS::Key")),
    ("aws_kms_external_key", "policy", P::Resource, Some("AWS::KMS::Key")),
    ("aws_kms_replica_key", "policy", P::Resource, Some("AWS::KMS::Key")),
    ("aws_kms_replica_external_key", "policy", P::Resource, Some("AWS::KMS::Key")),
    ("aws_sqs_queue", "policy", P::Resource, Some("AWS::SQS::Queue")),
    ("aws_sqs_queue_policy", "policy", P::Resource, Some("AWS::SQS::Queue")),
    ("aws_sns_topic", "policy", P::Resource, Some("AWS::SNS::Topic")),
    ("aws_sns_topic_policy", "policy", P::Resource, Some("AWS::SNS::Topic")),
    ("aws_secretsmanager_secret", "policy", P::Resource, Some("AWS::SecretsManager::Secret")),
    ("aws_secretsmanager_secret_policy", "policy", P::Resource, Some("AWS::SecretsManager::Secret")),
    ("aws_api_gateway_rest_api", "policy", P::Resource, Some("AWS::ApiGateway::RestApi")),
    ("aws_api_gateway_rest_api_policy", "policy", P::Resource, Some("AWS::ApiGateway::RestApi")),
    ("aws_backup_vault_policy", "policy", P::Resource, Some("AWS::Backup::BackupVault")),
    ("aws_cloudwatch_event_bus_policy", "policy", P::Resource, None),
    ("aws_cloudwatch_log_destination_policy", "access_policy", P::Resource, None),
    ("aws_cloudwatch_log_resource_policy", "policy_document", P::Resource, None),
    ("aws_codeartifact_domain_permissions_policy", "policy_document", P::Resource, Some("AWS::CodeArtifact::Domain")),
    ("aws_codeartifact_repository_permissions_policy", "policy_document", P::Resource, None),
    ("aws_codebuild_resource_policy", "policy", P::Resource, None),
    ("aws_dynamodb_resource_policy", "policy", P::Resource, Some("AWS::DynamoDB::Table")),
    ("aws_ecr_registry_policy", "policy", P::Resource, None),
    ("aws_ecr_repository_policy", "policy", P::Resource, None),
    ("aws_ecrpublic_repository_policy", "policy", P::Resource, None),
    ("aws_efs_file_system_policy", "policy", P::Resource, Some("AWS::EFS::FileSystem")),
    ("aws_elasticsearch_domain", "access_policies", P::Resource, Some("AWS::OpenSearchService::Domain")),
    ("aws_elasticsearch_domain_policy", "access_policies", P::Resource, Some("AWS::OpenSearchService::Domain")),
    ("aws_opensearch_domain", "access_policies", P::Resource, Some("AWS::OpenSearchService::Domain")),
    ("aws_opensearch_domain_policy", "access_policies", P::Resource, Some("AWS::OpenSearchService::Domain")),
    ("aws_glacier_vault", "access_policy", P::Resource, Some("AWS::S3::Glacier")),
    ("aws_glacier_vault_lock", "policy", P::Resource, Some("AWS::S3::Glacier")),
    ("aws_glue_resource_policy", "policy", P::Resource, None),
    ("aws_kinesis_resource_policy", "policy", P::Resource, Some("AWS::Kinesis::Stream")),
    ("aws_media_store_container_policy", "policy", P::Resource, None),
    ("aws_networkfirewall_resource_policy", "policy", P::Resource, None),
    ("aws_sagemaker_model_package_group_policy", "resource_policy", P::Resource, None),
    ("aws_ses_identity_policy", "policy", P::Resource, None),
    ("aws_sesv2_email_identity_policy", "policy", P::Resource, None),
    ("awscc_iam_role", "assume_role_policy_document", P::Trust, TRUST),
    ("awscc_iam_role", "policies[].policy_document", P::Identity, None),
    ("awscc_iam_user", "policies[].policy_document", P::Identity, None),
    ("awscc_iam_group", "policies[].policy_document", P::Identity, None),
    ("awscc_organizations_policy", "content", P::ServiceControl, None),
    ("awscc_ec2_vpc_endpoint", "policy_document", P::Endpoint, None),
];

/// The code of a policy that is known only after the apply.
pub const UNKNOWN_AFTER: &str = "known-after-apply";

/// One resource with its values.
pub(super) struct Resource<'v> {
    pub(super) address: String,
    pub(super) of: &'v str,
    pub(super) is_data: bool,
    pub(super) values: &'v Value,
    /// What is known only after the apply.
    pub(super) unknown: Option<&'v Value>,
    pub(super) at: &'v Value,
}

/// The policies of a plan, in its order.
pub fn plan(source: &Source, plan: &Value) -> Vec<Located> {
    policies(source, &of_plan(plan), plan.get("configuration").map(Written::of))
}

/// The resources of a plan or a state.
pub(super) fn resources(document: &Value) -> Vec<Resource<'_>> {
    let planned = of_plan(document);
    if planned.is_empty() { of_state(document) } else { planned }
}

fn of_plan(plan: &Value) -> Vec<Resource<'_>> {
    let mut resources = Vec::new();
    for change in plan.get("resource_changes").and_then(Value::elements).unwrap_or_default() {
        let Some(inner) = change.get("change") else { continue };
        let Some(values) = inner.get("after").filter(|after| after.members().is_some()) else { continue };
        resources.extend(resource(change, values, inner.get("after_unknown")));
    }
    let changed: BTreeSet<String> = resources.iter().map(|one: &Resource<'_>| one.address.clone()).collect();
    for (name, only_data) in [("planned_values", false), ("prior_state", true)] {
        let mut inner = Vec::new();
        let root = plan.get(name).map(|of| of.get("values").unwrap_or(of)).and_then(|of| of.get("root_module"));
        root.into_iter().for_each(|root| module(root, &mut inner));
        resources.extend(inner.into_iter().filter(|one| one.is_data || !(only_data || changed.contains(&one.address))));
    }
    resources
}

/// Which attributes the configuration of a plan sets, by the resource's address, and by which provider.
pub(super) struct Written(BTreeMap<(String, String), Vec<String>>, BTreeMap<String, String>);

impl Written {
    pub(super) fn of(configuration: &Value) -> Self {
        let mut out = Self(BTreeMap::new(), BTreeMap::new());
        configuration.get("root_module").into_iter().for_each(|root| out.module(root, ""));
        out
    }

    fn module(&mut self, module: &Value, prefix: &str) {
        for one in module.get("resources").and_then(Value::elements).unwrap_or_default() {
            let address = one.get("address").and_then(Value::as_str).unwrap_or_default();
            let provider = one.get("provider_config_key").and_then(Value::as_str);
            self.1.extend(provider.map(|key| (format!("{prefix}{address}"), key.to_owned())));
            for expression in one.get("expressions").and_then(Value::members).unwrap_or_default() {
                let all = expression.value.get("references").and_then(Value::elements).unwrap_or_default();
                let all = all.iter().filter_map(Value::as_str).map(|one| format!("{prefix}{one}")).collect();
                self.0.insert((format!("{prefix}{address}"), expression.key.clone()), all);
            }
        }
        for call in module.get("module_calls").and_then(Value::members).unwrap_or_default() {
            let inner = format!("{prefix}module.{}.", call.key);
            call.value.get("module").into_iter().for_each(|module| self.module(module, &inner));
        }
    }

    pub(super) fn sets(&self, address: &str, path: &str) -> bool {
        let attribute = path.split(['.', '[']).next().unwrap_or_default();
        self.0.contains_key(&(plain(address), attribute.to_owned()))
    }

    /// The provider of a resource, by its address without keys of instances.
    pub(super) fn provider(&self, address: &str) -> Option<&str> {
        self.1.get(address).map(String::as_str)
    }

    /// What an attribute refers to, by the addresses of the configuration.
    pub(super) fn references(&self, address: &str, attribute: &str) -> &[String] {
        self.0.get(&(plain(address), attribute.to_owned())).map(Vec::as_slice).unwrap_or_default()
    }
}

/// An address without the keys of instances.
pub(super) fn plain(address: &str) -> String {
    // Keys of `for_each` are quoted, and may hold brackets.
    let (mut plain, mut inside, mut quoted) = (String::new(), false, false);
    let mut all = address.chars();
    while let Some(c) = all.next() {
        match c {
            '"' if inside => quoted = !quoted,
            '\\' if quoted => _ = all.next(),
            '[' if !quoted => inside = true,
            ']' if !quoted => inside = false,
            c if !inside => plain.push(c),
            _ => {}
        }
    }
    plain
}

/// The policies of a state, as `terraform show -json` prints it or as Terraform keeps it.
pub fn state(source: &Source, state: &Value) -> Vec<Located> {
    policies(source, &of_state(state), None)
}

fn of_state(state: &Value) -> Vec<Resource<'_>> {
    let mut resources = Vec::new();
    if let Some(root) = state.get("values").and_then(|values| values.get("root_module")) {
        module(root, &mut resources);
    }
    for one in state.get("resources").and_then(Value::elements).unwrap_or_default() {
        let text = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default();
        let instances = one.get("instances").and_then(Value::elements).unwrap_or_default();
        for (index, instance) in instances.iter().enumerate() {
            // What an old version of a provider wrote is flat.
            let known = |name: &str| instance.get(name).filter(|values| values.members().is_some());
            let Some(values) = known("attributes").or_else(|| known("attributes_flat")) else { continue };
            let of_module = one.get("module").and_then(Value::as_str).map(|module| format!("{module}.")).unwrap_or_default();
            let key = match instance.get("index_key").map(|key| &key.kind) {
                Some(Kind::String(key)) => format!("[\"{key}\"]"),
                Some(Kind::Number(key)) => format!("[{key}]"),
                _ if instances.len() > 1 => format!("[{index}]"),
                _ => String::new(),
            };
            let is_data = text("mode") == "data";
            let data = if is_data { "data." } else { "" };
            let address = format!("{of_module}{data}{}.{}{key}", text("type"), text("name"));
            resources.push(Resource { address, of: text("type"), is_data, values, unknown: None, at: one });
        }
    }
    resources.extend(state.get("modules").and_then(Value::elements).unwrap_or_default().iter().flat_map(of_old_state));
    resources
}

/// The resources of a module as Terraform kept them before 0.12: by their addresses.
fn of_old_state(module: &Value) -> Vec<Resource<'_>> {
    let path = module.get("path").and_then(Value::elements).unwrap_or_default();
    let prefix: String = path.iter().skip(1).filter_map(Value::as_str).map(|name| format!("module.{name}.")).collect();
    let mut out = Vec::new();
    for one in module.get("resources").and_then(Value::members).unwrap_or_default() {
        let values = one.value.get("primary").and_then(|of| of.get("attributes"));
        if let (Some(values), Some(of)) = (values, one.value.get("type").and_then(Value::as_str)) {
            let (address, is_data) = (format!("{prefix}{}", one.key), one.key.starts_with("data."));
            out.push(Resource { address, of, is_data, values, unknown: None, at: &one.value });
        }
    }
    out
}

fn resource<'v>(at: &'v Value, values: &'v Value, unknown: Option<&'v Value>) -> Option<Resource<'v>> {
    let text = |name: &str| at.get(name).and_then(Value::as_str);
    let address = text("address")?.to_owned();
    Some(Resource { address, of: text("type")?, is_data: text("mode") == Some("data"), values, unknown, at })
}

fn module<'v>(root: &'v Value, out: &mut Vec<Resource<'v>>) {
    for one in root.get("resources").and_then(Value::elements).unwrap_or_default() {
        out.extend(one.get("values").and_then(|values| resource(one, values, None)));
    }
    for child in root.get("child_modules").and_then(Value::elements).unwrap_or_default() {
        module(child, out);
    }
}

fn policies(source: &Source, resources: &[Resource<'_>], written: Option<Written>) -> Vec<Located> {
    let mut out = Vec::new();
    let mut documents = BTreeSet::new();
    let mut seen = BTreeSet::new();
    // Resources first: what a data source says of them again is not said twice.
    for is_data in [false, true] {
        for one in resources.iter().filter(|one| one.is_data == is_data) {
            for (_, path, policy_type, resource_type) in POLICIES.iter().filter(|(of, ..)| *of == one.of) {
                let mut found = Vec::new();
                walk(Some(one.values), one.unknown, path, one.address.clone(), &mut found);
                for (name, value) in found {
                    seen.extend(value.map(|value| value.span.start));
                    let policy_type = control(*policy_type, one.values);
                    let located = match value {
                        Some(value) => read(source, name, policy_type, value),
                        None => {
                            let message = format!("the policy `{name}` is known only after the apply");
                            let help = "it depends on what does not exist yet: give the policy's document without it";
                            let trouble = Diagnostic::error(UNKNOWN_AFTER, source, one.at.span, message, help);
                            Some(Located::unreadable(name, policy_type, (source, one.at.span), trouble))
                        }
                    };
                    // A block is there because somebody writes it, also by a `dynamic` one, which a plan's configuration leaves out.
                    let is_computed = value.is_none() && is_whole(one, path);
                    if is_computed && written.as_ref().is_some_and(|written| !written.sets(&one.address, path)) {
                        // Nobody writes one there: AWS or the provider says what it is.
                        continue;
                    }
                    let located = located.map(|located| owned(located, one));
                    let document = located.iter().flat_map(|one| &one.versions).next().map(|one| one.value.sorted().to_string());
                    let is_new = document.is_none_or(|document| documents.insert(document) || !one.is_data);
                    out.extend(located.filter(|_| is_new).map(|located| located.of(*resource_type)));
                }
            }
            if Permission::of(one.of).is_some() {
                continue;
            }
            if !one.is_data {
                out.extend(others(source, one, &mut seen, written.as_ref()));
            }
        }
    }
    out.extend(super::planned::permissions(source, resources, written.as_ref()));
    out
}

/// Whether all of the attribute that a path begins with is known only after the apply.
fn is_whole(one: &Resource<'_>, path: &str) -> bool {
    let attribute = path.split(['.', '[']).next().unwrap_or_default();
    one.unknown.and_then(|all| all.get(attribute)).is_some_and(|flag| flag.kind == Kind::Bool(true))
}

/// A policy of this resource.
pub(super) fn owned(located: Located, one: &Resource<'_>) -> Located {
    let place = located.name.strip_prefix(&one.address).unwrap_or_default();
    let key = format!("{}.{}", one.address, lasting::key(one.values, place.strip_prefix('.').unwrap_or(place)));
    located.owned(&one.address, key)
}

/// A policy in an attribute: a text that holds one. An empty text or none is no policy.
pub(super) fn read(source: &Source, name: String, policy_type: P, value: &Value) -> Option<Located> {
    let outer = (source, value.span);
    match &value.kind {
        Kind::String(text) if text.trim().is_empty() => None,
        Kind::String(_) => Some(match unquoted(source, value, Wanted::Policy) {
            Ok(Some((inner, document))) => Located::known(name, policy_type, outer, inner, document),
            Ok(None) => return None,
            Err(trouble) => Located::unreadable(name, policy_type, outer, trouble),
        }),
        Kind::Object(_) => Some(Located::known(name, policy_type, outer, source.clone(), value.clone())),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Array(_) => None,
    }
}

fn control(policy_type: P, values: &Value) -> P {
    match (policy_type, values.get("type").and_then(Value::as_str)) {
        (P::ServiceControl, Some("SERVICE_CONTROL_POLICY") | None) => P::ServiceControl,
        (P::ServiceControl, Some("RESOURCE_CONTROL_POLICY")) => P::ResourceControl,
        (P::ServiceControl, Some(_)) => P::Unknown,
        (other, _) => other,
    }
}

/// What stands at a path; `None` where it is known only after the apply.
fn walk<'v>(
    values: Option<&'v Value>,
    unknown: Option<&'v Value>,
    path: &str,
    at: String,
    out: &mut Vec<(String, Option<&'v Value>)>,
) {
    if unknown.is_some_and(|unknown| unknown.kind == Kind::Bool(true)) {
        let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
        return out.push((format!("{at}{dot}{path}"), None));
    }
    if path.is_empty() {
        return out.extend(values.map(|value| (at, Some(value))));
    }
    if let Some(rest) = path.strip_prefix("[].") {
        let list = |of: Option<&'v Value>| of.and_then(Value::elements).unwrap_or_default();
        let (known, open) = (list(values), list(unknown));
        for index in 0..known.len().max(open.len()) {
            walk(known.get(index), open.get(index), rest, format!("{at}[{index}]"), out);
        }
        return;
    }
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let (key, rest) = path.split_at(end);
    let inner = |of: Option<&'v Value>| of.and_then(|of| of.get(key));
    walk(inner(values), inner(unknown), rest.strip_prefix('.').unwrap_or(rest), format!("{at}.{key}"), out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Budget;

    fn names(text: &str, read: fn(&Source, &Value) -> Vec<Located>) -> Vec<String> {
        let source = Source::new("t", text);
        let value = crate::json::read(&source, &Budget::default()).unwrap();
        let shown = |one: &Located| {
            let known = if one.trouble.is_some() { "unknown" } else { "known" };
            format!("{} {:?} {} {known}", one.name, one.policy_type, one.resource_type.unwrap_or("-"))
        };
        read(&source, &value).iter().map(shown).collect()
    }

    #[test]
    fn plans_have_policies_of_resources_and_data_sources() {
        let policy = r#""{\"Version\":\"2012-10-17\",\"Statement\":[]}""#;
        let other = r#""{\"Statement\": [], \"Version\": \"2012-10-17\"}""#;
        let change = |address: &str, of: &str, after: &str, unknown: &str| {
            format!(
                r#"{{"address":"{address}","mode":"managed","type":"{of}","change":{{"after":{after},"after_unknown":{unknown}}}}}"#
            )
        };
        let changes = [
            change("aws_iam_policy.a", "aws_iam_policy", &format!(r#"{{"policy":{policy}}}"#), "{}"),
            change("module.m.aws_sqs_queue_policy.q[0]", "aws_sqs_queue_policy", "{}", r#"{"policy":true}"#),
            change("aws_s3_bucket.b", "aws_s3_bucket", "{}", r#"{"policy":true}"#),
            change(
                "aws_iam_role.r",
                "aws_iam_role",
                &format!(r#"{{"assume_role_policy":{policy},"inline_policy":[{{"policy":""}},{{"policy":{policy}}}]}}"#),
                "{}",
            ),
            change("aws_iam_policy.gone", "aws_iam_policy", "null", "{}"),
        ];
        let data = |json: &str| {
            format!(
                r#"{{"address":"data.aws_iam_policy_document.d","mode":"data","type":"aws_iam_policy_document","values":{{"json":{json}}}}}"#
            )
        };
        let plan = |json: &str, configuration: &str| {
            format!(
                r#"{{"resource_changes":[{}],"prior_state":{{"values":{{"root_module":{{"resources":[{}]}}}}}}{configuration}}}"#,
                changes.join(","),
                data(json)
            )
        };
        let configuration = r#","configuration":{"root_module":{"module_calls":{"m":{"module":{"resources":[{"address":"aws_sqs_queue_policy.q","expressions":{"policy":{}}}]}}}}}"#;
        let all = [
            "aws_iam_policy.a.policy Identity - known",
            "module.m.aws_sqs_queue_policy.q[0].policy Resource AWS::SQS::Queue unknown",
            "aws_iam_role.r.assume_role_policy Trust AWS::IAM::AssumeRolePolicyDocument known",
            "aws_iam_role.r.inline_policy[1].policy Identity - known",
        ];
        // The data source says the same as the policy.
        assert_eq!(names(&plan(other, configuration), super::plan), all);
        let own = r#""{\"Statement\":[{}]}""#;
        let more = names(&plan(own, configuration), super::plan);
        assert_eq!(more.last().map(String::as_str), Some("data.aws_iam_policy_document.d.json Unknown - known"));
        // Without a configuration nobody knows whether one was written.
        assert!(
            names(&plan(other, ""), super::plan).contains(&"aws_s3_bucket.b.policy Resource AWS::S3::Bucket unknown".to_owned())
        );
    }

    #[test]
    fn states_have_them_in_both_forms() {
        let policy = r#""{\"Statement\":[]}""#;
        let shown = format!(
            r#"{{"terraform_version":"1","values":{{"root_module":{{"child_modules":[{{"resources":[{{"address":"module.m.aws_kms_key.k","mode":"managed","type":"aws_kms_key","values":{{"policy":{policy}}}}}]}}]}}}}}}"#
        );
        assert_eq!(names(&shown, state), ["module.m.aws_kms_key.k.policy Resource AWS::KMS::Key known"]);
        let kept = format!(
            r#"{{"version":4,"terraform_version":"1","resources":[{{"module":"module.m","mode":"managed","type":"aws_kms_key","name":"k","instances":[{{"index_key":"x","attributes":{{"policy":{policy}}}}}]}}]}}"#
        );
        assert_eq!(names(&kept, state), ["module.m.aws_kms_key.k[\"x\"].policy Resource AWS::KMS::Key known"]);
    }
}
