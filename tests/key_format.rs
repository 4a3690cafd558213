//! The form of API keys, and where their peppers come from.
#![expect(
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

use std::env;
use std::error::Error;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process;
use std::sync::Arc;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering;

use bearergate::api_key::{ApiKeyFormat, ApiKeyId, LegacyFormat, PepperSet};
use bearergate::error::ConfigErrorKind;
use bearergate::secret::Secret;
use bearergate::secret_source::SecretSource;
use bearergate::{ConfigError, RejectionKind};
use proptest::prelude::*;

/// Their checksums were computed with the zlib module of Python.
const KEY: &str = "acme_live_0123456789ABCDEF_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg3GTem3";
const ZEROS_IN_FRONT: &str =
    "acme_live_0000000000000165_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg00HvJa";
const OTHER_PREFIX: &str =
    "acme_test_0123456789ABCDEF_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg150w1r";

/// Texts whose checksum is good, and whether they are keys.
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
    match format().parse(text) {
        Ok(_) => true,
        Err(refused) => {
            assert_eq!(refused.kind(), RejectionKind::ApiKeyMalformed);
            false
        }
    }
}

fn kind<T>(result: Result<T, ConfigError>) -> Option<ConfigErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn a_key_is_taken_apart() {
    assert_eq!(format().prefix(), "acme_live_");
    let key = format().parse(KEY).unwrap();
    assert_eq!(key.id().as_str(), "0123456789ABCDEF");
    assert!(is_key(ZEROS_IN_FRONT));
}

// Defect K02 (API key parsed laxly): docs/defects.md
#[test]
fn every_changed_character_is_noticed() {
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
fn every_missing_or_added_character_is_noticed() {
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
fn lengths_of_id_and_secret_are_checked_under_a_good_checksum() {
    for (text, is_good) in SIGNED {
        assert_eq!(is_key(text), *is_good, "{text}");
    }
}

// Defect K02 (API key parsed laxly): docs/defects.md
#[test]
fn a_key_of_another_kind_is_malformed() {
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
        other.parse(KEY).unwrap_err().kind(),
        RejectionKind::ApiKeyMalformed
    );
    assert!(other.parse(OTHER_PREFIX).is_ok());
}

#[test]
fn a_key_is_not_printed_with_its_secret() {
    let key = format().parse(KEY).unwrap();
    assert_eq!(
        format!("{key:?}"),
        "ParsedKey { id: ApiKeyId(0123456789ABCDEF), .. }"
    );
    let foreign = LegacyFormat::new(16).unwrap();
    let foreign = foreign.parse(CANARY).unwrap();
    assert_eq!(format!("{foreign:?}"), "LegacyKey([redacted])");
}

#[test]
fn an_id_reads_back_as_it_was_written() {
    let id = format().parse(KEY).unwrap().id();
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
fn a_prefix_is_letters_digits_and_underscores() {
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
        let refused = format().with_secret_bits(bits);
        assert_eq!(kind(refused), Some(ConfigErrorKind::OutOfRange), "{bits}");
    }
}

#[test]
fn a_foreign_key_is_long_enough_and_visible() {
    let format = LegacyFormat::new(20).unwrap();
    let text = |len: usize| "k".repeat(len);
    for good in [text(20), text(1024), format!("{}!~", text(18))] {
        assert!(format.parse(&good).is_ok(), "{good}");
    }
    let spaced = format!("{} {}", text(10), text(10));
    let accented = format!("{}\u{e9}", text(20));
    for bad in [
        text(0),
        text(19),
        text(1025),
        text(1 << 20),
        spaced,
        accented,
    ] {
        let refused = format.parse(&bad).unwrap_err().kind();
        assert_eq!(refused, RejectionKind::ApiKeyMalformed, "{bad:.40}");
    }
}

#[test]
fn the_least_length_of_foreign_keys_is_16_to_1024() {
    for bytes in [16, 1024] {
        assert!(LegacyFormat::new(bytes).is_ok());
    }
    for bytes in [0, 15, 1025] {
        let refused = LegacyFormat::new(bytes);
        assert_eq!(kind(refused), Some(ConfigErrorKind::OutOfRange), "{bytes}");
    }
}

/// A file that is gone when this is.
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
fn a_file_is_read_anew_every_time() {
    let file = Scratch::new("again", b"first\n");
    assert_eq!(file.read().unwrap().expose(), b"first");
    fs::write(&file.0, b"second").unwrap();
    assert_eq!(file.read().unwrap().expose(), b"second");
}

#[test]
fn a_file_that_is_empty_too_large_or_not_there_is_refused() {
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
fn the_environment_is_read() {
    let own = SecretSource::env("PATH").read().unwrap();
    assert_eq!(
        own.expose(),
        env::var_os("PATH").unwrap().as_encoded_bytes()
    );
    let unset = SecretSource::env("BEARERGATE_NO_SUCH_VARIABLE").read();
    assert_eq!(kind(unset), Some(ConfigErrorKind::Unreadable));
}

#[test]
fn a_closure_is_asked_every_time_and_may_fail() {
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
fn errors_name_the_source_and_never_what_it_gave() {
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
        let _ = format().parse(&text);
        let prefixed = format!("acme_live_{text}");
        prop_assert!(!is_key(&prefixed));
        let _ = format().parse(&format!("acme_live_{mid}"));
        let _ = LegacyFormat::new(16).unwrap().parse(&text);
    }
}
