//! Which statements of a resource's policy are permissions that stand beside it?
//!
//! Lambda's permissions, those of its layers and of event buses are no documents: AWS makes the statements of one policy of
//! them, of the function, the layer version or the bus that they name. Here they are made the same way, so that every question
//! about policies is asked of them. Properties have CloudFormation's names; Terraform's are put into them.
//!
//! Invariant: what cannot be read as a permission is an error, never a statement less.
//!
//! Sources: AWS Lambda API Reference, AddPermission, AddLayerVersionPermission; Amazon EventBridge API Reference, PutPermission;
//! AWS CloudFormation and AWS provider of Terraform, the resources of these names; AWS SAM, `FunctionUrlConfig` and AWS provider,
//! `aws_lambda_function_url` (both let everybody in where no authorization is asked for).

use super::located::is_open;
use crate::diag::Span;
use crate::json::{Kind as JsonKind, Member, Value};
use crate::value::arn;

/// What a permission is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Permission {
    /// A Lambda function.
    Function,
    /// A version of a Lambda layer.
    Layer,
    /// An event bus.
    Bus,
    /// The URL of a function, where it lets everybody in.
    Url,
}

/// The names of properties: CloudFormation's, and Terraform's.
const NAMES: [(&str, &str); 21] = [
    ("Action", "action"),
    ("Principal", "principal"),
    ("FunctionName", "function_name"),
    ("Qualifier", "qualifier"),
    ("SourceArn", "source_arn"),
    ("SourceAccount", "source_account"),
    ("EventSourceToken", "event_source_token"),
    ("FunctionUrlAuthType", "function_url_auth_type"),
    ("InvokedViaFunctionUrl", "invoked_via_function_url"),
    ("PrincipalOrgID", "principal_org_id"),
    ("LayerVersionArn", "layer_name"),
    ("VersionNumber", "version_number"),
    ("OrganizationId", "organization_id"),
    ("EventBusName", "event_bus_name"),
    ("Condition", "condition"),
    ("AuthType", "authorization_type"),
    ("StatementId", "statement_id"),
    // The provider AWSCC has CloudFormation's names.
    ("FunctionName", "target_function_arn"),
    ("AuthType", "auth_type"),
    ("LayerVersionArn", "layer_version_arn"),
    ("Statement", "statement"),
];

