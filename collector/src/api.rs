//! The people's listener: published figures as REST/JSON under `/api/v1` and, beside it, the same over gRPC.
//!
//! It owns how questions are spelled and how answers and refusals look; what is answered is `query`'s. Every error is
//! a problem (RFC 9457) that names the input and the remedy. Without a good token nothing is told, not even whether a
//! week or a segment exists. Frozen weeks carry an `ETag`, and `If-None-Match` is honoured.

mod grpc;
mod problem;
mod rest;
mod token;

use axum::{Router, routing::get};

pub use token::ensure_first_token;

use crate::installation::Installation;

/// Everything that people may ask, and `/healthz` for whoever watches the program.
pub fn router(installation: &Installation) -> Router {
    let rest = Router::new()
        .route("/weeks", get(rest::weeks))
        .route("/digests/{week}", get(rest::digest))
        .route("/needs", get(rest::needs))
        .route("/segments", get(rest::segments))
        .route("/services", get(rest::services))
        .route("/packages", get(rest::packages))
        .route("/proposals", get(rest::proposals))
        .route("/signals", get(rest::signals))
        .with_state(installation.clone());
    grpc::router(installation)
        .route("/healthz", get(|| async { "ok\n" }))
        .nest("/api/v1", rest)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .fallback(problem::not_found)
}

#[cfg(test)]
mod tests;
