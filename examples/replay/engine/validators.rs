//! Validators, and the verdicts of cases.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bearergate::clock::{Clock, Leeway};
use bearergate::credential::PresentedCredential;
use bearergate::crypto::{Algorithm, Algorithms};
use bearergate::diagnosis::Explanation;
use bearergate::error::ConfigErrorKind;
use bearergate::jwt::{JwtValidatorBuilder, Ready};
use bearergate::key::{Key, KeySet};
use bearergate::{ConfigError, JwtValidator, NowOrLater, Rejection, RejectionKind, TokenValidator};

use super::answer::Verdict;
use super::cache::Cache;
use super::case::{AccessMark, Case, Config, Credential, KeySource, Names};

/// Keys and validators, made once for each text that describes them.
pub(super) struct Validators {
    clock: Arc<dyn Clock>,
    keys: Cache<Result<KeySet, ConfigError>>,
    validators: Cache<Result<JwtValidator, ConfigError>>,
}

impl Validators {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            keys: Cache::new(),
            validators: Cache::new(),
        }
    }

    /// Validates the token of a case, and explains the result if the case asks for it.
    pub(super) fn answer(&mut self, case: &Case<'_>) -> (Verdict, Option<Explanation>) {
        let validator = match self.validator(&case.config) {
            Ok(validator) => validator,
            Err(error) => return (Verdict::ConfigError(error.clone()), None),
        };
        let presented = match presented(case) {
            Ok(presented) => presented,
            Err(rejection) => return (Verdict::Refuse(rejection), None),
        };
        // With keys in memory the results are always ready.
        let validated = NowOrLater::try_now(validator.validate(&presented));
        let verdict = match validated {
            Ok(Ok(principal)) => Verdict::Accept {
                principal,
                with_client: case.config.client_from.is_some(),
            },
            Ok(Err(rejection)) => Verdict::Refuse(rejection),
            Err(_) => Verdict::Refuse(RejectionKind::Unavailable.into()),
        };
        let explanation = case.with_steps.then(|| validator.explain(&presented));
        let explanation = explanation.and_then(|explained| explained.try_now().ok());
        (verdict, explanation)
    }

    fn validator(&mut self, config: &Config<'_>) -> Result<&JwtValidator, &ConfigError> {
        let keys = keys_text(&config.keys);
        let text = format!("{}\0{keys}", config.text);
        let Self {
            clock,
            keys: sets,
            validators,
        } = self;
        let make = || {
            let set = sets.entry(keys, || import(&config.keys)).clone()?;
            build(config, set, Arc::clone(clock))
        };
        validators.entry(text, make).as_ref()
    }
}

fn presented<'c>(case: &'c Case<'_>) -> Result<PresentedCredential<'c>, Rejection> {
    let presented = match &case.credential {
        Credential::Authorization(value) => PresentedCredential::authorization(value)?,
        Credential::Token(token) => PresentedCredential::token(token),
    };
    Ok(match case.now {
        Some(now) => presented.at(now),
        None => presented,
    })
}

fn keys_text(keys: &KeySource<'_>) -> String {
    format!("{}\0{}", keys.form, keys.text)
}

fn import(keys: &KeySource<'_>) -> Result<KeySet, ConfigError> {
    let text = keys.text.as_ref();
    match keys.form {
        "jwks" => KeySet::from_jwks(text),
        "jwk" => Key::from_jwk(text).map(KeySet::from),
        "secret" => Key::from_base64url_secret(text).map(KeySet::from),
        _ => Key::from_pem(text).map(KeySet::from),
    }
}

fn build(
    config: &Config<'_>,
    keys: KeySet,
    clock: Arc<dyn Clock>,
) -> Result<JwtValidator, ConfigError> {
    let builder = JwtValidator::builder();
    let builder = match &config.issuer {
        Some(issuers) => builder.issuers(owned(issuers)),
        None => builder.any_issuer(),
    };
    let builder = match &config.audience {
        Some(audiences) => builder.audiences(owned(audiences)),
        None => builder.any_audience(),
    };
    let mut builder = builder.keys(keys).clock(clock);
    if let Some(names) = &config.algorithms {
        builder = builder.algorithms(algorithms(names)?);
    }
    builder = with_types(builder, config);
    if let Some(claim) = &config.client_from {
        builder = builder.client_from(claim.as_ref());
    }
    if let Some(bytes) = config.max_header_bytes {
        builder = builder.max_header_bytes(whole("max_header_bytes", bytes)?);
    }
    if let Some(secs) = config.leeway {
        builder = builder.leeway(leeway(secs)?);
    }
    if config.is_expiry_optional {
        builder = builder.allow_missing_expiry();
    }
    builder.build()
}

/// Adds what tells access tokens from others, and the claims that count as absent.
fn with_types(
    mut builder: JwtValidatorBuilder<Ready>,
    config: &Config<'_>,
) -> JwtValidatorBuilder<Ready> {
    if let Some(typ) = &config.typ {
        builder = builder.require_type(typ.as_ref());
    }
    if let Some(types) = &config.accept_types {
        builder = builder.accept_types(types);
    }
    match &config.access_mark {
        Some(AccessMark { name, value: None }) => builder = builder.access_mark(name.as_ref()),
        Some(AccessMark {
            name,
            value: Some(value),
        }) => builder = builder.access_mark_value(name.as_ref(), value.as_ref()),
        None => {}
    }
    if let Some(claims) = &config.absent_if_empty {
        builder = builder.absent_if_empty(owned(claims));
    }
    if let Some(claims) = &config.absent_if_null {
        builder = builder.absent_if_null(owned(claims));
    }
    builder
}

/// Reads a size; the builder refuses one that is out of range.
fn whole(field: &'static str, number: f64) -> Result<usize, ConfigError> {
    if number >= 0.0 && number.fract() == 0.0 {
        return Ok(number as usize);
    }
    let detail = "expected a whole number; give one without a fraction";
    Err(ConfigError::new(ConfigErrorKind::OutOfRange, field, detail))
}

fn owned(names: &Names<'_>) -> Vec<String> {
    names.iter().map(|name| name.clone().into_owned()).collect()
}

fn algorithms(names: &Names<'_>) -> Result<Vec<Algorithm>, ConfigError> {
    let read = |name: &Cow<'_, str>| {
        Algorithm::from_name(name).ok_or_else(|| {
            let known = Algorithms::from_iter(Algorithm::ALL.iter().copied());
            let detail = format!("there is no algorithm {name:?}; choose from {known:?}");
            ConfigError::new(ConfigErrorKind::AlgorithmUnusable, "algorithms", detail)
        })
    };
    names.iter().map(read).collect()
}

fn leeway(secs: u64) -> Result<Leeway, ConfigError> {
    Leeway::new(Duration::from_secs(secs))
        .map_err(|error| ConfigError::new(ConfigErrorKind::OutOfRange, "leeway", error.to_string()))
}
