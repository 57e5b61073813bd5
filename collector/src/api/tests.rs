use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
    response::Response,
};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::{
    device::{DeviceId, Groups},
    jobs::{
        self, Unfinished,
        tests::{at, story, week},
    },
    published::Signal,
    reader::{Reader, Role},
};

/// Eight customers of Marketing in a frozen week, one in Legal, and a token for everything.
struct Served {
    _dir: tempfile::TempDir,
    installation: Installation,
    router: Router,
    token: String,
}

fn served() -> Served {
    let dir = tempfile::tempdir().unwrap();
    let installation = story(&dir, &["2026-W45", "2026-W46"]);
    let legal = Groups { segments: "department:Legal".parse().unwrap(), pseudonym: None };
    installation.register_device(DeviceId::from_bits(99), &legal, false, at("2026-09-01T08:00:00Z")).unwrap();
    let now = at("2026-11-16T12:00:00Z");
    jobs::freeze(&installation, week("2026-W46"), Unfinished::Refused, now).unwrap();
    ensure_first_token(&installation).unwrap();
    let token = std::fs::read_to_string(dir.path().join("token")).unwrap().trim().to_owned();
    Served { router: router(&installation), _dir: dir, installation, token }
}

impl Served {
    async fn get(&self, path: &str) -> Response {
        self.ask("GET", path, Some(&self.token), None).await
    }

    async fn ask(&self, method: &str, path: &str, token: Option<&str>, known: Option<&str>) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(known) = known {
            request = request.header(header::IF_NONE_MATCH, known);
        }
        self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }
}

async fn text(response: Response) -> String {
    String::from_utf8(to_bytes(response.into_body(), 10 << 20).await.unwrap().to_vec()).unwrap()
}

async fn read(response: Response) -> Value {
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    serde_json::from_str(&text(response).await).unwrap()
}

#[tokio::test]
async fn packages_come_with_what_is_seen_of_them() {
    let served = served();
    let portfolio = served.installation.dir().join("portfolio.toml");
    let package = r#"
[[package]]
need = "store-files"
product = "dropbox"
seats = 40
[[package.line]]
part = "explicit"
what = "a seat for everybody"
measure = "seats_in_use"
[[package.line]]
part = "persona"
what = "who travels"
"#;
    let before = std::fs::read_to_string(&portfolio).unwrap();
    std::fs::write(&portfolio, before + package).unwrap();
    let answer = read(served.get("/api/v1/packages?week=2026-W46").await).await;
    assert_eq!(
        answer["packages"][0]["lines"],
        json!([
            {"part": "explicit", "what": "a seat for everybody", "measure": "seats_in_use", "seen": "share",
             "customers": 5, "of": 40},
            {"part": "persona", "what": "who travels", "seen": "not_visible_from_here"},
        ])
    );
}

#[tokio::test]
async fn proposals_come_with_their_reason_and_go_once_reviewed() {
    let served = served();
    let answer = read(served.get("/api/v1/proposals?week=2026-W46").await).await;
    assert_eq!((answer["segment"].as_str(), answer["state"].as_str()), (Some("all"), Some("frozen")));
    assert_eq!(
        answer["proposals"],
        json!([{
            "service": "dropbox", "name": "Dropbox", "need": {"id": "store-files", "name": "Store and share files"},
            "looks_like": "to_decide", "rule": "a quarter or more of those with the need use it",
            "customers": 5, "of_customers": 10, "segments": 1, "of_segments": 1,
            "why": "5 of the 10 customers with this need use it, in the one segment that shows any service for it."
        }])
    );
    let portfolio = served.installation.dir().join("portfolio.toml");
    let before = std::fs::read_to_string(&portfolio).unwrap();
    let decision = "[[service]]\nid = \"dropbox\"\nstatus = \"tolerated\"\nsince = \"2026-W47\"\n";
    std::fs::write(&portfolio, before + decision).unwrap();
    let answer = read(served.get("/api/v1/proposals").await).await;
    assert_eq!(answer["proposals"], json!([]));
}

#[tokio::test]
async fn services_come_with_customers_rounded_and_the_week_before() {
    let served = served();
    let answer =
        read(served.get("/api/v1/services?week=2026-W46&segment=department%3AMarketing").await).await;
    assert_eq!(answer["state"], "frozen");
    assert_eq!(answer["organisation"], "Northmoor");
    assert_eq!(answer["segment"], "department:Marketing");
    assert_eq!(
        answer["services"],
        json!([{
            "id": "dropbox", "name": "Dropbox", "need": "store-files", "sanction_status": "unreviewed",
            "customers": {"value": 5, "last_week": 5}, "customer_days": {"value": 10, "last_week": 10},
            "customers_present": {"suppressed": true, "reason": "k"}
        }])
    );
}

