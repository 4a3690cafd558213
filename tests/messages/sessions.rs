//! Mistakes with sessions and refresh tokens.

use std::sync::Arc;
use std::time::Duration;

use bearergate::Gate;
use bearergate::clock::FakeClock;
use bearergate::credential::Sources;
use bearergate::refresh::{NewRefreshToken, RefreshManager, RotateRequest};
use bearergate::session::{NewSession, SessionCookie, SessionManager};
use bearergate::stores::MemoryGrantStore;
use http::Request;

use crate::table::{NOW, Row, refusal, refused, row};

const CLIENT: &str = "mobile app";

pub(crate) async fn rows() -> Vec<Row> {
    let mut rows = settings();
    rows.extend(requests().await);
    rows.extend(refresh().await);
    rows
}

fn store() -> Arc<MemoryGrantStore> {
    Arc::new(MemoryGrantStore::new(100))
}

fn settings() -> Vec<Row> {
    let sessions = |lifetime, idle| {
        let builder = SessionManager::builder(store(), "service");
        refused(builder.lifetime(lifetime).idle(idle).build())
    };
    let day = Duration::from_secs(86_400);
    vec![
        row(
            "sessions that last for ten years",
            sessions(day * 3_650, day),
            ["must be", "3650 days", "`lifetime`"],
        ),
        row(
            "sessions that end at once",
            sessions(day, Duration::ZERO),
            ["must be", "`idle` is 0", "1 "],
        ),
        row(
            "sessions without an authority",
            refused(SessionManager::builder(store(), "").build()),
            ["`authority`", "is empty", "name"],
        ),
        row(
            "a session cookie without its prefix",
            refused(SessionCookie::new("session")),
            [
                "expected `__Host-` and a cookie name",
                "found `session`",
                "write it like `__Host-session`",
            ],
        ),
    ]
}

async fn requests() -> Vec<Row> {
    let clock = FakeClock::at(NOW);
    let sessions = SessionManager::builder(store(), "service")
        .clock(clock.clone())
        .build()
        .unwrap();
    let cookie = SessionCookie::new("__Host-session").unwrap();
    let issued = sessions
        .create(NewSession::new("alice"))
        .await
        .unwrap()
        .secret
        .reveal();
    let sources = Sources::builder()
        .without_bearer()
        .cookie("__Host-session")
        .build()
        .unwrap();
    let gate = Gate::builder()
        .validator(sessions.validator(&cookie))
        .sources(sources);
    let gate = gate
        .allow_any_authenticated()
        .clock(clock.clone())
        .build()
        .unwrap();
    let sent = |method: &str, id: &str| {
        let request = Request::builder().method(method).uri("/");
        let request = request.header("cookie", format!("__Host-session={id}"));
        refusal(&gate, &request.body(()).unwrap())
    };
    let other = "A".repeat(issued.len());
    let unknown = sent("GET", &other);
    let cross = sent("POST", &issued);
    clock.advance(Duration::from_secs(400 * 86_400));
    vec![
        row(
            "a session of another process",
            unknown,
            ["expected", "found", "hint:"],
        ),
        row(
            "a post from another site",
            cross,
            ["expected", "found", "hint:"],
        ),
        row(
            "a session that is over",
            sent("GET", &issued),
            ["expected", "found", "hint:"],
        ),
    ]
}

async fn refresh() -> Vec<Row> {
    let clock = FakeClock::at(NOW);
    let tokens = RefreshManager::builder(store(), "service")
        .clock(clock.clone())
        .build()
        .unwrap();
    let create = async || {
        tokens
            .create(NewRefreshToken::new("alice", CLIENT))
            .await
            .unwrap()
            .secret
            .reveal()
    };
    let rotate = async |token: &str| tokens.rotate(RotateRequest::new(token, CLIENT)).await;
    let first = create().await;
    rotate(&first).await.unwrap();
    let reused = refused(rotate(&first).await);
    let stale = create().await;
    let unknown = refused(rotate("no-such-token").await);
    clock.advance(Duration::from_secs(400 * 86_400));
    vec![
        row(
            "a refresh token that was used before",
            reused,
            ["expected", "found", "sign in again"],
        ),
        row(
            "a refresh token that is not known",
            unknown,
            ["expected", "found", "sign in again"],
        ),
        row(
            "a refresh token that is over",
            refused(rotate(&stale).await),
            ["expected", "found", "sign in again"],
        ),
    ]
}
