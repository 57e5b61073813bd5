//! The same questions over gRPC: `elsewhere.v1.Query`.

use axum::Router;
use elsewhere_proto::v1::{
    self, GetDigestRequest, GetDigestResponse, ListNeedsRequest, ListNeedsResponse, ListSegmentsRequest,
    ListSegmentsResponse, ListServicesRequest, ListServicesResponse, get_digest_request,
    query_server::{Query as QueryService, QueryServer},
};
use tonic::{Request, Response, Status, service::Routes};

use super::token;
use crate::{
    digest::Format,
    installation::Installation,
    published::{Figure, PublishedEffect, PublishedFacet},
    query::{NeedAnswer, Query, QueryError, ServiceAnswer},
    segment::Segment,
    week::Week,
};

/// Longest question: a week and a segment have under 500 bytes.
const MAX_QUESTION: usize = 4096;

/// The service, to be served beside REST.
pub(super) fn router(installation: &Installation) -> Router {
    let service = QueryServer::new(Answers(installation.clone())).max_decoding_message_size(MAX_QUESTION);
    Routes::new(service).into_axum_router()
}

struct Answers(Installation);

#[tonic::async_trait]
impl QueryService for Answers {
    async fn get_digest(
        &self,
        request: Request<GetDigestRequest>,
    ) -> Result<Response<GetDigestResponse>, Status> {
        self.ask(request, |query, request| {
            let format = match request.format() {
                get_digest_request::Format::Json => Format::Json,
                get_digest_request::Format::Markdown => Format::Markdown,
                get_digest_request::Format::Text | get_digest_request::Format::Unspecified => Format::Text,
            };
            let digest =
                query.digest(week(&request.week)?, segment(&request.segment)?.as_ref()).map_err(status)?;
            Ok(GetDigestResponse { week: digest.week.to_string(), body: digest.write(format) })
        })
        .await
    }

    async fn list_needs(
        &self,
        request: Request<ListNeedsRequest>,
    ) -> Result<Response<ListNeedsResponse>, Status> {
        self.ask(request, |query, request| {
            let answer =
                query.needs(week(&request.week)?, segment(&request.segment)?.as_ref()).map_err(status)?;
            Ok(ListNeedsResponse {
                week: answer.head.week.week.to_string(),
                needs: answer.needs.into_iter().map(need).collect(),
            })
        })
        .await
    }

    async fn list_segments(
        &self,
        request: Request<ListSegmentsRequest>,
    ) -> Result<Response<ListSegmentsResponse>, Status> {
        self.ask(request, |query, request| {
            let answer = query.segments(week(&request.week)?).map_err(status)?;
            let segments = answer.segments.into_iter().map(|row| v1::SegmentFigures {
                segment: row.id.map_or_else(|| "all".to_owned(), |id| id.to_string()),
                customers: figure(row.customers_seen.value),
            });
            Ok(ListSegmentsResponse { week: answer.head.week.week.to_string(), segments: segments.collect() })
        })
        .await
    }

    async fn list_services(
        &self,
        request: Request<ListServicesRequest>,
    ) -> Result<Response<ListServicesResponse>, Status> {
        self.ask(request, |query, request| {
            let answer =
                query.services(week(&request.week)?, segment(&request.segment)?.as_ref()).map_err(status)?;
            Ok(ListServicesResponse {
                week: answer.head.week.week.to_string(),
                services: answer.services.into_iter().map(service).collect(),
            })
        })
        .await
    }
}

impl Answers {
    /// Answers for the reader that the request names; the store blocks, so it is asked on a thread of its own.
    async fn ask<Q: Send + 'static, A: Send + 'static>(
        &self,
        request: Request<Q>,
        question: impl FnOnce(&Query<'_>, Q) -> Result<A, Status> + Send + 'static,
    ) -> Result<Response<A>, Status> {
        let installation = self.0.clone();
        let (metadata, _, request) = request.into_parts();
        let headers = metadata.into_headers();
        let answered = tokio::task::spawn_blocking(move || {
            let reader = token::reader(installation.store().as_ref(), &headers)
                .map_err(|error| status(error.into()))?
                .ok_or_else(|| Status::unauthenticated("send metadata 'authorization: Bearer TOKEN'"))?;
            question(&Query::new(&installation, &reader), request)
        });
        answered.await.map_err(|_| Status::internal("the question broke off"))?.map(Response::new)
    }
}

fn week(text: &str) -> Result<Option<Week>, Status> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|error| Status::invalid_argument(format!("week: {error}")))
}

fn segment(text: &str) -> Result<Option<Segment>, Status> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|error| Status::invalid_argument(format!("segment: {error}")))
}

#[expect(clippy::needless_pass_by_value, reason = "used as a function for map_err")]
fn status(error: QueryError) -> Status {
    let message = error.to_string();
    match error {
        QueryError::NothingPublished | QueryError::NoSuchWeek(_) | QueryError::NoSuchSegment(..) => {
            Status::not_found(message)
        }
        QueryError::OutOfScope(_) => Status::permission_denied(message),
        QueryError::Portfolio(_) | QueryError::Journal(_) | QueryError::Store(_) => {
            tracing::error!(error = message, "a question could not be answered");
            Status::internal("the collector could not read its store; its log says why")
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a message's field is optional")]
fn figure(figure: Figure) -> Option<v1::Figure> {
    let shown = match figure {
        Figure::Shown(value) => v1::figure::Shown::Value(value.into()),
        Figure::Hidden(reason) => v1::figure::Shown::Suppressed(reason.as_str().to_owned()),
    };
    Some(v1::Figure { shown: Some(shown) })
}

fn need(need: NeedAnswer) -> v1::NeedFigures {
    v1::NeedFigures {
        need_id: need.id,
        name: need.name,
        served: need.served,
        customers: figure(need.customers.value),
        customer_days: figure(need.customer_days.value),
        ours_alone: figure(need.ours_alone.value),
        both: figure(need.both.value),
        tolerated: figure(need.tolerated.value),
        elsewhere_alone: figure(need.elsewhere_alone.value),
        elsewhere: figure(need.elsewhere.value),
        customers_elsewhere: figure(need.customers_elsewhere.value),
        facets: need.facets.into_iter().map(facet).collect(),
    }
}

fn facet(facet: PublishedFacet) -> v1::FacetFigures {
    let effect = |effect: PublishedEffect| v1::EffectFigures {
        mean_hundredths: effect.mean_hundredths,
        error_hundredths: effect.error_hundredths,
    };
    v1::FacetFigures {
        facet: facet.facet.as_str().to_owned(),
        customers: facet.customers.into(),
        effect: facet.effect.map(effect),
    }
}

fn service(service: ServiceAnswer) -> v1::ServiceFigures {
    v1::ServiceFigures {
        service_id: service.id,
        name: service.name,
        need_id: service.need,
        sanction_status: service.sanction_status.to_string(),
        customers: figure(service.customers.value),
        customer_days: figure(service.customer_days.value),
        customers_present: figure(service.customers_present.value),
    }
}
