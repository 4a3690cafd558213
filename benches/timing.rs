//! Whether the time of a rejection shows what was wrong with an API key.
//!
//! After dudect (Reparaz, Balasch, Verbauwhede: "Dude, is my code constant time?", 2017): two
//! classes of keys in a random order, each validation timed separately, Welch's t-test between the
//! classes over all times and over those below several percentiles. Reported is the largest |t|;
//! below 4.5 no difference was found. Two controls show that the test itself works: a class must
//! not be distinguished from itself, and keys that are rejected without an HMAC must be.
//!
//! ```text
//! cargo bench --bench timing
//! ```

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bench stops at the first error"
)]

mod api_keys;

use std::hint::black_box;
use std::io;
use std::io::Write;
use std::time::Instant;

use api_keys::{Keys, Random};
use bearergate::TokenValidator;
use bearergate::credential::PresentedCredential;

/// Above this the classes are distinguished (FIPS 140-3 non-invasive testing, ISO/IEC 17825).
const THRESHOLD: f64 = 4.5;

/// Times above one of these quantiles are left out.
const CROPS: [f64; 6] = [1.0, 0.99, 0.95, 0.9, 0.75, 0.5];

/// Different keys in a class.
const POOL: usize = 1 << 14;

fn main() -> io::Result<()> {
    // cargo adds `--bench` to the arguments that it passes on.
    let has = |name: &str| std::env::args().any(|argument| argument == name);
    let is_bench = has("--bench") && !has("--test");
    let (sizes, samples): (&[usize], _) = if is_bench {
        (&[1_000, 100_000, 1_000_000], 1_000_000)
    } else {
        (&[100], 1_000)
    };
    for count in sizes {
        let keys = Keys::new(*count);
        for contrast in CONTRASTS {
            writeln!(io::stdout(), "{}", line(&keys, contrast, samples))?;
        }
    }
    Ok(())
}

/// Makes one key of a class.
type Make = fn(&Keys, &mut Random) -> String;

struct Contrast {
    name: &'static str,
    classes: [Make; 2],
    is_control: bool,
}

const CONTRASTS: &[Contrast] = &[
    Contrast {
        name: "wrong secret, unknown id",
        classes: [wrong_secret, unknown_id],
        is_control: false,
    },
    Contrast {
        name: "first, last character of the secret wrong",
        classes: [first_wrong, last_wrong],
        is_control: false,
    },
    Contrast {
        name: "control: wrong secret twice",
        classes: [wrong_secret, wrong_secret],
        is_control: true,
    },
    Contrast {
        name: "control: wrong secret, wrong checksum",
        classes: [wrong_secret, wrong_checksum],
        is_control: true,
    },
];

fn wrong_secret(keys: &Keys, random: &mut Random) -> String {
    let id = keys.any(random).id().to_owned();
    keys.text(&id, &random.text(43))
}

fn unknown_id(keys: &Keys, random: &mut Random) -> String {
    keys.text(&random.text(16), &random.text(43))
}

fn first_wrong(keys: &Keys, random: &mut Random) -> String {
    one_wrong(keys, random, 0)
}

fn last_wrong(keys: &Keys, random: &mut Random) -> String {
    one_wrong(keys, random, 42)
}

fn one_wrong(keys: &Keys, random: &mut Random, at: usize) -> String {
    let key = keys.any(random);
    let (id, mut secret) = (key.id().to_owned(), key.secret().to_owned());
    let other = if secret.as_bytes()[at] == b'x' {
        "y"
    } else {
        "x"
    };
    secret.replace_range(at..=at, other);
    keys.text(&id, &secret)
}

fn wrong_checksum(keys: &Keys, random: &mut Random) -> String {
    let mut text = wrong_secret(keys, random);
    let last = text.pop().expect("a key is not empty");
    text.push(if last == 'x' { 'y' } else { 'x' });
    text
}

fn line(keys: &Keys, contrast: &Contrast, samples: usize) -> String {
    let times = times(keys, contrast, samples);
    let (t, crop) = largest(&times);
    let medians = [0, 1].map(|class| median(&times, class));
    let verdict = match (t.abs() < THRESHOLD, contrast.is_control) {
        (true, _) => "not distinguished",
        (false, false) => "DISTINGUISHED",
        (false, true) => "distinguished",
    };
    format!(
        "{:>9} keys  {:<42} |t| {:>8.2} (fastest {:>3.0} %)  medians {} and {} ns  {verdict}",
        keys.len(),
        contrast.name,
        t.abs(),
        crop * 100.0,
        medians[0],
        medians[1],
    )
}

/// Class and nanoseconds of each validation.
type Times = Vec<(usize, u64)>;

fn times(keys: &Keys, contrast: &Contrast, samples: usize) -> Times {
    let mut random = Random::new();
    let pools = contrast.classes.map(|make| {
        let pool = (0..POOL).map(|_| make(keys, &mut random));
        pool.collect::<Vec<_>>()
    });
    let order: Vec<_> = (0..samples + samples / 10)
        .map(|_| (random.below(2), random.below(POOL)))
        .collect();
    // Every key is validated in the same buffer.
    let mut text = String::with_capacity(256);
    let times = order.into_iter().map(|(class, at)| {
        text.clear();
        text.push_str(&pools[class][at]);
        (class, time(keys, &text))
    });
    // The first tenth warms up.
    times.skip(samples / 10).collect()
}

fn time(keys: &Keys, text: &str) -> u64 {
    let begin = Instant::now();
    let presented = PresentedCredential::token(black_box(text)).at(api_keys::NOW);
    let result = keys.validator.validate(&presented).try_now();
    let is_rejected = black_box(result.expect("ready")).is_err();
    let elapsed = begin.elapsed();
    assert!(is_rejected, "a wrong key is accepted");
    u64::try_from(elapsed.as_nanos()).expect("a short time")
}

/// The largest t, and the quantile of the times it is from.
fn largest(times: &Times) -> (f64, f64) {
    let mut sorted: Vec<u64> = times.iter().map(|(_, time)| *time).collect();
    sorted.sort_unstable();
    let cropped = CROPS.map(|crop| {
        let last = ((sorted.len() - 1) as f64 * crop) as usize;
        (welch(times, sorted[last]), crop)
    });
    let larger = |a: (f64, f64), b: (f64, f64)| if b.0.abs() > a.0.abs() { b } else { a };
    cropped.into_iter().fold((0.0, 1.0), larger)
}

/// Welch's t between the two classes, of the times up to `most`.
fn welch(times: &Times, most: u64) -> f64 {
    let [a, b] = [0, 1].map(|class| {
        let own = times
            .iter()
            .filter(|(own, time)| *own == class && *time <= most);
        Moments::new(own.map(|(_, time)| *time as f64))
    });
    (a.mean - b.mean) / (a.error() + b.error()).sqrt()
}

#[derive(Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn new(values: impl Iterator<Item = f64>) -> Self {
        values.fold(Self::default(), |mut own, value| {
            own.count += 1.0;
            let off = value - own.mean;
            own.mean += off / own.count;
            own.squares += off * (value - own.mean);
            own
        })
    }

    /// The square of the mean's standard error.
    fn error(&self) -> f64 {
        self.squares / (self.count - 1.0) / self.count
    }
}

fn median(times: &Times, class: usize) -> u64 {
    let own = times.iter().filter(|(own, _)| *own == class);
    let mut own: Vec<u64> = own.map(|(_, time)| *time).collect();
    own.sort_unstable();
    own[own.len() / 2]
}
