//! Extraction of credentials from requests.
//!
//! The input is an HTTP request as text: `METHOD TARGET`, header lines, an empty line, a form body.
//!
//! Property: nothing panics; an accepted header value is the scheme, one or more spaces and the
//! token, or `Basic` with the key as the user name and an empty password; an extracted credential is
//! the only one that an independent parser finds in the request, with the same text; a request in
//! which that parser finds nothing has no credential; and a cookie is accepted only if another
//! site cannot have caused the request, which the check without a credential reports too.
#![no_main]

use std::sync::LazyLock;

use bearergate::RejectionKind;
use bearergate::credential::{
    BasicKey, CrossSiteCheck, Place, PresentedCredential, Scheme, Sources,
};
use bearergate::request::RequestFacts;
use http::Request;
use libfuzzer_sys::fuzz_target;

const ORIGIN: &str = "https://app.example.com";

static SOURCES: LazyLock<Sources> = LazyLock::new(|| {
    let builder = Sources::builder().dpop().api_key().cookie("sid");
    let builder = builder.allow_origin(ORIGIN).header("x-api-key");
    let builder = builder.basic(BasicKey::user_name());
    let builder = builder
        .form(Sources::ACCESS_TOKEN)
        .query(Sources::ACCESS_TOKEN);
    builder.build().expect("the sources are well-formed")
});

static CHECK: LazyLock<CrossSiteCheck> = LazyLock::new(|| {
    let check = CrossSiteCheck::default().allow_origin(ORIGIN);
    check.expect("the origin is well-formed")
});

fuzz_target!(|text: &[u8]| {
    let Some((request, form)) = read(text) else {
        return;
    };
    for line in values(&request, "authorization") {
        check_header(line);
    }
    let facts = RequestFacts::from(&request).with_form(form);
    let is_safe = is_safe_method(&request) || is_same_origin(&request);
    assert_eq!(CHECK.check(facts).is_ok(), is_safe);
    match SOURCES.extract(&facts) {
        Ok(presented) => check_extracted(&presented, &request, form),
        Err(rejection) => {
            let is_missing = rejection.kind() == RejectionKind::CredentialMissing;
            assert_eq!(is_missing, is_without_credential(&request, form));
        }
    }
});

fn read(text: &[u8]) -> Option<(Request<()>, &[u8])> {
    let (first, mut rest) = line(text);
    let (method, target) = str::from_utf8(first).ok()?.split_once(' ')?;
    let mut builder = Request::builder().method(method).uri(target);
    loop {
        let (header, after) = line(rest);
        rest = after;
        let Some(colon) = header.iter().position(|b| *b == b':') else {
            return Some((builder.body(()).ok()?, rest));
        };
        let (name, value) = (&header[..colon], &header[colon + 1..]);
        builder = builder.header(name, value.strip_prefix(b" ").unwrap_or(value));
    }
}

fn line(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|b| *b == b'\n');
    end.map_or((text, &[]), |end| (&text[..end], &text[end + 1..]))
}

fn values<'r>(request: &'r Request<()>, name: &str) -> Vec<&'r [u8]> {
    let values = request.headers().get_all(name).into_iter();
    values.map(|value| value.as_bytes()).collect()
}

fn check_header(value: &[u8]) {
    let Ok(value) = str::from_utf8(value) else {
        return;
    };
    if let Ok(presented) = PresentedCredential::authorization(value) {
        let token = presented.credential().expose();
        check_value(value.as_bytes(), Scheme::Bearer, token);
        let bare = PresentedCredential::bearer(token).expect("an accepted token is one on its own");
        assert_eq!(bare.credential().expose(), token);
    }
    let extracted = SOURCES.authorization(value);
    if let Ok(presented) = &extracted {
        let credential = presented.credential();
        check_value(value.as_bytes(), credential.scheme(), credential.expose());
        let is_basic = credential.scheme() == Scheme::Basic;
        assert_eq!(*presented.place() == Place::Basic, is_basic);
    }
    assert!(extracted.is_ok() || PresentedCredential::authorization(value).is_err());
}

fn check_value(value: &[u8], scheme: Scheme, token: &str) {
    let (word, rest) = value.split_at(scheme.as_str().len());
    assert!(word.eq_ignore_ascii_case(scheme.as_str().as_bytes()));
    let first = rest.iter().position(|b| *b != b' ').expect("a token");
    assert!(first > 0);
    let sent = match scheme {
        Scheme::Basic => {
            assert!(token.bytes().all(|b| b.is_ascii_graphic() && b != b':'));
            base64(format!("{token}:").as_bytes())
        }
        _ => token.to_owned(),
    };
    assert_eq!(&rest[first..], sent.as_bytes());
}

/// RFC 4648 section 4, bit by bit.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits = |bytes: &[u8]| -> Vec<bool> {
        let all = bytes
            .iter()
            .flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1 == 1));
        all.collect()
    };
    let sextet = |bits: &[bool]| {
        let padded = bits.iter().copied().chain([false; 6]).take(6);
        let index = padded.fold(0, |index, bit| index * 2 + usize::from(bit));
        char::from(ALPHABET[index])
    };
    let mut text: String = bits(bytes).chunks(6).map(sextet).collect();
    while text.len() % 4 != 0 {
        text.push('=');
    }
    text
}

