//! Codes about accounts, evidence of use, repositories and templates.

use super::Example::{Arguments, Words};
use super::{Code, error, warning};

pub(super) const CODES: &[Code] = &[
    error(
        "bad-account",
        "What a request of `check` gives as the account of templates is not an account id.",
        "Write its 12 digits.",
        Words("a request with \"accountId\": \"1234\""),
    ),
    error(
        "bad-date",
        "What is given as a day is not one.",
        "Write it as YYYY-MM-DD.",
        Arguments("check fixtures/gate/policies --as-of soon"),
    ),
    error(
        "bad-days",
        "The window in which use is looked for has no day, or more than ten years of them.",
        "Give 1 to 3650 days.",
        Words("a request with \"days\": 0"),
    ),
    error(
        "bad-exclusions",
        "The file that --exclude names is not a list of exclusions, or one of them has no reason.",
        "Write [[exclude]] with a reason, and name, path, account, resource, tag or findings.",
        Words("an exclusion without a reason"),
    ),
    error(
        "described-twice",
        "Two exports describe the same user, group, role or policy, and not alike. Which of them counts is not known.",
        "Give one export of each account, all of one time.",
        Words("two exports of one account, taken at different times"),
    ),
    error(
        "no-evidence",
        "No file of those that were given is evidence of use. Without evidence everything would look unused.",
        "Give files of CloudTrail, last-accessed details, a credential report, findings or reduced usage.",
        Words("findings with an empty folder as its evidence"),
    ),
    error(
        "no-window",
        "The evidence speaks of no time, so the window in which use counts has no end.",
        "Give --as-of YYYY-MM-DD.",
        Words("findings with evidence that has no dates, and no --as-of"),
    ),
    warning(
        "several-versions",
        "Exports of several accounts hold one managed policy in several versions. The newest is taken everywhere.",
        "Give exports of one time, if the older version was meant.",
        Words("exports of two accounts, between which AWS changed a managed policy"),
    ),
    error(
        "bad-baseline",
        "The file that --baseline names is not a baseline of `check`.",
        "Write one with --write-baseline.",
        Words("a baseline that is not a list of fingerprints"),
    ),
    error(
        "not-a-page",
        "The file that report --baseline names is not a page that `report` wrote, or cannot be read.",
        "Give an earlier page, as it was written.",
        Words("report --baseline with another HTML file"),
    ),
    error(
        "bad-configuration",
        "leastwise.toml has a table or a member that `check` does not know, or a value of another type.",
        "docs/check.md describes the file.",
        Words("a misspelled table in leastwise.toml"),
    ),
    error(
        "nested-too-deep",
        "A YAML document is nested deeper than any template needs.",
        "Flatten it.",
        Words("a YAML file with hundreds of levels"),
    ),
    error(
        "not-a-template",
        "Parameters are given, but no template that they could be of.",
        "Give a template, or leave the parameters out.",
        Words("parameters beside plain policies"),
    ),
    error(
        "unknown-parameter",
        "The template has no such parameter.",
        "Use the nearest name, which the message gives.",
        Words("a misspelled parameter"),
    ),
    error(
        "no-such-policy",
        "The file holds several policies, and none of this name.",
        "Use a name that the message lists.",
        Arguments("access-not-granted fixtures/gate/terraform/plan.json --policy aws_iam_policy.writer --action s3:GetObject"),
    ),
    error(
        "bad-permission",
        "A permission of a template, a plan or a state (`AWS::Lambda::Permission`) lacks what makes it a statement.",
        "Write it as the template reference has it: a function, an action, a principal.",
        Words("a permission without a principal"),
    ),
    error(
        "bad-record",
        "A record of usage data is no JSON, breaks off, is too long, or lacks what every such record has. It is left out.",
        "Export the file again; with --strict the first such record ends the run.",
        Words("a CloudTrail file that was not downloaded to its end"),
    ),
    error(
        "unknown-revision",
        "The revision that --against names does not exist in the repository, or git cannot be run.",
        "Give a branch, a tag or a commit.",
        Words("a branch that was not fetched"),
    ),
    error(
        "unknown-rule",
        "`check` has no such rule.",
        "`leastwise check --help` and docs/check.md list the rules.",
        Arguments("check fixtures/examples --select no-such-rule"),
    ),
    error(
        "unknown-principal",
        "The account's export has no user or role with this ARN, or the ARN is of a group, which makes no requests.",
        "Use the nearest ARN, which the message gives.",
        Arguments(
            "access-not-granted --account fixtures/usage/account.json --principal arn:aws:iam::111122223333:role/none --action s3:GetObject",
        ),
    ),
];
