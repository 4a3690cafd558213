//! Sessions: cookie, record, store, manager and validator.

mod cookie;
mod explain;
mod id;
mod manager;
mod record;
mod request;
mod validator;

pub use cookie::{SameSite, SessionCookie};
pub use manager::{SessionManager, SessionManagerBuilder};
pub use record::{SessionRecord, SessionStore};
pub use request::{NewSession, SessionChange};
pub use validator::{Session, SessionValidator};
