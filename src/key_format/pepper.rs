//! The secrets behind the digests.

use std::fmt;

use ring::digest;
use ring::hmac;
use subtle::ConstantTimeEq;

use super::ForeignKey;
use super::KeyDigest;
use super::ParsedKey;
use super::PepperVersion;
use super::PepperedDigest;
use super::SecretSource;
use crate::limits;
use crate::rejection::ConfigError;
use crate::rejection::ConfigErrorKind;
use crate::secret::Secret;

/// The secrets under which the digests of API keys are made: one current, and older ones under
/// which records still stand.
///
/// A digest is HMAC-SHA-256, so a copy of the store is worth nothing without the pepper. A record
/// made under an older pepper is digested anew under the current one when its key is next used.
/// To rotate, give the new pepper the next version and keep the one before among the older ones;
/// the bytes of a version never change.
///
/// ```
/// use bearergate::PepperSet;
/// use bearergate::Secret;
/// use bearergate::SecretSource;
///
/// # let read = |_: &str| -> Result<Secret, std::io::Error> { Ok(Secret::new(vec![7; 32])) };
/// let vault = SecretSource::from_fn("vault", move || read("pepper/1"));
/// let peppers = PepperSet::new(1, &vault)?;
/// assert_eq!(peppers.current().number(), 1);
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct PepperSet {
    current: Pepper,
    older: Vec<Pepper>,
}

impl PepperSet {
    /// Reads the current pepper: at least 32 bytes that nobody can guess. Versions count from 1.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::OutOfRange`] for version 0, [`ConfigErrorKind::KeyWeak`] for a pepper
    /// that is too short, or the error of the source.
    pub fn new(version: u32, source: &SecretSource) -> Result<Self, ConfigError> {
        Ok(Self {
            current: Pepper::read(version, source)?,
            older: Vec::new(),
        })
    }

    /// Reads an older pepper; there may be 8.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new), [`ConfigErrorKind::Conflict`] if this version or this pepper
    /// is there already, or [`ConfigErrorKind::OutOfRange`] if there are too many.
    pub fn with_older(mut self, version: u32, source: &SecretSource) -> Result<Self, ConfigError> {
        let pepper = Pepper::read(version, source)?;
        if let Some(detail) = self.all().find_map(|own| own.clash(&pepper)) {
            return Err(refused(ConfigErrorKind::Conflict, detail));
        }
        if self.older.len() >= limits::PEPPERS_OLDER {
            let detail = "there are more than 8 older peppers; leave out those without records";
            return Err(refused(ConfigErrorKind::OutOfRange, detail.to_owned()));
        }
        self.older.push(pepper);
        Ok(self)
    }

    /// Returns the version of the current pepper.
    pub fn current(&self) -> PepperVersion {
        self.current.version
    }

    /// Makes the digest of a key under the current pepper.
    pub(crate) fn digest(&self, key: &ParsedKey<'_>) -> PepperedDigest {
        self.current.digest(key.signed())
    }

    /// Compares a key with what is stored under its id; `None` where nothing is. The work is the
    /// same in every case: one HMAC and one comparison in constant time.
    pub(crate) fn compare(&self, key: &ParsedKey<'_>, stored: Option<&PepperedDigest>) -> Match {
        const NOBODYS: PepperedDigest = PepperedDigest::sha256([0; 32]);
        let (is_known, stored) = (stored.is_some(), stored.unwrap_or(&NOBODYS));
        let pepper = self.all().find(|own| own.version == stored.version());
        let made = pepper.unwrap_or(&self.current).digest(key.signed());
        let is_equal = bool::from(made.digest().ct_eq(stored.digest()));
        match pepper {
            None if is_known => Match::NoPepper,
            Some(pepper) if is_equal && pepper.version == self.current() => Match::Current,
            Some(_) if is_equal => Match::Older,
            _ => Match::None,
        }
    }

    /// Makes the digest of a foreign key under the current pepper.
    pub(crate) fn foreign_digest(&self, key: &ForeignKey<'_>) -> PepperedDigest {
        self.current.foreign_digest(key.text())
    }

    /// Makes every digest under which a foreign key may stand, the current one first.
    pub(crate) fn foreign_digests(
        &self,
        key: &ForeignKey<'_>,
    ) -> impl Iterator<Item = PepperedDigest> {
        let peppered = self.all().map(|own| own.foreign_digest(key.text()));
        let plain = key.may_be_sha256().then(|| plain(key.text()));
        peppered.chain(plain)
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

/// Whether a key is the one that is stored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Match {
    /// It is, and its digest was made under the current pepper.
    Current,
    /// It is not, or nothing is stored.
    None,
    /// It cannot be told: the stored digest was made under a pepper that is not in the set.
    NoPepper,
    /// It is, and its digest is to be made anew.
    Older,
}

#[derive(Clone)]
struct Pepper {
    version: PepperVersion,
    /// For keys in a format of ours.
    own: hmac::Key,
    /// For foreign keys, so that no digest of the one kind is one of the other.
    foreign: hmac::Key,
}

impl Pepper {
    fn read(version: u32, source: &SecretSource) -> Result<Self, ConfigError> {
        if version == 0 {
            let detail = "version 0 was given; count from 1".to_owned();
            return Err(refused(ConfigErrorKind::OutOfRange, detail));
        }
        Self::new(PepperVersion::from_number(version), &source.read()?)
    }

    fn new(version: PepperVersion, pepper: &Secret) -> Result<Self, ConfigError> {
        let len = pepper.expose().len();
        if len < limits::PEPPER_BYTES_MIN {
            let detail = format!("a pepper has {len} bytes; give at least 32 random ones");
            return Err(refused(ConfigErrorKind::KeyWeak, detail));
        }
        Ok(Self {
            version,
            own: derived(pepper, b"bearergate api key"),
            foreign: derived(pepper, b"bearergate foreign api key"),
        })
    }

    fn digest(&self, signed: &[u8]) -> PepperedDigest {
        self.stamp(&hmac::sign(&self.own, signed))
    }

    fn foreign_digest(&self, text: &[u8]) -> PepperedDigest {
        self.stamp(&hmac::sign(&self.foreign, text))
    }

    fn stamp(&self, tag: &hmac::Tag) -> PepperedDigest {
        PepperedDigest::new(KeyDigest::of_slice(tag.as_ref()), self.version)
    }

    /// Says why the two cannot stand in one set.
    fn clash(&self, other: &Self) -> Option<String> {
        let version = other.version.number();
        if self.version == other.version {
            return Some(format!(
                "version {version} was given twice; number each pepper"
            ));
        }
        let [ours, theirs] = [self, other].map(|pepper| hmac::sign(&pepper.own, b""));
        let is_same = bool::from(ours.as_ref().ct_eq(theirs.as_ref()));
        is_same.then(|| {
            let own = self.version.number();
            format!("versions {own} and {version} are the same pepper; give each its own")
        })
    }
}

fn derived(pepper: &Secret, label: &[u8]) -> hmac::Key {
    let root = hmac::Key::new(hmac::HMAC_SHA256, pepper.expose());
    hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&root, label).as_ref())
}

fn plain(text: &[u8]) -> PepperedDigest {
    let hash = digest::digest(&digest::SHA256, text);
    PepperedDigest::new(KeyDigest::of_slice(hash.as_ref()), PepperVersion::SHA256)
}

fn refused(kind: ConfigErrorKind, detail: String) -> ConfigError {
    ConfigError::new(kind, "peppers", detail)
}
