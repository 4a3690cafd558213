//! The loop that interleaves the cases of a group.

use crate::case::Batch;
use crate::case::Case;
use crate::case::Provider;
use crate::error::Result;
use std::time::Duration;
use std::time::Instant;

/// Target duration of a batch: long enough for the clock, and so short that all cases have the same
/// noise.
const BATCH: Duration = Duration::from_millis(2);

/// Duration of the rounds of one group.
const GROUP: Duration = Duration::from_secs(12);

/// Minimum number of rounds, even if they take longer than [`GROUP`].
const MIN_ROUNDS: usize = 21;

/// The measurements of one case.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The name of the case.
    pub name: String,
    /// The cryptography that it uses.
    pub provider: Provider,
    /// Median over the rounds, in nanoseconds for one check.
    pub median: f64,
    /// Minimum over the rounds, in nanoseconds for one check.
    pub min: f64,
    /// Allocations of one check, median over the rounds.
    pub allocs: f64,
}

/// Tests every case, then measures all of them in turn; those that are to be measured apart have their
/// rounds before the others.
///
/// In each round every case runs one batch. The order is rotated by one from round to round and is
/// reversed in every second round, so that no case always follows the same one.
///
/// # Errors
///
/// Fails if a case returns a wrong result.
pub fn measure(mut cases: Vec<Case>) -> Result<Vec<Outcome>> {
    for case in &cases {
        case.test()?;
    }
    let mut series = cases
        .iter_mut()
        .map(Series::calibrated)
        .collect::<Result<Vec<_>>>()?;
    let (apart, together): (Vec<_>, Vec<_>) = (0..cases.len()).partition(|at| cases[*at].is_apart);
    for at in apart {
        for _ in 0..MIN_ROUNDS {
            series[at].push(&mut cases[at])?;
        }
    }
    let begin = Instant::now();
    let mut round = 0;
    while round < MIN_ROUNDS || begin.elapsed() < GROUP {
        for turn in order(together.len(), round) {
            let at = together[turn];
            series[at].push(&mut cases[at])?;
        }
        round += 1;
    }
    Ok(cases.iter().zip(&series).map(outcome).collect())
}

/// The order of the cases in one round.
fn order(cases: usize, round: usize) -> Vec<usize> {
    let mut turns: Vec<usize> = (0..cases).map(|turn| (turn + round) % cases).collect();
    if round % 2 == 1 {
        turns.reverse();
    }
    turns
}

struct Series {
    iterations: u64,
    times: Vec<f64>,
    allocs: Vec<f64>,
}

impl Series {
    /// Finds the number of iterations that fills a batch.
    fn calibrated(case: &mut Case) -> Result<Self> {
        let mut batch = case.run(1)?;
        while time(&batch) < BATCH / 2 {
            batch = case.run(batch.iterations * 2)?;
        }
        Ok(Self {
            iterations: (BATCH.as_nanos() as f64 / batch.time()).ceil().max(1.0) as u64,
            times: Vec::new(),
            allocs: Vec::new(),
        })
    }

    fn push(&mut self, case: &mut Case) -> Result<()> {
        let batch = case.run(self.iterations)?;
        self.times.push(batch.time());
        self.allocs.push(batch.allocs());
        Ok(())
    }
}

fn time(batch: &Batch) -> Duration {
    Duration::from_nanos(batch.nanoseconds)
}

fn outcome((case, series): (&Case, &Series)) -> Outcome {
    Outcome {
        name: case.name.clone(),
        provider: case.provider,
        median: median(&series.times),
        min: series.times.iter().copied().fold(f64::INFINITY, f64::min),
        allocs: median(&series.allocs),
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        return sorted[middle];
    }
    (sorted[middle - 1] + sorted[middle]) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_of_odd_and_even_counts() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn every_case_has_one_turn_in_each_round() {
        for round in 0..5 {
            let mut turns = order(3, round);
            turns.sort_unstable();
            assert_eq!(turns, [0, 1, 2]);
        }
    }
}
