//! Agents as strangers see the desk: over real TLS on a free port, with tonic as the client.

use std::{net::SocketAddr, sync::Arc};

use elsewhere_proto::v1::{
    DeviceDayAck, EnrollRequest, EnrollResponse, RenewRequest, RevealedName, VisitHello, VisitRequest,
    VisitResponse, VisitWelcome, device_day_ack::Outcome, enroll_client::EnrollClient,
    ingest_client::IngestClient, visit_request, visit_response,
};
use hyper_util::rt::TokioIo;
use jiff::{SignedDuration, civil::Date};
use rcgen::{CertificateParams, KeyPair};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName},
};
use tokio::{
    net::TcpStream,
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tokio_rustls::TlsConnector;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Code, Request, Status,
    transport::{Channel, Endpoint},
};

use crate::{
    clock,
    config::Config,
    device::{DeviceId, DeviceState, Groups},
    installation::{Installation, utc_date},
    pki::{Authority, DeviceCertificate, DeviceRequest},
    serve::{self, Listeners},
    store::{StoreError, Token},
    token, unknown_names,
    wire::tests::good_day,
};

/// A collector that serves on free ports, until it is told to stop.
struct Collector {
    dir: tempfile::TempDir,
    installation: Installation,
    authority: Authority,
    devices: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<anyhow::Result<()>>,
}

impl Collector {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let text = "people = \"127.0.0.1:0\"\ndevices = \"127.0.0.1:0\"\noffices = [\"127.0.0.0/8\"]";
        let config = Config::parse("test", text, std::iter::empty(), &[]).unwrap();
        let installation = Installation::with_config(dir.path(), config).unwrap();
        let authority = Authority::create_or_open(dir.path(), clock::now()).unwrap();
        let listeners = Listeners::bind(installation.config()).await.unwrap();
        let devices = listeners.addresses().unwrap().devices;
        let (stop, stopped) = oneshot::channel();
        let shutdown = async move { drop(stopped.await) };
        let served = tokio::spawn(serve::run(installation.clone(), listeners, clock::now, shutdown));
        Self { dir, installation, authority, devices, stop, served }
    }

    /// Stops it and waits until it has drained.
    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.served.await.unwrap().unwrap();
        assert!(!self.dir.path().join("addresses.json").exists());
    }

    fn add_token(&self, secret: [u8; 32], life: SignedDuration) {
        let token = Token {
            id: DeviceId::random().to_string(),
            segments: "department:Marketing".parse().unwrap(),
            uses: 1,
            uses_left: 1,
            expires: clock::now() + life,
        };
        self.installation.store().add_token(&token, token::hash(&secret)).unwrap();
    }

    /// Papers of a registered device, made `age` ago.
    fn papers(&self, authority: &Authority, age: SignedDuration) -> Papers {
        let device = DeviceId::random();
        let device =
            self.installation.register_device(device, &Groups::default(), false, clock::now()).unwrap();
        let key = KeyPair::generate().unwrap();
        let request = DeviceRequest::read(&csr(&key)).unwrap();
        let certificate =
            authority.device(&request, device.id, device.epoch, clock::now() - age).unwrap().to_vec();
        Papers { certificate, key }
    }

    fn channel(&self, papers: Option<&Papers>) -> Channel {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.certificate().clone()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut tls = match papers {
            None => builder.with_no_client_auth(),
            Some(papers) => {
                let certificate = CertificateDer::from(papers.certificate.clone());
                let key = PrivatePkcs8KeyDer::from(papers.key.serialize_der());
                builder.with_client_auth_cert(vec![certificate], key.into()).unwrap()
            }
        };
        tls.alpn_protocols = vec![b"h2".to_vec()];
        let (tls, address) = (TlsConnector::from(Arc::new(tls)), self.devices);
        let connect = tower::service_fn(move |_| {
            let tls = tls.clone();
            async move {
                let stream = TcpStream::connect(address).await?;
                let name = ServerName::try_from("localhost").unwrap();
                Ok::<_, std::io::Error>(TokioIo::new(tls.connect(name, stream).await?))
            }
        });
        Endpoint::from_static("http://collector").connect_with_connector_lazy(connect)
    }

    async fn visit(
        &self,
        papers: Option<&Papers>,
        days: Vec<VisitRequest>,
    ) -> Result<Vec<VisitResponse>, Status> {
        let mut client = IngestClient::new(self.channel(papers));
        let mut answers = client.visit(Request::new(tokio_stream::iter(days))).await?.into_inner();
        let mut said = Vec::new();
        while let Some(answer) = answers.message().await? {
            said.push(answer);
        }
        Ok(said)
    }

    async fn enroll(&self, secret: &[u8], key: &KeyPair) -> Result<EnrollResponse, Status> {
        let request = EnrollRequest {
            token_secret: secret.to_vec(),
            csr: csr(key),
            agent_version: "0.1.0".into(),
            platform: "linux".into(),
        };
        Ok(EnrollClient::new(self.channel(None)).enroll(request).await?.into_inner())
    }
}

