//! Resolution of names to addresses that a request may connect to.

use std::error::Error;
use std::io;
use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error as ThisError;

use crate::http_client::AddressScope;

/// Resolves names by the system, and leaves out addresses that must not be reached. Connections are
/// made only to addresses that it returns.
#[derive(Debug)]
pub(super) struct Resolver(pub(super) AddressScope);

/// The error for a name that resolves only to addresses that must not be reached.
#[derive(Debug, ThisError)]
#[error("the name resolves to no address that may be reached")]
struct ForbiddenAddress;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let scope = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let (permitted, others): (Vec<SocketAddr>, Vec<_>) =
                found.partition(|address| scope.permits(address.ip()));
            if permitted.is_empty() && !others.is_empty() {
                return Err(ForbiddenAddress.into());
            }
            if permitted.is_empty() {
                return Err(io::Error::from(io::ErrorKind::NotFound).into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

pub(super) fn is_forbidden(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<ForbiddenAddress>() {
            return true;
        }
        next = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn is_reached(scope: AddressScope, name: &str) -> bool {
        let resolver = Resolver(scope);
        match resolver.resolve(name.parse().unwrap()).await {
            Ok(found) => found.count() > 0,
            Err(error) => {
                assert!(is_forbidden(&*error), "{error}");
                false
            }
        }
    }

    /// The resolver of the system returns an address that is given as a name without a request.
    #[tokio::test]
    async fn a_host_without_tls_is_reached_only_at_private_addresses() {
        for (name, is_private) in [
            ("localhost", true),
            ("10.0.0.5", true),
            ("192.168.1.1", true),
            ("8.8.8.8", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
        ] {
            assert_eq!(
                is_reached(AddressScope::Private, name).await,
                is_private,
                "{name}"
            );
            assert!(is_reached(AddressScope::Any, name).await, "{name}");
        }
    }
}
