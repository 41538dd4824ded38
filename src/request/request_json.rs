//! How a request is written as JSON, in and out.
//!
//! `{"principal": "arn:...", "action": "s3:GetObject", "resource": "arn:..." or {"arn": .., "accountId": ..},
//! "context": {key: value or list}}`. The principal may also be `"anonymous"`, a service name, a 12-digit account, or
//! `{"type": "Federated", "id": ".."}`; a provider's ARN and a canonical user's id are known without a type. `resource.accountId` fills `aws:ResourceAccount` where it is not given.

use super::{Context, Principal, Request};
use crate::value::arn;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Reads a request; the error says what was expected where.
pub fn from_json(value: &Value) -> Result<Request, String> {
    let object = value.as_object().ok_or("a request must be an object with principal, action and resource")?;
    for key in object.keys() {
        if !["principal", "action", "resource", "context"].contains(&key.as_str()) {
            return Err(format!("unknown member `{key}` of the request; it has principal, action, resource and context"));
        }
    }
    let action = object.get("action").and_then(Value::as_str).ok_or("`action` must be a string such as \"s3:GetObject\"")?;
    if !action.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty() && !name.contains(':')) {
        return Err(format!("`action` is \"{action}\"; write it as service:Name, such as \"s3:GetObject\""));
    }
    let mut context = read_context(object.get("context"))?;
    let resource = match object.get("resource") {
        None => "*".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Object(resource)) => {
            if let Some(account) = resource.get("accountId") {
                let account = account.as_str().ok_or("`resource.accountId` must be a string of 12 digits")?;
                let given = context.keys().any(|key| key.eq_ignore_ascii_case("aws:ResourceAccount"));
                if !given {
                    context.insert("aws:resourceaccount".to_owned(), vec![account.to_owned()]);
                }
            }
            resource.get("arn").and_then(Value::as_str).ok_or("`resource.arn` must be a string")?.to_owned()
        }
        Some(_) => return Err("`resource` must be an ARN, \"*\", or {\"arn\": .., \"accountId\": ..}".to_owned()),
    };
    let who = principal(object.get("principal").ok_or("the request has no `principal`; write an ARN or \"anonymous\"")?)?;
    Ok(Request::new(who, action, &resource, context))
}

/// Reads a principal; the error says what was expected.
pub fn principal(value: &Value) -> Result<Principal, String> {
    match value {
        Value::String(text) if text == "anonymous" => Ok(Principal::Anonymous),
        Value::String(text) if arn::is_account(text) => Ok(Principal::Aws(format!("arn:aws:iam::{text}:root"))),
        Value::String(text) if is_provider(text) => Ok(Principal::Federated(text.clone())),
        Value::String(text) if is_canonical_user(text) => Ok(Principal::CanonicalUser(text.clone())),
        Value::String(text) if arn::split(text).is_some() => Ok(Principal::Aws(text.clone())),
        Value::String(text) if text.ends_with(".amazonaws.com") || text.ends_with(".amazonaws.com.cn") => {
            Ok(Principal::Service(text.clone()))
        }
        Value::String(text) => Err(format!(
            "`principal` is \"{text}\"; write an ARN, a service name such as lambda.amazonaws.com, \"anonymous\", or {{\"type\": .., \"id\": ..}}"
        )),
        Value::Object(object) => {
            let id = object.get("id").and_then(Value::as_str).ok_or("`principal.id` must be a string")?.to_owned();
            match object.get("type").and_then(Value::as_str) {
                Some("AWS") if arn::split(&id).is_some() => Ok(Principal::Aws(id)),
                Some("AWS") => principal(&Value::String(id)),
                Some("Service") => Ok(Principal::Service(id)),
                Some("Federated") => Ok(Principal::Federated(id)),
                Some("CanonicalUser") => Ok(Principal::CanonicalUser(id)),
                _ => Err("`principal.type` must be AWS, Service, Federated or CanonicalUser".to_owned()),
            }
        }
        _ => Err("`principal` must be a string or an object with type and id".to_owned()),
    }
}

/// Whether a text is a provider of identities: its ARN, or one of those that AWS knows by name.
fn is_provider(text: &str) -> bool {
    let by_arn = arn::split(text).is_some_and(|[_, _, service, _, _, rest]| {
        service == "iam" && (rest.starts_with("saml-provider/") || rest.starts_with("oidc-provider/"))
    });
    by_arn || ["accounts.google.com", "www.amazon.com", "graph.facebook.com"].contains(&text)
}

