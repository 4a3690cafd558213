//! The one valid spelling of a token: parts, base64url, JSON, sizes.

use crate::common::*;

fn parts() -> [String; 3] {
    let token = token(claims());
    let parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    parts.try_into().unwrap()
}

// Defects A23 (wrong number of parts), A24 (memory for each dot), A26 (decryption taken for
// authentication): docs/defects.md
#[test]
fn token_has_exactly_three_parts() {
    let [header, payload, signature] = parts();
    let good = format!("{header}.{payload}.{signature}");
    assert_eq!(outcome(&validator(), &good), "accept");
    for malformed in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        header.clone(),
        format!("{header}.{payload}"),
        format!("{good}."),
        format!(".{good}"),
        format!("{good}.{signature}"),
        format!("{good}.{signature}.{signature}.{signature}"),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        ".".repeat(16 * 1024),
    ] {
        assert_eq!(
            outcome(&validator(), &malformed),
            "token_malformed",
            "{malformed}"
        );
    }
    for encrypted in [
        format!("{good}.{payload}.{signature}"),
        "a.b.c.d.e".to_owned(),
        "....".to_owned(),
    ] {
        assert_eq!(
            outcome(&validator(), &encrypted),
            "token_encrypted",
            "{encrypted}"
        );
    }
}

// Defects A20 (lax base64url), A31 (panic on odd input): docs/defects.md
#[test]
fn characters_outside_the_alphabet_are_rejected_in_every_position() {
    let parts = parts();
    for place in 0..3 {
        for at in [0, 1, parts[place].len() / 2, parts[place].len()] {
            for stray in [
                "=", "==", "\n", "\r", " ", "\t", "+", "/", "?", "*", "%3D", "\0", "é", "\u{feff}",
            ] {
                let mut parts = parts.clone();
                parts[place].insert_str(at, stray);
                let token = parts.join(".");
                assert_eq!(
                    outcome(&validator(), &token),
                    "token_malformed",
                    "{place} {at} {stray:?}"
                );
            }
        }
    }
    let token = parts.join(".");
    for around in [
        format!(" {token}"),
        format!("{token}\n"),
        format!("{token} "),
        format!("\"{token}\""),
    ] {
        assert_eq!(
            outcome(&validator(), &around),
            "token_malformed",
            "{around:?}"
        );
    }
}

/// Returns the other spellings of the last character, which differ in unused bits.
fn respelled(part: &str) -> Vec<String> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let unread = match part.len() % 4 {
        2 => 16,
        3 => 4,
        _ => 1,
    };
    let (start, last) = part.split_at(part.len() - 1);
    let index = ALPHABET.find(last).unwrap();
    (1..unread)
        .map(|bits| format!("{start}{}", &ALPHABET[index + bits..=index + bits]))
        .collect()
}

// Defect A21 (second spelling of the same token): docs/defects.md
#[test]
fn unused_trailing_bits_are_rejected_in_every_part() {
    let mut count = 0;
    for pad in ["\"\"", "\"x\"", "\"xx\""] {
        let token = mac(header().set("x", pad), claims().set("x", pad));
        assert_eq!(outcome(&validator(), &token), "accept");
        let parts: Vec<_> = token.split('.').collect();
        for place in 0..3 {
            for other in respelled(parts[place]) {
                let mut parts = parts.clone();
                parts[place] = &other;
                assert_eq!(outcome(&validator(), &parts.join(".")), "token_malformed");
                count += 1;
            }
        }
    }
    assert!(count > 20, "{count}");
}

#[test]
fn no_changed_character_gives_an_accepted_token() {
    let validator = validator();
    let token = token(claims());
    for at in 0..token.len() {
        for other in "AQgw_-.09".chars() {
            let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
            let expected = changed == token;
            assert_eq!(
                validate(&validator, &changed).is_ok(),
                expected,
                "{changed}"
            );
        }
    }
    for len in 0..token.len() {
        assert!(validate(&validator, &token[..len]).is_err(), "{len}");
    }
}

