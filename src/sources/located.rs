//! What is a policy that was found in a file, before anyone reads its grammar?
//!
//! A policy has a name (where it stands), a type and perhaps a resource type, and its places in the file. In a template some
//! texts are not known: each such expression is one constant ([`Open`]), the same for every request; equal expressions are
//! equal constants. In a text a constant is one character of a private plane ([`mark`]), so the JSON tree stays a tree.
//! Where a template chooses (`Fn::If`) by what is not known, the policy has one version for each choice. For comparisons it
//! is read a second time ([`Free`]), with the parameters open that have defaults.
//!
//! Invariant: a policy has at least one version, or says in `trouble` why it has none.

use super::choice::When;
use crate::diag::{Diagnostic, Source, Span};
use crate::json::{Kind, Member, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a policy is attached to, by where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PolicyType {
    /// To a user, group or role, or a boundary of one.
    Identity,
    /// To a resource.
    Resource,
    /// To a role: who may assume it.
    Trust,
    /// To accounts: what their identities may do at most.
    ServiceControl,
    /// To accounts: what may be done with their resources at most.
    ResourceControl,
    /// To a VPC endpoint: what may pass it at most.
    Endpoint,
    /// The place does not say; the policy's principals do.
    Unknown,
}

impl PolicyType {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity policy",
            Self::Resource => "resource policy",
            Self::Trust => "trust policy",
            Self::ServiceControl => "service control policy",
            Self::ResourceControl => "resource control policy",
            Self::Endpoint => "endpoint policy",
            Self::Unknown => "policy",
        }
    }
}

/// What values a constant may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OpenKind {
    /// An account id.
    Account,
    /// A region.
    Region,
    /// A name or id that AWS or the template gives: it has no wildcards.
    Generated,
    /// Any text.
    Any,
}

/// A text that the file does not tell: one constant, the same for every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// The expression that it stands for, such as `AWS::AccountId` or `MyBucket`.
    pub name: String,
    /// What values it may have.
    pub kind: OpenKind,
    /// A value that stands nowhere else in the file.
    pub sample: String,
    /// What the file defines it by, beside its name: constants of two revisions are one only if this is the same.
    pub definition: String,
    /// All that it can be, if the file says so: the values of a parameter, or what a mapping has, by its keys.
    pub may: BTreeMap<String, String>,
}

impl Open {
    /// A constant that its name alone defines.
    pub fn new(name: String, kind: OpenKind, sample: String) -> Self {
        Self { name, kind, sample, definition: String::new(), may: BTreeMap::new() }
    }

    /// Whether it is a constant of an earlier revision: it has its name and its definition, and can be nothing else.
    pub fn was(&self, old: &Self) -> bool {
        let is_narrower =
            old.may.is_empty() || (!self.may.is_empty() && self.may.iter().all(|(key, is)| old.may.get(key) == Some(is)));
        self.is_named_as(old) && self.definition == old.definition && is_narrower
    }

    /// Whether it has the name of another constant, whatever it is defined by.
    pub fn is_named_as(&self, old: &Self) -> bool {
        let of_texts = |kind| matches!(kind, OpenKind::Any | OpenKind::Generated);
        self.name == old.name && (self.kind == old.kind || (of_texts(self.kind) && of_texts(old.kind)))
    }
}

/// A policy as it is under some choices of the template.
#[derive(Debug, Clone)]
pub struct Version {
    /// The conditions of the template that were not known, and what is assumed of each.
    pub under: Vec<(String, bool)>,
    /// For which values of the parameters that is, whatever their defaults.
    pub when: When,
    /// Which values the parameters in it can have.
    pub within: When,
    /// The text that its places are in.
    pub source: Source,
    /// The policy document, constants marked.
    pub value: Value,
}

/// A policy with the parameters open that have defaults: what a deployment gives them is not known.
#[derive(Debug, Clone)]
pub struct Free {
    /// The policy, once for each choice.
    pub versions: Vec<Version>,
    /// Why it cannot be read so, and a text that two policies share only if the same is written there and in all that it
    /// refers to.
    pub trouble: Option<(String, String)>,
}

/// A policy in a file.
#[derive(Debug, Clone)]
pub struct Located {
    /// Where it stands: `MyRole.AssumeRolePolicyDocument`, `aws_iam_policy.p.policy`; empty for a whole document.
    pub name: String,
    /// By what it is known in another revision of the file (`lasting`): its name, without what moves.
    pub key: String,
    /// The resource of the file that it belongs to, by its logical id or address; empty where the file says none.
    pub owner: String,
    /// Which document of the file it is in, as keys say elements.
    pub document: String,
    /// What it is attached to.
    pub policy_type: PolicyType,
    /// The type of the resource, in CloudFormation's words, if the place says it.
    pub resource_type: Option<&'static str>,
    /// The file, and where in it the policy stands.
    pub source: Source,
    /// See `source`.
    pub span: Span,
    /// The policy, once for each choice that the template leaves open.
    pub versions: Vec<Version>,
    /// The same for all values of the parameters, where it is asked for and their defaults matter.
    pub free: Option<Free>,
    /// The parameters of its template, with their defaults.
    pub parameters: Arc<BTreeMap<String, Option<String>>>,
    /// The constants, by their marks.
    pub open: Vec<Open>,
    /// What of a request that is shown is an example, in words.
    pub example: Option<String>,
    /// Assumptions that it was read under, such as defaults of parameters.
    pub notes: Vec<String>,
    /// Whether its constants are what is known only after the apply of a plan.
    pub is_planned: bool,
    /// Why it could not be read.
    pub trouble: Option<Diagnostic>,
}

