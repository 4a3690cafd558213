//! Opaque tokens: what their endpoint says of them (RFC 7662, RFC 9701).

mod breaker;
mod builder;
mod cache;
mod diagnose;
mod endpoint;
mod in_flight;
mod response;
mod revoke;
mod signed;

pub use builder::IntrospectionValidatorBuilder;
pub use revoke::RevocationClient;
pub use revoke::RevokeError;

use crate::client_auth::ClientAuth;

use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use ring::digest;
use ring::hmac;
use zeroize::Zeroizing;

use self::breaker::Sign;
use self::cache::Digest;
use self::cache::Found;
use self::cache::Memory;
use self::endpoint::Caller;
use self::endpoint::Post;
use self::in_flight::Landing;
use self::in_flight::Outcome;
use self::in_flight::State;
use self::in_flight::Step;
use self::response::Problem;
use self::response::Reading;
use self::signed::Signed;
use crate::clock::Clock;
use crate::clock::UnixTime;
use crate::credential::PresentedCredential;
use crate::credential::Scheme;
use crate::credential::charset;
use crate::diagnosis::Finding;
use crate::error::Rejection;
use crate::error::RejectionKind;
use crate::event::Event;
use crate::event::Observer;
use crate::http_client::HttpResponse;
use crate::http_client::Spawn;
use crate::jwt::ActiveClaims;
use crate::jwt::IntrospectionRules;
use crate::jwt::NeedsAudience;
use crate::now_or_later::NowOrLater;
use crate::principal::KeyId;
use crate::principal::Principal;
use crate::principal::TokenId;
use crate::validator::Authorities;
use crate::validator::SenderConstraint;
use crate::validator::Shape;
use crate::validator::TokenValidator;
use crate::validator::constrain;
use crate::validator::is_jwt_like;

/// Judges access tokens by asking an introspection endpoint, cheap to clone.
///
/// A token is accepted only if the endpoint says `"active": true`, its audience is this service,
/// its `token_type` is `Bearer`, and whatever else it says of the token's issuer, times, scopes
/// and binding holds as it would in a JWT. Whatever keeps the endpoint from saying so makes the
/// token [`Unavailable`](RejectionKind::Unavailable): neither accepted nor refused.
///
/// An active token is remembered for a minute or until it ends, a refused one for five seconds,
/// and all who present one token at a time share one call, which outlives them. At most 64 calls
/// are in flight. After five failures in a row the endpoint is left alone for five seconds at a
/// time; tokens that are remembered pass meanwhile.
///
/// ```
/// use std::sync::Arc;
/// use bearergate::IntrospectionValidator;
/// use bearergate::client_auth::ClientAuth;
/// use bearergate::http_client::{HttpClient, Spawn};
///
/// # fn build(client: Arc<dyn HttpClient>, spawn: Arc<dyn Spawn>)
/// #     -> Result<IntrospectionValidator, bearergate::ConfigError> {
/// let auth = ClientAuth::secret_basic("orders-api", std::fs::read("secret").unwrap_or_default())?;
/// IntrospectionValidator::builder("https://idp.example.com/introspect", auth)
///     .audience("https://api.example.com")
///     .issuer("https://idp.example.com")
///     .build(client, spawn)
/// # }
/// ```
#[derive(Clone)]
pub struct IntrospectionValidator(Arc<Inner>);

struct Inner {
    caller: Caller,
    rules: IntrospectionRules,
    signed: Option<Signed>,
    spawn: Arc<dyn Spawn>,
    clock: Arc<dyn Clock>,
    observer: Option<Arc<dyn Observer>>,
    constraint: Option<Arc<dyn SenderConstraint>>,
    memory: Memory,
    state: Mutex<State>,
    prefixes: Prefixes,
    id_key: hmac::Key,
    max_token_bytes: usize,
}

/// How the digests of one validator begin, which keeps them apart from those of all others; what
/// every token has in common is hashed once.
struct Prefixes {
    bearer: digest::Context,
    dpop: digest::Context,
}

impl Prefixes {
    fn new(instance: &[u8; 32]) -> Self {
        let begun = |scheme: &[u8; 6]| {
            let mut context = digest::Context::new(&digest::SHA256);
            // One whole block.
            context.update(b"bearergate introspection 2");
            context.update(instance);
            context.update(scheme);
            context
        };
        Self {
            bearer: begun(b"bearer"),
            dpop: begun(b"dpop\0\0"),
        }
    }

