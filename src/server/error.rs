//! How does an error look to a client of AWS's API?
//!
//! A status, `{"message": ..}`, and the shape's name in the header `x-amzn-ErrorType`: what AWS's SDKs turn into
//! exceptions. Names and statuses are those of Access Analyzer's model (API version 2019-11-01).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An error shape of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A member of the request is missing, unknown or of the wrong form.
    Validation,
    /// A policy cannot be read.
    InvalidParameter,
    /// The question has no answer within its budget.
    Unprocessable,
    /// There is no such thing.
    NotFound,
    /// There is one already.
    Conflict,
    /// There are too many.
    Quota,
    /// Too much to do; try again.
    Throttling,
    /// A defect of the program.
    Internal,
    /// The API has no such operation, or this server does not serve it.
    UnknownOperation,
    /// The operation is not served with this method.
    Method,
    /// The body is longer than the server takes.
    TooLarge,
    /// The body did not come in time.
    Slow,
}

impl Shape {
    /// The shape's name.
    pub(super) const fn name(self) -> &'static str {
        self.parts().0
    }

    /// The shape's name and status.
    const fn parts(self) -> (&'static str, StatusCode) {
        match self {
            Self::Validation => ("ValidationException", StatusCode::BAD_REQUEST),
            Self::InvalidParameter => ("InvalidParameterException", StatusCode::BAD_REQUEST),
            Self::Unprocessable => ("UnprocessableEntityException", StatusCode::UNPROCESSABLE_ENTITY),
            Self::NotFound => ("ResourceNotFoundException", StatusCode::NOT_FOUND),
            Self::Conflict => ("ConflictException", StatusCode::CONFLICT),
            Self::Quota => ("ServiceQuotaExceededException", StatusCode::PAYMENT_REQUIRED),
            Self::Throttling => ("ThrottlingException", StatusCode::TOO_MANY_REQUESTS),
            Self::Internal => ("InternalServerException", StatusCode::INTERNAL_SERVER_ERROR),
            Self::UnknownOperation => ("UnknownOperationException", StatusCode::NOT_FOUND),
            Self::Method => ("UnknownOperationException", StatusCode::METHOD_NOT_ALLOWED),
            Self::TooLarge => ("RequestEntityTooLargeException", StatusCode::PAYLOAD_TOO_LARGE),
            Self::Slow => ("RequestTimeoutException", StatusCode::REQUEST_TIMEOUT),
        }
    }
}

/// An error that a client gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiError {
    pub(super) shape: Shape,
    pub(super) message: String,
}

impl ApiError {
    pub(super) fn new(shape: Shape, message: impl Into<String>) -> Self {
        Self { shape, message: message.into() }
    }

    /// A member of the request that cannot be used.
    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new(Shape::Validation, message)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (name, status) = self.shape.parts();
        let mut body = json!({"message": self.message});
        if let (Shape::Validation, Some(object)) = (self.shape, body.as_object_mut()) {
            object.insert("reason".to_owned(), json!("fieldValidationFailed"));
        }
        let mut response = (status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("x-amzn-errortype", HeaderValue::from_static(name));
        if self.shape == Shape::Throttling {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_has_its_status_and_name() {
        let response = ApiError::new(Shape::Throttling, "later").into_response();
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["x-amzn-errortype"], "ThrottlingException");
        assert_eq!(response.headers()["retry-after"], "1");
    }
}
