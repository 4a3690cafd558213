//! Integrations with other crates, each behind a feature of its own.
//!
//! Types of another crate appear in the public interface only in its integration, so that a new
//! major version of that crate changes one module. No integration uses another.
//!
//! | module | feature | for |
//! |---|---|---|
//! | [`jsonwebtoken`] | `jsonwebtoken` | applications that use `jsonwebtoken` 12: its keys converted, and a cryptography provider for it on `ring` |

#[cfg(feature = "cedar")]
#[cfg_attr(bearergate_docsrs, doc(cfg(feature = "cedar")))]
pub mod cedar;
#[cfg(feature = "jsonwebtoken")]
#[cfg_attr(bearergate_docsrs, doc(cfg(feature = "jsonwebtoken")))]
pub mod jsonwebtoken;
#[cfg(feature = "reqwest")]
pub mod reqwest;
#[cfg(feature = "tokio")]
pub mod tokio;