struct Papers {
    certificate: Vec<u8>,
    key: KeyPair,
}

fn csr(key: &KeyPair) -> Vec<u8> {
    CertificateParams::default().serialize_request(key).unwrap().der().to_vec()
}

fn hello() -> VisitRequest {
    let hello = VisitHello { agent_version: "0.1.0".into(), ..VisitHello::default() };
    VisitRequest { said: Some(visit_request::Said::Hello(hello)) }
}

fn day(date: Date, revision: u64) -> VisitRequest {
    VisitRequest { said: Some(visit_request::Said::DeviceDay(good_day(date, revision))) }
}

fn welcome(said: &[VisitResponse]) -> &VisitWelcome {
    match &said[0].said {
        Some(visit_response::Said::Welcome(welcome)) => welcome,
        other => panic!("{other:?}"),
    }
}

fn acks(said: &[VisitResponse]) -> impl Iterator<Item = &DeviceDayAck> {
    said.iter().filter_map(|answer| match &answer.said {
        Some(visit_response::Said::Ack(ack)) => Some(ack),
        _ => None,
    })
}

fn code<T>(result: Result<T, Status>) -> Code {
    result.err().map_or(Code::Ok, |status| status.code())
}

const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

#[tokio::test]
async fn a_device_enrols_delivers_and_renews() {
    let collector = Collector::start().await;
    let secret = [7; 32];
    collector.add_token(secret, WEEK);
    let key = KeyPair::generate().unwrap();
    let answer = collector.enroll(&secret, &key).await.unwrap();
    assert_eq!((answer.epoch, answer.segments[0].path.as_str()), (1, "Marketing"));
    assert_eq!(answer.ca_certificate, collector.authority.certificate().to_vec());
    assert_eq!(code(collector.enroll(&secret, &key).await), Code::Unauthenticated, "used up");

    let papers = Papers { certificate: answer.certificate, key };
    let today = utc_date(clock::now());
    let tomorrow_next_week = today.saturating_add(jiff::Span::new().days(8));
    let days = vec![hello(), day(today, 1), day(tomorrow_next_week, 1), day(today, 1), day(today, 2)];
    let said = collector.visit(Some(&papers), days).await.unwrap();
    let settings = welcome(&said).settings.as_ref().unwrap();
    assert_eq!((settings.visit_interval_seconds, settings.minimum_group, settings.kept_weeks), (900, 5, 13));
    assert_eq!(welcome(&said).place(), elsewhere_proto::v1::Place::Office);
    let outcomes: Vec<Outcome> = acks(&said).map(DeviceDayAck::outcome).collect();
    assert_eq!(outcomes, [Outcome::Stored, Outcome::Unspecified, Outcome::AlreadyStored, Outcome::Stored]);
    let Some(visit_response::Said::Farewell(farewell)) = said.last().unwrap().said else { panic!() };
    assert!((720..=1080).contains(&farewell.next_visit_seconds), "{farewell:?}");

    let device = answer.device_id.parse().unwrap();
    let known = collector.installation.store().device(device).unwrap().unwrap();
    assert_eq!(known.last_visit, Some(utc_date(clock::now())));

    let mut client = EnrollClient::new(collector.channel(Some(&papers)));
    let csr = csr(&KeyPair::generate().unwrap());
    let renewed = client.renew(RenewRequest { csr }).await.unwrap().into_inner();
    assert_eq!(DeviceCertificate::read(&renewed.certificate).unwrap().device, device);

    collector.add_token([8; 32], WEEK);
    let request = EnrollRequest {
        token_secret: vec![8; 32],
        csr: self::csr(&KeyPair::generate().unwrap()),
        ..EnrollRequest::default()
    };
    let again = client.enroll(request).await.unwrap().into_inner();
    assert_eq!((again.device_id, again.epoch), (answer.device_id, 2), "known by its old certificate");
    assert_eq!(code(collector.visit(Some(&papers), vec![hello()]).await), Code::PermissionDenied);
    drop(client);
    collector.stop().await;
}

