//! Do the keys of a condition serve what they are written for?
//!
//! Source: AWS's checks of the same names; IAM User Guide, "AWS global condition context keys"; Amazon DynamoDB Developer
//! Guide, "Using IAM policy conditions for fine-grained access control".

use crate::document::Effect;
use crate::lint::registry::Emit;
use crate::lint::view::{Policy, Statement};
use crate::policy::BaseOperator;

fn has(statement: &Statement<'_>, keys: &[&str]) -> bool {
    statement.conditions.iter().any(|one| keys.contains(&one.lower.as_str()))
}

/// `UNTRUSTWORTHY_CONDITION_KEY`
pub(crate) fn untrustworthy(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for (statement, one) in policy.conditions() {
        // Of a service another code says it.
        let is_service = statement.principals_of("Service").next().is_some();
        if is_service || !matches!(one.lower.as_str(), "aws:referer" | "aws:useragent") {
            continue;
        }
        emit.at(&one.key_at, format!("whoever sends the request can choose `{}`: limit access by another key", one.key));
    }
}

/// `MISSING_PAIRED_CONDITION_KEYS`
pub(crate) fn missing_paired(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for (statement, one) in policy.conditions().filter(|(_, one)| one.lower == "aws:vpcsourceip") {
        if !has(statement, &["aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn"]) {
            emit.at(&one.key_at, "every VPC may have this private address: name the VPC by aws:SourceVpc too");
        }
    }
}

/// `DYNAMODB_ATTRIBUTES_WITHOUT_SELECT`
pub(crate) fn dynamodb_attributes(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for (statement, one) in policy.conditions().filter(|(_, one)| one.lower == "dynamodb:attributes") {
        let selects = statement.conditions.iter().filter(|one| one.lower == "dynamodb:select");
        let is_specific = selects
            .filter(|one| one.operator.is_some_and(|it| it.base == BaseOperator::StringEquals))
            .any(|one| !one.values.is_empty() && one.values.iter().all(|value| value.text == "SPECIFIC_ATTRIBUTES"));
        if statement.effect == Some(Effect::Allow) && !is_specific {
            let details = "without dynamodb:Select equal to SPECIFIC_ATTRIBUTES all attributes can be had: add it";
            emit.at(&one.key_at, details);
        }
    }
}

/// `S3_PREFIX_IN_NEGATIVE_CONTEXT`
pub(crate) fn s3_prefix(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    use BaseOperator::{StringEquals, StringEqualsIgnoreCase, StringLike};
    use BaseOperator::{StringNotEquals, StringNotEqualsIgnoreCase, StringNotLike};
    for (statement, one) in policy.conditions().filter(|(_, one)| one.lower == "s3:prefix") {
        let base = one.operator.map(|operator| operator.base);
        let excludes = match statement.effect {
            Some(Effect::Deny) => matches!(base, Some(StringEquals | StringEqualsIgnoreCase | StringLike)),
            Some(Effect::Allow) => matches!(base, Some(StringNotEquals | StringNotEqualsIgnoreCase | StringNotLike)),
            None => false,
        };
        if excludes {
            emit.at(&one.key_at, "a shorter prefix lists the same objects and is not caught: allow the prefixes instead");
        }
    }
}

/// Services that send `aws:VpceAccount`.
const VPCE: [&str; 39] = [
    "acm-pca",
    "applicationinsights",
    "apprunner",
    "athena",
    "cloudformation",
    "comprehendmedical",
    "compute-optimizer",
    "datasync",
    "discovery",
    "dynamodb",
    "ebs",
    "ecr",
    "ecs",
    "firehose",
    "gamelift",
    "healthlake",
    "iam",
    "iotfleetwise",
    "iotwireless",
    "kinesisanalytics",
    "kms",
    "lambda",
    "medical-imaging",
    "omics",
    "payment-cryptography",
    "polly",
    "rbin",
    "rekognition",
    "route53",
    "s3",
    "scheduler",
    "servicediscovery",
    "servicequotas",
    "shield",
    "ssm-contacts",
    "storagegateway",
    "textract",
    "transcribe",
    "transfer",
];

/// Services that send `aws:VpceOrgID` and `aws:VpceOrgPaths` beside those.
const VPCE_ORGANIZATION: [&str; 13] = [
    "b2bi",
    "cassandra",
    "cognito-identity",
    "dms",
    "ds-data",
    "identitystore",
    "iottwinmaker",
    "network-firewall",
    "pricing",
    "ses",
    "sms-voice",
    "sqs",
    "workmail",
];

/// `USE_CONDITION_KEY_ONLY_WITH_SUPPORTED_SERVICES`
pub(crate) fn supported_services(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    let keys = ["aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths"];
    for (statement, one) in policy.conditions().filter(|(_, one)| keys.contains(&one.lower.as_str())) {
        let lacks = |text: &str| {
            let lower = text.to_ascii_lowercase();
            let prefix = lower.split_once(':').map_or("", |(prefix, _)| prefix).to_owned();
            let sends = VPCE.contains(&prefix.as_str())
                || (one.lower != "aws:vpceaccount" && VPCE_ORGANIZATION.contains(&prefix.as_str()));
            !sends || lower == "iam:passrole"
        };
        let others = statement.not_action.is_some() || statement.actions().iter().any(|action| lacks(action.text));
        if others {
            emit.at(&one.key_at, format!("not every service of these actions sends `{}`: name those that do", one.key));
        }
    }
}
