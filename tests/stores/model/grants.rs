//! Sessions and refresh tokens against a model.

use bearergate::RejectionKind;
use bearergate::clock::Leeway;
use bearergate::refresh::{NewRefreshToken, RotateRequest};
use bearergate::session::{NewSession, Session, SessionChange};
use proptest::prelude::*;

use super::{Kind, World, cases, span};
use crate::common::{CLIENT, GRANT_IDLE, GRANT_LIFETIME, wait};

/// What happens next; a number picks session or family, modulo how many there are.
#[derive(Clone, Debug)]
enum Step {
    Advance(u64),
    BeginFamily { session: Option<usize>, subject: u8 },
    BeginSession(u8),
    Purge,
    Replay(usize),
    Restart,
    RevokeApplication(u8),
    RevokeFamily(usize),
    RevokeOthers(usize),
    RevokeSession(usize),
    RevokeSubject(u8),
    RotateSession(usize),
    RotateToken(usize),
    UseSession(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let some = || any::<usize>();
    let subject = || 0..3_u8;
    let session = proptest::option::of(some());
    prop_oneof![
        3 => prop_oneof![Just(1), 5..40_u64, 80..120_u64].prop_map(Step::Advance),
        3 => (session, subject())
            .prop_map(|(session, subject)| Step::BeginFamily { session, subject }),
        2 => subject().prop_map(Step::BeginSession),
        1 => Just(Step::Purge),
        1 => some().prop_map(Step::Replay),
        1 => Just(Step::Restart),
        1 => subject().prop_map(Step::RevokeApplication),
        1 => some().prop_map(Step::RevokeFamily),
        1 => some().prop_map(Step::RevokeOthers),
        1 => some().prop_map(Step::RevokeSession),
        1 => subject().prop_map(Step::RevokeSubject),
        2 => some().prop_map(Step::RotateSession),
        5 => some().prop_map(Step::RotateToken),
        4 => some().prop_map(Step::UseSession),
    ]
}

/// The common part of both, as it should be.
#[derive(Clone, Debug)]
struct Grant {
    subject: u8,
    session: Option<usize>,
    expires: u64,
    last_used: u64,
    /// By its session, or by its subject.
    revoked: [bool; 2],
    is_purged: bool,
}

impl Grant {
    fn is_revoked(&self) -> bool {
        self.revoked.contains(&true)
    }

    fn is_over(&self, now: u64) -> bool {
        now >= self.expires.min(self.last_used + GRANT_IDLE)
    }

    fn is_live(&self, now: u64) -> bool {
        !self.is_purged && !self.is_revoked() && !self.is_over(now)
    }
}

#[derive(Debug)]
struct SessionModel {
    grant: Grant,
    ids: Vec<String>,
    handle: Session,
}

#[derive(Debug)]
struct FamilyModel {
    grant: Grant,
    tokens: Vec<String>,
    is_revoked: bool,
}

impl FamilyModel {
    fn is_live(&self, now: u64) -> bool {
        !self.is_revoked && self.grant.is_live(now)
    }
}

/// The store and its model.
struct Life {
    world: World,
    sessions: Vec<SessionModel>,
    families: Vec<FamilyModel>,
}

impl Life {
    fn new(kind: Kind) -> Self {
        Self {
            world: World::new(kind),
            sessions: Vec::new(),
            families: Vec::new(),
        }
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Advance(secs) => self.world.clock.advance(span(secs)),
            Step::BeginFamily { session, subject } => self.begin_family(session, subject),
            Step::BeginSession(subject) => self.begin_session(subject),
            Step::Purge => self.purge(),
            Step::Replay(family) => self.replay(family),
            Step::Restart => self.world.restart(),
            Step::RevokeApplication(subject) => self.revoke_application(subject),
            Step::RevokeFamily(family) => self.revoke_family(family),
            Step::RevokeOthers(session) => self.revoke_others(session),
            Step::RevokeSession(session) => self.revoke_session(session),
            Step::RevokeSubject(subject) => self.revoke_subject(subject),
            Step::RotateSession(session) => self.rotate_session(session),
            Step::RotateToken(family) => self.rotate_token(family),
            Step::UseSession(session) => self.use_session(session),
        }
    }

