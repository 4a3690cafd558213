//! A case: one implementation that judges the credentials of its group.

use crate::alloc;
use crate::error::Result;
use crate::worker::Worker;
use serde::Deserialize;
use serde::Serialize;
use std::fmt;
use std::hint::black_box;
use std::time::Instant;

/// Judges one probe and says whether it was accepted.
///
/// This is what gets measured, so it must do the whole work of one judgement and nothing else:
/// keys, options and tokens are made beforehand.
pub type Judge = Box<dyn Fn(Probe) -> bool>;

/// Which credential a case is asked to judge.
///
/// The signature of an API key is its secret, the payload its id; of a policy, the payload is what
/// is asked for.
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

/// Whose cryptography a case uses; it picks the cases that the table compares it with.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Provider {
    /// Of no matter: a group of API keys has one case of ours, and one bare probe.
    ApiKey,
    /// The `aws-lc-rs` crate.
    AwsLcRs,
    /// Of no matter: what is remembered is found by a hash.
    Memory,
    /// None: a group of policies has one case of ours, and a plain tree.
    Policy,
    /// The `ring` crate.
    Ring,
    /// Crates written in Rust alone, RustCrypto's for the most part.
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

    /// Our case on the same provider; on the default one where we do not offer this provider.
    pub fn ours(self) -> &'static str {
        match self {
            Self::ApiKey | Self::Policy => "bearergate",
            Self::Memory => "bearergate hit",
            Self::AwsLcRs => "bearergate aws-lc-rs",
            Self::Ring | Self::RustCrypto => "bearergate ring",
        }
    }
}

/// One implementation, ready to judge.
#[derive(Debug)]
pub struct Case {
    /// The name in the output, unique in its group.
    pub name: String,
    /// Whose cryptography it uses.
    pub provider: Provider,
    /// Whether it is measured before the others instead of in turns with them.
    pub is_apart: bool,
    refuses: &'static [Probe],
    work: Work,
}

impl Case {
    /// A case that runs in this process and must refuse every bad probe of a JWT.
    pub fn new(name: impl Into<String>, provider: Provider, judge: Judge) -> Self {
        Self {
            name: name.into(),
            provider,
            is_apart: false,
            refuses: Probe::BAD,
            work: Work::Here(judge),
        }
    }

    /// A case that runs in a worker process, which has proved it already.
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

    /// Measures this case before the others: it uses so much memory that theirs would be out of
    /// the caches after it.
    #[must_use]
    pub fn apart(mut self) -> Self {
        self.is_apart = true;
        self
    }

    /// Makes sure that the case does its work: it accepts the good probe and refuses the bad ones.
    ///
    /// # Errors
    ///
    /// Names the case and the probe that it judges wrongly.
    pub fn prove(&self) -> Result<()> {
        let Work::Here(judge) = &self.work else {
            return Ok(());
        };
        if !judge(Probe::Good) {
            return Err(format!("{} refuses the good credential", self.name).into());
        }
        match self.refuses.iter().find(|probe| judge(**probe)) {
            Some(probe) => Err(format!("{} accepts the probe {probe:?}", self.name).into()),
            None => Ok(()),
        }
    }

    /// Judges the good probe `iterations` times.
    ///
    /// # Errors
    ///
    /// Fails if the good probe is refused even once, or if the worker has gone.
    pub fn run(&mut self, iterations: u64) -> Result<Batch> {
        match &mut self.work {
            Work::Here(judge) => Batch::of(judge, iterations),
            Work::There(worker) => worker.run(iterations),
        }
        .map_err(|error| format!("{}: {error}", self.name).into())
    }
}

enum Work {
    Here(Judge),
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

/// What one batch took.
#[derive(Clone, Copy, Debug)]
pub struct Batch {
    /// Judgements in the batch.
    pub iterations: u64,
    /// Wall-clock time of the whole batch.
    pub nanoseconds: u64,
    /// Allocations of the whole batch.
    pub allocations: u64,
}

impl Batch {
    /// The time of one judgement.
    pub fn time(&self) -> f64 {
        self.nanoseconds as f64 / self.iterations as f64
    }

    /// The allocations of one judgement.
    pub fn allocs(&self) -> f64 {
        self.allocations as f64 / self.iterations as f64
    }

    /// Runs one batch of `judge` in this process, after a few judgements that bring its code and
    /// data back into the caches.
    fn of(judge: &Judge, iterations: u64) -> Result<Self> {
        accept(judge, iterations / 8 + 1)?;
        let allocations = alloc::count();
        let begin = Instant::now();
        let accepted = accept(judge, iterations);
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

fn accept(judge: &Judge, iterations: u64) -> Result<()> {
    let accepted = (0..iterations)
        .filter(|_| black_box(judge(black_box(Probe::Good))))
        .count() as u64;
    if accepted == iterations {
        return Ok(());
    }
    Err("the good credential was refused while measuring".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(judge: impl Fn(Probe) -> bool + 'static) -> Case {
        Case::new("toy", Provider::Ring, Box::new(judge))
    }

    #[test]
    fn a_case_that_refuses_everything_is_no_case() {
        let error = case(|_| false).prove().unwrap_err().to_string();
        assert_eq!(error, "toy refuses the good credential");
    }

    #[test]
    fn a_case_that_accepts_a_bad_probe_is_no_case() {
        let error = case(|probe| probe != Probe::Expired).prove().unwrap_err();
        assert_eq!(error.to_string(), "toy accepts the probe BadSignature");
    }

    #[test]
    fn a_batch_counts_its_allocations() {
        let mut case = case(|probe| *black_box(Box::new(probe)) == Probe::Good);
        case.prove().unwrap();
        assert_eq!(case.run(10).unwrap().allocations, 10);
    }

    #[test]
    fn a_refusal_while_measuring_is_an_error() {
        assert!(case(|_| false).run(3).is_err());
    }
}
