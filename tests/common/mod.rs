//! Helpers that several test crates share.

use std::env;
use std::path::{Path, PathBuf};

/// Returns the path of the named third-party vectors. Where they are absent it prints that and
/// returns `None`; in CI it fails instead, because a skipped test proves nothing.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub(crate) fn vectors(name: &str) -> Option<PathBuf> {
    let path = folder().join(name);
    if path.exists() {
        return Some(path);
    }
    assert_ne!(env::var("CI").as_deref(), Ok("true"), "no vectors '{name}'");
    eprintln!("skipped: there are no vectors at {}", path.display());
    None
}

fn folder() -> PathBuf {
    env::var_os("BEARERGATE_VECTORS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors"),
        PathBuf::from,
    )
}
