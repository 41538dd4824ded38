//! Which names in a policy does nobody know, and what was never filled in?
//!
//! Looked up are actions, services and condition keys ([`crate::catalog::Names`]), and in resources, principals, keys and
//! values what looks like a template's placeholder: `${BucketName}` names no condition key, so it is no policy variable,
//! and neither are `{{bucket}}`, `<bucket>` and `<%= bucket %>`. All are warnings: AWS takes such a policy, and it may do
//! less than its author thinks.
//!
//! Policy variables of services (`${ec2:InstanceID}`) are documented with the services, not in the catalog: of them only
//! the global ones are looked up.
//!
//! Source: IAM User Guide, "IAM policy elements: Variables and tags".

use crate::catalog::{Names, Unknown};
use crate::diag::{Diagnostic, Span, count, deadline};
use crate::document::{Document, Spanned, Version};

/// The most warnings of one document that are told one by one.
const MOST: usize = 100;

/// What is worth knowing about the names in a document.
pub(super) fn warnings(document: &Document) -> Vec<Diagnostic> {
    let mut found = Finder { document, names: Names::default(), out: Vec::new() };
    for statement in &document.statements {
        for item in &statement.action.items {
            let unknown = found.names.action(&item.value);
            found.unknown(unknown, item.span);
        }
        for (_, entry) in statement.principal.iter().flat_map(|principal| &principal.entries) {
            found.placeholder(entry);
        }
        for item in statement.resource.iter().flat_map(|resource| &resource.items) {
            found.text(item);
        }
        for block in statement.condition.iter().flat_map(|operator| &operator.keys) {
            if !found.placeholder(&block.key) {
                let unknown = found.names.key(&block.key.value);
                found.unknown(unknown, block.key.span);
            }
            for value in &block.values {
                found.text(value);
            }
        }
    }
    let Finder { names, mut out, .. } = found;
    if let (true, Some(statement)) = (names.is_spent(), document.statements.first()) {
        let message = "not every name was looked up: there are too many patterns or unknown names";
        let help = "split the policy, or ask about its statements one by one";
        out.push(Diagnostic::warning("names-not-looked-up", &document.source, statement.span.span, message, help));
    }
    out
}

/// Leaves so many warnings, and says how many more there are.
pub(super) fn at_most(found: &mut Vec<Diagnostic>) {
    if found.len() <= MOST {
        return;
    }
    let rest = found.split_off(MOST);
    if let Some(Diagnostic { source: Some(source), span, .. }) = rest.first() {
        let message =
            format!("{} not listed one by one, from here on", count(rest.len(), "more warning is", "more warnings are"));
        found.push(Diagnostic::warning("more-warnings", source, *span, message, "mend those before, and ask again"));
    }
}

struct Finder<'d> {
    document: &'d Document,
    names: Names,
    out: Vec<Diagnostic>,
}

impl Finder<'_> {
    fn unknown(&mut self, unknown: Option<Unknown>, span: Span) {
        if let Some(Unknown { code, message, help }) = unknown {
            self.out.push(Diagnostic::warning(code, &self.document.source, span, message, help));
        }
    }

    /// Warns of a placeholder in a text in which nothing is a variable.
    fn placeholder(&mut self, text: &Spanned<String>) -> bool {
        let found = placeholders(&text.value).next();
        if let Some(found) = &found {
            self.unfilled(found, text.span);
        }
        found.is_some()
    }

    /// Warns of the first placeholder, or the first variable that is none, of a text that may have variables.
    fn text(&mut self, text: &Spanned<String>) {
        for found in placeholders(&text.value) {
            let Some(key) = found.variable() else { return self.unfilled(&found, text.span) };
            if self.document.version != Version::V2012 {
                let message = format!("`{}` is not a variable here, but plain text", found.written);
                let help = "policy variables need \"Version\": \"2012-10-17\" in the document";
                self.out.push(Diagnostic::warning("variable-without-version", &self.document.source, text.span, message, help));
                return;
            }
            if key.to_ascii_lowercase().starts_with("aws:") {
                let unknown = self.names.key(key);
                self.unknown(unknown, text.span);
            }
        }
    }

    fn unfilled(&mut self, found: &Placeholder<'_>, span: Span) {
        let written = found.written;
        let (message, help) = match found.inner {
            Some(_) => (
                format!("`{written}` is not a policy variable: it names no condition key"),
                "if it is a template's placeholder, fill it in first; a variable is written as ${aws:username}",
            ),
            None => (format!("`{written}` looks like a placeholder that was not filled in"), "write what it stands for"),
        };
        self.out.push(Diagnostic::warning("unfilled-placeholder", &self.document.source, span, message, help));
    }
}

/// Something between brackets that a template or IAM fills in.
struct Placeholder<'t> {
    /// With its brackets.
    written: &'t str,
    /// Of `${...}`: what stands between.
    inner: Option<&'t str>,
}

