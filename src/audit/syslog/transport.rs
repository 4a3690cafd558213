//! Connections to a receiver of syslog.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
#[cfg(unix)]
use std::os::unix::net::{UnixDatagram, UnixStream};
#[cfg(unix)]
use std::path::PathBuf;
use std::time::Duration;

use super::frame::Framing;

/// Where messages are sent, and how.
#[derive(Debug)]
pub(super) enum Receiver {
    Udp(String),
    Tcp(String),
    #[cfg(unix)]
    UnixDatagram(PathBuf),
    #[cfg(unix)]
    UnixStream(PathBuf),
}

impl Receiver {
    pub(super) const fn framing(&self) -> Framing {
        match self {
            Self::Udp(_) => Framing::Datagram(UDP_BYTES),
            Self::Tcp(_) => Framing::OctetCounting,
            #[cfg(unix)]
            Self::UnixDatagram(_) => Framing::Datagram(UNIX_BYTES),
            #[cfg(unix)]
            Self::UnixStream(_) => Framing::LineFeed,
        }
    }

    pub(super) fn connect(&self) -> io::Result<Connection> {
        match self {
            Self::Udp(address) => udp(address).map(Connection::Udp),
            Self::Tcp(address) => tcp(address).map(Connection::Tcp),
            #[cfg(unix)]
            Self::UnixDatagram(path) => {
                let socket = UnixDatagram::unbound()?;
                socket.connect(path)?;
                socket.set_write_timeout(Some(WRITE_TIMEOUT))?;
                Ok(Connection::UnixDatagram(socket))
            }
            #[cfg(unix)]
            Self::UnixStream(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
                Ok(Connection::UnixStream(stream))
            }
        }
    }
}

fn udp(address: &str) -> io::Result<UdpSocket> {
    first_that_connects(address, |address| {
        let any = match address {
            SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
        };
        let socket = UdpSocket::bind(any)?;
        socket.connect(address)?;
        socket.set_write_timeout(Some(WRITE_TIMEOUT))?;
        Ok(socket)
    })
}

fn tcp(address: &str) -> io::Result<TcpStream> {
    first_that_connects(address, |address| {
        let stream = TcpStream::connect_timeout(&address, CONNECT_TIMEOUT)?;
        stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
        Ok(stream)
    })
}

/// The name is resolved with each connection, because a receiver may move.
fn first_that_connects<T>(
    address: &str,
    connect: impl Fn(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let mut last = io::ErrorKind::NotFound.into();
    for address in address.to_socket_addrs()?.take(ADDRESSES) {
        match connect(address) {
            Ok(connection) => return Ok(connection),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// An open connection.
#[derive(Debug)]
pub(super) enum Connection {
    Udp(UdpSocket),
    Tcp(TcpStream),
    #[cfg(unix)]
    UnixDatagram(UnixDatagram),
    #[cfg(unix)]
    UnixStream(UnixStream),
}

impl Connection {
    /// Writes some bytes of a stream, or one whole datagram.
    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Udp(socket) => socket.send(bytes),
            Self::Tcp(stream) => stream.write(bytes),
            #[cfg(unix)]
            Self::UnixDatagram(socket) => socket.send(bytes),
            #[cfg(unix)]
            Self::UnixStream(stream) => stream.write(bytes),
        }
    }

    /// Returns whether the receiver closed its stream. What is written then would be lost without
    /// an error.
    pub(super) fn is_closed(&self) -> bool {
        match self {
            Self::Tcp(stream) => has_ended(stream, |is| stream.set_nonblocking(is)),
            #[cfg(unix)]
            Self::UnixStream(stream) => has_ended(stream, |is| stream.set_nonblocking(is)),
            Self::Udp(_) => false,
            #[cfg(unix)]
            Self::UnixDatagram(_) => false,
        }
    }
}

/// Reads what a receiver may say, which nothing uses, until there is no more for now.
fn has_ended(mut stream: impl Read, set_nonblocking: impl Fn(bool) -> io::Result<()>) -> bool {
    let mut bytes = [0; 256];
    let mut read = || {
        (0..READS)
            .map(|_| stream.read(&mut bytes))
            .find(|read| !matches!(read, Ok(1..)))
    };
    let is_open = set_nonblocking(true).is_ok()
        && match read() {
            Some(Err(error)) => error.kind() == io::ErrorKind::WouldBlock,
            Some(Ok(_)) => false,
            None => true,
        };
    set_nonblocking(false).is_err() || !is_open
}

/// Longest message by UDP, in bytes.
const UDP_BYTES: usize = 8 * 1024;
/// Longest message to a Unix socket that takes datagrams, in bytes: well below the usual buffer.
const UNIX_BYTES: usize = 64 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// Most addresses of a name that are tried.
const ADDRESSES: usize = 4;
const READS: usize = 16;