#[tokio::test]
async fn a_name_that_was_asked_for_is_revealed_in_a_visit() {
    let collector = Collector::start().await;
    let papers = collector.papers(&collector.authority, SignedDuration::ZERO);
    let store = collector.installation.store();
    let name = "freightdesk.example";
    let name_hash = unknown_names::hash(&store.identity().unwrap().unknown_name_key, name);
    store.ask_for_names(&[name_hash]).unwrap();
    let revealed = RevealedName { name_hash, registrable_domain: name.into() };
    let revealed = VisitRequest { said: Some(visit_request::Said::RevealedName(revealed)) };
    let said = collector.visit(Some(&papers), vec![hello(), revealed]).await.unwrap();
    assert_eq!(welcome(&said).reveal, [name_hash]);
    assert_eq!(store.revealed_names().unwrap()[0].registrable_domain, name);
    let said = collector.visit(Some(&papers), vec![hello()]).await.unwrap();
    assert!(welcome(&said).reveal.is_empty());
    collector.stop().await;
}

#[tokio::test]
async fn each_bad_paper_gets_its_own_status() {
    let collector = Collector::start().await;
    let current = collector.papers(&collector.authority, SignedDuration::ZERO);
    let expired = collector.papers(&collector.authority, SignedDuration::from_hours(31 * 24));
    let revoked = collector.papers(&collector.authority, SignedDuration::ZERO);
    let quarantined = collector.papers(&collector.authority, SignedDuration::ZERO);
    let enrolled_again = collector.papers(&collector.authority, SignedDuration::ZERO);
    let id = |papers: &Papers| DeviceCertificate::read(&papers.certificate).unwrap().device;
    let store = collector.installation.store();
    store.set_device_state(id(&revoked), DeviceState::Revoked).unwrap();
    store.set_device_state(id(&quarantined), DeviceState::Quarantined).unwrap();
    store.register_device(id(&enrolled_again), &Groups::default(), false, utc_date(clock::now())).unwrap();

    for (name, papers, visit, renew) in [
        ("none", None, Code::Unauthenticated, Code::Unauthenticated),
        ("current", Some(&current), Code::Ok, Code::Ok),
        ("expired", Some(&expired), Code::Unauthenticated, Code::Ok),
        ("revoked", Some(&revoked), Code::PermissionDenied, Code::PermissionDenied),
        ("quarantined", Some(&quarantined), Code::PermissionDenied, Code::PermissionDenied),
        ("old epoch", Some(&enrolled_again), Code::PermissionDenied, Code::PermissionDenied),
    ] {
        assert_eq!(code(collector.visit(papers, vec![hello()]).await), visit, "{name}");
        let mut client = EnrollClient::new(collector.channel(papers));
        let csr = csr(&KeyPair::generate().unwrap());
        assert_eq!(code(client.renew(RenewRequest { csr }).await), renew, "{name}");
    }

    // A certificate of another authority never gets as far as a call.
    let elsewhere = tempfile::tempdir().unwrap();
    let foreign = Authority::create_or_open(elsewhere.path(), clock::now()).unwrap();
    let foreign = collector.papers(&foreign, SignedDuration::ZERO);
    let status = collector.visit(Some(&foreign), vec![hello()]).await.unwrap_err();
    assert!(std::error::Error::source(&status).is_some(), "a broken connection, not a status: {status:?}");
    collector.stop().await;
}

