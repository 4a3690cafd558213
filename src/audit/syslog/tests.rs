use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
#[cfg(unix)]
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::time::Duration;

use super::*;
use crate::audit::encoding::test_samples::{ENCODINGS, HOSTILE, Texts, line, sample_batch};
use crate::audit::record::What;
use crate::audit::sink::{AuditSink, Batch, SinkStart};
use crate::error::{ConfigErrorKind, RejectionKind};

/// A parsed message.
#[derive(Debug, PartialEq)]
struct Message {
    priority: u8,
    timestamp: String,
    host: String,
    application: String,
    process: String,
    id: String,
    /// Name and value of each parameter of the one element.
    data: Vec<(String, String)>,
    text: String,
}

impl Message {
    /// Parses a message by the grammar of RFC 5424 section 6.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = str::from_utf8(bytes).ok()?;
        let (priority, rest) = text.strip_prefix('<')?.split_once('>')?;
        let rest = rest.strip_prefix("1 ")?;
        let mut fields = rest.splitn(6, ' ');
        let mut field = |most: usize| {
            let field = fields.next()?;
            let is_printable = field.bytes().all(|byte| byte.is_ascii_graphic());
            (is_printable && !field.is_empty() && field.len() <= most).then(|| field.to_owned())
        };
        let (timestamp, host, application) = (field(32)?, field(255)?, field(48)?);
        let (process, id) = (field(128)?, field(32)?);
        let (data, text) = element(fields.next()?)?;
        Some(Self {
            priority: priority.parse().ok().filter(|number| *number < 192)?,
            timestamp,
            host,
            application,
            process,
            id,
            data,
            text: text.strip_prefix(' ')?.to_owned(),
        })
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.data.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Parses one element of structured data, and returns its parameters and what follows it.
fn element(text: &str) -> Option<(Vec<(String, String)>, &str)> {
    let (id, mut rest) = text.strip_prefix('[')?.split_at_checked(8)?;
    assert_eq!(id, "bg@32473");
    let mut parameters = Vec::new();
    loop {
        if let Some(after) = rest.strip_prefix(']') {
            return Some((parameters, after));
        }
        let (name, value) = rest.strip_prefix(' ')?.split_once("=\"")?;
        let mut letters = value.chars();
        let mut unescaped = String::new();
        loop {
            match letters.next()? {
                '"' => break,
                ']' => return None,
                '\\' => unescaped.push(letters.next()?),
                letter => unescaped.push(letter),
            }
        }
        parameters.push((name.to_owned(), unescaped));
        rest = letters.as_str();
    }
}

const WAIT: Duration = Duration::from_secs(10);

fn start(sink: &mut SyslogSink) {
    let start = SinkStart {
        node: "orders 7c9f\n",
        boot: 1,
        extension: "jsonl",
    };
    assert_eq!(sink.start(&start).unwrap(), None);
}

fn send(sink: &mut SyslogSink, texts: &[&str]) -> std::io::Result<()> {
    let (lines, marks) = sample_batch(texts);
    sink.write(&Batch::new(&lines, &marks))
}

/// Reads messages with octet counting.
fn read_counted(stream: &mut impl Read, count: usize) -> Vec<Message> {
    let mut byte = [0];
    let messages = (0..count).map(|_| {
        let mut len = 0;
        loop {
            stream.read_exact(&mut byte).unwrap();
            match byte[0] {
                b' ' => break,
                digit @ b'0'..=b'9' => len = len * 10 + usize::from(digit - b'0'),
                other => panic!("{other} in a length"),
            }
        }
        let mut message = vec![0; len];
        stream.read_exact(&mut message).unwrap();
        Message::parse(&message).unwrap()
    });
    messages.collect()
}

#[test]
fn messages_follow_the_grammar_and_the_line_is_whole() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(WAIT)).unwrap();
    let mut sink = SyslogSink::udp(&socket.local_addr().unwrap().to_string()).unwrap();
    start(&mut sink);
    send(&mut sink, &["{\"a\":1}"]).unwrap();
    let mut bytes = vec![0; 65_536];
    let len = socket.recv(&mut bytes).unwrap();
    let message = Message::parse(&bytes[..len]).unwrap();
    let expected = Message {
        priority: 86,
        timestamp: "2025-10-09T08:53:20.250Z".into(),
        host: "orders-7c9f-".into(),
        application: "bearergate".into(),
        process: std::process::id().to_string(),
        id: "allowed".into(),
        data: vec![
            ("id".into(), "0123456789abcdef0123456789abcdef".into()),
            ("seq".into(), "1".into()),
        ],
        text: "{\"a\":1}".into(),
    };
    assert_eq!(message, expected);
}

