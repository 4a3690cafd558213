//! Mistakes that are found over the network: at the start (`warm_up`), and by the doctor.

use std::io;
use std::sync::Arc;

use bearergate::client_auth::ClientAuth;
use bearergate::clock::FakeClock;
use bearergate::environment::Environment;
use bearergate::http_client::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpSettings,
};
use bearergate::integrations::tokio::TokioSpawner;
use bearergate::key::FetchedKeys;
use bearergate::{Gate, IntrospectionValidator, JwtValidator, KeyStore, NowOrLater};
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};

use crate::table::{CANARY, NOW, Row, refused, row, shown, worst};

const ISSUER: &str = "https://idp.example.com";
const JWKS: &str = "https://idp.example.com/jwks";
const INTROSPECT: &str = "https://idp.example.com/introspect";
const API: &str = "https://api.example.com";

/// A provider that gives this answer to every request.
#[derive(Clone, Debug)]
enum Provider {
    Answers(u16, &'static str, &'static str),
    Fails(HttpErrorKind),
}

use Provider::{Answers, Fails};

impl HttpClient for Provider {
    fn send(&self, _: HttpRequest) -> NowOrLater<'_, Result<HttpResponse, HttpError>> {
        NowOrLater::now(match *self {
            Answers(status, kind, body) => {
                let mut headers = HeaderMap::new();
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
                let status = StatusCode::from_u16(status).unwrap();
                Ok(HttpResponse::new(status, headers, body.into()))
            }
            Fails(HttpErrorKind::Connect) => {
                let below = io::Error::from(io::ErrorKind::ConnectionRefused);
                Err(HttpError::new(HttpErrorKind::Connect).with_source(below))
            }
            Fails(kind) => Err(kind.into()),
        })
    }
}

const JSON: &str = "application/json";
const PAGE: Provider = Answers(200, "text/html", "<html>Sign in</html>");
const METADATA: &str =
    r#"{"issuer":"https://idp.example.com/","jwks_uri":"https://idp.example.com/jwks"}"#;

fn environment(provider: Provider) -> Environment {
    Environment::new()
        .clock(FakeClock::at(NOW))
        .http_client(provider)
        .spawner(TokioSpawner::new())
}

fn introspection(provider: Provider, auth: ClientAuth) -> IntrospectionValidator {
    let validator = IntrospectionValidator::builder(INTROSPECT, auth).audience(API);
    validator.env(&environment(provider)).build().unwrap()
}

fn basic() -> ClientAuth {
    ClientAuth::secret_basic("orders", CANARY.to_owned()).unwrap()
}

pub(crate) async fn rows() -> Vec<Row> {
    let mut rows = addresses();
    rows.extend(keys().await);
    rows.extend(discovery().await);
    rows.extend(endpoints().await);
    rows.push(inactive().await);
    rows.extend(doctor().await);
    rows
}