    fn grant(&self, subject: u8, session: Option<usize>) -> Grant {
        let now = self.world.now();
        Grant {
            subject,
            session,
            expires: now + GRANT_LIFETIME,
            last_used: now,
            revoked: [false; 2],
            is_purged: false,
        }
    }

    fn begin_session(&mut self, subject: u8) {
        let new = NewSession::new(format!("subject-{subject}"));
        let session = wait(self.world.service.sessions.create(new)).unwrap();
        let own = self.sessions.len();
        self.sessions.push(SessionModel {
            grant: self.grant(subject, Some(own)),
            ids: vec![session.secret.reveal()],
            handle: session.record,
        });
    }

    fn begin_family(&mut self, session: Option<usize>, subject: u8) {
        let session = session.and_then(|at| at.checked_rem(self.sessions.len()));
        let Some(at) = session else {
            let new = NewRefreshToken::new(format!("subject-{subject}"), CLIENT);
            let grant = self.grant(subject, None);
            return self.add_family(new, grant, true);
        };
        let session = &self.sessions[at];
        let new = NewRefreshToken::for_session(&session.handle, CLIENT);
        let mut grant = self.grant(session.grant.subject, Some(at));
        grant.expires = grant.expires.min(session.grant.expires);
        let is_good = !session.grant.is_revoked();
        self.add_family(new, grant, is_good);
    }

    fn add_family(&mut self, new: NewRefreshToken, grant: Grant, is_good: bool) {
        let created = wait(self.world.service.refresh.create(new));
        assert_eq!(created.is_ok(), is_good);
        let Ok(issued) = created else { return };
        self.families.push(FamilyModel {
            grant,
            tokens: vec![issued.secret.reveal()],
            is_revoked: false,
        });
    }

    fn grants(&mut self) -> impl Iterator<Item = &mut Grant> {
        let sessions = self.sessions.iter_mut().map(|session| &mut session.grant);
        sessions.chain(self.families.iter_mut().map(|family| &mut family.grant))
    }

    fn purge(&mut self) {
        wait(self.world.service.sessions.purge()).unwrap();
        let now = self.world.now();
        for family in &mut self.families {
            family.grant.is_purged |= family.is_revoked;
        }
        for grant in self.grants() {
            grant.is_purged |= grant.is_revoked() || grant.is_over(now);
            // The revocation of a session is kept as long as the session and its tokens could have lasted.
            grant.revoked[0] &= grant.expires + Leeway::MAX.as_secs() > now;
        }
    }

    fn revoke_session(&mut self, at: usize) {
        let Some(at) = at.checked_rem(self.sessions.len()) else {
            return;
        };
        wait(
            self.world
                .service
                .sessions
                .revoke(&self.sessions[at].handle),
        )
        .unwrap();
        let belongs_to_it = |grant: &&mut Grant| grant.session == Some(at);
        self.grants()
            .filter(belongs_to_it)
            .for_each(|grant| grant.revoked[0] = true);
    }

    fn revoke_subject(&mut self, subject: u8) {
        let name = format!("subject-{subject}");
        wait(self.world.service.sessions.revoke_subject(&name)).unwrap();
        self.grants()
            .filter(|grant| grant.subject == subject)
            .for_each(|grant| grant.revoked[1] = true);
    }

