//! Names resolve to addresses that may be reached, or to none.

use std::error::Error;
use std::io;
use std::net::SocketAddr;

use reqwest::dns::Addrs;
use reqwest::dns::Name;
use reqwest::dns::Resolve;
use reqwest::dns::Resolving;
use thiserror::Error as ThisError;

use crate::http_client::AddressScope;

/// Resolves names by the system, and leaves out what must not be reached: connections are made to
/// what it returns and to nothing else.
#[derive(Debug)]
pub(super) struct Resolver(pub(super) AddressScope);

/// A name resolves to addresses that must not be reached.
#[derive(Debug, ThisError)]
#[error("the name resolves to no address that may be reached")]
struct Forbidden;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let (admitted, others): (Vec<SocketAddr>, Vec<_>) =
                found.partition(|address| reach.permits(address.ip()));
            if admitted.is_empty() && !others.is_empty() {
                return Err(Forbidden.into());
            }
            if admitted.is_empty() {
                return Err(io::Error::from(io::ErrorKind::NotFound).into());
            }
            Ok(Box::new(admitted.into_iter()) as Addrs)
        })
    }
}

pub(super) fn is_forbidden(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<Forbidden>() {
            return true;
        }
        next = error.source();
    }
    false
}
