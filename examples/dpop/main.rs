//! A client with a token that is bound to its key, and a server that checks the proofs (RFC 9449).
//!
//! ```text
//! cargo run --example dpop
//! ```
//!
//! Both are in this program and speak HTTP over loopback. The first request teaches the client the nonce
//! of the server, the second one is answered. A repeated proof and a stolen token are refused. The exit
//! code is 0 only if every answer is the expected one.

mod client;
mod server;

use std::error::Error;
use std::io::{self, Write};

use client::{Answer, Client};
use server::Server;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let server = Server::start().await?;
    let alice = Client::new()?;
    // The authorization server has bound the token to the key of the client.
    let token = server.token_for(alice.thumbprint())?;
    let at = server.address();

    let first = alice.get(at, "/orders", "DPoP", &token, Some(&alice.proof(&token, None)?)).await?;
    show("a first proof, without the nonce of the server", &first, 401, "use_dpop_nonce")?;
    let nonce = first.nonce.ok_or("the answer has no DPoP-Nonce")?;

    let proof = alice.proof(&token, Some(&nonce))?;
    let second = alice.get(at, "/orders", "DPoP", &token, Some(&proof)).await?;
    show("the same request with the nonce", &second, 200, "")?;

    let replayed = alice.get(at, "/orders", "DPoP", &token, Some(&proof)).await?;
    show("the same proof for the second time", &replayed, 401, "invalid_dpop_proof")?;

    let other = alice.proof(&token, Some(&nonce))?;
    let other = alice.get(at, "/invoices", "DPoP", &token, Some(&other)).await?;
    show("a proof for another path", &other, 401, "invalid_dpop_proof")?;

    // A thief has the token and the nonce, but not the key.
    let thief = Client::new()?;
    let stolen = thief.get(at, "/orders", "Bearer", &token, None).await?;
    show("the stolen token as a bearer token", &stolen, 401, "invalid_token")?;
    let forged = thief.proof(&token, Some(&nonce))?;
    let stolen = thief.get(at, "/orders", "DPoP", &token, Some(&forged)).await?;
    show("the stolen token with a proof by another key", &stolen, 401, "invalid_token")?;

    let again = alice.proof(&token, Some(&nonce))?;
    let last = alice.get(at, "/orders", "DPoP", &token, Some(&again)).await?;
    show("another request of the client, with a new proof", &last, 200, "")
}

/// Shows an answer, and fails unless it has this status and this error.
fn show(what: &str, answer: &Answer, status: u16, error: &str) -> Outcome<()> {
    let challenge = answer.challenge.as_deref().unwrap_or("no challenge");
    writeln!(io::stdout(), "{what}: {} {challenge}", answer.status)?;
    let is_expected = answer.status == status && challenge.contains(error);
    match is_expected {
        true => Ok(()),
        false => Err(format!("{what}: expected {status} {error}, found {}", answer.status).into()),
    }
}
