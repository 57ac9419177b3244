//! A service with accounts, on one SQLite file and no other process.
//!
//! `cargo run -p quickstart` serves; `-- --demo` walks the whole path over
//! HTTP and ends.
#![allow(clippy::print_stdout, reason = "it talks to whoever starts it")]

mod app;
mod args;
mod demo;

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use args::Args;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("quickstart: {error}");
            let mut source = error.source();
            while let Some(cause) = source {
                eprintln!("  because: {cause}");
                source = cause.source();
            }
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    match Args::parse(std::env::args().skip(1))? {
        Args::Help => print!("{}", args::HELP),
        Args::Serve { port, database } => serve(port, &database).await?,
        Args::Demo => {
            let folder = tempfile::tempdir()?;
            let service = start(0, &folder.path().join("demo.db")).await?;
            let base = service.base.clone();
            let served = tokio::spawn(service.run());
            demo::walk(&base).await?;
            served.abort();
        }
    }
    Ok(())
}

async fn serve(port: u16, database: &Path) -> Result<(), Box<dyn Error>> {
    let service = start(port, database).await?;
    print!("{}", demo::instructions(&service.base, database));
    Ok(service.run().await?)
}

struct Service {
    listener: TcpListener,
    app: axum::Router,
    base: String,
}

async fn start(port: u16, database: &Path) -> Result<Service, Box<dyn Error>> {
    // First the address: a taken port must not leave files behind.
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|error| {
            format!("cannot listen on 127.0.0.1:{port}: {error}; choose another with --port")
        })?;
    let base = format!("http://{}", listener.local_addr()?);
    let app = app::router(&base, database).await?;
    Ok(Service {
        listener,
        app,
        base,
    })
}

impl Service {
    async fn run(self) -> std::io::Result<()> {
        let stop = async {
            // Without a handler for ctrl-c the process ends at once instead.
            let _ = tokio::signal::ctrl_c().await;
        };
        // Attempts at passwords are counted by where they come from.
        let app = self.app.into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(self.listener, app)
            .with_graceful_shutdown(stop)
            .await
    }
}
