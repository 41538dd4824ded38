//! From a findings document to [`UnusedPermissions`].

use super::UnusedPermissions;
use crate::diag::{Budget, Diagnostic, Source, Span};
use crate::json::{self, Kind, Value};

/// Reads unused permissions from any of the forms that the module names.
pub fn read(source: &Source, budget: &Budget) -> Result<UnusedPermissions, Diagnostic> {
    read_about(source, budget, None)
}

/// As [`read`], but of findings about several roles or users only those about this one, an ARN.
pub fn read_about(source: &Source, budget: &Budget, about: Option<&str>) -> Result<UnusedPermissions, Diagnostic> {
    let value = json::read(source, budget)?;
    read_value(source, &value, about)
}

/// Reads unused permissions from JSON that was parsed elsewhere, such as a member of a batch line.
pub fn from_json_value(name: &str, value: &serde_json::Value, about: Option<&str>) -> Result<UnusedPermissions, Diagnostic> {
    read_about(&Source::new(name, value.to_string()), &Budget::default(), about)
}

fn read_value(source: &Source, value: &Value, about: Option<&str>) -> Result<UnusedPermissions, Diagnostic> {
    let out = UnusedPermissions::default();
    let mut reader = Reader { source, about, out, services: 0, other_findings: 0, resolved: 0, others: Vec::new() };
    reader.any(value)?;
    if !reader.out.is_empty() {
        return Ok(reader.out);
    }
    let message = if let (Some(about), false) = (about, reader.others.is_empty()) {
        format!("no finding is about `{about}`, only about {}", reader.others.join(", "))
    } else if reader.resolved > 0 {
        "the findings are resolved: what they named is in use again, or no longer granted".to_owned()
    } else if reader.other_findings > 0 {
        "the findings are of other types than UnusedPermission".to_owned()
    } else {
        // A list that is there and empty: nothing is unused.
        return Ok(reader.out);
    };
    Err(reader.error(value.span, message))
}

/// The code of findings about several roles or users.
pub const SEVERAL: &str = "several-resources";

/// What to do about them.
pub const SEVERAL_HELP: &str = "name the one whose policy is refined: --resource ARN (in batch, `resource`)";

struct Reader<'s> {
    source: &'s Source,
    /// The role or user whose findings are wanted.
    about: Option<&'s str>,
    out: UnusedPermissions,
    /// How many `serviceNamespace` objects were read.
    services: usize,
    other_findings: usize,
    resolved: usize,
    /// Roles and users whose findings are not wanted.
    others: Vec<String>,
}

