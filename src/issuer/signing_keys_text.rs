//! The stored form of signing keys: one JSON object, written in one way and read strictly.

use std::borrow::Cow;
use std::fmt::Write;

use zeroize::Zeroizing;

use super::schedule::Schedule;
use super::signing_key::SigningKey;
use super::signing_keys::{RevokedKey, ScheduledKey, SigningKeys};
use crate::clock::UnixTime;
use crate::credential::base64url;
use crate::crypto::Algorithm;
use crate::error::{ConfigError, ConfigErrorKind};
use crate::json::{Elements, Object, Value};
use crate::limits;
use crate::secret::Secret;

/// The version of the form, and the member that holds it; both are part of the stored text.
const VERSION: u64 = 1;
const VERSION_NAME: &str = "bearergate_key_ring";

/// The member of a key that holds its private half in DER, and the one that a shared secret has in
/// its place, so that neither is ever read as the other.
const PRIVATE: &str = "private";
const SECRET: &str = "secret";

impl SigningKeys {
    /// Reads the text that [`to_secret`](Self::to_secret) wrote.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](ConfigErrorKind::ValueMalformed) for any other text: another version of the
    /// form, a member that is missing, unknown or of the wrong type, keys out of order;
    /// [`OutOfRange`](ConfigErrorKind::OutOfRange) for a text over [`limits::SIGNING_KEYS_BYTES`];
    /// [`KeyMalformed`](ConfigErrorKind::KeyMalformed) or [`KeyWeak`](ConfigErrorKind::KeyWeak) for a
    /// key that does not match its algorithm or its `kid`.
    pub fn from_secret(secret: &Secret) -> Result<Self, ConfigError> {
        let text = secret.expose();
        if text.len() > limits::SIGNING_KEYS_BYTES {
            let range = ..=limits::SIGNING_KEYS_BYTES;
            return Err(ConfigError::size_out_of_range(
                FIELD,
                text.len(),
                "bytes",
                range,
            ));
        }
        let object = Object::parse(text).map_err(|error| {
            let detail = "expected one well-formed JSON object; restore what `to_secret` wrote";
            ConfigError::malformed(FIELD, detail).with_source(error)
        })?;
        if number(&object, VERSION_NAME)? != VERSION {
            let detail = "the text is of another version; read it with the version of this crate that \
                          wrote it";
            return Err(ConfigError::malformed(FIELD, detail));
        }
        signing_keys(&object)
    }

    /// Returns the keys with their private halves, for the service to store as a secret: JSON text of
    /// at most [`limits::SIGNING_KEYS_BYTES`].
    ///
    /// Anyone who can read it can mint tokens. Store it only if the stored revision is the one it was
    /// made from, so that no node overwrites the change of another.
    pub fn to_secret(&self) -> Secret {
        write(self)
    }
}

/// Writes signing keys. No text needs escapes: names are base64url, and all else are numbers.
fn write(keys: &SigningKeys) -> Secret {
    // Allocated in full, so that growing leaves no copy of a private key in a freed buffer.
    let mut text = String::with_capacity(limits::SIGNING_KEYS_BYTES);
    let Schedule {
        announce,
        rotate_after,
        longest_lifetime,
    } = keys.schedule();
    // Writing to a string never fails.
    let _ = write!(
        text,
        r#"{{"{VERSION_NAME}":{VERSION},"id":"{}","revision":{},"announce":{},"rotate_after":{},"longest_lifetime":{},"keys":["#,
        keys.id,
        keys.revision,
        announce.as_secs(),
        rotate_after.as_secs(),
        longest_lifetime.as_secs(),
    );
    for (index, own) in keys.keys.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let private = Zeroizing::new(base64url::encode(own.key.private().expose()));
        let name = if own.key.is_shared_secret() {
            SECRET
        } else {
            PRIVATE
        };
        let _ = write!(
            text,
            r#"{comma}{{"kid":"{}","alg":"{}","signs_from":{},"{name}":"{}"}}"#,
            own.key.kid(),
            own.key.algorithm(),
            own.signs_from.as_secs(),
            *private,
        );
    }
    text.push_str(r#"],"revoked":["#);
    for (index, old) in keys.revoked.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let until = old.until.as_secs();
        let _ = write!(text, r#"{comma}{{"kid":"{}","until":{until}}}"#, old.kid);
    }
    text.push_str("]}");
    Secret::from(text)
}

