//! Tokens for the forms of pages, bound to the browser that a page is for.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use subtle::ConstantTimeEq;

use super::base64url;
use crate::clock::{Clock, SystemClock, UnixTime};
use crate::error::{ConfigError, ConfigErrorKind, Rejection, RejectionKind};
use crate::secret::Secret;

/// Issues and checks tokens for forms, so that only a page of this service can have sent a form.
///
/// The [`CrossSiteCheck`](crate::credential::CrossSiteCheck) is enough for current browsers. A token
/// helps in addition where a page must work without `Sec-Fetch-Site` and `Origin`, or where pages of
/// one origin must not submit each other's forms.
///
/// A token is bound to a value that only the browser of this user sends: the handle of its session,
/// or before a login a random value ([`browser_value`](Self::browser_value)) in a `__Host-` cookie.
/// (A sibling domain can set a cookie of
/// another name, and with it its own value.) It is HMAC-SHA-256 over its expiry, a random value
/// and the binding; nothing is stored, so until it expires it can be used more than once. Cheap to
/// clone.
///
/// ```
/// use bearergate::credential::{CrossSiteCheck, FormTokens};
/// use bearergate::secret::Secret;
/// use http::request::Parts;
///
/// struct Login {
///     site: CrossSiteCheck,
///     forms: FormTokens,
/// }
///
/// impl Login {
///     /// `browser` is the value of the cookie `__Host-browser`, set at the first visit.
///     fn page(&self, browser: &str) -> Result<String, bearergate::Rejection> {
///         let token = self.forms.issue(browser)?;
///         Ok(format!(r#"<input type="hidden" name="form_token" value="{token}">"#))
///     }
///
///     fn post(&self, parts: &Parts, browser: &str, token: &str) -> Result<(), bearergate::Rejection> {
///         self.site.check(parts)?;
///         self.forms.check(browser, token)
///         // Then check the password.
///     }
/// }
///
/// # let random = vec![7; 32];
/// let login = Login { site: CrossSiteCheck::default(), forms: FormTokens::new(&Secret::new(random))? };
/// let token = login.forms.issue("browser-1")?;
/// assert!(login.forms.check("browser-1", &token).is_ok());
/// assert!(login.forms.check("browser-2", &token).is_err());
/// # let _ = (Login::page, Login::post);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct FormTokens {
    key: hmac::Key,
    clock: Arc<dyn Clock>,
    lifetime: Duration,
}