impl Reader<'_> {
    fn error(&self, span: Span, message: String) -> Diagnostic {
        let help = "expected [{\"serviceNamespace\": \"s3\", \"actions\": [\"GetBucketAcl\"]}], or a GetFindingV2 or ListFindingsV2 document with unusedPermissionDetails";
        Diagnostic::error("bad-unused-permissions", self.source, span, message, help)
    }

    fn any(&mut self, value: &Value) -> Result<(), Diagnostic> {
        match &value.kind {
            Kind::Array(elements) => elements.iter().try_for_each(|element| self.any(element)),
            Kind::Object(_) => self.object(value),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => {
                Err(self.error(value.span, format!("{} is not a finding", value.kind_name())))
            }
        }
    }

    fn object(&mut self, value: &Value) -> Result<(), Diagnostic> {
        if let Some(namespace) = value.get("serviceNamespace") {
            return self.service(namespace, value);
        }
        if value.get("status").and_then(Value::as_str) == Some("RESOLVED") {
            self.resolved += 1;
            return Ok(());
        }
        if let (Some(about), Some(resource)) = (self.about, value.get("resource").and_then(Value::as_str))
            && about != resource
        {
            let shown = format!("`{resource}`");
            if !self.others.contains(&shown) {
                self.others.push(shown);
            }
            return Ok(());
        }
        for wrapper in ["unusedPermissionDetails", "findingDetails", "findings", "unusedPermissions"] {
            if let Some(inner) = value.get(wrapper) {
                let before = self.services;
                self.any(inner)?;
                return if self.services > before { self.about(value) } else { Ok(()) };
            }
        }
        let known = [
            "externalAccessDetails",
            "internalAccessDetails",
            "unusedIamRoleDetails",
            "unusedIamUserAccessKeyDetails",
            "unusedIamUserPasswordDetails",
        ];
        let of_other_type = value.get("findingType").and_then(Value::as_str).is_some_and(|kind| kind != "UnusedPermission");
        if of_other_type || known.iter().any(|key| value.get(key).is_some()) {
            self.other_findings += 1;
            return Ok(());
        }
        if value.get("findingType").is_some() {
            let message = "this finding has no `findingDetails`: ListFindingsV2 gives summaries; get each one with GetFindingV2";
            return Err(self.error(value.span, message.to_owned()));
        }
        Err(self.error(value.span, "this object has no `serviceNamespace`".to_owned()))
    }

    /// Notes whom a finding is about: what one role does not use another may.
    fn about(&mut self, finding: &Value) -> Result<(), Diagnostic> {
        let Some((resource, span)) = finding.get("resource").and_then(|value| Some((value.as_str()?, value.span))) else {
            return Ok(());
        };
        match &self.out.resource {
            Some(other) if other != resource => {
                let message = format!(
                    "this finding is about `{resource}`, an earlier one about `{other}`: what one does not use the other may"
                );
                Err(Diagnostic::error(SEVERAL, self.source, span, message, SEVERAL_HELP))
            }
            Some(_) => Ok(()),
            None => {
                self.out.resource = Some(resource.to_owned());
                Ok(())
            }
        }
    }

    fn service(&mut self, namespace: &Value, value: &Value) -> Result<(), Diagnostic> {
        self.services += 1;
        let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let Some(prefix) = namespace.as_str().filter(|text| plain(text)) else {
            return Err(self.error(namespace.span, format!("`serviceNamespace` is {namespace}, which is not a service prefix")));
        };
        let Some(actions) = value.get("actions").filter(|actions| actions.kind != Kind::Null) else {
            self.out.add_service(prefix);
            return Ok(());
        };
        let Some(elements) = actions.elements() else {
            return Err(self.error(actions.span, format!("`actions` must be a list, not {}", actions.kind_name())));
        };
        if elements.is_empty() {
            let message = format!(
                "`actions` of `{prefix}` is empty: leave it out if the whole service is unused, or leave out the service"
            );
            return Err(self.error(actions.span, message));
        }
        for element in elements {
            let written = element.get("action").unwrap_or(element);
            let Some(text) = written.as_str() else {
                return Err(self.error(written.span, format!("an action must be a string, not {}", written.kind_name())));
            };
            let name = match text.split_once(':') {
                Some((service, name)) if service.eq_ignore_ascii_case(prefix) => name,
                Some((service, _)) => {
                    return Err(self.error(written.span, format!("the action `{text}` is of `{service}`, not of `{prefix}`")));
                }
                None => text,
            };
            let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
            if !is_name {
                return Err(self
                    .error(written.span, format!("`{text}` is not an action name: list each unused action by its whole name")));
            }
            self.out.add_action(prefix, name);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::Unused;

    fn shown(text: &str) -> String {
        match read(&Source::new("u.json", text), &Budget::default()) {
            Ok(unused) => {
                let show = |(namespace, unused): (&str, &Unused)| match unused {
                    Unused::WholeService => format!("{namespace}:*"),
                    Unused::Actions(actions) => format!("{namespace}:{}", actions.iter().cloned().collect::<Vec<_>>().join(",")),
                };
                unused.services().map(show).collect::<Vec<_>>().join(" ")
            }
            Err(diagnostic) => diagnostic.to_string().split(';').next().unwrap_or("").to_owned(),
        }
    }

    #[test]
    fn every_form_says_the_same() {
        for text in [
            r#"[{"serviceNamespace":"s3","actions":["GetObject","s3:PutObject"]},{"serviceNamespace":"SQS"}]"#,
            r#"{"findingType":"UnusedPermission","findingDetails":[{"unusedPermissionDetails":{"serviceNamespace":"s3","actions":[{"action":"GetObject","lastAccessed":"2024-01-01T00:00:00Z"},{"action":"PutObject"}]}},{"unusedPermissionDetails":{"serviceNamespace":"sqs"}}]}"#,
            r#"{"findings":[{"findingType":"UnusedIAMRole","id":"1"},{"findingDetails":[{"unusedPermissionDetails":{"serviceNamespace":"s3","actions":[{"action":"GetObject"},{"action":"PutObject"}]}}]},{"unusedPermissionDetails":{"serviceNamespace":"sqs"}}]}"#,
        ] {
            assert_eq!(shown(text), "s3:GetObject,PutObject sqs:*", "{text}");
        }
    }

    #[test]
    fn findings_of_several_resources_are_refused_and_resolved_ones_left_out() {
        let finding = |resource: &str, status: &str, action: &str| {
            format!(
                r#"{{"resource":"{resource}","status":"{status}","findingDetails":[{{"unusedPermissionDetails":{{"serviceNamespace":"s3","actions":[{{"action":"{action}"}}]}}}}]}}"#
            )
        };
        let list = |findings: &[String]| shown(&format!("[{}]", findings.join(",")));
        let (a, b) = (finding("role/a", "ACTIVE", "GetObject"), finding("role/b", "ACTIVE", "PutObject"));
        assert_eq!(list(&[a.clone(), finding("role/a", "ACTIVE", "PutObject")]), "s3:GetObject,PutObject");
        assert!(list(&[a.clone(), b]).contains("this finding is about `role/b`, an earlier one about `role/a`"));
        assert_eq!(list(&[a, finding("role/b", "RESOLVED", "PutObject")]), "s3:GetObject");
        assert!(list(&[finding("role/b", "RESOLVED", "PutObject")]).contains("the findings are resolved"));
    }

    #[test]
    fn one_of_several_resources_can_be_picked() {
        let finding = |resource: &str, action: &str| {
            format!(
                r#"{{"resource":"{resource}","findingDetails":[{{"unusedPermissionDetails":{{"serviceNamespace":"s3","actions":[{{"action":"{action}"}}]}}}}]}}"#
            )
        };
        let text = format!("[{},{}]", finding("role/a", "GetObject"), finding("role/b", "PutObject"));
        let about = |who: &str| read_about(&Source::new("u.json", text.as_str()), &Budget::default(), Some(who));
        let unused = about("role/b").unwrap();
        assert_eq!((unused.resource(), unused.services().count()), (Some("role/b"), 1));
        assert!(
            matches!(unused.services().next(), Some(("s3", Unused::Actions(names))) if names.contains("PutObject") && names.len() == 1)
        );
        assert!(about("role/c").unwrap_err().to_string().contains("no finding is about `role/c`, only about `role/a`, `role/b`"));
    }

    #[test]
    fn an_empty_list_says_that_nothing_is_unused() {
        for text in ["[]", r#"{"findings":[]}"#, r#"{"unusedPermissions":[]}"#] {
            assert_eq!(shown(text), "", "{text}");
        }
    }

    #[test]
    fn what_is_unclear_is_refused() {
        for (text, expected) in [
            ("7", "u.json:1:1: a number is not a finding"),
            (r#"[{"service":"s3"}]"#, "u.json:1:2: this object has no `serviceNamespace`"),
            (
                r#"[{"serviceNamespace":"s3","actions":[]}]"#,
                "u.json:1:37: `actions` of `s3` is empty: leave it out if the whole service is unused, or leave out the service",
            ),
            (
                r#"[{"serviceNamespace":"s3","actions":["Get*"]}]"#,
                "u.json:1:38: `Get*` is not an action name: list each unused action by its whole name",
            ),
            (
                r#"[{"serviceNamespace":"s3","actions":["sqs:Send"]}]"#,
                "u.json:1:38: the action `sqs:Send` is of `sqs`, not of `s3`",
            ),
            (r#"[{"serviceNamespace":"s3:*"}]"#, "u.json:1:22: `serviceNamespace` is \"s3:*\", which is not a service prefix"),
            (
                r#"{"findings":[{"findingType":"UnusedIAMRole"}]}"#,
                "u.json:1:1: the findings are of other types than UnusedPermission",
            ),
            (
                r#"{"findings":[{"findingType":"UnusedPermission","id":"x"}]}"#,
                "u.json:1:14: this finding has no `findingDetails`: ListFindingsV2 gives summaries",
            ),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