#[tokio::test]
async fn needs_come_with_their_parts_and_what_is_withheld_says_so() {
    let served = served();
    let answer = read(served.get("/api/v1/needs").await).await;
    let files = &answer["needs"][0];
    assert_eq!((files["id"].as_str(), &files["served"]), (Some("store-files"), &json!(true)));
    assert_eq!(files["elsewhere"]["value"], 10);
    assert_eq!(files["customers_elsewhere"]["value"], 5);
    let nobody = json!({"suppressed": true, "reason": "k"});
    assert_eq!((&files["both"], &files["elsewhere_alone"]), (&nobody, &nobody), "nobody did both");
    assert_eq!(answer["needs"][1]["customers"], json!({"suppressed": true, "reason": "k"}));
}

#[tokio::test]
async fn a_segment_under_the_smallest_group_is_suppressed() {
    let served = served();
    let answer = read(served.get("/api/v1/services?segment=department=Legal").await).await;
    assert_eq!(answer["customers_seen"], json!({"suppressed": true, "reason": "k"}));
    assert_eq!(answer["services"], json!([]));
    let segments = read(served.get("/api/v1/segments").await).await;
    let ids: Vec<_> = segments["segments"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect();
    assert_eq!(ids, ["all", "department:Legal", "department:Marketing"]);
}

#[tokio::test]
async fn the_digest_is_the_same_page_in_every_form() {
    let served = served();
    let json = read(served.get("/api/v1/digests/2026-W46").await).await;
    assert_eq!(json["page"], "pilot");
    assert_eq!(
        json["headline"],
        "This is a pilot: 10 customers were seen, and figures that compare begin at 50."
    );
    let page = text(served.get("/api/v1/digests/latest?format=text").await).await;
    assert!(page.contains("THIS IS A PILOT: 10 CUSTOMERS WERE SEEN"), "{page}");
    let markdown = served.get("/api/v1/digests/2026-W46?format=markdown").await;
    assert_eq!(markdown.headers()[header::CONTENT_TYPE], "text/markdown; charset=utf-8");
    let weeks = read(served.get("/api/v1/weeks").await).await;
    assert_eq!(weeks["weeks"][0]["week"], "2026-W46");
}

#[tokio::test]
async fn without_a_good_token_nothing_is_told() {
    let served = served();
    for token in [None, Some("elsewhere_wrong"), Some("")] {
        for path in
            ["/api/v1/weeks", "/api/v1/needs?week=1999-W99", "/api/v1/digests/2026-W46", "/api/v1/signals"]
        {
            let response = served.ask("GET", path, token, None).await;
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{path}");
            assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
            assert!(text(response).await.contains("Authorization: Bearer"));
        }
    }
    assert_eq!(served.ask("GET", "/healthz", None, None).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn every_mistake_is_a_problem_that_names_it() {
    let served = served();
    for (method, path, status, named) in [
        ("GET", "/api/v1/needs?week=2026-46", 400, "parameter 'week': '2026-46' is no ISO week"),
        ("GET", "/api/v1/needs?segment=Marketing", 400, "parameter 'segment': 'Marketing' is no segment"),
        (
            "GET",
            "/api/v1/needs?colour=red",
            400,
            "parameter 'colour': it is not known here; known are 'week' and 'segment'",
        ),
        ("GET", "/api/v1/needs?week=2026-W46&week=2026-W45", 400, "parameter 'week': it is given twice"),
        ("GET", "/api/v1/digests/soon", 400, "parameter 'week': 'soon' is no ISO week"),
        ("GET", "/api/v1/digests/%FF", 400, "parameter 'week': '' is no ISO week"),
        ("GET", "/api/v1/needs/", 404, "without a slash at the end"),
        (
            "GET",
            "/api/v1/weeks?week=2026-W46",
            400,
            "parameter 'week': it is not known here; ask without parameters",
        ),
        ("GET", "/api/v1/digests/2026-W46?format=pdf", 400, "parameter 'format': 'pdf' is no format"),
        ("GET", "/api/v1/needs?week=2020-W01", 404, "week 2020-W01 is not published"),
        (
            "GET",
            "/api/v1/needs?segment=department:Nobody",
            404,
            "segment department:Nobody is not in week 2026-W46",
        ),
        ("GET", "/api/v1/signals?week=2026-W46", 400, "parameter 'week': it is not known here"),
        ("GET", "/api/v1/devices", 404, "'/api/v1/devices' is not served"),
        ("GET", "/../etc/passwd", 404, "is not served"),
        ("POST", "/api/v1/needs", 405, "can only be read"),
    ] {
        let response = served.ask(method, path, Some(&served.token), None).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json", "{path}");
        let problem: Value = serde_json::from_str(&text(response).await).unwrap();
        assert_eq!(problem["status"], status);
        assert!(problem["detail"].as_str().unwrap().contains(named), "{path}: {problem}");
    }
}

#[tokio::test]
async fn a_scoped_reader_sees_its_segment_and_no_other() {
    let served = served();
    let reader = Reader { role: Role::Viewer, segments: vec!["department:Marketing".parse().unwrap()] };
    served.installation.store().add_api_token(token::hash("elsewhere_marketing"), &reader).unwrap();
    let ask = |path| served.ask("GET", path, Some("elsewhere_marketing"), None);
    assert_eq!(read(ask("/api/v1/needs").await).await["segment"], "department:Marketing");
    for path in ["/api/v1/needs?segment=department:Legal", "/api/v1/needs?segment=department:Nobody"] {
        assert_eq!(ask(path).await.status(), StatusCode::FORBIDDEN, "{path}");
    }
    let segments = read(ask("/api/v1/segments").await).await;
    assert_eq!(segments["segments"].as_array().unwrap().len(), 1);
}

/// The signals that a reader of this segment sees.
async fn signals(served: &Served, segment: &str) -> Value {
    let token = format!("elsewhere_{segment}");
    let reader = Reader { role: Role::Viewer, segments: vec![segment.parse().unwrap()] };
    served.installation.store().add_api_token(token::hash(&token), &reader).unwrap();
    read(served.ask("GET", "/api/v1/signals", Some(&token), None).await).await
}

#[tokio::test]
async fn signals_say_at_least_so_many_and_are_of_the_readers_segments() {
    let served = served();
    assert_eq!(read(served.get("/api/v1/signals").await).await, json!({"signals": []}));
    let released = jiff::civil::date(2026, 11, 16);
    let signal = |segment: Option<&str>| Signal {
        segment: segment.map(|segment| segment.parse().unwrap()),
        need: "store-files".into(),
        service: "dropbox".into(),
        released,
        minimum_group: 5,
    };
    let told = [signal(None), signal(Some("department:Marketing"))];
    served.installation.store().release_signals(released, &told).unwrap();
    let of = |segment| {
        json!({
            "segment": segment, "need": "store-files", "service": "dropbox", "name": "Dropbox",
            "released": "2026-11-16", "customers": "at least 5"
        })
    };
    assert_eq!(
        read(served.get("/api/v1/signals").await).await,
        json!({"signals": [of("all"), of("department:Marketing")]})
    );
    assert_eq!(
        signals(&served, "department:Marketing").await,
        json!({"signals": [of("department:Marketing")]})
    );
    for other in ["department:Legal", "department:Marketing/Events", "site:Leeds"] {
        assert_eq!(signals(&served, other).await, json!({"signals": []}), "{other}");
    }
}

#[tokio::test]
async fn a_frozen_week_is_not_sent_twice() {
    let served = served();
    let tag = served.get("/api/v1/needs").await.headers()[header::ETAG].to_str().unwrap().to_owned();
    let again = served.ask("GET", "/api/v1/needs", Some(&served.token), Some(&tag)).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    let other = served.ask("GET", "/api/v1/services", Some(&served.token), Some(&tag)).await;
    assert_eq!(other.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_first_token_is_made_once_and_only_its_owner_reads_it() {
    use std::os::unix::fs::PermissionsExt;
    let served = served();
    ensure_first_token(&served.installation).unwrap();
    let path = served.installation.dir().join("token");
    assert_eq!(std::fs::read_to_string(&path).unwrap().trim(), served.token);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn grpc_gives_the_same_figures_and_refuses_in_its_own_words() {
    use elsewhere_proto::v1::{ListServicesRequest, figure::Shown, query_client::QueryClient};
    let served = served();
    let mut client = QueryClient::new(served.router.clone());
    let question = || ListServicesRequest { week: "2026-W46".into(), segment: "department:Marketing".into() };
    let mut request = tonic::Request::new(question());
    request.metadata_mut().insert("authorization", format!("Bearer {}", served.token).parse().unwrap());
    let answer = client.list_services(request).await.unwrap().into_inner();
    assert_eq!(answer.services[0].service_id, "dropbox");
    assert_eq!(answer.services[0].customers.unwrap_shown(), Shown::Value(5));
    let refused = client.list_services(question()).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unauthenticated);
}

/// What a figure shows.
trait UnwrapShown {
    fn unwrap_shown(&self) -> elsewhere_proto::v1::figure::Shown;
}

impl UnwrapShown for Option<elsewhere_proto::v1::Figure> {
    fn unwrap_shown(&self) -> elsewhere_proto::v1::figure::Shown {
        self.clone().unwrap().shown.unwrap()
    }
}
