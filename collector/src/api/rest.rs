//! The questions, as paths and parameters.

use axum::{
    extract::{Path, RawQuery, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{problem::Problem, token};
use crate::{
    digest::Format,
    installation::Installation,
    published::WeekState,
    query::{Query, QueryError},
    reader::Reader,
    segment::Segment,
    week::Week,
};

type Answer = Result<Response, Problem>;

/// `GET /api/v1/weeks`.
pub(super) async fn weeks(
    State(installation): State<Installation>,
    RawQuery(asked_for): RawQuery,
    headers: HeaderMap,
) -> Answer {
    ask(installation, headers, move |query| {
        Parameters::read(asked_for.as_deref(), &[])?;
        Ok(Body::json(&query.weeks()?, false))
    })
    .await
}

/// `GET /api/v1/digests/{week}?segment=&format=`; the week `latest` is the newest frozen one.
pub(super) async fn digest(
    State(installation): State<Installation>,
    week: Result<Path<String>, PathRejection>,
    RawQuery(asked_for): RawQuery,
    headers: HeaderMap,
) -> Answer {
    ask(installation, headers, move |query| {
        let asked = Parameters::read(asked_for.as_deref(), &["segment", "format"])?;
        // What is no UTF-8 is no week either.
        let week = week.map_or_else(|_| String::new(), |Path(week)| week);
        let week = if week == "latest" { None } else { Some(parse_week(&week)?) };
        let digest = query.digest(week, asked.segment.as_ref())?;
        let content = match asked.format {
            Format::Json => "application/json",
            Format::Markdown => "text/markdown; charset=utf-8",
            Format::Text => "text/plain; charset=utf-8",
        };
        let frozen = matches!(digest.state, WeekState::Frozen { .. });
        Ok(Body { content, text: digest.write(asked.format), frozen })
    })
    .await
}

/// `GET /api/v1/needs?week=&segment=`.
pub(super) async fn needs(
    State(installation): State<Installation>,
    RawQuery(asked_for): RawQuery,
    headers: HeaderMap,
) -> Answer {
    ask(installation, headers, move |query| {
        let asked = Parameters::read(asked_for.as_deref(), &["week", "segment"])?;
        let answer = query.needs(asked.week, asked.segment.as_ref())?;
        Ok(Body::json(&answer, answer.head.week.is_frozen()))
    })
    .await
}

/// `GET /api/v1/segments?week=`.
pub(super) async fn segments(
    State(installation): State<Installation>,
    RawQuery(asked_for): RawQuery,
    headers: HeaderMap,
) -> Answer {
    ask(installation, headers, move |query| {
        let asked = Parameters::read(asked_for.as_deref(), &["week"])?;
        let answer = query.segments(asked.week)?;
        Ok(Body::json(&answer, answer.head.week.is_frozen()))
    })
    .await
}

/// `GET /api/v1/services?week=&segment=`.
pub(super) async fn services(
    State(installation): State<Installation>,
    RawQuery(asked_for): RawQuery,
    headers: HeaderMap,
) -> Answer {
    ask(installation, headers, move |query| {
        let asked = Parameters::read(asked_for.as_deref(), &["week", "segment"])?;
        let answer = query.services(asked.week, asked.segment.as_ref())?;
        Ok(Body::json(&answer, answer.head.week.is_frozen()))
    })
    .await
}

/// `GET /api/v1/packages?week=&segment=`.
pub(super) async fn packages(
    State(installation): State<Installation>,
    RawQuery(asked_for): RawQuery,
    headers: HeaderMap,
) -> Answer {
    ask(installation, headers, move |query| {
        let asked = Parameters::read(asked_for.as_deref(), &["week", "segment"])?;
        let answer = query.packages(asked.week, asked.segment.as_ref())?;
        Ok(Body::json(&answer, answer.head.week.is_frozen()))
    })
    .await
}

/// `GET /api/v1/proposals?week=`.
pub(super) async fn proposals(
    State(installation): State<Installation>,
    RawQuery(asked_for): RawQuery,
    headers: HeaderMap,
) -> Answer {
    ask(installation, headers, move |query| {
        let asked = Parameters::read(asked_for.as_deref(), &["week"])?;
        // What has been reviewed since is not proposed any more, so that it changes also for a frozen week.
        Ok(Body::json(&query.proposals(asked.week)?, false))
    })
    .await
}

/// `GET /api/v1/signals`.
pub(super) async fn signals(
    State(installation): State<Installation>,
    RawQuery(asked_for): RawQuery,
    headers: HeaderMap,
) -> Answer {
    ask(installation, headers, move |query| {
        Parameters::read(asked_for.as_deref(), &[])?;
        Ok(Body::json(&query.signals()?, false))
    })
    .await
}

/// Answers for the reader that the headers name; without one nothing is looked at. The store blocks, so it is asked
/// on a thread of its own.
async fn ask(
    installation: Installation,
    headers: HeaderMap,
    question: impl FnOnce(&Query<'_>) -> Result<Body, Problem> + Send + 'static,
) -> Answer {
    tokio::task::spawn_blocking(move || {
        let reader: Reader = token::reader(installation.store().as_ref(), &headers)
            .map_err(QueryError::from)?
            .ok_or_else(Problem::unauthorized)?;
        let body = question(&Query::new(&installation, &reader))?;
        Ok(body.respond(&headers))
    })
    .await?
}

/// What is answered, and whether it can ever change.
struct Body {
    content: &'static str,
    text: String,
    frozen: bool,
}

impl Body {
    fn json(answer: &impl Serialize, frozen: bool) -> Self {
        let text = serde_json::to_string(answer).expect("answers hold only text, numbers and lists");
        Self { content: "application/json", text, frozen }
    }

    /// With an `ETag` where the week is frozen. The portfolio's names may still change, so it is asked for again.
    fn respond(self, headers: &HeaderMap) -> Response {
        let hash: String = Sha256::digest(&self.text)[..16].iter().flat_map(|byte| hex(*byte)).collect();
        let tag = format!("\"{hash}\"");
        let is_known = headers
            .get(header::IF_NONE_MATCH)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|known| known.split(',').any(|known| known.trim() == tag || known.trim() == "*"));
        let mut response = if self.frozen && is_known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            ([(header::CONTENT_TYPE, self.content)], self.text).into_response()
        };
        let answer = response.headers_mut();
        answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        answer.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if self.frozen {
            answer.insert(
                header::ETAG,
                HeaderValue::from_str(&tag).expect("hex in quotes is a header's value"),
            );
        }
        response
    }
}

fn hex(byte: u8) -> [char; 2] {
    [byte >> 4, byte & 15].map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or('0'))
}

