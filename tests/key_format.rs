//! The format of API keys, and the sources of their peppers.
#![expect(
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::{env, fs, io, process};

use bearergate::api_key::{ApiKeyFormat, ApiKeyId, LegacyFormat, PepperSet};
use bearergate::error::ConfigErrorKind;
use bearergate::secret::Secret;
use bearergate::secret_source::SecretSource;
use bearergate::{ConfigError, RejectionKind};
use proptest::prelude::*;

/// The checksums were computed with the zlib module of Python.
const KEY: &str = "acme_live_0123456789ABCDEF_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg3GTem3";
const LEADING_ZEROS: &str =
    "acme_live_0000000000000165_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg00HvJa";
const OTHER_PREFIX: &str =
    "acme_test_0123456789ABCDEF_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg150w1r";

/// Texts with a valid checksum, and whether they are keys.
const SIGNED: &[(&str, bool)] = &[
    ("acme_live_0000000000000000_1BHm8A", false),
    (
        "acme_live_0000000000000000_0123456789ABCDEFGHIJK1RYMmO",
        false,
    ),
    (
        "acme_live_0000000000000000_0123456789ABCDEFGHIJKL1hmF22",
        true,
    ),
    (
        "acme_live_0000000000000000_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg4RUFMR",
        true,
    ),
    (
        "acme_live_0000000000000000_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMN32FKD8",
        true,
    ),
    (
        "acme_live_0000000000000000_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNO1ILL5C",
        false,
    ),
    (
        "acme_live__0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg0Zt9oc",
        false,
    ),
    (
        "acme_live_000000000000000_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg1j3lpT",
        false,
    ),
    (
        "acme_live_00000000000000000_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg3gelpe",
        false,
    ),
    (
        "acme_live_00000000000000000123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg3l7nwL",
        false,
    ),
    (
        "acme_live_0000000000000000-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg32YMc9",
        false,
    ),
    (
        "acme_live_000000000000000-_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg2mOiCb",
        false,
    ),
    (
        "acme_live_0000000000000000_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef-1qHpbB",
        false,
    ),
    (
        "acme_live_0000000000000000_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdeé1heSPY",
        false,
    ),
    (
        "acme_live_0000000000000000_0123456789ABCDEFGHIJK_0123456789ABCDEFGHIJK34f93W",
        false,
    ),
    (
        "ACME_live_0000000000000000_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg3eMUls",
        false,
    ),
];

const CANARY: &str = "c4naRy-Zq7vX2pLw9KtB5nMs8JhDf3GyR6";

fn format() -> ApiKeyFormat {
    ApiKeyFormat::new("acme_live").unwrap()
}

fn is_key(text: &str) -> bool {
    match format().key_id(text) {
        Ok(_) => true,
        Err(rejection) => {
            assert_eq!(rejection.kind(), RejectionKind::ApiKeyMalformed);
            false
        }
    }
}

fn kind<T>(result: Result<T, ConfigError>) -> Option<ConfigErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn key_id_is_read() {
    assert_eq!(format().prefix(), "acme_live_");
    let id = format().key_id(KEY).unwrap();
    assert_eq!(id.as_str(), "0123456789ABCDEF");
    assert!(is_key(LEADING_ZEROS));
}

// Defect K02 (API key parsed laxly): docs/defects.md
#[test]
fn every_changed_character_is_detected() {
    for at in 0..KEY.len() {
        for other in ["0", "A", "z", "_", "-", " ", "."] {
            let mut text = KEY.to_owned();
            text.replace_range(at..=at, other);
            assert_eq!(is_key(&text), text == KEY, "{text}");
        }
    }
}

// Defect K02 (API key parsed laxly): docs/defects.md
#[test]
fn every_missing_or_added_character_is_detected() {
    for at in 0..KEY.len() {
        let (front, back) = KEY.split_at(at);
        assert!(!is_key(front) && !is_key(back) || back == KEY, "{at}");
        assert!(!is_key(&[front, "a", back].concat()), "{at}");
        assert!(!is_key(&[front, &back[1..]].concat()), "{at}");
    }
    assert!(!is_key(&format!("{KEY}a")) && !is_key(&KEY.repeat(2)));
}

// Defect K02 (API key parsed laxly): docs/defects.md
#[test]
fn lengths_of_id_and_secret_are_checked_under_a_valid_checksum() {
    for (text, is_valid) in SIGNED {
        assert_eq!(is_key(text), *is_valid, "{text}");
    }
}

// Defect K02 (API key parsed laxly): docs/defects.md
#[test]
fn key_of_another_kind_is_malformed() {
    let large = "a".repeat(1 << 20);
    for text in [
        "",
        "_",
        "acme_live_",
        "acme_live",
        "eyJhbGciOiJub25lIn0.e30.",
        OTHER_PREFIX,
        &large,
    ] {
        assert!(!is_key(text), "{text:.80}");
    }
    let other = ApiKeyFormat::new("acme_test").unwrap();
    assert_eq!(
        other.key_id(KEY).unwrap_err().kind(),
        RejectionKind::ApiKeyMalformed
    );
    assert!(other.key_id(OTHER_PREFIX).is_ok());
}

#[test]
fn id_reads_back_as_it_was_written() {
    let id = format().key_id(KEY).unwrap();
    assert_eq!(id.to_string().parse::<ApiKeyId>().unwrap(), id);
    for text in [
        "",
        "0123456789ABCDE",
        "0123456789ABCDEF0",
        "0123456789ABCDE_",
    ] {
        assert!(text.parse::<ApiKeyId>().is_err(), "{text}");
    }
}

