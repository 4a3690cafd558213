//! Checks a policy file: loads it, prints its lints and runs test cases.
//!
//! `cargo run --example policy_check -- FILE [CASES]`, such as
//! `examples/policies/orders.json examples/policies/orders.cases.json`. Exit status 0: no lint and
//! no failed case; 1: a lint or a failed case; 2: a file cannot be read.
#![expect(clippy::print_stdout, reason = "an example prints its result")]

use std::collections::BTreeMap;
use std::error::Error;
use std::process::ExitCode;

use bearergate::clock::UnixTime;
use bearergate::json::Value;
use bearergate::policy::{AccessRequest, Case, Lint, PolicyLoader, run_cases};
use bearergate::principal::PrincipalKind;
use bearergate::{Authorizer, Principal};
use serde::Deserialize;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            println!("error  {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<bool, Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().ok_or("give the path of a policy file")?;
    let (authorizer, found) = load(&std::fs::read(path)?)?;
    for lint in &found {
        println!("found  {lint}");
    }
    let cases = match args.next() {
        Some(path) => read_cases(&std::fs::read(path)?)?,
        None => Vec::new(),
    };
    let mut failed = 0;
    for case in &cases {
        match case.check(&*authorizer)? {
            None => println!("ok     {}", case.name),
            Some(fault) => {
                failed += 1;
                println!("FAILED {fault}");
            }
        }
    }
    println!(
        "{} found, {} of {} cases failed",
        found.len(),
        failed,
        cases.len()
    );
    Ok(found.is_empty() && failed == 0)
}

type Loaded = (Box<dyn Authorizer>, Vec<Lint>);

/// Loads a policy, or a table of routes if the file has `routes`.
fn load(text: &[u8]) -> Result<Loaded, Box<dyn Error>> {
    let loader = PolicyLoader::new();
    let object = Value::parse(text).ok().and_then(Value::as_object);
    if object.is_some_and(|object| object.get("routes").is_some()) {
        let table = loader.routes(text)?;
        let found = table.lint();
        return Ok((Box::new(table), found));
    }
    let policy = loader.policy(text)?;
    let found = policy.lint();
    Ok((Box::new(policy), found))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    cases: Vec<FileCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileCase {
    name: String,
    caller: Caller,
    action: Option<String>,
    /// The matched route.
    route: Option<String>,
    #[serde(default)]
    params: BTreeMap<String, String>,
    #[serde(default)]
    now: u64,
    expect: Expected,
    because: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Caller {
    authority: Option<String>,
    subject: Option<String>,
    client: Option<String>,
    scopes: Option<Vec<String>>,
    claims: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Expected {
    Allow,
    Deny,
}

fn read_cases(text: &[u8]) -> Result<Vec<FileCase>, Box<dyn Error>> {
    // The strict reader refuses repeated members, of which serde would drop one.
    Value::parse(text)?;
    let file: File = serde_json::from_slice(text)?;
    Ok(file.cases)
}

impl FileCase {
    /// Runs the case, and returns how its decision differs from the expected one.
    fn check(&self, authorizer: &dyn Authorizer) -> Result<Option<String>, Box<dyn Error>> {
        let caller = self.caller.principal()?;
        let params: Vec<_> = self
            .params
            .iter()
            .map(|(name, own)| (&**name, &**own))
            .collect();
        let mut request =
            AccessRequest::new(&caller, UnixTime::from_secs(self.now)).with_params(&params);
        if let Some(action) = &self.action {
            request = request.with_action(action);
        }
        if let Some(route) = &self.route {
            request = request.with_resource(route);
        }
        let mut case = match self.expect {
            Expected::Allow => Case::allow(&self.name, request),
            Expected::Deny => Case::deny(&self.name, request),
        };
        if let Some(reason) = &self.because {
            case = case.because(reason);
        }
        Ok(run_cases(authorizer, [case])
            .err()
            .map(|failed| failed.to_string()))
    }
}

impl Caller {
    fn principal(&self) -> Result<Principal, Box<dyn Error>> {
        let authority = self
            .authority
            .as_deref()
            .unwrap_or("https://idp.example.com");
        let mut own = Principal::builder(PrincipalKind::Session, authority);
        if let Some(subject) = &self.subject {
            own = own.subject(subject);
        }
        if let Some(client) = &self.client {
            own = own.client(client);
        }
        if let Some(claims) = &self.claims {
            own = own.claims(claims.to_string())?;
        }
        if let Some(scopes) = &self.scopes {
            own = own.scopes(scopes);
        }
        Ok(own.build())
    }
}
