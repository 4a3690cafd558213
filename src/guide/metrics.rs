//! Each number that a gate counts, its labels, what to alert on, and how to serve it.
//!
//! A gate counts requests, and its limits, lock-out, signals, usage and audit trail count what they
//! do. Counting costs one atomic addition; nothing is looked up on the path of a request.
//! [`Gate::metrics`](crate::Gate::metrics) returns [`Metrics`](crate::metrics::Metrics), a cheap handle
//! on all of them, and reading it costs a request nothing.
//!
//! A gate with proxies, limits, a lock-out or an audit trail counts its requests. One that has none of
//! them counts nothing, and its text is empty, unless it is built with
//! [`count_requests`](crate::gate::GateBuilder::count_requests). Gates that were derived by
//! [`with_authorizer`](crate::Gate::with_authorizer) count together.
//!
//! # Serve them
//!
//! [`Metrics::prometheus`](crate::metrics::Metrics::prometheus) is the text format 0.0.4, which
//! Prometheus, the OpenTelemetry collector, Grafana Alloy, Datadog and others read. Serve it at an
//! address or a port that only the monitoring reaches: it has no secrets and nothing of a request,
//! but an attacker could see in it whether the attack is noticed.
//!
//! ```
//! use bearergate::metrics::Metrics;
//! use http::Response;
//! use http::header::CONTENT_TYPE;
//!
//! /// Answers `GET /metrics`.
//! fn metrics(of_gate: &Metrics) -> Result<Response<String>, http::Error> {
//!     Response::builder()
//!         .header(CONTENT_TYPE, Metrics::PROMETHEUS)
//!         .body(of_gate.prometheus())
//! }
//! # let _ = metrics;
//! ```
//!
//! In axum it is a router of its own, on a listener of its own:
//!
//! ```
//! use axum::extract::State;
//! use axum::http::header::CONTENT_TYPE;
//! use axum::{Router, response::IntoResponse, routing::get};
//! use bearergate::Gate;
//! use bearergate::metrics::Metrics;
//!
//! fn monitoring(gate: &Gate) -> Router {
//!     Router::new().route("/metrics", get(metrics)).with_state(gate.metrics())
//! }
//!
//! async fn metrics(State(metrics): State<Metrics>) -> impl IntoResponse {
//!     ([(CONTENT_TYPE, Metrics::PROMETHEUS)], metrics.prometheus())
//! }
//! # let _ = monitoring;
//! ```
//!
//! A service whose other parts use the crate `metrics` calls `integrations::metrics::publish`
//! (feature `metrics`) before its recorder is read; names and labels are the same. For another
//! system, [`Metrics::values`](crate::metrics::Metrics::values) has every number with its kind:
//!
//! ```
//! use bearergate::metrics::{MetricKind, Metrics};
//!
//! fn lines(of_gate: &Metrics) -> Vec<String> {
//!     let counters = of_gate.values().into_iter();
//!     let counters = counters.filter(|value| value.kind() == MetricKind::Counter);
//!     let line = counters.map(|value| {
//!         let tags: Vec<_> = value.labels().map(|(name, text)| format!("{name}:{text}")).collect();
//!         format!("{}:{}|c|#{}", value.name(), value.value(), tags.join(","))
//!     });
//!     line.collect()
//! }
//! # let _ = lines;
//! ```
//!
//! # The numbers
//!
//! A name in `_total` is a counter: it grows until the service starts again. What never counted may
//! be absent or 0. Labels are words of this crate and names of the configuration (limits and audit
//! sinks), so there are as many series after a million callers as after one.
//!
//! | name | labels | counts |
//! |---|---|---|
//! | `bearergate_requests_total` | `outcome`: `allowed`, `denied`, `rejected`, `limited`, `unavailable` | each request once |
//! | `bearergate_rejections_total` | `kind`: see [errors](super::errors) | each refusal once, denials of the policy and limits included |
//! | `bearergate_limit_total` | `limit`; `result`: `pass`, `near`, `over`, `shadow`, `shared` | one answer for each limit and request that asked it |
//! | `bearergate_limit_keys` | `table`: `sources`, `callers` | keys with a state (gauge) |
//! | `bearergate_limit_saturated_total` | `table` | requests whose key found no slot and shared one |
//! | `bearergate_locked_sources` | | sources that are locked out (gauge) |
//! | `bearergate_lockouts_total` | | lock-outs |
//! | `bearergate_spared_total` | | requests of known callers that passed while their source was locked out |
//! | `bearergate_signals_total` | `signal` | signals of possible attacks |
//! | `bearergate_address_problems_total` | `problem`: `header_malformed`, `header_missing`, `header_too_long`, `no_peer`, `not_an_address`, `too_few_hops` | requests whose client address is unknown |
//! | `bearergate_rate_store_calls_total` | `result`: `ok`, `failed`, `abandoned` | calls of the stores of shared limits |
//! | `bearergate_usage_pending` | | rows of usage that wait to be flushed (gauge) |
//! | `bearergate_usage_flushes_total` | `result` | flushes of usage to its store |
//! | `bearergate_audit_records_total` | `lane`: `allowed`, `refused`, `notable` | audit records that were made |
//! | `bearergate_audit_lost_total` | `lane` | audit records that were lost, exactly |
//! | `bearergate_audit_bytes` | `lane` | bytes that wait to be written (gauge) |
//! | `bearergate_audit_write_errors_total` | `sink` | failed writes |
//! | `bearergate_stage_seconds` | `stage`: `address`, `validator`, `policy`, `limit`, `audit` | time of each stage (histogram; only with [`time_stages`](crate::gate::GateBuilder::time_stages)) |
//!
//! - `denied` is a refusal by the policy, by address lists, for a missing TLS connection or for a
//!   cookie that another site may have sent; `rejected` is a credential that was missing or not
//!   accepted; `limited` is a refusal by a limit, a quota or a lock-out; `unavailable` is what could
//!   not be checked.
//! - `near` is a pass after which at most 20 % of the burst are left; `over` was refused; `shadow`
//!   would have been refused by a limit that only watches.
//! - A call of a store is `ok` if it was answered, also if it gave nothing; `abandoned` if the request
//!   that made it ended before the answer. One call serves many requests, so there are fewer calls
//!   than requests.
//!
//! # What to alert on
//!
//! | alert | expression | it means |
//! |---|---|---|
//! | something cannot be checked | `rate(bearergate_requests_total{outcome="unavailable"}[5m]) > 0` | keys, introspection, a store or the clock fail: callers get 503 |
//! | audit records are lost | `increase(bearergate_audit_lost_total[10m]) > 0` | a sink is slower than the requests; make its buffer larger, or use `required` |
//! | the audit trail is not written | `increase(bearergate_audit_write_errors_total[10m]) > 0` | a full disk, or a receiver that does not answer |
//! | a shared limit counts by itself | `rate(bearergate_rate_store_calls_total{result="failed"}[5m]) > 0` | its store does not answer: each node has its share, or refuses |
//! | a table is full | `increase(bearergate_limit_saturated_total[10m]) > 0` | a flood of sources, or tables that are too small |
//! | a proxy changed | `rate(bearergate_address_problems_total[5m]) > 0` | requests arrive by another way than is configured; lists and limits by source cannot see their addresses |
//! | guessing | `increase(bearergate_lockouts_total[10m]) > 10` or `increase(bearergate_signals_total[10m]) > 0` | look at the audit trail for the sources |
//! | forged tokens | `rate(bearergate_rejections_total{kind="signature_invalid"}[5m]) > 1` | an attack, or a key that was replaced at once and not published first |
//! | usage is not kept | `bearergate_usage_pending > 10000` | the store of usage does not take the rows |
//! | a limit is too tight | `sum by (limit) (rate(bearergate_limit_total{result="over"}[1h]))` compared with `pass` | callers who do nothing wrong are refused; try a new limit with `shadow` first |
//!
//! A share of refusals is easier to read than their number:
//! `sum(rate(bearergate_requests_total{outcome!="allowed"}[5m])) / sum(rate(bearergate_requests_total[5m]))`.
