//! What the operator can do about requests that got no usable answer.

use http::StatusCode;

use super::HttpErrorKind;
use super::endpoint::Endpoint;
use crate::diagnosis::Finding;

/// Returns what the operator can do about a request without a whole answer.
pub(crate) const fn remedy(kind: HttpErrorKind) -> &'static str {
    match kind {
        HttpErrorKind::Broken => {
            "ask the address by hand from this host, and check the proxies between it and the \
             provider"
        }
        HttpErrorKind::Connect => {
            "check name resolution, firewall, proxy and certificates between this host and the \
             provider; a private CA must be given to the client"
        }
        HttpErrorKind::ConnectDeadline => {
            "check routing and firewall between this host and the provider, or raise \
             `HttpSettings::connect_deadline`"
        }
        HttpErrorKind::Deadline => {
            "find out by hand how long the answer takes, and raise `HttpSettings::deadline` if that \
             is usual"
        }
        HttpErrorKind::Forbidden => {
            "name a host that only a document names with `trust_host`; a host with plain http needs \
             a private address"
        }
        HttpErrorKind::TooLarge => {
            "check that the address is the right one; the answer is longer than any of its kind \
             should be, and the limit cannot be raised"
        }
    }
}

impl Endpoint {
    /// Warns of requests without TLS that leave this machine.
    pub(crate) fn plain_http_finding(&self, subject: &str) -> Option<Finding> {
        let finding = || Finding::warning(subject, PLAIN_HTTP).hint(USE_TLS);
        self.is_plain_http().then(finding)
    }
}

const PLAIN_HTTP: &str = "requests are sent without TLS, because `allow_plain_http` names the host: \
                          anyone on that network can read the credentials and replace the answers";
const USE_TLS: &str = "use `https`, or keep the network between the two to this service and its \
                       provider";

/// The statuses that have the same meaning for a client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum StatusClass {
    /// 404, 405, 410: what was asked for is not here.
    Absent,
    /// 5xx.
    Failing,
    /// 200.
    Ok,
    /// Any other status.
    Other,
    /// 3xx.
    Redirect,
    /// 401, 403.
    Refused,
    /// 429.
    Throttled,
}

impl StatusClass {
    pub(crate) fn of(status: StatusCode) -> Self {
        match status.as_u16() {
            200 => Self::Ok,
            300..=399 => Self::Redirect,
            401 | 403 => Self::Refused,
            404 | 405 | 410 => Self::Absent,
            429 => Self::Throttled,
            500..=599 => Self::Failing,
            _ => Self::Other,
        }
    }

    /// Returns what the operator can do about an answer with such a status.
    pub(crate) const fn remedy(self) -> &'static str {
        match self {
            Self::Absent => "check the address: its path may be another one",
            Self::Failing => {
                "the provider or a proxy before it fails: look at its state, and ask again later"
            }
            Self::Ok | Self::Other => "ask the address by hand, and check that it is the right one",
            Self::Redirect => "give the address that this one leads to",
            Self::Refused => {
                "let the provider, or a firewall before it, pass this host's address and its \
                 `User-Agent` (`HttpSettings::user_agent`), or give the credentials that it wants \
                 (`FetchedKeysBuilder::bearer`)"
            }
            Self::Throttled => {
                "have the provider raise the limit, or send fewer requests: keep keys in a file (`keep_in`), or use answers for longer (`fresh_for`)"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_classed_by_what_they_mean() {
        for (status, class) in [
            (200, StatusClass::Ok),
            (204, StatusClass::Other),
            (301, StatusClass::Redirect),
            (400, StatusClass::Other),
            (401, StatusClass::Refused),
            (403, StatusClass::Refused),
            (404, StatusClass::Absent),
            (405, StatusClass::Absent),
            (406, StatusClass::Other),
            (410, StatusClass::Absent),
            (429, StatusClass::Throttled),
            (500, StatusClass::Failing),
            (599, StatusClass::Failing),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(StatusClass::of(status), class, "{status}");
        }
    }
}
