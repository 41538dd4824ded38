//! What does a request's body say?
//!
//! A JSON object whose members are checked one by one, so that an error names the member and what it must be. A member
//! that the operation does not have is refused, and so is one that stands twice: taken in silence, a misspelled one would
//! weaken a check. The bodies of all requests together have a limit: what does not fit is refused at once, and the client
//! comes back.

use super::error::{ApiError, Shape};
use crate::diag::{Budget, Source};
use crate::json;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use serde_json::{Map, Value};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many bodies of the greatest length may be in memory at once.
const AT_ONCE: usize = 16;

/// How bodies are read.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    /// The most bytes of one.
    most: usize,
    /// How long a client may take.
    patience: Duration,
    /// Bytes that all of them together may have yet.
    room: Arc<Semaphore>,
}

/// A body; its room is free again when it is dropped.
#[derive(Debug, Default)]
pub(super) struct Bytes {
    read: Vec<u8>,
    room: Option<OwnedSemaphorePermit>,
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.read
    }
}

impl Limits {
    /// Bodies of at most `most` bytes, each of which comes within `patience`.
    pub(super) fn new(most: usize, patience: Duration) -> Self {
        let room = most.saturating_mul(AT_ONCE).min(Semaphore::MAX_PERMITS);
        Self { most, patience, room: Arc::new(Semaphore::new(room)) }
    }

    /// Reads a body.
    pub(super) async fn read(&self, request: Request<Body>) -> Result<Bytes, ApiError> {
        let slow = |_| ApiError::new(Shape::Slow, format!("The body did not come within {} s.", self.patience.as_secs()));
        tokio::time::timeout(self.patience, self.all(request.into_body())).await.map_err(slow)?
    }

    async fn all(&self, mut body: Body) -> Result<Bytes, ApiError> {
        let too_large = || {
            let message = format!("The body is longer than {} bytes; --max-body sets the limit.", self.most);
            Err(ApiError::new(Shape::TooLarge, message))
        };
        if body.size_hint().lower() > self.most as u64 {
            return too_large();
        }
        let mut out = Bytes::default();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| ApiError::validation("the body could not be read"))?;
            // Trailers say nothing here.
            let Ok(data) = frame.into_data() else { continue };
            if data.len() > self.most - out.read.len() {
                return too_large();
            }
            let taken = u32::try_from(data.len()).ok().and_then(|bytes| self.room.clone().try_acquire_many_owned(bytes).ok());
            let full = || ApiError::new(Shape::Throttling, "The bodies of other requests fill the memory; try again.");
            let taken = taken.ok_or_else(full)?;
            match &mut out.room {
                Some(room) => room.merge(taken),
                None => out.room = Some(taken),
            }
            out.read.extend_from_slice(&data);
        }
        Ok(out)
    }
}

/// The members of a request.
#[derive(Debug)]
pub(super) struct Members(Map<String, Value>);

impl Members {
    /// Reads them from a body.
    pub(super) fn read(body: &[u8]) -> Result<Self, ApiError> {
        let members = match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => members,
            Ok(_) => return Err(ApiError::validation("the body must be a JSON object")),
            Err(error) => return Err(ApiError::validation(format!("the body is not JSON: {error}"))),
        };
        // Of two members of one name serde_json takes the last, at any depth; the strict reader takes neither.
        let source = Source::new("the body", String::from_utf8_lossy(body));
        let budget = Budget { input_bytes: usize::MAX, ..Budget::default() };
        match json::read(&source, &budget) {
            Ok(_) => Ok(Self(members)),
            Err(error) => Err(ApiError::validation(format!("the body cannot be read: {}", error.message))),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn optional_string(&self, name: &str) -> Result<Option<&str>, ApiError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        value.as_str().map(Some).ok_or_else(|| ApiError::validation(format!("{name} must be a string")))
    }

    pub(super) fn string(&self, name: &str) -> Result<&str, ApiError> {
        self.optional_string(name)?.ok_or_else(|| ApiError::validation(format!("{name} is missing")))
    }

    pub(super) fn optional_one_of(&self, name: &str, values: &[&str]) -> Result<Option<&str>, ApiError> {
        match self.optional_string(name)? {
            Some(value) if !values.contains(&value) => {
                Err(ApiError::validation(format!("{name} is {value:?} and must be one of {}", values.join(", "))))
            }
            other => Ok(other),
        }
    }

    pub(super) fn one_of(&self, name: &str, values: &[&str]) -> Result<&str, ApiError> {
        self.optional_one_of(name, values)?.ok_or_else(|| ApiError::validation(format!("{name} is missing")))
    }

    /// Refuses members that the operation does not have.
    pub(super) fn known(&self, names: &[&str]) -> Result<(), ApiError> {
        match self.0.keys().find(|name| !names.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(ApiError::validation(format!("{name:?} is not a member of this request"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_member() {
        let members = Members::read(br#"{"policyType": "IDENTITY", "access": 1}"#).unwrap();
        let message = |error: ApiError| error.message;
        assert_eq!(members.string("policyDocument").map_err(message), Err("policyDocument is missing".to_owned()));
        assert_eq!(members.string("access").map_err(message), Err("access must be a string".to_owned()));
        assert!(members.one_of("policyType", &["A", "B"]).unwrap_err().message.ends_with("must be one of A, B"));
        assert!(members.known(&["access"]).unwrap_err().message.contains("\"policyType\""));
        assert!(Members::read(b"[").is_err());
        assert!(Members::read(b"[]").is_err());
        for twice in [r#"{"access": 1, "access": 2}"#, r#"{"access": [{"actions": ["s3:*"], "actions": []}]}"#] {
            assert!(Members::read(twice.as_bytes()).unwrap_err().message.contains("twice"), "{twice}");
        }
    }

    /// Reads a body on a runtime of its own.
    fn read(limits: &Limits, text: &str) -> Result<Bytes, ApiError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(limits.read(Request::new(Body::from(text.to_owned()))))
    }

    #[test]
    fn bodies_have_room_together_and_give_it_back() {
        let limits = Limits::new(10, Duration::from_secs(60));
        let shape = |given: Result<Bytes, ApiError>| given.map(|_| ()).unwrap_err().shape;
        assert_eq!(shape(read(&limits, "0123456789a")), Shape::TooLarge);
        let kept: Vec<Bytes> = (0..AT_ONCE).map(|_| read(&limits, "0123456789").unwrap()).collect();
        assert_eq!(shape(read(&limits, "0")), Shape::Throttling);
        drop(kept);
        assert_eq!(&*read(&limits, "0123456789").unwrap(), b"0123456789");
    }
}
