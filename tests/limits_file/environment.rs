//! What environment variables say about proxies, limits and audit files.

use std::ffi::OsString;
use std::fs;

use bearergate::configuration::{EnforcementEnv, LimitsLoader};
use bearergate::credential::PresentedCredential;
use bearergate::error::ConfigErrorKind;
use bearergate::request::RequestFacts;
use bearergate::validator::Shape;
use bearergate::{
    ConfigError, Gate, NowOrLater, Principal, Rejection, RejectionKind, TokenValidator,
};

const PROXIES: &str = "BEARERGATE_TRUSTED_PROXIES";
const LIMITS: &str = "BEARERGATE_LIMITS";
const DIRECTORY: &str = "BEARERGATE_AUDIT_DIR";
const FORMAT: &str = "BEARERGATE_AUDIT_FORMAT";

fn read(variables: &[(&str, &str)]) -> Result<EnforcementEnv, ConfigError> {
    let value = |name: &str| {
        let found = variables.iter().find(|(own, _)| *own == name);
        found.map(|(_, value)| OsString::from(value))
    };
    EnforcementEnv::from_variables(&LimitsLoader::new(), value)
}

/// A file with this text, in a directory of its own.
fn file(name: &str, text: &str) -> String {
    let directory = std::env::temp_dir().join(format!("bearergate-env-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let path = directory.join(name);
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn an_unset_variable_is_no_error_and_an_empty_one_is() {
    read(&[]).unwrap();
    for name in [PROXIES, LIMITS, DIRECTORY, FORMAT] {
        for value in ["", "  "] {
            let error = read(&[(name, value)]).unwrap_err();
            assert_eq!(
                (error.field(), error.kind()),
                (name, ConfigErrorKind::Empty)
            );
        }
    }
}

#[cfg(unix)]
#[test]
fn a_value_that_is_not_utf_8_is_an_error() {
    use std::os::unix::ffi::OsStringExt;
    for name in [PROXIES, LIMITS, DIRECTORY, FORMAT] {
        let value = |own: &str| (own == name).then(|| OsString::from_vec(vec![b'a', 0xff]));
        let error = EnforcementEnv::from_variables(&LimitsLoader::new(), value).unwrap_err();
        assert_eq!(error.field(), name);
    }
}

#[test]
fn values_that_cannot_be_read_are_errors_of_their_variable() {
    let limits = file(
        "wrong.json",
        r#"{"version": 1, "limits": [{"name": "a", "rate": "x"}]}"#,
    );
    for (variables, field, part) in [
        (vec![(PROXIES, "10.0.0.0/8,x")], PROXIES, "`x`"),
        (vec![(PROXIES, "10.0.0.1/8")], PROXIES, "host bits"),
        (
            vec![(LIMITS, "/nonexistent/limits.json")],
            LIMITS,
            "does not exist",
        ),
        (
            vec![(LIMITS, &limits)],
            LIMITS,
            "/limits/0/rate (line 1, column ",
        ),
        (
            vec![(DIRECTORY, "/tmp"), (FORMAT, "xml")],
            FORMAT,
            "one of `ocsf`",
        ),
        (vec![(FORMAT, "ocsf")], FORMAT, "BEARERGATE_AUDIT_DIR"),
    ] {
        let error = read(&variables).unwrap_err();
        assert_eq!(error.field(), field, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    for format in ["ocsf", "ecs", "cef", "native"] {
        read(&[(DIRECTORY, "/tmp"), (FORMAT, format)]).unwrap();
    }
}

#[test]
fn proxies_are_named_once() {
    let limits = file(
        "proxies.json",
        r#"{"version": 1, "proxies": {"trust": "nobody"}}"#,
    );
    read(&[(LIMITS, &limits)]).unwrap();
    read(&[(PROXIES, "none")]).unwrap();
    let error = read(&[(LIMITS, &limits), (PROXIES, "none")]).unwrap_err();
    assert_eq!(
        (error.field(), error.kind()),
        (PROXIES, ConfigErrorKind::Conflict)
    );
}

/// Takes no credential: the tests send none.
#[derive(Debug)]
struct Nobody;

impl TokenValidator for Nobody {
    fn shapes(&self) -> &[Shape] {
        &[Shape::Opaque]
    }

    fn validate<'a>(
        &'a self,
        _: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        NowOrLater::now(Err(RejectionKind::TokenMalformed.into()))
    }
}

fn kind(gate: &Gate, peer: &str) -> RejectionKind {
    let request = http::Request::get("/").body(()).unwrap();
    let facts = RequestFacts::from(&request).with_peer(peer.parse().unwrap());
    gate.try_check_now(facts).unwrap().unwrap_err().kind()
}

#[test]
fn a_gate_has_what_the_variables_say() {
    let limits = file(
        "gate.json",
        r#"{"version": 1, "addresses": {"deny": ["192.0.2.66"]},
            "limits": [{"name": "a", "rate": "1/h", "by": "source"}]}"#,
    );
    let directory =
        std::env::temp_dir().join(format!("bearergate-env-audit-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let shown = directory.display().to_string();
    let variables = [
        (PROXIES, "none"),
        (LIMITS, &limits),
        (DIRECTORY, &shown),
        (FORMAT, "cef"),
    ];
    let environment = read(&variables).unwrap();
    let gate = || Gate::builder().validator(Nobody).allow_any_authenticated();
    let gate = environment.apply(gate()).unwrap().build().unwrap();
    assert_eq!(kind(&gate, "192.0.2.66:1"), RejectionKind::AddressDenied);
    assert_eq!(kind(&gate, "192.0.2.7:1"), RejectionKind::CredentialMissing);
    assert_eq!(kind(&gate, "192.0.2.7:1"), RejectionKind::RateLimited);
    let named = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    drop(gate);
    let files: Vec<_> = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| named(entry.unwrap()))
        .collect();
    assert!(files.iter().any(|name| name.ends_with(".cef")), "{files:?}");
    fs::remove_dir_all(directory).unwrap();
}