    const fn of(&self, scheme: Scheme) -> &digest::Context {
        match scheme {
            Scheme::Dpop => &self.dpop,
            _ => &self.bearer,
        }
    }
}

/// A token to ask about.
struct Question {
    token: Zeroizing<String>,
    digest: Digest,
    now: UnixTime,
}

impl IntrospectionValidator {
    /// Starts with the address of the endpoint and how this service authenticates there.
    pub fn builder(
        endpoint: &str,
        auth: ClientAuth,
    ) -> IntrospectionValidatorBuilder<NeedsAudience> {
        IntrospectionValidatorBuilder::new(endpoint, auth)
    }

    /// Forgets what is known of a token, so that the next request asks anew: for logout and
    /// revocation. A call that is in flight counts no more.
    pub fn invalidate(&self, token: &str) {
        for scheme in [Scheme::Bearer, Scheme::Dpop] {
            let digest = self.0.digest(scheme, token);
            let mut state = self.0.lock();
            state.forget(&digest);
            self.0.memory.forget(&digest);
        }
    }

    /// Forgets what is known of all tokens.
    pub fn invalidate_all(&self) {
        let mut state = self.0.lock();
        state.forget_all();
        self.0.memory.forget_all();
    }
}

impl TokenValidator for IntrospectionValidator {
    fn shapes(&self) -> &[Shape] {
        &[Shape::Opaque]
    }

    fn authorities(&self) -> Authorities {
        self.0.rules.authorities()
    }

    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        self.diagnose_with(&[])
    }

    fn diagnose_with(&self, others: &[Shape]) -> NowOrLater<'_, Vec<Finding>> {
        let takes_jwts = !others.contains(&Shape::Jwt);
        NowOrLater::later(self.0.examined(takes_jwts))
    }

    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        let (digest, now) = match self.0.begin(presented) {
            Ok(begun) => begun,
            Err(kind) => return NowOrLater::now(Err(kind.into())),
        };
        let verdict = match self.0.recall(&digest, now) {
            Some(verdict) => NowOrLater::now(verdict),
            None => NowOrLater::later(async move {
                let token = presented.credential().expose().to_owned();
                let question = Question {
                    token: Zeroizing::new(token),
                    digest,
                    now,
                };
                self.0.ask(Arc::new(question)).await
            }),
        };
        verdict.then(move |verdict| constrain(self.0.constraint.as_ref(), verdict, presented))
    }
}

impl Inner {
    /// Checks what can be checked without asking.
    fn begin(
        &self,
        presented: &PresentedCredential<'_>,
    ) -> Result<(Digest, UnixTime), RejectionKind> {
        let credential = presented.credential();
        let token = credential.expose();
        if token.len() > self.max_token_bytes {
            return Err(RejectionKind::TokenTooLarge);
        }
        if !charset::is_b64token(token.as_bytes()) {
            return Err(RejectionKind::TokenMalformed);
        }
        let now = presented.now().or_else(|| self.clock.now());
        let now = now.ok_or(RejectionKind::Unavailable)?;
        Ok((self.digest(credential.scheme(), token), now))
    }

    fn digest(&self, scheme: Scheme, token: &str) -> Digest {
        let mut context = self.prefixes.of(scheme).clone();
        context.update(&(token.len() as u64).to_be_bytes());
        context.update(token.as_bytes());
        sized(context.finish().as_ref())
    }

    /// Names a token under its authority. Of what looks like a JWT the signature does not count,
    /// because an ECDSA signature has a valid twin.
    fn token_id(&self, token: &str) -> TokenId {
        let signed = token.rsplit_once('.').filter(|_| is_jwt_like(token));
        let token = signed.map_or(token, |(signed, _)| signed);
        let authority = self.rules.authority.as_str();
        let mut context = hmac::Context::with_key(&self.id_key);
        context.update(b"bearergate opaque token id 1\0");
        context.update(&(authority.len() as u64).to_be_bytes());
        context.update(authority.as_bytes());
        context.update(token.as_bytes());
        TokenId::of_fingerprint(sized(context.sign().as_ref()))
    }

