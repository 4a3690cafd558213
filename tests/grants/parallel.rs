//! Many at once: exactly one wins.

use std::sync::{Barrier, Mutex};
use std::thread;

use bearergate::RejectionKind;
use bearergate::refresh::{RotateRequest, RotatedToken};
use bearergate::secret::Issued;
use bearergate::session::{NewSession, SessionChange};

use crate::common::{CLIENT, Service, alice, for_alice, run, secs};

const THREADS: usize = 100;
const ROUNDS: usize = 200;

/// Rotates one token in all threads at the same time, round after round, and passes the results
/// of each round to `check`.
fn rotations(
    service: &Service,
    check: impl Fn(Vec<Result<Issued<RotatedToken>, RejectionKind>>) + Sync,
) {
    let tokens: Vec<_> = (0..ROUNDS).map(|_| service.first(for_alice())).collect();
    let start = Barrier::new(THREADS);
    let answers = Mutex::new(Vec::new());
    let attempt = || {
        for token in &tokens {
            start.wait();
            let answer = service.rotate_by(RotateRequest::new(token, CLIENT));
            answers.lock().unwrap().push(answer);
            if start.wait().is_leader() {
                check(std::mem::take(&mut answers.lock().unwrap()));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(attempt);
        }
    });
}

#[test]
fn i01_h05_of_100_parallel_rotations_one_wins_in_each_of_200_rounds() {
    let service = Service::with(ROUNDS, |s| s, |t| t.unlimited_per_subject());
    rotations(&service, |answers| {
        assert_eq!(answers.len(), THREADS);
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1);
        for answer in lost {
            assert_eq!(answer.err(), Some(RejectionKind::RefreshReused));
        }
        // The losers hold a spent token, so the winner's is revoked too.
        for answer in won {
            let token = answer.unwrap().secret.reveal();
            assert_eq!(service.rotate(&token), Err(RejectionKind::TokenRevoked));
        }
    });
    assert_eq!(service.events.all().len(), ROUNDS);
}

#[test]
fn i03_within_the_reuse_window_all_rivals_get_the_one_successor() {
    let service = Service::with(
        ROUNDS,
        |s| s,
        |t| t.reuse_window(secs(60)).unlimited_per_subject(),
    );
    rotations(&service, |answers| {
        let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
        let won = answers.iter().filter(|a| !a.record.is_repeated()).count();
        assert_eq!(won, 1);
        let tokens = answers.into_iter().map(|a| a.secret.reveal());
        let mut tokens: Vec<_> = tokens.collect();
        tokens.dedup();
        assert_eq!(tokens.len(), 1);
        assert!(service.rotate(&tokens[0]).is_ok());
    });
    assert!(service.events.all().is_empty());
}

#[test]
fn of_parallel_changes_of_one_session_one_wins() {
    let service = Service::new();
    for round in 0..50 {
        let (id, session) = service.log_in(alice());
        let save = || run(service.sessions.save(&session, [1])).is_ok();
        let rotate = || {
            let changed = service.sessions.rotate(&session, SessionChange::default());
            run(changed).is_ok()
        };
        let won: usize = thread::scope(|scope| {
            let threads = (0..8).map(|n| match n % 2 {
                0 => scope.spawn(save),
                _ => scope.spawn(rotate),
            });
            let threads: Vec<_> = threads.collect();
            let won = threads.into_iter().map(|attempt| attempt.join().unwrap());
            won.filter(|won| *won).count()
        });
        assert_eq!(won, 1, "round {round}");
        let kind = service.kind(&id);
        assert!(matches!(kind, None | Some(RejectionKind::SessionUnknown)));
    }
}

#[test]
fn after_a_revocation_has_returned_no_earlier_grant_is_accepted() {
    let service = Service::with(10_000, |s| s, |t| t);
    for round in 0..50 {
        let subject = format!("subject {round}");
        let is_revoked = std::sync::atomic::AtomicBool::new(false);
        let order = std::sync::atomic::Ordering::SeqCst;
        let (id, session) = service.log_in(NewSession::new(&subject));
        thread::scope(|scope| {
            scope.spawn(|| {
                run(service.sessions.revoke_subject(&subject)).unwrap();
                is_revoked.store(true, order);
            });
            scope.spawn(|| {
                let mut session = session;
                loop {
                    let was_revoked = is_revoked.load(order);
                    let kind = service.kind(&id);
                    let saved = run(service.sessions.save(&session, [1]));
                    if was_revoked {
                        assert_eq!(kind, Some(RejectionKind::TokenRevoked));
                        assert!(saved.is_err());
                        return;
                    }
                    session = saved.unwrap_or(session);
                }
            });
        });
    }
}
