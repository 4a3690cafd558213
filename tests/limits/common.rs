//! Requests at limits.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use bearergate::Principal;
use bearergate::address::Source;
use bearergate::clock::UnixTime;
use bearergate::error::RejectionKind;
use bearergate::limit::{Ask, By, Charges, Exceeded, Limit, Limits, LimitsBuilder, Rate};
use bearergate::principal::PrincipalKind;

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const NANO: Duration = Duration::from_nanos(1);

/// A request at this time since the start of the process.
pub(crate) fn at(elapsed: Duration) -> Ask<'static> {
    Ask::new(elapsed, UnixTime::from_secs(1_760_000_000))
}

pub(crate) fn caller(authority: &str, subject: &str) -> Principal {
    let builder = Principal::builder(PrincipalKind::AccessToken, authority);
    builder.subject(subject).build()
}

pub(crate) fn alice() -> Principal {
    caller("idp", "alice")
}

pub(crate) fn rate(text: &str) -> Rate {
    text.parse().unwrap()
}

/// Limits of one rate limit `one` by caller.
pub(crate) fn one(text: &str) -> Limits {
    only(Limit::rate("one", rate(text)))
}

/// Limits of one limit.
pub(crate) fn only(limit: Limit) -> Limits {
    small().limit(limit).build().unwrap()
}

/// Limits of one rate limit `one` by source.
pub(crate) fn by_source(text: &str) -> Limit {
    Limit::rate("one", rate(text)).by(By::Source)
}

pub(crate) fn small() -> LimitsBuilder {
    Limits::builder().tables(1_024, 1_024)
}

pub(crate) fn ask(limits: &Limits, ask: Ask<'_>) -> Result<Charges, Exceeded> {
    limits.ask(&ask).try_now().unwrap()
}

/// Asks and keeps the charges; returns what is refused.
pub(crate) fn pass(limits: &Limits, wanted: Ask<'_>) -> Result<(), Exceeded> {
    ask(limits, wanted).map(|mut charges| charges.keep())
}

/// Asks until a limit refuses, and returns how many requests passed.
pub(crate) fn passes(limits: &Limits, wanted: Ask<'_>) -> u32 {
    (0..).take_while(|_| pass(limits, wanted).is_ok()).count() as u32
}

/// Returns why and by which limit the request is refused.
#[track_caller]
pub(crate) fn refused(
    limits: &Limits,
    wanted: Ask<'_>,
) -> (RejectionKind, String, Option<Duration>) {
    let exceeded = pass(limits, wanted).unwrap_err();
    (
        exceeded.kind(),
        exceeded.limit().to_owned(),
        exceeded.wait(),
    )
}

/// The cells that the first limit has left after this request.
#[track_caller]
pub(crate) fn left(charges: &Charges) -> u32 {
    charges.standings().next().unwrap().left()
}

pub(crate) fn v4(bits: u32) -> Source {
    Source::of(IpAddr::V4(Ipv4Addr::from_bits(bits)))
}

/// The /64 of this number.
pub(crate) fn v6(upper: u64) -> Source {
    Source::of(IpAddr::V6(Ipv6Addr::from_bits(u128::from(upper) << 64)))
}

/// Numbers that look random, the same in each run.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) const fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