impl Version {
    /// The version of a policy that nothing chooses.
    pub fn only(source: Source, value: Value) -> Self {
        Self { under: Vec::new(), when: When::Known(true), within: When::Known(true), source, value }
    }
}

impl Located {
    /// A policy that is all there.
    pub fn known(name: String, policy_type: PolicyType, outer: (&Source, Span), source: Source, value: Value) -> Self {
        Self::at(name, policy_type, outer, vec![Version::only(source, value)], None)
    }

    /// A policy that cannot be read.
    pub fn unreadable(name: String, policy_type: PolicyType, outer: (&Source, Span), trouble: Diagnostic) -> Self {
        Self::at(name, policy_type, outer, Vec::new(), Some(trouble))
    }

    fn at(
        name: String,
        policy_type: PolicyType,
        outer: (&Source, Span),
        versions: Vec<Version>,
        trouble: Option<Diagnostic>,
    ) -> Self {
        Self { versions, trouble, ..Self::empty(name, policy_type, outer) }
    }

    /// A policy of which nothing is read yet: it gets its versions, or the reason why it has none.
    pub(super) fn empty(name: String, policy_type: PolicyType, outer: (&Source, Span)) -> Self {
        Self {
            key: name.clone(),
            name,
            owner: String::new(),
            document: String::new(),
            policy_type,
            resource_type: None,
            source: outer.0.clone(),
            span: outer.1,
            versions: Vec::new(),
            free: None,
            parameters: Arc::default(),
            open: Vec::new(),
            example: None,
            notes: Vec::new(),
            is_planned: false,
            trouble: None,
        }
    }

    /// The same policy, which belongs to a resource of the file.
    #[must_use]
    pub fn owned(self, owner: &str, key: String) -> Self {
        Self { owner: owner.to_owned(), key, ..self }
    }

    /// The same policy of a resource of this type.
    #[must_use]
    pub fn of(self, resource_type: Option<&'static str>) -> Self {
        Self { resource_type, ..self }
    }
}

/// The first character that stands for a constant.
const FIRST: u32 = 0xF_0000;

/// How many constants a file may have.
pub const MOST_OPEN: usize = 10_000;

/// The character that stands for a constant.
pub fn mark(index: usize) -> char {
    let code = u32::try_from(index.min(MOST_OPEN)).map_or(FIRST, |index| FIRST + index);
    char::from_u32(code).unwrap_or('\u{F0000}')
}

/// The constant that a character stands for.
pub fn marked(c: char) -> Option<usize> {
    let most = u32::try_from(MOST_OPEN).ok()?;
    (u32::from(c)).checked_sub(FIRST).filter(|index| *index <= most).and_then(|index| usize::try_from(index).ok())
}

/// Whether a text holds a constant.
pub fn is_open(text: &str) -> bool {
    text.contains(|c| marked(c).is_some())
}

/// The document with every constant replaced by a text.
pub fn filled(value: &Value, text: &dyn Fn(usize) -> String) -> Value {
    let fill = |written: &str| {
        let mut out = String::with_capacity(written.len());
        for c in written.chars() {
            match marked(c) {
                Some(index) => out.push_str(&text(index)),
                None => out.push(c),
            }
        }
        out
    };
    let kind = match &value.kind {
        Kind::String(written) if is_open(written) => Kind::String(fill(written)),
        Kind::Array(elements) => Kind::Array(elements.iter().map(|element| filled(element, text)).collect()),
        Kind::Object(members) => {
            let member = |member: &Member| Member {
                key: fill(&member.key),
                key_span: member.key_span,
                value: filled(&member.value, text),
            };
            Kind::Object(members.iter().map(member).collect())
        }
        other => other.clone(),
    };
    Value { span: value.span, kind }
}

/// The constants that a document holds.
pub fn constants(value: &Value, out: &mut std::collections::BTreeSet<usize>) {
    match &value.kind {
        Kind::String(text) => out.extend(text.chars().filter_map(marked)),
        Kind::Array(elements) => elements.iter().for_each(|element| constants(element, out)),
        Kind::Object(members) => {
            for member in members {
                out.extend(member.key.chars().filter_map(marked));
                constants(&member.value, out);
            }
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_filled_and_nothing_else() {
        let text = format!("a{}b{}", mark(0), mark(7));
        let value = Value::string(text.clone());
        assert!(is_open(&text) && !is_open("plain \u{10348}"));
        assert_eq!(filled(&value, &|index| format!("<{index}>")).as_str(), Some("a<0>b<7>"));
        let mut found = std::collections::BTreeSet::new();
        constants(&value, &mut found);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [0, 7]);
        assert_eq!((marked(mark(MOST_OPEN)), marked('x')), (Some(MOST_OPEN), None));
    }
}
