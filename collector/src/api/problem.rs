//! Refusals: problem details for HTTP (RFC 9457).

use axum::{
    http::{HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::query::QueryError;

/// Why a request is not answered.
#[derive(Debug, Serialize)]
pub(super) struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    #[serde(serialize_with = "code")]
    status: StatusCode,
    detail: String,
}

impl Problem {
    /// A parameter that can't be read.
    pub(super) fn bad_parameter(name: &str, detail: impl std::fmt::Display) -> Self {
        let detail = format!("parameter '{name}': {detail}");
        Self::new(StatusCode::BAD_REQUEST, "/problems/bad-parameter", "A parameter can't be read", detail)
    }

    /// No token, or one that is not known.
    pub(super) fn unauthorized() -> Self {
        let detail = "send a header 'Authorization: Bearer TOKEN'; the first token stands in the file 'token' of the \
                      collector's data directory";
        Self::new(
            StatusCode::UNAUTHORIZED,
            "/problems/unauthorized",
            "Who asks is not known",
            detail.to_owned(),
        )
    }

    fn internal() -> Self {
        let detail = "the collector could not read its store; its log says why".to_owned();
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "/problems/internal", "The collector failed", detail)
    }

    fn new(status: StatusCode, kind: &'static str, title: &'static str, detail: String) -> Self {
        Self { kind, title, status, detail }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference to the field")]
fn code<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        let detail = error.to_string();
        match error {
            QueryError::NothingPublished | QueryError::NoSuchWeek(_) | QueryError::NoSuchSegment(..) => {
                Self::new(StatusCode::NOT_FOUND, "/problems/not-found", "There is no such thing", detail)
            }
            QueryError::OutOfScope(_) => {
                Self::new(StatusCode::FORBIDDEN, "/problems/out-of-scope", "It is out of your scope", detail)
            }
            QueryError::Portfolio(_) | QueryError::Journal(_) | QueryError::Store(_) => {
                tracing::error!(error = detail, "a question could not be answered");
                Self::internal()
            }
        }
    }
}

impl From<tokio::task::JoinError> for Problem {
    fn from(_: tokio::task::JoinError) -> Self {
        tracing::error!("a question broke off");
        Self::internal()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_string(&self).expect("a problem holds only text and a number");
        let mut response = (self.status, body).into_response();
        let json = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// A path that is not served.
pub(super) async fn not_found(uri: Uri) -> Problem {
    let path: String = uri.path().chars().take(100).collect();
    let detail = format!(
        "'{path}' is not served; ask for /api/v1/weeks, /api/v1/needs, /api/v1/segments, /api/v1/services, \
         /api/v1/signals or /api/v1/digests/WEEK, without a slash at the end"
    );
    Problem::new(StatusCode::NOT_FOUND, "/problems/not-found", "There is no such thing", detail)
}

/// A method that is not served.
pub(super) async fn method_not_allowed() -> Problem {
    let detail = "published figures can only be read; use GET".to_owned();
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "/problems/method-not-allowed", "This can't be done", detail)
}