impl<'t> Placeholder<'t> {
    /// The condition key of a policy variable: a service prefix, a colon, a name.
    fn variable(&self) -> Option<&'t str> {
        let key = self.inner?.split(',').next()?.trim();
        let (owner, name) = key.split_once(':')?;
        (!owner.is_empty() && !name.is_empty() && !name.starts_with(':')).then_some(key)
    }
}

/// Brackets around what is filled in.
const BRACKETS: [(&str, &str); 3] = [("${", "}"), ("{{", "}}"), ("<", ">")];

/// The placeholders and variables of a text, in order, but for `${*}`, `${?}` and `${$}`.
fn placeholders(text: &str) -> impl Iterator<Item = Placeholder<'_>> {
    // Most texts have none.
    let mut rest = if text.bytes().any(|byte| matches!(byte, b'$' | b'{' | b'<')) { text } else { "" };
    // Behind the last of them no bracket closes: what is only opened, many times, is not searched through each time.
    let last = if rest.is_empty() { [None; 3] } else { BRACKETS.map(|(_, close)| text.rfind(close)) };
    std::iter::from_fn(move || {
        loop {
            let at = rest.find(['$', '{', '<'])?;
            let tail = rest.get(at..)?;
            let from = text.len() - tail.len();
            let taken = BRACKETS.into_iter().zip(last).find_map(|((open, close), last)| {
                let after = tail.strip_prefix(open).filter(|_| last.is_some_and(|last| from < last))?;
                // An angle bracket is a character like any other, but around a word.
                let is_word = |c: char| c.is_alphanumeric() || " _-.:%=/".contains(c);
                let inner = match open {
                    "<" => after.split_once(|c| !is_word(c)).map(|(inner, _)| inner)?,
                    _ => after.split_once(close)?.0,
                };
                deadline::spend(1 + inner.len() / 16);
                let closes = after.get(inner.len()..)?.starts_with(close);
                let is_meant = open != "<" || (closes && inner.contains(char::is_alphabetic));
                is_meant.then_some((open, inner, open.len() + inner.len() + close.len()))
            });
            let Some((open, inner, length)) = taken else {
                rest = tail.get(1..)?;
                continue;
            };
            rest = tail.get(length..)?;
            if open == "${" && ["*", "?", "$"].contains(&inner) {
                continue;
            }
            return Some(Placeholder { written: tail.get(..length)?, inner: (open == "${").then_some(inner) });
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::diag::{Budget, Source};
    use crate::document;
    use serde_json::json;

    fn said(statement: serde_json::Value, version: &str) -> Vec<String> {
        let text = json!({"Version": version, "Statement": statement}).to_string();
        let document = document::read(&Source::new("p", text), &Budget::default()).unwrap();
        super::warnings(&document).iter().map(|found| format!("{}: {}; {}", found.code, found.message, found.help)).collect()
    }

    fn check(action: &str, resource: &str, condition: serde_json::Value, parts: &[&str]) {
        let statement = json!({"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition});
        let said = said(statement, "2012-10-17");
        let fits = said.len() == parts.len() && said.iter().zip(parts).all(|(said, part)| said.contains(part));
        assert!(fits, "{action} {resource}: {said:?}");
    }

    #[test]
    fn brackets_take_steps_as_they_are_many() {
        const MANY: usize = 50_000;
        let open = |bracket: &str| bracket.repeat(MANY);
        for text in [
            open("${"),
            open("{{"),
            open("<"),
            open("<a"),
            open("a<b "),
            open("${") + &open("}"),
            open("{{") + &open("}}"),
            open("<") + &open(">"),
            "}".to_owned() + &open("${") + ">",
            open("{{") + "}",
            open("<") + "a>",
        ] {
            let steps = crate::diag::deadline::steps_of(|| super::placeholders(&text).count());
            assert!(steps < 4 * text.len(), "{steps} of {}..", &text[..4]);
        }
    }

    #[test]
    fn what_is_known_has_no_warning() {
        for action in ["*", "s3:*", "S3:getobject", "s3:Get*", "*:Describe*", "ec2:*Address*", "s?:ListBucket", "iam:Pass?ole"] {
            check(action, "*", json!({}), &[]);
        }
        for key in [
            "aws:SourceIp",
            "aws:PrincipalTag/team",
            "s3:prefix",
            "s3:ExistingObjectTag/a",
            "kms:EncryptionContext:x",
            "aws:VpceOrgPaths",
            "aws:VpceAccount",
            "aws:SourceVpcArn",
            "aws:ViaAWSMCPService",
            "aws:CalledViaAWSMCP",
            "aws:IsMcpServiceAction",
            "token.actions.githubusercontent.com:sub",
            "saml:aud",
            "accounts.google.com:aud",
            "ec2:SourceInstanceArn",
        ] {
            check("s3:GetObject", "*", json!({"StringLike": {key: "x"}}), &[]);
        }
        for resource in [
            "arn:aws:s3:::${aws:username}/*",
            "arn:aws:s3:::b/${*}${?}${$}",
            "arn:aws:s3:::b/a<b",
            "arn:aws:s3:::${ec2:InstanceID, 'x'}",
        ] {
            check("s3:GetObject", resource, json!({}), &[]);
        }
    }

    #[test]
    fn what_is_unknown_is_told_with_what_was_meant() {
        for (action, part) in [
            (
                "s3:DeleteBuckets",
                "unknown-action: the catalog (2026-10-27) has no action `s3:DeleteBuckets`; did you mean s3:DeleteBucket?",
            ),
            ("s3:ListObjectsV2", "`s3:ListObjectsV2` is an API operation, not an action: s3:ListBucket or"),
            ("s3:HeadBucket", "did you mean s3:ListBucket?"),
            ("s4:GetObject", "unknown-service: the catalog (2026-10-27) has no service `s4`; did you mean s3:GetObject?"),
            ("codedploy:*", "did you mean codedeploy?"),
            ("stepfunctions:StartExecution", "its prefix is states: did you mean states:StartExecution?"),
            ("codestar:CreateProject", "retired-service: the service `codestar` is retired"),
            (
                "account:GetChallengeQuestions",
                "retired-action: the action `account:GetChallengeQuestions` is retired: it was gone from AWS's list by 2025-03-13",
            ),
            ("s3:Gett*", "no action of the catalog (2026-10-27) matches `s3:Gett*`; did you mean s3:Get*?"),
            ("s3:GetObject, s3:PutObject", "a name has neither blanks nor commas"),
            ("ec2:* ", "a name has neither blanks nor commas"),
            ("*:NoSuchThing*", "no action of the catalog (2026-10-27) matches `*:NoSuchThing*`"),
            ("s3:StartExecution", "did you mean states:StartExecution or"),
            ("s3:Xyzzy", "has no action `s3:Xyzzy`"),
        ] {
            check(action, "*", json!({}), &[part]);
        }
        for (key, part) in [
            (
                "aws:SourceIpp",
                "unknown-condition-key: the catalog (2026-10-27) has no condition key `aws:SourceIpp`; did you mean aws:SourceIp?",
            ),
            ("s3:prefxi", "did you mean s3:prefix?"),
            ("aws:PrincipalTags/team", "did you mean aws:PrincipalTag/team?"),
            ("nosuch:key", "there is no service `nosuch`"),
            ("username", "has no service prefix"),
        ] {
            check("s3:GetObject", "*", json!({"StringLike": {key: "x"}}), &[part]);
        }
    }

    #[test]
    fn what_a_template_left_is_told_and_a_variable_needs_the_version() {
        for (resource, part) in [
            ("arn:aws:s3:::${BucketName}/*", "`${BucketName}` is not a policy variable"),
            ("arn:aws:sqs:*:${AWS::AccountId}:q", "`${AWS::AccountId}` is not a policy variable"),
            ("arn:aws:s3:::${aws_s3_bucket.b.id}/*", "`${aws_s3_bucket.b.id}` is not"),
            ("arn:aws:s3:::{{bucket}}/*", "`{{bucket}}` looks like a placeholder"),
            ("arn:aws:s3:::<bucket-name>/*", "`<bucket-name>` looks like a placeholder"),
            ("arn:aws:s3:::<%= bucket %>/*", "`<%= bucket %>` looks like a placeholder"),
            ("arn:aws:s3:::${aws:usernam}/*", "did you mean aws:username?"),
        ] {
            check("s3:GetObject", resource, json!({}), &[part]);
            check("s3:GetObject", "*", json!({"StringLike": {"aws:SourceArn": resource}}), &[part]);
        }
        check("s3:GetObject", "*", json!({"StringLike": {"${Provider}:sub": "x"}}), &["`${Provider}` is not a policy variable"]);
        let statement = |resource: &str| json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource});
        let old = said(statement("arn:aws:s3:::${aws:username}"), "2008-10-17");
        assert!(
            old.len() == 1 && old[0].starts_with("variable-without-version: `${aws:username}` is not a variable here"),
            "{old:?}"
        );
        assert!(said(statement("arn:aws:s3:::${X}"), "2008-10-17")[0].starts_with("unfilled-placeholder"));
        let named =
            json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::${AWS::AccountId}:root"}, "Action": "sts:AssumeRole"});
        assert!(said(named, "2012-10-17")[0].contains("`${AWS::AccountId}` is not a policy variable"));
    }

    #[test]
    fn many_unknown_names_cost_little_and_are_counted() {
        let actions: Vec<String> = (0..20_000).map(|at| format!("*:a{at}b*c")).collect();
        let text = json!({"Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}}).to_string();
        let document = document::read(&Source::new("p", text), &Budget::default()).unwrap();
        let mut found = super::warnings(&document);
        assert_eq!(found.last().map(|last| last.code), Some("names-not-looked-up"));
        let actions: Vec<String> = (0..20_000).map(|at| format!("s3:Made{at}Up")).collect();
        let text = json!({"Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}}).to_string();
        let document = document::read(&Source::new("p", text), &Budget::default()).unwrap();
        found.extend(super::warnings(&document));
        super::at_most(&mut found);
        assert_eq!(found.len(), super::MOST + 1);
        assert!(found[super::MOST].message.contains("more warnings"), "{:?}", found[super::MOST]);
    }
}
