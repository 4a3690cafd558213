//! The forms in which proxies pass on client certificates.

use std::num::NonZeroU8;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderName;

use super::encoding::{MOST, Malformed, percent_decoded};
use super::{pem, xfcc};
use crate::error::ConfigError;
use crate::request::ClientCertificate;

/// The form of the header with the client certificate. Each proxy has one, so one is configured.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CertificateHeader {
    /// `Client-Cert` (RFC 9440): base64 of the DER bytes between colons. `Client-Cert-Chain` is not
    /// read.
    Rfc9440,
    /// `x-forwarded-client-cert` of Envoy. Of its elements the one is read that is `hops` from the
    /// right: 1 is that of the nearest proxy, which sees the client. Set
    /// [`refuse_more_elements`](super::ForwardedCertificates::refuse_more_elements) too.
    Xfcc {
        /// The number of the element, from the right.
        hops: NonZeroU8,
    },
    /// A header that nginx sets to `$ssl_client_escaped_cert`. `$ssl_client_cert` is refused.
    Nginx(HeaderName),
    /// `X-Amzn-Mtls-Clientcert-Leaf` of an AWS load balancer that verifies certificates.
    AlbVerify,
    /// `X-Amzn-Mtls-Clientcert` of an AWS load balancer that passes chains on without verifying them.
    /// The first certificate is the client's.
    AlbPassthrough,
    /// `X-Forwarded-Tls-Client-Cert` of Traefik 2, which is percent-encoded.
    TraefikV2,
    /// `X-Forwarded-Tls-Client-Cert` of Traefik 3.
    TraefikV3,
    /// A header with the DER bytes in base64, such as HAProxy's `X-SSL-Client-DER`.
    Base64Der(HeaderName),
}

impl FromStr for CertificateHeader {
    type Err = ConfigError;

    /// Reads a form as an option of a program has it: `rfc9440`, `xfcc:HOPS`, `nginx:NAME`,
    /// `alb-verify`, `alb-passthrough`, `traefik2`, `traefik3` or `der:NAME`.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let (form, value) = text.split_once(':').unwrap_or((text, ""));
        let name = || value.parse().ok();
        let read = match (form, value) {
            ("rfc9440", "") => Some(Self::Rfc9440),
            ("xfcc", hops) => hops.parse().ok().map(|hops| Self::Xfcc { hops }),
            ("nginx", _) => name().map(Self::Nginx),
            ("alb-verify", "") => Some(Self::AlbVerify),
            ("alb-passthrough", "") => Some(Self::AlbPassthrough),
            ("traefik2", "") => Some(Self::TraefikV2),
            ("traefik3", "") => Some(Self::TraefikV3),
            ("der", _) => name().map(Self::Base64Der),
            _ => None,
        };
        read.ok_or_else(|| {
            ConfigError::unexpected(
                "certificate_header",
                "a form such as `rfc9440`, `xfcc:1` or `nginx:x-client-cert`",
                text,
                "name the form of your proxy",
            )
        })
    }
}

static RFC9440: HeaderName = HeaderName::from_static("client-cert");
static XFCC: HeaderName = HeaderName::from_static("x-forwarded-client-cert");
static ALB_LEAF: HeaderName = HeaderName::from_static("x-amzn-mtls-clientcert-leaf");
static ALB_CHAIN: HeaderName = HeaderName::from_static("x-amzn-mtls-clientcert");
static TRAEFIK: HeaderName = HeaderName::from_static("x-forwarded-tls-client-cert");

impl CertificateHeader {
    /// Returns the name of the header.
    pub(super) fn header(&self) -> &HeaderName {
        match self {
            Self::Rfc9440 => &RFC9440,
            Self::Xfcc { .. } => &XFCC,
            Self::Nginx(name) | Self::Base64Der(name) => name,
            Self::AlbVerify => &ALB_LEAF,
            Self::AlbPassthrough => &ALB_CHAIN,
            Self::TraefikV2 | Self::TraefikV3 => &TRAEFIK,
        }
    }

    /// Reads the value of the one line. If `is_exact`, it has no more elements than hops.
    pub(super) fn certificate(
        &self,
        value: &[u8],
        is_exact: bool,
    ) -> Result<Option<ClientCertificate>, Malformed> {
        if value.len() > MOST {
            return Err("expected a header of at most 16 KiB, found a longer one");
        }
        let value = str::from_utf8(value).map_err(|_| "expected ASCII, found other bytes")?;
        let of_pem = |text: &str, rest| pem::first(text, rest).map(ClientCertificate::from_der);
        match self {
            Self::Rfc9440 => {
                let inner = value.strip_prefix(':').and_then(|v| v.strip_suffix(':'));
                let inner =
                    inner.ok_or("expected one byte sequence of RFC 8941, found another text")?;
                der(inner).map(Some)
            }
            Self::Xfcc { hops } => xfcc::certificate(value, *hops, is_exact),
            Self::Nginx(_) | Self::Base64Der(_) if value.is_empty() => Ok(None),
            Self::Nginx(_) | Self::AlbVerify => {
                of_pem(&percent_decoded(value)?, pem::Rest::Nothing).map(Some)
            }
            Self::AlbPassthrough => of_pem(&percent_decoded(value)?, pem::Rest::Chain).map(Some),
            Self::TraefikV2 => first_of_list(&percent_decoded(value)?).map(Some),
            Self::TraefikV3 => first_of_list(value).map(Some),
            Self::Base64Der(_) => der(value).map(Some),
        }
    }
}

fn first_of_list(value: &str) -> Result<ClientCertificate, Malformed> {
    let mut all = value.split(',');
    let first = der(all.next().unwrap_or_default());
    // The rest of the chain is not used, and has to be certificates too.
    all.try_for_each(|other| der(other).map(drop))?;
    first
}

/// Decodes canonical base64 of one DER sequence.
fn der(text: &str) -> Result<ClientCertificate, Malformed> {
    let decoded = STANDARD.decode(text);
    let bytes = decoded.map_err(|_| "expected canonical base64, found another text")?;
    pem::checked_der(bytes).map(ClientCertificate::from_der)
}