/// Whether a text is the id of an S3 canonical user: 64 hexadecimal digits.
fn is_canonical_user(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn read_context(value: Option<&Value>) -> Result<Context, String> {
    let Some(value) = value else { return Ok(Context::new()) };
    let object = value.as_object().ok_or("`context` must be an object of keys and values")?;
    let mut out = Context::new();
    for (key, value) in object {
        let elements = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        let mut values = Vec::new();
        for element in elements {
            values.push(match element {
                Value::String(text) => text.clone(),
                Value::Bool(flag) => flag.to_string(),
                Value::Number(number) => number.to_string(),
                _ => return Err(format!("the context key `{key}` must have a string, number, boolean or a list of them")),
            });
        }
        if out.insert(key.to_ascii_lowercase(), values).is_some() {
            return Err(format!("the context key `{key}` appears twice: key names match without case"));
        }
    }
    Ok(out)
}

/// A request as it is written in answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Written {
    /// An ARN, a service name, `anonymous`, or a kind with an id.
    pub principal: WrittenPrincipal,
    /// `service:Name`.
    pub action: String,
    /// An ARN, or `*` for an action without a resource.
    pub resource: String,
    /// Condition keys in lower case.
    pub context: BTreeMap<String, OneOrSeveral>,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum WrittenPrincipal {
    /// An ARN, a service name, or `anonymous`.
    Name(String),
    /// What no name alone tells.
    Of {
        /// `AWS`, `Service`, `Federated` or `CanonicalUser`.
        #[serde(rename = "type")]
        kind: &'static str,
        /// Its name.
        id: String,
    },
}

/// The values of a key: one is a string, several are a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrSeveral {
    /// One value.
    One(String),
    /// Several, or none.
    Several(Vec<String>),
}

/// Writes a request. A key with one value is a string, with several a list.
pub fn to_json(request: &Request) -> Value {
    serde_json::to_value(written(request)).expect("keys are strings")
}

