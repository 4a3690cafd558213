//! Signatures of Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use ring::hmac;
use subtle::ConstantTimeEq;

use crate::clock::UnixTime;
use crate::error::{ConfigError, Rejection, RejectionKind};
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::replay::{ReplayMark, ReplayStore, ReplayTable};
use crate::secret::Secret;

/// Checks that a webhook was sent by the owner of a shared secret
/// ([Standard Webhooks](https://www.standardwebhooks.com) 1.0). Cheap to clone.
///
/// It passes only if its signature is valid for the whole content, it was sent at most five minutes ago
/// or ahead, and this delivery was not received before. A sender that gets no 2xx sends the same message
/// again, with its id and a new time, so do the work of an id once.
#[derive(Clone)]
pub struct WebhookVerifier(Arc<Settings>);

struct Settings {
    keys: Vec<hmac::Key>,
    replays: Arc<dyn ReplayStore>,
}

/// A webhook whose signature is valid.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Webhook {
    /// The id of the message (`webhook-id`).
    pub id: String,
    /// When it was sent.
    pub sent: UnixTime,
}

impl WebhookVerifier {
    /// Takes the secrets of a sender, each of 24 to 64 bytes; several while one is replaced. Used ids
    /// are kept in a table of this process.
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) without a secret,
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for one of another length.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Result<Self, ConfigError> {
        let mut keys = Vec::new();
        for secret in secrets {
            let (len, range) = (secret.expose().len(), 24..=64);
            if !range.contains(&len) {
                return Err(ConfigError::out_of_range("secret", len, range));
            }
            keys.push(hmac::Key::new(hmac::HMAC_SHA256, secret.expose()));
        }
        if keys.is_empty() {
            return Err(ConfigError::empty(
                "secrets",
                "add the secret of the sender",
            ));
        }
        Ok(Self(Arc::new(Settings {
            keys,
            replays: Arc::new(ReplayTable::default()),
        })))
    }

    /// Sets the store of used ids, for a service of several nodes.
    #[must_use]
    pub fn replays(self, store: impl ReplayStore + 'static) -> Self {
        Self(Arc::new(Settings {
            keys: self.0.keys.clone(),
            replays: Arc::new(store),
        }))
    }

    /// Verifies a webhook: its headers, and its whole content as received.
    ///
    /// # Errors
    ///
    /// [`MessageUnsigned`](RejectionKind::MessageUnsigned) without the three headers,
    /// [`MessageReplayed`](RejectionKind::MessageReplayed) for a delivery that was received before,
    /// [`Unavailable`](RejectionKind::Unavailable) if the store does not answer,
    /// [`MessageSignatureInvalid`](RejectionKind::MessageSignatureInvalid) in every other case.
    pub fn verify(
        &self,
        headers: &HeaderMap,
        content: &[u8],
        now: UnixTime,
    ) -> NowOrLater<'_, Result<Webhook, Rejection>> {
        let webhook = match self.0.check(headers, content, now) {
            Ok(webhook) => webhook,
            Err(kind) => return NowOrLater::now(Err(kind.into())),
        };
        let sent = webhook.sent.as_secs().to_be_bytes();
        // Senders are few and known, so the ids share the whole table. Two windows: one that is ahead may come
        // again until it is too old.
        let mark = ReplayMark::new("webhook", webhook.id.as_bytes(), &sent);
        let until = webhook.sent.saturating_add(limits::WEBHOOK_WINDOW);
        let until = UnixTime::from_secs(until.as_secs().saturating_add(1));
        let claimed = self.0.replays.claim(mark, until, now);
        claimed.map(move |claimed| match claimed {
            Ok(true) => Ok(webhook),
            Ok(false) => Err(RejectionKind::MessageReplayed.into()),
            Err(error) => Err(error.into()),
        })
    }
}

impl Settings {
    fn check(
        &self,
        headers: &HeaderMap,
        content: &[u8],
        now: UnixTime,
    ) -> Result<Webhook, RejectionKind> {
        const INVALID: RejectionKind = RejectionKind::MessageSignatureInvalid;
        let only = |name: &str| {
            let mut lines = headers.get_all(name).into_iter();
            let line = lines.next().ok_or(RejectionKind::MessageUnsigned)?;
            match (lines.next(), line.to_str()) {
                (None, Ok(text)) if text.len() <= limits::WEBHOOK_FIELD_BYTES => Ok(text),
                _ => Err(INVALID),
            }
        };
        let (id, time) = (only("webhook-id")?, only("webhook-timestamp")?);
        let signatures = only("webhook-signature")?;
        let is_digits = !time.is_empty() && time.bytes().all(|b| b.is_ascii_digit());
        let sent: u64 = time.parse().ok().filter(|_| is_digits).ok_or(INVALID)?;
        let is_recent = sent.abs_diff(now.as_secs()) <= limits::WEBHOOK_WINDOW.as_secs();
        if id.is_empty() || id.contains('.') || !is_recent {
            return Err(INVALID);
        }
        let signed = [id.as_bytes(), b".", time.as_bytes(), b".", content].concat();
        let all = signatures.split(' ');
        let all = all.filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok());
        let all: Vec<_> = all.collect();
        // One MAC for each key, however many signatures there are.
        let is_valid = self.keys.iter().any(|key| {
            let own = hmac::sign(key, &signed);
            all.iter().any(|tag| bool::from(own.as_ref().ct_eq(tag)))
        });
        match is_valid {
            true => Ok(Webhook {
                id: id.to_owned(),
                sent: UnixTime::from_secs(sent),
            }),
            false => Err(INVALID),
        }
    }
}

impl fmt::Debug for WebhookVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookVerifier")
            .field("keys", &self.0.keys.len())
            .finish_non_exhaustive()
    }
}
