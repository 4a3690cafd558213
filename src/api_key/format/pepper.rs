//! The secrets under which digests are made.

use std::fmt;

use ring::{digest, hmac};
use subtle::ConstantTimeEq;

use super::digest::{KeyDigest, PepperVersion, PepperedDigest};
use super::legacy::LegacyKey;
use super::parsed::ParsedKey;
use crate::error::{ConfigError, ConfigErrorKind};
use crate::limits;
use crate::secret::Secret;
use crate::secret_source::SecretSource;

/// The secrets ("peppers") under which the digests of API keys are made: the current one, and
/// older ones that records still use.
///
/// A digest is HMAC-SHA-256, so a copy of the store is of no use without the pepper. A record under
/// an older pepper gets a digest under the current one when its key is next used. To rotate, give
/// the new pepper the next version and keep the previous one among the older ones. The bytes of a
/// version must never change: the store keeps a check value of each, and while a version has other
/// bytes than before, every request with a key is `unavailable`, and no key is created.
///
/// ```
/// use bearergate::api_key::PepperSet;
/// use bearergate::secret::Secret;
/// use bearergate::secret_source::SecretSource;
///
/// # let read = |_: &str| -> Result<Secret, std::io::Error> { Ok(Secret::new(vec![7; 32])) };
/// let vault = SecretSource::from_fn("vault", move || read("pepper/1"));
/// let peppers = PepperSet::new(1, &vault)?;
/// assert_eq!(peppers.current_version(), 1);
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct PepperSet {
    current: Pepper,
    older: Vec<Pepper>,
    /// Compared with if there is no record.
    unmatched: PepperedDigest,
}

impl PepperSet {
    /// Reads the current pepper: at least 32 random bytes. Versions start at 1.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::OutOfRange`] for version 0, [`ConfigErrorKind::KeyWeak`] for a pepper
    /// that is too short, or the error of the source.
    pub fn new(version: u32, source: &SecretSource) -> Result<Self, ConfigError> {
        let current = Pepper::read(version, source)?;
        Ok(Self {
            unmatched: PepperedDigest::new(KeyDigest::from_bytes([0; 32]), current.version),
            current,
            older: Vec::new(),
        })
    }

    /// Reads an older pepper, so that keys whose digest was made under it stay valid; at most 8.
    /// Keys under a pepper that is not in the set are rejected as `unavailable`.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new), [`ConfigErrorKind::Conflict`] if this version or this pepper
    /// is there already, or [`ConfigErrorKind::OutOfRange`] if there are too many.
    pub fn with_older(mut self, version: u32, source: &SecretSource) -> Result<Self, ConfigError> {
        let pepper = Pepper::read(version, source)?;
        if let Some(detail) = self.all().find_map(|own| own.clash(&pepper)) {
            return Err(ConfigError::conflict(FIELD, detail));
        }
        if self.older.len() >= limits::PEPPERS_OLDER {
            let given = self.older.len() + 1;
            let range = ..=limits::PEPPERS_OLDER;
            return Err(ConfigError::size_out_of_range(
                FIELD,
                given,
                "older versions",
                range,
            ));
        }
        self.older.push(pepper);
        Ok(self)
    }

    /// Returns the version of the current pepper, under which new digests are made. Records with
    /// another [version](PepperedDigest::pepper_version) still need an older pepper.
    pub fn current_version(&self) -> u32 {
        self.current.version.number()
    }

    pub(crate) fn current(&self) -> PepperVersion {
        self.current.version
    }

    /// Makes the digest of a key under the current pepper.
    pub(crate) fn digest(&self, key: &ParsedKey<'_>) -> PepperedDigest {
        self.current.digest(key.signed())
    }

    /// Compares a key with the digest that is stored under its id, `None` if there is none. The
    /// work is the same in every case: one HMAC and one comparison in constant time.
    pub(crate) fn compare(&self, key: &ParsedKey<'_>, stored: Option<&PepperedDigest>) -> Match {
        let (is_known, stored) = (stored.is_some(), stored.unwrap_or(&self.unmatched));
        let pepper = self.all().find(|own| own.version == stored.version());
        let made = pepper.unwrap_or(&self.current).digest(key.signed());
        let is_equal = (made.digest() == stored.digest()) & is_known;
        match pepper {
            None => Match::NoPepper,
            Some(pepper) if is_equal && pepper.version == self.current() => Match::Current,
            Some(_) if is_equal => Match::Older,
            _ => Match::None,
        }
    }

