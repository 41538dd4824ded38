//! Codes about what a policy says.

use super::Example::{Policy, Words};
use super::{Code, error, warning};

pub(super) const CODES: &[Code] = &[
    warning(
        "action-without-service",
        "An action has no service before a colon, so no request has it. IAM refuses the policy.",
        "Write it as service:Name.",
        Policy(r#"{"Statement": {"Effect": "Allow", "Action": "GetObject", "Resource": "*"}}"#),
    ),
    error(
        "bad-stack",
        "A stack of policies has a member of the wrong form, or one that stacks do not have.",
        "Lists of policies; levels of control policies as lists of lists; resourcePolicy is one policy.",
        Policy(r#"{"identityPolicies": {"Statement": []}}"#),
    ),
    warning(
        "bare-principal",
        "A principal stands as a text. It is read as {\"AWS\": ..}; AWS's own API wants the object.",
        "Write {\"AWS\": \"..\"}.",
        Policy(r#"{"Statement": {"Effect": "Allow", "Principal": "111122223333", "Action": "s3:*", "Resource": "*"}}"#),
    ),
    error(
        "both-forms",
        "A statement has an element and its negation (Action and NotAction), or one of them twice.",
        "Keep one of them, or split the statement.",
        Policy(r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "NotAction": "iam:*", "Resource": "*"}}"#),
    ),
    warning(
        "duplicate-sid",
        "Two statements have the same Sid. IAM refuses that.",
        "Give each statement its own Sid.",
        Policy(
            r#"{"Statement": [{"Sid": "A", "Effect": "Allow", "Action": "s3:*", "Resource": "*"},
 {"Sid": "A", "Effect": "Deny", "Action": "s3:Put*", "Resource": "*"}]}"#,
        ),
    ),
    error(
        "missing-element",
        "A policy lacks its Statement, or a statement lacks Effect, Action or (in an identity policy) Resource.",
        "Add the element.",
        Policy(r#"{"Statement": {"Action": "s3:*", "Resource": "*"}}"#),
    ),
    warning(
        "more-warnings",
        "The policy has more warnings than are shown one by one.",
        "Mend those that are shown, and ask again.",
        Words("a policy with hundreds of unknown actions"),
    ),
    warning(
        "names-not-looked-up",
        "The policy has so many names that not all of them were looked up in the catalog.",
        "Split the policy, or ask about its statements one by one.",
        Words("a policy with tens of thousands of unknown actions"),
    ),
    warning(
        "not-principal-allow",
        "Allow with NotPrincipal lets in everyone who is not listed, also without credentials.",
        "Name who may with Principal; NotPrincipal is made for Deny.",
        Policy(
            r#"{"Statement": {"Effect": "Allow", "NotPrincipal": {"AWS": "111122223333"}, "Action": "s3:*", "Resource": "*"}}"#,
        ),
    ),
    warning(
        "not-principal-everyone",
        "NotPrincipal lists everyone, so the statement applies to nobody.",
        "Name who is spared.",
        Policy(r#"{"Statement": {"Effect": "Deny", "NotPrincipal": "*", "Action": "s3:*", "Resource": "*"}}"#),
    ),
    warning(
        "not-principal-trust",
        "AWS refuses NotPrincipal in a role's trust policy.",
        "Name who may assume the role with Principal.",
        Policy(r#"{"Statement": {"Effect": "Deny", "NotPrincipal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}}"#),
    ),
    warning(
        "operator-spelling",
        "A condition operator is written in another case than AWS documents. It is taken as the documented one.",
        "Write it as documented.",
        Policy(
            r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*",
 "Condition": {"stringequals": {"aws:SourceVpc": "vpc-1"}}}}"#,
        ),
    ),
    warning(
        "principal-account",
        "A principal has no account id where one belongs, so it names nobody.",
        "Account ids have 12 digits and no hyphens.",
        Policy(
            r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "1111-2222-3333"}, "Action": "s3:*", "Resource": "*"}}"#,
        ),
    ),
    warning(
        "principal-canonical-user",
        "A canonical user is not named by a canonical user id.",
        "Write its 64 hexadecimal digits.",
        Policy(r#"{"Statement": {"Effect": "Allow", "Principal": {"CanonicalUser": "me"}, "Action": "s3:*", "Resource": "*"}}"#),
    ),
    warning(
        "principal-empty",
        "Principal (or NotPrincipal) lists nobody.",
        "Name a principal, or remove the statement.",
        Policy(r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": []}, "Action": "s3:*", "Resource": "*"}}"#),
    ),
    warning(
        "principal-group",
        "A group is not a principal: the entry names nobody.",
        "Name the group's users, their roles or the account.",
        Policy(
            r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:group/devs"},
 "Action": "s3:*", "Resource": "*"}}"#,
        ),
    ),
    warning(
        "principal-names-nobody",
        "A principal is a text that no principal has: the entry grants or denies nothing.",
        "Write an account id, an ARN of a user, role or session, or \"*\".",
        Policy(r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "bob"}, "Action": "s3:*", "Resource": "*"}}"#),
    ),
    warning(
        "principal-partition",
        "A principal is of a partition that does not exist.",
        "Write one of the partitions that the message lists.",
        Policy(
            r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:x:iam::111122223333:root"},
 "Action": "s3:*", "Resource": "*"}}"#,
        ),
    ),
    warning(
        "principal-service",
        "A service is not named as services are.",
        "Services are named such as lambda.amazonaws.com.",
        Policy(r#"{"Statement": {"Effect": "Allow", "Principal": {"Service": "lambda"}, "Action": "s3:*", "Resource": "*"}}"#),
    ),
    warning(
        "principal-variable",
        "A principal has a ${..}, which is plain text in a principal: it names nobody.",
        "Fill it in, or compare aws:PrincipalArn in a condition.",
        Policy(
            r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::${AccountId}:root"},
 "Action": "s3:*", "Resource": "*"}}"#,
        ),
    ),
    warning(
        "principal-wildcard",
        "A principal has a wildcard for a part of a name, which AWS refuses.",
        "Write whole names, or compare aws:PrincipalArn in a condition.",
        Policy(
            r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/*"},
 "Action": "s3:*", "Resource": "*"}}"#,
        ),
    ),
    warning(
        "retired-action",
        "AWS had this action once, and has it no more.",
        "Remove it.",
        Words("an action that left AWS's list before the catalog's date"),
    ),
    warning(
        "retired-service",
        "AWS had this service once, and has it no more.",
        "Remove what names it.",
        Policy(r#"{"Statement": {"Effect": "Allow", "Action": "codestar:*", "Resource": "*"}}"#),
    ),
    warning(
        "short-arn",
        "A resource begins like an ARN but has fewer than six parts. It is matched as one text, so it matches little or nothing.",
        "Write all six parts of the ARN.",
        Policy(r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:bucket"}}"#),
    ),
    warning(
        "statement-id",
        "`Id` has no meaning in a statement.",
        "Remove it; a statement's own name is its Sid.",
        Policy(r#"{"Statement": {"Id": "x", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#),
    ),
    warning(
        "unfilled-placeholder",
        "A text has a placeholder of a template that nobody filled in. As it stands, it is compared letter by letter.",
        "Render the template, and give the policy that comes out.",
        Policy(r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::{{ bucket }}/*"}}"#),
    ),
    warning(
        "unknown-condition-key",
        "AWS documents no such condition key. No request carries it, so a condition on it is always false, or always true.",
        "Use the nearest name, which the message gives, or check the service's page.",
        Policy(
            r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*",
 "Condition": {"StringEquals": {"aws:SourceVpcs": "vpc-1"}}}}"#,
        ),
    ),
    error(
        "unknown-element",
        "The policy language has no such element.",
        "Use the nearest name, which the message gives.",
        Policy(r#"{"Statement": {"Effect": "Allow", "Actions": "s3:*", "Resource": "*"}}"#),
    ),
    error(
        "unknown-operator",
        "The policy language has no such condition operator.",
        "Use the nearest name, which the message gives.",
        Policy(
            r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*",
 "Condition": {"StringMatches": {"aws:SourceVpc": "vpc-1"}}}}"#,
        ),
    ),
    error(
        "unknown-principal-type",
        "There is no such type of principal.",
        "Use AWS, Service, Federated or CanonicalUser.",
        Policy(r#"{"Statement": {"Effect": "Allow", "Principal": {"User": "x"}, "Action": "s3:*", "Resource": "*"}}"#),
    ),
    error(
        "unknown-version",
        "The policy language has two versions, and this is neither of them.",
        "Write \"2012-10-17\".",
        Policy(r#"{"Version": "2024-01-01", "Statement": []}"#),
    ),
    warning(
        "variable-without-version",
        "Policy variables are plain text in documents of version 2008-10-17, which is the default.",
        "Write \"Version\": \"2012-10-17\".",
        Policy(r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/${aws:username}"}}"#),
    ),
    error(
        "wrong-effect",
        "Effect is neither Allow nor Deny.",
        "Write \"Allow\" or \"Deny\", in this case.",
        Policy(r#"{"Statement": {"Effect": "allow", "Action": "s3:*", "Resource": "*"}}"#),
    ),
    error(
        "wrong-principal",
        "A principal stands as a text that is neither \"*\", an account id nor an ARN.",
        "Write {\"Service\": ..}, {\"Federated\": ..} or {\"AWS\": ..}.",
        Policy(r#"{"Statement": {"Effect": "Allow", "Principal": "lambda.amazonaws.com", "Action": "s3:*", "Resource": "*"}}"#),
    ),
    error(
        "wrong-type",
        "An element has a value of another type than the policy language gives it.",
        "Write a text, a list of texts or an object, as the message says.",
        Policy(r#"{"Statement": {"Effect": "Allow", "Action": 7, "Resource": "*"}}"#),
    ),
    warning(
        "wrong-value-type",
        "A value in a condition is not of its operator's type, so it never matches.",
        "Write a number, a date or an address as AWS documents it.",
        Policy(
            r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*",
 "Condition": {"NumericEquals": {"s3:max-keys": "ten"}}}}"#,
        ),
    ),
];