#[tokio::test]
async fn a_bad_token_or_request_enrols_nobody_and_costs_no_use() {
    let collector = Collector::start().await;
    let key = KeyPair::generate().unwrap();
    collector.add_token([1; 32], -SignedDuration::from_secs(1));
    collector.add_token([2; 32], WEEK);
    assert_eq!(code(collector.enroll(b"wrong", &key).await), Code::Unauthenticated);
    assert_eq!(code(collector.enroll(&[1; 32], &key).await), Code::Unauthenticated, "expired");
    let hash = token::hash(&[2; 32]);
    assert_eq!(code(collector.enroll(&hash, &key).await), Code::Unauthenticated, "a hash is no secret");
    let mut client = EnrollClient::new(collector.channel(None));
    for (csr, version) in [(vec![1, 2, 3], "0.1.0"), (csr(&key), "0.1\n0")] {
        let request = EnrollRequest {
            token_secret: vec![2; 32],
            csr,
            agent_version: version.into(),
            ..EnrollRequest::default()
        };
        assert_eq!(code(client.enroll(request).await), Code::InvalidArgument);
    }
    assert!(collector.installation.store().devices().unwrap().is_empty());
    let left: u32 =
        collector.installation.store().tokens().unwrap().iter().map(|token| token.uses_left).sum();
    assert_eq!(left, 2);
    drop(client);
    collector.stop().await;
}

#[tokio::test]
async fn a_visit_out_of_order_is_refused_and_what_was_acknowledged_stays() {
    let collector = Collector::start().await;
    let papers = collector.papers(&collector.authority, SignedDuration::ZERO);
    let today = utc_date(clock::now());
    let bad_segments = VisitHello {
        segments: vec![elsewhere_proto::v1::Segment { dimension: "Site".into(), path: "x".into() }],
        ..VisitHello::default()
    };
    let bad_segments = VisitRequest { said: Some(visit_request::Said::Hello(bad_segments)) };
    for (name, said) in [
        ("no hello", vec![day(today, 1)]),
        ("nothing", vec![]),
        ("empty", vec![VisitRequest { said: None }]),
        ("hello twice", vec![hello(), hello()]),
        ("bad segments", vec![bad_segments]),
    ] {
        assert_eq!(code(collector.visit(Some(&papers), said).await), Code::InvalidArgument, "{name}");
    }
    let mut huge = good_day(today, 1);
    huge.usages[0].service_id = "x".repeat(2 * 1024 * 1024);
    let huge = VisitRequest { said: Some(visit_request::Said::DeviceDay(huge)) };
    assert_eq!(code(collector.visit(Some(&papers), vec![hello(), huge]).await), Code::ResourceExhausted);
    assert!(collector.installation.store().weeks().unwrap().is_empty());
    collector.stop().await;
}

#[tokio::test]
async fn a_silent_visit_is_sent_away_and_a_revoked_device_sooner() {
    let collector = Collector::start().await;
    for revoked in [false, true] {
        let papers = collector.papers(&collector.authority, SignedDuration::ZERO);
        let (say, said) = mpsc::channel(1);
        say.send(hello()).await.unwrap();
        let mut client = IngestClient::new(collector.channel(Some(&papers)));
        let mut answers = client.visit(ReceiverStream::new(said)).await.unwrap().into_inner();
        welcome(&[answers.message().await.unwrap().unwrap()]);
        if revoked {
            let device = DeviceCertificate::read(&papers.certificate).unwrap().device;
            collector.installation.store().set_device_state(device, DeviceState::Revoked).unwrap();
        }
        // From here time passes only where everybody waits for it.
        tokio::time::pause();
        let began = tokio::time::Instant::now();
        let status = answers.message().await.unwrap_err();
        let (code, least, most) =
            if revoked { (Code::PermissionDenied, 4, 6) } else { (Code::DeadlineExceeded, 29, 36) };
        assert_eq!(status.code(), code);
        assert!((least..=most).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
        tokio::time::resume();
        drop(say);
    }
    collector.stop().await;
}

#[test]
fn a_busy_store_asks_to_come_again_and_a_broken_one_tells_no_secrets() {
    let status = super::store_status(&StoreError::Busy);
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.metadata().contains_key("grpc-retry-pushback-ms"));
    let problem = "customer c-1 in /var/lib".to_owned();
    let status = super::store_status(&StoreError::Damaged { file: "control.db".to_owned(), problem });
    assert_eq!(status.code(), Code::Internal);
    assert!(!status.message().contains("c-1"));
}
