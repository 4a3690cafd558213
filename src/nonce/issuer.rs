//! Nonces of one purpose and one origin.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use ring::hmac;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::nonces::Nonces;
use crate::clock::UnixTime;

/// What a nonce is for: a nonce of one purpose is none of another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Domain {
    /// DPoP proofs for a resource server.
    DpopResource,
    /// Another purpose, for tests of the separation.
    #[cfg(test)]
    KeyBinding,
}

impl Domain {
    const fn tag(self) -> &'static str {
        match self {
            Self::DpopResource => "dpop resource",
            #[cfg(test)]
            Self::KeyBinding => "key binding",
        }
    }
}

/// What a nonce is worth now. `until` is exclusive: the first second at which it is worth nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NonceStanding {
    /// It is good, and will be for a window at least.
    Current { until: UnixTime },
    /// It is good, and the client should get another one.
    Ending { until: UnixTime },
    /// It is none of ours, or has ended.
    Foreign,
}

/// Makes and compares the nonces of one purpose and one origin.
///
/// Their values are computed once for each window, and compared in constant time.
pub(crate) struct NonceIssuer {
    nonces: Nonces,
    domain: Domain,
    origin: Box<str>,
    window: ArcSwap<Window>,
}

/// Characters of a nonce: 128 bits in base64url.
const LENGTH: usize = 22;

type Text = [u8; LENGTH];

/// The values of one window.
struct Window {
    /// The number of the window since the Unix epoch.
    index: u64,
    /// By secret, the newest first: of the window before, of this one, and of the next, which a node
    /// whose clock is ahead may have sent.
    values: Vec<[Text; 3]>,
    current: HeaderValue,
}

impl NonceIssuer {
    pub(crate) fn new(nonces: Nonces, domain: Domain, origin: &str) -> Self {
        let origin = Box::from(origin);
        let window = Window::new(&nonces, domain, &origin, 0);
        Self {
            nonces,
            domain,
            origin,
            window: ArcSwap::from_pointee(window),
        }
    }

    /// Returns the nonce that clients get now.
    pub(crate) fn current(&self, now: UnixTime) -> HeaderValue {
        self.window(now).current.clone()
    }

    /// Returns what a nonce is worth now.
    pub(crate) fn check(&self, nonce: &[u8], now: UnixTime) -> NonceStanding {
        let Ok(nonce) = <&Text>::try_from(nonce) else {
            return NonceStanding::Foreign;
        };
        let window = self.window(now);
        // The number of the value that fits, counted from 1; all of them are compared.
        let mut found = 0_u8;
        let all = window.values.as_flattened();
        for (number, value) in (1_u8..).zip(all) {
            let is_equal: Choice = nonce[..].ct_eq(&value[..]);
            found = u8::conditional_select(&found, &number, is_equal);
        }
        let until = |windows: u64| {
            let secs = (window.index + windows).saturating_mul(self.nonces.window_secs());
            UnixTime::from_secs(secs)
        };
        match found {
            0 => NonceStanding::Foreign,
            1 => NonceStanding::Ending { until: until(1) },
            2 => NonceStanding::Current { until: until(2) },
            3 => NonceStanding::Current { until: until(3) },
            // Of the older secret: the client should get one of the newer.
            4 => NonceStanding::Ending { until: until(1) },
            5 => NonceStanding::Ending { until: until(2) },
            _ => NonceStanding::Ending { until: until(3) },
        }
    }

    /// Returns whether other processes have the same secret.
    pub(crate) fn is_shared(&self) -> bool {
        self.nonces.is_shared()
    }

    fn window(&self, now: UnixTime) -> Arc<Window> {
        let index = now.as_secs() / self.nonces.window_secs();
        let known = self.window.load();
        if known.index == index {
            return Arc::clone(&known);
        }
        let window = Window::new(&self.nonces, self.domain, &self.origin, index);
        let window = Arc::new(window);
        self.window.store(Arc::clone(&window));
        window
    }
}

impl Window {
    fn new(nonces: &Nonces, domain: Domain, origin: &str, index: u64) -> Self {
        let of_key = |key: &hmac::Key| {
            let indices = [index.wrapping_sub(1), index, index.wrapping_add(1)];
            indices.map(|index| value(key, domain, origin, index))
        };
        let values: Vec<_> = nonces.keys().map(of_key).collect();
        let current = values.first().map(|[_, current, _]| current);
        let current = current.and_then(|text| HeaderValue::from_bytes(text).ok());
        Self {
            index,
            current: current.unwrap_or(HeaderValue::from_static("")),
            values,
        }
    }
}

fn value(key: &hmac::Key, domain: Domain, origin: &str, index: u64) -> Text {
    let mut mac = hmac::Context::with_key(key);
    for text in ["bearergate nonce v1", domain.tag(), origin] {
        mac.update(text.as_bytes());
        mac.update(&[0]);
    }
    mac.update(&index.to_be_bytes());
    let tag = mac.sign();
    let mut text = [0; LENGTH];
    let first = tag.as_ref().get(..16).unwrap_or_default();
    // 16 bytes are 22 characters.
    let _ = URL_SAFE_NO_PAD.encode_slice(first, &mut text);
    text
}

impl fmt::Debug for NonceIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NonceIssuer")
            .field("nonces", &self.nonces)
            .field("domain", &self.domain)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}
