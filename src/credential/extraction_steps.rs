//! Explanation of the extraction of a credential.
//!
//! Its texts name places, schemes and positions, never a value of the request.

use http::{HeaderMap, HeaderName, header};

use super::cross_site::SEC_FETCH_SITE;
use super::place::{Place, Scheme};
use super::presented::PresentedCredential;
use super::sources::Sources;
use super::{charset, parameter};
use crate::diagnosis::Step;
use crate::error::{Rejection, RejectionKind};
use crate::request::RequestFacts;

impl Sources {
    /// Extracts like [`extract`](Self::extract), and returns the step that says where the credential
    /// was found, or why none was.
    pub(crate) fn explain<'r>(
        &'r self,
        facts: &'r RequestFacts<'r>,
    ) -> (Step, Result<PresentedCredential<'r>, Rejection>) {
        let extracted = self.extract(facts);
        let step = match &extracted {
            Ok(presented) => Step::ok(STEP).found(match presented.place() {
                Place::AuthorizationHeader | Place::Basic => {
                    format!("`Authorization: {}`", presented.credential().scheme())
                }
                place => name(place),
            }),
            Err(rejection) => self.failed(rejection.kind(), facts),
        };
        (step, extracted)
    }

    fn failed(&self, kind: RejectionKind, facts: &RequestFacts<'_>) -> Step {
        let failed = Step::failed(STEP);
        match kind {
            RejectionKind::CredentialMissing => {
                let (found, hint) = self.missing(facts);
                let step = failed.expected(self.expected()).found(found);
                match hint {
                    Some(hint) => step.hint(hint),
                    None => step,
                }
            }
            RejectionKind::CredentialAmbiguous => failed
                .expected(format!("exactly one credential, in {}", self.all_names()))
                .found(self.ambiguous(facts))
                .hint("send the credential once, in one place"),
            RejectionKind::CrossSiteRefused => failed
                .expected("`Sec-Fetch-Site: same-origin`, or an `Origin` that is allowed")
                .found(cross_site(facts.headers()))
                .hint(
                    "allow the origin of a separate front end with `SourcesBuilder::allow_origin`; \
                     behind a proxy, let it pass both headers on",
                ),
            RejectionKind::TokenTooLarge => failed
                .expected("a credential that is not longer than the limit")
                .found("a percent-encoded or base64 credential over the limit"),
            _ => {
                let (place, found, hint) = self.malformed(facts);
                failed.expected(form(place)).found(found).hint(hint)
            }
        }
    }

    fn expected(&self) -> String {
        format!("a credential in {}", self.all_names())
    }

    fn all_names(&self) -> String {
        let names: Vec<_> = self.places().map(|place| self.full_name(place)).collect();
        names.join(" or ")
    }

    fn full_name(&self, place: &Place) -> String {
        match place {
            Place::AuthorizationHeader => {
                let schemes = self.schemes().iter();
                let schemes = schemes.filter(|scheme| **scheme != Scheme::Basic);
                let names: Vec<_> = schemes.map(|s| format!("`Authorization: {s}`")).collect();
                names.join(" or ")
            }
            place => name(place),
        }
    }

    /// Returns what a request without a credential has instead, and what to do.
    fn missing(&self, facts: &RequestFacts<'_>) -> (String, Option<String>) {
        let mut found: Vec<String> = Vec::new();
        let mut hint = None;
        let reads_header = self.places().any(is_authorization);
        match facts.headers().get(header::AUTHORIZATION) {
            Some(value) if reads_header => {
                let (text, own) = self.unused_scheme(value.as_bytes());
                found.push(text);
                hint = own.map(str::to_owned);
            }
            None if reads_header => found.push("no `Authorization` header".to_owned()),
            _ => {}
        }
        for place in self.places() {
            found.extend(match place {
                Place::AuthorizationHeader | Place::Basic => None,
                Place::Cookie(cookie) if has_cookie(facts.headers(), cookie) => {
                    Some(format!("an empty cookie `{cookie}`"))
                }
                Place::Header(own) if facts.headers().contains_key(own) => {
                    Some(format!("an empty header `{own}`"))
                }
                place => Some(format!("no {}", bare_name(place))),
            });
        }
        if let Some((place, setter)) = self.unread(facts) {
            found.push(format!("{place}, which no `Sources` of this gate read"));
            // What is wrong in an enabled place is nearer.
            hint = hint.or_else(|| Some(format!("{setter} if it has the credential")));
        }
        let hint = hint.or_else(|| Some(SEND.to_owned()));
        (found.join(", "), hint)
    }

    /// Returns what is known about an `Authorization` header that presents no credential.
    fn unused_scheme(&self, value: &[u8]) -> (String, Option<&'static str>) {
        let end = value.iter().position(|byte| !charset::is_tchar(*byte));
        let written = value.get(..end.unwrap_or(value.len())).unwrap_or_default();
        let is = |name: &&&str| written.eq_ignore_ascii_case(name.as_bytes());
        let Some(known) = KNOWN_SCHEMES.iter().find(is) else {
            return match written.len() > LONGEST_SCHEME {
                true => (
                    "an `Authorization` header without a scheme".to_owned(),
                    Some("write the scheme before the token: `Authorization: Bearer <token>`"),
                ),
                false => (
                    "`Authorization` with a scheme that is not enabled".to_owned(),
                    None,
                ),
            };
        };
        let is_enabled = self
            .schemes()
            .iter()
            .any(|own| own.as_str().eq_ignore_ascii_case(known));
        match is_enabled {
            true => (
                format!("a bare `{known}`, with nothing behind it"),
                Some(
                    "the client has no token: look for an empty variable where it sets the header",
                ),
            ),
            false => (
                format!("`Authorization` with the scheme `{known}`, which is not enabled"),
                match *known {
                    "DPoP" => Some("enable it with `SourcesBuilder::dpop`"),
                    "Basic" => Some("enable it for API keys with `SourcesBuilder::basic`"),
                    "ApiKey" => Some("enable it with `SourcesBuilder::api_key`"),
                    _ => Some("send the token with the scheme `Bearer`"),
                },
            ),
        }
    }

    /// Returns a place in which clients often send credentials, which the request has and no source
    /// reads, and what to do.
    fn unread(&self, facts: &RequestFacts<'_>) -> Option<(String, String)> {
        let reads = |wanted: &Place| self.places().any(|place| place == wanted);
        for own in KNOWN_HEADERS {
            let own = HeaderName::from_static(own);
            if facts.headers().contains_key(&own) && !reads(&Place::Header(own.clone())) {
                let setter = format!("add `.header(\"{own}\")` to the `Sources`");
                return Some((format!("a header `{own}`"), setter));
            }
        }
        let query = facts.uri().query().unwrap_or_default().as_bytes();
        for own in KNOWN_PARAMETERS {
            let has = parameter::values(query, own).next().is_some();
            if has && !reads(&Place::Query((*own).into())) {
                let setter =
                    format!("add `.query(\"{own}\")` to the `Sources`, or send it in a header,");
                return Some((format!("a query parameter `{own}`"), setter));
            }
        }
        let has = |name: &HeaderName| facts.headers().contains_key(name);
        if has(&header::AUTHORIZATION) && !self.places().any(is_authorization) {
            let setter =
                "configure `Sources` with its scheme (`without_bearer()` removes `Bearer`)";
            let place = "an `Authorization` header";
            return Some((place.to_owned(), setter.to_owned()));
        }
        let reads_cookie = self.places().any(|place| matches!(place, Place::Cookie(_)));
        (has(&header::COOKIE) && !reads_cookie).then(|| {
            let setter = "add `.cookie(name)` to the `Sources`";
            ("cookies".to_owned(), setter.to_owned())
        })
    }

    fn ambiguous(&self, facts: &RequestFacts<'_>) -> String {
        let mut found = Vec::new();
        for place in self.places() {
            match self.raw_value(place, facts) {
                Err(RejectionKind::CredentialAmbiguous) => {
                    found.push(format!("more than one {}", bare_name(place)));
                    if is_authorization(place) {
                        break;
                    }
                }
                Ok(Some(_)) => found.push(format!("one in {}", name(place))),
                Ok(None) | Err(_) => {}
            }
        }
        found.join(", ")
    }

    /// Returns the place whose value is malformed, what is wrong, and what to do.
    fn malformed(&self, facts: &RequestFacts<'_>) -> (Option<&Place>, String, &'static str) {
        for place in self.places() {
            let raw = match self.raw_value(place, facts) {
                Ok(Some(raw)) => raw,
                Ok(None) => continue,
                Err(_) => {
                    let found = "a form that is too long, or a form credential in a GET or HEAD";
                    let hint = "send the token in the `Authorization` header";
                    return (Some(place), found.to_owned(), hint);
                }
            };
            let (found, hint) = match place {
                Place::AuthorizationHeader => flaw_of_header(raw),
                Place::Basic => (
                    "base64, a user name or a password of another form".to_owned(),
                    "send the key as the part that `BasicKey` names, and the other part as it says",
                ),
                _ => (flaw_of_token(raw), "send the credential as it was issued"),
            };
            return (Some(place), found, hint);
        }
        let found = "a value of another form".to_owned();
        (None, found, "send the credential as it was issued")
    }
}

