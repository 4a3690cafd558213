//! HTTP requests with `reqwest`, and TLS with `rustls` on `ring` (feature `reqwest`).
//!
//! [`Client`] is an [`HttpClient`](crate::http_client::HttpClient), and
//! [`Gate::issuer`](crate::Gate::issuer) and [`Gate::issuers`](crate::Gate::issuers) build whole gates
//! on it.

mod client;
mod issuer_gate;
mod issuers_gate;
mod resolve;
mod tls;

pub use client::{Client, ClientBuilder};
pub use issuer_gate::IssuerGateBuilder;
pub use issuers_gate::IssuersGateBuilder;
