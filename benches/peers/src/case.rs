//! Cases: the implementations that are compared in a group.

use crate::alloc;
use crate::error::Result;
use crate::worker::Worker;
use serde::Deserialize;
use serde::Serialize;
use std::fmt;
use std::hint::black_box;
use std::time::Instant;

/// Checks one probe, and returns whether it is accepted.
///
/// The call is measured, so it must do the whole work of one check and nothing else: keys, options and
/// tokens are created in advance.
pub type Check = Box<dyn Fn(Probe) -> bool>;

/// The credential that a case checks.
///
/// The signature of an API key is its secret, and its payload is its id. The payload of a policy is
/// the requested action.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Probe {
    /// The credential that is measured; every case must accept it.
    Good,
    /// The good one with another signature.
    BadSignature,
    /// The good one with another payload under the same signature.
    BadPayload,
    /// Well signed, but not valid yet.
    Early,
    /// Well signed, but expired.
    Expired,
    /// Well signed, but for another audience.
    OtherAudience,
    /// Well signed, but by another issuer.
    OtherIssuer,
}

impl Probe {
    /// Every probe, in the order of their declaration.
    pub const ALL: [Self; 7] = [
        Self::Good,
        Self::BadSignature,
        Self::BadPayload,
        Self::Early,
        Self::Expired,
        Self::OtherAudience,
        Self::OtherIssuer,
    ];

    /// What a bare signature check must refuse.
    pub const BADLY_SIGNED: &'static [Self] = &[Self::BadSignature, Self::BadPayload];

    /// What a whole validation of a JWT must refuse.
    pub const BAD: &'static [Self] = &[
        Self::BadSignature,
        Self::BadPayload,
        Self::Early,
        Self::Expired,
        Self::OtherAudience,
        Self::OtherIssuer,
    ];
}

/// The cryptography that a case uses; it selects the cases that the table compares it with.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Provider {
    /// Not relevant: a group of API keys has one case of bearergate and one bare probe.
    ApiKey,
    /// The `aws-lc-rs` crate.
    AwsLcRs,
    /// Not relevant: a cached result is found by a hash.
    Memory,
    /// None: a group of policies has one case of bearergate and a plain tree.
    Policy,
    /// The `ring` crate.
    Ring,
    /// Crates that are written only in Rust, mostly those of RustCrypto.
    RustCrypto,
}

impl Provider {
    /// The case of the bare signature check, if there is one.
    pub fn raw(self) -> Option<&'static str> {
        match self {
            Self::ApiKey => Some("bare probe"),
            Self::Memory => Some("hash and bare hit"),
            Self::AwsLcRs => Some("raw aws-lc-rs"),
            Self::Policy => Some("plain rust"),
            Self::Ring => Some("raw ring"),
            Self::RustCrypto => None,
        }
    }

    /// The case of bearergate on the same provider, or on the default one if it does not support this
    /// provider.
    pub fn ours(self) -> &'static str {
        match self {
            Self::ApiKey | Self::Policy => "bearergate",
            Self::Memory => "bearergate hit",
            Self::AwsLcRs => "bearergate aws-lc-rs",
            Self::Ring | Self::RustCrypto => "bearergate ring",
        }
    }
}

/// One implementation, with everything prepared.
#[derive(Debug)]
pub struct Case {
    /// The name in the output, unique in its group.
    pub name: String,
    /// The cryptography that it uses.
    pub provider: Provider,
    /// Whether it is measured before the others instead of in turn with them.
    pub is_apart: bool,
    refuses: &'static [Probe],
    work: Work,
}

impl Case {
    /// A case that runs in this process and must refuse every bad probe of a JWT.
    pub fn new(name: impl Into<String>, provider: Provider, check: Check) -> Self {
        Self {
            name: name.into(),
            provider,
            is_apart: false,
            refuses: Probe::BAD,
            work: Work::Here(check),
        }
    }

    /// A case that runs in a worker process, which has tested it already.
    pub fn remote(name: impl Into<String>, provider: Provider, worker: Worker) -> Self {
        Self {
            name: name.into(),
            provider,
            is_apart: false,
            refuses: &[],
            work: Work::There(worker),
        }
    }