    fn recall(&self, digest: &Digest, now: UnixTime) -> Option<Result<Principal, Rejection>> {
        let counts = |key: &KeyId| self.signed.as_ref().is_some_and(|s| s.counts(key));
        let verdict = self.memory.recall(digest, now, counts)?;
        let authority = self.rules.authority.as_str();
        self.observe(&Event::CacheHit { authority });
        Some(verdict)
    }

    /// Waits for the verdict, in a few rounds at most if it is invalidated meanwhile.
    async fn ask(self: &Arc<Self>, question: Arc<Question>) -> Result<Principal, Rejection> {
        for _ in 0..ROUNDS {
            match self.step(&question)? {
                Step::Known(verdict) => return verdict,
                Step::Wait(flight) => {
                    if let Outcome::Verdict(verdict) = flight.wait().await {
                        return verdict;
                    }
                }
            }
        }
        Err(self.unavailable("the token was invalidated again and again"))
    }

    fn step(self: &Arc<Self>, question: &Arc<Question>) -> Result<Step, Rejection> {
        let mut state = self.lock();
        // Whoever was in flight a moment ago may have landed.
        if let Some(verdict) = self.recall(&question.digest, question.now) {
            return Ok(Step::Known(verdict));
        }
        if let Some(flight) = state.flight(&question.digest) {
            return Ok(Step::Wait(flight));
        }
        let abandoned = self.unavailable("the call was given up");
        let taken = state.take_off(question, abandoned);
        let (ticket, flight) = taken.map_err(|text| self.unavailable(text))?;
        let landing = Landing::new(Arc::clone(self), Arc::clone(question), ticket);
        // Whoever spawns may run the task at once.
        drop(state);
        self.spawn.spawn(NowOrLater::later(landing.fly()));
        Ok(Step::Wait(flight))
    }

    /// Asks the endpoint and judges what it says.
    async fn judge(&self, question: &Question) -> (Found, Sign) {
        let (answered, sign) = self.call(question).await;
        let read = self.read(answered, question).await;
        let (verdict, key) = match read {
            Ok((Reading::Active(document), key)) => {
                let answer = ActiveClaims {
                    document,
                    token_id: self.token_id(&question.token),
                    now: question.now,
                };
                (self.rules.validate(answer), key)
            }
            Ok((Reading::Inactive, key)) => (Err(RejectionKind::TokenInactive.into()), key),
            Err(problem) => (Err(problem.at(&self.caller.endpoint)), None),
        };
        (Found { verdict, key }, sign)
    }

    async fn call(&self, question: &Question) -> (Result<HttpResponse, Problem>, Sign) {
        let post = Post {
            token: &question.token,
            hint: "access_token",
            accept: self.media(),
            now: question.now,
        };
        self.caller.send(&post).await
    }

    async fn read(
        &self,
        answered: Result<HttpResponse, Problem>,
        question: &Question,
    ) -> Result<(Reading, Option<KeyId>), Problem> {
        let read = async {
            let response = answered?;
            let body = response::body(&response, self.media())?;
            match &self.signed {
                Some(signed) => signed.open(body, question.now).await,
                None => Ok((response::read(body)?, None)),
            }
        };
        let read = read.await;
        self.observe(&Event::Introspected {
            authority: self.rules.authority.as_str(),
            problem: read.as_ref().err().map(|problem| problem.text),
        });
        read
    }

    fn media(&self) -> &'static str {
        match self.signed {
            Some(_) => signed::MEDIA,
            None => "application/json",
        }
    }

    fn unavailable(&self, text: &'static str) -> Rejection {
        Problem::new(text).at(&self.caller.endpoint)
    }

    fn observe(&self, event: &Event<'_>) {
        if let Some(observer) = &self.observer {
            observer.observe(event);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Rounds in which a token is asked about, if it is invalidated while it is.
const ROUNDS: usize = 3;

fn sized(bytes: &[u8]) -> [u8; 32] {
    let mut sized = [0; 32];
    sized
        .iter_mut()
        .zip(bytes)
        .for_each(|(to, from)| *to = *from);
    sized
}

impl fmt::Debug for IntrospectionValidator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntrospectionValidator")
            .field("endpoint", &self.0.caller.endpoint)
            .field("auth", &self.0.caller.auth)
            .field("rules", &self.0.rules)
            .field("signed", &self.0.signed)
            .finish_non_exhaustive()
    }
}