    /// Makes the digest of a legacy key under the current pepper.
    pub(crate) fn legacy_digest(&self, key: &LegacyKey<'_>) -> PepperedDigest {
        self.current.legacy_digest(key.text())
    }

    /// Makes every digest that the record of a legacy key may have, the current one first.
    pub(crate) fn legacy_digests(
        &self,
        key: LegacyKey<'_>,
    ) -> impl Iterator<Item = PepperedDigest> {
        let peppered = self.all().map(move |own| own.legacy_digest(key.text()));
        let plain = key.may_be_sha256().then(|| plain(key.text()));
        peppered.chain(plain)
    }

    /// Makes the check value of each pepper with its version, the current one first.
    pub(crate) fn check_values<'a>(
        &'a self,
        authority: &'a str,
    ) -> impl Iterator<Item = (u32, [u8; 32])> + Send + 'a {
        self.all().map(move |own| {
            let value = own.check_value(authority);
            (own.version.number(), *value.as_bytes())
        })
    }

    fn all(&self) -> impl Iterator<Item = &Pepper> {
        std::iter::once(&self.current).chain(&self.older)
    }
}

impl fmt::Debug for PepperSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let older: Vec<_> = self.older.iter().map(|own| own.version).collect();
        f.debug_struct("PepperSet")
            .field("current", &self.current.version)
            .field("older", &older)
            .finish_non_exhaustive()
    }
}

/// Result of the comparison of a key with a stored digest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Match {
    /// Equal, and the stored digest was made under the current pepper.
    Current,
    /// Not equal, or nothing is stored.
    None,
    /// Unknown: the stored digest was made under a pepper that is not in the set.
    NoPepper,
    /// Equal, and the stored digest was made under an older pepper.
    Older,
}

#[derive(Clone)]
struct Pepper {
    version: PepperVersion,
    /// For keys of the service's own format.
    own: hmac::Key,
    /// For legacy keys, so that no digest of one kind equals one of the other.
    legacy: hmac::Key,
    /// For the check value, which is no digest of any key.
    check: hmac::Key,
}

impl Pepper {
    fn read(version: u32, source: &SecretSource) -> Result<Self, ConfigError> {
        if version == 0 {
            let detail = "expected a version from 1, found 0; number versions from 1";
            return Err(ConfigError::new(ConfigErrorKind::OutOfRange, FIELD, detail));
        }
        Self::new(PepperVersion::new(version), &source.read()?)
    }

    fn new(version: PepperVersion, pepper: &Secret) -> Result<Self, ConfigError> {
        let len = pepper.expose().len();
        if len < limits::PEPPER_BYTES_MIN {
            let detail = format!("expected at least 32 bytes, found {len}; use 32 random bytes");
            return Err(ConfigError::new(ConfigErrorKind::KeyWeak, FIELD, detail));
        }
        Ok(Self {
            version,
            own: derived(pepper, b"bearergate api key"),
            // The label is part of every stored digest and never changes.
            legacy: derived(pepper, b"bearergate foreign api key"),
            // The label is part of every stored check value and never changes.
            check: derived(pepper, b"bearergate pepper check value"),
        })
    }

    fn digest(&self, signed: &[u8]) -> PepperedDigest {
        self.versioned(&hmac::sign(&self.own, signed))
    }

    fn legacy_digest(&self, text: &[u8]) -> PepperedDigest {
        self.versioned(&hmac::sign(&self.legacy, text))
    }

    /// It depends on version and authority too, so that no value can be moved in the store.
    fn check_value(&self, authority: &str) -> KeyDigest {
        let mut tag = hmac::Context::with_key(&self.check);
        tag.update(&self.version.number().to_be_bytes());
        tag.update(authority.as_bytes());
        KeyDigest::from_slice(tag.sign().as_ref())
    }

    fn versioned(&self, tag: &hmac::Tag) -> PepperedDigest {
        PepperedDigest::new(KeyDigest::from_slice(tag.as_ref()), self.version)
    }

    /// Returns why the two cannot be in one set.
    fn clash(&self, other: &Self) -> Option<String> {
        let version = other.version.number();
        if self.version == other.version {
            return Some(format!(
                "version {version} is configured twice; number each pepper"
            ));
        }
        let [one, other_tag] = [self, other].map(|pepper| hmac::sign(&pepper.own, b""));
        let is_same = bool::from(one.as_ref().ct_eq(other_tag.as_ref()));
        is_same.then(|| {
            let own = self.version.number();
            format!("versions {own} and {version} are the same pepper; use another one for each")
        })
    }
}

