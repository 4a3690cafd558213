//! The reuse window of refresh tokens after the successor was used: an honest client keeps its
//! family, and a replay after the window ends it.

use std::sync::Barrier;
use std::thread;

use bearergate::RejectionKind::{RefreshReused, TokenRevoked};
use bearergate::limits::REFRESH_EARLIER;
use bearergate::refresh::{RefreshManager, RotateRequest};
use proptest::prelude::*;

use crate::common::{AUTHORITY, CLIENT, START, Service, for_alice, run, secs};

const KEY: [u8; 32] = [7; 32];

/// The first token, and the one after `rotations` rotations.
fn spent(service: &Service, rotations: usize) -> (String, String) {
    let first = service.first(for_alice());
    let mut newest = first.clone();
    for _ in 0..rotations {
        newest = service.rotate(&newest).unwrap();
    }
    (first, newest)
}

fn reuses(service: &Service) -> usize {
    let events = service.events.all();
    let is_reuse = |event: &&String| event.contains("RefreshTokenReused");
    events.iter().filter(is_reuse).count()
}

#[test]
fn i03_within_the_reuse_window_a_token_whose_successor_was_used_ends_nothing() {
    let service = Service::with_reuse_window(secs(60));
    let (first, third) = spent(&service, 2);
    service.clock.advance(secs(59));
    for _ in 0..3 {
        let refused = run(service.tokens.rotate(RotateRequest::new(&first, CLIENT)));
        let refused = refused.unwrap_err();
        assert_eq!(refused.kind(), RefreshReused);
        let cause = std::error::Error::source(&refused).unwrap().to_string();
        assert!(cause.contains("the family stays"), "{cause}");
    }
    let events = service.events.take();
    assert_eq!(events.len(), 3);
    for event in events {
        for part in ["RefreshTokenRepeated", AUTHORITY, "alice", CLIENT] {
            assert!(event.contains(part), "{event}");
        }
        assert!(!event.contains(&first) && !event.contains(&third));
    }
    assert!(service.rotate(&third).is_ok());
    assert!(service.events.all().is_empty());
}

#[test]
fn i03_at_the_end_of_the_reuse_window_the_same_token_ends_its_family() {
    let service = Service::with_reuse_window(secs(60));
    let (first, third) = spent(&service, 2);
    service.clock.advance(secs(60));
    assert_eq!(service.rotate(&first), Err(RefreshReused));
    assert_eq!(reuses(&service), 1);
    assert_eq!(service.rotate(&third), Err(TokenRevoked));
}

#[test]
fn i03_without_a_reuse_window_a_token_whose_successor_was_used_ends_its_family() {
    let service = Service::new();
    let (first, third) = spent(&service, 2);
    assert_eq!(service.rotate(&first), Err(RefreshReused));
    assert_eq!(
        (reuses(&service), service.rotate(&third)),
        (1, Err(TokenRevoked))
    );
}

#[test]
fn the_window_of_each_spent_token_begins_when_it_was_spent() {
    // The first was spent at 0, the second at 40, and the third is current.
    for (after, token, is_kept) in [
        (59, 0, true),
        (60, 0, false),
        (99, 1, true),
        (100, 1, false),
    ] {
        let service = Service::with_reuse_window(secs(60));
        let first = service.first(for_alice());
        let second = service.rotate(&first).unwrap();
        service.clock.advance(secs(40));
        let third = service.rotate(&second).unwrap();
        service.clock.advance(secs(1));
        let fourth = service.rotate(&third).unwrap();
        service.clock.set(START.saturating_add(secs(after)));
        let old = [&first, &second][token];
        assert_eq!(service.rotate(old), Err(RefreshReused), "{after}");
        assert_eq!(service.rotate(&fourth).is_ok(), is_kept, "{after}");
    }
}

