//! The audit trail and its way into a SIEM: configuration, encodings, loss, privacy.
//!
//! A gate with an [`Audit`] leaves one record of each request that it decided: who, from where, what
//! was asked for, which rule and which limits decided, and the answer. Records are packed on the
//! thread of the request without an allocation; one thread for each sink numbers, encodes and writes
//! them.
//!
//! # Configure
//!
//! This program writes OCSF lines to files, without which no request is answered, and sends them to
//! a collector, where some may be lost:
//!
//! ```
//! use std::time::Duration;
//!
//! use bearergate::RejectionKind;
//! use bearergate::audit::{Audit, AuditEvent, Encoding, FileSink, SyslogSink, What};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::env::temp_dir().join(format!("bearergate-guide-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! # #[cfg(unix)]
//! # std::fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
//! // The directory exists, and not everybody can write there. The gate gets a clone of the trail:
//! // `Gate::builder().audit(audit.clone())`.
//! let audit = Audit::builder()
//!     .node("orders-1")
//!     .required(FileSink::new(&folder, "audit")?, Encoding::Ocsf)
//!     .sink(SyslogSink::udp("127.0.0.1:514")?, Encoding::Cef)
//!     .start()?;
//!
//! // A gate does this for each request.
//! let refused = AuditEvent::new(What::Decision, 1_760_000_000_250)
//!     .with_method("GET")
//!     .with_path("/orders/4711")
//!     .with_kind(RejectionKind::TokenExpired)
//!     .with_status(401);
//! audit.record(&refused);
//!
//! // Before the process ends, so that nothing is left in memory.
//! audit.close(Duration::from_secs(5));
//! # let file = std::fs::read_dir(&folder)?.next().ok_or("no file")??;
//! # assert!(std::fs::read_to_string(file.path())?.contains("token_expired"));
//! # std::fs::remove_dir_all(folder)?;
//! # Ok(())
//! # }
//! ```
//!
//! | sink | for |
//! |---|---|
//! | [`FileSink`] | files that rotate, which an agent ships: the trail of record |
//! | [`WriterSink`] | the standard output of a container |
//! | [`SyslogSink`] | a collector: Unix sockets, UDP, TCP |
//! | `integrations::tracing::TracingSink` (feature `tracing`) | the log of the application |
//!
//! Each sink has a buffer, numbers and a chain of its own; one that hangs or fails disturbs no other.
//!
//! # Modes
//!
//! | added with | while the sink does not work | lost |
//! |---|---|---|
//! | [`sink`](crate::audit::AuditBuilder::sink) | requests are answered | what finds no room in the buffer, counted exactly |
//! | [`required`](crate::audit::AuditBuilder::required) | requests are answered until the buffer is full, then refused as `unavailable` (503) before anything is charged | at a kill of the process at most 100 ms or 256 KiB |
//! | [`before_answer`](crate::audit::AuditBuilder::before_answer) | each request is `unavailable` after one second | nothing |
//!
//! # Lanes: what is lost when
//!
//! The buffer of a sink has three lanes, so that a flood of one kind of record does not crowd out
//! another: `allowed` (three quarters), `refused` (three sixteenths), `notable` (one sixteenth: locks,
//! signals, lifecycle, gaps, checkpoints). What finds its lane full is counted, and a record `gap`
//! with its lane, number, first and last time is written as soon as there is room. In each lane the
//! records of a trail and the counts of its gaps add up to what happened.
//!
//! Refusals of unverified requests beyond 10 a minute for each source and kind become one `summary`
//! every 10 seconds, with their count ([`Collapse`](crate::audit::Collapse)). So the bytes of an
//! attack are bounded and its size is still exact.
//!
//! # Levels
//!
//! A rule chooses the level with [`Obligations::with_audit`](crate::policy::Obligations::with_audit).
//!
//! | level | records |
//! |---|---|
//! | [`Brief`](crate::policy::AuditLevel::Brief) | who, what, outcome |
//! | [`Normal`](crate::policy::AuditLevel::Normal), the default | and path, reasons, limits |
//! | [`Full`](crate::policy::AuditLevel::Full) | and scopes, names of claims |
//!
//! In a policy file the level is an obligation of the rule: `"obligations": {"audit": "full"}`.
//! [`sample_allowed`](crate::audit::AuditBuilder::sample_allowed) leaves out plain allows. Refusals and allows of
//! the level `Full` are always recorded.
//!
//! # What a record is about
//!
//! Each record has one of these words: OCSF `unmapped.bearergate.what`, ECS and native
//! `bearergate.what`, CEF `cat`.
//!
//! | word | about | OCSF class |
//! |---|---|---|
//! | `decision` | a request that was decided | API Activity 6003 with the profile `security_control` |
//! | `authenticated` | a caller that was authenticated, without a decision | 6003 |
//! | `completed` | a request that its handler completed; it has the id of its decision | 6003 |
//! | `summary` | refusals that were counted | 6003 with `count` |
//! | `locked`, `signal` | a source that was locked out; a sign of an attack | Detection Finding 2004 |
//! | `lifecycle` | a key | Entity Management 3004 |
//! | `lifecycle` | a session | Authentication 3002 |
//! | `lifecycle` | an audit file that was removed or replaced | Event Log Activity 1008 |
//! | `started`, `stopped` | the trail | 1008 |
//! | `gap` | records that were lost | 1008 with `count` |
//! | `checkpoint` | the state of the chain | 1008 |
//!
//! # Where each field goes
//!
//! | field | [`Ocsf`](crate::audit::Encoding::Ocsf) 1.8.0 | [`Ecs`](crate::audit::Encoding::Ecs) 9.4.0 | [`Cef`](crate::audit::Encoding::Cef) | [`Native`](crate::audit::Encoding::Native) |
//! |---|---|---|---|---|
//! | time | `time` | `@timestamp` | `rt` | `time` |
//! | id | `metadata.uid`, `.correlation_uid` | `event.id`, `http.request.id` | `externalId` | `bearergate.id` |
//! | number | `metadata.sequence` | `event.sequence` | `cn1` | `bearergate.sequence` |
//! | start of the process | `unmapped.bearergate.boot` | `bearergate.boot` | `bearergateBoot` | `bearergate.boot` |
//! | starts so far, with a chain | `unmapped.bearergate.starts` | `bearergate.starts` | `bearergateStarts` | `bearergate.starts` |
//! | outcome | `status_id`, `action_id`, `disposition_id` | `event.outcome`, `bearergate.outcome` | `act`, `outcome` | `bearergate.outcome` |
//! | kind of refusal | `status_code` | `event.code` | `SignatureID`, `reason` | `error.type` |
//! | severity | `severity_id` 1 to 4 | `event.severity` 1 to 4 | 1; 3 (401), 5 (403), 4 (429); 7; 9 | `severity` |
//! | subject | `actor.user.uid` | `user.id` | `suid` | `user.id` |
//! | authority | `actor.user.domain` | `user.domain` | `sntdom` | `bearergate.authority` |
//! | credential | `actor.user.credential_uid` | `bearergate.key` | `cs2` | `bearergate.key` |
//! | client | `actor.app_uid` | `bearergate.client` | `cs3` | `bearergate.client` |
//! | nobody | `actor.app_name` `unauthenticated` | none | none | none |
//! | address, port | `src_endpoint.ip`, `.port` | `source.ip`, `.port` | `src` or `c6a2`, `spt` | `client.address`, `.port` |
//! | trusted proxy | `src_endpoint.intermediate_ips` | `bearergate.via` | `bearergateVia` | `network.peer.address` |
//! | method, path | `http_request.http_method`, `.url.path` | `http.request.method`, `url.path` | `requestMethod`, `request` | as ECS |
//! | user agent | `http_request.user_agent` | `user_agent.original` | `requestClientApplication` | as ECS |
//! | status | `http_response.code` | `http.response.status_code` | `cn2` | as ECS |
//! | action | `api.operation` | `event.action` | `cs4` | `bearergate.action` |
//! | resource | `resources[].name` | `bearergate.resource` | `cs5` | `bearergate.resource` |
//! | route | `unmapped.bearergate.route` | `bearergate.route` | `bearergateRoute` | `http.route` |
//! | rule | `policy.name` | `rule.name`, `event.reason` | `cs1` | `bearergate.rule` |
//! | limits | `unmapped.bearergate.limits` | `bearergate.limits` | `cs6` | `bearergate.limits` |
//! | aggregate | `count`, `start_time`, `end_time` | `bearergate.count`, `event.start`, `event.end` | `cnt`, `start`, `end` | `bearergate.count`, `.first`, `.last` |
//! | lane of a gap | `unmapped.bearergate.lane` | `bearergate.lane` | `bearergateLane` | `bearergate.lane` |
//!
//! `api.operation` and `event.action` are the action, else the route, else the method. In CEF,
//! `SignatureID` is `allowed` or the kind for decisions and summaries, and the word of what the record
//! is about for others; lists have commas between their items, with a backslash before a comma or a
//! backslash inside an item.
//!
//! Text from outside is capped in length and can end neither a line nor a field: in JSON every
//! control character, line separator, direction mark and invisible character is escaped as `\u`; in
//! CEF they become spaces, and line ends `\n` and `\r`. Such text is a value, never a name.
//!
//! # Samples
//!
//! An allowed request in each encoding. Here they have line breaks; a record is one line. They show
//! more than a gate writes: it sets no duration and no version of the policy, and no status of an
//! allowed request, because nothing has answered it yet; see [`completed`](#the-answer-of-the-handler).
//!
//! OCSF:
//!
//! ```json
#![doc = include_str!("audit_samples/ocsf.json")]
//! ```
//!
//! ECS:
//!
//! ```json
#![doc = include_str!("audit_samples/ecs.json")]
//! ```
//!
//! CEF:
//!
//! ```text
#![doc = include_str!("audit_samples/cef.txt")]
//! ```
//!
//! Native, with the names of OpenTelemetry's semantic conventions where they have one:
//!
//! ```json
#![doc = include_str!("audit_samples/native.json")]
//! ```
//!
//! # A refused request
//!
//! A gate has written this for a token without the scope, in ECS; some members are left out:
//!
//! ```json
//! {
//!   "event.type": ["access", "denied"],
//!   "event.outcome": "failure",
//!   "event.code": "scope_insufficient",
//!   "event.action": "GET",
//!   "event.severity": 2,
//!   "user.id": "alice",
//!   "user.domain": "https://idp.example.com",
//!   "bearergate.client": "shop-web",
//!   "http.request.method": "GET",
//!   "url.path": "/orders/7",
//!   "user_agent.original": "curl/8",
//!   "http.response.status_code": 403,
//!   "bearergate.what": "decision",
//!   "bearergate.outcome": "denied",
//!   "bearergate.reasons": ["scope orders:write"]
//! }
//! ```
//!
//! `event.code` is the kind of the refusal ([errors](super::errors)), `bearergate.reasons` what the policy
//! did not find. `rule.name` is there only where a rule decided; what no rule permits has none. The
//! address is there only where the gate has [proxies](super::behind_a_proxy), if only
//! [`Proxies::none()`](crate::address::Proxies::none). A refused credential has no `user.id`.
//!
//! # The answer of the handler
//!
//! A gate records its decision before the handler runs. A service that wants the status of the answer in
//! the trail calls [`Admitted::complete`](crate::gate::Admitted::complete) afterwards, which writes a
//! second record, `completed`. In ECS both have the same `http.request.id`. The second one has neither
//! path nor address, and its time is that of the decision.
//!
//! # Syslog
//!
//! [`SyslogSink`] sends each line as a message of RFC 5424: facility `authpriv`, severity by the
//! outcome, application `bearergate`, the kind as message id, id and number as structured data. By TCP
//! messages are counted (RFC 6587 section 3.4.1), so they may have any length; a datagram by UDP is
//! cut at 8 KiB, and says so. Syslog acknowledges nothing: keep a file as the trail of record, and do
//! not make this sink `required`.
//!
//! # Privacy
//!
//! ```
//! use bearergate::audit::{AddressDetail, Audit, Encoding, PseudonymKey, PseudonymKind, WriterSink};
//! use bearergate::secret_source::SecretSource;
//!
//! # fn main() -> Result<(), bearergate::ConfigError> {
//! # let source = SecretSource::from_fn("test", || {
//! #     Ok::<_, std::io::Error>(bearergate::secret::Secret::new(vec![7; 32]))
//! # });
//! # let _ = r#"
//! let source = SecretSource::file("/run/secrets/audit-pseudonyms");
//! # "#;
//! let key = PseudonymKey::new(1, &source)?;
//! let alice = key.pseudonym(PseudonymKind::Subject, "https://idp.example.com", "alice");
//! println!("records of alice have {alice}");
//! let audit = Audit::builder()
//!     .pseudonyms(key)
//!     .addresses(AddressDetail::Prefix)
//!     .sink(WriterSink::stdout(), Encoding::Native)
//!     .start()?;
//! # drop(audit);
//! # Ok(())
//! # }
//! ```
//!
//! With [`pseudonyms`](crate::audit::AuditBuilder::pseudonyms) subject, client and address are written as
//! `p<version>:` and 22 characters of an HMAC over kind, authority and value. That is
//! pseudonymisation, not anonymity: records of one person can still be joined, and who has the key can
//! find the records of a known person, as above. Destroying all copies of the key ends that link.
//! Paths, resources and policy reasons are not changed: keep names of persons out of them, or record
//! the [route](crate::audit::Paths::Route) instead of the path.
//!
//! [`AddressDetail`] records addresses whole, as the first one of their /24 or /48, as a pseudonym, or
//! not at all. The port is recorded with the whole address only.
//!
//! # What is never in a record
//!
//! Tokens, keys, secrets, bodies, header fields other than the user agent, queries, values of claims,
//! and names that nobody verified: an identity that was only claimed appears as `claimed_id`, eight
//! bytes of a keyed hash, by which guesses at one account can be counted.
//!
//! [`AddressDetail`]: crate::audit::AddressDetail
//! [`Audit`]: crate::audit::Audit
//! [`FileSink`]: crate::audit::FileSink
//! [`SyslogSink`]: crate::audit::SyslogSink
//! [`WriterSink`]: crate::audit::WriterSink
