//! Many at once: exactly one winner, in one process and across two.
//!
//! Defects H05 (one-time use checked, then made), I01 (refresh token rotated twice):
//! docs/defects.md

use std::sync::Arc;
use std::sync::Barrier;
use std::thread;

use bearergate::RejectionKind;
use bearergate::refresh::{NewRefreshToken, RefreshManager, RotateRequest};
use bearergate::stores::{MemoryApiKeyStore, MemoryGrantStore, SqliteStore};

use crate::child::Process;
use crate::child::role;
use crate::child::say;
use crate::child::told;
use crate::common::CLIENT;
use crate::common::Folder;
use crate::common::Service;
use crate::common::wait;

const ROUNDS: usize = 200;
const RIVALS: usize = 100;

/// What rivals got for one token: `won`, `repeated` or the kind of a refusal, with the successor.
type Outcome = (String, String);

/// Has some rivals spend one token at the same time.
fn rotate_at_once(tokens: &RefreshManager, token: &str, rivals: usize) -> Vec<Outcome> {
    let start = Barrier::new(rivals);
    thread::scope(|scope| {
        let rival = || {
            start.wait();
            rotate(tokens, token)
        };
        let rivals: Vec<_> = (0..rivals).map(|_| scope.spawn(rival)).collect();
        let ended = rivals.into_iter().map(|rival| rival.join().unwrap());
        ended.collect()
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

/// One round without reuse window: one wins, the others show that the token was stolen.
fn judge(tokens: &RefreshManager, outcomes: &[Outcome]) {
    let reused = RejectionKind::RefreshReused.as_str();
    assert_eq!(outcomes.len(), RIVALS);
    assert_eq!(count(outcomes, "won"), 1, "{outcomes:?}");
    assert_eq!(count(outcomes, reused), RIVALS - 1, "{outcomes:?}");
    let (_, successor) = outcomes.iter().find(|(what, _)| what == "won").unwrap();
    let (refused, _) = rotate(tokens, successor);
    assert_eq!(refused, RejectionKind::TokenRevoked.as_str());
}

/// One round with reuse window: one wins, and all others get the same successor.
fn judge_patient(tokens: &RefreshManager, outcomes: &[Outcome]) {
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
fn one_of_a_hundred_parallel_rotations_wins_in_memory() {
    let keys = Arc::new(MemoryApiKeyStore::new(1).unwrap());
    let grants = Arc::new(MemoryGrantStore::new(1_000));
    let service = Service::of(keys, grants.clone(), grants);
    for _ in 0..ROUNDS / 2 {
        let token = first(&service.refresh);
        judge(
            &service.refresh,
            &rotate_at_once(&service.refresh, &token, RIVALS),
        );
        let token = first(&service.patient);
        judge_patient(
            &service.patient,
            &rotate_at_once(&service.patient, &token, RIVALS),
        );
    }
}

#[test]
fn one_of_a_hundred_parallel_rotations_wins_across_two_processes_on_one_file() {
    let folder = Folder::new();
    let path = folder.path("a.db");
    let service = Service::on(Arc::new(SqliteStore::open(&path).unwrap()));
    let mut other = Process::start("races::rival_process", "rival", &path);
    for _ in 0..ROUNDS / 2 {
        let token = first(&service.refresh);
        let mut outcomes = both(&mut other, ("strict", &service.refresh), &token);
        judge(&service.refresh, &outcomes);
        let token = first(&service.patient);
        outcomes = both(&mut other, ("patient", &service.patient), &token);
        judge_patient(&service.patient, &outcomes);
    }
}

/// Half of the rivals here, the other half in the other process.
fn both(other: &mut Process, tokens: (&str, &RefreshManager), token: &str) -> Vec<Outcome> {
    let (kind, tokens) = tokens;
    other.tell(&format!("{kind} {token}"));
    let mut outcomes = rotate_at_once(tokens, token, RIVALS / 2);
    for _ in 0..RIVALS / 2 {
        let line = other.hear();
        let (outcome, successor) = line.split_once(' ').unwrap();
        outcomes.push((outcome.to_owned(), successor.to_owned()));
    }
    outcomes
}

#[test]
fn rival_process() {
    let Some((_, path)) = role() else { return };
    let service = Service::on(Arc::new(SqliteStore::open(path).unwrap()));
    while let Some(line) = told() {
        let (kind, token) = line.split_once(' ').unwrap();
        let tokens = match kind {
            "strict" => &service.refresh,
            _ => &service.patient,
        };
        for (outcome, successor) in rotate_at_once(tokens, token, RIVALS / 2) {
            say(&format!("{outcome} {successor}"));
        }
    }
}
