//! Sessions: cookie, record, store, manager and validator.

mod cookie;
mod id;
mod manager;
mod record;
mod request;
mod validator;

pub use cookie::SameSite;
pub use cookie::SessionCookie;
pub use manager::SessionManager;
pub use manager::SessionManagerBuilder;
pub use record::SessionRecord;
pub use record::SessionStore;
pub use request::NewSession;
pub use request::SessionChange;
pub use validator::Session;
pub use validator::SessionValidator;
