//! What bounds a user or role of a template, and what is attached to it, for which values of the parameters?
//!
//! As two revisions are compared: what a condition stands for counts, not its name. What SAM makes for a role is told by what it
//! is made of: the template and its arguments.

use super::Reader;
use super::closure::closure;
use super::functions::as_text;
use super::scope::Scope;
use super::versions::{Given, start};
use crate::json::{Kind, Value};
use crate::sources::attached::{Boundary, Tie, Ties, set_boundary};
use crate::sources::located::is_open;
use std::collections::BTreeMap;

impl Reader<'_> {
    /// What a user or role is tied to; `own` are the managed policies of the template.
    pub(super) fn tied(&self, resource: &Value, own: &BTreeMap<String, String>) -> Vec<Ties> {
        let (by_default, relies) = self.ties(resource, own, false);
        let mut out = vec![by_default];
        if self.given.every_value && relies {
            out.push(self.ties(resource, own, true).0);
        }
        out
    }

    /// What bounds a user or role, and what is attached to it; and whether defaults of parameters went into that.
    fn ties(&self, resource: &Value, own: &BTreeMap<String, String>, free: bool) -> (Ties, bool) {
        let of = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
        let properties = resource.get("Properties");
        let written = |name: &str| properties.and_then(|all| all.get(name));
        let assumed = start(resource, &Vec::new());
        let always = || self.scope(assumed.clone(), free).when();
        let mut relies = false;
        let boundaries = match written("PermissionsBoundary") {
            // Nothing can bound a group, or what puts users into one.
            _ if of == "AWS::IAM::Group" || of == "AWS::IAM::UserToGroupAddition" => Vec::new(),
            None => vec![Tie { what: Boundary::None, definition: String::new(), when: always() }],
            Some(value) => self.tied_boundaries(value, &assumed, free, &mut relies),
        };
        let listed = written("ManagedPolicyArns").or_else(|| written("ManagedPolicies"));
        let listed = listed.or_else(|| written("Policies").filter(|_| of.starts_with("AWS::Serverless::")));
        let all = listed.map(|all| self.tied_policies(all, &assumed, free, &mut relies)).unwrap_or_default();
        // The policies of this template are looked at.
        let (looked_at, mut managed): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| own.contains_key(&one.what));
        let by_id = |one: Tie<String>| Some(Tie { what: own.get(&one.what)?.clone(), ..one });
        let groups = match of {
            "AWS::IAM::User" => written("Groups"),
            "AWS::IAM::UserToGroupAddition" => properties,
            _ => None,
        };
        let groups = groups.map(|groups| self.tied_groups(groups, &assumed, free, &mut relies)).unwrap_or_default();
        let by_name = written("CustomerManagedPolicyReferences").and_then(Value::elements).unwrap_or_default();
        let name = |one: &Value| one.get("Name").map(|name| name.as_str().map_or_else(|| name.to_string(), str::to_owned));
        let named = by_name.iter().filter_map(name).map(|name| format!("{name} (of the account that it is assigned to)"));
        managed.extend(named.map(|what| Tie { what, definition: String::new(), when: always() }));
        let own = looked_at.into_iter().filter_map(by_id).collect();
        (Ties { boundaries, managed, own, groups }, relies)
    }

    /// What a value gives under each choice; where that is not known, a tie that says so.
    fn chosen<W>(
        &self,
        value: &Value,
        scope: &Scope<'_>,
        assumed: &BTreeMap<String, bool>,
        free: bool,
        relies: &mut bool,
        unknown: impl FnOnce(String) -> W,
    ) -> Result<Vec<Given>, Tie<W>> {
        let reading = self.read(value, assumed, free);
        *relies |= reading.relies;
        reading.given.map_err(|trouble| {
            let (what, definition) = (unknown(trouble.message.clone()), closure(self.sections, value));
            Tie { what, definition, when: scope.when() }
        })
    }

    /// The groups of a list, or the group and the users of a resource that puts them into it, each once a choice.
    fn tied_groups(&self, listed: &Value, assumed: &BTreeMap<String, bool>, free: bool, relies: &mut bool) -> Vec<Tie<String>> {
        let scope = self.scope(assumed.clone(), free);
        let unknown = |why: String| format!("(not known: {why})");
        let given = match self.chosen(listed, &scope, assumed, free, relies, unknown) {
            Ok(given) => given,
            Err(unknown) => return vec![unknown],
        };
        let texts = |of: &Value| -> Vec<String> { of.items().iter().filter_map(as_text).collect() };
        let mut out: Vec<Tie<String>> = Vec::new();
        for (version, when) in given.iter().filter_map(|one| Some((one.value.as_ref()?, &one.when))) {
            let all: Vec<(String, Vec<String>)> = match version.get("GroupName").and_then(as_text) {
                Some(group) => vec![(group, version.get("Users").map(texts).unwrap_or_default())],
                None => texts(version).into_iter().map(|group| (group, Vec::new())).collect(),
            };
            for (group, users) in all {
                let whose = if users.is_empty() { vec![String::new()] } else { users };
                for user in whose {
                    let what = if user.is_empty() { scope.named(&group) } else { scope.named(&format!("{user} in {group}")) };
                    let tie = Tie { what, definition: scope.definitions(&format!("{user} {group}")), when: when.clone() };
                    if !out.contains(&tie) {
                        out.push(tie);
                    }
                }
            }
        }
        out
    }

    fn tied_boundaries(
        &self,
        value: &Value,
        assumed: &BTreeMap<String, bool>,
        free: bool,
        relies: &mut bool,
    ) -> Vec<Tie<Boundary>> {
        let scope = self.scope(assumed.clone(), free);
        let given = match self.chosen(value, &scope, assumed, free, relies, Boundary::Unknown) {
            Ok(given) => given,
            Err(unknown) => return vec![unknown],
        };
        let one = |value: Option<&Value>| match value {
            None => (Boundary::None, String::new()),
            Some(value) => match as_text(value).or_else(|| set_boundary(value)) {
                Some(text) => (Boundary::Policy(scope.named(&text)), scope.definitions(&text)),
                None => (Boundary::Unknown("it is not a text".to_owned()), value.to_string()),
            },
        };
        let tie = |given: Given| {
            let (what, definition) = one(given.value.as_ref());
            Tie { what, definition, when: given.when }
        };
        given.into_iter().map(tie).collect()
    }

    /// The managed policies that a list attaches under some choice, each once a choice: by ARN, or as SAM has it by AWS's name
    /// of it or by SAM's own template with its arguments.
    fn tied_policies(&self, listed: &Value, assumed: &BTreeMap<String, bool>, free: bool, relies: &mut bool) -> Vec<Tie<String>> {
        let scope = self.scope(assumed.clone(), free);
        let unknown = |why: String| format!("(not known: {why})");
        let given = match self.chosen(listed, &scope, assumed, free, relies, unknown) {
            Ok(given) => given,
            Err(unknown) => return vec![unknown],
        };
        let mut out: Vec<Tie<String>> = Vec::new();
        for (version, when) in given.iter().filter_map(|one| Some((one.value.as_ref()?, &one.when))) {
            for one in version.items() {
                let (what, definition) = match (as_text(one), one.members()) {
                    (Some(text), _) if text.contains(':') || is_open(&text) => (scope.named(&text), scope.definitions(&text)),
                    (Some(text), _) => (format!("arn:aws:iam::aws:policy/{text}"), String::new()),
                    // A document may have its statements alone.
                    (None, Some([template])) if template.key != "Statement" => {
                        let text = template.value.sorted().to_string();
                        let arguments = match template.value.members() {
                            Some([]) => String::new(),
                            _ => format!(" of {}", scope.named(&plain(&template.value))),
                        };
                        (format!("{}{arguments} (a template of SAM)", template.key), scope.identity(&text))
                    }
                    _ => continue,
                };
                let tie = Tie { what, definition, when: when.clone() };
                if !out.contains(&tie) {
                    out.push(tie);
                }
            }
        }
        out
    }
}

/// Arguments in words: `BucketName b`.
pub(super) fn plain(value: &Value) -> String {
    match &value.kind {
        Kind::Object(members) => {
            members.iter().map(|one| format!("{} {}", one.key, plain(&one.value))).collect::<Vec<_>>().join(", ")
        }
        Kind::Array(all) => all.iter().map(plain).collect::<Vec<_>>().join(", "),
        _ => as_text(value).unwrap_or_else(|| value.to_string()),
    }
}