impl Permission {
    /// What a resource type is, in CloudFormation's or Terraform's words.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "AWS::Lambda::Permission" | "aws_lambda_permission" | "awscc_lambda_permission" => Self::Function,
            "AWS::Lambda::LayerVersionPermission"
            | "aws_lambda_layer_version_permission"
            | "awscc_lambda_layer_version_permission" => Self::Layer,
            "AWS::Events::EventBusPolicy" | "aws_cloudwatch_event_permission" | "awscc_events_event_bus_policy" => Self::Bus,
            "aws_lambda_function_url" | "awscc_lambda_url" => Self::Url,
            _ => return None,
        })
    }

    /// The type of the resource, if questions know one.
    pub(super) fn resource_type(self) -> Option<&'static str> {
        matches!(self, Self::Function | Self::Url).then_some("AWS::Lambda::Function")
    }

    /// What of a request that is shown for it is an example, in words.
    pub(super) fn example(self) -> &'static str {
        match self {
            Self::Function | Self::Url => {
                "the permission says no account and no region: those of the function in the request are examples"
            }
            Self::Layer => "the permission says no account and no region: those of the layer in the request are examples",
            Self::Bus => "the permission says no account and no region: those of the event bus in the request are examples",
        }
    }

    /// Which resource it is about: what its policy is told by.
    pub(super) fn target(self, properties: &Value) -> Option<String> {
        let text = |name: &str| properties.get(name).and_then(as_text).filter(|text| !text.is_empty());
        let last = |text: String, mark: &str| text.rsplit_once(mark).map_or(text.clone(), |(_, name)| name.to_owned());
        match self {
            Self::Function | Self::Url => {
                let name = last(text("FunctionName")?, ":function:");
                Some(text("Qualifier").map_or(name.clone(), |qualifier| format!("{name}:{qualifier}")))
            }
            Self::Layer => {
                let name = last(text("LayerVersionArn")?, ":layer:");
                Some(text("VersionNumber").map_or(name.clone(), |version| format!("{name}:{version}")))
            }
            Self::Bus => Some(last(text("EventBusName").unwrap_or_else(|| "default".to_owned()), "event-bus/")),
        }
    }

    /// The statement that it stands for, at this place; `None` if it grants nothing. An error says what is wrong with it.
    // Long: one statement, member by member, from the properties of four kinds of permissions.
    pub(super) fn statement(self, properties: &Value, span: Span) -> Result<Option<Value>, String> {
        let text = |name: &str| match properties.get(name) {
            None | Some(Value { kind: JsonKind::Null, .. }) => Ok(None),
            Some(value) => as_text(value).map(Some).ok_or_else(|| format!("its `{name}` is not a text")),
        };
        let string = |text: &str| Value { span, kind: JsonKind::String(text.to_owned()) };
        let object = |members: Vec<(&str, Value)>| {
            let member = |(key, value): (&str, Value)| Member { key: key.to_owned(), key_span: span, value };
            Value { span, kind: JsonKind::Object(members.into_iter().map(member).collect()) }
        };
        if self == Self::Bus
            && let Some(written) = properties.get("Statement").filter(|written| written.kind != JsonKind::Null)
        {
            return whole(written).map(Some);
        }
        let target = self.target(properties).ok_or("it names no resource")?;
        if self == Self::Url {
            match text("AuthType")? {
                Some(text) if asks_nobody(&text) => {}
                Some(text) if text.eq_ignore_ascii_case("AWS_IAM") => return Ok(None),
                Some(text) if !is_open(&text) => {
                    return Err(format!("`{text}` is not how a URL asks for credentials: that is NONE or AWS_IAM"));
                }
                // One that is known only after the apply may be.
                _ => return Err("whether it asks for credentials is not known".to_owned()),
            }
        }
        let (action, principal) = match self {
            Self::Url => ("lambda:InvokeFunctionUrl".to_owned(), "*".to_owned()),
            Self::Bus => {
                (text("Action")?.unwrap_or_else(|| "events:PutEvents".to_owned()), needed(text("Principal")?, "Principal")?)
            }
            _ => (needed(text("Action")?, "Action")?, needed(text("Principal")?, "Principal")?),
        };
        let resource = match self {
            Self::Function | Self::Url => format!("arn:*:lambda:*:*:function:{target}"),
            Self::Layer => format!("arn:*:lambda:*:*:layer:{target}"),
            Self::Bus => format!("arn:*:events:*:*:event-bus/{target}"),
        };
        let mut conditions: Vec<(String, String, Value)> = Vec::new();
        let mut add = |operator: &str, key: &str, value: Option<String>| {
            let value = value.filter(|value| !value.is_empty());
            conditions.extend(value.map(|value| (operator.to_owned(), key.to_owned(), string(&value))));
        };
        if self == Self::Url {
            add("StringEquals", "lambda:FunctionUrlAuthType", Some("NONE".to_owned()));
        } else {
            add("ArnLike", "aws:SourceArn", text("SourceArn")?);
            add("StringEquals", "aws:SourceAccount", text("SourceAccount")?);
            add("StringEquals", "lambda:EventSourceToken", text("EventSourceToken")?);
            add("StringEquals", "lambda:FunctionUrlAuthType", text("FunctionUrlAuthType")?);
            add("StringEquals", "aws:PrincipalOrgID", text("PrincipalOrgID")?);
            add("StringEquals", "aws:PrincipalOrgID", text("OrganizationId")?);
            add("Bool", "lambda:InvokedViaFunctionUrl", text("InvokedViaFunctionUrl")?.filter(|flag| flag == "true"));
        }
        if let Some(written) = properties.get("Condition").filter(|written| written.kind != JsonKind::Null) {
            if written.as_str().is_some_and(is_open) {
                return Err("its condition is not known".to_owned());
            }
            // Terraform has a list of one block.
            for one in written.items() {
                let part = |name: &str| {
                    let lower = name.to_ascii_lowercase();
                    let value = one.get(name).or_else(|| one.get(&lower)).and_then(as_text);
                    value.ok_or_else(|| format!("its condition has no `{name}`"))
                };
                if let Some(name) = ["Type", "Key"].into_iter().find(|name| part(name).is_ok_and(|text| is_open(&text))) {
                    return Err(format!("the `{name}` of its condition is not known"));
                }
                conditions.push((part("Type")?, part("Key")?, string(&part("Value")?)));
            }
        }
        let mut members = Vec::new();
        let id = text("StatementId")?.filter(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        members.extend(id.map(|id| ("Sid", string(&id))));
        members.push(("Effect", string("Allow")));
        members.push(("Principal", who(&principal, &string, &object)?));
        members.push(("Action", string(&action)));
        members.push(("Resource", string(&resource)));
        let mut operators: Vec<(String, Vec<Member>)> = Vec::new();
        for (operator, key, value) in conditions {
            let member = Member { key, key_span: span, value };
            match operators.iter_mut().find(|(name, _)| *name == operator) {
                Some((_, all)) => all.push(member),
                None => operators.push((operator, vec![member])),
            }
        }
        if !operators.is_empty() {
            let all = operators.into_iter().map(|(operator, all)| Member {
                key: operator,
                key_span: span,
                value: Value { span, kind: JsonKind::Object(all) },
            });
            members.push(("Condition", Value { span, kind: JsonKind::Object(all.collect()) }));
        }
        Ok(Some(object(members)))
    }
}

