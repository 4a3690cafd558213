//! The FAPI 2.0 Security Profile, as far as it is about a resource server.

use std::time::Duration;

use crate::binding::Binding;
use crate::binding::dpop::DpopFacts;
use crate::credential::{Place, Sources};
use crate::crypto::{Algorithm, Algorithms};
use crate::error::ConfigError;
use crate::message::MessageVerifier;
use crate::validator::{Conformance, TokenSignatures};

/// The FAPI 2.0 Security Profile (Final) for a resource server.
///
/// [`GateBuilder::fapi2`](crate::gate::GateBuilder::fapi2) compares a gate with it when the gate is
/// built, and fails with the number of the section that is not met, for example `5.3.4-5`. It changes
/// no setting: what a gate accepts is written where it is configured. The
/// [guide](crate::guide::fapi2) has a table of the sections and of what enforces each.
///
/// TLS is not compared, because a gate does not end it.
///
/// ```
/// use std::time::Duration;
/// use bearergate::{ConfigError, Gate, JwtValidator, require_scope};
/// use bearergate::binding::{Binding, Dpop};
/// use bearergate::key::KeySet;
/// use bearergate::profile::Fapi2;
/// use bearergate::request::ExternalUrl;
///
/// fn gate(keys: KeySet) -> Result<Gate, ConfigError> {
///     let dpop = Dpop::at(ExternalUrl::parse("https://api.example.com")?)
///         .algorithms(Fapi2::ALGORITHMS)
///         .refuse_older_than_start()
///         .build()?;
///     let binding = Binding::dpop(dpop).or_certificates().required().build();
///     let validator = JwtValidator::builder()
///         .issuer("https://idp.example.com")
///         .audience("https://api.example.com")
///         .keys(keys)
///         .algorithms(Fapi2::ALGORITHMS)
///         .max_lifetime(Duration::from_secs(300))
///         .sender_constraint(binding.clone())
///         .build()?;
///     Gate::builder()
///         .fapi2(Fapi2::new(binding).accept_unrevocable(Duration::from_secs(300)))
///         .validator(validator)
///         .authorizer(require_scope("accounts"))
///         .build()
/// }
/// # let _ = gate;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Fapi2 {
    binding: Binding,
    unrevocable: Option<Duration>,
    message_signing: bool,
}

/// The longest life of a token whose revocation is not noticed.
const UNREVOCABLE_MAX: Duration = Duration::from_secs(600);

/// The least and the most that clocks may differ (section 5.3.2.1-14).
const AHEAD_MIN: Duration = Duration::from_secs(10);
const AHEAD_MAX: Duration = Duration::from_secs(60);

impl Fapi2 {
    /// The signature algorithms of the profile (section 5.4.1): give them to validators, to
    /// [`DpopBuilder::algorithms`](crate::binding::DpopBuilder::algorithms) and to
    /// [`MessageVerifierBuilder::algorithms`](crate::message::MessageVerifierBuilder::algorithms).
    pub const ALGORITHMS: [Algorithm; 3] = [Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa];

    /// Starts the profile for tokens that are bound by this binding. The validators of the gate must
    /// have the same one, or clones of it.
    pub const fn new(binding: Binding) -> Self {
        Self {
            binding,
            unrevocable: None,
            message_signing: false,
        }
    }

    /// Accepts tokens whose revocation nobody notices, if they live no longer than this, at most ten
    /// minutes. A revoked token is then accepted until it expires.
    pub const fn accept_unrevocable(mut self, longest_lifetime: Duration) -> Self {
        self.unrevocable = Some(longest_lifetime);
        self
    }

    /// Requires signed answers of introspection endpoints too (FAPI 2.0 Message Signing, RFC 9701).
    pub const fn message_signing(mut self) -> Self {
        self.message_signing = true;
        self
    }

    /// Compares what holds for all validators.
    pub(crate) fn check_binding(&self) -> Result<(), ConfigError> {
        if let Some(span) = self.unrevocable
            && span > UNREVOCABLE_MAX
        {
            let range = Duration::ZERO..=UNREVOCABLE_MAX;
            return Err(ConfigError::out_of_range("accept_unrevocable", span, range));
        }
        if !self.binding.is_required() {
            return Err(row(
                "5.3.4-5",
                "a binding that refuses tokens which are bound to nothing, found one that accepts \
                 them; call `BindingBuilder::required`",
            ));
        }
        match self.binding.dpop_facts() {
            Some(facts) => check_dpop(&facts),
            None => Ok(()),
        }
    }

    /// Compares where credentials are read.
    pub(crate) fn check_sources(sources: &Sources) -> Result<(), ConfigError> {
        let mut places = sources.places();
        match places.find(|place| **place != Place::AuthorizationHeader) {
            None => Ok(()),
            Some(Place::Query(_)) => Err(row(
                "5.3.4-2",
                "no access token in the query, found a source that reads one; remove it from the \
                 `Sources`",
            )),
            Some(_) => Err(row(
                "5.3.4-1",
                "access tokens in the header `Authorization` alone, found another source; remove it \
                 from the `Sources`",
            )),
        }
    }