#[test]
fn of_many_rotations_in_one_window_the_latest_are_known() {
    for (rotations, is_kept) in [(REFRESH_EARLIER + 1, true), (REFRESH_EARLIER + 2, false)] {
        let service = Service::with_reuse_window(secs(60));
        let (first, newest) = spent(&service, rotations);
        assert_eq!(service.rotate(&first), Err(RefreshReused));
        assert_eq!(service.rotate(&newest).is_ok(), is_kept, "{rotations}");
        assert_eq!(reuses(&service), usize::from(!is_kept));
        let families = service.store.families.lock().unwrap();
        assert!(
            families
                .iter()
                .all(|family| family.earlier.len() <= REFRESH_EARLIER)
        );
    }
}

#[test]
fn what_left_the_window_is_not_kept() {
    let service = Service::with_reuse_window(secs(10));
    let mut token = service.first(for_alice());
    for _ in 0..5 {
        token = service.rotate(&token).unwrap();
        service.clock.advance(secs(10));
    }
    let families = service.store.families.lock().unwrap();
    assert!(families.iter().all(|family| family.earlier.is_empty()));
}

#[test]
fn another_client_or_key_ends_the_family_within_the_window_too() {
    fn own(token: &str) -> RotateRequest<'_> {
        RotateRequest::new(token, CLIENT).thumbprint(&KEY)
    }
    type Change = fn(&str) -> RotateRequest<'_>;
    let changes: [(Change, bool); 4] = [
        (own, true),
        (
            |token| RotateRequest::new(token, "other app").thumbprint(&KEY),
            false,
        ),
        (
            |token| RotateRequest::new(token, CLIENT).thumbprint(&[8; 32]),
            false,
        ),
        (|token| RotateRequest::new(token, CLIENT), false),
    ];
    for (change, is_kept) in changes {
        let service = Service::with_reuse_window(secs(60));
        let first = service.first(for_alice().thumbprint(KEY));
        let second = service.rotate_by(own(&first)).unwrap().secret.reveal();
        let third = service.rotate_by(own(&second)).unwrap().secret.reveal();
        assert_eq!(service.rotate_by(change(&first)).err(), Some(RefreshReused));
        assert_eq!(service.rotate_by(own(&third)).is_ok(), is_kept);
        assert_eq!(reuses(&service), usize::from(!is_kept));
    }
}

#[test]
fn a_clock_that_was_set_back_does_not_extend_the_window() {
    for (back, is_kept) in [(60, true), (61, false)] {
        let service = Service::with_reuse_window(secs(60));
        service.clock.advance(secs(3_600));
        let (first, third) = spent(&service, 2);
        service.clock.set(START.saturating_add(secs(3_600 - back)));
        assert_eq!(service.rotate(&first), Err(RefreshReused));
        assert_eq!(service.rotate(&third).is_ok(), is_kept, "{back}");
    }
}

#[test]
fn a_manager_without_a_window_ends_the_family_whatever_the_store_keeps() {
    let service = Service::with_reuse_window(secs(60));
    let (first, third) = spent(&service, 2);
    let strict = RefreshManager::builder(service.store.clone(), AUTHORITY)
        .clock(service.clock.clone())
        .build()
        .unwrap();
    let replay = run(strict.rotate(RotateRequest::new(&first, CLIENT)));
    assert_eq!(replay.unwrap_err().kind(), RefreshReused);
    assert_eq!(service.rotate(&third), Err(TokenRevoked));
}

/// A thief who spends the stolen token and its successor within the window is found when the client
/// presents its own token after the window.
#[test]
fn a_thief_who_was_faster_is_found_after_the_window() {
    let service = Service::with_reuse_window(secs(10));
    let (first, of_thief) = spent(&service, 2);
    assert_eq!(service.rotate(&first), Err(RefreshReused));
    let of_thief = service.rotate(&of_thief).unwrap();
    service.clock.advance(secs(10));
    assert_eq!(service.rotate(&first), Err(RefreshReused));
    assert_eq!(service.rotate(&of_thief), Err(TokenRevoked));
    assert_eq!(reuses(&service), 1);
}

