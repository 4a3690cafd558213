//! The messages for everyday mistakes: each says what was expected, what was found and what to do.
//!
//! All of them are in `docs/messages.md`, which must be equal byte for byte. After a change of a
//! message write the file again and read the difference:
//! `BEARERGATE_UPDATE_MESSAGES=1 cargo test --all-features --test messages`.
#![cfg(all(
    unix,
    feature = "config-file",
    feature = "issuer",
    feature = "jwe",
    feature = "policy-file",
    feature = "reqwest",
    feature = "sqlite",
    feature = "testing"
))]
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod api_keys;
mod bound;
mod configurations;
mod credentials;
mod enforcement;
mod gates;
mod keys;
mod network;
mod policies;
mod requests;
mod sessions;
mod table;
mod validators;

use table::{Section, Table};

#[tokio::test]
async fn every_message_is_that_of_the_table() {
    let mut table = Table::new();
    table.add(Section::new("Keys", keys::rows()));
    table.add(Section::new("Validators of JWTs", validators::rows()));
    table.add(Section::new(
        "Keys and endpoints over the network",
        network::rows().await,
    ));
    table.add(Section::new(
        "Secrets and credentials of the service",
        credentials::rows(),
    ));
    table.add(Section::new("Gates", gates::rows()));
    table.add(Section::new("Policies and routes", policies::rows()));
    table.add(Section::new(
        "Addresses, limits, lock-outs and audit trails",
        enforcement::rows().await,
    ));
    table.add(Section::new("Configuration files", configurations::rows()));
    table.add(Section::new("API keys and stores", api_keys::rows().await));
    table.add(Section::new(
        "Sessions and refresh tokens",
        sessions::rows().await,
    ));
    table.add(Section::new(
        "Requests that are refused",
        requests::rows().await,
    ));
    table.add(Section::new(
        "Bound tokens and signed requests",
        bound::rows(),
    ));
    table.check();
}