/// A request as it is written.
pub fn written(request: &Request) -> Written {
    let of = |kind, id: &String| WrittenPrincipal::Of { kind, id: id.clone() };
    let principal = match &request.principal {
        Principal::Anonymous => WrittenPrincipal::Name("anonymous".to_owned()),
        Principal::Aws(arn) if is_provider(arn) => of("AWS", arn),
        Principal::Aws(arn) => WrittenPrincipal::Name(arn.clone()),
        // A name that reads back as the service.
        Principal::Service(name) if self::principal(&json!(name)) == Ok(request.principal.clone()) => {
            WrittenPrincipal::Name(name.clone())
        }
        Principal::Service(name) => of("Service", name),
        Principal::Federated(id) => of("Federated", id),
        Principal::CanonicalUser(id) => of("CanonicalUser", id),
    };
    let values = |values: &Vec<String>| match values.as_slice() {
        [one] => OneOrSeveral::One(one.clone()),
        several => OneOrSeveral::Several(several.to_vec()),
    };
    let context = request.context.iter().map(|(key, own)| (key.clone(), values(own))).collect();
    Written { principal, action: request.action.clone(), resource: request.resource.clone(), context }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_read_back() {
        for text in [
            r#"{"principal":"arn:aws:iam::111122223333:user/a","action":"s3:GetObject","resource":{"arn":"arn:aws:s3:::b/k","accountId":"111122223333"},"context":{"aws:MultiFactorAuthPresent":true,"aws:TagKeys":["a","b"],"n":5}}"#,
            r#"{"principal":"anonymous","action":"s3:GetObject"}"#,
            r#"{"principal":{"type":"Federated","id":"accounts.google.com"},"action":"sts:AssumeRoleWithWebIdentity","resource":"*"}"#,
            r#"{"principal":"lambda.amazonaws.com","action":"sts:AssumeRole","resource":"arn:aws:iam::111122223333:role/r"}"#,
        ] {
            let request = from_json(&serde_json::from_str(text).unwrap()).unwrap();
            assert_eq!(from_json(&to_json(&request)), Ok(request), "{text}");
        }
    }

    #[test]
    fn bad_requests_are_told_apart() {
        for (text, part) in [
            ("[]", "must be an object"),
            (r#"{"principal":"anonymous"}"#, "`action` must be"),
            (r#"{"principal":"bob","action":"s3:GetObject"}"#, "`principal` is \"bob\""),
            (r#"{"action":"s3:GetObject"}"#, "no `principal`"),
            (r#"{"principal":"anonymous","action":"GetObject"}"#, "service:Name"),
            (r#"{"principal":"anonymous","action":"s3:GetObject","context":{"k":null}}"#, "context key `k`"),
            (r#"{"principal":"anonymous","action":"s3:GetObject","context":{"k":"1","K":"2"}}"#, "appears twice"),
            (r#"{"principal":"anonymous","action":"s3:GetObject","ressource":"*"}"#, "unknown member `ressource`"),
        ] {
            let error = from_json(&serde_json::from_str(text).unwrap()).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn every_way_to_write_a_principal_a_resource_and_a_value() {
        let read =
            |members: &str| from_json(&serde_json::from_str(&format!("{{\"action\":\"s3:GetObject\",{members}}}")).unwrap());
        let principal = |text: &str| read(&format!("\"principal\":{text}")).map(|request| request.principal);
        let aws = |arn: &str| Ok(Principal::Aws(arn.to_owned()));
        assert_eq!(principal(r#""111122223333""#), aws("arn:aws:iam::111122223333:root"));
        assert_eq!(principal(r#"{"type":"AWS","id":"111122223333"}"#), aws("arn:aws:iam::111122223333:root"));
        assert_eq!(
            principal(r#"{"type":"AWS","id":"arn:aws:iam::111122223333:user/a"}"#),
            aws("arn:aws:iam::111122223333:user/a")
        );
        for name in ["lambda.amazonaws.com", "ec2.amazonaws.com.cn"] {
            assert_eq!(principal(&format!("\"{name}\"")), Ok(Principal::Service(name.to_owned())));
            let request = Request::new(Principal::Service(name.to_owned()), "s3:GetObject", "*", Context::new());
            assert_eq!(to_json(&request)["principal"], json!(name));
        }
        for (text, read) in [
            (r#"{"type":"Service","id":"custom"}"#, Principal::Service("custom".to_owned())),
            (r#"{"type":"Federated","id":"f"}"#, Principal::Federated("f".to_owned())),
            (r#"{"type":"CanonicalUser","id":"c"}"#, Principal::CanonicalUser("c".to_owned())),
        ] {
            let request = Request::new(read.clone(), "s3:GetObject", "*", Context::new());
            assert_eq!(principal(text), Ok(read));
            assert_eq!(to_json(&request)["principal"], serde_json::from_str::<Value>(text).unwrap());
        }
        let anonymous = |more: &str| read(&format!("\"principal\":\"anonymous\",{more}")).unwrap();
        let owned = anonymous(r#""resource":{"arn":"arn:aws:s3:::b","accountId":"111122223333"}"#);
        assert_eq!((owned.resource.as_str(), owned.resource_account()), ("arn:aws:s3:::b", Some("111122223333")));
        let given =
            r#""resource":{"arn":"arn:aws:s3:::b","accountId":"111122223333"},"context":{"AWS:ResourceAccount":"999999999999"}"#;
        assert_eq!(anonymous(given).resource_account(), Some("999999999999"));
        let values = anonymous(r#""context":{"A":[true,5,"x"],"b":[],"c":-1.5}"#).context;
        assert_eq!(
            (&values["a"][..], &values["c"][..], values.contains_key("b")),
            (&["true", "5", "x"].map(str::to_owned)[..], &["-1.5".to_owned()][..], false)
        );
        assert_eq!(to_json(&anonymous(r#""context":{"k":["a","b"],"l":["c"]}"#))["context"]["k"], json!(["a", "b"]));
        assert_eq!(to_json(&anonymous(r#""context":{"l":["c"]}"#))["context"]["l"], json!("c"));
        for (members, part) in [
            (r#""principal":5"#, "`principal` must be a string or an object"),
            (r#""principal":{"type":"AWS"}"#, "`principal.id` must be"),
            (r#""principal":{"type":"User","id":"x"}"#, "`principal.type` must be"),
            (r#""principal":"anonymous","resource":5"#, "`resource` must be"),
            (r#""principal":"anonymous","resource":{}"#, "`resource.arn` must be"),
            (r#""principal":"anonymous","resource":{"arn":"*","accountId":1}"#, "`resource.accountId` must be"),
            (r#""principal":"anonymous","context":[]"#, "`context` must be an object"),
            (r#""principal":"anonymous","context":{"k":[{}]}"#, "context key `k`"),
        ] {
            let error = read(members).unwrap_err();
            assert!(error.contains(part), "{members}: {error}");
        }
        for action in ["s3:", ":GetObject", "s3:Get:Object", "s3"] {
            let error = from_json(&json!({"principal": "anonymous", "action": action})).unwrap_err();
            assert!(error.contains("service:Name"), "{action}: {error}");
        }
    }
}
