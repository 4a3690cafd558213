//! Sizes and numbers of rounds.

/// Returns the sizes that the command line requests, or else all of them, and the number of rounds.
/// If the bench runs as a test, it is the first size in one round.
pub(crate) fn asked(all: &[usize], rounds: usize) -> (Vec<usize>, usize) {
    // cargo adds `--bench` to the arguments that it passes on.
    let has = |name: &str| std::env::args().any(|argument| argument == name);
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
