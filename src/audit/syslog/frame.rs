//! Messages of syslog (RFC 5424).

use std::process;

use crate::audit::encoding::{push_id, push_number, push_time};
use crate::audit::record::Severity;
use crate::audit::sink::BatchLine;

/// What all messages of a sink have in common, and how they are framed.
#[derive(Debug)]
pub(super) struct Frames {
    /// Host name, application, process id.
    origin: Vec<u8>,
    framing: Framing,
    message: Vec<u8>,
}

/// How one message is told from the next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Framing {
    /// Each message is a datagram of at most so many bytes.
    Datagram(usize),
    /// Each message is preceded by its length (RFC 6587 section 3.4.1).
    OctetCounting,
    /// Each message is followed by a line feed, which none contains.
    LineFeed,
}

impl Frames {
    pub(super) fn new(framing: Framing) -> Self {
        let mut frames = Self {
            origin: Vec::new(),
            framing,
            message: Vec::new(),
        };
        frames.name_host("");
        frames
    }

    /// Sets the host name. What RFC 5424 section 6.2.4 does not allow in it becomes `-`.
    pub(super) fn name_host(&mut self, name: &str) {
        let letters = name.bytes().take(HOST_BYTES);
        let printable = letters.map(|byte| if byte.is_ascii_graphic() { byte } else { b'-' });
        self.origin.clear();
        self.origin.extend(printable);
        if self.origin.is_empty() {
            self.origin.push(b'-');
        }
        self.origin.extend_from_slice(b" bearergate ");
        push_number(process::id().into(), &mut self.origin);
    }

    /// Appends the message of a line with its frame.
    pub(super) fn push(&mut self, line: &BatchLine<'_>, frames: &mut Vec<u8>) {
        self.message.clear();
        push_message(&self.origin, line, false, &mut self.message);
        match self.framing {
            Framing::Datagram(most) => {
                if self.message.len() > most {
                    self.message.clear();
                    push_message(&self.origin, line, true, &mut self.message);
                    cut(&mut self.message, most);
                }
                frames.extend_from_slice(&self.message);
            }
            Framing::OctetCounting => {
                push_number(self.message.len() as u64, frames);
                frames.push(b' ');
                frames.extend_from_slice(&self.message);
            }
            Framing::LineFeed => {
                frames.extend_from_slice(&self.message);
                frames.push(b'\n');
            }
        }
    }
}

fn push_message(origin: &[u8], line: &BatchLine<'_>, is_cut: bool, message: &mut Vec<u8>) {
    message.push(b'<');
    push_number(priority(line.severity()), message);
    message.extend_from_slice(b">1 ");
    push_time(line.unix_millis(), message);
    message.push(b' ');
    message.extend_from_slice(origin);
    message.push(b' ');
    message.extend_from_slice(line.code().as_bytes());
    message.extend_from_slice(b" [bg@32473 id=\"");
    push_id(line.id(), message);
    message.extend_from_slice(b"\" seq=\"");
    push_number(line.sequence(), message);
    message.extend_from_slice(if is_cut {
        b"\" cut=\"true\"] "
    } else {
        b"\"] "
    });
    message.extend_from_slice(line.bytes());
}

/// Facility `authpriv` (10), and the severity.
const fn priority(severity: Severity) -> u64 {
    match severity {
        Severity::Informational => 86,
        Severity::Notice => 85,
        Severity::Warning => 84,
        Severity::Error => 83,
    }
}

/// Cuts a message at the border of a character.
fn cut(message: &mut Vec<u8>, most: usize) {
    let is_inside = |byte: &u8| byte & 0xc0 == 0x80;
    let mut end = most;
    while end > 0 && message.get(end).is_some_and(is_inside) {
        end -= 1;
    }
    message.truncate(end);
}

/// RFC 5424 section 6.
const HOST_BYTES: usize = 255;
