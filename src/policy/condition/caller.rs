//! Conditions over the credential, the authentication of the caller and the origin of the request.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;

use crate::error::ConfigError;
use crate::network::Networks;
use crate::policy::condition::claims::claim;
use crate::policy::condition::condition::Condition;
use crate::policy::engine::calendar::{Hours, Weekdays};
use crate::policy::engine::claim_path::ClaimPath;
use crate::policy::engine::claim_predicate::{ClaimPredicate, Levels};
use crate::policy::engine::predicate::Predicate;
use crate::principal::{Authority, PrincipalKind};

/// Returns a condition that is true only if the credential is of this kind, such as an API key.
///
/// It is never unknown, because every principal has a kind.
pub fn kind(kind: PrincipalKind) -> Condition {
    Condition::leaf(format!("kind {}", kind.as_str()), Predicate::Kind(kind))
}

/// Returns a condition that is true only if this authority, such as an issuer, vouches for the
/// caller.
///
/// A gate that trusts several issuers needs it where only one of them may assert a role or a scope.
pub fn authority(name: impl Into<Authority>) -> Condition {
    let name = name.into();
    Condition::leaf(format!("authority {name}"), Predicate::Authority(name))
}

/// Returns a condition that is true only if the credential was issued to this client (`client_id`
/// or `azp`).
///
/// It is [`Unknown`](crate::policy::Truth::Unknown) if the credential names no client.
///
/// The id of a client means something only under the authority that gave it. Where a gate trusts
/// several outside authorities, name it with [`Condition::of`]: without, the condition is
/// [`Unknown`](crate::policy::Truth::Unknown) for the callers of all of them.
///
/// ```
/// use bearergate::policy::client;
///
/// let ours = client("billing").of("https://idp.example.com");
/// # let _ = ours;
/// ```
pub fn client(id: impl Into<Arc<str>>) -> Condition {
    let id = id.into();
    let name = format!("client {id}");
    Condition::leaf(name, Predicate::Id(None, Arc::new(Predicate::Client(id))))
}

/// Returns a condition that is true only if the `aud` claim is this string, or a list of strings
/// that contains it.
///
/// It is [`Unknown`](crate::policy::Truth::Unknown) if the claim is missing.
pub fn audience(name: impl Into<Arc<str>>) -> Condition {
    let name = name.into();
    let predicate = Predicate::Claim(
        ClaimPath::top("aud"),
        ClaimPredicate::Names(Arc::clone(&name)),
    );
    Condition::leaf(format!("audience {name}"), predicate)
}

/// Returns a condition that is true only if the `acr` claim names this authentication context or a
/// stronger one.
///
/// `order` lists all contexts, the weakest first. The condition is
/// [`Unknown`](crate::policy::Truth::Unknown) if the claim is missing, or names a context that is not
/// listed. A deny because of it asks for a step-up (RFC 9470) to one of the sufficient contexts.
///
/// # Errors
///
/// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for a level that is not in the order,
/// [`Conflict`](crate::error::ConfigErrorKind::Conflict) for one that is listed twice.
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
    let predicate = Predicate::Claim(ClaimPath::top("acr"), ClaimPredicate::Level(levels));
    Ok(Condition::leaf(format!("acr at least {level}"), predicate))
}

/// Returns a condition that is true only if the `amr` claim lists this authentication method
/// (RFC 8176), such as `otp`.
///
/// It is [`Unknown`](crate::policy::Truth::Unknown) if the claim is missing.
pub fn amr(method: impl Into<String>) -> Condition {
    claim("amr").contains(method.into())
}

/// Returns a condition that is true only if the user authenticated at most this long ago
/// (`auth_time`).
///
/// It is [`Unknown`](crate::policy::Truth::Unknown) if the claim is missing or in the future. A deny
/// because of it asks for a step-up (RFC 9470) with this age.
///
/// ```
/// use std::time::Duration;
///
/// use bearergate::policy::{action, max_auth_age};
///
/// let pay = action("pay") & max_auth_age(Duration::from_secs(300));
/// # let _ = pay;
/// ```
pub fn max_auth_age(max: Duration) -> Condition {
    let predicate = Predicate::Claim(ClaimPath::top("auth_time"), ClaimPredicate::Age(max));
    Condition::leaf(format!("authentication age {}s", max.as_secs()), predicate)
}

