//! The whole code of a service that is configured from a file: loading, and one handler.

use std::path::Path;

use bearergate::configuration::{ConfigErrors, Configuration, ConfiguredService};
use bearergate::environment::Environment;
use http::{Request, Response};

/// Loads the file and builds what it describes. Every error of it is in the result.
pub(crate) fn load(
    file: &Path,
    environment: &Environment,
) -> Result<ConfiguredService, ConfigErrors> {
    Configuration::from_file(file)?.build(environment)
}

/// Answers a request, if its caller may make it.
pub(crate) async fn serve<B>(
    service: &ConfiguredService,
    request: &Request<B>,
) -> Response<String> {
    match service.gate().check(request).await {
        Ok(admitted) => {
            let caller = admitted.principal().subject().unwrap_or("a client");
            Response::new(format!("orders of {caller}"))
        }
        Err(refusal) => refusal.into_response(),
    }
}