const STEP: &str = "place";

fn is_authorization(place: &Place) -> bool {
    matches!(place, Place::AuthorizationHeader | Place::Basic)
}

fn form(place: Option<&Place>) -> &'static str {
    match place {
        Some(Place::AuthorizationHeader) => {
            "a scheme, one or more spaces, and a token of letters, digits and `-._~+/=`"
        }
        Some(Place::Basic) => "`Basic`, and base64 of user name, colon and password",
        Some(Place::Header(_)) => "visible ASCII characters",
        _ => "a token of letters, digits and `-._~+/=`",
    }
}

/// Returns what is wrong with the value of an `Authorization` header.
fn flaw_of_header(value: &[u8]) -> (String, &'static str) {
    let end = value.iter().position(|byte| !charset::is_tchar(*byte));
    let Some(end @ 1..) = end else {
        let found = "a value that does not begin with a scheme".to_owned();
        return (found, "write it as `Authorization: Bearer <token>`");
    };
    let (scheme, rest) = value.split_at_checked(end).unwrap_or_default();
    let token = rest.trim_ascii_start();
    let again = token
        .get(..scheme.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    let is_spaced = token.get(scheme.len()) == Some(&b' ');
    match token.first() {
        _ if again && is_spaced => (
            "the scheme twice".to_owned(),
            "the client's library already adds the scheme: give it the token only",
        ),
        Some(b'"' | b'\'' | b'<' | b'{') => (
            "a token in quotation marks or brackets".to_owned(),
            "remove them",
        ),
        _ if rest.starts_with(b"\t") => ("a tab behind the scheme".to_owned(), "use a space there"),
        _ => (
            flaw_of_token(token),
            "remove what is before or behind the token; a line break at its end is often from a file",
        ),
    }
}

fn flaw_of_token(token: &[u8]) -> String {
    let Ok(text) = str::from_utf8(token) else {
        return "bytes that are no ASCII text".to_owned();
    };
    match charset::b64token_flaw(text) {
        Some(at) => format!("another character at position {} of the token", at + 1),
        None => "no token, or percent-encoding that is malformed".to_owned(),
    }
}

fn cross_site(headers: &HeaderMap) -> String {
    let site = match headers.get(SEC_FETCH_SITE).map(|value| value.as_bytes()) {
        None => "no `Sec-Fetch-Site`",
        Some(b"same-origin") => "`Sec-Fetch-Site: same-origin` more than once",
        Some(b"same-site") => "`Sec-Fetch-Site: same-site`",
        Some(b"cross-site") => "`Sec-Fetch-Site: cross-site`",
        Some(b"none") => "`Sec-Fetch-Site: none`",
        Some(_) => "`Sec-Fetch-Site` with another value",
    };
    let origin = match headers.contains_key(header::ORIGIN) {
        true => "an `Origin` that is not allowed",
        false => "no `Origin`",
    };
    format!("{site} and {origin}")
}

/// Returns a place with its article, for sentences.
fn name(place: &Place) -> String {
    match place {
        Place::AuthorizationHeader | Place::Basic => bare_name(place),
        place => format!("the {}", bare_name(place)),
    }
}

fn bare_name(place: &Place) -> String {
    match place {
        Place::AuthorizationHeader => "`Authorization` header".to_owned(),
        Place::Basic => "`Authorization: Basic`".to_owned(),
        Place::Cookie(own) => format!("cookie `{own}`"),
        Place::Form(own) => format!("form parameter `{own}`"),
        Place::Header(own) => format!("header `{own}`"),
        Place::Query(own) => format!("query parameter `{own}`"),
    }
}

fn has_cookie(headers: &HeaderMap, name: &str) -> bool {
    super::cookie::values(headers, name).next().is_some()
}

/// Schemes that may be named; any other text before a space could be a part of a credential.
const KNOWN_SCHEMES: &[&str] = &[
    "ApiKey",
    "Basic",
    "Bearer",
    "Digest",
    "DPoP",
    "JWT",
    "Negotiate",
    "NTLM",
    "Token",
];

/// What is longer is no scheme but a credential without one.
const LONGEST_SCHEME: usize = 24;

/// Headers in which clients and proxies often send credentials.
const KNOWN_HEADERS: &[&str] = &[
    "x-api-key",
    "api-key",
    "apikey",
    "x-auth-token",
    "x-access-token",
    "x-amzn-oidc-data",
    "x-forwarded-access-token",
    "x-goog-iap-jwt-assertion",
    "cf-access-jwt-assertion",
];

/// Parameters in which clients often send credentials.
const KNOWN_PARAMETERS: &[&str] = &["access_token", "api_key", "apikey", "token"];

const SEND: &str = "let the client send a credential there; check that no proxy before this service \
                    removes it";
