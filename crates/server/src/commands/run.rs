//! `lakefs run`: from settings to a serving listener, and back down in order.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::HeaderValue;
use lakefs_api::{Api, ApiParts};
use lakefs_auth::Auth;
use lakefs_block::BlockStore;
use lakefs_gateway::{Gateway, GatewayParts};
use lakefs_kv::KvStore;
use lakefs_runtime::{Ids, TaskScope};
use lakefs_service::Service;
use lakefs_versioning::Engine;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::CommandError;
use crate::cli::RunArgs;
use crate::console::note;
use crate::http::listen;
use crate::http::{App, AppParts, AuditOptions, Door, Probes, tls};
use crate::logging::{Logging, parse_level, watch_level};
use crate::metrics::Metrics;
use crate::settings::{Preset, Settings};
use crate::sweeper::sweep_until_stopped;
use crate::{quickstart, startup, wiring};

/// How long running requests may take once the server was told to stop.
const GRACE: Duration = Duration::from_secs(30);
/// How long a readiness probe waits for the stores.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// Runs the server until it is told to stop.
pub(super) async fn run(
    settings: Settings,
    logging: Logging,
    args: &RunArgs,
) -> Result<(), CommandError> {
    log_settings(&settings);
    // Everything a person can get wrong is looked at before anything is opened.
    let mut reserved = vec![(listen::reserve(&settings.listen_address).await?, Door::All)];
    if let Some(address) = &settings.gateway_listen_address {
        reserved.push((listen::reserve(address).await?, Door::S3));
    }
    let tls = settings.tls.as_ref().map(tls::acceptor).transpose()?;
    let mut signals = Signals::new().map_err(CommandError::Runtime)?;

    let stack = Stack::open(&settings).await?;
    stack.prepare(&settings, args).await?;
    let initialized = stack.auth.installation().is_initialized().await?;

    start_background(&stack, &settings, logging);
    let app = Arc::new(App::new(AppParts {
        api: Api::new(ApiParts {
            service: stack.service.clone(),
            ids: Arc::clone(&stack.ids),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            tls: tls.is_some(),
        }),
        probes: Arc::new(StoreProbes {
            kv: Arc::clone(&stack.kv),
            service: stack.service.clone(),
            auth: Arc::clone(&stack.auth),
        }),
        metrics: Arc::clone(&stack.metrics),
        metrics_token: settings.metrics_token.clone(),
        ids: Arc::clone(&stack.ids),
        gateway: Gateway::new(GatewayParts {
            service: stack.service.clone(),
            clock: Arc::clone(stack.ids.clock()),
            ids: Arc::clone(&stack.ids),
            options: settings.gateway.clone(),
        }),
        gateway_domains: settings.gateway.domains.clone(),
        body_idle: settings.gateway.body_idle,
        logout_redirect: HeaderValue::from_str(&settings.auth.logout_redirect_url)
            .unwrap_or_else(|_| HeaderValue::from_static("/")),
        audit: AuditOptions {
            level: parse_level(&settings.logging.audit_level),
            trace_headers: settings.logging.trace_request_headers,
        },
    }));

    let mut doors = Vec::new();
    for (reserved, door) in reserved {
        doors.push((reserved.listen()?, door));
    }
    let urls: Vec<_> = doors
        .iter()
        .map(|(listener, _)| public_url(listener, tls.is_some()))
        .collect();
    let url = urls.first().cloned().unwrap_or_default();
    tracing::info!(url, s3_url = urls.get(1), "listening");
    quickstart::announce(&settings, &url, initialized);

    let stop = async {
        signals.next().await;
        note("Shutting down...");
    };
    let serving = listen::serve(doors, tls, app, stop, GRACE);
    let left = serving.await;
    if left > 0 {
        tracing::warn!(
            connections = left,
            "stopped before these requests had finished"
        );
    }
    stack.close().await;
    Ok(())
}

/// Everything below the listener.
struct Stack {
    kv: Arc<dyn KvStore>,
    blocks: Arc<dyn BlockStore>,
    auth: Arc<Auth>,
    engine: Engine,
    service: Service,
    ids: Arc<Ids>,
    metrics: Arc<Metrics>,
    tasks: TaskScope,
}

impl Stack {
    async fn open(settings: &Settings) -> Result<Self, CommandError> {
        let ids = wiring::ids();
        let mut metrics = Metrics::new();
        let kv = wiring::metered_kv(wiring::open_kv(settings).await?, &metrics);
        startup::check_schema(&*kv).await?;
        let tasks = TaskScope::new();
        let blocks = wiring::open_blocks(settings, &ids, &tasks)?;
        let blocks = wiring::metered_blocks(blocks, &mut metrics);
        let auth = Arc::new(wiring::auth(settings, &kv, &ids));
        let engine = wiring::engine(settings, &kv, &blocks, &ids, &tasks);
        let service = wiring::service(settings, &kv, &blocks, &auth, &engine, &ids);
        Ok(Self {
            kv,
            blocks,
            auth,
            engine,
            service,
            ids,
            metrics: Arc::new(metrics),
            tasks,
        })
    }

