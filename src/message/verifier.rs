//! The verifier of signed requests.

use std::fmt;
use std::sync::Arc;

use http::{HeaderValue, Method, header};
use ring::digest;

use super::base::{Message, Target, base};
use super::digest::ContentCheck;
use super::input::{NoInput, SignatureInput, find};
use super::keys::{own_algorithm, registered_name};
use super::settings::Settings;
use super::signed::Signed;
use super::structured::push_string;
use crate::clock::UnixTime;
use crate::crypto::Algorithms;
use crate::error::{Rejection, RejectionKind};
use crate::key::Key;
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::principal::{KeyId, Principal};
use crate::replay::ReplayMark;
use crate::request::{Content, RequestFacts};

/// Checks that a request is the one that its client has signed (RFC 9421). Cheap to clone.
///
/// A request passes only if it has exactly one signature with the tag, which covers every required
/// component, is recent, and is valid under the key that it names; if its content is the one of
/// `Content-Digest`; and if it was not received before. What is signed is compared with the configured
/// address, never with `Host`.
///
/// A signature by itself authenticates nobody: the caller is that of the token, and the keys decide
/// whose signatures they take.
#[derive(Clone)]
pub struct MessageVerifier(Arc<Settings>);

impl MessageVerifier {
    pub(super) fn new(settings: Settings) -> Self {
        Self(Arc::new(settings))
    }

    /// Returns the algorithms of signatures, or `None` if the keys decide.
    pub(crate) fn algorithms(&self) -> Option<Algorithms> {
        self.0.algorithms
    }