// Defect A22 (JSON form read as a compact token): docs/defects.md
#[test]
fn json_serialization_is_rejected() {
    let [header, payload, signature] = parts();
    for text in [
        format!(r#"{{"protected":"{header}","payload":"{payload}","signature":"{signature}"}}"#),
        format!(r#"{{"protected":"{header}","  .{payload}.{signature}":""}}"#),
        format!(r#"{header}.{payload}.{signature}","x":"y"#),
    ] {
        assert_eq!(outcome(&validator(), &text), "token_malformed", "{text}");
    }
}

/// Signs a header and a payload of any bytes.
fn signed(header: &[u8], payload: &[u8]) -> String {
    mac_with(&SECRET, &message(header, payload))
}

// Defects A19 (duplicate JSON members), M01 (deep nesting overflows the stack), M02 (many members
// take quadratic time), M03 (text that is not Unicode), M04 (trailing bytes, or no object):
// docs/defects.md
#[test]
fn header_and_claims_are_strict_json() {
    let good = (header().to_string(), claims().to_string());
    let member = |member: &[u8]| [&b"{"[..], member, b","].concat();
    let bad: Vec<Vec<u8>> = vec![
        member(br#""exp":1,"exp":2"#),
        member(br#""x":1,"x":1"#),
        member(br#""x":1,"\u0078":1"#),
        member(br#""x":{"y":1,"\u0079":2}"#),
        member(br#""x":[{"y":1,"y":1}]"#),
        member(br#""x":"\ud800""#),
        member(br#""x":"\udc00\ud800""#),
        member(b"\"x\":\"\xff\""),
        member(b"\"x\":\"\xc0\xaf\""),
        member(b"\"x\":\"\xed\xa0\x80\""),
        member(b"\"x\":\"a\0b\""),
        member(b"\"x\":\"a\nb\""),
        member(b"/* */\"x\":1"),
        member(b"x:1"),
        member(b"'x':1"),
        member(br#""x":1e999"#),
        member(br#""x":NaN"#),
        member(br#""x":01"#),
        member(br#""x":"#),
        member(br#""x":1,"#),
    ];
    for bad in bad {
        let header = [&bad, &good.0.as_bytes()[1..]].concat();
        let payload = [&bad, &good.1.as_bytes()[1..]].concat();
        let shown = String::from_utf8_lossy(&bad).into_owned();
        let validated = outcome(&validator(), &signed(&header, good.1.as_bytes()));
        assert_eq!(validated, "token_malformed", "header {shown}");
        let validated = outcome(&validator(), &signed(good.0.as_bytes(), &payload));
        assert_eq!(validated, "token_malformed", "claims {shown}");
    }
    let twin = [
        &member(br#""x":1,"X":1,"y":{"x":1}"#),
        &good.1.as_bytes()[1..],
    ]
    .concat();
    assert_eq!(
        outcome(&validator(), &signed(good.0.as_bytes(), &twin)),
        "accept"
    );
}

// Defect A19 (duplicate JSON members): docs/defects.md
#[test]
fn duplicate_members_are_rejected() {
    for header in [
        header().add("alg", "\"none\""),
        header().add("\\u0061lg", "\"none\""),
        header().set("kid", "\"a\"").add("kid", "\"b\""),
    ] {
        assert_eq!(
            outcome(&validator(), &mac(header, claims())),
            "token_malformed"
        );
    }
    for claims in [
        claims().add("exp", NOW + 1),
        claims().add("e\\u0078p", NOW + 1),
        claims().add("\\u0069\\u0073\\u0073", "\"evil\""),
        claims().set("role", "\"user\"").add("role", "\"admin\""),
    ] {
        assert_eq!(outcome(&validator(), &token(claims)), "token_malformed");
    }
    let escaped = claims().without("exp").add("e\\u0078p", NOW + 1);
    assert_eq!(outcome(&validator(), &token(escaped)), "accept");
    let expired = claims().without("exp").add("e\\u0078p", NOW - 100);
    assert_eq!(outcome(&validator(), &token(expired)), "token_expired exp");
}

// Defects M03 (text that is not Unicode), M04 (trailing bytes, or no object): docs/defects.md
#[test]
fn claims_and_header_are_one_object_each() {
    let (good_header, good) = (header().to_string(), claims().to_string());
    let around = |text: &str| {
        [
            format!("{text} x"),
            format!("{text}{text}"),
            format!("\u{feff}{text}"),
            format!("[{text}]"),
            format!("{text}\0"),
            text[..text.len() - 1].to_owned(),
            text[1..].to_owned(),
            "\"s\"".to_owned(),
            "null".to_owned(),
            "7".to_owned(),
            String::new(),
        ]
    };
    for payload in around(&good) {
        assert_eq!(
            outcome(&validator(), &mac(&good_header, &payload)),
            "token_malformed",
            "{payload}"
        );
    }
    for header in around(&good_header) {
        assert_eq!(
            outcome(&validator(), &mac(&header, &good)),
            "token_malformed",
            "{header}"
        );
    }
    let spaced = format!(" \r\n\t{good} \n");
    assert_eq!(
        outcome(&validator(), &mac(format!(" {good_header}\n"), spaced)),
        "accept"
    );
}

// Defects M01 (deep nesting overflows the stack), M02 (many members take quadratic time):
// docs/defects.md
#[test]
fn nesting_and_members_are_limited_inclusively() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for (depth, expected) in [
        (31, "accept"),
        (32, "token_too_large"),
        (5_000, "token_too_large"),
    ] {
        let deep = claims().set("x", nested(depth));
        assert_eq!(outcome(&validator(), &token(deep)), expected, "{depth}");
        if depth < 1_000 {
            let deep = mac(header().set("x", nested(depth)), claims());
            assert_eq!(outcome(&validator(), &deep), expected, "{depth}");
        }
    }
    let open_ended = format!("{{\"x\":{}", "[".repeat(12_000));
    assert_eq!(outcome(&validator(), &token(open_ended)), "token_too_large");
    for (count, expected) in [(256, "accept"), (257, "token_too_large")] {
        let fill = |from: usize, text| {
            (from..count).fold(text, |all: Text, n| all.add(&format!("m{n}"), 0))
        };
        let many = token(fill(5, claims()));
        assert_eq!(outcome(&validator(), &many), expected, "{count}");
        let many = mac(fill(1, header()), claims());
        assert_eq!(outcome(&validator(), &many), expected, "{count}");
    }
    for (count, expected) in [(1_024, "accept"), (1_025, "token_too_large")] {
        let members: Vec<_> = (0..count).map(|n| format!("\"{n}\":0")).collect();
        let inner = format!("{{{}}}", members.join(","));
        for inner in [
            inner.clone(),
            format!("[[{inner}]]"),
            format!("{{\"y\":{inner}}}"),
        ] {
            let many = token(claims().set("x", &inner));
            assert_eq!(outcome(&validator(), &many), expected, "{count}");
        }
        let wide = builder().max_header_bytes(16 * 1024).build().unwrap();
        let many = mac(header().set("x", inner), claims());
        assert_eq!(outcome(&wide, &many), expected, "{count}");
    }
}

// Defect M02 (many members take quadratic time): docs/defects.md
#[test]
fn duplicate_among_many_members_is_found() {
    let members = |n: usize| {
        let members: Vec<_> = (0..n).map(|n| format!("\"m{n}\":0")).collect();
        members.join(",")
    };
    for (again, expected) in [
        ("m0", "token_malformed"),
        ("m300", "token_malformed"),
        ("m\\u0039\\u0039\\u0039", "token_malformed"),
        ("m1000", "accept"),
    ] {
        let inner = format!("{{{},\"{again}\":1}}", members(1_000));
        let claims = claims().set("x", format!("[{inner},0]"));
        assert_eq!(outcome(&validator(), &token(claims)), expected, "{again}");
    }
}

#[test]
fn every_finite_number_is_accepted() {
    for (raw, expected) in [
        ("1.7976931348623157e308", "accept"),
        ("-1.7976931348623157e308", "accept"),
        ("5e-324", "accept"),
        ("1e309", "token_malformed"),
        ("-1.7976931348623159e308", "token_malformed"),
    ] {
        let number = token(claims().set("x", raw));
        assert_eq!(outcome(&validator(), &number), expected, "{raw}");
        let number = mac(header().set("x", raw), claims());
        assert_eq!(outcome(&validator(), &number), expected, "{raw}");
    }
}

/// A token of exactly this many bytes.
fn of_len(len: usize) -> String {
    // Three bytes of payload are four characters; the length of the header supplies the rest.
    for spare in ["\"\"", "\"x\"", "\"xx\"", "\"xxx\""] {
        let make = |pad: usize| {
            let claims = claims().set("pad", format!("\"{}\"", "p".repeat(pad)));
            mac(header().set("x", spare), claims)
        };
        let guess = (len - make(0).len()) * 3 / 4;
        let found = (guess - 4..guess + 4)
            .map(make)
            .find(|token| token.len() == len);
        if let Some(token) = found {
            return token;
        }
    }
    panic!("no token of {len} bytes");
}

// Defect A25 (oversize token decoded): docs/defects.md
#[test]
fn size_of_a_token_is_limited_inclusively() {
    let default = 16 * 1024;
    assert_eq!(outcome(&validator(), &of_len(default)), "accept");
    assert_eq!(
        outcome(&validator(), &of_len(default + 1)),
        "token_too_large"
    );
    let most = builder().max_token_bytes(64 * 1024).build().unwrap();
    assert_eq!(outcome(&most, &of_len(64 * 1024)), "accept");
    assert_eq!(outcome(&most, &of_len(64 * 1024 + 1)), "token_too_large");
    let least = builder().max_token_bytes(400).build().unwrap();
    assert_eq!(outcome(&least, &of_len(400)), "accept");
    assert_eq!(outcome(&least, &of_len(401)), "token_too_large");
}

// Defects A24 (memory for each dot), A25 (oversize token decoded): docs/defects.md
#[test]
fn size_is_checked_first() {
    for text in [
        ".".repeat(1_000_000),
        "a".repeat(20_000),
        "é".repeat(9_000),
        "{".repeat(16_385),
    ] {
        assert_eq!(outcome(&validator(), &text), "token_too_large");
    }
}

// Defect A25 (oversize token decoded): docs/defects.md
#[test]
fn size_of_the_decoded_header_is_limited_inclusively() {
    for (len, expected) in [
        (4096, "accept"),
        (4097, "token_too_large"),
        (9000, "token_too_large"),
    ] {
        assert_eq!(outcome(&validator(), &with_header(len)), expected, "{len}");
    }
}

/// A token with a decoded header of exactly this many bytes.
fn with_header(len: usize) -> String {
    let empty = header().set("x", "\"\"").to_string().len();
    let header = header().set("x", format!("\"{}\"", "x".repeat(len - empty)));
    assert_eq!(header.to_string().len(), len);
    mac(header, claims())
}

#[test]
fn configured_size_of_the_header_is_limited_inclusively() {
    let with = |bytes: usize| builder().max_token_bytes(64 * 1024).max_header_bytes(bytes);
    for bytes in [100, 4_096, 5_000, 16_384] {
        let validator = with(bytes).build().unwrap();
        for (len, expected) in [(bytes, "accept"), (bytes + 1, "token_too_large")] {
            assert_eq!(outcome(&validator, &with_header(len)), expected, "{len}");
        }
    }
    // The size of the whole token stays limited, and the header stays strict.
    let validator = builder().max_header_bytes(16_384).build().unwrap();
    assert_eq!(outcome(&validator, &with_header(11_000)), "accept");
    assert_eq!(outcome(&validator, &with_header(13_000)), "token_too_large");
    let critical = header().set("x", format!("\"{}\"", "x".repeat(5_000)));
    let critical = mac(critical.set("crit", r#"["x"]"#), claims());
    assert_eq!(outcome(&validator, &critical), "header_unsupported");
}

#[test]
fn joined_validator_takes_the_largest_sizes() {
    let other = bearergate::JwtValidator::builder()
        .issuer("https://other.example.com")
        .audience(AUDIENCE)
        .keys(secret().into())
        .max_header_bytes(5_000)
        .build()
        .unwrap();
    assert_eq!(
        outcome(&validator(), &with_header(5_000)),
        "token_too_large"
    );
    let both = bearergate::JwtValidator::join([validator(), other]).unwrap();
    assert_eq!(outcome(&both, &with_header(5_000)), "accept");
    assert_eq!(outcome(&both, &with_header(5_001)), "token_too_large");
}
