//! A client that proves possession of its key with each request.

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Outcome;
use crate::server::URL;

/// A client with a key of its own.
pub(crate) struct Client {
    key: EcdsaKeyPair,
    random: SystemRandom,
    jwk: Value,
}

/// What the client reads of an answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) challenge: Option<String>,
    pub(crate) nonce: Option<String>,
}

impl Client {
    pub(crate) fn new() -> Outcome<Self> {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let der = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(|_| "no random")?;
        let key = EcdsaKeyPair::from_pkcs8(algorithm, der.as_ref(), &random);
        let key = key.map_err(|error| error.to_string())?;
        let point = key.public_key().as_ref();
        // An uncompressed point: the byte 4, then both coordinates.
        let (x, y) = point.split_at_checked(33).ok_or("the point is short")?;
        let x = x.split_first().map(|(_, x)| x).unwrap_or_default();
        let jwk = json!({"kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y)});
        Ok(Self { key, random, jwk })
    }

    /// The thumbprint of the key (RFC 7638): the members that it needs, in alphabetical order.
    pub(crate) fn thumbprint(&self) -> [u8; 32] {
        let members = ["crv", "kty", "x", "y"].map(|name| {
            let value = self.jwk.get(name).and_then(Value::as_str).unwrap_or_default();
            format!(r#""{name}":"{value}""#)
        });
        sha256(format!("{{{}}}", members.join(",")).as_bytes())
    }

    /// A proof for one `GET` of `/orders` with this token (RFC 9449 section 4.2).
    pub(crate) fn proof(&self, token: &str, nonce: Option<&str>) -> Outcome<String> {
        let mut id = [0; 16];
        self.random.fill(&mut id).map_err(|_| "no random")?;
        let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk});
        let mut claims = json!({
            "jti": encode(&id),
            "htm": "GET",
            "htu": format!("{URL}/orders"),
            "iat": SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
            "ath": encode(&sha256(token.as_bytes())),
        });
        if let (Some(nonce), Some(claims)) = (nonce, claims.as_object_mut()) {
            claims.insert("nonce".to_owned(), nonce.into());
        }
        let signed = [header, claims].map(|part| encode(part.to_string().as_bytes())).join(".");
        let signature = self.key.sign(&self.random, signed.as_bytes());
        let signature = signature.map_err(|_| "no random")?;
        Ok(format!("{signed}.{}", encode(signature.as_ref())))
    }

    /// Sends one request over a connection of its own.
    pub(crate) async fn get(
        &self,
        server: SocketAddr,
        path: &str,
        scheme: &str,
        token: &str,
        proof: Option<&str>,
    ) -> Outcome<Answer> {
        let proof = proof.map(|proof| format!("dpop: {proof}\r\n")).unwrap_or_default();
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\n\
             authorization: {scheme} {token}\r\n{proof}\r\n"
        );
        let mut stream = TcpStream::connect(server).await?;
        stream.write_all(head.as_bytes()).await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        let status = text.split(' ').nth(1).unwrap_or_default().parse()?;
        let field = |wanted: &str| {
            let mut fields = text.lines().filter_map(|line| line.split_once(": "));
            let found = fields.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map(|(_, value)| value.to_owned())
        };
        Ok(Answer { status, challenge: field("www-authenticate"), nonce: field("dpop-nonce") })
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}
