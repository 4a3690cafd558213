//! Sessions: cookie, record, store, manager and validator.

mod cookie;
mod diagnose;
mod explain;
mod id;
mod manager;
mod record;
mod request;
mod summary;
mod validator;

pub use cookie::{SameSite, SessionCookie};
pub use manager::{SessionManager, SessionManagerBuilder};
pub use record::{SessionRecord, SessionStore};
pub use request::{NewSession, SessionChange};
pub use summary::SessionSummary;
pub use validator::{Session, SessionValidator};