    async fn prepare(&self, settings: &Settings, args: &RunArgs) -> Result<(), CommandError> {
        startup::check_users(&self.auth).await?;
        startup::automatic_setup(settings, &*self.kv, &self.auth).await?;
        startup::record_installation(settings, &*self.kv, &self.auth).await?;
        let descriptor = self.blocks.descriptor();
        if !args.allow_mismatched_repos {
            startup::check_repositories(&self.engine, descriptor.kind, descriptor.scheme).await?;
        }
        self.engine.start();
        if settings.preset == Preset::Quickstart {
            // Nice to have: the server is useful without.
            if let Err(error) = quickstart::make_sample(&self.service, &self.auth).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "no sample repository"
                );
            }
        }
        Ok(())
    }

    async fn close(self) {
        if let Err(error) = self.service.flush_usage().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "usage counters were not stored"
            );
        }
        if !self.tasks.shutdown(GRACE).await {
            tracing::warn!("background work did not end in time");
        }
        match tokio::time::timeout(GRACE, self.blocks.settle()).await {
            Ok(Ok(())) => {}
            // Nothing is lost: the next start finishes it.
            Ok(Err(error)) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the object store did not come to rest"
            ),
            Err(_) => tracing::warn!("the object store did not come to rest in time"),
        }
        tracing::info!("stopped");
    }
}

#[derive(Debug)]
struct StoreProbes {
    kv: Arc<dyn KvStore>,
    service: Service,
    auth: Arc<Auth>,
}

#[async_trait]
impl Probes for StoreProbes {
    async fn ready(&self) -> bool {
        let asked = async { self.kv.ping().await.is_ok() && self.service.ready().await.is_ok() };
        tokio::time::timeout(PROBE_TIMEOUT, asked)
            .await
            .unwrap_or(false)
    }

    async fn installation_id(&self) -> String {
        let asked = self.auth.installation().id();
        match tokio::time::timeout(PROBE_TIMEOUT, asked).await {
            Ok(Ok(Some(id))) => id.to_string(),
            _ => String::new(),
        }
    }
}

fn log_settings(settings: &Settings) {
    let version = env!("CARGO_PKG_VERSION");
    let file = settings
        .file
        .as_ref()
        .map(|file| tracing::field::display(file.display()));
    let config = serde_json::Value::Object(settings.shown.clone()).to_string();
    // Somebody who tries things out is not helped by a hundred settings.
    if settings.preset == Preset::Quickstart {
        tracing::debug!(version, config_file = file, config, "settings");
    } else {
        tracing::info!(version, config_file = file, config, "settings");
    }
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    for (key, kind) in [
        ("database.type", &settings.database.kind),
        ("blockstore.type", &settings.blockstore.kind),
    ] {
        if matches!(kind.as_str(), "local" | "mem") && settings.preset == Preset::Plain {
            tracing::warn!("{key} is {kind}: data lives on this machine only");
        }
    }
}

/// Starts what goes on beside the requests.
fn start_background(stack: &Stack, settings: &Settings, logging: Logging) {
    let background = stack.tasks.clone();
    drop(background.spawn(flush_usage(
        stack.service.clone(),
        background.clone(),
        settings.usage_flush_interval,
    )));
    drop(background.spawn(sweep_until_stopped(
        stack.service.clone(),
        background.clone(),
        Arc::clone(&stack.metrics),
        settings.gateway.upload_lifetime,
    )));
    if let Some(file) = settings.file.clone() {
        drop(background.spawn(watch_level(file, logging, background.clone())));
    }
}

async fn flush_usage(service: Service, tasks: TaskScope, every: Duration) {
    let every = every.max(Duration::from_secs(1));
    loop {
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = tasks.stopping() => return,
        }
        if let Err(error) = service.flush_usage().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "usage counters were not stored"
            );
        }
    }
}

/// The address a person can open: this machine where the server listens everywhere.
fn public_url(listener: &tokio::net::TcpListener, tls: bool) -> String {
    let scheme = if tls { "https" } else { "http" };
    match listener.local_addr() {
        Ok(address) if address.ip().is_unspecified() => {
            format!("{scheme}://127.0.0.1:{}", address.port())
        }
        Ok(address) => format!("{scheme}://{address}"),
        Err(_) => scheme.to_owned(),
    }
}

/// SIGINT and SIGTERM.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