#[test]
fn every_record_in_every_encoding_is_one_message_that_parses() {
    for texts in [Texts::usual(), Texts::around(HOSTILE)] {
        for record in texts.all() {
            for encoding in ENCODINGS {
                let line = line(encoding, &record, &texts.common());
                let mut bytes = line.clone().into_bytes();
                bytes.push(b'\n');
                let marks = [record.mark(bytes.len())];
                let batch = Batch::new(&bytes, &marks);
                let mut frames = frame::Frames::new(frame::Framing::LineFeed);
                frames.name_host(texts.get("node"));
                let mut sent = Vec::new();
                frames.push(&batch.lines().next().unwrap(), &mut sent);
                let (last, message) = sent.split_last().unwrap();
                assert_eq!((*last, message.contains(&b'\n')), (b'\n', false));
                let message = Message::parse(message).unwrap();
                assert_eq!(message.text, line);
                assert_eq!(message.id, record.code());
            }
        }
    }
}

#[test]
fn the_severity_is_that_of_the_outcome() {
    let texts = Texts::usual();
    for (what, priority) in [
        (What::Started, 86),
        (What::Decision, 85),
        (What::Summary, 85),
        (What::Locked, 84),
        (What::Signal, 84),
        (What::Gap, 83),
    ] {
        let marks = [texts.full(what).mark(2)];
        let batch = Batch::new(b"x\n", &marks);
        let mut sent = Vec::new();
        let mut frames = frame::Frames::new(frame::Framing::LineFeed);
        frames.push(&batch.lines().next().unwrap(), &mut sent);
        let message = Message::parse(sent.strip_suffix(b"\n").unwrap()).unwrap();
        assert_eq!(message.priority, priority, "{what:?}");
    }
}

#[test]
fn codes_fit_the_message_id() {
    for kind in RejectionKind::ALL {
        assert!(kind.as_str().len() <= 32, "{kind}");
    }
}

#[test]
fn by_udp_a_long_record_is_cut_at_8_kib_between_characters_and_says_so() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(WAIT)).unwrap();
    let mut sink = SyslogSink::udp(&socket.local_addr().unwrap().to_string()).unwrap();
    let long = "\u{1f600}".repeat(3_000);
    for start in ["", "a", "ab", "abc"] {
        let text = format!("{start}{long}");
        send(&mut sink, &[&text, "short"]).unwrap();
        let mut bytes = vec![0; 65_536];
        let len = socket.recv(&mut bytes).unwrap();
        assert!((8_189..=8_192).contains(&len), "{len}");
        let message = Message::parse(&bytes[..len]).unwrap();
        assert_eq!(message.parameter("cut"), Some("true"));
        assert!(text.starts_with(&message.text));
        let len = socket.recv(&mut bytes).unwrap();
        let message = Message::parse(&bytes[..len]).unwrap();
        assert_eq!(
            (message.text.as_str(), message.parameter("cut")),
            ("short", None)
        );
    }
}

#[test]
fn by_tcp_messages_are_counted_and_whole_whatever_they_hold() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut sink = SyslogSink::tcp(&listener.local_addr().unwrap().to_string()).unwrap();
    let long = "x".repeat(100_000);
    let reader = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(WAIT)).unwrap();
        read_counted(&mut stream, 4)
    });
    send(&mut sink, &["12 <13>1 forged", &long, "]\"", "é"]).unwrap();
    let texts: Vec<_> = reader.join().unwrap().into_iter().map(|m| m.text).collect();
    assert_eq!(texts, ["12 <13>1 forged", &long, "]\"", "é"]);
}

#[test]
fn it_connects_again_after_the_receiver_closed_and_sends_every_batch_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut sink = SyslogSink::tcp(&listener.local_addr().unwrap().to_string()).unwrap();
    for text in ["first", "second", "third"] {
        send(&mut sink, &[text]).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(WAIT)).unwrap();
        assert_eq!(read_counted(&mut stream, 1)[0].text, text);
        stream.shutdown(std::net::Shutdown::Both).unwrap();
    }
}

