//! What a second thread gains: the validation of API keys, compared with a pure computation.
//!
//! Each thread presents its own keys, then all threads present the same key, which shows the cost of
//! the shared counter of its principal. Rounds of all cases alternate, and the medians of the ratios
//! within a round are printed, since nothing else is reliable on a shared machine.
//!
//! ```text
//! cargo bench --bench threads
//! ```

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bench stops at the first error"
)]

mod api_keys;

use std::hint::black_box;
use std::io::Write;
use std::sync::Barrier;
use std::time::{Duration, Instant};
use std::{io, thread};

use api_keys::Keys;
use bearergate::TokenValidator;
use bearergate::credential::PresentedCredential;
use ring::hmac;

const SIZES: [usize; 2] = [1_000, 100_000];
const BATCH: Duration = Duration::from_millis(20);
const ROUNDS: usize = 101;

const CASES: [(&str, Work); 3] = [
    ("pure computation", pure),
    ("own keys", own),
    ("one hot key", hot),
];

fn main() -> io::Result<()> {
    // cargo adds `--bench` to the arguments that it passes on.
    let has = |name: &str| std::env::args().any(|argument| argument == name);
    let is_bench = has("--bench") && !has("--test");
    let rounds = if is_bench { ROUNDS } else { 1 };
    for count in SIZES {
        let keys = Keys::new(count);
        let rounds: Vec<_> = (0..rounds)
            .map(|_| CASES.map(|case| run(&keys, case)))
            .collect();
        for (at, (name, _)) in CASES.iter().enumerate() {
            let ns = median(rounds.iter().map(|round| round[at].0));
            let gain = median(rounds.iter().map(|round| round[at].1));
            let relative = median(rounds.iter().map(|round| round[at].1 / round[0].1));
            writeln!(
                io::stdout(),
                "{count:>7} keys  {name:<18} {ns:>7.0} ns  second thread: {gain:.2} times, \
                 {relative:.2} of the pure computation's",
            )?;
        }
    }
    Ok(())
}

/// Nanoseconds of one validation on one thread, and the gain of two threads.
fn run(keys: &Keys, (_, work): (&str, Work)) -> (f64, f64) {
    let [one, two] = [1, 2].map(|threads| speed(keys, work, threads));
    (1e9 / one, two / one)
}

/// Does about a thousand validations on one of two threads, from this number on; returns how many.
type Work = fn(&Keys, thread: usize, from: usize) -> usize;

const STEP: usize = 1_000;

fn pure(_: &Keys, thread: usize, from: usize) -> usize {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
    let text = [thread as u8; 76];
    for at in from..from + STEP {
        let mut text = text;
        text[0] = at as u8;
        black_box(hmac::sign(&key, black_box(&text)));
    }
    STEP
}

fn own(keys: &Keys, thread: usize, from: usize) -> usize {
    let half = keys.len() / 2;
    for at in from..from + STEP {
        validate(keys, keys.at(thread * half + at % half).text());
    }
    STEP
}

fn hot(keys: &Keys, _: usize, _: usize) -> usize {
    for _ in 0..STEP {
        validate(keys, keys.at(0).text());
    }
    STEP
}

fn validate(keys: &Keys, text: &str) {
    let presented = PresentedCredential::token(black_box(text)).at(api_keys::NOW);
    let result = keys.validator.validate(&presented).try_now();
    black_box(result.expect("ready").expect("accepted"));
}

/// Validations per second of all threads together.
fn speed(keys: &Keys, work: Work, threads: usize) -> f64 {
    let start = Barrier::new(threads);
    thread::scope(|scope| {
        let own = |thread| {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                let (begin, mut count) = (Instant::now(), 0);
                while begin.elapsed() < BATCH {
                    count += work(keys, thread, count);
                }
                count as f64 / begin.elapsed().as_secs_f64()
            })
        };
        let threads: Vec<_> = (0..threads).map(own).collect();
        let speeds = threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"));
        speeds.sum()
    })
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
