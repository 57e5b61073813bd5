//! One visit: hello and welcome, device-days up and acks down, farewell.
//!
//! What comes in at once is committed at once, and each ack follows its commit. A device that is revoked meanwhile is cut
//! off within seconds; one that says nothing is sent away.

use std::{pin::Pin, time::Duration};

use elsewhere_proto::v1::{
    DeviceDay, RevealedName, Settings, VisitFarewell, VisitHello, VisitRequest, VisitResponse, VisitWelcome,
    ingest_server::Ingest, visit_request, visit_response,
};
use prost::Message;
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Code, Request, Response, Status, Streaming};

use super::{Desk, Peer, deliver_status, store_status};
use crate::{
    device::Groups, device_day::Place, installation::utc_date, pki::DeviceCertificate, place, unknown_names,
    wire,
};

/// Most device-days and bytes that go into one commit together; more wait for the next one.
const BATCH_DAYS: usize = 100;
const BATCH_BYTES: usize = 512 * 1024;
/// How often a silent visit is looked at: a revoked device is cut off after this long at most.
const LOOK: Duration = Duration::from_secs(5);
/// How many looks a visit may stay silent before it is sent away.
const SILENT_LOOKS: u32 = 6;
/// Answers on their way to an agent that reads slowly; past it, its own visit waits.
const ANSWERS: usize = 16;
/// Most names asked for in one visit: the list is for all devices, and a few hundred would be somebody's whole week.
const MOST_REVEALED: usize = 100;
/// Weeks that agents keep their days, as long as they are kept here.
const KEPT_WEEKS: u32 = 13;

type Answers = mpsc::Sender<Result<VisitResponse, Status>>;

#[tonic::async_trait]
impl Ingest for Desk {
    type VisitStream = Pin<Box<dyn Stream<Item = Result<VisitResponse, Status>> + Send>>;

    async fn visit(
        &self,
        request: Request<Streaming<VisitRequest>>,
    ) -> Result<Response<Self::VisitStream>, Status> {
        let peer = Peer::of(&request)?;
        let device = peer.current_device((self.clock)())?;
        self.admit(device).await?;
        let (answers, stream) = mpsc::channel(ANSWERS);
        let visit = Visit { desk: self.clone(), peer, device, said: request.into_inner(), answers };
        tokio::spawn(visit.run());
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }
}

impl Desk {
    async fn admit(&self, device: DeviceCertificate) -> Result<(), Status> {
        self.blocking(move |desk| {
            let admitted = desk.installation.admit(device.device, device.epoch);
            admitted.map(drop).map_err(|error| deliver_status(&error))
        })
        .await
    }

    /// Notes the visit and says what a device needs to know.
    fn welcome(
        &self,
        peer: Peer,
        device: DeviceCertificate,
        hello: &VisitHello,
    ) -> Result<VisitWelcome, Status> {
        let known =
            self.installation.admit(device.device, device.epoch).map_err(|error| deliver_status(&error))?;
        let groups = groups(hello, known.groups)?;
        let (store, config) = (self.installation.store(), self.installation.config());
        store
            .note_visit(device.device, &groups, utc_date((self.clock)()))
            .map_err(|error| store_status(&error))?;
        let identity = store.identity().map_err(|error| store_status(&error))?;
        let mut reveal = store.names_to_reveal().map_err(|error| store_status(&error))?;
        reveal.truncate(MOST_REVEALED);
        let offer = self.offer();
        let settings = Settings {
            visit_interval_seconds: config.visit_interval_seconds,
            paused_until: 0,
            minimum_group: config.minimum_group,
            kept_weeks: KEPT_WEEKS,
            sanctioned_service_ids: offer.sanctioned,
        };
        let catalog_delta = offer.delta.filter(|(version, _)| *version != hello.catalog_delta_version);
        let place: Place = place::of(peer.address, &config.offices);
        Ok(VisitWelcome {
            store_id: identity.store_id,
            settings: Some(settings),
            place: elsewhere_proto::v1::Place::from(place).into(),
            unknown_name_key: identity.unknown_name_key.to_vec(),
            reveal,
            catalog_delta: catalog_delta.map(|(_, delta)| delta),
        })
    }
}

/// The groups that a device gives, or those it has where it gives none.
fn groups(hello: &VisitHello, known: Groups) -> Result<Groups, Status> {
    let refuse = |problem: String| Status::invalid_argument(format!("hello.{problem}"));
    for (field, version) in
        [("agent_version", &hello.agent_version), ("catalog_version", &hello.catalog_version)]
    {
        wire::version(field, version).map_err(|error| refuse(error.to_string()))?;
    }
    let segments = wire::segments(&hello.segments).map_err(|error| refuse(error.to_string()))?;
    let pseudonym = Some(hello.customer_pseudonym.as_str()).filter(|text| !text.is_empty());
    let pseudonym = pseudonym
        .map(|text| text.parse().map_err(|error| refuse(format!("customer_pseudonym: {error}"))))
        .transpose()?;
    Ok(Groups {
        segments: if segments.is_empty() { known.segments } else { segments },
        pseudonym: pseudonym.or(known.pseudonym),
    })
}

