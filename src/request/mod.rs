//! The facts of a request that validators and policies read.
//!
//! [`RequestFacts`] borrows method, URI and headers from a request, and the facts of its connection
//! from the extensions [`PeerAddress`], [`ClientAddress`], [`EncryptedConnection`] and
//! [`ClientCertificate`]. What the client
//! sent is untrusted.

mod content;
mod extension;
mod facts;
mod normal_form;
mod peers;
mod target;

pub use content::Content;
pub use extension::{ClientAddress, ClientCertificate, EncryptedConnection, PeerAddress};
pub use facts::RequestFacts;
pub(crate) use normal_form::normalized;
pub use peers::TrustedPeers;
pub(crate) use target::with_slash;
pub use target::{ExternalUrl, TargetUri};
