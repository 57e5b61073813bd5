//! One visit: hello, welcome, days up and answers down, farewell. A time limit on every step.

use std::{collections::HashMap, convert::Infallible, future, time::Duration};

use elsewhere_proto::v1::{
    self, ingest_client::IngestClient, visit_request::Said as Request, visit_response::Said as Response,
};
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::{Status, Streaming, transport::Channel};

use super::{
    connection::ANSWER_LIMIT,
    welcome::{self, Welcome, WelcomeError},
};

/// Longest visit: 91 days go up in seconds even over a bad line, so one that takes longer hangs.
const VISIT_LIMIT: Duration = Duration::from_mins(5);
/// Longest message from a collector: a welcome with a catalog layer as large as may be is half of it.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;
/// Requests that wait for the line; the rest is packed as it empties.
const QUEUE: usize = 8;

/// What the agent brings along, packed after the welcome is heard.
#[derive(Debug, Default)]
pub struct Luggage {
    /// Days that the collector does not have yet.
    pub days: Vec<v1::DeviceDay>,
    /// Names that it asked for.
    pub names: Vec<v1::RevealedName>,
}

/// What was heard so far, also of a visit that broke off.
#[derive(Debug, Default)]
pub struct Heard {
    /// What the collector said first.
    pub welcome: Option<Welcome>,
    /// The organisation's layer over the catalog, not looked at yet.
    pub catalog_delta: Option<v1::CatalogDelta>,
    /// Days that were answered, as they were sent.
    pub answers: Vec<(v1::DeviceDay, v1::DeviceDayAck)>,
    /// When to come again.
    pub next_visit: Option<Duration>,
}

/// Why a visit broke off.
#[derive(Debug, thiserror::Error)]
pub enum VisitError {
    /// The collector refused, or the line broke.
    #[error("the collector says: {} ({})", .0.message(), .0.code())]
    Status(Box<Status>),
    /// Nothing came for too long.
    #[error("the collector did not answer in {} s", ANSWER_LIMIT.as_secs())]
    Silent,
    /// The whole visit took too long.
    #[error("the visit took longer than {} s", VISIT_LIMIT.as_secs())]
    Endless,
    /// It said something out of turn.
    #[error("the collector sent {0} out of turn")]
    OutOfTurn(&'static str),
    /// Its welcome makes no sense.
    #[error(transparent)]
    Welcome(#[from] WelcomeError),
}

impl From<Status> for VisitError {
    fn from(status: Status) -> Self {
        Self::Status(Box::new(status))
    }
}

/// Visits over an open connection. `pack` gets the welcome and the hashes whose names are asked for.
pub async fn visit(
    channel: Channel,
    hello: v1::VisitHello,
    pack: impl FnOnce(&Welcome, &[u64]) -> Luggage,
    heard: &mut Heard,
) -> Result<(), VisitError> {
    match timeout(VISIT_LIMIT, converse(channel, hello, pack, heard)).await {
        Ok(result) => result,
        Err(_) => Err(VisitError::Endless),
    }
}

async fn converse(
    channel: Channel,
    hello: v1::VisitHello,
    pack: impl FnOnce(&Welcome, &[u64]) -> Luggage,
    heard: &mut Heard,
) -> Result<(), VisitError> {
    let (line, requests) = mpsc::channel(QUEUE);
    let _ = line.send(v1::VisitRequest { said: Some(Request::Hello(hello)) }).await;
    let mut client = IngestClient::new(channel).max_decoding_message_size(MAX_ANSWER_BYTES);
    let mut answers = client.visit(ReceiverStream::new(requests)).await?.into_inner();

    let Response::Welcome(mut said) = next(&mut answers).await? else {
        return Err(VisitError::OutOfTurn("no welcome"));
    };
    let welcome = Welcome::try_from(&said)?;
    let luggage = pack(&welcome, &welcome::reveal(&said));
    heard.welcome = Some(welcome);
    heard.catalog_delta = said.catalog_delta.take();
    let mut sent: HashMap<u32, v1::DeviceDay> =
        luggage.days.iter().map(|day| (day.day, day.clone())).collect();
    tokio::select! {
        result = listen(&mut answers, &mut sent, heard) => result,
        never = talk(line, luggage) => match never {},
    }
}

/// Says all there is to say and hangs up; that the visit is over is heard, not said.
async fn talk(line: mpsc::Sender<v1::VisitRequest>, luggage: Luggage) -> Infallible {
    let days = luggage.days.into_iter().map(Request::DeviceDay);
    for said in days.chain(luggage.names.into_iter().map(Request::RevealedName)) {
        if line.send(v1::VisitRequest { said: Some(said) }).await.is_err() {
            break;
        }
    }
    drop(line);
    future::pending().await
}

/// Hears answers to what was sent, each once, until the farewell.
async fn listen(
    answers: &mut Streaming<v1::VisitResponse>,
    sent: &mut HashMap<u32, v1::DeviceDay>,
    heard: &mut Heard,
) -> Result<(), VisitError> {
    loop {
        match next(answers).await? {
            Response::Ack(ack) => match sent.remove(&ack.day) {
                Some(day) if day.revision == ack.revision => heard.answers.push((day, ack)),
                _ => return Err(VisitError::OutOfTurn("an answer to a day that was not sent")),
            },
            Response::Farewell(farewell) => {
                heard.next_visit = Some(Duration::from_secs(farewell.next_visit_seconds.into()));
                return Ok(());
            }
            Response::Welcome(_) => return Err(VisitError::OutOfTurn("a second welcome")),
        }
    }
}

async fn next(answers: &mut Streaming<v1::VisitResponse>) -> Result<Response, VisitError> {
    let answer = timeout(ANSWER_LIMIT, answers.next()).await.map_err(|_| VisitError::Silent)?;
    let answer = answer.ok_or(VisitError::OutOfTurn("its end"))??;
    answer.said.ok_or(VisitError::OutOfTurn("an empty answer"))
}

#[cfg(test)]
mod tests;