#[test]
fn what_a_receiver_says_is_read_and_ignored() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut sink = SyslogSink::tcp(&listener.local_addr().unwrap().to_string()).unwrap();
    send(&mut sink, &["first"]).unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(WAIT)).unwrap();
    stream.write_all(b"hello").unwrap();
    send(&mut sink, &["second"]).unwrap();
    let texts: Vec<_> = read_counted(&mut stream, 2)
        .into_iter()
        .map(|m| m.text)
        .collect();
    assert_eq!(texts, ["first", "second"]);
}

#[test]
fn without_a_receiver_it_fails_and_the_batch_is_sent_later() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut sink = SyslogSink::tcp(&address.to_string()).unwrap();
    assert!(send(&mut sink, &["a"]).is_err());
    assert!(send(&mut sink, &["a"]).is_err());
    let listener = TcpListener::bind(address).unwrap();
    send(&mut sink, &["a", "b"]).unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    let texts: Vec<_> = read_counted(&mut stream, 2)
        .into_iter()
        .map(|m| m.text)
        .collect();
    assert_eq!(texts, ["a", "b"]);
}

#[cfg(unix)]
mod unix {
    use super::*;

    struct Socket(std::path::PathBuf);

    impl Socket {
        fn new(name: &str) -> Self {
            let file = format!("bearergate-syslog-{}-{name}", std::process::id());
            Self(std::env::temp_dir().join(file))
        }
    }

    impl Drop for Socket {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn by_unix_datagrams_each_record_is_one() {
        let socket = Socket::new("datagram");
        let receiver = UnixDatagram::bind(&socket.0).unwrap();
        receiver.set_read_timeout(Some(WAIT)).unwrap();
        let mut sink = SyslogSink::unix_datagram(&socket.0);
        let longer_than_udp = "x".repeat(20_000);
        send(&mut sink, &["a", &longer_than_udp]).unwrap();
        for text in ["a", &longer_than_udp] {
            let mut bytes = vec![0; 65_536];
            let len = receiver.recv(&mut bytes).unwrap();
            assert_eq!(Message::parse(&bytes[..len]).unwrap().text, text);
        }
    }

    #[test]
    fn a_datagram_that_was_sent_before_an_error_is_not_sent_again() {
        let socket = Socket::new("again");
        let receiver = UnixDatagram::bind(&socket.0).unwrap();
        receiver.set_read_timeout(Some(WAIT)).unwrap();
        let mut sink = SyslogSink::unix_datagram(&socket.0);
        send(&mut sink, &["before"]).unwrap();
        drop(receiver);
        std::fs::remove_file(&socket.0).unwrap();
        assert!(send(&mut sink, &["a", "b"]).is_err());
        let receiver = UnixDatagram::bind(&socket.0).unwrap();
        receiver.set_read_timeout(Some(WAIT)).unwrap();
        send(&mut sink, &["a", "b"]).unwrap();
        for text in ["a", "b"] {
            let mut bytes = vec![0; 65_536];
            let len = receiver.recv(&mut bytes).unwrap();
            assert_eq!(Message::parse(&bytes[..len]).unwrap().text, text);
        }
        receiver.set_nonblocking(true).unwrap();
        assert!(receiver.recv(&mut [0; 64]).is_err());
    }

    #[test]
    fn by_a_unix_stream_a_line_feed_ends_each_record() {
        let socket = Socket::new("stream");
        let listener = UnixListener::bind(&socket.0).unwrap();
        let mut sink = SyslogSink::unix_stream(&socket.0);
        send(&mut sink, &["a", "b"]).unwrap();
        drop(sink);
        let (mut stream, _) = listener.accept().unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        let lines = all
            .strip_suffix(b"\n")
            .unwrap()
            .split(|byte| *byte == b'\n');
        let texts: Vec<_> = lines
            .map(|line| Message::parse(line).unwrap().text)
            .collect();
        assert_eq!(texts, ["a", "b"]);
    }
}

#[test]
fn an_address_needs_a_host_and_a_port() {
    for good in [
        "collector:601",
        "127.0.0.1:514",
        "[::1]:514",
        "a.b-c.example:65535",
    ] {
        assert!(SyslogSink::tcp(good).is_ok(), "{good}");
        assert!(SyslogSink::udp(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "collector",
        "collector:",
        ":514",
        "collector:0",
        "collector:65536",
        "::1:514",
        "a b:514",
        "http://c:514",
    ] {
        for result in [SyslogSink::tcp(bad), SyslogSink::udp(bad)] {
            let error = result.unwrap_err();
            assert_eq!(
                (error.kind(), error.field()),
                (ConfigErrorKind::ValueMalformed, "syslog")
            );
        }
    }
}
