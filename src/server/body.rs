//! What does a request's body say?
//!
//! A JSON object whose members are checked one by one, so that an error names the member and what it must be. A member
//! that the operation does not have is refused: taken in silence, a misspelled one would weaken a check.

use super::error::{ApiError, Shape};
use axum::body::Body;
use axum::http::Request;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::{Map, Value};
use std::time::Duration;

/// Reads a body of at most `most` bytes that comes within `patience`.
pub(super) async fn bytes(request: Request<Body>, most: usize, patience: Duration) -> Result<Vec<u8>, ApiError> {
    let read = Limited::new(request.into_body(), most).collect();
    match tokio::time::timeout(patience, read).await {
        Err(_) => Err(ApiError::new(Shape::Slow, format!("The body did not come within {} s.", patience.as_secs()))),
        Ok(Ok(body)) => Ok(body.to_bytes().to_vec()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(ApiError::new(Shape::TooLarge, format!("The body is longer than {most} bytes; --max-body sets the limit.")))
        }
        Ok(Err(_)) => Err(ApiError::validation("the body could not be read")),
    }
}

/// The members of a request.
#[derive(Debug)]
pub(super) struct Members(Map<String, Value>);

impl Members {
    /// Reads them from a body.
    pub(super) fn read(body: &[u8]) -> Result<Self, ApiError> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Ok(_) => Err(ApiError::validation("the body must be a JSON object")),
            Err(error) => Err(ApiError::validation(format!("the body is not JSON: {error}"))),
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
    }
}
