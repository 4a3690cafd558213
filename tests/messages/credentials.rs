//! Mistakes with secrets and with the credentials of the service.

use bearergate::client_auth::{ClientAuth, ClientKey};
use bearergate::credential::Sources;
use bearergate::crypto::Algorithm;
use bearergate::secret_source::SecretSource;

use crate::table::{CANARY, Row, refused, row};

pub(crate) fn rows() -> Vec<Row> {
    let rows = [secrets(), clients(), places()];
    rows.into_iter().flatten().collect()
}

fn secrets() -> Vec<Row> {
    let absent = SecretSource::file("/nonexistent/run/secrets/pepper");
    let vault = SecretSource::from_fn("vault", || Err("the vault is sealed"));
    vec![
        row(
            "a secret in a variable that is not set",
            refused(SecretSource::env("BEARERGATE_NO_SUCH_PEPPER").read()),
            [
                "expected a secret",
                "`BEARERGATE_NO_SUCH_PEPPER` is not set",
                "set it",
            ],
        ),
        row(
            "a secret in a file that does not exist",
            refused(absent.read()),
            [
                "expected a file with a secret",
                "does not exist",
                "give the path of the file",
            ],
        ),
        row(
            "a secret in a folder",
            refused(SecretSource::file("/").read()),
            [
                "expected a file with a secret",
                "is a folder",
                "give the path of a file in it",
            ],
        ),
        row(
            "a secret in an empty file",
            refused(SecretSource::file("/dev/null").read()),
            ["expected a secret", "is empty", "put the secret in it"],
        ),
        row(
            "a vault that fails",
            refused(vault.read()),
            ["expected a secret", "the source `vault` failed", "says why"],
        ),
    ]
}

fn clients() -> Vec<Row> {
    const PUBLIC: &str = include_str!("../keys/es256.public.pem");
    let basic = |id: &str, secret: &str| refused(ClientAuth::secret_basic(id, secret.to_owned()));
    vec![
        row(
            "an empty client id",
            basic("", CANARY),
            [
                "what the provider registered",
                "`client_id` is empty",
                "give",
            ],
        ),
        row(
            "an empty client secret",
            basic("orders", ""),
            [
                "what the provider registered",
                "`client_secret` is empty",
                "give",
            ],
        ),
        row(
            "a bearer token with its scheme",
            refused(ClientAuth::bearer(format!("Bearer {CANARY}"))),
            [
                "expected printable ASCII without spaces",
                "found",
                "without a scheme",
            ],
        ),
        row(
            "a public key to authenticate with",
            refused(ClientKey::from_pem(Algorithm::Es256, PUBLIC)),
            [
                "expected a private key",
                "found a public key",
                "give the PEM",
            ],
        ),
    ]
}

fn places() -> Vec<Row> {
    vec![
        row(
            "a place with a space in its name",
            refused(Sources::builder().header("X Api Key").build()),
            [
                "expected a name without spaces",
                "found `X Api Key`",
                "write it like `x-api-key`",
            ],
        ),
        row(
            "one header twice",
            refused(
                Sources::builder()
                    .header("x-api-key")
                    .header("X-Api-Key")
                    .build(),
            ),
            [
                "expected each place once",
                "found Header(\"x-api-key\") twice",
                "enable it once",
            ],
        ),
    ]
}