/// An endpoint that knows no active token.
async fn inactive() -> Row {
    let validator = introspection(Answers(200, JSON, r#"{"active":false}"#), basic());
    let gate = Gate::builder()
        .validator(validator)
        .allow_any_authenticated();
    let gate = gate.clock(FakeClock::at(NOW)).build().unwrap();
    let request = Request::get("/").header("authorization", "Bearer 6f1ed002ab559585");
    let explanation = gate.explain(&request.body(()).unwrap()).await;
    row(
        "a token that the introspection endpoint calls inactive",
        shown(&explanation),
        ["expected", "found", "hint:"],
    )
}

fn addresses() -> Vec<Row> {
    let built = |keys: &str| {
        let keys = FetchedKeys::discover(keys).env(&environment(PAGE));
        refused(keys.build())
    };
    let at = |url: &str| refused(FetchedKeys::jwks_url(url).env(&environment(PAGE)).build());
    let agent = HttpSettings::new().user_agent("orders\n");
    vec![
        row(
            "an empty issuer, for discovery",
            built(""),
            [
                "`issuer`: expected",
                "found an empty text",
                "give the whole URL",
            ],
        ),
        row(
            "an issuer with a space at its end, for discovery",
            built("https://idp.example.com "),
            ["`issuer`: expected", "white space", "remove it"],
        ),
        row(
            "an issuer without TLS",
            built("http://idp.example.com"),
            [
                "expected an absolute `https` URL",
                "found `http://idp.example.com`",
                "use `https`",
            ],
        ),
        row(
            "an issuer without a scheme",
            built("idp.example.com"),
            [
                "expected an absolute `https` URL",
                "found `idp.example.com`",
                "write the whole URL",
            ],
        ),
        row(
            "an address with a password",
            at("https://orders:s3cret@idp.example.com/jwks"),
            [
                "expected an absolute `https` URL",
                "has a user or a password",
                "remove it",
            ],
        ),
        row(
            "no HTTP client",
            refused(FetchedKeys::jwks_url(JWKS).build()),
            [
                "expected an HTTP client",
                "found none",
                "`Environment::http_client`",
            ],
        ),
        row(
            "a `User-Agent` with a line end",
            refused(
                FetchedKeys::jwks_url(JWKS)
                    .env(&environment(PAGE))
                    .http_settings(agent)
                    .build(),
            ),
            [
                "`user_agent`: expected",
                "found `orders\\n`",
                "write it like",
            ],
        ),
    ]
}

/// The message of the start of a service whose keys this provider has.
async fn warmed(provider: Provider) -> String {
    let keys = FetchedKeys::jwks_url(JWKS)
        .env(&environment(provider))
        .build();
    refused(keys.unwrap().warm_up().await)
}

async fn keys() -> Vec<Row> {
    const AT: &str = "keys of `https://idp.example.com/jwks`";
    vec![
        row(
            "`warm_up` while the provider is down",
            warmed(Fails(HttpErrorKind::Connect)).await,
            [AT, "no connection could be made", "check name resolution"],
        ),
        row(
            "`warm_up` while the provider is slow",
            warmed(Fails(HttpErrorKind::Deadline)).await,
            [
                AT,
                "did not answer before the deadline",
                "raise `HttpSettings::deadline`",
            ],
        ),
        row(
            "`warm_up` with a wrong path of the keys",
            warmed(Answers(404, "text/plain", "")).await,
            [
                "expected status 200",
                "found 404 Not Found",
                "check the address",
            ],
        ),
        row(
            "`warm_up` with an address that redirects",
            warmed(Answers(302, "text/plain", "")).await,
            ["expected status 200", "found 302 Found", "give the address"],
        ),
        row(
            "`warm_up` with a page in place of the keys",
            warmed(PAGE).await,
            [
                "expected one well-formed JSON object",
                "found HTML or XML",
                "check that the address",
            ],
        ),
        row(
            "`warm_up` with the discovery document in place of the keys",
            warmed(Answers(200, JSON, METADATA)).await,
            [
                "expected an object with an array `keys`",
                "found a discovery document",
                "`FetchedKeys`",
            ],
        ),
        row(
            "`warm_up` with keys of which none can be used",
            warmed(Answers(
                200,
                JSON,
                r#"{"keys":[{"kty":"oct","k":"s3cret"}]}"#,
            ))
            .await,
            ["at least one key", "symmetric", "have the provider publish"],
        ),
        row(
            "`warm_up` with a firewall that asks for credentials",
            warmed(Answers(403, "text/html", "<html></html>")).await,
            [
                "expected status 200",
                "found 403 Forbidden",
                "pass this host's address",
            ],
        ),
    ]
}

async fn discovered(provider: Provider) -> String {
    let keys = FetchedKeys::discover(ISSUER)
        .env(&environment(provider))
        .build();
    refused(keys.unwrap().warm_up().await)
}

async fn discovery() -> Vec<Row> {
    vec![
        row(
            "`warm_up` with an issuer that lacks a slash of the document",
            discovered(Answers(200, JSON, METADATA)).await,
            [
                "expected the issuer \"https://idp.example.com\"",
                "found \"https://idp.example.com/\"",
                "give the issuer exactly as the document spells it",
            ],
        ),
        row(
            "`warm_up` with an issuer that has no discovery document",
            discovered(Answers(404, "text/plain", "")).await,
            ["expected status 200", "found 404", "check the issuer"],
        ),
        row(
            "`warm_up` with a page in place of the discovery document",
            discovered(PAGE).await,
            [
                "one well-formed JSON object",
                "found HTML or XML",
                "ask the address by hand",
            ],
        ),
        row(
            "`warm_up` with a JWKS in place of the discovery document",
            discovered(Answers(200, JSON, r#"{"keys":[]}"#)).await,
            [
                "expected `issuer`",
                "found none",
                "check that the address is that of a discovery document",
            ],
        ),
        row(
            "`warm_up` with a discovery document without keys",
            discovered(Answers(
                200,
                JSON,
                r#"{"issuer":"https://idp.example.com"}"#,
            ))
            .await,
            [
                "`jwks_uri`",
                "names no keys",
                "give the address of the keys",
            ],
        ),
    ]
}

async fn probed(provider: Provider) -> String {
    refused(introspection(provider, basic()).probe().await)
}

async fn endpoints() -> Vec<Row> {
    let signed = Answers(200, JSON, r#"{"active":true,"scope":"a"}"#);
    vec![
        row(
            "introspection at a wrong path",
            probed(Answers(404, "text/plain", "")).await,
            [
                "expected status 200",
                "found 404 Not Found",
                "check the address",
            ],
        ),
        row(
            "introspection at the address of a page",
            probed(PAGE).await,
            [
                "expected `application/json`",
                "found `text/html`",
                "check that the address",
            ],
        ),
        row(
            "introspection with a wrong secret",
            probed(Answers(401, JSON, r#"{"error":"invalid_client"}"#)).await,
            [
                "refused the credentials",
                "found 401 Unauthorized",
                "check the client id and secret",
            ],
        ),
        row(
            "introspection with an expired bearer token",
            {
                let auth = ClientAuth::bearer(CANARY.to_owned()).unwrap();
                let provider = Answers(401, JSON, r#"{"error":"invalid_token"}"#);
                refused(introspection(provider, auth).probe().await)
            },
            [
                "refused the credentials",
                "found 401 Unauthorized",
                "is not expired",
            ],
        ),
        row(
            "introspection by a client that may not",
            probed(Answers(403, JSON, "{}")).await,
            [
                "does not let this service use it",
                "found 403 Forbidden",
                "allow this client",
            ],
        ),
        row(
            "introspection at an endpoint that says yes to everything",
            probed(signed).await,
            [
                "expected an unknown token to be inactive",
                "found it active",
                "check that the address",
            ],
        ),
        row(
            "introspection at an endpoint of another kind",
            probed(Answers(200, JSON, r#"{"token":"x"}"#)).await,
            [
                "expected `active` in the response",
                "found neither",
                "check that the address",
            ],
        ),
        row(
            "introspection while the provider is down",
            probed(Fails(HttpErrorKind::Connect)).await,
            [
                "`https://idp.example.com/introspect`",
                "no connection",
                "check name resolution",
            ],
        ),
    ]
}

async fn report(gate: bearergate::gate::GateBuilder) -> String {
    let gate = gate
        .allow_any_authenticated()
        .clock(FakeClock::at(NOW))
        .build();
    worst(&gate.unwrap().doctor().await)
}

async fn doctor() -> Vec<Row> {
    let keys = |provider| {
        FetchedKeys::jwks_url(JWKS)
            .env(&environment(provider))
            .build()
            .unwrap()
    };
    let fetched = |provider| {
        let validator = JwtValidator::builder().issuer(ISSUER).audience(API);
        Gate::builder().validator(
            validator
                .key_store(Arc::new(keys(provider)))
                .build()
                .unwrap(),
        )
    };
    let jwks = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},{"kty":"OKP","kid":"b","crv":"Ed25519","use":"enc","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    let introspects =
        Gate::builder().validator(introspection(Fails(HttpErrorKind::Connect), basic()));
    vec![
        row(
            "the doctor's view of a refused connection",
            report(fetched(Fails(HttpErrorKind::Connect))).await,
            [
                "keys https://idp.example.com/jwks",
                "no connection could be made: connection refused",
                "check name resolution",
            ],
        ),
        row(
            "the doctor's view of a key for encryption in a set",
            report(fetched(Answers(200, JSON, jwks))).await,
            [
                "expected `use` to be `sig`",
                "`b` is skipped",
                "replaced at the provider",
            ],
        ),
        row(
            "the doctor's view of an endpoint that is down",
            report(introspects).await,
            [
                "introspection https://idp.example.com/introspect",
                "no connection",
                "check name resolution",
            ],
        ),
    ]
}