    /// Returns the value of `Accept-Signature`, which says what a client has to sign (RFC 9421 section
    /// 5.1).
    pub fn accept_signature(&self) -> HeaderValue {
        let mut text = "sig1=(".to_owned();
        for (number, component) in self.0.covered.iter().enumerate() {
            if number > 0 {
                text.push(' ');
            }
            component.0.push(&mut text);
        }
        text.push_str(");created");
        if self.0.needs_nonce {
            text.push_str(";nonce");
        }
        if let Some(tag) = &self.0.tag {
            text.push_str(";tag=");
            push_string(tag, &mut text);
        }
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("sig1=()"))
    }

    /// Verifies the signature of a request. A gate that was built with
    /// [`signed_requests`](crate::gate::GateBuilder::signed_requests) calls it.
    ///
    /// # Errors
    ///
    /// [`MessageUnsigned`](RejectionKind::MessageUnsigned) without a signature with the tag,
    /// [`MessageReplayed`](RejectionKind::MessageReplayed) for a request that was received before,
    /// [`Unavailable`](RejectionKind::Unavailable) if keys or store do not answer,
    /// [`MessageSignatureInvalid`](RejectionKind::MessageSignatureInvalid) in every other case.
    pub fn verify<'a>(
        &'a self,
        facts: RequestFacts<'a>,
        caller: Option<&Principal>,
        now: UnixTime,
    ) -> NowOrLater<'a, Result<Signed, Rejection>> {
        let input = match self.read(&facts, now) {
            Ok(input) => input,
            Err(rejection) => return NowOrLater::now(Err(rejection)),
        };
        let content = match self.check_content(&input, &facts) {
            Ok(content) => content,
            Err(rejection) => return NowOrLater::now(Err(rejection)),
        };
        let key = self.0.keys.find(input.keyid.as_deref(), caller);
        key.then(move |key| {
            let verified =
                key.and_then(|key| Ok((self.check_signature(&input, &key, facts)?, key.id())));
            let (base, key) = match verified {
                Ok(verified) => verified,
                Err(rejection) => return NowOrLater::now(Err(rejection)),
            };
            let is_kept = self.0.replays.is_some();
            let mark = is_kept.then(|| mark(&input, &base, &key, facts.method()));
            let mark = mark.flatten();
            self.claim(&input, mark, content, now)
        })
    }

    /// Reads the signature with the tag, and checks its times and what it covers.
    fn read<'h>(
        &self,
        facts: &RequestFacts<'h>,
        now: UnixTime,
    ) -> Result<SignatureInput<'h>, Rejection> {
        let settings = &*self.0;
        let input =
            find(facts.headers(), settings.tag.as_deref()).map_err(|fault| match fault {
                NoInput::Absent => unsigned(settings.tag.as_deref()),
                NoInput::Malformed(detail) => invalid(detail),
            })?;
        settings.check_times(&input, now)?;
        let mut missing = settings
            .covered
            .iter()
            .filter(|own| !input.covers_component(&own.0));
        if let Some(missing) = missing.next() {
            return Err(uncovered(missing.name()));
        }
        let has_proof = settings.covers_proof && facts.headers().contains_key("dpop");
        if has_proof && !input.covers("dpop") {
            return Err(uncovered("dpop"));
        }
        if settings.needs_nonce && input.nonce.is_none() {
            return Err(invalid(
                "expected a `nonce`, found none; let the client add one",
            ));
        }
        Ok(input)
    }

    /// Checks the content, or returns what checks it later.
    fn check_content(
        &self,
        input: &SignatureInput<'_>,
        facts: &RequestFacts<'_>,
    ) -> Result<Option<ContentCheck>, Rejection> {
        let content = facts.content();
        let is_covered = input.covers_digest();
        if !is_covered {
            return match has_content(facts) && self.0.covers_content {
                true => Err(uncovered("content-digest")),
                false => Ok(None),
            };
        }
        let check = ContentCheck::read(facts.headers());
        let mut check = check.ok_or_else(|| {
            invalid("expected a digest by `sha-256` or `sha-512`, found another or none; let the client set \
                 `Content-Digest`")
        })?;
        match content {
            Content::Later => return Ok(Some(check)),
            Content::Whole(bytes) => check.update(bytes),
            Content::Unknown if has_content(facts) => {
                return Err(invalid(
                    "expected the content of the request, found none; pass it with \
                     `RequestFacts::with_content`",
                ));
            }
            Content::Unknown | Content::None => {}
        }
        check.finish().map(|()| None)
    }

    /// Verifies the signature, and returns what is signed.
    fn check_signature(
        &self,
        input: &SignatureInput<'_>,
        key: &Key,
        facts: RequestFacts<'_>,
    ) -> Result<String, Rejection> {
        let algorithm = own_algorithm(key);
        let algorithm = algorithm.ok_or_else(|| invalid("expected a key of one algorithm"))?;
        if self
            .0
            .algorithms
            .is_some_and(|allowed| !allowed.contains(algorithm))
        {
            return Err(invalid(format!(
                "expected an accepted algorithm, found `{algorithm}`; give the client another key, or \
                 set `algorithms`"
            )));
        }
        // The key owns the algorithm; the message may only name the same one.
        if let Some(alg) = &input.alg
            && registered_name(algorithm) != Some(alg)
        {
            return Err(invalid(
                "expected the algorithm of the key as `alg`, found another; let the client leave `alg` out",
            ));
        }
        let target = Target {
            facts,
            url: &self.0.url,
        };
        let base = base(Message::Request(target), &input.components, input.text);
        let base = base.ok_or_else(|| {
            invalid("expected every covered component in the message, found one that is not; let the client \
             sign what it sends")
        })?;
        match key.verify(algorithm, base.as_bytes(), &input.signature) {
            true => Ok(base),
            false => Err(invalid(
                "expected a signature by the named key over what has arrived, found another; compare what \
                 the client signs with the configured address, and what a proxy changes",
            )),
        }
    }

    /// Claims the request, which only the first of its kind can.
    fn claim(
        &self,
        input: &SignatureInput<'_>,
        mark: Option<ReplayMark>,
        content: Option<ContentCheck>,
        now: UnixTime,
    ) -> NowOrLater<'_, Result<Signed, Rejection>> {
        let created = input.created.and_then(|own| u64::try_from(own).ok());
        let until = created
            .unwrap_or(now.as_secs())
            .saturating_add(self.0.max_age + 1);
        let created = created.map(UnixTime::from_secs);
        let signed = Signed::new(input, created, content);
        let (Some(mark), Some(store)) = (mark, &self.0.replays) else {
            return NowOrLater::now(Ok(signed));
        };
        let claimed = store.claim(mark, UnixTime::from_secs(until), now);
        claimed.map(move |claimed| match claimed {
            Ok(true) => Ok(signed),
            Ok(false) => Err(replayed()),
            Err(error) => Err(error.into()),
        })
    }
}