impl FormTokens {
    /// Makes tokens with this secret, of at least 32 random bytes. All processes of a service need
    /// the same one; with another one every form that is open is refused.
    ///
    /// # Errors
    ///
    /// [`KeyWeak`](ConfigErrorKind::KeyWeak) if the secret is shorter.
    pub fn new(secret: &Secret) -> Result<Self, ConfigError> {
        let len = secret.expose().len();
        if len < SECRET_BYTES_MIN {
            let detail = format!("the secret has {len} bytes; use at least 32 random bytes");
            return Err(ConfigError::new(ConfigErrorKind::KeyWeak, "secret", detail));
        }
        // The same secret may have another use: its key is not the key of this one.
        let root = hmac::Key::new(hmac::HMAC_SHA256, secret.expose());
        let derived = hmac::sign(&root, DOMAIN);
        Ok(Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()),
            clock: Arc::new(SystemClock),
            lifetime: LIFETIME,
        })
    }

    /// Sets how long a token is valid, in whole seconds: one hour by default, at most a day. A form
    /// that is sent later is refused.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](ConfigErrorKind::OutOfRange) for less than a second or more than a day.
    pub fn lifetime(mut self, lifetime: Duration) -> Result<Self, ConfigError> {
        let range = Duration::from_secs(1)..=LIFETIME_MAX;
        if !range.contains(&lifetime) {
            return Err(ConfigError::out_of_range("lifetime", lifetime, range));
        }
        self.lifetime = lifetime;
        Ok(self)
    }

    /// Sets the clock, by default the system's. While it has no time, nothing is issued or accepted
    /// ([`Unavailable`](RejectionKind::Unavailable)).
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Makes a random value for the cookie of a browser that has none yet: what its form tokens are
    /// bound to before a login, or the `state` of a redirect to an identity provider. It has 43
    /// characters of base64url, which need no escape in a cookie, in HTML or in a URL.
    ///
    /// ```
    /// use bearergate::credential::FormTokens;
    ///
    /// let browser = FormTokens::browser_value()?;
    /// let cookie = format!("__Host-browser={browser}; Path=/; Secure; HttpOnly; SameSite=Lax");
    /// # assert_eq!(browser.len(), 43);
    /// # let _ = cookie;
    /// # Ok::<(), bearergate::Rejection>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unavailable`](RejectionKind::Unavailable) if the random source fails.
    pub fn browser_value() -> Result<String, Rejection> {
        let mut bytes = [0; 32];
        let filled = SystemRandom::new().fill(&mut bytes);
        filled.map_err(|_| RejectionKind::Unavailable)?;
        Ok(base64url::encode(bytes))
    }

    /// Issues a token for the browser that sends `binding`. It has only characters of base64url, so
    /// it needs no escape in HTML.
    ///
    /// # Errors
    ///
    /// [`CrossSiteRefused`](RejectionKind::CrossSiteRefused) for a binding that is empty or over
    /// 4096 bytes long, because every browser would share it or nothing would be accepted;
    /// [`Unavailable`](RejectionKind::Unavailable) if the clock or the random source fails.
    pub fn issue(&self, binding: &str) -> Result<String, Rejection> {
        let now = self.clock.now().ok_or(RejectionKind::Unavailable)?;
        let mut nonce = [0; NONCE_BYTES];
        let filled = SystemRandom::new().fill(&mut nonce);
        filled.map_err(|_| RejectionKind::Unavailable)?;
        let expiry = now.saturating_add(self.lifetime).as_secs().to_be_bytes();
        let tag = self.tag(expiry, nonce, binding)?;
        Ok(base64url::encode(
            [&expiry[..], &nonce, tag.as_ref()].concat(),
        ))
    }

    /// Succeeds only if the token was issued with this secret for this binding and has not expired.
    /// Both are untrusted.
    ///
    /// # Errors
    ///
    /// [`CrossSiteRefused`](RejectionKind::CrossSiteRefused), whose source says why;
    /// [`Unavailable`](RejectionKind::Unavailable) if the clock fails.
    pub fn check(&self, binding: &str, token: &str) -> Result<(), Rejection> {
        let now = self.clock.now().ok_or(RejectionKind::Unavailable)?;
        let mut bytes = [0; TOKEN_BYTES];
        let len = match token.len() == TOKEN_CHARS {
            true => base64url::decode_into(token.as_bytes(), &mut bytes),
            false => None,
        };
        let (Some(TOKEN_BYTES), Some((expiry, rest))) = (len, bytes.split_first_chunk()) else {
            return Err(Fault::Malformed.into());
        };
        let Some((nonce, found)) = rest.split_first_chunk() else {
            return Err(Fault::Malformed.into());
        };
        let expected = self.tag(*expiry, *nonce, binding)?;
        if !bool::from(expected.as_ref().ct_eq(found)) {
            return Err(Fault::Other.into());
        }
        let expiry = UnixTime::from_secs(u64::from_be_bytes(*expiry));
        // One that is valid for longer was issued with another lifetime, or before the clock was
        // set back.
        if expiry <= now || expiry > now.saturating_add(self.lifetime) {
            return Err(Fault::Expired.into());
        }
        Ok(())
    }

    fn tag(
        &self,
        expiry: [u8; EXPIRY_BYTES],
        nonce: [u8; NONCE_BYTES],
        binding: &str,
    ) -> Result<hmac::Tag, Fault> {
        if !(1..=BINDING_BYTES).contains(&binding.len()) {
            return Err(Fault::Binding);
        }
        // Only the last part has no fixed length, so no two inputs are the same bytes.
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&expiry);
        context.update(&nonce);
        context.update(binding.as_bytes());
        Ok(context.sign())
    }
}

const DOMAIN: &[u8] = b"bearergate form token";
/// Shortest secret. Source: RFC 2104 section 3 recommends the length of the hash.
const SECRET_BYTES_MIN: usize = 32;
/// By default a page may stay open for so long before its form is sent.
const LIFETIME: Duration = Duration::from_secs(60 * 60);
const LIFETIME_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// Longest value that a token is bound to.
const BINDING_BYTES: usize = 4096;
const EXPIRY_BYTES: usize = 8;
/// Makes each token another one, so that a compressed page does not reveal it bit by bit.
const NONCE_BYTES: usize = 16;
const TOKEN_BYTES: usize = EXPIRY_BYTES + NONCE_BYTES + 32;
const TOKEN_CHARS: usize = TOKEN_BYTES.div_ceil(3) * 4 - 1;

/// Why a form token is not accepted, for the operator.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
enum Fault {
    #[error("the value that the form token is bound to is empty or too long")]
    Binding,
    #[error("the form token is expired")]
    Expired,
    #[error("the form token is malformed")]
    Malformed,
    #[error("the form token was made for another browser or with another secret")]
    Other,
}

impl From<Fault> for Rejection {
    fn from(fault: Fault) -> Self {
        Self::new(RejectionKind::CrossSiteRefused).with_source(fault)
    }
}

