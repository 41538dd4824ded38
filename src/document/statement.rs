//! From JSON to one [`Statement`].

use super::read::Reader;
use super::{Effect, KeyBlock, Listed, OperatorBlock, PrincipalElement, PrincipalType, Spanned, Statement};
use crate::diag::{Span, deadline};
use crate::json::{Member, Value};

/// Reads one statement; errors go to the reader.
pub(super) fn read(reader: &mut Reader<'_>, value: &Value, index: usize) -> Option<Statement> {
    deadline::check();
    let members = reader.object(value, &format!("the statement with index {index}"))?;
    let (mut sid, mut effect, mut condition) = (None, None, Vec::new());
    let (mut action, mut resource, mut principal) = (None, None, None);
    for member in members {
        let negated = member.key.starts_with("Not");
        match member.key.as_str() {
            "Sid" => sid = reader.string(&member.value, "`Sid`"),
            // Some published resource policies carry an Id in a statement; it has no meaning.
            "Id" => reader.warn("statement-id", member.key_span, "`Id` in a statement has no meaning".to_owned(), "remove it"),
            "Effect" => effect = self::effect(reader, &member.value),
            "Action" | "NotAction" => {
                let list = listed(reader, member, negated);
                once(reader, &mut action, list, member, "Action");
            }
            "Resource" | "NotResource" => {
                let list = listed(reader, member, negated);
                once(reader, &mut resource, list, member, "Resource");
            }
            "Principal" | "NotPrincipal" => {
                let element = self::principal(reader, member, negated);
                once(reader, &mut principal, element, member, "Principal");
            }
            "Condition" => condition = self::condition(reader, &member.value),
            other => {
                let message = format!("unknown element `{other}` in the statement with index {index}");
                let help =
                    "a statement has Sid, Effect, (Not)Principal, (Not)Action, (Not)Resource, Condition, spelled exactly so";
                reader.error("unknown-element", member.key_span, message, help);
            }
        }
    }
    let missing = |reader: &mut Reader<'_>, what: &str, help: &str| {
        reader.error("missing-element", value.span, format!("the statement has no {what}"), help);
    };
    if !members.iter().any(|member| member.key == "Effect") {
        missing(reader, "`Effect`", "add `\"Effect\": \"Allow\"` or `\"Effect\": \"Deny\"`");
    }
    if action.is_none() {
        missing(reader, "`Action` or `NotAction`", "add one of them");
    }
    // A role trust policy has no Resource: its resource is the role.
    if resource.is_none() && principal.is_none() {
        missing(
            reader,
            "`Resource` or `NotResource`",
            "add one of them; only a role trust policy, which has a Principal, has none",
        );
    }
    Some(Statement { span: place(value.span), sid, effect: effect?, principal, action: action?, resource, condition })
}

fn place(span: Span) -> Spanned<()> {
    Spanned { value: (), span }
}

/// Keeps the first of an element and its `Not` form; the second is an error.
fn once<T>(reader: &mut Reader<'_>, slot: &mut Option<T>, new: T, member: &Member, name: &str) {
    if slot.is_some() {
        let message = format!("both `{name}` and `Not{name}` stand in one statement");
        reader.error("both-forms", member.key_span, message, "keep one of them, or split the statement");
    } else {
        *slot = Some(new);
    }
}

fn effect(reader: &mut Reader<'_>, value: &Value) -> Option<Spanned<Effect>> {
    let effect = match value.as_str() {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        _ => {
            let message = format!("`Effect` is {value}");
            reader.error("wrong-effect", value.span, message, "write \"Allow\" or \"Deny\", in this case");
            return None;
        }
    };
    Some(Spanned { value: effect, span: value.span })
}

fn listed(reader: &mut Reader<'_>, member: &Member, negated: bool) -> Listed {
    let items = reader.strings(&member.value, &format!("`{}`", member.key), false);
    Listed { negated, key_span: place(member.key_span), items }
}

fn principal(reader: &mut Reader<'_>, member: &Member, negated: bool) -> PrincipalElement {
    let mut element = PrincipalElement { negated, key_span: place(member.key_span), everyone: false, entries: Vec::new() };
    let name = &member.key;
    if let Some(text) = member.value.as_str() {
        let item = Spanned { value: text.to_owned(), span: member.value.span };
        if text == "*" {
            element.everyone = true;
        } else if could_stand_alone(text) {
            let message = format!("`{name}` is the bare string {}", member.value);
            let help = format!("it is read as {{\"AWS\": {}}}, which is what AWS's own API wants", member.value);
            reader.warn("bare-principal", member.value.span, message, &help);
            element.entries.push((PrincipalType::Aws, item));
        } else {
            let message = format!("`{name}` is {}", member.value);
            let help = match text.contains('.') && !text.contains([' ', '/', ':']) {
                true => format!("write a map: {{\"Service\": {0}}} or {{\"Federated\": {0}}}", member.value),
                false => "write \"*\" for everyone, or a map such as {\"AWS\": \"arn:aws:iam::111122223333:root\"}".to_owned(),
            };
            reader.error("wrong-principal", member.value.span, message, &help);
        }
        return element;
    }
    if let Some(items) = member.value.elements() {
        let everyone = items.iter().any(|item| item.as_str() == Some("*"));
        let help = match everyone {
            true => "write \"*\" or {\"AWS\": \"*\"} for everyone",
            false => "write a map with the list in it: {\"AWS\": [ ... ]}",
        };
        reader.error("wrong-type", member.value.span, format!("`{name}` must be an object, not an array"), help);
        return element;
    }
    for entry in reader.object(&member.value, &format!("`{name}`")).unwrap_or(&[]) {
        let kind = match entry.key.as_str() {
            "AWS" => PrincipalType::Aws,
            "Service" => PrincipalType::Service,
            "Federated" => PrincipalType::Federated,
            "CanonicalUser" => PrincipalType::CanonicalUser,
            other => {
                let message = format!("unknown principal type `{other}`");
                reader.error("unknown-principal-type", entry.key_span, message, "use AWS, Service, Federated or CanonicalUser");
                continue;
            }
        };
        let items = reader.strings(&entry.value, &format!("the {} principal", entry.key), false);
        element.entries.extend(items.into_iter().map(|item| (kind, item)));
    }
    element
}

/// Whether a text by itself tells that it is an AWS principal: an account id, however grouped, an ARN, or a unique id.
fn could_stand_alone(text: &str) -> bool {
    let is_account =
        text.bytes().filter(u8::is_ascii_digit).count() >= 4 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let is_unique_id = text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    is_account || is_unique_id || text.starts_with("arn:")
}

fn condition(reader: &mut Reader<'_>, value: &Value) -> Vec<OperatorBlock> {
    let mut blocks = Vec::new();
    for member in reader.object(value, "`Condition`").unwrap_or(&[]) {
        let operator = Spanned { value: member.key.clone(), span: member.key_span };
        let mut keys = Vec::new();
        for entry in reader.object(&member.value, &format!("the condition operator `{}`", member.key)).unwrap_or(&[]) {
            let values = reader.strings(&entry.value, "the condition values", true);
            keys.push(KeyBlock { key: Spanned { value: entry.key.clone(), span: entry.key_span }, values });
        }
        blocks.push(OperatorBlock { operator, keys });
    }
    blocks
}