fn check_extracted(presented: &PresentedCredential<'_>, request: &Request<()>, form: &[u8]) {
    let (place, credential) = (presented.place(), presented.credential());
    let token = credential.expose();
    let found = Found::new(request, form);
    match place {
        Place::AuthorizationHeader | Place::Basic => {
            assert_eq!(*place == Place::Basic, credential.scheme() == Scheme::Basic);
            assert_eq!(found.authorization.len(), 1);
            check_value(found.authorization[0], credential.scheme(), token);
        }
        Place::Cookie(_) => {
            assert_eq!(credential.scheme(), Scheme::Cookie);
            assert!(is_safe_method(request) || is_same_origin(request));
            assert_eq!(found.cookies, [token.as_bytes()]);
        }
        Place::Form(_) => {
            assert!(!["GET", "HEAD"].contains(&request.method().as_str()));
            assert_eq!(found.form, [token]);
        }
        Place::Header(_) => assert_eq!(found.header, [token.as_bytes()]),
        Place::Query(_) => assert_eq!(found.query, [token]),
        place => panic!("a place that is not enabled: {place:?}"),
    }
    assert_eq!(found.count(), 1);
}

fn is_safe_method(request: &Request<()>) -> bool {
    let is_safe = ["GET", "HEAD", "OPTIONS"].contains(&request.method().as_str());
    is_safe && !is_websocket(request)
}

fn is_websocket(request: &Request<()>) -> bool {
    let mut lines = values(request, "upgrade").into_iter();
    lines.any(|line| String::from_utf8_lossy(&line.to_ascii_lowercase()).contains("websocket"))
}

fn is_same_origin(request: &Request<()>) -> bool {
    let site = values(request, "sec-fetch-site");
    let origin = values(request, "origin");
    if site.len() > 1 || origin.len() > 1 {
        return false;
    }
    let is_other = site.is_empty() || [&b"same-site"[..], b"cross-site"].contains(&site[0]);
    site == [b"same-origin"] || is_other && origin == [ORIGIN.as_bytes()]
}

/// The credentials that an independent parser finds, by place.
struct Found<'r> {
    authorization: Vec<&'r [u8]>,
    cookies: Vec<&'r [u8]>,
    form: Vec<String>,
    header: Vec<&'r [u8]>,
    query: Vec<String>,
}

impl<'r> Found<'r> {
    fn new(request: &'r Request<()>, form: &[u8]) -> Self {
        let mut authorization = values(request, "authorization");
        // One line with another scheme is not a credential; two lines are always rejected.
        if authorization.len() == 1 {
            authorization.retain(|line| is_enabled_scheme(line));
        }
        let query = request.uri().query().unwrap_or_default();
        Self {
            authorization,
            cookies: unless_empty(cookies(&values(request, "cookie"))),
            form: parameters(form),
            header: unless_empty(values(request, "x-api-key")),
            query: parameters(query.as_bytes()),
        }
    }

    fn count(&self) -> usize {
        let texts = self.form.len() + self.query.len();
        texts + self.authorization.len() + self.cookies.len() + self.header.len()
    }
}

/// One value that is empty is not a credential; two values are always rejected.
fn unless_empty(values: Vec<&[u8]>) -> Vec<&[u8]> {
    match values[..] {
        [b""] => Vec::new(),
        _ => values,
    }
}

/// Returns false for another scheme, and for one of the enabled ones with nothing behind it.
fn is_enabled_scheme(line: &[u8]) -> bool {
    let mut text = line;
    while let Some(shorter) = text.strip_suffix(b" ") {
        text = shorter;
    }
    let is_named = |word: &[u8]| {
        ["ApiKey", "Basic", "Bearer", "DPoP"]
            .iter()
            .any(|scheme| word.eq_ignore_ascii_case(scheme.as_bytes()))
    };
    let word = line.split(|b| !is_tchar(*b)).next().unwrap_or_default();
    word.is_empty() || is_named(word) && !is_named(text)
}

/// RFC 9110 section 5.6.2.
fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Returns true only if no enabled place has anything.
fn is_without_credential(request: &Request<()>, form: &[u8]) -> bool {
    let found = Found::new(request, form);
    let lines = values(request, "authorization");
    found.count() == 0 && lines.len() < 2 && form.len() <= RequestFacts::MAX_FORM_BYTES
}

fn cookies<'r>(lines: &[&'r [u8]]) -> Vec<&'r [u8]> {
    let pairs = lines.iter().flat_map(|line| line.split(|b| *b == b';'));
    pairs
        .filter_map(|pair| pair.trim_ascii_start().strip_prefix(b"sid="))
        .collect()
}

fn parameters(pairs: &[u8]) -> Vec<String> {
    let pairs = form_urlencoded::parse(pairs);
    let values = pairs.filter(|(name, _)| name == Sources::ACCESS_TOKEN);
    values.map(|(_, value)| value.into_owned()).collect()
}
