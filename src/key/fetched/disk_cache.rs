//! The last fetched set in a file, for use after a restart.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::plan::{Freshness, RefreshSchedule};
use super::private_file;
use super::source_keys::SourceKeys;
use crate::clock::UnixTime;
use crate::diagnosis::Finding;
use crate::event::{Event, Observer};
use crate::json::Object;
use crate::limits;

/// The file of the last set.
///
/// A user who can write it can add a key, so it is used only if this user owns it and nobody else may
/// write it.
pub(super) struct DiskCache {
    pub(super) path: PathBuf,
    pub(super) schedule: RefreshSchedule,
    pub(super) observer: Option<Arc<dyn Observer>>,
}

/// A set that was read from the file.
pub(super) struct CachedSet {
    pub(super) keys: SourceKeys,
    pub(super) at: UnixTime,
    pub(super) max_age: Option<Duration>,
}

/// The contents of the file.
#[derive(Deserialize, Serialize)]
struct CacheFile {
    source: String,
    fetched_at: u64,
    max_age: Option<u64>,
    jwks: String,
}

impl DiskCache {
    /// Returns the set of this source, only if the file is trusted and the set may still be used.
    pub(super) fn read(
        &self,
        source: &str,
        now: UnixTime,
        import: impl Fn(&[u8]) -> Option<SourceKeys>,
    ) -> Option<CachedSet> {
        let text = match self.read_text() {
            Ok(text) => text?,
            Err(reason) => {
                if let Some(observer) = &self.observer {
                    let path = &self.path.to_string_lossy();
                    observer.observe(&Event::KeptKeysIgnored { path, reason });
                }
                return None;
            }
        };
        Object::parse(text.as_bytes()).ok()?;
        let contents: CacheFile = serde_json::from_str(&text).ok()?;
        let at = UnixTime::from_secs(contents.fetched_at);
        let max_age = contents.max_age.map(Duration::from_secs);
        let freshness = self.schedule.terms(at, max_age, 0).freshness(now);
        if contents.source != source || at > now || freshness == Freshness::Expired {
            return None;
        }
        let keys = import(contents.jwks.as_bytes())?;
        let (valid, _) = keys.valid_at(now);
        (!valid.keys().is_empty()).then_some(CachedSet { keys, at, max_age })
    }

    /// Returns a warning if the file is not trusted.
    pub(super) fn finding(&self) -> Option<Finding> {
        let reason = self.read_text().err()?;
        let subject = format!("kept keys {}", self.path.display());
        let text = format!("the file is not used: {reason}");
        let hint = "remove the file, and let only the user of this service write to its folder";
        Some(Finding::warning(subject, text).hint(hint))
    }

    fn read_text(&self) -> Result<Option<String>, private_file::Distrust> {
        private_file::read(&self.path, limits::JSON_BYTES as u64)
    }

    /// Replaces the file atomically.
    pub(super) fn write(
        &self,
        source: &str,
        at: UnixTime,
        max_age: Option<Duration>,
        jwks: &[u8],
    ) -> io::Result<()> {
        let contents = CacheFile {
            source: source.to_owned(),
            fetched_at: at.as_secs(),
            max_age: max_age.map(|age| age.as_secs()),
            jwks: String::from_utf8_lossy(jwks).into_owned(),
        };
        private_file::replace(&self.path, &serde_json::to_vec(&contents)?)
    }
}
