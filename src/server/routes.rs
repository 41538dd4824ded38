//! Which operation does a request ask for?
//!
//! Methods and paths are those of Access Analyzer's model; `POST /` is STS's query API, and `GET /health` is ours. Each
//! request is told on standard error as a line of JSON, without anything of its body. An error that the routing itself
//! answers, such as a query string that is not UTF-8, gets AWS's shape too.

use super::body::Bytes;
use super::error::{ApiError, Shape};
use super::page::Page;
use super::{App, analyzers, checks, findings, previews, recommendations, sts};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post, put};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

type Shared = State<Arc<App>>;
type Parameters = Query<HashMap<String, String>>;

/// All operations.
pub(super) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", post(form))
        .route("/health", get(|| async { json_of(Ok(json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}))) }))
        .route("/policy/check-no-new-access", check(checks::no_new_access))
        .route("/policy/check-access-not-granted", check(checks::access_not_granted))
        .route("/policy/check-no-public-access", check(checks::no_public_access))
        .route("/policy/validation", post(validation))
        .route("/analyzer", get(list_analyzers).put(create_analyzer))
        .route("/analyzer/{name}", get(get_analyzer).delete(delete_analyzer))
        .route("/access-preview", put(create_preview))
        .route("/access-preview/{id}", get(get_preview).post(preview_findings))
        .route("/findingv2", post(list_findings))
        .route("/findingv2/{id}", get(get_finding))
        .route("/finding", put(update_findings))
        .route("/analyzer/findings/statistics", post(findings_statistics))
        .route("/recommendation/{id}", get(get_recommendation).post(generate_recommendation))
        .fallback(async |request: Request| unserved(&request, Shape::UnknownOperation))
        .method_not_allowed_fallback(async |request: Request| unserved(&request, Shape::Method))
        .layer(middleware::from_fn_with_state(app.clone(), told))
        .with_state(app)
}

