//! A service with everything that a gate enforces: address lists, lock-out, limits, quotas, usage
//! and an audit trail.
//!
//! ```text
//! cargo run --release --example guarded --features full -- --listen 127.0.0.1:8080 \
//!     --admin 127.0.0.1:8081 --issuer https://idp.example.com --hs256-secret-file secret \
//!     --audience https://api.example.com --no-proxy --limits limits.json --lock-out
//! curl -i -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/whoami
//! curl -X POST http://127.0.0.1:8081/reload
//! ```
//!
//! It prints `ready`, its address and that of its operator as soon as it listens, and ends with
//! status 0 on SIGTERM.

mod admin;
mod api_keys;
mod audit;
mod clock;
mod enforcement;
mod gate;
mod options;
mod path_sink;
mod service;
mod state;
mod usage;

use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use options::Options;
use service::Service;

/// How long requests in flight may take after SIGTERM.
const GRACE: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = run().await;
    let error = match outcome {
        Ok(()) => return ExitCode::SUCCESS,
        Err(error) => error.to_string(),
    };
    // If this fails too, the error cannot be reported anywhere.
    let line = error.replace(char::is_control, " ");
    let _ = writeln!(io::stderr(), "guarded: {line}");
    ExitCode::from(2)
}

async fn run() -> Result<(), Box<dyn Error>> {
    let options = Options::read(std::env::args().skip(1))?;
    let service = Arc::new(Service::new(&options)?);
    let mut terminate = signal(SignalKind::terminate())?;
    let named = |option: &str, error: io::Error| format!("{option}: {error}");
    let listen = TcpListener::bind(options.listen).await;
    let listen = listen.map_err(|error| named("--listen", error))?;
    let admin = TcpListener::bind(options.admin).await;
    let admin = admin.map_err(|error| named("--admin", error))?;
    let mut out = io::stdout();
    writeln!(
        out,
        "ready {} admin {}",
        listen.local_addr()?,
        admin.local_addr()?
    )?;
    out.flush()?;
    let (stop, stopped) = watch::channel(false);
    let flushing = tokio::spawn(usage::flush_regularly(
        Arc::clone(&service),
        stopped.clone(),
    ));
    let app = service::routes(Arc::clone(&service));
    let app = tokio::spawn(serve(listen, app, stopped.clone()));
    let admin = tokio::spawn(serve(admin, admin::routes(Arc::clone(&service)), stopped));
    terminate.recv().await;
    // The tasks have receivers as long as they run.
    let _ = stop.send(true);
    let _ = tokio::time::timeout(GRACE, async {
        // A task that failed has nothing left to wait for.
        let _ = tokio::join!(app, admin, flushing);
    })
    .await;
    service.close().await;
    Ok(())
}

/// Serves until it is told to stop, and then the requests in flight.
async fn serve(
    listener: TcpListener,
    app: axum::Router,
    mut stopped: watch::Receiver<bool>,
) -> io::Result<()> {
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            // An error means that the sender is gone, so that it is time to stop too.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        })
        .await
}
