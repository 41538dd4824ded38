//! Which users and roles does a template make, what bounds them, and which managed policies are attached to them?

use super::functions::{Stop, as_text, resolve};
use super::ties::plain;
use super::{Constants, Given, MOST_VERSIONS, Reader, Sections};
use crate::diag::Source;
use crate::json::Value;
use crate::sources::attached::{Boundary, Identity, Who, set_boundary};
use crate::sources::located::marked;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// The users and roles of a template, in its order.
pub fn identities(source: &Source, template: &Value, given: &Given) -> Vec<Identity> {
    let sections = Sections::of(template);
    let constants = RefCell::new(Constants::default());
    let mut out = Vec::new();
    let reader = Reader::of(source, &sections, given, &constants);
    let own = reader.own_policies();
    for resource in sections.resources.and_then(Value::members).unwrap_or_default() {
        let properties = resource.value.get("Properties");
        let written = |name: &str| properties.and_then(|all| all.get(name));
        match resource.value.get("Type").and_then(Value::as_str) {
            Some("AWS::IAM::Role" | "AWS::IAM::User" | "AWS::IAM::Group" | "AWS::SSO::PermissionSet" | JOINING) => {}
            // SAM makes a role for it where none is named.
            Some("AWS::Serverless::Function" | "AWS::Serverless::StateMachine") if may_lack(written("Role")) => {}
            _ => continue,
        }
        let of = resource.value.get("Type").and_then(Value::as_str).unwrap_or_default();
        let condition = resource.value.get("Condition").and_then(Value::as_str).map(|own| (own.to_owned(), true));
        let assumed: BTreeMap<String, bool> = condition.into_iter().collect();
        let boundaries = match written("PermissionsBoundary") {
            // Nothing can bound a group.
            _ if of == "AWS::IAM::Group" || of == JOINING => Vec::new(),
            None => vec![Boundary::None],
            Some(value) => reader.boundaries(value, &assumed),
        };
        let listed = written("ManagedPolicyArns").or_else(|| written("ManagedPolicies"));
        let listed = listed.or_else(|| written("Policies").filter(|_| of.starts_with("AWS::Serverless::")));
        let attached = listed.map(|all| reader.attached(all, &assumed)).unwrap_or_default();
        // The policies of this template are looked at.
        let id = |(name, always): &(String, bool)| Some((own.get(name)?.clone(), *always));
        let looked_at: Vec<(String, bool)> = attached.iter().filter_map(id).collect();
        let mut managed: Vec<String> =
            attached.into_iter().map(|(name, _)| name).filter(|name| !own.contains_key(name)).collect();
        let by_name = written("CustomerManagedPolicyReferences").and_then(Value::elements).unwrap_or_default();
        let name = |one: &Value| one.get("Name").map(|name| name.as_str().map_or_else(|| name.to_string(), str::to_owned));
        managed.extend(by_name.iter().filter_map(name).map(|name| format!("{name} (of the account that it is assigned to)")));
        out.push(Identity {
            name: resource.key.clone(),
            who: match of {
                "AWS::IAM::User" => Who::User,
                "AWS::IAM::Group" => Who::Group,
                "AWS::SSO::PermissionSet" => Who::Set,
                JOINING => Who::Attachment,
                _ => Who::Role,
            },
            source: source.clone(),
            span: resource.key_span,
            boundaries,
            bounded_by: written("PermissionsBoundary").map(|value| value.sorted().to_string()).unwrap_or_default(),
            managed,
            own: looked_at,
            ties: reader.tied(&resource.value, &own),
            parameters: reader.parameters.clone(),
        });
    }
    out
}

/// What puts users into a group.
const JOINING: &str = "AWS::IAM::UserToGroupAddition";

/// Whether a property is not there, or may not be.
fn may_lack(value: Option<&Value>) -> bool {
    value.is_none_or(|value| matches!(value.members(), Some([only]) if only.key == "Fn::If"))
}

