//! Meter what callers use, bill by it, and limit it by quotas and credits.
//!
//! | question | answer |
//! |---|---|
//! | How much did each caller use? | [`Meter`](crate::limit::Meter): sums by authority, subject, meter and hour |
//! | May this caller use more in this day or month? | [`Quota`](crate::limit::Quota), counted by a [`QuotaCounter`](crate::limit::QuotaCounter) |
//! | Has this caller paid for it in advance? | [`Quota::credits`](crate::limit::Quota::credits) |
//! | Where is it kept? | a [`UsageStore`](crate::limit::UsageStore): [`MemoryUsageStore`](crate::stores::MemoryUsageStore) for tests, `SqliteStore` (feature `sqlite`) for one machine, or your own |
//!
//! A rate limit protects the service in seconds, is kept in memory and forgets. A quota is a promise to
//! a customer over a day or a month, and is kept in a store. Most services need both.
//!
//! # Meter
//!
//! Add what was used when the request was allowed. It takes no lock of another request for long, asks no
//! store, and allocates nothing for a caller that is known:
//!
//! ```
//! use std::sync::Arc;
//!
//! use bearergate::clock::UnixTime;
//! use bearergate::limit::{Meter, UsageQuery, UsageStore};
//! use bearergate::principal::{Authority, Principal, PrincipalKind};
//! use bearergate::stores::MemoryUsageStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = Arc::new(MemoryUsageStore::new(100_000)?);
//! let meter = Meter::builder(store.clone()).node("orders-1").build()?;
//!
//! # let alice = Principal::builder(PrincipalKind::AccessToken, "https://idp.example.com").subject("alice").build();
//! # let now = UnixTime::from_secs(1_796_083_200);
//! // In the handler: `alice` is `admitted.principal()`.
//! meter.add(&alice, "requests", 1, now);
//! meter.add(&alice, "bytes_out", 18_302, now);
//! // Another unit of billing, such as a tenant, has to be a verified fact too.
//! let tenants = Authority::from("tenants");
//! meter.add_for(&tenants, "acme", ("requests", 1), now);
//!
//! // Every second, and once more before the process ends.
//! meter.flush().await?;
//!
//! // The bill of a month: whole hours in UTC.
//! let december = UsageQuery::new()
//!     .authority("https://idp.example.com")
//!     .subject("alice")
//!     .meter("requests")
//!     .hours(UnixTime::from_secs(1_796_083_200), UnixTime::from_secs(1_798_761_600));
//! let rows = store.usage(&december).await?;
//! let sum = rows.iter().fold(0_u64, |sum, row| sum.saturating_add(row.amount));
//! assert_eq!(sum, 1);
//! # Ok(())
//! # }
//! ```
//!
//! The name of a meter is a text of the program, never of a request. Where an
//! [`Environment`](crate::environment::Environment) has a spawner, additions start a flush in the
//! background every second; a service without traffic has nothing to flush but its last second, so
//! flush at the end in any case. [`Limits`](crate::limit) and the gate do not meter by themselves.
//!
//! # Exactly once, and its bound
//!
//! A flush freezes what was counted as a batch with a number, and sends this batch unchanged until the
//! store has answered `Ok`. The store keeps the number and the rows in one transaction, and adds a
//! number once. So an answer that was lost, a store that fails after it has written, and a flush that
//! runs twice change nothing: each amount is in the store once.
//!
//! What is lost depends on how the process ends:
//!
//! | the process | without a journal | with [`MeterBuilder::journal`](crate::limit::MeterBuilder::journal) |
//! |---|---|---|
//! | ends after a flush | nothing | nothing |
//! | is killed | what was counted since the last flush began, by default one second, and a batch that the store did not take | nothing |
//! | loses power | the same | what the system had not written to disk |
//! | has a store that is down for hours | nothing, up to 65 536 rows of each batch; further callers are summed up as `overflow` | the same; the journal grows |
//!
//! Sums above [`u64::MAX`] stay there, with an event, and never begin at 0 again. There are no fractions:
//! meter bytes, milliseconds or cents, not gigabytes.
//!
//! Watch [`Event::UsageUnflushed`](crate::event::Event::UsageUnflushed) and the metrics
//! `bearergate_usage_pending` and `bearergate_usage_flushes_total{result}`: a store that is down is seen
//! there long before an amount is in danger.
//!
//! # Quotas
//!
//! A quota among the [limits](super::rate_limits) of a gate takes one unit for each request that was
//! allowed. Quotas differ by plan as rates do; here the plan is the limit class of the API key
//! ([`NewApiKey::limit_class`](crate::api_key::NewApiKey::limit_class)), or the claim `plan`:
//!
//! ```
//! use std::sync::Arc;
//!
//! use bearergate::ConfigError;
//! use bearergate::limit::{Limit, Limits, Quota, UsageStore};
//!
//! fn limits(store: Arc<dyn UsageStore>) -> Result<Limits, ConfigError> {
//!     let monthly = |plan: &str, amount| {
//!         Limit::quota(plan, Quota::per_month(amount).named("requests"))
//!     };
//!     Limits::builder()
//!         .plan("gold", [monthly("gold", 1_000_000)])
//!         .otherwise([monthly("free", 10_000)])
//!         .plan_claim("plan")
//!         .usage_by(store) // such as `Arc::new(SqliteStore::open("usage.db")?)`
//!         .build()
//! }
//! # assert!(limits(Arc::new(bearergate::stores::MemoryUsageStore::new(100)?)).is_ok());
//! # Ok::<(), ConfigError>(())
//! ```
//!
//! All limits have different names, also those of different plans; their quotas share one count by
//! [`named`](crate::limit::Quota::named), so a customer who buys another plan does not begin the month
//! again. One `SqliteStore` can keep API keys, usage and quotas. Call
//! [`Limits::flush`](crate::limit::Limits::flush) every second, and once more before the process ends: it
//! sends what waited for the store, and closes the leases whose time is over.
//!
//! Use a counter directly where a request costs what only the service knows:
//!
//! ```
//! use std::sync::Arc;
//!
//! use bearergate::clock::UnixTime;
//! use bearergate::limit::{Quota, QuotaAnswer, QuotaCounter};
//! use bearergate::stores::MemoryUsageStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = Arc::new(MemoryUsageStore::new(100_000)?);
//! let quota = Quota::per_month(500).zone("+01:00")?;
//! let pages = QuotaCounter::new("pages".into(), quota, store)?;
//!
//! # let now = UnixTime::from_secs(1_796_083_200);
//! // Before the work is done, for a verified caller:
//! match pages.spend_units(("https://idp.example.com", "alice"), 12, now).await {
//!     // Done. If the work fails: `taken.give_back()`.
//!     QuotaAnswer::Taken(taken) => assert_eq!(taken.units(), 12),
//!     // 429, with `Retry-After`; for credits 403, because waiting does not help.
//!     QuotaAnswer::Exhausted { renews_in } => println!("renewed in {renews_in:?}"),
//!     // 503: nothing is known.
//!     _ => println!("try again later"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! - The store takes the units in one step, so of fifty requests at once for ten units ten get one.
//! - Units are given back whole and once: by [`give_back`](crate::limit::QuotaTaken::give_back), and by
//!   itself if the request is dropped while the store is asked.
//! - A client's `Idempotency-Key` changes nothing: each request that is allowed is charged.
//! - Limits whose quotas have one [name](crate::limit::Quota::named) share a counter, and a request is
//!   charged once for it.
//!
//! ## Renewal
//!
//! A day or a month is that of the calendar in a zone that is an offset from UTC, as your contract names
//! it. It begins at midnight for all customers, a month has its own number of days, and there is no
//! daylight saving time in an offset. `Retry-After` is the time to its end. Windows of another length
//! are [`Quota::every`](crate::limit::Quota::every). A clock that goes back finds the counter of the
//! window before as it was.
//!
//! ## Leases
//!
//! Each request asks the store, which is exact and costs a call. With
//! [`Quota::leased`](crate::limit::Quota::leased) a node takes units ahead and asks once for so many
//! requests. No unit is used twice by nodes that live. The price: up to (nodes × lease) units are taken
//! and not used, so that a caller can be refused so many units early until the lease ends after a
//! minute. Of a node that died, what renews gets its whole lease back after two minutes, also what that
//! node had used of it; credits never.
//!
//! Call [`Limits::flush`](crate::limit::Limits::flush), or
//! [`QuotaCounter::flush`](crate::limit::QuotaCounter::flush), every second where quotas are leased. A
//! counter of your own is [closed](crate::limit::QuotaCounter::close) before the process ends; leases of
//! `Limits` end by themselves, as those of a node that died.
//!
//! ## Credits
//!
//! The balance is in the store. A payment adds to it, and its own number makes sure that it counts once:
//!
//! ```
//! use bearergate::limit::{Credit, QuotaKey, SpendId, UsageStore};
//! use bearergate::stores::MemoryUsageStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = MemoryUsageStore::new(100_000)?;
//! let alice = QuotaKey::new("credits", "https://idp.example.com", "alice");
//! let payment = Credit::new(SpendId::new(2_026_000_017), alice, 1_000);
//! assert_eq!(store.credit(&payment).await?, 1_000);
//! // The webhook of the payment was delivered twice.
//! assert_eq!(store.credit(&payment).await?, 1_000);
//! # Ok(())
//! # }
//! ```
//!
//! In `SqliteStore` a spend of credits is on disk before it is answered. Spends of windows survive the
//! end of the process, but perhaps not a loss of power.
//!
//! # When the store is down
//!
//! | part | what happens |
//! |---|---|
//! | meter | nothing is lost; batches wait in memory, or in the journal, and are sent when it answers |
//! | quota | the caller's lease is used up, then up to one lease (a hundredth of the quota, at most 1 000 units) is counted in this process for each caller, and charged to the store later; then `unavailable`, a 503 |
//! | quota that refuses on outage | `unavailable` at once, unless the caller has a lease |
//! | credits | `unavailable` at once, unless they are leased |
//!
//! A counter asks a store that failed again in the next second. A store of your own has to end a call in
//! a time of its own, because a request waits for it.
//!
//! # Write a store
//!
//! [`UsageStore`](crate::limit::UsageStore) states the contract; `testing::usage_store` (feature
//! `testing`) checks it, also with many calls at once:
//!
//! ```
//! # #[cfg(feature = "testing")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use bearergate::{stores::MemoryUsageStore as MyStore, testing};
//! let store = MyStore::new(1_000)?;
//! testing::usage_store(&store).await?;
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "testing"))]
//! # fn main() {}
//! ```
//!
//! # Bill
//!
//! - Query whole hours, and only hours that are over and whose last flush is through: with a flush
//!   every second, some minutes after the hour.
//! - A row is `(authority, subject, meter, hour)`. Two authorities never share one. The row `overflow`
//!   belongs to nobody: if there is one, more than 65 536 callers were active between two flushes.
//! - Keep rows as long as a bill can be disputed, then
//!   [`purge`](crate::limit::UsageStore::purge) them; that also removes the windows of quotas that
//!   ended before.
//! - Quotas and usage are two counts: a quota counts what was allowed, units that were given back not
//!   included, the meter what you add. Bill by the meter.