/// A visit under way.
struct Visit {
    desk: Desk,
    peer: Peer,
    device: DeviceCertificate,
    said: Streaming<VisitRequest>,
    answers: Answers,
}

/// The agent has hung up: nobody is left to tell.
struct HungUp;

#[expect(clippy::large_enum_variant, reason = "it lives for one turn and is moved once")]
enum Turn {
    /// The agent said this.
    Said(visit_request::Said),
    /// The agent has half-closed.
    Done,
    /// Nothing yet.
    Silence,
}

impl Visit {
    async fn run(mut self) {
        if let Err(status) = self.course().await {
            // If it has hung up, it knows.
            let _ = self.answers.send(Err(status)).await;
        }
    }

    async fn course(&mut self) -> Result<(), Status> {
        let Turn::Said(visit_request::Said::Hello(hello)) = self.listen(LOOK).await? else {
            return Err(Status::invalid_argument("said: a visit begins with hello"));
        };
        let lanes = self.desk.lanes.clone();
        let _place = lanes.visit.enter().await?;
        let (peer, device) = (self.peer, self.device);
        let welcome = self.desk.blocking(move |desk| desk.welcome(peer, device, &hello)).await?;
        if self.say(visit_response::Said::Welcome(welcome)).await.is_err() {
            return Ok(());
        }
        let mut silent = 0;
        loop {
            match self.listen(LOOK).await? {
                Turn::Said(first) => {
                    silent = 0;
                    let more = self.take(first).await?;
                    if more.is_err() {
                        return Ok(());
                    }
                }
                Turn::Silence if silent == SILENT_LOOKS => {
                    return Err(Status::deadline_exceeded("the visit was silent for 30 seconds"));
                }
                Turn::Silence => {
                    silent += 1;
                    self.desk.admit(self.device).await?;
                }
                Turn::Done => break,
            }
        }
        let farewell = VisitFarewell { next_visit_seconds: self.next_visit() };
        // If it has hung up, it comes when it likes.
        let _ = self.say(visit_response::Said::Farewell(farewell)).await;
        Ok(())
    }

    /// Takes what was said and all that stands behind it already, in one commit, and acknowledges it.
    async fn take(&mut self, first: visit_request::Said) -> Result<Result<(), HungUp>, Status> {
        let mut days: Vec<DeviceDay> = Vec::new();
        let mut bytes = 0;
        let mut said = Some(first);
        while let Some(one) = said.take() {
            match one {
                visit_request::Said::Hello(_) => {
                    return Err(Status::invalid_argument("said: hello comes once, at the beginning"));
                }
                visit_request::Said::RevealedName(name) => self.hear(name).await?,
                visit_request::Said::DeviceDay(day) => {
                    bytes += day.encoded_len();
                    days.push(day);
                }
            }
            if days.len() < BATCH_DAYS && bytes < BATCH_BYTES {
                // A half-close found here is found again by the next turn.
                if let Turn::Said(next) = self.listen(Duration::ZERO).await? {
                    said = Some(next);
                }
            }
        }
        if days.is_empty() {
            return Ok(Ok(()));
        }
        let DeviceCertificate { device, epoch, .. } = self.device;
        let acks = self
            .desk
            .blocking(move |desk| {
                let acks = desk.installation.deliver(device, epoch, days, (desk.clock)());
                acks.map_err(|error| deliver_status(&error))
            })
            .await?;
        for ack in acks {
            if self.say(visit_response::Said::Ack(ack)).await.is_err() {
                return Ok(Err(HungUp));
            }
        }
        Ok(Ok(()))
    }

    /// Keeps a revealed name, if it was asked for and is the one that was hashed.
    async fn hear(&self, name: RevealedName) -> Result<(), Status> {
        self.desk
            .blocking(move |desk| {
                let store = desk.installation.store().as_ref();
                unknown_names::hear(store, name.name_hash, &name.registrable_domain)
                    .map_err(|error| store_status(&error))
            })
            .await
    }

    /// What the agent says next, if it says it within this time.
    async fn listen(&mut self, within: Duration) -> Result<Turn, Status> {
        match timeout(within, self.said.message()).await {
            Err(_) => Ok(Turn::Silence),
            Ok(Ok(None)) => Ok(Turn::Done),
            Ok(Ok(Some(VisitRequest { said: Some(said) }))) => Ok(Turn::Said(said)),
            Ok(Ok(Some(VisitRequest { said: None }))) => Err(Status::invalid_argument(
                "said: it is empty, or of a newer contract; upgrade the collector",
            )),
            // tonic's own word for a message over the limit; the contract promises another.
            Ok(Err(status)) if status.code() == Code::OutOfRange => {
                Err(Status::resource_exhausted(status.message().to_owned()))
            }
            Ok(Err(status)) => Err(status),
        }
    }

    async fn say(&self, said: visit_response::Said) -> Result<(), HungUp> {
        self.answers.send(Ok(VisitResponse { said: Some(said) })).await.map_err(|_| HungUp)
    }

    /// The interval, spread by a fifth, so that a fleet that began together comes one by one.
    fn next_visit(&self) -> u32 {
        let interval = self.desk.installation.config().visit_interval_seconds;
        let spread = interval / 5;
        rand::random_range(interval - spread..=interval + spread).max(1)
    }
}
