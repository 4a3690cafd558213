//! How many of something to measure with, and how often.

/// Returns the numbers that the command line asks for, or else all of them, and how many rounds
/// to measure. Where the bench is run as a test, it is the first one in one round.
pub(crate) fn asked(all: &[usize], rounds: usize) -> (Vec<usize>, usize) {
    // cargo gives `--bench` beside whatever it is told to pass on.
    let has = |wanted: &str| std::env::args().any(|argument| argument == wanted);
    let is_bench = has("--bench") && !has("--test");
    let asked: Vec<usize> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    match &asked[..] {
        [] if is_bench => (all.to_vec(), rounds),
        [] => (all[..1].to_vec(), 1),
        sizes => (sizes.to_vec(), rounds),
    }
}

/// Returns the value in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
