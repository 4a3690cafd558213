//! Integrations with other crates, each behind a feature of its own.
//!
//! Each implements interfaces of this crate, so an integration of your own can replace it. Types of
//! another crate appear in the public interface only in its integration, so that a new major
//! version of that crate changes one module. No integration uses another, except that `reqwest`
//! runs its background work on tokio.
//!
//! | module | feature | for |
//! |---|---|---|
//! | [`cedar`] | `cedar` | policies in the language Cedar, decided by Cedar's engine |
//! | [`jsonwebtoken`] | `jsonwebtoken` | applications that use `jsonwebtoken` 12: its keys converted, and a cryptography provider for it on `ring` |
//! | [`metrics`] | `metrics` | the numbers of a gate in a recorder of the crate `metrics` |
//! | [`reqwest`] | `reqwest` | HTTP requests with `reqwest`, and [`Gate::issuer`](crate::Gate::issuer), a whole gate on it |
//! | [`rustls`] | `rustls` | client certificates of TLS servers on `rustls` |
//! | [`tokio`] | `tokio` | background work on the tokio runtime |
//! | [`tracing`] | `tracing` | events and audit records for logs |

#[cfg(feature = "cedar")]
#[cfg_attr(bearergate_docsrs, doc(cfg(feature = "cedar")))]
pub mod cedar;
#[cfg(feature = "jsonwebtoken")]
#[cfg_attr(bearergate_docsrs, doc(cfg(feature = "jsonwebtoken")))]
pub mod jsonwebtoken;
#[cfg(feature = "metrics")]
#[cfg_attr(bearergate_docsrs, doc(cfg(feature = "metrics")))]
pub mod metrics;
#[cfg(feature = "reqwest")]
#[cfg_attr(bearergate_docsrs, doc(cfg(feature = "reqwest")))]
pub mod reqwest;
#[cfg(feature = "rustls")]
#[cfg_attr(bearergate_docsrs, doc(cfg(feature = "rustls")))]
pub mod rustls;
#[cfg(feature = "tokio")]
#[cfg_attr(bearergate_docsrs, doc(cfg(feature = "tokio")))]
pub mod tokio;
#[cfg(feature = "tracing")]
#[cfg_attr(bearergate_docsrs, doc(cfg(feature = "tracing")))]
pub mod tracing;