#[test]
fn i03_parallel_tabs_that_present_a_token_and_its_successor_keep_their_family() {
    const TABS: usize = 16;
    let service = Service::with(100, |s| s, |t| t.reuse_window(secs(60)));
    for round in 0..40 {
        let first = service.first(for_alice());
        let second = service.rotate(&first).unwrap();
        let start = Barrier::new(TABS);
        let tokens: Vec<String> = thread::scope(|scope| {
            let present = |token: &str| {
                start.wait();
                service.rotate(token)
            };
            let tabs = (0..TABS).map(|tab| {
                let token = if tab % 2 == 0 { &first } else { &second };
                scope.spawn(move || present(token))
            });
            let tabs: Vec<_> = tabs.collect();
            let answers = tabs.into_iter().map(|tab| tab.join().unwrap());
            let answers = answers.filter_map(|answer| match answer {
                Ok(token) => Some(token),
                Err(kind) => {
                    assert_eq!(kind, RefreshReused);
                    None
                }
            });
            answers.collect()
        });
        let newest: Vec<_> = tokens.iter().filter(|token| **token != second).collect();
        assert!(!newest.is_empty() && newest.iter().all(|token| *token == newest[0]));
        assert!(service.rotate(newest[0]).is_ok(), "round {round}");
        run(service.sessions.revoke_subject("alice")).unwrap();
        run(service.sessions.purge()).unwrap();
    }
    assert_eq!(reuses(&service), 0);
}

/// What happens to an application with several tabs that share one stored token.
#[derive(Clone, Copy, Debug)]
enum Tab {
    /// One sends a request with the stored token.
    Sends,
    /// A request arrives; its response is stored, or lost.
    Arrives { request: usize, is_lost: bool },
}

fn tab() -> impl Strategy<Value = Tab> {
    prop_oneof![
        2 => Just(Tab::Sends),
        3 => (any::<usize>(), any::<bool>())
            .prop_map(|(request, is_lost)| Tab::Arrives { request, is_lost }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn i03_an_honest_client_keeps_its_family_and_a_later_thief_ends_it(
        steps in prop::collection::vec(tab(), 1..80),
    ) {
        let service = Service::with_reuse_window(secs(10));
        let first = service.first(for_alice());
        let (mut stored, mut sent) = (first.clone(), Vec::new());
        let mut rotations = 0;
        for step in steps {
            match step {
                Tab::Sends => sent.push(stored.clone()),
                Tab::Arrives { request, is_lost } => {
                    let Some(at) = request.checked_rem(sent.len()) else { continue };
                    let token = sent.swap_remove(at);
                    match service.rotate_by(RotateRequest::new(&token, CLIENT)) {
                        Ok(rotated) => {
                            rotations += usize::from(!rotated.record.is_repeated());
                            let next = rotated.secret.reveal();
                            stored = if is_lost { stored } else { next };
                        }
                        // It reads the stored token again.
                        Err(kind) => prop_assert_eq!(kind, RefreshReused),
                    }
                }
            }
            if rotations > REFRESH_EARLIER {
                // The tabs stored the newest, and are idle until its access token expires.
                stored = service.rotate(&stored).unwrap();
                stored = service.rotate(&stored).unwrap();
                sent.clear();
                rotations = 0;
                service.clock.advance(secs(300));
            }
        }
        prop_assert_eq!(reuses(&service), 0);
        let newest = service.rotate(&stored).unwrap();
        let newest = service.rotate(&newest).unwrap();
        service.clock.advance(secs(10));
        prop_assert_eq!(service.rotate(&first), Err(RefreshReused));
        prop_assert_eq!(reuses(&service), 1);
        prop_assert_eq!(service.rotate(&newest), Err(TokenRevoked));
    }
}
