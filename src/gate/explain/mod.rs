//! Explanations of whole requests, for the operator.

mod denial;
mod forms;
mod origin;
mod request_explanation;
mod run;
mod text;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

pub use request_explanation::{RequestExplanation, Section};

use self::run::{Mode, Run};
use super::Gate;
use crate::now_or_later::NowOrLater;
use crate::request::RequestFacts;

impl Gate {
    /// Explains step by step why a request is admitted or refused, expected against found: for the
    /// operator, never for the client.
    ///
    /// The result is that of [`check`](Self::check) for the same request at the same time, with the
    /// same refusal, except for a proof of possession, which is good for one check, and for limits,
    /// which each question is charged at: they are not asked. Nothing is admitted by it, and nothing is counted or written: an API key or a session is
    /// not used by it. Validators and authorizers from outside this crate are called as for a
    /// request; a validator can see it in
    /// [`is_diagnosis`](crate::credential::PresentedCredential::is_diagnosis). It is slow, so do not
    /// call it for every request.
    ///
    /// It shows no credential, no header and no query; of the caller its kind and authority, and of
    /// a rejected token its issuer, audiences, type, algorithm, `kid` and times.
    ///
    /// The result is ready under the same conditions as that of `check`; otherwise it is to be
    /// awaited. Where a part has to wait, what has answered before it may be called once more.
    ///
    /// ```
    /// use bearergate::{Gate, JwtValidator, RejectionKind, require_scope};
    /// use bearergate::key::{Key, KeySet};
    ///
    /// # fn key() -> Result<Key, bearergate::ConfigError> {
    /// #     Key::from_secret(b"a test secret of thirty-two bytes".to_vec())
    /// # }
    /// let jwt = JwtValidator::builder()
    ///     .issuer("https://idp.example.com")
    ///     .audience("https://api.example.com")
    ///     .keys(KeySet::from(key()?))
    ///     .build()?;
    /// let gate = Gate::builder().validator(jwt).authorizer(require_scope("orders:read")).build()?;
    ///
    /// let request = http::Request::get("/orders").header("authorization", "Bearer 6f1ed002ab55").body(())?;
    /// let explanation = gate.explain(&request).try_now().expect("nothing has to wait");
    /// let refusal = explanation.refusal().expect("an opaque token is no JWT");
    /// assert_eq!(refusal.kind(), RejectionKind::TokenMalformed);
    /// let failed = explanation.failed().expect("the step that failed");
    /// assert_eq!(failed.found_text(), Some("an opaque text of 12 characters"));
    /// assert!(failed.hint_text().is_some_and(|hint| hint.contains("was an audience requested?")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn explain<'a>(
        &'a self,
        facts: impl Into<RequestFacts<'a>>,
    ) -> NowOrLater<'a, RequestExplanation> {
        self.explained(facts.into(), false)
    }

    /// Explains like [`explain`](Self::explain), and shows values: the subject of the caller, and
    /// what each condition of the policy read.
    ///
    /// It is for developers: the result has personal data of the caller and text of the client. Do
    /// not call it in production, and do not store what it shows.
    pub fn explain_with_values<'a>(
        &'a self,
        facts: impl Into<RequestFacts<'a>>,
    ) -> NowOrLater<'a, RequestExplanation> {
        self.explained(facts.into(), true)
    }

    fn explained<'a>(
        &'a self,
        facts: RequestFacts<'a>,
        shows_values: bool,
    ) -> NowOrLater<'a, RequestExplanation> {
        let run = move |mode| Run {
            gate: self,
            facts,
            mode,
            shows_values,
        };
        // With this mode nothing is polled that has to wait, so one poll is enough.
        let ready = pin!(run(Mode::ReadyOnly).explain());
        match ready.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(explanation)) => NowOrLater::now(explanation),
            _ => NowOrLater::later(async move {
                let waited = run(Mode::Wait).explain().await;
                waited.unwrap_or_else(|_| RequestExplanation::unfinished(&facts))
            }),
        }
    }
}
