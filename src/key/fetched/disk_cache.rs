//! Keys that outlive the process: the last set, in a file.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

use super::plan::Schedule;
use super::plan::Standing;
use crate::clock::UnixTime;
use crate::json::Object;
use crate::key::import::KeyImporter;
use crate::key::set::KeySet;
use crate::limits;

/// The file that holds the last set.
pub(super) struct Keep {
    pub(super) path: PathBuf,
    pub(super) schedule: Schedule,
}

/// What was kept.
pub(super) struct Kept {
    pub(super) keys: KeySet,
    pub(super) at: UnixTime,
    pub(super) max_age: Option<Duration>,
}

#[derive(Deserialize, Serialize)]
struct Page {
    source: String,
    fetched_at: u64,
    max_age: Option<u64>,
    jwks: String,
}

impl Keep {
    /// Returns what was kept of this source, only if it still counts.
    pub(super) fn read(&self, source: &str, now: UnixTime, import: &KeyImporter) -> Option<Kept> {
        let length = fs::metadata(&self.path).ok()?.len();
        if length > u64::try_from(limits::JSON_BYTES).ok()? {
            return None;
        }
        let text = fs::read_to_string(&self.path).ok()?;
        Object::parse(text.as_bytes()).ok()?;
        let page: Page = serde_json::from_str(&text).ok()?;
        let at = UnixTime::from_secs(page.fetched_at);
        let max_age = page.max_age.map(Duration::from_secs);
        let standing = self.schedule.terms(at, max_age, 0).standing(now);
        if page.source != source || at > now || standing == Standing::Over {
            return None;
        }
        let keys = import.jwks(&page.jwks).ok()?;
        Some(Kept { keys, at, max_age })
    }

    /// Replaces what was kept, whole or not at all.
    pub(super) fn write(
        &self,
        source: &str,
        at: UnixTime,
        max_age: Option<Duration>,
        jwks: &[u8],
    ) -> io::Result<()> {
        let page = Page {
            source: source.to_owned(),
            fetched_at: at.as_secs(),
            max_age: max_age.map(|age| age.as_secs()),
            jwks: String::from_utf8_lossy(jwks).into_owned(),
        };
        let mut beside = OsString::from(&self.path);
        beside.push(format!(".{}", std::process::id()));
        fs::write(&beside, serde_json::to_vec(&page)?)?;
        fs::rename(&beside, &self.path)
    }
}
