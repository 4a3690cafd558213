//! What raises each signal, what does not, and how often.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use allocation_counter::measure;

use super::signal::{Signal, Signals};
use super::signal_watch::Watch;
use crate::address::Source;
use crate::error::{ConfigErrorKind, RejectionKind};
use crate::event::{Event, Observer};
use crate::limit::LockOut;
use crate::metrics::Counted;
use crate::principal::{Principal, PrincipalKind};

const FORGED: RejectionKind = RejectionKind::SignatureInvalid;
const MINUTE: Duration = Duration::from_secs(60);

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

const fn source(number: u32) -> Source {
    Source::of(IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + number)))
}

fn principal(kind: PrincipalKind, subject: &str) -> Principal {
    let builder = Principal::builder(kind, "https://idp.example.com");
    builder.subject(subject).build()
}

fn alice() -> Principal {
    principal(PrincipalKind::AccessToken, "alice")
}

fn is_raised(signals: Signals) -> bool {
    signals != Signals::NONE
}

fn codes(signals: Signals) -> Vec<Signal> {
    signals.iter().collect()
}

/// How often each signal was raised: the samples of the watch that are not 0.
fn counts(watch: &Watch) -> Vec<(String, u64)> {
    let mut counts = Vec::new();
    watch.samples(&mut |sample| {
        assert_eq!(sample.name, "bearergate_signals_total");
        let [(label, signal)] = sample.labels else {
            panic!("a signal has one label");
        };
        assert_eq!(*label, "signal");
        if sample.value > 0 {
            counts.push(((*signal).to_owned(), sample.value));
        }
    });
    counts
}

fn raised(watch: &Watch, signal: Signal) -> u64 {
    let counts = counts(watch);
    let found = counts.iter().find(|(code, _)| code == signal.as_str());
    found.map_or(0, |(_, count)| *count)
}

#[test]
fn slow_probing_from_many_sources_is_seen_and_locks_nobody() {
    let (watch, locks) = (Watch::default(), LockOut::default());
    let mut all = Vec::new();
    // 60 sources, three forgeries each, in ten minutes.
    for number in 0..180 {
        let (source, at) = (source(number % 60 * 7), secs(u64::from(number) * 3));
        all.extend(codes(watch.refused(source, FORGED, None, at)));
        assert_eq!(locks.blame(source, FORGED, at), None);
    }
    assert_eq!(all, [Signal::SourceSpread]);
    assert_eq!(raised(&watch, Signal::SourceSpread), 1);
}

#[test]
fn slow_probing_is_seen_once_in_whatever_order() {
    let watch = Watch::default();
    let mut all = Vec::new();
    for number in 0..60 {
        for attempt in 0..3 {
            let at = secs(number * 10 + attempt);
            let signals = watch.refused(source(number as u32), FORGED, None, at);
            all.extend(codes(signals));
        }
    }
    assert_eq!(all, [Signal::SourceSpread]);
}

#[test]
fn fewer_sources_or_a_longer_time_are_no_spread() {
    let few = Watch::default();
    for number in 0..490 {
        few.refused(source(number % 49), FORGED, None, secs(1));
    }
    assert_eq!(raised(&few, Signal::SourceSpread), 0);
    // 60 sources in 20 minutes: 30 in ten.
    let slow = Watch::default();
    for number in 0..60 {
        slow.refused(source(number), FORGED, None, secs(20 * u64::from(number)));
    }
    assert_eq!(counts(&slow), []);
    // Expired tokens, missing credentials and limits are no failures; nor are unknown sources.
    let honest = Watch::default();
    for number in 0..200 {
        for kind in [
            RejectionKind::TokenExpired,
            RejectionKind::CredentialMissing,
            RejectionKind::RateLimited,
            RejectionKind::LockedOut,
            RejectionKind::Unavailable,
        ] {
            honest.refused(source(number), kind, Some(u64::from(number)), secs(1));
        }
    }
    for _ in 0..99 {
        honest.refused(Source::unknown(None), FORGED, None, secs(1));
    }
    assert_eq!(counts(&honest), []);
}

