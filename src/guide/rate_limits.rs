//! Rate limits, concurrent limits and quotas: what they mean, and how to choose them.
//!
//! # What a rate means
//!
//! A [`Rate`] is so many cells in a period, and so many at once: the *burst*. A bucket loses the cost
//! of each request, 1 by default, and gets one cell back in each *step*, the period divided by the
//! quota. `600/m burst 50` gives back ten cells a second and lets at most 50 pass at once.
//!
//! **The bound**: in any span of time `s` at most `burst + s / step` cells pass. There is no border of
//! a window at which twice as many pass. But a full bucket and its refill are nearly twice the quota in
//! the first period, because by default the burst is the quota. For no more than 600 in *any*
//! minute write `300/m burst 300`.
//!
//! Waits are exact: after the [`wait`](crate::limit::Exceeded::wait) of a refusal the same request passes, if nobody
//! else has taken the cells, and a nanosecond earlier it does not. Time is
//! [`Clock::elapsed`](crate::clock::Clock::elapsed), which no correction of the system's clock moves.
//!
//! ```
//! use bearergate::ConfigError;
//! use bearergate::limit::{By, Limit, Limits, Rate};
//!
//! fn limits() -> Result<Limits, ConfigError> {
//!     Limits::builder()
//!         // Before anything is read: what one address may cost.
//!         .limit(Limit::rate("source", Rate::per_minute(1_200)?).by(By::Source))
//!         // For each verified caller.
//!         .limit(Limit::rate("default", Rate::per_minute(600)?))
//!         // In addition, for requests whose rule of the policy names the class.
//!         .limit(Limit::rate("writes", "30/m burst 5".parse()?).class("writes"))
//!         .limit(Limit::concurrent("reports", 4).by(By::claim("tenant")).class("reports"))
//!         .build()
//! }
//! # assert!(limits().is_ok());
//! ```
//!
//! A gate asks them for each request ([`GateBuilder::limits`](crate::gate::GateBuilder::limits)), in this order: by source and for everyone
//! before the credential is read; without a class once the caller is verified; with the class of the
//! rule once the policy has allowed; quotas last. **The first that refuses ends it, and everything
//! that was charged before is given back**, exactly. A denial of the policy keeps its charges, because
//! guessing what belongs to others has to cost.
//!
//! A service with its own middleware asks by itself:
//!
//! ```
//! use std::time::Duration;
//!
//! use bearergate::clock::UnixTime;
//! use bearergate::limit::{Ask, Charges, Exceeded, Limits};
//! use bearergate::{NowOrLater, Principal};
//!
//! fn charge<'a>(
//!     limits: &'a Limits,
//!     caller: &'a Principal,
//!     (elapsed, now): (Duration, UnixTime),
//! ) -> NowOrLater<'a, Result<Charges, Exceeded>> {
//!     let ask = Ask::new(elapsed, now).with_principal(caller).with_class("writes");
//!     limits.ask(&ask).map(|asked| {
//!         let mut charges = asked?; // `Exceeded::retry_after` is the value of `Retry-After`
//!         charges.keep(); // without it, dropping the charges gives them back
//!         Ok(charges) // hold it as long as the request is in flight
//!     })
//! }
//! # let _ = charge;
//! ```
//!
//! # Choose what is counted
//!
//! | [`By`] | a bucket for each | takes |
//! |---|---|---|
//! | [`Caller`](crate::limit::By::Caller) (default) | (authority, subject), else client, else kind | what one user or service may do |
//! | [`Credential`](crate::limit::By::Credential) | API key | keys of one owner apart from each other |
//! | [`Client`](crate::limit::By::Client) | client application | an application with many users |
//! | [`Claim`](crate::limit::By::Claim) | value of a verified claim, such as `tenant` | customers with many users; missing: one bucket for the authority |
//! | [`Source`](crate::limit::By::Source) | IPv4 address or IPv6 /64 | what one address may cost; needs to know your [proxies](super::behind_a_proxy) |
//! | [`Everyone`](crate::limit::By::Everyone) | the process | what the service can bear |
//!
//! A limit by source counts each request of an address, also those of verified callers: with 60 a minute
//! by source and 600 by caller, a caller with one address has 60. Set it above what your busiest address
//! needs, such as a company behind a NAT, and leave bad credentials to the [lock-out](super::lock_out).
//!
//! Keys are verified facts or the source, never text that the client chose: a limit by unverified user
//! name lets an attacker use up the requests of others, or avoid the limit by another spelling. Every
//! key has the authority in it, so two issuers never share a bucket.
//! [`per_action`](crate::limit::Limit::per_action) adds the action of the policy or the matched route, words of the
//! service itself.
//!
//! # Classes, plans and costs
//!
//! A **class** is what is done: a rule of the policy names it
//! ([`with_rate_class`](crate::policy::Obligations::with_rate_class)), and
//! [`with_rate_cost`](crate::policy::Obligations::with_rate_cost) what the request costs there. A
//! **plan** is who does it: a claim, or what is called the *limit class* of an API key and is set by
//! [`NewApiKey::limit_class`](crate::api_key::NewApiKey::limit_class). Both apply together:
//!
//! ```
//! # use bearergate::ConfigError;
//! use bearergate::limit::{Limit, Limits};
//!
//! # fn limits() -> Result<Limits, ConfigError> {
//! let limits = Limits::builder()
//!     .limit(Limit::rate("exports", "10/h".parse()?).class("exports"))
//!     .plan("gold", [Limit::rate("gold", "6000/m".parse()?)])
//!     .otherwise([Limit::rate("free", "60/m".parse()?)])
//!     .plan_claim("plan") // of callers without an API key
//!     .exception("exports", ("https://idp.example.com", "nightly-job"), "100/h".parse()?)
//!     .build()?;
//! # Ok(limits)
//! # }
//! # assert!(limits().is_ok());
//! ```
//!
//! An [exception](crate::limit::LimitsBuilder::exception) names the limit, the authority and the subject;
//! the limit has to be a rate by caller or by credential.
//!
//! In a [policy file](super::policies#keep-the-policy-in-a-file) the class and the cost are obligations
//! of a rule. Here a request for an export takes 5 of the 10 cells an hour:
//!
#![cfg_attr(feature = "policy-file", doc = "```")]
#![cfg_attr(not(feature = "policy-file"), doc = "```text")]
//! use bearergate::policy::RouteTable;
//!
//! let table = RouteTable::from_json(br#"{
//!     "match": "path",
//!     "routes": [
//!         {"method": "GET", "pattern": "/orders", "if": {"scope": "orders:read"}},
//!         {"method": "GET", "pattern": "/exports", "policy": {"rules": [{
//!             "name": "exports", "effect": "permit", "if": {"scope": "orders:read"},
//!             "obligations": {"rate_class": "exports", "rate_cost": 5}
//!         }]}}
//!     ]
//! }"#)?;
//! # let _ = table;
//! # Ok::<(), bearergate::policy::LoadError>(())
//! ```
//!
//! A class is a text in two places, and nothing compares them when they are built. A class that no limit
//! has, such as one with a typing error, is reported when the first request asks for it.
//!
//! [`otherwise`](crate::limit::LimitsBuilder::otherwise) is for callers whose plan is unknown or absent, and is
//! required once there are plans. A class that no limit names is limited only by the limits without a
//! class; the event [`UnknownLimitClass`](crate::event::Event::UnknownLimitClass) reports it.
//!
//! A limit without a class takes its own [`cost`](crate::limit::Limit::cost). A cost above the burst can never pass:
//! it is an error where it is configured, and is refused where a rule asks for it.
//!
//! # Try it in the shadow first
//!
//! [`shadow`](crate::limit::Limit::shadow) counts and refuses nothing. `bearergate_limit_total{limit,result="shadow"}`
//! says how many requests it would have refused. Then remove the call, and replace the limits.
//!
//! # Change limits while serving
//!
//! Keep a clone of the [`Limits`](crate::limit::Limits) that the gate has, and give it the new limits with
//! [`replace`](crate::limit::Limits::replace). The next request is asked under them; where they are wrong,
//! the present ones stay. Feature `config-file` reads limits from a file:
//!
#![cfg_attr(feature = "config-file", doc = "```")]
#![cfg_attr(not(feature = "config-file"), doc = "```text")]
//! use bearergate::configuration::LimitsLoader;
//! use bearergate::limit::Limits;
//!
//! // What a file cannot say: the claim of the plan, stores, an observer.
//! let loader = LimitsLoader::new().limits(Limits::builder().plan_claim("plan"));
//! let file = loader.from_json(r#"{
//!     "version": 1,
//!     "limits": [
//!         {"name": "source", "rate": "1200/m", "by": "source"},
//!         {"name": "default", "rate": "600/m"},
//!         {"name": "exports", "rate": "10/h", "class": "exports"}
//!     ],
//!     "exceptions": [
//!         {"limit": "default", "authority": "https://idp.example.com", "subject": "nightly-job",
//!          "rate": "6000/m"}
//!     ]
//! }"#)?; // in a service: `from_file`
//! let limits = file.limits().ok_or("a file without limits")?.clone().build()?;
//! // The gate is built with `.limits(limits.clone())`.
//!
//! // Later, for example at a signal:
//! let reload = |text: &str| match loader.from_json(text) {
//!     Ok(new) => match new.limits().map(|new| limits.replace(new)) {
//!         Some(Ok(())) => println!("new limits are in force"),
//!         Some(Err(error)) => eprintln!("{error}"),
//!         None => eprintln!("a file without limits"),
//!     },
//!     Err(errors) => eprintln!("{errors}"), // each with its place; the present limits stay
//! };
//! reload(r#"{"version": 1, "limits": [{"name": "default", "rate": "900/m"}]}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - The builder is the whole configuration, not a change: what it does not have, such as the claim of
//!   the plan, is gone afterwards. The sizes of the tables stay.
//! - A bucket keeps what it owes, as a time. Under a raised rate a bucket that is empty stays empty, and
//!   fills at the new rate; what is owed under a lowered one is at most one span of it. A limit with
//!   another name begins with full buckets.
//! - Proxies and the lock-out of such a file are read when the gate is built
//!   ([`LimitsFile::needs_restart`](crate::configuration::LimitsFile::needs_restart)); address lists are
//!   replaced by [`AddressRules::replace`](crate::address::AddressRules::replace).
//!
//! # Concurrency and load shedding
//!
//! [`Limit::concurrent`](crate::limit::Limit::concurrent) counts requests in flight in this process. A permit is returned when the last
//! clone of the [`Charges`] is dropped: also when the client leaves, the handler panics, or a later limit
//! refuses. [`kept_for`](crate::limit::Limit::kept_for) keeps the last part for one class, so that under overload the
//! others get 503 and what matters most still passes:
//!
//! ```
//! # use bearergate::ConfigError;
//! # use bearergate::limit::{By, Limit, Limits};
//! # fn limits() -> Result<Limits, ConfigError> {
//! let shedder = Limit::concurrent("load", 400).by(By::Everyone).kept_for(20, "critical");
//! # Limits::builder().limit(shedder).build()
//! # }
//! # assert!(limits().is_ok());
//! ```
//!
//! # What the client sees
//!
//! | case | status | fields |
//! |---|---|---|
//! | a rate | 429 | `Retry-After`, `RateLimit` and `RateLimit-Policy` of the limit that refused |
//! | a concurrent limit | 429 | `Retry-After: 1` |
//! | load shedding, or a store that is down where the limit [refuses](crate::limit::Outage::Refuse) then | 503 | `Retry-After: 1` |
//! | a quota | 429 | `Retry-After`, the time to the next window |
//! | credits | 403 | none: waiting does not help |
//!
//! `Retry-After` is the wait rounded up, at least 1 s. From 10 s on, up to a tenth more is added by the
//! key, at most 30 s, so that those who were refused together do not return together.
//!
//! # Size of the tables
//!
//! There are two tables of fixed size ([`LimitsBuilder::tables`](crate::limit::LimitsBuilder::tables)): sources, which anybody can make up,
//! and callers, who were verified. Neither can fill the other, and neither grows. A bucket that is full
//! again is a free slot, so a table needs room for the keys that *owe* something: about the keys that
//! ask within one span (burst x step) of the slowest limit, times the number of limits. Choose twice as
//! many slots; each takes 20 bytes.
//!
//! A key that finds no free slot shares a bucket with its IPv4 /24 or IPv6 /48, or with other callers. It
//! is never let through uncounted, and nobody who owes something is forgotten. While a flood from 256
//! networks fills the table, fewer than 1 in 100 newcomers from elsewhere is refused. The event
//! [`LimiterSaturated`](crate::event::Event::LimiterSaturated) and the metric
//! `bearergate_limit_saturated_total` report it.
//!
//! # Several nodes
//!
//! By default each process counts for itself: N nodes behind a balancer let N times the rate pass.
//! [`Limit::shared`](crate::limit::Limit::shared) counts in a [`RateStore`]: a node takes cells from it ahead of time, so most
//! requests ask nobody. In any span at most `burst + s / step + nodes x lease` cells pass, where a lease
//! is at most 20 cells. While the store does not answer, each node counts its share of the rate
//! ([`Outage::Local`](crate::limit::Outage::Local)), or refuses ([`Outage::Refuse`](crate::limit::Outage::Refuse)); it never lets everything through. A denial of the
//! policy is charged to a shared limit from the cells that the node has, and does not wait for the store.
//!
//! The store has hashes of callers and sources. Give all nodes one secret for them with
//! [`LimitsBuilder::shared_key`](crate::limit::LimitsBuilder::shared_key): without it, everybody who can read the
//! store can find out whether a caller that he can name has a bucket.
//!
//! Concurrent limits are not shared, because the count of a node that died would stay. [`Quota`]s are:
//! they are in a [`UsageStore`].
//!
//! [`By`]: crate::limit::By
//! [`Charges`]: crate::limit::Charges
//! [`Quota`]: crate::limit::Quota
//! [`Rate`]: crate::limit::Rate
//! [`RateStore`]: crate::limit::RateStore
//! [`UsageStore`]: crate::limit::UsageStore
