//! Who is asking? `GetCallerIdentity`, which clients of Access Analyzer call before anything else.
//!
//! The server knows no credentials: everybody is one made-up user of the account that it was started with. Request and
//! answer are those of STS's query API (version 2011-06-15): a form in, XML out.

use super::App;
use super::error::{ApiError, Shape};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// Answers a form that was sent to `/`.
pub(super) fn form(app: &App, body: &[u8]) -> Result<Response, ApiError> {
    let body = String::from_utf8_lossy(body);
    let action = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
    match action {
        Some("GetCallerIdentity") => {
            let account = &app.options.account;
            let mut response = format!(
                "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
                 <Arn>arn:aws:iam::{account}:user/leastwise</Arn><UserId>AIDALEASTWISEEXAMPLE</UserId>\
                 <Account>{account}</Account></GetCallerIdentityResult><ResponseMetadata>\
                 <RequestId>00000000-0000-0000-0000-000000000000</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
            )
            .into_response();
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
            Ok(response)
        }
        _ => Err(ApiError::new(Shape::UnknownOperation, "Of the query API, only STS's GetCallerIdentity is served.")),
    }
}