/// A check with a verdict: its body becomes a line of `batch`.
fn check(line: fn(&[u8]) -> Result<Value, ApiError>) -> MethodRouter<Arc<App>> {
    post(async move |State(app): Shared, request: Request| {
        json_of(match body(&app, request).await {
            // The body keeps its room until it is answered.
            Ok(body) => match line(&body) {
                Ok(line) => checks::verdict(&app, &line).await,
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        })
    })
}

async fn body(app: &App, request: Request<Body>) -> Result<Bytes, ApiError> {
    app.bodies.read(request).await
}

fn json_of(answer: Result<Value, ApiError>) -> Response {
    match answer {
        Ok(answer) => {
            let mut response = answer.to_string().into_response();
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        Err(error) => error.into_response(),
    }
}

fn page(parameters: &HashMap<String, String>) -> Result<Page, ApiError> {
    let of = |name: &str| parameters.get(name).map(String::as_str);
    Page::new(of("maxResults"), of("nextToken"))
}

async fn form(State(app): Shared, request: Request) -> Response {
    let answer = body(&app, request).await.and_then(|body| sts::form(&app, &body));
    answer.unwrap_or_else(IntoResponse::into_response)
}

async fn validation(State(app): Shared, Query(parameters): Parameters, request: Request) -> Response {
    json_of(match (page(&parameters), body(&app, request).await) {
        (Ok(page), Ok(body)) => checks::validate(&app, &body, page).await,
        (Err(error), _) | (_, Err(error)) => Err(error),
    })
}

async fn create_analyzer(State(app): Shared, request: Request) -> Response {
    json_of(body(&app, request).await.and_then(|body| analyzers::create(&app, &body)))
}

async fn list_analyzers(State(app): Shared, Query(parameters): Parameters) -> Response {
    let of = parameters.get("type").map(String::as_str);
    json_of(page(&parameters).and_then(|page| analyzers::list(&app, of, page)))
}

async fn get_analyzer(State(app): Shared, Path(name): Path<String>) -> Response {
    json_of(analyzers::get(&app, &name))
}

async fn delete_analyzer(State(app): Shared, Path(name): Path<String>) -> Response {
    json_of(analyzers::delete(&app, &name))
}

async fn create_preview(State(app): Shared, request: Request) -> Response {
    json_of(match body(&app, request).await {
        Ok(body) => previews::create(&app, &body).await,
        Err(error) => Err(error),
    })
}

async fn get_preview(State(app): Shared, Path(id): Path<String>) -> Response {
    json_of(previews::get(&app, &id))
}

async fn preview_findings(State(app): Shared, Path(id): Path<String>, request: Request) -> Response {
    json_of(body(&app, request).await.and_then(|body| previews::findings(&app, &id, &body)))
}

/// The analyzer that a request without a body is about.
fn analyzer(parameters: &HashMap<String, String>) -> Result<&str, ApiError> {
    parameters.get("analyzerArn").map(String::as_str).ok_or_else(|| ApiError::validation("analyzerArn is missing"))
}

async fn list_findings(State(app): Shared, request: Request) -> Response {
    json_of(match body(&app, request).await {
        Ok(body) => findings::list(&app, &body).await,
        Err(error) => Err(error),
    })
}

async fn get_finding(State(app): Shared, Path(id): Path<String>, Query(parameters): Parameters) -> Response {
    json_of(match (analyzer(&parameters), page(&parameters)) {
        (Ok(analyzer), Ok(page)) => findings::get(&app, analyzer, &id, page).await,
        (Err(error), _) | (_, Err(error)) => Err(error),
    })
}

async fn update_findings(State(app): Shared, request: Request) -> Response {
    json_of(match body(&app, request).await {
        Ok(body) => findings::update(&app, &body).await,
        Err(error) => Err(error),
    })
}

async fn findings_statistics(State(app): Shared, request: Request) -> Response {
    json_of(match body(&app, request).await {
        Ok(body) => findings::statistics(&app, &body).await,
        Err(error) => Err(error),
    })
}

async fn generate_recommendation(State(app): Shared, Path(id): Path<String>, Query(parameters): Parameters) -> Response {
    json_of(match analyzer(&parameters) {
        Ok(analyzer) => recommendations::generate(&app, analyzer, &id).await,
        Err(error) => Err(error),
    })
}

async fn get_recommendation(State(app): Shared, Path(id): Path<String>, Query(parameters): Parameters) -> Response {
    json_of(match (analyzer(&parameters), page(&parameters)) {
        (Ok(analyzer), Ok(page)) => recommendations::get(&app, analyzer, &id, page).await,
        (Err(error), _) | (_, Err(error)) => Err(error),
    })
}

fn unserved(request: &Request, shape: Shape) -> Response {
    let message = format!("{} {} is not an operation that this server serves.", request.method(), request.uri().path());
    ApiError::new(shape, message).into_response()
}

/// Errors of the routing, in AWS's shape.
fn shaped(response: Response) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || response.headers().contains_key("x-amzn-errortype") {
        return response;
    }
    let (shape, message) = match status.is_client_error() {
        true => {
            (Shape::Validation, "the path or the query string of the request cannot be read: it must be UTF-8, percent-encoded")
        }
        false => (Shape::Internal, "The server failed on this request, which is a defect; please report it."),
    };
    ApiError::new(shape, message).into_response()
}

/// Gives the answer an id, and tells of it.
async fn told(State(app): Shared, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut response = shaped(next.run(request).await);
    let id = app.next_id();
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-amzn-requestid", value);
    }
    if app.options.log && !(method == Method::GET && path == "/health") {
        let error = response.headers().get("x-amzn-errortype").and_then(|value| value.to_str().ok());
        let line = json!({
            "time": super::now(),
            "requestId": id,
            "method": method.as_str(),
            "path": path,
            "status": response.status().as_u16(),
            "error": error,
            "milliseconds": began.elapsed().as_secs_f64() * 1e3,
        });
        (app.options.say)(&format!("{line}\n"));
    }
    response
}