fn derived(pepper: &Secret, label: &[u8]) -> hmac::Key {
    let root = hmac::Key::new(hmac::HMAC_SHA256, pepper.expose());
    hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&root, label).as_ref())
}

fn plain(text: &[u8]) -> PepperedDigest {
    let hash = digest::digest(&digest::SHA256, text);
    PepperedDigest::new(KeyDigest::from_slice(hash.as_ref()), PepperVersion::SHA256)
}

const FIELD: &str = "peppers";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api_key::format::{ApiKeyFormat, LegacyFormat};

    const KEY: &str =
        "acme_live_0123456789ABCDEF_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg3GTem3";
    const LEGACY: &str = "c0ffee00-7a11-4d0e-9f3b-2b1d";

    fn source(byte: u8, len: usize) -> SecretSource {
        let read = move || -> Result<Secret, std::io::Error> { Ok(Secret::new(vec![byte; len])) };
        SecretSource::from_fn("test", read)
    }

    /// Version 1 is of sevens, version 2 of eights, and so on.
    fn set(current: u32, older: &[u32]) -> PepperSet {
        let of = |version: u32| source(6 + u8::try_from(version).unwrap(), 32);
        let start = PepperSet::new(current, &of(current)).unwrap();
        let add = |set: PepperSet, version: &u32| set.with_older(*version, &of(*version));
        older.iter().try_fold(start, add).unwrap()
    }

    fn format() -> ApiKeyFormat {
        ApiKeyFormat::new("acme_live").unwrap()
    }

    fn parsed() -> ParsedKey<'static> {
        format().parse(KEY).unwrap()
    }

    fn hex(digest: &KeyDigest) -> String {
        PepperedDigest::new(*digest, PepperVersion::SHA256)
            .as_bytes()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect()
    }

    fn kind<T>(result: Result<T, ConfigError>) -> Option<ConfigErrorKind> {
        result.err().map(|error| error.kind())
    }

    // Computed with the hmac and hashlib modules of Python.
    #[test]
    fn digests_are_hmac_sha_256_under_a_key_derived_from_the_pepper() {
        let (set, legacy) = (set(1, &[]), LegacyFormat::new(16).unwrap());
        assert_eq!(
            hex(set.digest(&parsed()).digest()),
            "b71d0fdaa88e8bde86290ea533666197cba6a956146ac03c4739461c7a7ee9f9"
        );
        assert_eq!(
            hex(set.legacy_digest(&legacy.parse(LEGACY).unwrap()).digest()),
            "33c9292d20a82d424144b76803ebe61cc73720a1852f9f193e01127c898e4c6c"
        );
    }

    // Computed with the hmac and hashlib modules of Python.
    #[test]
    fn check_value_is_of_one_pepper_version_and_authority() {
        let values = |set: &PepperSet, authority| -> Vec<_> {
            let values = set.check_values(authority);
            values
                .map(|(version, value)| (version, hex(&KeyDigest::from_bytes(value))))
                .collect()
        };
        let own = values(&set(1, &[]), "acme keys");
        let expected = "bd9003205262fe19cfddad19230194c6a2ea1391f48914db2233f2a9c9ee8922";
        assert_eq!(own, [(1, expected.to_owned())]);
        assert_eq!(values(&set(2, &[1]), "acme keys")[1], own[0]);
        assert_ne!(values(&set(1, &[]), "other keys")[0].1, own[0].1);
        let renumbered = PepperSet::new(2, &source(7, 32)).unwrap();
        assert_ne!(values(&renumbered, "acme keys")[0].1, own[0].1);
    }

    // Defect J02 (comparison that takes variable time): docs/defects.md
    #[test]
    fn only_the_right_key_matches() {
        let (set, minted) = (set(1, &[]), format().mint().unwrap());
        let stored = set.digest(&minted.parsed());
        assert_eq!(set.compare(&minted.parsed(), Some(&stored)), Match::Current);
        assert_eq!(set.compare(&parsed(), Some(&stored)), Match::None);
        assert_eq!(set.compare(&minted.parsed(), None), Match::None);
    }

    #[test]
    fn match_under_an_older_pepper_is_reported() {
        let stored = set(1, &[]).digest(&parsed());
        let rotated = set(3, &[2, 1]);
        assert_eq!(rotated.compare(&parsed(), Some(&stored)), Match::Older);
        let again = rotated.digest(&parsed());
        assert_eq!(again.version(), PepperVersion::new(3));
        assert_eq!(rotated.compare(&parsed(), Some(&again)), Match::Current);
    }

    #[test]
    fn removed_pepper_leaves_the_result_unknown() {
        let stored = set(1, &[]).digest(&parsed());
        assert_eq!(
            set(2, &[]).compare(&parsed(), Some(&stored)),
            Match::NoPepper
        );
        assert_eq!(set(2, &[1]).compare(&parsed(), Some(&stored)), Match::Older);
    }

    #[test]
    fn own_key_never_matches_a_plain_digest() {
        let stored = plain(parsed().signed());
        assert_eq!(
            set(1, &[]).compare(&parsed(), Some(&stored)),
            Match::NoPepper
        );
    }

    // Defect J02 (comparison that takes variable time): docs/defects.md
    #[test]
    fn digest_covers_prefix_id_and_secret() {
        let set = set(1, &[]);
        let digest = set.digest(&parsed());
        for (at, other) in [(0, "b"), (10, "1"), (30, "z")] {
            let mut text = String::from_utf8(parsed().signed().to_vec()).unwrap();
            text.replace_range(at..=at, other);
            let changed = ParsedKey::new(parsed().id(), text.as_bytes());
            assert_eq!(set.compare(&changed, Some(&digest)), Match::None, "{at}");
        }
    }

    #[test]
    fn legacy_key_has_a_digest_for_each_pepper_and_sha_256_if_enabled() {
        let (set, format) = (set(3, &[2, 1]), LegacyFormat::new(16).unwrap());
        let versions = |format: &LegacyFormat| -> Vec<u32> {
            let key = format.parse(LEGACY).unwrap();
            let all = set.legacy_digests(key);
            all.map(|digest| digest.version().number()).collect()
        };
        assert_eq!(versions(&format), [3, 2, 1]);
        assert_eq!(versions(&format.with_imported_sha256()), [3, 2, 1, 0]);
    }

    #[test]
    fn imported_digest_is_the_sha_256_of_the_text() {
        let format = LegacyFormat::new(16).unwrap().with_imported_sha256();
        let key = format.parse(LEGACY).unwrap();
        let last = set(1, &[]).legacy_digests(key).last().unwrap();
        let hash = digest::digest(&digest::SHA256, LEGACY.as_bytes());
        let imported = PepperedDigest::sha256(hash.as_ref().try_into().unwrap());
        assert_eq!(last, imported);
    }

    #[test]
    fn legacy_key_never_has_the_digest_of_an_own_key() {
        let set = set(1, &[]);
        let own = parsed();
        let text = str::from_utf8(own.signed()).unwrap();
        let format = LegacyFormat::new(16).unwrap();
        let legacy = set.legacy_digest(&format.parse(text).unwrap());
        assert_ne!(legacy.digest(), set.digest(&parsed()).digest());
    }

    #[test]
    fn pepper_needs_32_bytes() {
        assert!(PepperSet::new(1, &source(7, 32)).is_ok());
        let short = PepperSet::new(1, &source(7, 31));
        assert_eq!(kind(short), Some(ConfigErrorKind::KeyWeak));
    }

    #[test]
    fn versions_start_at_one() {
        assert!(PepperSet::new(1, &source(7, 32)).is_ok());
        let zero = PepperSet::new(0, &source(7, 32));
        assert_eq!(kind(zero), Some(ConfigErrorKind::OutOfRange));
    }

    #[test]
    fn versions_and_peppers_of_a_set_differ() {
        let start = || PepperSet::new(1, &source(7, 32)).unwrap();
        assert!(start().with_older(2, &source(8, 32)).is_ok());
        for (version, byte) in [(1, 8), (2, 7)] {
            let clash = start().with_older(version, &source(byte, 32));
            assert_eq!(
                kind(clash),
                Some(ConfigErrorKind::Conflict),
                "{version} {byte}"
            );
        }
    }

    #[test]
    fn at_most_eight_older_peppers_are_allowed() {
        let full = set(9, &[1, 2, 3, 4, 5, 6, 7, 8]);
        let more = full.with_older(10, &source(99, 32));
        assert_eq!(kind(more), Some(ConfigErrorKind::OutOfRange));
    }

    #[test]
    fn debug_shows_only_versions() {
        assert_eq!(
            format!("{:?}", set(2, &[1])),
            "PepperSet { current: PepperVersion(2), older: [PepperVersion(1)], .. }"
        );
    }
}
