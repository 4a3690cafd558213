//! The mark of something that may be used once.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;

use ring::digest;

/// The mark of something that may be used once, such as a proof: a SHA-256 hash over what it is, who
/// uses it, and its id. A store sees none of them.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct ReplayMark {
    hash: [u8; 32],
    group: u16,
}

impl ReplayMark {
    /// Makes the mark of an id that this owner has chosen, such as the `jti` of a client's assertion.
    /// `kind` says what it is, so that ids of another kind have other marks; those of this crate are
    /// `dpop`, `message`, `message nonce` and `webhook`. Each part is hashed with its length, so that
    /// other parts never have the same mark.
    ///
    /// ```
    /// use bearergate::clock::UnixTime;
    /// use bearergate::replay::{ReplayMark, ReplayStore, ReplayTable};
    ///
    /// let (used, now) = (ReplayTable::default(), UnixTime::from_secs(1_800_000_000));
    /// let until = UnixTime::from_secs(now.as_secs() + 60);
    /// let mark = ReplayMark::new("assertion", b"client-1", b"id-1");
    /// assert!(matches!(used.claim(mark, until, now).try_now(), Ok(Ok(true))));
    /// assert!(matches!(used.claim(mark, until, now).try_now(), Ok(Ok(false))));
    /// ```
    pub fn new(kind: &str, owner: &[u8], id: &[u8]) -> Self {
        let mut hash = digest::Context::new(&digest::SHA256);
        for text in ["bearergate replay v1", kind] {
            hash.update(text.as_bytes());
            hash.update(&[0]);
        }
        for part in [owner, id] {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut mark = [0; 32];
        mark.copy_from_slice(hash.finish().as_ref());
        Self {
            hash: mark,
            group: group(owner),
        }
    }

    /// Returns the mark as bytes, for a store.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.hash
    }

    /// Returns the group of the owner, one of 4096: a store in memory gives each group a share, so that
    /// one owner cannot fill it. Which group an owner has is another in each process, so that nobody can choose
    /// a key for the group of somebody else; nodes must not share it.
    pub const fn group(&self) -> u16 {
        self.group
    }
}

/// How many groups there are.
pub(super) const GROUPS: u16 = 4_096;

/// Returns the group of an owner, by a secret of this process.
fn group(owner: &[u8]) -> u16 {
    static SECRET: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    let mut hash = SECRET.build_hasher();
    hash.write(owner);
    let [.., high, low] = hash.finish().to_be_bytes();
    u16::from_be_bytes([high, low]) % GROUPS
}

impl fmt::Debug for ReplayMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplayMark")
    }
}
