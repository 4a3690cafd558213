//! A resource server for an identity provider. It shows each caller who it is.
//!
//! ```text
//! cargo run --release --example resource_server --features reqwest,rustls,sqlite -- \
//!     --listen 127.0.0.1:8080 --issuer https://idp.example.com --audience https://api.example.com
//! curl -i -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/whoami
//! ```
//!
//! It prints `ready` and its address as soon as it listens, and ends with status 0 on SIGTERM.

mod binding;
mod bound_options;
mod detail;
mod gates;
mod metrics;
mod options;
mod revocation;
mod service;
mod tls;
mod whoami;

use std::error::Error;
use std::future::{Future, IntoFuture};
use std::io;
use std::io::Write;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bound_options::USAGE as MORE;
use gates::Gates;
use options::{Options, USAGE};
use tls::{Peer, TlsListener};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// How long requests in flight may take after SIGTERM.
const GRACE: Duration = Duration::from_secs(8);

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If this fails too, the error cannot be reported anywhere.
            let _ = writeln!(io::stderr(), "resource_server: {error}\n\n{USAGE}{MORE}");
            ExitCode::from(2)
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let options = Options::read(std::env::args().skip(1))?;
    let gates = Arc::new(Gates::new(&options)?);
    let mut terminate = signal(SignalKind::terminate())?;
    let listener = TcpListener::bind(options.listen).await?;
    let tls = options.bound.tls.as_ref().map(tls::config).transpose()?;
    let address = listener.local_addr()?;
    let app = service::routes(gates).into_make_service_with_connect_info::<Peer>();
    let mut out = io::stdout();
    writeln!(out, "ready {address}")?;
    out.flush()?;
    let (stop, mut stopped) = watch::channel(false);
    let ended = async move {
        terminate.recv().await;
        // The receiver lives as long as this function.
        let _ = stop.send(true);
    };
    let server: Pin<Box<dyn Future<Output = io::Result<()>>>> = match tls {
        Some(config) => {
            let listener = TlsListener::new(listener, config)?;
            Box::pin(
                axum::serve(listener, app)
                    .with_graceful_shutdown(ended)
                    .into_future(),
            )
        }
        None => Box::pin(
            axum::serve(listener, app)
                .with_graceful_shutdown(ended)
                .into_future(),
        ),
    };
    tokio::select! {
        served = server => served?,
        () = async {
            // An error would mean that the server is gone, and the other branch says so.
            let _ = stopped.wait_for(|stopped| *stopped).await;
            tokio::time::sleep(GRACE).await;
        } => {}
    }
    Ok(())
}