impl Reader<'_> {
    /// The managed policies of the template: the logical id of each by its ARN.
    fn own_policies(&self) -> BTreeMap<String, String> {
        let all = self.sections.resources.and_then(Value::members).unwrap_or_default();
        let is_one = |of: &Value| of.get("Type").and_then(Value::as_str) == Some("AWS::IAM::ManagedPolicy");
        let arn = |one: &crate::json::Member| {
            let scope = self.scope(BTreeMap::new(), false);
            let arn = scope.attribute(&one.key, "Ref", one.key_span, 0).ok()?;
            Some((self.named(&arn), one.key.clone()))
        };
        all.iter().filter(|one| is_one(&one.value)).filter_map(arn).collect()
    }

    /// What a value gives under each choice that the template leaves open.
    fn versions(&self, value: &Value, assumed: &BTreeMap<String, bool>) -> Result<Vec<Option<Value>>, String> {
        let (mut out, mut left) = (Vec::new(), vec![assumed.clone()]);
        while let Some(assumed) = left.pop() {
            let scope = self.scope(assumed, false);
            match resolve(&scope, value, 0) {
                Ok(value) => out.push(value),
                Err(Stop::Needs(condition)) if left.len() + out.len() + 2 <= MOST_VERSIONS => {
                    for answer in [false, true] {
                        let mut more = scope.assumed.clone();
                        more.insert(condition.clone(), answer);
                        left.push(more);
                    }
                }
                Err(Stop::Needs(condition)) => return Err(format!("too much depends on conditions like `{condition}`")),
                Err(Stop::Trouble(trouble)) => return Err(trouble.message.clone()),
            }
        }
        Ok(out)
    }

    fn boundaries(&self, value: &Value, assumed: &BTreeMap<String, bool>) -> Vec<Boundary> {
        let versions = match self.versions(value, assumed) {
            Ok(versions) => versions,
            Err(why) => return vec![Boundary::Unknown(why)],
        };
        let one = |value: Option<Value>| match value {
            None => Boundary::None,
            Some(value) => match as_text(&value).or_else(|| set_boundary(&value)) {
                Some(text) => Boundary::Policy(self.named(&text)),
                None => Boundary::Unknown("it is not a text".to_owned()),
            },
        };
        versions.into_iter().map(one).collect()
    }

    /// The managed policies that a list attaches under some choice, each once, with whether it does under all: by ARN, or as SAM
    /// has it by AWS's name of it or by SAM's own template.
    fn attached(&self, listed: &Value, assumed: &BTreeMap<String, bool>) -> Vec<(String, bool)> {
        let versions = match self.versions(listed, assumed) {
            Ok(versions) => versions,
            Err(why) => return vec![(format!("(not known: {why})"), false)],
        };
        let mut out: Vec<(String, BTreeSet<usize>)> = Vec::new();
        for (at, version) in versions.iter().enumerate().filter_map(|(at, version)| Some((at, version.as_ref()?))) {
            for one in version.items() {
                let name = match (as_text(one), one.members()) {
                    (Some(text), _) if text.contains(':') || text.chars().any(|c| marked(c).is_some()) => self.named(&text),
                    (Some(text), _) => format!("arn:aws:iam::aws:policy/{text}"),
                    // A document may have its statements alone.
                    (None, Some([template])) if template.key != "Statement" => {
                        let of = if template.value.members().is_some_and(<[_]>::is_empty) { "" } else { " of " };
                        format!("{}{of}{} (a template of SAM)", template.key, self.named(&plain(&template.value)))
                    }
                    _ => continue,
                };
                match out.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, under)) => _ = under.insert(at),
                    None => out.push((name, BTreeSet::from([at]))),
                }
            }
        }
        out.into_iter().map(|(name, under)| (name, under.len() == versions.len())).collect()
    }

    /// A text with the names of what stays open in it.
    pub(super) fn named(&self, text: &str) -> String {
        let constants = self.constants.borrow();
        let name = |c: char| marked(c).and_then(|at| constants.open.get(at)).map(|open| format!("${{{}}}", open.name));
        text.chars().map(|c| name(c).unwrap_or_else(|| c.to_string())).collect()
    }
}
