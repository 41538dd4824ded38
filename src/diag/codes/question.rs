//! Codes about what is asked, and about catalogs and unused permissions.

use super::Example::{Arguments, Line, Words};
use super::{Code, error};

pub(super) const CODES: &[Code] = &[
    error(
        "bad-arguments",
        "Two arguments do not go together, such as a resource type with a type of policy that no resource has.",
        "Leave one of them out, as the message says.",
        Words("validate --diff with another format than text"),
    ),
    error(
        "bad-catalog",
        "The file that --catalog names is not a catalog of actions.",
        "data/README.md describes the form.",
        Arguments(
            "refine fixtures/examples/new.json --unused fixtures/examples/none-unused.json --catalog fixtures/examples/old.json",
        ),
    ),
    error(
        "bad-unused-permissions",
        "The file of unused permissions has another form than a list of services with actions, or findings from AWS.",
        "Write [{\"serviceNamespace\": \"s3\", \"actions\": [\"GetBucketAcl\"]}].",
        Line(r#"{"check": "refine", "policy": {"Statement": []}, "unused": [{"service": "s3"}]}"#),
    ),
    error(
        "empty-name",
        "A list of actions has an empty entry.",
        "Write each action as service:Name.",
        Arguments("access-not-granted fixtures/examples/new.json --action s3:GetObject,"),
    ),
    error(
        "engines-disagree",
        "Under --cross-check the two engines come to different verdicts. One of them is wrong, so none is given.",
        "Report it, with the file or the line.",
        Words("never in a release without a defect"),
    ),
    error(
        "malformed-action",
        "An action that is asked about has blanks or commas in its name.",
        "List actions one by one.",
        Line(r#"{"check": "access-not-granted", "policy": {"Statement": []}, "access": [{"actions": ["s3:Get Object"]}]}"#),
    ),
    error(
        "no-access",
        "No access is listed that must not be granted, so every policy would pass.",
        "Give --action, --resource or --access.",
        Arguments("access-not-granted fixtures/examples/new.json"),
    ),
    error(
        "not-an-arn",
        "A resource that is asked about is not an ARN, so no request is about it.",
        "Write arn:partition:service:region:account:resource, with wildcards as in a policy, or *.",
        Arguments("access-not-granted fixtures/examples/new.json --resource my-bucket"),
    ),
    error(
        "resource-policy-on-one-side",
        "One side of a comparison says something of the resource's policy, the other says nothing. What is not known would \
         be compared with what is.",
        "Give resourcePolicy on both sides (null where there is none), or on neither.",
        Line(r#"{"check": "equivalent", "a": {"identityPolicies": [], "resourcePolicy": null}, "b": {"identityPolicies": []}}"#),
    ),
    error(
        "several-resources",
        "The findings are about several roles or users. What one of them does not use, another may.",
        "Pick one with --resource ARN.",
        Line(
            r#"{"check": "refine", "policy": {"Statement": []}, "unused": [{"resource": "arn:aws:iam::111122223333:role/a", "findingDetails": [{"unusedPermissionDetails": {"serviceNamespace": "s3"}}]}, {"resource": "arn:aws:iam::111122223333:role/b", "findingDetails": [{"unusedPermissionDetails": {"serviceNamespace": "s3"}}]}]}"#,
        ),
    ),
    error(
        "unknown-action",
        "The catalog has no such action. Asked about, every policy would pass; in a policy, it grants nothing (a warning).",
        "Use the nearest name, which the message gives, or --allow-unknown if AWS has it since.",
        Arguments("access-not-granted fixtures/examples/new.json --action s3:DeleteBuckets"),
    ),
    error(
        "unknown-code",
        "`explain` knows no such code.",
        "`leastwise explain` lists every code.",
        Words("leastwise explain no-such-code"),
    ),
    error(
        "unknown-partition",
        "AWS has no such partition.",
        "Use the nearest name, which the message gives.",
        Arguments("access-not-granted fixtures/examples/new.json --resource arn:awss:s3:::b"),
    ),
    error(
        "unknown-resource-type",
        "`no-public-access` does not know the type of resource.",
        "Write one of those that the message lists.",
        Arguments("no-public-access fixtures/examples/pinned-bucket.json --resource-type AWS::S3::Buckets"),
    ),
    error(
        "unknown-service",
        "AWS has no service with this prefix. In a policy, what names it grants nothing (a warning).",
        "Use the nearest name, which the message gives, or --allow-unknown if AWS has it since.",
        Arguments("access-not-granted fixtures/examples/new.json --action s4:GetObject"),
    ),
    error(
        "unknown-trusted",
        "What is to be trusted is nothing that can be: not an account, an organization, an ARN or an identity provider.",
        "Write an account id, an organization id, an ARN, a canonical user id, or an identity provider's domain.",
        Arguments("outside-access fixtures/examples/pinned-bucket.json --trusted 1111-2222-3333"),
    ),
    error(
        "wrong-policy-type",
        "A policy is not of the type that is said or needed: an identity policy names no principals, a resource policy does.",
        "Say the right --policy-type, or put both policies into stacks.",
        Arguments("no-public-access fixtures/examples/new.json --resource-type AWS::S3::Bucket"),
    ),
];
