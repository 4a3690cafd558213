//! A configuration as a part of the service's own, in any format.

use bearergate::configuration::Configuration;
use serde::Deserialize;
use serde::de::value::{Error, MapDeserializer, SeqDeserializer};
use serde_json::{Value, json};

use crate::common::{api_keys, environment, found, issuer, sessions, with};

#[derive(Deserialize)]
struct Settings {
    listen: String,
    auth: Configuration,
}

#[test]
fn it_is_a_member_of_the_services_own_file() {
    let file = json!({
        "listen": "127.0.0.1:8080",
        "auth": {"issuers": [issuer()], "allow_any_authenticated": true}
    });
    let settings: Settings = serde_json::from_value(file).unwrap();
    assert_eq!(settings.listen, "127.0.0.1:8080");
    assert!(settings.auth.build(&environment()).is_ok());
}

/// What the scanner reads and what `serde` fills build to the same.
#[test]
fn both_ways_to_load_give_the_same_errors() {
    for file in [
        json!({"issuers": [issuer()], "allow_any_authenticated": true}),
        json!({"issuers": [with(issuer(), "leeway", json!(1.5))]}),
        json!({"api_keys": api_keys(), "sessions": sessions(), "allow_any_authenticated": null}),
        json!({"sessions": with(sessions(), "store", json!({"memory": u64::MAX}))}),
    ] {
        let text = file.to_string();
        let scanned = Configuration::from_json(&text).unwrap();
        let filled: Configuration = serde_json::from_str(&text).unwrap();
        let of = |configuration: &Configuration| match configuration.build(&environment()) {
            Ok(_) => String::new(),
            Err(errors) => errors.to_string(),
        };
        assert_eq!(of(&scanned), of(&filled), "{file}");
        // Building changes nothing.
        assert_eq!(of(&scanned), of(&scanned), "{file}");
    }
}

/// A format that has no own check for members that are there twice.
#[test]
fn members_that_are_there_twice_are_refused() {
    let members = [
        ("allow_any_authenticated", true),
        ("all_authorities_equal", true),
    ];
    let read = |members: [(&'static str, bool); 2]| {
        let map: MapDeserializer<'_, _, Error> = MapDeserializer::new(members.into_iter());
        Configuration::deserialize(map).map(drop)
    };
    assert!(read(members).is_ok());
    let error = read([members[0], members[0]]).unwrap_err().to_string();
    let expected = "found `allow_any_authenticated` twice; remove one of them";
    assert!(error.contains(expected), "{error}");
}

/// Numbers of other widths, as formats with types deliver them.
#[test]
fn numbers_of_any_width_are_read() {
    for value in [json!(10), json!(10_u64)] {
        let file = json!({"issuers": [with(issuer(), "max_header_bytes", value)]});
        let configuration: Configuration = serde_json::from_value(file).unwrap();
        let errors = configuration.build(&environment()).unwrap_err();
        assert_eq!(found(&errors), [(String::new(), "empty")]);
    }
    let list: SeqDeserializer<_, Error> = SeqDeserializer::new([1_u8, 2].into_iter());
    let configuration = Configuration::deserialize(list).unwrap();
    let errors = configuration.build(&environment()).unwrap_err();
    assert_eq!(found(&errors), [(String::new(), "value_malformed")]);
    let _: Value = json!(null);
}
