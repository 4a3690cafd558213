//! The server of the example `resource_server` with one more route: `/open` gives the answer of
//! `/whoami` without the check. The difference is the cost of the check.
//!
//! With `--serve` it waits for a load generator: `benches/throughput.sh` alternates both routes.
//! Otherwise it requests each route once. Without the feature `full` it does nothing.

#[cfg(feature = "full")]
#[path = "../examples/resource_server/binding.rs"]
mod binding;
#[cfg(feature = "full")]
#[expect(dead_code, reason = "the bench serves without TLS")]
#[path = "../examples/resource_server/bound_options.rs"]
mod bound_options;
#[cfg(feature = "full")]
#[path = "../examples/resource_server/detail.rs"]
mod detail;
#[cfg(feature = "full")]
#[path = "../examples/resource_server/gates.rs"]
mod gates;
#[cfg(feature = "full")]
#[path = "../examples/resource_server/metrics.rs"]
mod metrics;
#[cfg(feature = "full")]
#[path = "../examples/resource_server/options.rs"]
mod options;
#[cfg(feature = "full")]
#[path = "../examples/resource_server/revocation.rs"]
mod revocation;
#[cfg(feature = "full")]
#[path = "throughput/serve.rs"]
mod serve;
#[cfg(feature = "full")]
#[path = "../examples/resource_server/service.rs"]
mod service;
#[cfg(feature = "full")]
#[expect(dead_code, reason = "the bench serves without TLS")]
#[path = "../examples/resource_server/tls.rs"]
mod tls;
#[cfg(feature = "full")]
#[path = "../examples/resource_server/whoami.rs"]
mod whoami;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    #[cfg(feature = "full")]
    serve::run()?;
    Ok(())
}
