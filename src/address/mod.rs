//! The address of the client: trusted proxies, forwarded headers, address lists.
//!
//! [`Proxies`] says who is between the clients and the service, and locates the client of a request:
//! an [`Origin`]. [`AddressRules`] say which addresses are let in. What is limited and locked out is
//! the [`Source`] of an origin.
//!
//! The peer of a connection is a fact; a header is a claim of its sender. A header is read only
//! if the peer is a trusted proxy, and what cannot be read makes the address unknown: the address
//! of a proxy is never taken for that of a client.
//!
//! ```
//! use std::net::SocketAddr;
//!
//! use bearergate::address::{AddressList, AddressRules, Proxies};
//! use bearergate::request::{PeerAddress, RequestFacts};
//!
//! let proxies = Proxies::trust(["10.0.0.0/8"])?;
//! let rules = AddressRules::builder()
//!     .deny(AddressList::parse("203.0.113.0/24 # reported on Monday\n")?)
//!     .build()?;
//!
//! let mut request = http::Request::get("/orders")
//!     .header("x-forwarded-for", "198.51.100.9, 203.0.113.7")
//!     .body(())?;
//! let peer: SocketAddr = "10.0.0.1:4711".parse()?;
//! request.extensions_mut().insert(PeerAddress(peer));
//!
//! let origin = proxies.locate(&RequestFacts::from(&request));
//! assert_eq!(origin.address(), Some("203.0.113.7".parse()?)); // added by the proxy
//! assert_eq!(origin.via(), Some(peer.ip()));
//! assert!(!rules.admits(origin.address()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod entry;
mod forwarded;
mod header_name;
mod list;
mod origin;
mod proxies;
pub mod proxy_protocol;
mod ranges;
mod rules;
mod source;

pub use list::AddressList;
pub use origin::{Origin, OriginProblem};
pub use proxies::{ForwardedBy, Proxies};
pub use rules::{AddressRules, AddressRulesBuilder};
pub use source::Source;
