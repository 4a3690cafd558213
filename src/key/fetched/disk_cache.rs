//! The last fetched set in a file, for use after a restart.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;
use std::{fs, io};

use serde::{Deserialize, Serialize};

use super::plan::{Freshness, RefreshSchedule};
use crate::clock::UnixTime;
use crate::json::Object;
use crate::key::import::KeyImporter;
use crate::key::set::KeySet;
use crate::limits;

/// The file of the last set.
pub(super) struct DiskCache {
    pub(super) path: PathBuf,
    pub(super) schedule: RefreshSchedule,
}

/// A set that was read from the file.
pub(super) struct CachedSet {
    pub(super) keys: KeySet,
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
    /// Returns the set of this source, only if it may still be used.
    pub(super) fn read(
        &self,
        source: &str,
        now: UnixTime,
        import: &KeyImporter,
    ) -> Option<CachedSet> {
        let length = fs::metadata(&self.path).ok()?.len();
        if length > u64::try_from(limits::JSON_BYTES).ok()? {
            return None;
        }
        let text = fs::read_to_string(&self.path).ok()?;
        Object::parse(text.as_bytes()).ok()?;
        let contents: CacheFile = serde_json::from_str(&text).ok()?;
        let at = UnixTime::from_secs(contents.fetched_at);
        let max_age = contents.max_age.map(Duration::from_secs);
        let freshness = self.schedule.terms(at, max_age, 0).freshness(now);
        if contents.source != source || at > now || freshness == Freshness::Expired {
            return None;
        }
        let keys = import.jwks(&contents.jwks).ok()?;
        Some(CachedSet { keys, at, max_age })
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
        let mut temporary = OsString::from(&self.path);
        temporary.push(format!(".{}", std::process::id()));
        fs::write(&temporary, serde_json::to_vec(&contents)?)?;
        fs::rename(&temporary, &self.path)
    }
}