#[test]
fn prefix_is_letters_digits_and_underscores() {
    let long = "a".repeat(32);
    for prefix in ["a", "acme_live", "_a", "0", "A_b_3", &long] {
        let built = ApiKeyFormat::new(prefix).unwrap();
        assert_eq!(built.prefix(), format!("{prefix}_"));
    }
    let longer = "a".repeat(33);
    for (prefix, expected) in [
        ("", ConfigErrorKind::Empty),
        (&*longer, ConfigErrorKind::OutOfRange),
        ("acme-live", ConfigErrorKind::ValueMalformed),
        ("acme.live", ConfigErrorKind::ValueMalformed),
        ("acme live", ConfigErrorKind::ValueMalformed),
        ("acm\u{e9}", ConfigErrorKind::ValueMalformed),
        ("acme_", ConfigErrorKind::ValueMalformed),
        ("_", ConfigErrorKind::ValueMalformed),
    ] {
        assert_eq!(kind(ApiKeyFormat::new(prefix)), Some(expected), "{prefix}");
    }
}

#[test]
fn secrets_have_128_to_512_bits() {
    for bits in [128, 256, 512] {
        assert!(format().with_secret_bits(bits).is_ok());
    }
    for bits in [0, 127, 513, u32::MAX] {
        let rejected = format().with_secret_bits(bits);
        assert_eq!(kind(rejected), Some(ConfigErrorKind::OutOfRange), "{bits}");
    }
}

#[test]
fn least_length_of_legacy_keys_is_16_to_1024() {
    for bytes in [16, 1024] {
        assert!(LegacyFormat::new(bytes).is_ok());
    }
    for bytes in [0, 15, 1025] {
        let rejected = LegacyFormat::new(bytes);
        assert_eq!(kind(rejected), Some(ConfigErrorKind::OutOfRange), "{bytes}");
    }
}

/// A file that is removed when this is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let path = env::temp_dir().join(format!("bearergate-{}-{name}", process::id()));
        fs::write(&path, bytes).unwrap();
        Self(path)
    }

    fn read(&self) -> Result<Secret, ConfigError> {
        SecretSource::file(&self.0).read()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn file_is_read_again_each_time() {
    let file = Scratch::new("again", b"first\n");
    assert_eq!(file.read().unwrap().expose(), b"first");
    fs::write(&file.0, b"second").unwrap();
    assert_eq!(file.read().unwrap().expose(), b"second");
}

#[test]
fn file_that_is_empty_too_large_or_missing_is_rejected() {
    assert!(Scratch::new("full", &[b'a'; 65_536]).read().is_ok());
    for (name, bytes, expected) in [
        ("empty", vec![], ConfigErrorKind::Empty),
        ("line", b"\n".to_vec(), ConfigErrorKind::Empty),
        ("large", vec![b'a'; 65_537], ConfigErrorKind::OutOfRange),
    ] {
        let file = Scratch::new(name, &bytes);
        assert_eq!(kind(file.read()), Some(expected), "{name}");
    }
    let gone = SecretSource::file("no/such/file").read().unwrap_err();
    assert_eq!(gone.kind(), ConfigErrorKind::Unreadable);
    assert!(gone.source().is_some());
}

#[test]
fn environment_variable_is_read() {
    let own = SecretSource::env("PATH").read().unwrap();
    assert_eq!(
        own.expose(),
        env::var_os("PATH").unwrap().as_encoded_bytes()
    );
    let unset = SecretSource::env("BEARERGATE_NO_SUCH_VARIABLE").read();
    assert_eq!(kind(unset), Some(ConfigErrorKind::Unreadable));
}

#[test]
fn closure_is_called_each_time_and_may_fail() {
    let count = Arc::new(AtomicU8::new(0));
    let asked = Arc::clone(&count);
    let source = SecretSource::from_fn("vault", move || {
        match asked.fetch_add(1, Ordering::SeqCst) {
            0 => Err(io::Error::other("sealed")),
            1 => Ok(Secret::new(Vec::new())),
            n => Ok(Secret::new(vec![n])),
        }
    });
    let sealed = source.read().unwrap_err();
    assert_eq!(sealed.kind(), ConfigErrorKind::Unreadable);
    assert_eq!(sealed.source().unwrap().to_string(), "sealed");
    assert_eq!(kind(source.read()), Some(ConfigErrorKind::Empty));
    assert_eq!(source.read().unwrap().expose(), [2]);
    assert_eq!(count.load(Ordering::SeqCst), 3);
}

// Defect J01 (secret in a log, error or `Debug`): docs/defects.md
#[test]
fn errors_name_the_source_and_never_show_the_secret() {
    let give = |len: usize| move || Ok::<_, io::Error>(Secret::from(CANARY[..len].to_owned()));
    let vault = |len| SecretSource::from_fn("vault", give(len));
    let short = PepperSet::new(1, &vault(20)).unwrap_err();
    let good = PepperSet::new(1, &vault(34)).unwrap();
    let twice = good.clone().with_older(2, &vault(34)).unwrap_err();
    let file = Scratch::new("canary", CANARY.repeat(2000).as_bytes());
    let large = file.read().unwrap_err();
    let shown = format!(
        "{short} {short:?} {twice} {twice:?} {large} {large:?} {good:?} {:?}",
        vault(34)
    );
    assert!(!shown.contains(&CANARY[..8]), "{shown}");
    assert!(
        shown.contains("`vault`") && shown.contains("-canary`"),
        "{shown}"
    );
}

proptest! {
    // Defect K02 (API key parsed laxly): docs/defects.md
    #[test]
    fn any_text_is_parsed_without_a_panic(text in any::<String>(), mid in "[0-9A-Za-z_]{0,80}") {
        let _ = format().key_id(&text);
        let prefixed = format!("acme_live_{text}");
        prop_assert!(!is_key(&prefixed));
        let _ = format().key_id(&format!("acme_live_{mid}"));
    }
}