#[test]
fn a_spread_that_goes_on_is_reported_once_in_ten_minutes() {
    let watch = Watch::default();
    for minute in 0..31 {
        for number in 0..100 {
            watch.refused(source(number), FORGED, None, MINUTE * minute);
        }
    }
    assert_eq!(raised(&watch, Signal::SourceSpread), 4);
}

#[test]
fn a_hundred_failures_of_a_third_of_the_credentials_are_a_failure_rate() {
    let watch = Watch::default();
    let mut all = Vec::new();
    for number in 0..100 {
        // Two good requests for each bad one: a third fails.
        watch.admitted(&alice(), source(1), secs(1));
        watch.denied(
            &principal(PrincipalKind::AccessToken, &format!("s{number}")),
            secs(1),
        );
        all.extend(codes(watch.refused(source(1), FORGED, None, secs(1))));
    }
    assert_eq!(all, [Signal::FailureRate]);
}

#[test]
fn few_failures_or_a_small_part_are_no_failure_rate() {
    let few = Watch::default();
    for _ in 0..99 {
        few.refused(source(1), FORGED, None, secs(1));
    }
    assert_eq!(counts(&few), []);
    // A quarter fails.
    let small = Watch::default();
    for _ in 0..400 {
        for _ in 0..3 {
            small.admitted(&alice(), source(1), secs(1));
        }
        small.refused(source(1), FORGED, None, secs(1));
    }
    assert_eq!(counts(&small), []);
    // Requests without a credential do not make the part smaller.
    for _ in 0..10_000 {
        few.refused(source(1), RejectionKind::CredentialMissing, None, secs(1));
        few.refused(source(1), RejectionKind::LockedOut, None, secs(1));
    }
    few.refused(source(1), FORGED, None, secs(1));
    assert_eq!(raised(&few, Signal::FailureRate), 1);
    // A hundred in two minutes.
    let slow = Watch::default();
    for number in 0..100 {
        slow.refused(
            source(1),
            FORGED,
            None,
            Duration::from_millis(1_200 * number),
        );
    }
    assert_eq!(counts(&slow), []);
}

#[test]
fn one_source_with_ten_claimed_identities_is_probing() {
    let watch = Watch::default();
    let probe = |id| codes(watch.refused(source(1), FORGED, Some(id), secs(id)));
    for id in 0..9 {
        assert_eq!(probe(id), []);
        // The same again is no other identity.
        assert_eq!(probe(id), []);
        // Another source's identities are its own.
        watch.refused(source(2), FORGED, Some(100 + id), secs(1));
    }
    assert_eq!(probe(9), [Signal::IdentityProbing]);
    assert_eq!(probe(10), []);
    // Another subject has a signal of its own.
    let other = codes(watch.refused(source(2), FORGED, Some(200), secs(11)));
    assert_eq!(other, [Signal::IdentityProbing]);
}

#[test]
fn ten_identities_in_a_longer_time_are_no_probing() {
    let watch = Watch::default();
    for id in 0..100 {
        // Nine in ten minutes.
        watch.refused(source(1), FORGED, Some(id), secs(67 * id));
    }
    assert_eq!(counts(&watch), []);
}

#[test]
fn one_identity_claimed_from_twenty_sources_is_targeted() {
    let watch = Watch::default();
    let claim = |number| codes(watch.refused(source(number), FORGED, Some(7), secs(1)));
    for number in 0..19 {
        assert_eq!(claim(number), []);
        assert_eq!(claim(number), []);
        watch.refused(Source::unknown(None), FORGED, Some(7), secs(1));
    }
    assert_eq!(claim(19), [Signal::IdentityTargeted]);
    assert_eq!(claim(20), []);
}

