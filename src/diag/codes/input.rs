//! Codes about how an input is written, before it is a policy.

use super::Example::{Arguments, Line, Policy, Words};
use super::{Code, error, warning};

pub(super) const CODES: &[Code] = &[
    error(
        "bad-input",
        "The input cannot be used, and nothing more is known.",
        "Report it with the input.",
        Words("never in a release without a defect"),
    ),
    error(
        "bad-percent-encoding",
        "IAM returns policies percent-encoded (RFC 3986). This text begins like one, but does not decode.",
        "Give the text as IAM returned it, or decode it first.",
        Policy("%7B%22Statement%22%3A%zz"),
    ),
    error(
        "bad-request",
        "A line of batch, or the file of a simulation, lacks a member, or a member has a value that it cannot have.",
        "Compare it with docs/schema/request.json.",
        Line(r#"{"check": "equivalent", "a": {"Statement": []}}"#),
    ),
    error(
        "could-not-run",
        "Something outside the input failed: a folder that cannot be made, a file that cannot be written.",
        "The message names it: give another path, or make room.",
        Arguments("refine fixtures/examples/new.json --unused fixtures/examples/none-unused.json -o no-such-folder/out.json"),
    ),
    error(
        "duplicate-key",
        "A JSON object has the same key twice. Programs disagree about which of the two counts, so neither is taken.",
        "Keep one of the two members.",
        Policy(r#"{"Statement": [], "Statement": []}"#),
    ),
    error(
        "input-too-large",
        "The document has more bytes than the program reads (10 MB).",
        "Split the document.",
        Words("a file of more than 10 MB"),
    ),
    error(
        "internal-error",
        "The program contradicts itself: for example, a witness does not replay. It gives no verdict then.",
        "Report it with the input.",
        Words("never in a release without a defect"),
    ),
    error(
        "json-syntax",
        "The text is not JSON.",
        "Mend it where the message points; comments and trailing commas are not JSON.",
        Policy("{\"Statement\": [,]}"),
    ),
    error(
        "nesting-too-deep",
        "The document is nested deeper than any policy needs.",
        "Check the brackets.",
        Words("a document with more than 128 brackets inside each other"),
    ),
    error(
        "out-of-budget",
        "The time or memory of one question was used up where no verdict could be UNKNOWN, as in a simulation.",
        "Give more time with --timeout, or ask about less.",
        Words("a simulation of many megabytes"),
    ),
    warning(
        "policy-inside",
        "The file is not a policy, but holds one, as the AWS CLI prints it. That one was taken.",
        "Nothing; or take the policy out yourself.",
        Policy(r#"{"PolicyVersion": {"Document": {"Version": "2012-10-17", "Statement": []}, "VersionId": "v1"}}"#),
    ),
    error(
        "several-policies",
        "The file holds several policies, and one is wanted. None is chosen.",
        "Take one out: the message has a jq command for it.",
        Policy(r#"{"first": {"Statement": []}, "second": {"Statement": []}}"#),
    ),
    error(
        "too-many-values",
        "The document has more JSON values than the program keeps in memory.",
        "Split the document.",
        Words("a document of millions of values"),
    ),
    error(
        "template-function",
        "A template's function (Fn::Sub, Ref, ..) stands where a policy has a text. What it becomes is not known.",
        "Deploy or render the template, and give the policy that comes out.",
        Policy(r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": {"Fn::Sub": "arn:aws:s3:::${B}"}}}"#),
    ),
    error(
        "unreadable-input",
        "A file cannot be opened, read, or decoded as text.",
        "Give the path of a readable file, or - for standard input.",
        Arguments("equivalent no-such-file.json no-such-file.json"),
    ),
    error(
        "unreadable-line",
        "A line of batch is too long, or is not UTF-8 text.",
        "Save the file as UTF-8, and split long documents.",
        Words("a line with the byte 0xFF"),
    ),
    warning(
        "unread-member",
        "A line of batch has a member that its check does not read.",
        "Leave it out. If it was meant to matter, look for its name in docs/schema/request.json.",
        Line(r#"{"check": "equivalent", "a": {"Statement": []}, "b": {"Statement": []}, "comment": "x"}"#),
    ),
    error(
        "usage",
        "The arguments do not parse.",
        "`leastwise COMMAND --help` shows what a command takes.",
        Arguments("equivalent only-one.json"),
    ),
    error(
        "wrong-document",
        "The file is another document than what is wanted: a finding, a template, a plan, an HTML page.",
        "The message says what it is, and how to get a policy from it.",
        Policy("<!DOCTYPE html><html></html>"),
    ),
];
