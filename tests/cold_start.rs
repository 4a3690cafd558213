//! A flood of requests before the first keys, in a binary of its own because it uses the whole
//! machine.
#![cfg(all(feature = "reqwest", feature = "testing"))]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test panics where it fails"
)]

use std::sync::Arc;
use std::thread;

use bearergate::testing::{FakeEndpoint, Fault};

use crate::common::Scene;

#[expect(dead_code, reason = "shared with the other scenarios")]
#[path = "network/common.rs"]
mod common;
#[path = "common/net.rs"]
mod net;

/// One fetch serves all requests that arrive while it runs.
///
/// Defect A50 (one fetch for each request): docs/defects.md
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_requests_at_a_cold_start_are_one_fetch() {
    let scene = Arc::new(Scene::new());
    scene.idp.fail(FakeEndpoint::Jwks, Fault::Hold);
    let token: Arc<str> = scene.good().into();
    let ask = || {
        let (scene, token) = (Arc::clone(&scene), Arc::clone(&token));
        tokio::spawn(async move { scene.validate(&token).await })
    };
    // The others start after the fetch has been sent: on a slow machine so many tasks could keep it
    // from connecting within one second.
    let mut tasks = vec![ask()];
    assert!(scene.idp.wait_for(FakeEndpoint::Jwks, 1));
    tasks.extend((1..10_000).map(|_| ask()));
    scene.idp.heal(FakeEndpoint::Jwks);
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(()));
    }
    assert_eq!(scene.fetches(), 1);
}

/// A request at the moment when the keys arrive finds either the fetch or its keys.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_refused_while_the_first_keys_arrive() {
    for _ in 0..40 {
        let scene = Arc::new(Scene::new());
        scene.idp.fail(FakeEndpoint::Jwks, Fault::Hold);
        let token: Arc<str> = scene.good().into();
        let first = {
            let (scene, token) = (Arc::clone(&scene), Arc::clone(&token));
            tokio::spawn(async move { scene.validate(&token).await })
        };
        assert!(scene.idp.wait_for(FakeEndpoint::Jwks, 1));
        let others = [(), ()].map(|()| {
            let (scene, token) = (Arc::clone(&scene), Arc::clone(&token));
            thread::spawn(move || {
                std::iter::repeat_with(|| scene.validate_now(&token)).find_map(|a| a)
            })
        });
        scene.idp.heal(FakeEndpoint::Jwks);
        for other in others {
            assert_eq!(other.join().unwrap(), Some(Ok(())));
        }
        assert_eq!(first.await.unwrap(), Ok(()));
    }
}