fn signing_keys(object: &Object<'_>) -> Result<SigningKeys, ConfigError> {
    check_members(object, 8)?;
    let secs = |name| number(object, name).map(std::time::Duration::from_secs);
    let schedule = Schedule {
        announce: secs("announce")?,
        rotate_after: secs("rotate_after")?,
        longest_lifetime: secs("longest_lifetime")?,
    };
    let keys = SigningKeys {
        id: text(object, "id")?.into(),
        revision: number(object, "revision")?,
        schedule: schedule.checked()?,
        keys: list(object, "keys")?.map(key).collect::<Result<_, _>>()?,
        revoked: list(object, "revoked")?
            .map(revoked)
            .collect::<Result<_, _>>()?,
    };
    check_order(&keys)?;
    Ok(keys)
}

fn key(value: Value<'_>) -> Result<ScheduledKey, ConfigError> {
    let object = member(value, 4)?;
    let algorithm = Algorithm::from_name(&text(&object, "alg")?);
    let algorithm = algorithm.ok_or_else(|| malformed("`alg` is not a supported algorithm"))?;
    let is_secret = algorithm == Algorithm::Hs256 && object.get(SECRET).is_some();
    let private = text(&object, if is_secret { SECRET } else { PRIVATE })?;
    let private = Zeroizing::new(private.into_owned());
    let decoded = base64url::decode(private.as_bytes()).map(Secret::new);
    let decoded =
        decoded.ok_or_else(|| malformed("a private key is not base64url without padding"))?;
    let key = if is_secret {
        SigningKey::from_shared_secret(decoded)
    } else {
        SigningKey::from_der(algorithm, decoded)
    };
    let key = key.map_err(|flaw| flaw.in_field(FIELD))?;
    if key.kid() != text(&object, "kid")? {
        let detail = "a private key does not match its `kid`; restore what `to_secret` wrote";
        return Err(ConfigError::new(
            ConfigErrorKind::KeyMalformed,
            FIELD,
            detail,
        ));
    }
    Ok(ScheduledKey {
        key,
        signs_from: time(&object, "signs_from")?,
    })
}

fn revoked(value: Value<'_>) -> Result<RevokedKey, ConfigError> {
    let object = member(value, 2)?;
    Ok(RevokedKey {
        kid: text(&object, "kid")?.into(),
        until: time(&object, "until")?,
    })
}

/// Rejects keys that no builder and no change can make.
fn check_order(keys: &SigningKeys) -> Result<(), ConfigError> {
    let is_sorted = keys
        .keys
        .is_sorted_by(|one, next| one.signs_from < next.signs_from);
    let kids = keys.keys.iter().map(|own| own.key.kid());
    let mut names: Vec<_> = kids
        .chain(keys.revoked.iter().map(|old| &*old.kid))
        .collect();
    names.sort_unstable();
    let are_distinct = names.is_sorted_by(|one, next| one < next);
    let count = keys.keys.len().max(keys.revoked.len());
    if is_sorted
        && are_distinct
        && !keys.keys.is_empty()
        && count <= limits::SIGNING_KEYS
        && keys.revision > 0
    {
        return Ok(());
    }
    Err(malformed(
        "there is no key, there are too many or equal keys, or they are not in the order in which they sign",
    ))
}

fn member(value: Value<'_>, members: usize) -> Result<Object<'_>, ConfigError> {
    let object = value.as_object().ok_or_else(wrong_type)?;
    check_members(&object, members)?;
    Ok(object)
}

/// Rejects unknown members; the known ones are required where they are read.
fn check_members(object: &Object<'_>, members: usize) -> Result<(), ConfigError> {
    if object.len() <= members {
        return Ok(());
    }
    Err(malformed("a member is unknown"))
}

fn list<'j>(object: &Object<'j>, name: &str) -> Result<Elements<'j>, ConfigError> {
    let elements = object.get(name).and_then(Value::elements);
    elements.ok_or_else(wrong_type)
}

fn text<'j>(object: &Object<'j>, name: &str) -> Result<Cow<'j, str>, ConfigError> {
    let text = object.get(name).and_then(Value::as_str);
    let is_name = |text: &Cow<'_, str>| {
        let mut bytes = text.bytes();
        !text.is_empty() && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    text.filter(is_name).ok_or_else(wrong_type)
}

fn time(object: &Object<'_>, name: &str) -> Result<UnixTime, ConfigError> {
    number(object, name).map(UnixTime::from_secs)
}

/// Reads a whole number in its only spelling.
fn number(object: &Object<'_>, name: &str) -> Result<u64, ConfigError> {
    let raw = object.get(name).map(Value::raw);
    let number = raw.and_then(|raw| Some((raw, raw.parse::<u64>().ok()?)));
    let number = number.filter(|(raw, number)| number.to_string() == *raw);
    number.map(|(_, number)| number).ok_or_else(wrong_type)
}

fn wrong_type() -> ConfigError {
    malformed("a member is missing or of the wrong type; restore what `to_secret` wrote")
}

fn malformed(detail: &'static str) -> ConfigError {
    ConfigError::malformed(FIELD, detail)
}

const FIELD: &str = "keys";