/// What a query string asks for.
struct Parameters {
    week: Option<Week>,
    segment: Option<Segment>,
    format: Format,
}

impl Parameters {
    /// Reads the parameters in `known`; another one, or one given twice, is refused.
    fn read(query: Option<&str>, known: &[&str]) -> Result<Self, Problem> {
        let mut parameters = Self { week: None, segment: None, format: Format::Json };
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            let short: String = name.chars().take(40).collect();
            if !known.contains(&name.as_ref()) {
                let remedy = match known {
                    [] => "ask without parameters".to_owned(),
                    [one] => format!("the only one is '{one}'"),
                    known => format!("known are '{}'", known.join("' and '")),
                };
                return Err(Problem::bad_parameter(&short, format!("it is not known here; {remedy}")));
            }
            if seen.contains(&short) {
                return Err(Problem::bad_parameter(&short, "it is given twice; give it once"));
            }
            match name.as_ref() {
                "week" => parameters.week = Some(parse_week(&value)?),
                "segment" => {
                    let segment = value.parse().map_err(|error| Problem::bad_parameter("segment", error))?;
                    parameters.segment = Some(segment);
                }
                _ => {
                    let format = value.chars().take(40).collect::<String>().parse();
                    parameters.format = format.map_err(|error| Problem::bad_parameter("format", error))?;
                }
            }
            seen.push(short);
        }
        Ok(parameters)
    }
}

fn parse_week(text: &str) -> Result<Week, Problem> {
    text.parse().map_err(|error| Problem::bad_parameter("week", error))
}
