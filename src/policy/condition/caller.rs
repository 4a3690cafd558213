//! Conditions over the credential, and over how and when the caller authenticated.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;

use crate::error::ConfigError;
use crate::policy::condition::claims::claim;
use crate::policy::condition::condition::Condition;
use crate::policy::engine::calendar::Hours;
use crate::policy::engine::calendar::Weekdays;
use crate::policy::engine::claim_path::Path;
use crate::policy::engine::claim_predicate::Check;
use crate::policy::engine::claim_predicate::Levels;
use crate::policy::engine::network::Networks;
use crate::policy::engine::predicate::Test;
use crate::principal::Authority;
use crate::principal::PrincipalKind;

/// Holds only if the credential was of this kind.
pub fn kind(kind: PrincipalKind) -> Condition {
    Condition::leaf(format!("kind {}", kind.as_str()), Test::Kind(kind))
}

/// Holds only if this authority, such as an issuer, vouches for the caller.
pub fn authority(name: impl Into<Authority>) -> Condition {
    let name = name.into();
    Condition::leaf(format!("authority {name}"), Test::Authority(name))
}

/// Holds only if the credential was issued to this client.
pub fn client(id: impl Into<Arc<str>>) -> Condition {
    let id = id.into();
    Condition::leaf(format!("client {id}"), Test::Client(id))
}

/// Holds only if the credential is meant for this audience, among others.
pub fn audience(name: impl Into<Arc<str>>) -> Condition {
    let name = name.into();
    let test = Test::Claim(Path::top("aud"), Check::Names(Arc::clone(&name)));
    Condition::leaf(format!("audience {name}"), test)
}

/// Holds only if the `acr` claim names this authentication context or a stronger one; `order`
/// lists all of them, the weakest first, and one that is not listed tells nothing.
///
/// A deny for want of it asks for a step-up (RFC 9470) to one of the contexts that would do.
///
/// # Errors
///
/// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for a level that is not in the order,
/// [`Conflict`](crate::error::ConfigErrorKind::Conflict) for one that is there twice.
///
/// ```
/// use bearergate::policy::acr_at_least;
///
/// assert!(acr_at_least("gold", ["bronze", "silver", "gold"]).is_ok());
/// assert!(acr_at_least("gold", ["bronze", "silver"]).is_err());
/// ```
pub fn acr_at_least<S: Into<Arc<str>>>(
    level: &str,
    order: impl IntoIterator<Item = S>,
) -> Result<Condition, ConfigError> {
    let order: Vec<_> = order.into_iter().map(Into::into).collect();
    let levels = Levels::new(level, order)?;
    let test = Test::Claim(Path::top("acr"), Check::Level(levels));
    Ok(Condition::leaf(format!("acr at least {level}"), test))
}

/// Holds only if the `amr` claim lists this authentication method (RFC 8176).
pub fn amr(method: impl Into<String>) -> Condition {
    claim("amr").contains(method.into())
}

/// Holds only if the caller authenticated at most so long ago (`auth_time`).
///
/// A deny for want of it asks for a step-up (RFC 9470) with this age.
pub fn max_auth_age(most: Duration) -> Condition {
    let test = Test::Claim(Path::top("auth_time"), Check::Age(most));
    Condition::leaf(format!("authentication age {}s", most.as_secs()), test)
}

/// Holds only if the credential was issued at most so long ago.
pub fn max_token_age(most: Duration) -> Condition {
    let name = format!("token age {}s", most.as_secs());
    Condition::leaf(name, Test::TokenAge(most))
}

/// Holds only if the credential is bound to a key, and possession of it was proved.
pub fn sender_constrained() -> Condition {
    Condition::leaf("sender-constrained", Test::SenderConstrained)
}

/// Holds only if the request comes from one of these networks: by
/// [`ClientAddress`](crate::request::ClientAddress), or by what
/// [`AccessRequest::with_address`](crate::AccessRequest::with_address) says.
///
/// An IPv4 address is one in every spelling: mapped into IPv6 it is in IPv4 networks alone.
///
/// # Errors
///
/// [`Empty`](crate::error::ConfigErrorKind::Empty) for no network at all,
/// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for a text that is none, or has host bits.
///
/// ```
/// use bearergate::policy::address_in;
///
/// assert!(address_in(["192.0.2.0/24", "2001:db8::/32", "198.51.100.7"]).is_ok());
/// assert!(address_in(["192.0.2.1/24"]).is_err());
/// ```
pub fn address_in<S: AsRef<str>>(
    networks: impl IntoIterator<Item = S>,
) -> Result<Condition, ConfigError> {
    let networks = Networks::parse(networks)?;
    Ok(Condition::leaf("address", Test::Address(networks)))
}

/// Holds only if the request came over TLS
/// ([`AccessRequest::with_tls`](crate::AccessRequest::with_tls)).
pub fn via_tls() -> Condition {
    Condition::leaf("TLS", Test::Encrypted)
}

/// Holds only if the request has exactly one header of this name, with this value byte for byte,
/// among those that conditions may ask about
/// ([`AccessRequest::with_headers`](crate::AccessRequest::with_headers)).
pub fn header(name: HeaderName, value: impl Into<Arc<str>>) -> Condition {
    Condition::leaf(format!("header {name}"), Test::Header(name, value.into()))
}

/// Holds only from one time of day on (`08:00`) and up to another one (`18:00`, not with it), in
/// a zone that is so far ahead of UTC (`+01:00` or `Z`). Hours that end before they begin go over
/// midnight.
///
/// # Errors
///
/// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for other texts,
/// [`Empty`](crate::error::ConfigErrorKind::Empty) for hours that end where they begin.
pub fn time_between(from: &str, to: &str, zone: &str) -> Result<Condition, ConfigError> {
    let test = Test::Hours(Hours::parse(from, to, zone)?);
    Ok(Condition::leaf(format!("time {from} to {to}"), test))
}

/// Holds only on these days of the week (`mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`), in a
/// zone that is so far ahead of UTC (`+01:00` or `Z`).
///
/// # Errors
///
/// [`Empty`](crate::error::ConfigErrorKind::Empty) for no day at all,
/// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for other texts.
pub fn weekdays<S: AsRef<str>>(
    days: impl IntoIterator<Item = S>,
    zone: &str,
) -> Result<Condition, ConfigError> {
    let test = Test::Weekdays(Weekdays::parse(days, zone)?);
    Ok(Condition::leaf("day of the week", test))
}
