//! Tamper evidence: what the chain of an audit trail proves, and what it does not.
//!
//! # What the chain is
//!
//! With [`AuditBuilder::chain`](crate::audit::AuditBuilder::chain) each line of a trail ends with a
//! member `chain` (in ECS `bearergate.chain`, in CEF `bearergateChain`) of about 180 bytes:
//!
//! ```text
//! <trail>.<starts>.<boot>.<epoch>.<sequence>.<kept>.<previous mac>.<mac>
//! ```
//!
//! The MAC is HMAC-SHA-256 over the MAC of the line before and the whole line, except the digits of
//! the MAC itself. So each line confirms all lines before it, over files and over starts of the
//! service. Starts are counted, so that a whole start that is cut out is missed.
//!
//! | Field | Meaning |
//! |---|---|
//! | `trail` | tag of node, sink and key |
//! | `starts`, `boot` | how many starts there were, and the random number of this one |
//! | `epoch` | how often the key was replaced since the start |
//! | `sequence` | number of the line, from 1 in each start |
//! | `kept` | in the first line of a file: the first line of this start that was kept then; else 0 |
//!
//! # What it proves
//!
//! [`verify`](crate::audit::verify) finds every change of a byte, and lines or files that were
//! removed, inserted, copied or moved, and names the first such place. Names and the order of files
//! do not matter. Files that the sink itself removed
//! ([`FileSink::keep`](crate::audit::FileSink::keep)) are not missed, because the lines behind them
//! say so.
//!
//! # What it does not prove
//!
//! - **The end.** Somebody who removes the last lines leaves a shorter trail that is as true. Only an
//!   anchor shows it: [`open_end`](crate::audit::Verified::open_end) is true without one.
//! - **The beginning.** The files of whole starts before the oldest one that you give are not missed.
//! - **What was never written.** Lost records are counted in `gap` records; a service that was taken
//!   over can write what it likes from then on.
//! - **Who has the key.** With the key of the file, and without an anchor, a whole trail can be
//!   written again.
//!
//! A last line that was cut when the process was killed is no fault: the next start goes on behind
//! the line before it.
//!
//! # Anchors
//!
//! A checkpoint is written every 60 seconds or 1 000 records, and as the last line of a start. The
//! same line goes to each [`anchor`](crate::audit::AuditBuilder::anchor) after it was written. Put
//! anchors where the user of the service cannot remove them: on another host over syslog, or on
//! storage that can only be appended to. Several trails can share an anchor.
//!
//! # Keys
//!
//! The key is 32 random bytes, for example from `head -c 32 /dev/urandom`. Keep it where the trail
//! is not, and where the service can read it only at its start, such as a file that is closed to it
//! afterwards. At each checkpoint the key in memory is replaced by a hash of it. Somebody who takes the
//! process over later can then change the lines behind the last checkpoint, and none before it.
//!
//! A trail has one key. With a new key begin a new directory or a new name.
//!
//! ```
//! use bearergate::audit::{self, Audit, ChainKey, Encoding, FileSink};
//! use bearergate::secret::Secret;
//! use bearergate::secret_source::SecretSource;
//! # use std::{fs, time::Duration};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let base = std::env::temp_dir().join(format!("bearergate-guide-{}", std::process::id()));
//! # let (directory, elsewhere) = (base.join("audit"), base.join("elsewhere"));
//! # fs::create_dir_all(&directory)?;
//! # fs::create_dir_all(&elsewhere)?;
//! # let read = || -> Result<Secret, std::io::Error> { Ok(Secret::new(vec![7; 32])) };
//! # let vault = SecretSource::from_fn("vault", read);
//! let key = ChainKey::new(&vault)?;
//! let audit = Audit::builder()
//!     .required(FileSink::new(&directory, "audit")?, Encoding::Ocsf)
//!     .anchor(FileSink::new(&elsewhere, "anchor")?)
//!     .chain(key.clone())
//!     .start()?;
//! // ... the service runs, and ends:
//! audit.close(Duration::from_secs(5));
//!
//! let [mut trail, mut anchors] = [Vec::new(), Vec::new()];
//! for (path, files) in [(&directory, &mut trail), (&elsewhere, &mut anchors)] {
//!     for entry in fs::read_dir(path)? {
//!         files.push(entry?.path());
//!     }
//! }
//! let verified = audit::verify(&trail, &key, &anchors)?;
//! assert_eq!(verified.first_fault, None);
//! assert!(!verified.open_end);
//! # fs::remove_dir_all(base)?;
//! # Ok(())
//! # }
//! ```
//!
//! # The program
//!
//! ```text
//! $ cargo run --release --example audit_verify -- --key-file key --anchor anchor audit/*
//! ok records=48211 open_end=false
//! ```
//!
//! With a fault it prints `fault FILE:LINE KIND` and its status is 1:
//!
//! | Kind | Meaning |
//! |---|---|
//! | `altered` | a line in its place has other bytes than were written |
//! | `removed` | lines before this one are missing |
//! | `inserted` | the line was never written there, or is a copy |
//! | `reordered` | a line that belongs before this one is behind it |
//! | `truncated` | lines behind this one, which an anchor confirms, are missing |
//! | `wrong_key` | no line was written under this key |
