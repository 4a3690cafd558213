//! The sink.

use std::io;
#[cfg(unix)]
use std::path::PathBuf;

use super::frame::{Frames, Framing};
use super::transport::{Connection, Receiver};
use crate::audit::sink::{AuditSink, Batch, BatchLine, PreviousEnd, SinkStart};
use crate::error::ConfigError;

/// An [`AuditSink`] that sends each record as a message of syslog (RFC 5424).
///
/// | part of the message | content |
/// |---|---|
/// | priority | facility `authpriv`; severity informational (`<86>`) for allowed requests and what the trail reports about itself, notice (85) for refusals, warning (84) for locks and signals, error (83) for lost records |
/// | timestamp, host | time of the record with milliseconds, name of the node |
/// | application, process | `bearergate`, the process id |
/// | message id | [`BatchLine::code`], such as `allowed` or `rate_limited` |
/// | structured data | `[bg@32473 id="…" seq="…"]`: id and number of the record; `cut="true"` if the message is cut. 32473 is the enterprise number for examples (RFC 5612) |
/// | message | the line in the encoding that the sink was added with, in UTF-8 without a byte-order mark |
///
/// | transport | frame |
/// |---|---|
/// | [`tcp`](Self::tcp) | octet counting (RFC 6587 section 3.4.1); long records are whole |
/// | [`udp`](Self::udp) | one datagram, cut at 8 KiB |
/// | [`unix_datagram`](Self::unix_datagram), such as `/dev/log` | one datagram, cut at 64 KiB |
/// | [`unix_stream`](Self::unix_stream) | a line feed after each message, which no message contains |
///
/// It connects with the first batch, and again after an error or when the receiver closed the
/// connection. A record that the connection took is not sent again. What a connection took and did
/// not deliver before it broke is lost without a trace here, and datagrams may be lost always:
/// syslog has no acknowledgement. Use a file for a trail that must be whole, and this for the
/// SIEM. Nothing is encrypted; for another host use a relay on this one that speaks TLS (RFC 5425).
///
/// ```
/// use bearergate::audit::SyslogSink;
///
/// let collector = SyslogSink::tcp("collector.example.com:601")?;
/// # let _ = collector;
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Debug)]
pub struct SyslogSink {
    receiver: Receiver,
    frames: Frames,
    connection: Option<Connection>,
    /// Lines of a failed batch that were sent.
    sent: usize,
}

impl SyslogSink {
    /// Sends by TCP to `host:port`. The name is resolved with each connection.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) if the text is not a host
    /// and a port. Whether the receiver answers is not tried.
    pub fn tcp(address: &str) -> Result<Self, ConfigError> {
        Ok(Self::new(Receiver::Tcp(host_and_port(address)?)))
    }

    /// Sends by UDP to `host:port`, at most 8 KiB for each record. The name is resolved with each
    /// connection.
    ///
    /// # Errors
    ///
    /// Those of [`tcp`](Self::tcp).
    pub fn udp(address: &str) -> Result<Self, ConfigError> {
        Ok(Self::new(Receiver::Udp(host_and_port(address)?)))
    }

    /// Sends to a Unix socket that takes datagrams, such as `/dev/log`.
    #[cfg(unix)]
    pub fn unix_datagram(path: impl Into<PathBuf>) -> Self {
        Self::new(Receiver::UnixDatagram(path.into()))
    }

    /// Sends to a Unix socket that takes a stream.
    #[cfg(unix)]
    pub fn unix_stream(path: impl Into<PathBuf>) -> Self {
        Self::new(Receiver::UnixStream(path.into()))
    }

    fn new(receiver: Receiver) -> Self {
        Self {
            frames: Frames::new(receiver.framing()),
            receiver,
            connection: None,
            sent: 0,
        }
    }

    fn send(&mut self, connection: &mut Connection, batch: &Batch<'_>) -> io::Result<()> {
        let is_stream = !matches!(self.receiver.framing(), Framing::Datagram(_));
        let mut lines = batch.lines().skip(self.sent).peekable();
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        while lines.peek().is_some() {
            bytes.clear();
            ends.clear();
            let most = if is_stream { STREAM_BYTES } else { 1 };
            while let Some(line) = lines.next_if(|_: &BatchLine<'_>| bytes.len() < most) {
                self.frames.push(&line, &mut bytes);
                ends.push(bytes.len());
            }
            let (taken, result) = send_all(connection, &bytes);
            self.sent += ends.iter().filter(|end| **end <= taken).count();
            result?;
        }
        Ok(())
    }
}

impl AuditSink for SyslogSink {
    fn write(&mut self, batch: &Batch<'_>) -> io::Result<()> {
        let mut connection = match self.connection.take() {
            Some(open) if !open.is_closed() => open,
            _ => self.receiver.connect()?,
        };
        // After an error the connection is dropped: the rest of a message would follow on it.
        self.send(&mut connection, batch)?;
        self.connection = Some(connection);
        self.sent = 0;
        Ok(())
    }

    fn start(&mut self, start: &SinkStart<'_>) -> io::Result<Option<PreviousEnd>> {
        self.frames.name_host(start.node);
        Ok(None)
    }

    fn name(&self) -> &str {
        "syslog"
    }
}

/// Sends all bytes, and returns how many the connection took.
fn send_all(connection: &mut Connection, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut taken = 0;
    while let Some(rest @ [_, ..]) = bytes.get(taken..) {
        match connection.send(rest) {
            Ok(0) => return (taken, Err(io::ErrorKind::WriteZero.into())),
            Ok(count) => taken += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (taken, Err(error)),
        }
    }
    (taken, Ok(()))
}

fn host_and_port(address: &str) -> Result<String, ConfigError> {
    let parts = address.rsplit_once(':');
    let is_right = parts.is_some_and(|(host, port)| {
        let is_host = host.bytes().all(|byte| byte.is_ascii_graphic());
        // An IPv6 address must be in brackets, or its end would be read as the port.
        let is_bare = !host.contains(':') || host.starts_with('[') && host.ends_with(']');
        !host.is_empty() && is_host && is_bare && port.parse().is_ok_and(|port: u16| port > 0)
    });
    if is_right {
        return Ok(address.to_owned());
    }
    Err(ConfigError::unexpected(
        "syslog",
        "a host and a port, such as `collector.example.com:601`",
        address,
        "give both; IPv6 addresses in brackets",
    ))
}

/// Bytes of messages that are sent to a stream at once.
const STREAM_BYTES: usize = 64 * 1024;