impl Settings {
    fn check_times(&self, input: &SignatureInput<'_>, now: UnixTime) -> Result<(), Rejection> {
        let now = now.as_secs();
        let created = input.created.and_then(|own| u64::try_from(own).ok());
        let Some(created) = created else {
            return Err(invalid(
                "expected `created` as an integer, found another value or none; let the client set it",
            ));
        };
        let future = limits::PROOF_FUTURE.as_secs();
        if created > now.saturating_add(future) || now > created.saturating_add(self.max_age) {
            return Err(invalid(format!(
                "expected a recent time as `created`, found {created} at {now}; set the clock of the \
                 client, and let it sign when it sends"
            )));
        }
        match input.expires {
            None => Ok(()),
            Some(expires) if u64::try_from(expires).is_ok_and(|own| own > now && own > created) => {
                Ok(())
            }
            Some(_) => Err(invalid(
                "expected `expires` ahead of now, found another time; set the clock of the client",
            )),
        }
    }
}

/// Returns what a request is remembered by, or `None` for one that need not be.
///
/// Signature bytes are never part of it: of one ECDSA signature anybody can make a second valid one. A
/// covered proof does not replace the mark: a sender constraint may accept proofs again.
fn mark(
    input: &SignatureInput<'_>,
    base: &str,
    key: &KeyId,
    method: &Method,
) -> Option<ReplayMark> {
    let key = key.as_bytes();
    match &input.nonce {
        Some(nonce) => Some(ReplayMark::new("message nonce", key, nonce.as_bytes())),
        None if is_safe(method) => None,
        None => {
            let hash = digest::digest(&digest::SHA256, base.as_bytes());
            Some(ReplayMark::new("message", key, hash.as_ref()))
        }
    }
}

/// Returns whether a request has content, or may have.
fn has_content(facts: &RequestFacts<'_>) -> bool {
    let headers = facts.headers();
    let length = headers.get(header::CONTENT_LENGTH);
    let is_chunked = headers.contains_key(header::TRANSFER_ENCODING);
    let is_empty = length.is_some_and(|length| length.as_bytes() == b"0") && !is_chunked;
    match facts.content() {
        Content::None => false,
        Content::Whole(bytes) => !bytes.is_empty(),
        Content::Later => !is_empty,
        Content::Unknown => {
            let is_announced = length.is_some() || is_chunked;
            !is_empty && (is_announced || !is_safe(facts.method()))
        }
    }
}

/// Returns whether a method only reads (RFC 9110 section 9.2.1).
fn is_safe(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE].contains(method)
}

#[cold]
fn unsigned(tag: Option<&str>) -> Rejection {
    let tag = tag.map(|tag| format!(" with the tag `{tag}`"));
    let detail = format!(
        "expected a signature{}, found none; let the client sign as `Accept-Signature` says",
        tag.unwrap_or_default()
    );
    Rejection::new(RejectionKind::MessageUnsigned).with_source(detail)
}

#[cold]
fn uncovered(name: &str) -> Rejection {
    invalid(format!(
        "expected `{name}` to be covered, found that it is not; let the client sign as \
         `Accept-Signature` says"
    ))
}

#[cold]
fn replayed() -> Rejection {
    let detail = "expected a request that was not received before, found one that was; let the client \
                  sign each request with another `nonce`";
    Rejection::new(RejectionKind::MessageReplayed).with_source(detail)
}

#[cold]
fn invalid(detail: impl Into<String>) -> Rejection {
    Rejection::new(RejectionKind::MessageSignatureInvalid).with_source(detail.into())
}

impl fmt::Debug for MessageVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageVerifier")
            .field("url", &self.0.url)
            .field("tag", &self.0.tag)
            .field("covered", &self.0.covered)
            .finish_non_exhaustive()
    }
}
