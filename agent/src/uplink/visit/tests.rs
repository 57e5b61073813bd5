//! Visits to collectors that answer as they should, or otherwise. Time is paused: limits pass at once.

use std::pin::Pin;

use elsewhere_proto::v1::ingest_server::{Ingest, IngestServer};
use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;
use tokio_stream::Stream;
use tonic::{Request as Call, Response as Reply, transport::Endpoint};

use super::*;
use crate::uplink::welcome::tests::wire as welcome_wire;

/// What a collector of this test does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Manner {
    Good,
    RefusesTheDay,
    NoWelcome,
    BadWelcome,
    AnswersWhatWasNotSaid,
    WelcomesTwice,
    BreaksOffAfterOneAnswer,
    NeverAnswers,
    TurnsAway,
}

struct Collector {
    manner: Manner,
}

type Answers = Pin<Box<dyn Stream<Item = Result<v1::VisitResponse, Status>> + Send>>;

#[tonic::async_trait]
impl Ingest for Collector {
    type VisitStream = Answers;

    async fn visit(&self, call: Call<Streaming<v1::VisitRequest>>) -> Result<Reply<Answers>, Status> {
        let manner = self.manner;
        if manner == Manner::TurnsAway {
            return Err(Status::permission_denied("revoked"));
        }
        let (line, answers) = mpsc::channel(4);
        let mut requests = call.into_inner();
        tokio::spawn(async move {
            let say =
                async |said| line.send(Ok(v1::VisitResponse { said: Some(said) })).await.unwrap_or_default();
            match manner {
                Manner::NoWelcome => say(Response::Farewell(v1::VisitFarewell::default())).await,
                Manner::BadWelcome => say(Response::Welcome(v1::VisitWelcome::default())).await,
                _ => say(Response::Welcome(welcome_wire())).await,
            }
            while let Some(Ok(request)) = requests.next().await {
                let Some(Request::DeviceDay(day)) = request.said else { continue };
                match manner {
                    Manner::NeverAnswers => future::pending().await,
                    Manner::WelcomesTwice => say(Response::Welcome(welcome_wire())).await,
                    Manner::AnswersWhatWasNotSaid => {
                        say(Response::Ack(ack(day.day + 1000, day.revision))).await;
                    }
                    Manner::RefusesTheDay => {
                        let refused = v1::device_day_ack::Outcome::Refused.into();
                        say(Response::Ack(v1::DeviceDayAck {
                            outcome: refused,
                            ..ack(day.day, day.revision)
                        }))
                        .await;
                    }
                    _ => say(Response::Ack(ack(day.day, day.revision))).await,
                }
                if manner == Manner::BreaksOffAfterOneAnswer {
                    return;
                }
            }
            say(Response::Farewell(v1::VisitFarewell { next_visit_seconds: 900 })).await;
        });
        Ok(Reply::new(Box::pin(ReceiverStream::new(answers))))
    }
}

fn ack(day: u32, revision: u64) -> v1::DeviceDayAck {
    v1::DeviceDayAck {
        day,
        revision,
        outcome: v1::device_day_ack::Outcome::Stored.into(),
        fingerprint: vec![1; 32],
        problem: String::new(),
    }
}

/// A channel to that collector through memory.
async fn channel(manner: Manner) -> Channel {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let incoming = tokio_stream::iter([Ok::<DuplexStream, std::io::Error>(theirs)]);
    let server = tonic::transport::Server::builder().add_service(IngestServer::new(Collector { manner }));
    tokio::spawn(server.serve_with_incoming(incoming.chain(tokio_stream::pending())));
    let mut ours = Some(TokioIo::new(ours));
    let once = tower::service_fn(move |_| {
        future::ready(ours.take().ok_or(std::io::Error::from(std::io::ErrorKind::NotConnected)))
    });
    Endpoint::from_static("http://collector").connect_with_connector(once).await.unwrap()
}

fn day(number: u32) -> v1::DeviceDay {
    v1::DeviceDay { day: number, revision: 7, ..v1::DeviceDay::default() }
}

async fn go(manner: Manner) -> (Heard, Result<(), VisitError>) {
    let mut heard = Heard::default();
    let pack = |welcome: &Welcome, reveal: &[u64]| {
        assert_eq!((welcome.store_id.as_str(), reveal), ("store", &[7][..]));
        Luggage { days: (0..20).map(day).collect(), names: vec![v1::RevealedName::default()] }
    };
    let result = visit(channel(manner).await, v1::VisitHello::default(), pack, &mut heard).await;
    (heard, result)
}

#[tokio::test(start_paused = true)]
async fn every_day_is_answered_and_the_farewell_says_when_to_come_again() {
    let (heard, result) = go(Manner::Good).await;
    result.unwrap();
    assert_eq!(heard.answers.len(), 20);
    assert!(heard.answers.iter().all(|(day, ack)| day.day == ack.day && ack.revision == 7));
    assert_eq!(heard.next_visit, Some(Duration::from_mins(15)));
    assert_eq!(heard.welcome.unwrap().store_id, "store");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_a_day_is_an_answer() {
    let (heard, result) = go(Manner::RefusesTheDay).await;
    result.unwrap();
    assert_eq!(heard.answers[0].1.outcome(), v1::device_day_ack::Outcome::Refused);
}

#[tokio::test(start_paused = true)]
async fn a_visit_that_breaks_off_keeps_what_was_answered() {
    let (heard, result) = go(Manner::BreaksOffAfterOneAnswer).await;
    assert!(matches!(result, Err(VisitError::OutOfTurn(_))), "{result:?}");
    assert_eq!((heard.answers.len(), heard.next_visit), (1, None));
    assert!(heard.welcome.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_collector_that_makes_no_sense_ends_the_visit() {
    for manner in [Manner::NoWelcome, Manner::AnswersWhatWasNotSaid, Manner::WelcomesTwice] {
        let (heard, result) = go(manner).await;
        assert!(matches!(result, Err(VisitError::OutOfTurn(_))), "{manner:?}: {result:?}");
        assert!(heard.answers.is_empty());
    }
    assert!(matches!(go(Manner::BadWelcome).await.1, Err(VisitError::Welcome(_))));
}

#[tokio::test(start_paused = true)]
async fn silence_ends_the_visit() {
    let (heard, result) = go(Manner::NeverAnswers).await;
    assert!(matches!(result, Err(VisitError::Silent)), "{result:?}");
    assert!(heard.answers.is_empty());
}

#[tokio::test(start_paused = true)]
async fn being_turned_away_is_a_status() {
    let (heard, result) = go(Manner::TurnsAway).await;
    let Err(VisitError::Status(status)) = result else { panic!("{result:?}") };
    assert_eq!(status.code(), tonic::Code::PermissionDenied);
    assert!(heard.welcome.is_none());
}