    fn use_session(&mut self, at: usize) {
        let Some(at) = at.checked_rem(self.sessions.len()) else {
            return;
        };
        let now = self.world.now();
        let session = &mut self.sessions[at];
        let (current, old) = session.ids.split_last().unwrap();
        for old in old {
            let kind = self.world.validate_session(old);
            assert_eq!(kind, Err(RejectionKind::SessionUnknown));
        }
        let wanted = match &session.grant {
            grant if grant.is_purged => Err(RejectionKind::SessionUnknown),
            grant if grant.is_revoked() => Err(RejectionKind::TokenRevoked),
            grant if grant.is_over(now) => Err(RejectionKind::SessionExpired),
            _ => Ok(()),
        };
        assert_eq!(self.world.validate_session(current), wanted, "{session:?}");
        // A use is written four times in an idle timeout at the most.
        if wanted.is_ok() && now >= session.grant.last_used + GRANT_IDLE / 4 {
            session.grant.last_used = now;
        }
    }

    fn rotate_session(&mut self, at: usize) {
        let Some(at) = at.checked_rem(self.sessions.len()) else {
            return;
        };
        let now = self.world.now();
        let session = &mut self.sessions[at];
        let grant = &session.grant;
        // The handle does not know of uses, so it may take a session for expired that is not.
        let known = session.handle.grant();
        let ends = known
            .expires()
            .as_secs()
            .min(known.last_used().as_secs() + GRANT_IDLE);
        let is_good = !grant.is_purged && !grant.is_revoked() && now < ends;
        let manager = &self.world.service.sessions;
        let rotated = wait(manager.rotate(&session.handle, SessionChange::default()));
        assert_eq!(rotated.is_ok(), is_good, "{session:?}");
        if let Ok(issued) = rotated {
            session.ids.push(issued.secret.reveal());
            session.handle = issued.record;
        }
    }

    fn rotate_token(&mut self, at: usize) {
        let Some(at) = at.checked_rem(self.families.len()) else {
            return;
        };
        let now = self.world.now();
        let family = &mut self.families[at];
        let wanted = match &family.grant {
            grant if grant.is_purged => Err(RejectionKind::RefreshUnknown),
            grant if grant.is_revoked() => Err(RejectionKind::TokenRevoked),
            _ if family.is_revoked => Err(RejectionKind::TokenRevoked),
            grant if grant.is_over(now) => Err(RejectionKind::RefreshExpired),
            _ => Ok(()),
        };
        let rotated = spend(&self.world, family.tokens.last().unwrap());
        assert_eq!(
            rotated.as_ref().map(drop),
            wanted.as_ref().map(drop),
            "{family:?}"
        );
        if let Ok(token) = rotated {
            family.tokens.push(token);
            family.grant.last_used = now;
        }
    }

    fn replay(&mut self, at: usize) {
        let Some(at) = at.checked_rem(self.families.len()) else {
            return;
        };
        let now = self.world.now();
        let family = &mut self.families[at];
        let (_, spent) = family.tokens.split_last().unwrap();
        for token in spent {
            let wanted = match &family.grant {
                grant if grant.is_purged => RejectionKind::RefreshUnknown,
                grant if grant.is_revoked() => RejectionKind::TokenRevoked,
                _ if family.is_revoked => RejectionKind::RefreshReused,
                grant if grant.is_over(now) => RejectionKind::RefreshExpired,
                _ => RejectionKind::RefreshReused,
            };
            assert_eq!(spend(&self.world, token), Err(wanted), "{family:?}");
            family.is_revoked |= wanted == RejectionKind::RefreshReused;
        }
    }

    fn revoke_family(&mut self, at: usize) {
        let Some(at) = at.checked_rem(self.families.len()) else {
            return;
        };
        let family = &mut self.families[at];
        let token = &family.tokens[0];
        wait(
            self.world
                .service
                .refresh
                .revoke(RotateRequest::new(token, CLIENT)),
        )
        .unwrap();
        family.is_revoked = true;
    }

    fn revoke_application(&mut self, subject: u8) {
        let now = self.world.now();
        let name = format!("subject-{subject}");
        let revoked = wait(self.world.service.refresh.revoke_client_of(&name, CLIENT)).unwrap();
        let families = self.families.iter_mut();
        let live = families.filter(|f| f.grant.subject == subject && f.is_live(now));
        let ended = live.map(|family| family.is_revoked = true).count();
        assert_eq!(revoked, ended);
    }

