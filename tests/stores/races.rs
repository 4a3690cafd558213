//! Many rotations at once, in one process and in two: exactly one succeeds.
//!
//! Defects H05 (one-time use checked, then made), I01 (refresh token rotated twice):
//! docs/defects.md

use std::sync::{Arc, Barrier};
use std::thread;

use bearergate::RejectionKind;
use bearergate::refresh::{NewRefreshToken, RefreshManager, RotateRequest};
use bearergate::stores::{MemoryApiKeyStore, MemoryGrantStore, SqliteStore};

use crate::child::{Process, instruction, report, role};
use crate::common::{CLIENT, Folder, Service, wait};

const ROUNDS: usize = 200;
const RIVALS: usize = 100;

/// The result of one rival: `won`, `repeated` or the kind of a rejection, and the successor.
type Outcome = (String, String);

/// Lets several rivals spend one token at the same time.
fn rotate_at_once(tokens: &RefreshManager, token: &str, rivals: usize) -> Vec<Outcome> {
    let start = Barrier::new(rivals);
    thread::scope(|scope| {
        let rival = || {
            start.wait();
            rotate(tokens, token)
        };
        let rivals: Vec<_> = (0..rivals).map(|_| scope.spawn(rival)).collect();
        let outcomes = rivals.into_iter().map(|rival| rival.join().unwrap());
        outcomes.collect()
    })
}

fn rotate(tokens: &RefreshManager, token: &str) -> Outcome {
    match wait(tokens.rotate(RotateRequest::new(token, CLIENT))) {
        Ok(next) => {
            let outcome = if next.record.is_repeated() {
                "repeated"
            } else {
                "won"
            };
            (outcome.to_owned(), next.secret.reveal())
        }
        Err(rejection) => (rejection.kind().as_str().to_owned(), String::new()),
    }
}

fn count(outcomes: &[Outcome], what: &str) -> usize {
    outcomes
        .iter()
        .filter(|(outcome, _)| outcome == what)
        .count()
}

/// Checks a round without reuse window: one wins, and the others show that the token was stolen.
fn check(tokens: &RefreshManager, outcomes: &[Outcome]) {
    let reused = RejectionKind::RefreshReused.as_str();
    assert_eq!(outcomes.len(), RIVALS);
    assert_eq!(count(outcomes, "won"), 1, "{outcomes:?}");
    assert_eq!(count(outcomes, reused), RIVALS - 1, "{outcomes:?}");
    let (_, successor) = outcomes.iter().find(|(what, _)| what == "won").unwrap();
    let (rejected, _) = rotate(tokens, successor);
    assert_eq!(rejected, RejectionKind::TokenRevoked.as_str());
}

/// Checks a round with reuse window: one wins, and all others get the same successor.
fn check_patient(tokens: &RefreshManager, outcomes: &[Outcome]) {
    assert_eq!(outcomes.len(), RIVALS);
    assert_eq!(count(outcomes, "won"), 1, "{outcomes:?}");
    assert_eq!(count(outcomes, "repeated"), RIVALS - 1, "{outcomes:?}");
    let (_, successor) = &outcomes[0];
    assert!(outcomes.iter().all(|(_, other)| other == successor));
    assert_eq!(rotate(tokens, successor).0, "won");
}

fn first(tokens: &RefreshManager) -> String {
    wait(tokens.create(NewRefreshToken::new("alice", CLIENT)))
        .unwrap()
        .secret
        .reveal()
}

#[test]
fn one_of_a_hundred_parallel_rotations_succeeds_in_memory() {
    let keys = Arc::new(MemoryApiKeyStore::new(1).unwrap());
    let grants = Arc::new(MemoryGrantStore::new(1_000));
    let service = Service::of(keys, grants.clone(), grants);
    for _ in 0..ROUNDS / 2 {
        let token = first(&service.refresh);
        check(
            &service.refresh,
            &rotate_at_once(&service.refresh, &token, RIVALS),
        );
        let token = first(&service.patient);
        check_patient(
            &service.patient,
            &rotate_at_once(&service.patient, &token, RIVALS),
        );
    }
}

#[test]
fn one_of_a_hundred_parallel_rotations_succeeds_across_two_processes() {
    let folder = Folder::new();
    let path = folder.path("a.db");
    let service = Service::on(Arc::new(SqliteStore::open(&path).unwrap()));
    let mut other = Process::start("races::rival_process", "rival", &path);
    for _ in 0..ROUNDS / 2 {
        let token = first(&service.refresh);
        let mut outcomes = both(&mut other, ("strict", &service.refresh), &token);
        check(&service.refresh, &outcomes);
        let token = first(&service.patient);
        outcomes = both(&mut other, ("patient", &service.patient), &token);
        check_patient(&service.patient, &outcomes);
    }
}

/// Runs half of the rivals here, and half in the other process.
fn both(other: &mut Process, tokens: (&str, &RefreshManager), token: &str) -> Vec<Outcome> {
    let (kind, tokens) = tokens;
    other.send(&format!("{kind} {token}"));
    let mut outcomes = rotate_at_once(tokens, token, RIVALS / 2);
    for _ in 0..RIVALS / 2 {
        let line = other.receive();
        let (outcome, successor) = line.split_once(' ').unwrap();
        outcomes.push((outcome.to_owned(), successor.to_owned()));
    }
    outcomes
}

#[test]
fn rival_process() {
    let Some((_, path)) = role() else { return };
    let service = Service::on(Arc::new(SqliteStore::open(path).unwrap()));
    while let Some(line) = instruction() {
        let (kind, token) = line.split_once(' ').unwrap();
        let tokens = match kind {
            "strict" => &service.refresh,
            _ => &service.patient,
        };
        for (outcome, successor) in rotate_at_once(tokens, token, RIVALS / 2) {
            report(&format!("{outcome} {successor}"));
        }
    }
}
