//! Integrations with other crates, one feature each.
//!
//! No integration needs another one, except that `reqwest` runs its background work on tokio. Each
//! implements the interfaces of this crate, so an integration of your own can replace it.

#[cfg(feature = "cedar")]
#[cfg_attr(bearergate_docsrs, doc(cfg(feature = "cedar")))]
pub mod cedar;
pub mod jsonwebtoken;
#[cfg(feature = "reqwest")]
pub mod reqwest;
#[cfg(feature = "tokio")]
pub mod tokio;