    fn revoke_others(&mut self, at: usize) {
        let Some(at) = at.checked_rem(self.sessions.len()) else {
            return;
        };
        let now = self.world.now();
        let kept = &self.sessions[at];
        // The handle does not know of later uses.
        let ends = kept.handle.grant().expires_if_unused().as_secs();
        let is_good = now < ends && !kept.grant.is_revoked();
        let revoked = wait(self.world.service.sessions.revoke_others(&kept.handle));
        assert_eq!(revoked.is_ok(), is_good, "{kept:?}");
        let Ok(revoked) = revoked else { return };
        let subject = kept.grant.subject;
        let sessions = self.sessions.iter().enumerate();
        let others = sessions.filter(|(other, session)| {
            *other != at && session.grant.subject == subject && session.grant.is_live(now)
        });
        let others: Vec<_> = others.map(|(other, _)| other).collect();
        assert_eq!(revoked, others.len());
        let is_other = |grant: &&mut Grant| grant.session.is_some_and(|own| others.contains(&own));
        self.grants()
            .filter(is_other)
            .for_each(|grant| grant.revoked[0] = true);
    }

    /// What is listed for each subject is what is live.
    fn check_lists(&self) {
        let now = self.world.now();
        for subject in 0..3 {
            let name = format!("subject-{subject}");
            let listed = wait(self.world.service.sessions.list(&name)).unwrap();
            let mut found: Vec<_> = listed.iter().map(|s| Some(s.handle())).collect();
            found.sort_unstable();
            let own = |grant: &Grant| grant.subject == subject && grant.is_live(now);
            let sessions = self.sessions.iter().filter(|session| own(&session.grant));
            let mut wanted: Vec<_> = sessions.map(|session| session.handle.handle()).collect();
            wanted.sort_unstable();
            assert_eq!(found, wanted);
            let listed = wait(self.world.service.refresh.list(&name)).unwrap();
            let mut found: Vec<_> = listed.iter().map(|g| g.last_used().as_secs()).collect();
            let families = self
                .families
                .iter()
                .filter(|family| family.grant.subject == subject && family.is_live(now));
            let mut wanted: Vec<_> = families.map(|family| family.grant.last_used).collect();
            found.sort_unstable();
            wanted.sort_unstable();
            assert_eq!(found, wanted);
        }
    }

    fn check(&mut self) {
        self.check_lists();
        for at in 0..self.sessions.len() {
            self.use_session(at);
        }
        for at in 0..self.families.len() {
            self.rotate_token(at);
        }
        for at in 0..self.families.len() {
            self.replay(at);
        }
    }
}

fn spend(world: &World, token: &str) -> Result<String, RejectionKind> {
    let rotated = wait(
        world
            .service
            .refresh
            .rotate(RotateRequest::new(token, CLIENT)),
    );
    let rotated = rotated.map_err(|rejection| rejection.kind())?;
    Ok(rotated.secret.reveal())
}

fn live(kind: Kind, steps: &[Step]) {
    let mut life = Life::new(kind);
    for step in steps {
        life.take(step);
    }
    life.check();
    life.world.restart();
    life.check();
}

proptest! {
    #![proptest_config(cases(200))]
    #[test]
    fn grants_in_memory_live_like_the_model(steps in prop::collection::vec(step(), 1..60)) {
        live(Kind::Memory, &steps);
    }

    #[test]
    fn grants_behind_a_cache_live_like_the_model(steps in prop::collection::vec(step(), 1..60)) {
        live(Kind::Cached, &steps);
    }
}

proptest! {
    #![proptest_config(cases(24))]
    #[test]
    fn grants_in_a_file_live_like_the_model(steps in prop::collection::vec(step(), 1..60)) {
        live(Kind::File, &steps);
    }

    #[test]
    fn grants_in_a_file_behind_a_cache_live_like_the_model(
        steps in prop::collection::vec(step(), 1..60)
    ) {
        live(Kind::CachedFile, &steps);
    }
}