/// Whether a URL with this type of authorization asks nobody for credentials.
pub(super) fn asks_nobody(text: &str) -> bool {
    text.eq_ignore_ascii_case("NONE")
}

fn needed(text: Option<String>, name: &str) -> Result<String, String> {
    text.filter(|text| !text.is_empty()).ok_or_else(|| format!("it has no `{name}`"))
}

/// A statement as it stands there, or as a text of JSON.
fn whole(written: &Value) -> Result<Value, String> {
    let inner = written.as_str().map(|text| {
        let source = crate::diag::Source::new("statement", text);
        crate::json::read(&source, &crate::diag::Budget::default())
            .map_err(|found| format!("its `Statement` is not JSON: {}", found.message))
    });
    let value = inner.transpose()?.map_or_else(|| written.clone(), |inner| at(&inner, written.span));
    if value.get("Effect").is_none() {
        return Err("its `Statement` has no `Effect`".to_owned());
    }
    Ok(value)
}

/// A value with all its places at one.
fn at(value: &Value, span: Span) -> Value {
    let kind = match &value.kind {
        JsonKind::Array(all) => JsonKind::Array(all.iter().map(|one| at(one, span)).collect()),
        JsonKind::Object(members) => {
            let member = |one: &Member| Member { key: one.key.clone(), key_span: span, value: at(&one.value, span) };
            JsonKind::Object(members.iter().map(member).collect())
        }
        other => other.clone(),
    };
    Value { span, kind }
}

/// The principal of a text, as a policy has it.
fn who(
    text: &str,
    string: &dyn Fn(&str) -> Value,
    object: &dyn Fn(Vec<(&'static str, Value)>) -> Value,
) -> Result<Value, String> {
    let is_service = text.contains('.') && !text.starts_with("arn:");
    if text == "*" {
        Ok(string("*"))
    } else if is_service {
        Ok(object(vec![("Service", string(text))]))
    } else if arn::is_account(text) || text.starts_with("arn:") || is_open(text) {
        Ok(object(vec![("AWS", string(text))]))
    } else {
        Err(format!("`{text}` is not a principal: it is an account id, an ARN, a service or `*`"))
    }
}

/// The text of a scalar.
fn as_text(value: &Value) -> Option<String> {
    match &value.kind {
        JsonKind::String(text) | JsonKind::Number(text) => Some(text.clone()),
        JsonKind::Bool(flag) => Some(flag.to_string()),
        JsonKind::Null | JsonKind::Array(_) | JsonKind::Object(_) => None,
    }
}

/// Terraform's attributes under CloudFormation's names; what is known only after the apply is what `open` gives for it.
pub(super) fn of_terraform(values: &Value, unknown: Option<&Value>, open: &mut dyn FnMut(&str) -> Value) -> Value {
    let mut members = Vec::new();
    for (name, own) in NAMES {
        let is_unknown = unknown.and_then(|all| all.get(own)).is_some_and(|flag| flag.kind == JsonKind::Bool(true));
        let value = if is_unknown { Some(open(own)) } else { values.get(own).cloned() };
        let value = match (value, unknown.and_then(|all| all.get(own)).and_then(Value::elements)) {
            (Some(value), Some(flags)) => Some(with_unknown(value, flags, own, open)),
            (value, _) => value,
        };
        let value = value.filter(|value| value.elements().is_none_or(|all| !all.is_empty()) && value.kind != JsonKind::Null);
        members.extend(value.map(|value| Member { key: name.to_owned(), key_span: value.span, value }));
    }
    Value { span: values.span, kind: JsonKind::Object(members) }
}

/// A list of blocks with what is known only after the apply in them.
fn with_unknown(mut value: Value, flags: &[Value], own: &str, open: &mut dyn FnMut(&str) -> Value) -> Value {
    let JsonKind::Array(blocks) = &mut value.kind else { return value };
    for (block, flags) in blocks.iter_mut().zip(flags) {
        let JsonKind::Object(members) = &mut block.kind else { continue };
        let unknown = flags.members().unwrap_or_default().iter().filter(|flag| flag.value.kind == JsonKind::Bool(true));
        for flag in unknown {
            members.retain(|member| member.key != flag.key);
            let value = open(&format!("{own}.{}", flag.key));
            members.push(Member { key: flag.key.clone(), key_span: value.span, value });
        }
    }
    value
}

/// A policy of statements, at this place.
pub(super) fn document(span: Span, statements: Vec<Value>) -> Value {
    let member = |key: &str, kind| Member { key: key.to_owned(), key_span: span, value: Value { span, kind } };
    let version = member("Version", JsonKind::String("2012-10-17".to_owned()));
    Value { span, kind: JsonKind::Object(vec![version, member("Statement", JsonKind::Array(statements))]) }
}
