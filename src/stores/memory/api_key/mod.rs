//! API keys in memory.

mod index;
mod peppers;
mod store;
mod table;
#[cfg(test)]
mod tests;

pub use store::MemoryApiKeyStore;
