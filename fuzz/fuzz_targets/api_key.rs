//! Any text as an API key, as it stands and with a good checksum put at its end.
//!
//! Property: nothing panics; a text is accepted exactly if another reader, who splits it from its
//! end and computes the checksum bit by bit, finds the same parts; it is then its only spelling.
//! A foreign key is accepted exactly if it is long enough, not too long, and visible.
#![no_main]

use std::sync::LazyLock;

use bearergate::ApiKeyFormat;
use bearergate::ForeignFormat;
use bearergate::RejectionKind;
use bearergate::limits;
use libfuzzer_sys::fuzz_target;

const PREFIX: &str = "acme_live";
const FOREIGN_MIN: usize = 20;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static FORMAT: LazyLock<ApiKeyFormat> =
    LazyLock::new(|| ApiKeyFormat::new(PREFIX).expect("the prefix is good"));
static FOREIGN: LazyLock<ForeignFormat> =
    LazyLock::new(|| ForeignFormat::new(FOREIGN_MIN).expect("the length is good"));

fuzz_target!(|text: &[u8]| {
    let Ok(text) = str::from_utf8(text) else {
        return;
    };
    check(text);
    let signed = format!("{text}{}", checksum(text));
    check(&signed);
    check_foreign(text);
});

fn check(text: &str) {
    let expected = id(text);
    match FORMAT.parse(text) {
        Ok(key) => {
            assert_eq!(Some(key.id().as_str()), expected);
            let head = format!("{PREFIX}_{}_", key.id());
            assert!(text.starts_with(&head) && head.starts_with(FORMAT.prefix()));
        }
        Err(rejection) => {
            assert_eq!(rejection.kind(), RejectionKind::ApiKeyMalformed);
            assert_eq!(expected, None, "only we refuse this");
        }
    }
}

/// The id of the key, by another reader's judgement.
fn id(text: &str) -> Option<&str> {
    let (front, secret) = text.rsplit_once('_')?;
    let (prefix, id) = front.rsplit_once('_')?;
    let is_text = |text: &str| text.bytes().all(|byte| DIGITS.contains(&byte));
    // 128 to 512 bits in base62, and the checksum.
    let is_good = prefix == PREFIX && id.len() == 16 && (22 + 6..=86 + 6).contains(&secret.len());
    if !is_good || !is_text(id) || !is_text(secret) {
        return None;
    }
    let (signed, sum) = text.split_at(text.len() - 6);
    (checksum(signed) == sum).then_some(id)
}

fn checksum(text: &str) -> String {
    let mut rest = crc32(text.as_bytes());
    let mut digits = [0; 6].map(|_: u8| {
        let digit = DIGITS[rest as usize % 62];
        rest /= 62;
        char::from(digit)
    });
    digits.reverse();
    digits.into_iter().collect()
}

/// CRC-32/ISO-HDLC, one bit after the other.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
    let fold = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), step);
    !bytes.iter().fold(u32::MAX, fold)
}

fn check_foreign(text: &str) {
    let lengths = FOREIGN_MIN..=limits::FOREIGN_KEY_BYTES;
    let is_visible = text.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
    let is_good = lengths.contains(&text.len()) && is_visible;
    assert_eq!(FOREIGN.parse(text).is_ok(), is_good);
}
