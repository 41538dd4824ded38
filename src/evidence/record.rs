//! What of a CloudTrail record matters, read lazily: the rest is skipped unread, texts are borrowed from the input.
//!
//! Member names match without case, because Athena and CloudTrail Lake export them in lower case. Wrong types of members that
//! only describe are ignored; a record that is not an object is an error.
//!
//! Source: CloudTrail User Guide, "CloudTrail record contents" (version 1.11).

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// A text, or a number or a truth value as a text; anything else is absent.
#[derive(Debug, Default, Clone)]
pub(super) struct Loose<'t>(Option<Cow<'t, str>>);

impl Loose<'_> {
    /// The text, if it is there and not empty.
    pub(super) fn get(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.is_empty() && *text != "-")
    }

    /// Whether it is this text, in any case.
    pub(super) fn is(&self, text: &str) -> bool {
        self.0.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(text))
    }
}

struct LooseVisitor<'t>(PhantomData<&'t ()>);

impl<'de: 't, 't> Visitor<'de> for LooseVisitor<'t> {
    type Value = Loose<'t>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Loose(Some(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Loose(Some(Cow::Owned(text.to_owned()))))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Loose(Some(Cow::Borrowed(if value { "true" } else { "false" }))))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Loose(Some(Cow::Owned(value.to_string()))))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Loose(Some(Cow::Owned(value.to_string()))))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Loose(Some(Cow::Owned(value.to_string()))))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Loose(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Loose(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Loose(None))
    }
}

impl<'de: 't, 't> Deserialize<'de> for Loose<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LooseVisitor(PhantomData))
    }
}

/// A list; anything else than a list is an empty one.
#[derive(Debug)]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut out = Vec::new();
        while let Some(element) = seq.next_element()? {
            out.push(element);
        }
        Ok(List(out))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(List::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(List::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(List::default())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

/// A member name: borrowed where it is written without escapes.
struct Name<'t>(Cow<'t, str>);

struct NameVisitor<'t>(PhantomData<&'t ()>);

impl<'de: 't, 't> Visitor<'de> for NameVisitor<'t> {
    type Value = Name<'t>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Name(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Name(Cow::Owned(text.to_owned())))
    }
}

impl<'de: 't, 't> Deserialize<'de> for Name<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NameVisitor(PhantomData))
    }
}

/// A struct of the named members of an object, without case; `null` is one without members.
macro_rules! lazy {
    ($(#[$about:meta])* $name:ident { $($(#[$of:meta])* $field:ident: $type:ty = $key:literal),* $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Default)]
        pub(super) struct $name<'t> { $($(#[$of])* pub(super) $field: $type),* }

        impl<'de: 't, 't> Deserialize<'de> for $name<'t> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Members<'t>(PhantomData<&'t ()>);
                impl<'de: 't, 't> Visitor<'de> for Members<'t> {
                    type Value = $name<'t>;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_unit<E>(self) -> Result<Self::Value, E> {
                        Ok(Self::Value::default())
                    }

                    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                        let mut out = Self::Value::default();
                        while let Some(Name(key)) = map.next_key::<Name<'_>>()? {
                            $(if key.eq_ignore_ascii_case($key) {
                                out.$field = map.next_value()?;
                                continue;
                            })*
                            map.next_value::<IgnoredAny>()?;
                        }
                        Ok(out)
                    }
                }
                deserializer.deserialize_any(Members(PhantomData))
            }
        }
    };
}

lazy! {
    /// One record, or what other exports wrap records in.
    Record {
        version: Loose<'t> = "eventVersion",
        identity: Identity<'t> = "userIdentity",
        time: Loose<'t> = "eventTime",
        source: Loose<'t> = "eventSource",
        name: Loose<'t> = "eventName",
        error: Loose<'t> = "errorCode",
        parameters: Option<&'t RawValue> = "requestParameters",
        response: Option<&'t RawValue> = "responseElements",
        id: Loose<'t> = "eventID",
        kind: Loose<'t> = "eventType",
        management: Loose<'t> = "managementEvent",
        recipient: Loose<'t> = "recipientAccountId",
        region: Loose<'t> = "awsRegion",
        shared: Loose<'t> = "sharedEventID",
        category: Loose<'t> = "eventCategory",
        resources: List<Resource<'t>> = "resources",
        addendum: Addendum<'t> = "addendum",
        context: Option<&'t RawValue> = "eventContext",
        /// `{"Records": [..]}` as one of many values.
        records: Option<&'t RawValue> = "Records",
        /// EventBridge's envelope.
        detail: Option<&'t RawValue> = "detail",
        /// The answer of LookupEvents.
        events: Option<&'t RawValue> = "Events",
        event: Loose<'t> = "CloudTrailEvent",
        /// An export of CloudWatch Logs.
        log_events: Option<&'t RawValue> = "logEvents",
        message: Loose<'t> = "message",
    }
}

lazy! {
    /// `userIdentity`
    Identity {
        kind: Loose<'t> = "type",
        id: Loose<'t> = "principalId",
        arn: Loose<'t> = "arn",
        account: Loose<'t> = "accountId",
        user_name: Loose<'t> = "userName",
        key: Loose<'t> = "accessKeyId",
        invoked_by: Loose<'t> = "invokedBy",
        session: Session<'t> = "sessionContext",
    }
}

lazy! {
    /// `sessionContext`
    Session { issuer: Issuer<'t> = "sessionIssuer" }
}

lazy! {
    /// `sessionIssuer`
    Issuer {
        kind: Loose<'t> = "type",
        id: Loose<'t> = "principalId",
        arn: Loose<'t> = "arn",
        account: Loose<'t> = "accountId",
        name: Loose<'t> = "userName",
    }
}

lazy! {
    /// An element of `resources`
    Resource { arn: Loose<'t> = "ARN" }
}

lazy! {
    /// `addendum`
    Addendum { original: Loose<'t> = "originalEventID" }
}

lazy! {
    /// What of `requestParameters` and `responseElements` matters.
    Parameters {
        role: Loose<'t> = "roleArn",
        login: Loose<'t> = "ConsoleLogin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_in_any_case_and_the_rest_is_skipped() {
        let text = r#"{"eventversion":"1.08","x":[1,{"y":"\u00e9"}],"EventName":"Get\u0041","userIdentity":{"type":"AssumedRole",
            "sessioncontext":{"sessionissuer":{"ARN":"a"}}},"resources":[{"ARN":"r1"},{"arn":"r2","type":null}],"errorCode":null,
            "managementEvent":false,"requestParameters":{"roleArn":"q"},"eventID":7}"#;
        let record: Record<'_> = serde_json::from_str(text).unwrap();
        assert_eq!((record.version.get(), record.name.get(), record.error.get()), (Some("1.08"), Some("GetA"), None));
        assert_eq!(record.identity.session.issuer.arn.get(), Some("a"));
        let arns: Vec<_> = record.resources.0.iter().filter_map(|resource| resource.arn.get()).collect();
        assert_eq!((arns, record.id.get()), (vec!["r1", "r2"], Some("7")));
        assert!(record.management.is("false") && record.parameters.is_some());
        for odd in ["[]", "7", r#""x""#, r#"{"userIdentity":7}"#, r#"{"a":1"#] {
            assert!(serde_json::from_str::<Record<'_>>(odd).is_err(), "{odd}");
        }
        let bare: Record<'_> = serde_json::from_str(r#"{"userIdentity":null,"resources":"x","eventSource":{"a":1}}"#).unwrap();
        assert!(bare.identity.arn.get().is_none() && bare.resources.0.is_empty() && bare.source.get().is_none());
    }
}
