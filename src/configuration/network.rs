//! What the sections share: the environment with its network, and the folder of relative paths.

use std::cell::OnceCell;

use super::files::Folder;
use crate::environment::Environment;
use crate::error::ConfigError;

/// What the readers of the sections share.
pub(super) struct Context<'c> {
    pub(super) environment: &'c Environment,
    pub(super) folder: Folder<'c>,
    with_network: OnceCell<Result<Environment, ConfigError>>,
}

impl<'c> Context<'c> {
    pub(super) const fn new(environment: &'c Environment, folder: Folder<'c>) -> Self {
        Self {
            environment,
            folder,
            with_network: OnceCell::new(),
        }
    }

    /// Returns the environment for builders that send requests: with the client and the spawner of
    /// the features `reqwest` and `tokio`, if it has none of its own.
    ///
    /// They are made only where they are needed, because a client reads the certificates of the
    /// system.
    pub(super) fn network(&self) -> Result<&Environment, ConfigError> {
        let environment = self.with_network.get_or_init(|| complete(self.environment));
        environment.as_ref().map_err(Clone::clone)
    }
}

#[cfg(feature = "reqwest")]
fn complete(environment: &Environment) -> Result<Environment, ConfigError> {
    let mut environment = environment.clone();
    if environment.http.is_none() {
        environment = environment.http_client(crate::integrations::reqwest::Client::new()?);
    }
    if environment.spawn.is_none() {
        environment = environment.spawner(crate::integrations::tokio::TokioSpawner::new());
    }
    Ok(environment)
}

#[cfg(not(feature = "reqwest"))]
fn complete(environment: &Environment) -> Result<Environment, ConfigError> {
    Ok(environment.clone())
}