    /// Compares what a validator of this type says of itself.
    pub(crate) fn check_validator(
        &self,
        name: &str,
        conformance: &Conformance,
        has_revocations: bool,
    ) -> Result<(), ConfigError> {
        let fail = |section, text: &str| Err(row(section, &format!("{text} (`{name}`)")));
        if !conformance.is_constrained_by(&self.binding) {
            return fail(
                "5.3.4-5",
                "a validator with the binding of the profile, found another constraint or none; give \
                 it a clone by `sender_constraint`",
            );
        }
        if !conformance.has_audience() {
            return fail(
                "5.3.4-3",
                "a validator of tokens for this service, found one that accepts every audience; set \
                 `audience` of its builder",
            );
        }
        match conformance.signatures() {
            TokenSignatures::None => {}
            TokenSignatures::Only(algorithms) if are_of_profile(algorithms) => {}
            TokenSignatures::Only(algorithms) => return Err(algorithms_of(name, Some(algorithms))),
            TokenSignatures::Any => return Err(algorithms_of(name, None)),
        }
        let is_signed = conformance.signatures() != TokenSignatures::None;
        let has_good = match conformance.leeways() {
            Some(all) => are_ahead((*all.start()).into()) && are_ahead((*all.end()).into()),
            None => !is_signed,
        };
        if !has_good {
            return fail(
                "5.3.2.1-14",
                "a leeway of 10 s to 60 s, found another or none; set `leeway` of its builder",
            );
        }
        let is_short = |limit| conformance.lifetime().is_some_and(|span| span <= limit);
        let is_revocable = has_revocations || conformance.can_see_revocation();
        if !is_revocable && !self.unrevocable.is_some_and(is_short) {
            return fail(
                "5.3.4-3",
                "a validator that notices revocations, found one that does not; add a list by \
                 `GateBuilder::revocations`, or use introspection, or call `accept_unrevocable` and \
                 set `max_lifetime` of the validator to no more",
            );
        }
        let has_answers = conformance.can_see_revocation();
        if self.message_signing && has_answers && !conformance.has_signed_answers() {
            return fail(
                "Message Signing 5.5",
                "signed answers about tokens, found unsigned ones; call `signed` of its builder",
            );
        }
        Ok(())
    }

    /// Compares the verifier of signed requests.
    pub(crate) fn check_messages(messages: &MessageVerifier) -> Result<(), ConfigError> {
        match messages.algorithms() {
            Some(algorithms) if are_of_profile(algorithms) => Ok(()),
            other => Err(algorithms_of("MessageVerifier", other)),
        }
    }

    /// Refuses a gate that allows every caller everything.
    pub(crate) fn open_to_all() -> ConfigError {
        row(
            "5.3.4-4",
            "an authorizer, found `allow_any_authenticated`; set `authorizer`",
        )
    }
}

fn check_dpop(facts: &DpopFacts) -> Result<(), ConfigError> {
    if !are_of_profile(facts.algorithms) {
        return Err(algorithms_of("Dpop", Some(facts.algorithms)));
    }
    if !are_ahead(facts.future) {
        return Err(row(
            "5.3.2.1-14",
            "proofs of up to 10 s to 60 s ahead, found another limit; set `DpopBuilder::window`",
        ));
    }
    if !facts.remembers_proofs {
        return Err(row(
            "5.3.4-5",
            "proofs that are accepted once, found `allow_replay`; remove it",
        ));
    }
    if !facts.survives_restart {
        return Err(row(
            "5.3.4-5",
            "proofs that a restart does not make usable again, found a check that accepts proofs of \
             before its start; call `DpopBuilder::refuse_older_than_start`, or set nonces of this process",
        ));
    }
    Ok(())
}

fn are_of_profile(algorithms: Algorithms) -> bool {
    let profile = Algorithms::from_iter(Fapi2::ALGORITHMS);
    !algorithms.is_empty() && algorithms.difference(profile).is_empty()
}

/// Names the algorithms that the profile does not have; `None` if nothing limits them.
fn algorithms_of(name: &str, found: Option<Algorithms>) -> ConfigError {
    let others = found.map(|found| {
        let others = found.difference(Algorithms::from_iter(Fapi2::ALGORITHMS));
        let names = others.iter().map(|own| format!("`{own}`"));
        match names.collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => "none".to_owned(),
            names => names,
        }
    });
    let text = format!(
        "the signature algorithms `PS256`, `ES256` and `EdDSA` only, found {}; give \
         `Fapi2::ALGORITHMS` to `algorithms` of its builder (`{name}`)",
        others.as_deref().unwrap_or("that nothing limits them")
    );
    row("5.4.1-1", &text)
}

fn are_ahead(span: Duration) -> bool {
    (AHEAD_MIN..=AHEAD_MAX).contains(&span)
}

fn row(section: &str, text: &str) -> ConfigError {
    let detail = format!("FAPI 2.0 section {section}: expected {text}");
    ConfigError::conflict("fapi2", detail)
}
