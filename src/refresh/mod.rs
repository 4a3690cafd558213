//! Refresh tokens: family record, store and manager.

mod evaluate;
mod family;
mod manager;
mod request;
mod successor;
mod token;

pub use family::{RefreshFamily, RefreshTokenStore, SpentToken};
pub use manager::{RefreshManager, RefreshManagerBuilder, RotatedToken};
pub use request::{NewRefreshToken, RotateRequest};
