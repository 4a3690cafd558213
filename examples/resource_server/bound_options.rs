//! Options of proofs of possession, signed requests and encrypted tokens.

use std::path::PathBuf;
use std::time::Duration;

use bearergate::binding::CertificateHeader;
use bearergate::crypto::Algorithm;
use bearergate::request::ExternalUrl;
use http::HeaderName;

use crate::options::{Given, Outcome};

pub(crate) const USAGE: &str = "
proofs of possession
  --public-url URL            where clients reach this server (repeatable)
  --internal-prefix /P        what a proxy puts before the path
  --dpop accept|require       and --dpop-alg NAME (repeatable), --dpop-window PAST,FUTURE,
                              --dpop-nonce-file FILE or --dpop-nonce-random,
                              --dpop-nonce-older-file FILE, --dpop-nonce-window S,
                              --dpop-replay memory:N|off
  --mtls accept|require       with a certificate of the connection or of a proxy
  --tls-cert FILE             and --tls-key FILE: serve https, with
                              --tls-client-ca FILE or --tls-client-any
  --client-cert FORM          rfc9440 xfcc:HOPS nginx:NAME alb-verify alb-passthrough traefik2
                              traefik3 der:NAME, with --trusted-proxy CIDR (repeatable) or
                              --trusted-proxy-cert SHA256 (repeatable),
                              --client-cert-demand NAME=VALUE
  --fapi2                     the FAPI 2.0 profile
  --signed-requests JWKS      signatures at /signed/*, with --signature-tag TAG,
                              --sign-responses PRIVATE_JWK
  --decrypt-keys JWKS         encrypted tokens, with --encryption-required
  --authorization-detail TYPE[:ACTION]   what GET /detailed demands";

pub(crate) const FLAGS: [&str; 4] = [
    "--dpop-nonce-random",
    "--encryption-required",
    "--fapi2",
    "--tls-client-any",
];
pub(crate) const LISTS: [&str; 4] = [
    "--dpop-alg",
    "--public-url",
    "--trusted-proxy",
    "--trusted-proxy-cert",
];
pub(crate) const SINGLE: [&str; 18] = [
    "--authorization-detail",
    "--client-cert",
    "--client-cert-demand",
    "--decrypt-keys",
    "--dpop",
    "--dpop-nonce-file",
    "--dpop-nonce-older-file",
    "--dpop-nonce-window",
    "--dpop-replay",
    "--dpop-window",
    "--internal-prefix",
    "--mtls",
    "--sign-responses",
    "--signature-tag",
    "--signed-requests",
    "--tls-cert",
    "--tls-client-ca",
    "--tls-key",
];

/// Whether tokens that are bound to nothing pass.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Demand {
    Accept,
    Require,
}

#[derive(Debug)]
pub(crate) struct BoundOptions {
    pub(crate) public_urls: Vec<ExternalUrl>,
    pub(crate) dpop: Option<DpopOptions>,
    pub(crate) mtls: Option<Demand>,
    pub(crate) tls: Option<Tls>,
    pub(crate) forwarded: Option<Forwarded>,
    pub(crate) fapi2: bool,
    pub(crate) signed_requests: Option<SignedRequests>,
    pub(crate) decrypt_keys: Option<PathBuf>,
    pub(crate) encryption_required: bool,
    pub(crate) detail: Option<(String, Option<String>)>,
}

#[derive(Debug)]
pub(crate) struct DpopOptions {
    pub(crate) demand: Demand,
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) window: (Duration, Duration),
    pub(crate) nonces: Option<NonceOptions>,
    /// `None` if a replay is allowed.
    pub(crate) replay: Option<usize>,
}

#[derive(Debug)]
pub(crate) struct NonceOptions {
    /// `None` for a random secret.
    pub(crate) file: Option<PathBuf>,
    pub(crate) older: Option<PathBuf>,
    pub(crate) window: Duration,
}

#[derive(Debug)]
pub(crate) struct Tls {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) clients: Clients,
}

/// Which client certificates are asked for.
#[derive(Debug)]
pub(crate) enum Clients {
    None,
    Any,
    Of(PathBuf),
}

#[derive(Debug)]
pub(crate) struct Forwarded {
    pub(crate) form: CertificateHeader,
    pub(crate) networks: Vec<String>,
    pub(crate) certificates: Vec<[u8; 32]>,
    pub(crate) demand: Option<(HeaderName, String)>,
}

#[derive(Debug)]
pub(crate) struct SignedRequests {
    pub(crate) keys: PathBuf,
    pub(crate) tag: Option<String>,
    pub(crate) response_key: Option<PathBuf>,
}

impl BoundOptions {
    pub(crate) fn read(given: &mut Given, allows_http: bool, has_issuer: bool) -> Outcome<Self> {
        let public_urls = public_urls(given, allows_http)?;
        let tls = tls(given)?;
        let forwarded = forwarded(given, tls.as_ref())?;
        let fapi2 = given.flag("--fapi2");
        let dpop = dpop(given)?;
        let mtls = given.take("--mtls").map(|word| demand(&word)).transpose()?;
        let own = Self {
            signed_requests: signed_requests(given)?,
            decrypt_keys: given.take("--decrypt-keys").map(PathBuf::from),
            encryption_required: given.flag("--encryption-required"),
            detail: given
                .take("--authorization-detail")
                .map(detail)
                .transpose()?,
            public_urls,
            dpop,
            mtls,
            tls,
            forwarded,
            fapi2,
        };
        own.check(has_issuer)?;
        Ok(own)
    }

    fn check(&self, has_issuer: bool) -> Outcome<()> {
        let asks = |tls: &Tls| !matches!(tls.clients, Clients::None);
        let has_certificates = self.forwarded.is_some() || self.tls.as_ref().is_some_and(asks);
        let has_url = !self.public_urls.is_empty();
        let faults = [
            (self.dpop.is_some() && !has_url, "--dpop needs --public-url"),
            (
                self.signed_requests.is_some() && !has_url,
                "--signed-requests needs --public-url",
            ),
            (
                self.mtls.is_some() && !has_certificates,
                "--mtls needs --tls-client-ca, --tls-client-any or --client-cert",
            ),
            (
                self.fapi2 && self.dpop.is_none() && self.mtls.is_none(),
                "--fapi2 needs --dpop or --mtls",
            ),
            (
                self.decrypt_keys.is_some() && !has_issuer,
                "--decrypt-keys needs --issuer",
            ),
            (
                self.encryption_required && self.decrypt_keys.is_none(),
                "--encryption-required needs --decrypt-keys",
            ),
            (
                self.decrypt_keys.is_some() && !cfg!(feature = "jwe"),
                "--decrypt-keys needs a build with the feature jwe",
            ),
        ];
        match faults.into_iter().find(|(is_there, _)| *is_there) {
            Some((_, fault)) => Err(fault.into()),
            None => self.check_profile(),
        }
    }

    /// The limits of the FAPI 2.0 profile.
    fn check_profile(&self) -> Outcome<()> {
        let Some(dpop) = self.dpop.as_ref().filter(|_| self.fapi2) else {
            return Ok(());
        };
        let future = dpop.window.1.as_secs();
        let is_narrow = |own: &Algorithm| bearergate::profile::Fapi2::ALGORITHMS.contains(own);
        if !(10..=60).contains(&future) {
            return Err("--fapi2 needs a future of --dpop-window from 10 to 60".into());
        }
        if dpop.replay.is_none() {
            return Err("--fapi2 refuses --dpop-replay off".into());
        }
        match dpop.algorithms.iter().all(is_narrow) {
            true => Ok(()),
            false => Err("--fapi2 allows PS256, ES256 and EdDSA only".into()),
        }
    }

    /// Whether unbound tokens are refused.
    pub(crate) fn requires(&self) -> bool {
        let dpop = self.dpop.as_ref().map(|dpop| dpop.demand);
        self.fapi2 || [dpop, self.mtls].contains(&Some(Demand::Require))
    }
}

fn demand(word: &str) -> Outcome<Demand> {
    match word {
        "accept" => Ok(Demand::Accept),
        "require" => Ok(Demand::Require),
        _ => Err("expected accept or require".into()),
    }
}

fn public_urls(given: &mut Given, allows_http: bool) -> Outcome<Vec<ExternalUrl>> {
    let texts = given.list("--public-url");
    let prefix = given.take("--internal-prefix");
    if texts.len() > 16 {
        return Err("--public-url may be given 16 times".into());
    }
    if prefix.is_some() && texts.is_empty() {
        return Err("--internal-prefix needs --public-url".into());
    }
    let url = |text: String| {
        let url = ExternalUrl::parse(&text)?;
        if text.to_ascii_lowercase().starts_with("http:") && !allows_http {
            return Err("an http: URL needs --allow-http-loopback".into());
        }
        Ok(match &prefix {
            Some(prefix) => url.without(prefix)?,
            None => url,
        })
    };
    texts.into_iter().map(url).collect()
}

/// Refuses a sign before a number.
fn digits(text: &str) -> Outcome<&str> {
    match text.bytes().all(|b| b.is_ascii_digit()) {
        true => Ok(text),
        false => Err("expected a whole number".into()),
    }
}

fn seconds(text: &str, range: std::ops::RangeInclusive<u64>) -> Outcome<Duration> {
    let secs: u64 = digits(text)?.parse()?;
    match range.contains(&secs) {
        true => Ok(Duration::from_secs(secs)),
        false => Err(format!(
            "expected whole seconds from {} to {}",
            range.start(),
            range.end()
        )
        .into()),
    }
}

const USUAL: [Algorithm; 8] = [
    Algorithm::EdDsa,
    Algorithm::Es256,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
];

fn dpop(given: &mut Given) -> Outcome<Option<DpopOptions>> {
    let Some(word) = given.take("--dpop") else {
        return Ok(None);
    };
    let named = given.list("--dpop-alg").into_iter().map(|name| {
        let algorithm = Algorithm::from_name(&name);
        let is_usable = |own: &Algorithm| USUAL.contains(own) || *own == Algorithm::Es384;
        algorithm
            .filter(is_usable)
            .ok_or("--dpop-alg is none of proofs")
    });
    let window = given.take("--dpop-window");
    let window = match window.as_deref().map(|text| text.split_once(',')) {
        None => (Duration::from_secs(60), Duration::from_secs(30)),
        Some(Some((past, future))) => (seconds(past, 5..=300)?, seconds(future, 5..=300)?),
        Some(None) => return Err("--dpop-window is PAST,FUTURE".into()),
    };
    let replay = given.take("--dpop-replay");
    Ok(Some(DpopOptions {
        demand: demand(&word)?,
        algorithms: named.collect::<Result<_, _>>()?,
        window,
        nonces: nonces(given)?,
        replay: match replay.as_deref().map(|text| text.strip_prefix("memory:")) {
            None => Some(1_000_000),
            Some(Some(entries)) => Some(digits(entries)?.parse()?),
            Some(None) if replay.as_deref() == Some("off") => None,
            Some(None) => return Err("--dpop-replay is memory:N or off".into()),
        },
    }))
}

fn nonces(given: &mut Given) -> Outcome<Option<NonceOptions>> {
    let file = given.take("--dpop-nonce-file").map(PathBuf::from);
    let is_random = given.flag("--dpop-nonce-random");
    if file.is_none() && !is_random {
        return Ok(None);
    }
    if file.is_some() && is_random {
        return Err("--dpop-nonce-file excludes --dpop-nonce-random".into());
    }
    let older = given.take("--dpop-nonce-older-file").map(PathBuf::from);
    if older.is_some() && file.is_none() {
        return Err("--dpop-nonce-older-file needs --dpop-nonce-file".into());
    }
    let window = given.take("--dpop-nonce-window");
    Ok(Some(NonceOptions {
        file,
        older,
        window: seconds(window.as_deref().unwrap_or("120"), 30..=3_600)?,
    }))
}

fn tls(given: &mut Given) -> Outcome<Option<Tls>> {
    let (certificate, key) = (given.take("--tls-cert"), given.take("--tls-key"));
    let (roots, any) = (
        given.take("--tls-client-ca"),
        given.flag("--tls-client-any"),
    );
    let clients = match (roots, any) {
        (Some(_), true) => return Err("--tls-client-ca excludes --tls-client-any".into()),
        (Some(roots), false) => Clients::Of(roots.into()),
        (None, true) => Clients::Any,
        (None, false) => Clients::None,
    };
    match (certificate, key, &clients) {
        (Some(certificate), Some(key), _) => Ok(Some(Tls {
            certificate: certificate.into(),
            key: key.into(),
            clients,
        })),
        (None, None, Clients::None) => Ok(None),
        (None, None, _) => Err("--tls-client-ca and --tls-client-any need --tls-cert".into()),
        _ => Err("--tls-cert and --tls-key belong together".into()),
    }
}

fn forwarded(given: &mut Given, tls: Option<&Tls>) -> Outcome<Option<Forwarded>> {
    let Some(form) = given.take("--client-cert") else {
        return Ok(None);
    };
    let asks = tls.is_some_and(|tls| !matches!(tls.clients, Clients::None));
    let networks = given.list("--trusted-proxy");
    let certificates: Vec<String> = given.list("--trusted-proxy-cert");
    let certificates = certificates.iter().map(|hex| digest(hex));
    let certificates: Vec<[u8; 32]> = certificates.collect::<Outcome<_>>()?;
    if networks.is_empty() && certificates.is_empty() {
        return Err("--client-cert needs --trusted-proxy or --trusted-proxy-cert".into());
    }
    if asks && certificates.is_empty() {
        return Err("--client-cert beside a client certificate needs --trusted-proxy-cert".into());
    }
    if !certificates.is_empty() && !asks {
        return Err("--trusted-proxy-cert needs --tls-client-ca or --tls-client-any".into());
    }
    let demand = given.take("--client-cert-demand").map(|text| {
        let (name, value) = text
            .split_once('=')
            .ok_or("--client-cert-demand is NAME=VALUE")?;
        Ok::<_, Box<dyn std::error::Error>>((name.parse()?, value.to_owned()))
    });
    Ok(Some(Forwarded {
        form: form.parse()?,
        networks,
        certificates,
        demand: demand.transpose()?,
    }))
}

fn digest(hex: &str) -> Outcome<[u8; 32]> {
    let mut bytes = [0; 32];
    if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err("--trusted-proxy-cert is 64 hexadecimal digits".into());
    }
    for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair)?, 16)?;
    }
    Ok(bytes)
}

fn signed_requests(given: &mut Given) -> Outcome<Option<SignedRequests>> {
    let Some(keys) = given.take("--signed-requests") else {
        return Ok(None);
    };
    Ok(Some(SignedRequests {
        keys: keys.into(),
        tag: given.take("--signature-tag"),
        response_key: given.take("--sign-responses").map(PathBuf::from),
    }))
}

fn detail(text: String) -> Outcome<(String, Option<String>)> {
    let (kind, action) = match text.split_once(':') {
        Some((kind, action)) => (kind.to_owned(), Some(action.to_owned())),
        None => (text, None),
    };
    match kind.is_empty() || action.as_deref() == Some("") {
        true => Err("--authorization-detail is TYPE[:ACTION]".into()),
        false => Ok((kind, action)),
    }
}
