//! Nonces that need no store: a MAC over a purpose, an origin and a window of time.