#[test]
fn twenty_denials_of_one_caller_in_a_minute_are_a_burst() {
    let watch = Watch::default();
    for number in 0..19 {
        assert_eq!(codes(watch.denied(&alice(), secs(number))), []);
        // The same name of another authority is another caller.
        let other = Principal::builder(PrincipalKind::AccessToken, "https://other.example.com");
        watch.denied(&other.subject("alice").build(), secs(number));
    }
    assert_eq!(
        codes(watch.denied(&alice(), secs(20))),
        [Signal::DeniedBurst]
    );
    assert_eq!(codes(watch.denied(&alice(), secs(21))), []);
    // Slower ones are none.
    let slow = Watch::default();
    for number in 0..100 {
        assert_eq!(codes(slow.denied(&alice(), secs(4 * number))), []);
    }
}

#[test]
fn callers_without_a_subject_differ_by_their_client() {
    let watch = Watch::default();
    let builder = || Principal::builder(PrincipalKind::AccessToken, "https://idp.example.com");
    for _ in 0..19 {
        for caller in [
            builder().build(),
            builder().client("alice").build(),
            builder().client("bob").build(),
            alice(),
        ] {
            assert_eq!(codes(watch.denied(&caller, secs(1))), []);
        }
    }
    let client = builder().client("bob").build();
    assert_eq!(codes(watch.denied(&client, secs(1))), [Signal::DeniedBurst]);
}

#[test]
fn an_api_key_from_another_network_is_a_new_source() {
    let watch = Watch::default();
    let key = principal(PrincipalKind::ApiKey, "robot");
    let at = |text: &str| Source::of(text.parse().unwrap());
    let mut now = secs(0);
    let mut used = |key: &Principal, address: &str| {
        now += MINUTE;
        codes(watch.admitted(key, at(address), now))
    };
    // The first network is learnt, and its neighbours are the same /24 or /48.
    assert_eq!(used(&key, "192.0.2.1"), []);
    assert_eq!(used(&key, "192.0.2.200"), []);
    assert_eq!(used(&key, "198.51.100.1"), [Signal::NewSource]);
    assert_eq!(used(&key, "198.51.100.2"), []);
    assert_eq!(used(&key, "2001:db8:1:2::1"), [Signal::NewSource]);
    assert_eq!(used(&key, "2001:db8:1:3::1"), []);
    assert_eq!(used(&key, "192.0.2.7"), []);
    // Another key has its own networks; tokens have none.
    assert_eq!(
        used(&principal(PrincipalKind::ApiKey, "other"), "203.0.113.1"),
        []
    );
    assert_eq!(used(&alice(), "192.0.2.1"), []);
    assert_eq!(used(&alice(), "203.0.113.1"), []);
    assert_eq!(raised(&watch, Signal::NewSource), 2);
}

#[test]
fn the_last_64_networks_of_a_key_are_known() {
    let watch = Watch::default();
    let key = principal(PrincipalKind::ApiKey, "robot");
    let used = |network: u32, minute: u32| {
        is_raised(watch.admitted(&key, source(network << 8), MINUTE * minute))
    };
    let new = (0..64).filter(|network| used(*network, *network));
    assert_eq!(new.count(), 63);
    // The first one is used again, so that the second is the one that was used the longest ago.
    assert!(!used(0, 100));
    assert!(used(64, 101));
    assert!(!used(0, 102));
    assert!(used(1, 103));
}

#[test]
fn unknown_addresses_of_a_key_are_no_new_source() {
    let watch = Watch::default();
    let key = principal(PrincipalKind::ApiKey, "robot");
    watch.admitted(&key, source(1), secs(0));
    let unknown = Source::unknown(None);
    assert_eq!(codes(watch.admitted(&key, unknown, MINUTE)), []);
}

#[test]
fn an_ended_credential_is_reported_once_a_minute_for_its_identity() {
    for kind in [
        RejectionKind::TokenRevoked,
        RejectionKind::ApiKeyDisabled,
        RejectionKind::RefreshReused,
    ] {
        let watch = Watch::default();
        let used = |id, number, at| codes(watch.refused(source(number), kind, id, secs(at)));
        let signal = [Signal::EndedCredentialUsed];
        assert_eq!(used(Some(1), 1, 0), signal, "{kind:?}");
        assert_eq!(used(Some(1), 2, 59), []);
        assert_eq!(used(Some(2), 1, 59), signal);
        assert_eq!(used(Some(1), 1, 60), signal);
        // Without an identity the source is the subject.
        assert_eq!(used(None, 1, 61), signal);
        assert_eq!(used(None, 1, 62), []);
        assert_eq!(used(None, 2, 62), signal);
    }
    let watch = Watch::default();
    for kind in [
        FORGED,
        RejectionKind::TokenExpired,
        RejectionKind::TokenInactive,
    ] {
        assert_eq!(codes(watch.refused(source(1), kind, Some(1), secs(0))), []);
    }
}