impl fmt::Debug for FormTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FormTokens")
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;
    use crate::clock::FakeClock;

    const NOW: u64 = 1_700_000_000;

    fn clock() -> FakeClock {
        FakeClock::at(UnixTime::from_secs(NOW))
    }

    fn tokens(byte: u8, clock: &FakeClock) -> FormTokens {
        let tokens = FormTokens::new(&Secret::new(vec![byte; 32])).unwrap();
        tokens.clock(clock.clone())
    }

    fn fault(result: Result<(), Rejection>) -> Option<Fault> {
        let rejection = result.err()?;
        assert_eq!(rejection.kind(), RejectionKind::CrossSiteRefused);
        rejection.source()?.downcast_ref().copied()
    }

    #[test]
    fn token_is_accepted_from_the_browser_it_was_issued_for() {
        let clock = clock();
        let forms = tokens(1, &clock);
        let token = forms.issue("browser-1").unwrap();
        assert_eq!(token.len(), TOKEN_CHARS);
        assert_eq!(fault(forms.check("browser-1", &token)), None);
        assert_eq!(fault(tokens(1, &clock).check("browser-1", &token)), None);
        assert_ne!(forms.issue("browser-1").unwrap(), token);
    }

    #[test]
    fn token_of_another_browser_or_secret_is_refused() {
        let clock = clock();
        let token = tokens(1, &clock).issue("browser-1").unwrap();
        for binding in ["browser-2", "browser-", "browser-1 ", "Browser-1"] {
            assert_eq!(
                fault(tokens(1, &clock).check(binding, &token)),
                Some(Fault::Other)
            );
        }
        assert_eq!(
            fault(tokens(2, &clock).check("browser-1", &token)),
            Some(Fault::Other)
        );
    }

    #[test]
    fn token_expires_with_its_lifetime() {
        let clock = clock();
        let forms = tokens(1, &clock).lifetime(Duration::from_secs(60)).unwrap();
        let token = forms.issue("b").unwrap();
        clock.advance(Duration::from_secs(59));
        assert_eq!(fault(forms.check("b", &token)), None);
        clock.advance(Duration::from_secs(1));
        assert_eq!(fault(forms.check("b", &token)), Some(Fault::Expired));
    }

    #[test]
    fn token_that_is_valid_for_longer_than_configured_is_refused() {
        let clock = clock();
        let token = tokens(1, &clock).issue("b").unwrap();
        let shorter = tokens(1, &clock).lifetime(Duration::from_secs(3_599));
        assert_eq!(
            fault(shorter.unwrap().check("b", &token)),
            Some(Fault::Expired)
        );
    }

    #[test]
    fn every_changed_character_is_refused() {
        let forms = tokens(1, &clock());
        let token = forms.issue("b").unwrap();
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(fault(forms.check("b", &changed)).is_some(), "{at}");
        }
        let (longer, padded) = (format!("{token}A"), format!("{token}="));
        let (_, shorter) = token.split_at(1);
        for malformed in ["", "A", shorter, &longer, &padded, "\u{e4}"] {
            assert_eq!(fault(forms.check("b", malformed)), Some(Fault::Malformed));
        }
    }

    #[test]
    fn each_browser_value_is_another_one_and_binds_a_token() {
        let [one, two] = [(); 2].map(|()| FormTokens::browser_value().unwrap());
        assert_ne!(one, two);
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        assert!(one.len() == 43 && one.bytes().all(is_plain));
        let forms = tokens(1, &clock());
        let token = forms.issue(&one).unwrap();
        assert_eq!(fault(forms.check(&one, &token)), None);
        assert_eq!(fault(forms.check(&two, &token)), Some(Fault::Other));
    }

    #[test]
    fn empty_or_endless_binding_is_refused() {
        let forms = tokens(1, &clock());
        let token = forms.issue("b").unwrap();
        let long = "b".repeat(BINDING_BYTES);
        assert!(forms.issue(&long).is_ok());
        for binding in ["", &format!("{long}b")] {
            assert_eq!(fault(forms.issue(binding).map(drop)), Some(Fault::Binding));
            assert_eq!(fault(forms.check(binding, &token)), Some(Fault::Binding));
        }
    }

    #[test]
    fn nothing_is_decided_without_a_time() {
        let clock = clock();
        let forms = tokens(1, &clock);
        let token = forms.issue("b").unwrap();
        clock.stop();
        let kinds = [forms.issue("b").map(drop), forms.check("b", &token)];
        for result in kinds {
            assert_eq!(result.unwrap_err().kind(), RejectionKind::Unavailable);
        }
    }

    #[test]
    fn secret_and_lifetime_are_bounded() {
        let error = FormTokens::new(&Secret::new(vec![1; 31])).unwrap_err();
        assert_eq!(
            (error.kind(), error.field()),
            (ConfigErrorKind::KeyWeak, "secret")
        );
        let day = LIFETIME_MAX;
        let of = |lifetime| tokens(1, &clock()).lifetime(lifetime).map(drop);
        assert!(of(Duration::from_secs(1)).is_ok() && of(day).is_ok());
        for bad in [Duration::from_millis(999), day + Duration::from_secs(1)] {
            assert_eq!(of(bad).unwrap_err().kind(), ConfigErrorKind::OutOfRange);
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", tokens(1, &clock()));
        assert_eq!(shown, "FormTokens { lifetime: 3600s, .. }");
    }
}
