//! Integrations with other crates, one feature each.

#[cfg(feature = "cedar")]
#[cfg_attr(bearergate_docsrs, doc(cfg(feature = "cedar")))]
pub mod cedar;
pub mod jsonwebtoken;
#[cfg(feature = "reqwest")]
pub mod reqwest;
#[cfg(feature = "tokio")]
pub mod tokio;