#[test]
fn a_table_without_slots_is_reported_once_a_minute() {
    let watch = Watch::default();
    assert_eq!(codes(watch.saturated(secs(0))), [Signal::Saturated]);
    assert_eq!(codes(watch.saturated(secs(59))), []);
    assert_eq!(codes(watch.saturated(secs(60))), [Signal::Saturated]);
    // So is one of the watch itself.
    let watch = Watch::default();
    for id in 0..20_000 {
        watch.refused(source(1), FORGED, Some(id), secs(1));
    }
    assert_eq!(raised(&watch, Signal::Saturated), 1);
}

#[test]
fn each_signal_is_quiet_for_a_minute_or_its_own_time() {
    let watch = Watch::default();
    for second in 0..600 {
        for _ in 0..30 {
            watch.denied(&alice(), secs(second));
            watch.refused(
                source(second as u32 % 3),
                FORGED,
                Some(second),
                secs(second),
            );
        }
    }
    assert_eq!(raised(&watch, Signal::DeniedBurst), 10);
    assert_eq!(raised(&watch, Signal::FailureRate), 10);
    // Of three sources, once in ten minutes each.
    assert_eq!(raised(&watch, Signal::IdentityProbing), 3);
}

#[test]
fn thresholds_can_be_changed() {
    let watch = Watch::builder()
        .threshold(Signal::DeniedBurst, 3, MINUTE * 5)
        .threshold(Signal::SourceSpread, 200, MINUTE)
        .threshold(Signal::IdentityProbing, 2, MINUTE)
        .build()
        .unwrap();
    let minutes = [
        (0, false),
        (2, false),
        (4, true),
        (5, false),
        (8, false),
        (9, true),
    ];
    for (minute, expected) in minutes {
        let signals = watch.denied(&alice(), MINUTE * minute);
        assert_eq!(is_raised(signals), expected, "{minute}");
    }
    for number in 0..180 {
        watch.refused(source(number), FORGED, None, secs(1));
    }
    assert_eq!(raised(&watch, Signal::SourceSpread), 0);
    for number in 180..240 {
        watch.refused(source(number), FORGED, None, secs(1));
    }
    assert_eq!(raised(&watch, Signal::SourceSpread), 1);
    watch.refused(source(1), FORGED, Some(1), secs(2));
    let second = watch.refused(source(1), FORGED, Some(2), secs(2));
    assert_eq!(codes(second), [Signal::IdentityProbing]);
}

#[test]
fn a_threshold_out_of_range_is_refused_with_its_field() {
    let refused = |signal, count, per| {
        let error = Watch::builder()
            .threshold(signal, count, per)
            .build()
            .unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::OutOfRange);
        error.to_string()
    };
    let build = |signal, count, per| Watch::builder().threshold(signal, count, per).build();
    for signal in Signal::ALL {
        let text = refused(*signal, 0, MINUTE);
        assert!(text.starts_with("`count` is 0"), "{text}");
        let text = refused(*signal, 1_000_001, MINUTE);
        assert!(text.starts_with("`count` is 1000001"), "{text}");
        let one = u32::from(build(*signal, 1, MINUTE).is_err()) + 1;
        assert!(build(*signal, one, MINUTE * 60 * 24).is_ok());
        let text = refused(*signal, one, secs(59));
        assert!(text.contains("between 1 minute and 1 day"), "{text}");
        assert!(text.starts_with("`per`"), "{text}");
        refused(*signal, one, MINUTE * 60 * 24 + secs(1));
    }
    assert!(build(Signal::IdentityTargeted, 32, MINUTE).is_ok());
    refused(Signal::IdentityTargeted, 33, MINUTE);
    refused(Signal::NewSource, 2, MINUTE);
}