    /// Replaces the probes that this case must refuse.
    #[must_use]
    pub fn refusing(mut self, probes: &'static [Probe]) -> Self {
        self.refuses = probes;
        self
    }

    /// Measures this case before the others: it uses so much memory that it would evict theirs from
    /// the CPU caches.
    #[must_use]
    pub fn apart(mut self) -> Self {
        self.is_apart = true;
        self
    }

    /// Tests that the case does its work: it accepts the good probe and refuses the bad ones.
    ///
    /// # Errors
    ///
    /// Names the case and the probe for which it returns the wrong result.
    pub fn test(&self) -> Result<()> {
        let Work::Here(check) = &self.work else {
            return Ok(());
        };
        if !check(Probe::Good) {
            return Err(format!("{} refuses the good credential", self.name).into());
        }
        match self.refuses.iter().find(|probe| check(**probe)) {
            Some(probe) => Err(format!("{} accepts the probe {probe:?}", self.name).into()),
            None => Ok(()),
        }
    }

    /// Checks the good probe `iterations` times.
    ///
    /// # Errors
    ///
    /// Fails if the good probe is refused even once, or if the worker has ended.
    pub fn run(&mut self, iterations: u64) -> Result<Batch> {
        match &mut self.work {
            Work::Here(check) => Batch::of(check, iterations),
            Work::There(worker) => worker.run(iterations),
        }
        .map_err(|error| format!("{}: {error}", self.name).into())
    }
}

enum Work {
    Here(Check),
    There(Worker),
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here(_) => f.write_str("Here"),
            Self::There(_) => f.write_str("There"),
        }
    }
}

/// The cost of one batch.
#[derive(Clone, Copy, Debug)]
pub struct Batch {
    /// Checks in the batch.
    pub iterations: u64,
    /// Wall-clock time of the whole batch.
    pub nanoseconds: u64,
    /// Allocations of the whole batch.
    pub allocations: u64,
}

impl Batch {
    /// The time of one check.
    pub fn time(&self) -> f64 {
        self.nanoseconds as f64 / self.iterations as f64
    }

    /// The allocations of one check.
    pub fn allocs(&self) -> f64 {
        self.allocations as f64 / self.iterations as f64
    }

    /// Runs one batch of `check` in this process, after a few checks that load its code and data into
    /// the CPU caches.
    fn of(check: &Check, iterations: u64) -> Result<Self> {
        accept(check, iterations / 8 + 1)?;
        let allocations = alloc::count();
        let begin = Instant::now();
        let accepted = accept(check, iterations);
        let elapsed = begin.elapsed();
        let allocations = alloc::count() - allocations;
        accepted?;
        Ok(Self {
            iterations,
            nanoseconds: u64::try_from(elapsed.as_nanos())?,
            allocations,
        })
    }
}

fn accept(check: &Check, iterations: u64) -> Result<()> {
    let accepted = (0..iterations)
        .filter(|_| black_box(check(black_box(Probe::Good))))
        .count() as u64;
    if accepted == iterations {
        return Ok(());
    }
    Err("the good credential was refused while measuring".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(check: impl Fn(Probe) -> bool + 'static) -> Case {
        Case::new("toy", Provider::Ring, Box::new(check))
    }

    #[test]
    fn a_case_that_refuses_everything_is_rejected() {
        let error = case(|_| false).test().unwrap_err().to_string();
        assert_eq!(error, "toy refuses the good credential");
    }

    #[test]
    fn a_case_that_accepts_a_bad_probe_is_rejected() {
        let error = case(|probe| probe != Probe::Expired).test().unwrap_err();
        assert_eq!(error.to_string(), "toy accepts the probe BadSignature");
    }

    #[test]
    fn a_batch_counts_its_allocations() {
        let mut case = case(|probe| *black_box(Box::new(probe)) == Probe::Good);
        case.test().unwrap();
        assert_eq!(case.run(10).unwrap().allocations, 10);
    }

    #[test]
    fn a_refusal_while_measuring_is_an_error() {
        assert!(case(|_| false).run(3).is_err());
    }
}
