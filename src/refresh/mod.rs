//! Refresh tokens: family record, store and manager.

mod evaluate;
mod family;
mod manager;
mod request;
mod successor;
mod token;

pub use family::RefreshFamily;
pub use family::RefreshTokenStore;
pub use manager::RefreshManager;
pub use manager::RefreshManagerBuilder;
pub use manager::RotatedToken;
pub use request::NewRefreshToken;
pub use request::RotateRequest;
