//! A sink that sends records by syslog (RFC 5424).

mod frame;
mod syslog_sink;
#[cfg(test)]
mod tests;
mod transport;

pub use syslog_sink::SyslogSink;