#[test]
fn no_clock_makes_a_signal_panic_or_last() {
    let watch = Watch::default();
    let times = [
        Duration::MAX,
        secs(1_790_000_000),
        Duration::ZERO,
        Duration::from_millis(u64::MAX),
        secs(86_400),
        secs(0),
    ];
    for at in times {
        for number in 0..120 {
            watch.refused(source(number), FORGED, Some(u64::from(number)), at);
            watch.refused(source(number), FORGED, Some(7), at);
            watch.denied(&alice(), at);
            watch.saturated(at);
        }
    }
    // Set back, the counts start again, and each signal can be raised at once.
    for signal in [
        Signal::FailureRate,
        Signal::SourceSpread,
        Signal::DeniedBurst,
        Signal::IdentityTargeted,
        Signal::Saturated,
    ] {
        assert!(raised(&watch, signal) >= 4, "{signal}");
    }
}

#[derive(Debug, Default)]
struct Seen(Mutex<Vec<(&'static str, u64)>>);

impl Observer for Seen {
    fn observe(&self, event: &Event<'_>) {
        if let Event::Signal { signal, count } = event {
            self.0.lock().unwrap().push((signal, *count));
        }
    }
}

#[test]
fn an_event_is_reported_at_most_once_a_second_with_its_count() {
    let seen = Arc::new(Seen::default());
    let watch = Watch::builder()
        .observer(Arc::clone(&seen))
        .build()
        .unwrap();
    let used = |id, at| {
        let kind = RejectionKind::TokenRevoked;
        watch.refused(source(1), kind, Some(id), at);
    };
    used(1, secs(1));
    used(2, Duration::from_millis(1_400));
    used(3, Duration::from_millis(1_999));
    used(4, secs(2));
    watch.saturated(secs(2));
    let expected = [
        ("ended_credential_used", 1),
        ("ended_credential_used", 3),
        ("saturated", 1),
    ];
    assert_eq!(*seen.0.lock().unwrap(), expected);
}

#[test]
fn counting_allocates_nothing() {
    let watch = Watch::default();
    let key = principal(PrincipalKind::ApiKey, "robot");
    let alice = alice();
    let info = measure(|| {
        for number in 0..10_000 {
            let at = secs(u64::from(number) / 10);
            watch.refused(source(number), FORGED, Some(u64::from(number)), at);
            watch.refused(source(1), RejectionKind::TokenRevoked, None, at);
            watch.admitted(&key, source(number << 4), at);
            watch.admitted(&alice, source(number), at);
            watch.denied(&alice, at);
            watch.saturated(at);
        }
    });
    assert_eq!(info.count_total, 0);
}

#[test]
fn threads_lose_no_count() {
    let watch = Watch::builder()
        .threshold(Signal::FailureRate, 8_000, MINUTE)
        .threshold(Signal::DeniedBurst, 8_000, MINUTE)
        .build()
        .unwrap();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..999 {
                    watch.denied(&alice(), secs(1));
                    watch.refused(source(1), FORGED, None, secs(1));
                }
            });
        }
    });
    assert_eq!(counts(&watch), []);
    for _ in 0..8 {
        watch.denied(&alice(), secs(1));
        watch.refused(source(1), FORGED, None, secs(1));
    }
    assert_eq!(raised(&watch, Signal::DeniedBurst), 1);
    assert_eq!(raised(&watch, Signal::FailureRate), 1);
}

#[test]
fn codes_are_stable() {
    let codes: Vec<_> = Signal::ALL.iter().map(|signal| signal.as_str()).collect();
    let expected = [
        "failure_rate",
        "source_spread",
        "identity_probing",
        "identity_targeted",
        "denied_burst",
        "new_source",
        "ended_credential_used",
        "saturated",
    ];
    assert_eq!(codes, expected);
}