/// Returns a condition that is true only if the credential was issued at most this long ago
/// (`iat`).
///
/// It is [`Unknown`](crate::policy::Truth::Unknown) if the time of issue is unknown or in the future.
pub fn max_token_age(max: Duration) -> Condition {
    let name = format!("token age {}s", max.as_secs());
    Condition::leaf(name, Predicate::TokenAge(max))
}

/// Returns a condition that is true only if the credential is bound to a key and its possession was
/// proved, by DPoP or a client certificate.
///
/// For an unbound credential it is [`Unknown`](crate::policy::Truth::Unknown), never false.
pub fn sender_constrained() -> Condition {
    Condition::leaf("sender-constrained", Predicate::SenderConstrained)
}

/// Returns a condition that is true only if the client's address is in one of these networks.
///
/// The address is that of [`AccessRequest::with_address`](crate::policy::AccessRequest::with_address), or
/// the [`ClientAddress`](crate::request::ClientAddress) of the request; without either the condition is
/// [`Unknown`](crate::policy::Truth::Unknown). An IPv4 address that is mapped into IPv6 counts as IPv4
/// only.
///
/// # Errors
///
/// [`Empty`](crate::error::ConfigErrorKind::Empty) without a network,
/// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for a text that is not a network, or
/// has host bits.
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
    let networks = Networks::parse("address_in", networks)?;
    Ok(Condition::leaf("address", Predicate::Address(networks)))
}

/// Returns a condition that is true only if the client sent the request over TLS, as
/// [`AccessRequest::with_tls`](crate::policy::AccessRequest::with_tls) says.
///
/// It is [`Unknown`](crate::policy::Truth::Unknown) if that was not said.
pub fn via_tls() -> Condition {
    Condition::leaf("TLS", Predicate::Encrypted)
}

/// Returns a condition that is true only if the request has exactly one header of this name, with
/// this value, byte for byte.
///
/// It reads the headers of [`AccessRequest::with_headers`](crate::policy::AccessRequest::with_headers),
/// which the client wrote: use it to narrow what is allowed, never as proof of who calls. No
/// header, or two of the name, make it [`Unknown`](crate::policy::Truth::Unknown).
pub fn header(name: HeaderName, value: impl Into<Arc<str>>) -> Condition {
    Condition::leaf(
        format!("header {name}"),
        Predicate::Header(name, value.into()),
    )
}

/// Returns a condition that is true only in a daily range of time, from `from` (inclusive) to `to`
/// (exclusive).
///
/// Times are written `08:00`; a range whose end is before its start includes midnight. `zone` is a
/// fixed offset from UTC, `+01:00` or `Z`, without daylight saving time. The time is that of the
/// [request](crate::policy::AccessRequest::now).
///
/// ```
/// use bearergate::policy::{time_between, weekdays};
///
/// let office = weekdays(["mon", "tue", "wed", "thu", "fri"], "+01:00")?
///     & time_between("08:00", "18:00", "+01:00")?;
/// # let _ = office;
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
///
/// # Errors
///
/// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for other texts,
/// [`Empty`](crate::error::ConfigErrorKind::Empty) for a range that ends where it starts.
pub fn time_between(from: &str, to: &str, zone: &str) -> Result<Condition, ConfigError> {
    let predicate = Predicate::Hours(Hours::parse(from, to, zone)?);
    Ok(Condition::leaf(format!("time {from} to {to}"), predicate))
}

/// Returns a condition that is true only on these days of the week: `mon`, `tue`, `wed`, `thu`,
/// `fri`, `sat`, `sun`.
///
/// `zone` is a fixed offset from UTC, `+01:00` or `Z`, without daylight saving time. The time is
/// that of the [request](crate::policy::AccessRequest::now).
///
/// # Errors
///
/// [`Empty`](crate::error::ConfigErrorKind::Empty) without a day,
/// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for other texts.
pub fn weekdays<S: AsRef<str>>(
    days: impl IntoIterator<Item = S>,
    zone: &str,
) -> Result<Condition, ConfigError> {
    let predicate = Predicate::Weekdays(Weekdays::parse(days, zone)?);
    Ok(Condition::leaf("day of the week", predicate))
}
