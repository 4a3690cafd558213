//! The part of HTTP/1.1 that tests need: heads, bodies of known length, whole and broken answers.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use std::{io, thread};

use super::fault::Answer;

/// Longest head; the connection of a longer one is closed.
const HEAD_BYTES: usize = 32 * 1024;
/// Longest body of a request.
const BODY_BYTES: usize = 1024 * 1024;
/// How long to wait for more of an incomplete head.
const PIECE: Duration = Duration::from_millis(1);
/// Length of one chunk of a long body.
const CHUNK_BYTES: usize = 16 * 1024;

/// A request that a [`FakeIssuer`](crate::testing::FakeIssuer) has received, as the client sent it.
///
/// Get it from [`FakeIssuer::requests`](crate::testing::FakeIssuer::requests), to check what a
/// service sends. Its `Debug` output shows credentials: it is for tests only.
#[derive(Clone, Debug)]
pub struct SeenRequest {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl SeenRequest {
    /// Returns the method, such as `POST`, as sent: in the same case of letters.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Returns path and query, as sent: without decoding. It is the request target of RFC 9112
    /// section 3.2.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Returns the first header of this name, without white space around it; upper and lower case
    /// of the name are the same. It is `None` if the client did not send it.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the body; it is empty if the connection was reset before it was read. Only bodies
    /// with a `content-length` of at most 1 MiB are read.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Returns the first parameter of this name in the form that is the body, decoded (RFC 6749
    /// appendix B).
    ///
    /// It is `None` without such a parameter, for a malformed value, and for a body that is not
    /// UTF-8. The content type is not checked.
    pub fn form(&self, name: &str) -> Option<String> {
        let text = std::str::from_utf8(&self.body).ok()?;
        let mut pairs = text.split('&').filter_map(|pair| pair.split_once('='));
        let found = pairs.find(|(other, _)| decoded(other).as_deref() == Some(name));
        found.and_then(|(_, value)| decoded(value))
    }

    fn parse(head: &str) -> Option<Self> {
        let mut lines = head.split("\r\n");
        let mut first = lines.next()?.split(' ');
        let headers = lines.filter_map(|line| line.split_once(':'));
        Some(Self {
            method: first.next()?.to_owned(),
            target: first.next()?.to_owned(),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
                .collect(),
            body: Vec::new(),
        })
    }

    pub(super) fn keeps_alive(&self) -> bool {
        self.header("connection")
            .is_none_or(|value| !value.eq_ignore_ascii_case("close"))
    }
}

/// Decodes form encoding (RFC 6749 appendix B); `None` for malformed text.
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => 16 * digit(rest.next()?)? + digit(rest.next()?)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

/// Reads a head except its last byte, so that closing the connection then resets it. Returns
/// `None` if the client closed the connection, or does not send HTTP.
pub(super) fn read_head(stream: &mut TcpStream) -> io::Result<Option<SeenRequest>> {
    let mut seen = vec![0; HEAD_BYTES];
    let mut known = 0;
    let len = loop {
        let count = stream.peek(&mut seen)?;
        let bytes = seen.get(..count).unwrap_or_default();
        match bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            Some(at) => break at + 4,
            None if count == 0 || count == HEAD_BYTES => return Ok(None),
            None if count == known => thread::sleep(PIECE),
            None => known = count,
        }
    };
    let head = seen.get_mut(..len - 1).unwrap_or_default();
    stream.read_exact(head)?;
    Ok(std::str::from_utf8(head).ok().and_then(SeenRequest::parse))
}

/// Reads the byte that [`read_head`] left, and the body.
pub(super) fn read_body(stream: &mut TcpStream, request: &mut SeenRequest) -> io::Result<()> {
    let len = request.header("content-length");
    let len = len.and_then(|len| len.parse().ok()).unwrap_or(0);
    if len > BODY_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    stream.read_exact(&mut [0])?;
    request.body.resize(len, 0);
    stream.read_exact(&mut request.body)
}

/// Writes the whole answer.
pub(super) fn write(stream: &mut TcpStream, answer: &Answer) -> io::Result<()> {
    let mut bytes = head(answer, Some(answer.body.len()));
    bytes.extend_from_slice(&answer.body);
    stream.write_all(&bytes)
}

/// Writes the length of the whole body, and half of the body.
pub(super) fn write_half(stream: &mut TcpStream, answer: &Answer) -> io::Result<()> {
    let (half, _) = answer.body.split_at(answer.body.len() / 2);
    let mut bytes = head(answer, Some(answer.body.len().max(1)));
    bytes.extend_from_slice(half);
    stream.write_all(&bytes)
}

/// Writes the body in chunks, padded with spaces to this many bytes.
pub(super) fn write_chunks(
    stream: &mut TcpStream,
    answer: &Answer,
    bytes: usize,
) -> io::Result<()> {
    stream.write_all(&head(answer, None))?;
    write_chunk(stream, &answer.body)?;
    let mut left = bytes.saturating_sub(answer.body.len());
    while left > 0 {
        let len = left.min(CHUNK_BYTES);
        write_chunk(stream, &vec![b' '; len])?;
        left -= len;
    }
    stream.write_all(b"0\r\n\r\n")
}

fn write_chunk(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    stream.write_all(&chunk)
}

/// Returns status line and headers; without a length the body is sent in chunks.
fn head(answer: &Answer, len: Option<usize>) -> Vec<u8> {
    let status = http::StatusCode::from_u16(answer.status).ok();
    let reason = status.and_then(|status| status.canonical_reason());
    let reason = reason.unwrap_or("Unknown");
    let mut head = format!("HTTP/1.1 {} {reason}\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    match len {
        _ if matches!(answer.status, 204 | 304) => {}
        Some(len) => head.push_str(&format!("content-length: {len}\r\n")),
        None => head.push_str("transfer-encoding: chunked\r\n"),
    }
    head.push_str("\r\n");
    head.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_encoding_is_decoded() {
        assert_eq!(decoded("a+b%3a%C3%A9").as_deref(), Some("a b:\u{e9}"));
        for broken in ["%", "%4", "%zz", "%ff"] {
            assert_eq!(decoded(broken), None, "{broken}");
        }
    }

    #[test]
    fn header_names_ignore_case() {
        let head = "GET /a?b HTTP/1.1\r\nHost: x\r\nConnection: Close\r\n\r";
        let request = SeenRequest::parse(head).unwrap();
        assert_eq!((request.method(), request.target()), ("GET", "/a?b"));
        assert_eq!(request.header("hOST"), Some("x"));
        assert!(!request.keeps_alive());
        assert!(SeenRequest::parse("nonsense").is_none());
    }
}
