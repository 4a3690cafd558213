//! Extraction: exactly one credential from the enabled places, or a typed rejection.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use bearergate::RejectionKind::{
    CredentialAmbiguous, CredentialMalformed, CredentialMissing, CrossSiteRefused, TokenTooLarge,
};
use bearergate::credential::{BasicKey, CrossSiteCheck, Place, Scheme, Sources};
use bearergate::request::RequestFacts;
use bearergate::{RejectionKind, limits};
use http::request::Builder;
use http::{HeaderMap, HeaderValue, Method, Uri};
use proptest::prelude::*;

type Outcome = Result<String, RejectionKind>;

fn outcome(sources: &Sources, facts: &RequestFacts<'_>) -> Outcome {
    match sources.extract(facts) {
        Ok(presented) => Ok(presented.credential().expose().to_owned()),
        Err(rejection) => Err(rejection.kind()),
    }
}

fn extract(sources: &Sources, request: Builder) -> Outcome {
    let request = request.body(()).unwrap();
    outcome(sources, &RequestFacts::from(&request))
}

fn get(uri: &str) -> Builder {
    http::Request::get(uri)
}

fn all() -> Sources {
    let builder = Sources::builder()
        .cookie("sid")
        .form(Sources::ACCESS_TOKEN)
        .header("x-token");
    builder.query(Sources::ACCESS_TOKEN).build().unwrap()
}

fn with_line(value: &[u8]) -> Outcome {
    let value = HeaderValue::from_bytes(value).unwrap();
    extract(&Sources::default(), get("/").header("authorization", value))
}

fn ok(token: &str) -> Outcome {
    Ok(token.to_owned())
}

mod authorization {
    use super::*;

    #[test]
    fn bearer_token_is_taken_from_its_header() {
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c"] {
            assert_eq!(with_line(value.as_bytes()), ok("a.b.c"));
        }
    }

    #[test]
    fn presented_credential_has_place_scheme_and_facts() {
        let request = get("/").header("authorization", "Bearer a").body(());
        let request = request.unwrap();
        let facts = RequestFacts::from(&request);
        let sources = Sources::default();
        let presented = sources.extract(&facts).unwrap();
        assert_eq!(*presented.place(), Place::AuthorizationHeader);
        assert_eq!(presented.credential().scheme(), Scheme::Bearer);
        assert_eq!(presented.facts().unwrap().uri().path(), "/");
        assert_eq!(presented.now(), None);
    }

    #[test]
    fn malformed_header_is_not_missing() {
        let lines: [&[u8]; 16] = [
            b"",
            b"Bearer\t",
            b"Bearer \t",
            b"Bearer\ta.b.c",
            b"Bearer \ta.b.c",
            b"Bearer\t a.b.c",
            b"Bearer a.b.c ",
            b"Bearer  a.b.c  ",
            b" Bearer a.b.c",
            b"Bearer a.b.c,",
            b"Bearer a.b.c, Bearer d.e.f",
            b"Bearer a.b.c,Basic YTpi",
            b"Bearer a b",
            b"Bearer a.b.\xff",
            b"Bearer a.b.\xc3\xa4",
            b"\xffBearer a.b.c",
        ];
        for line in lines {
            assert_eq!(with_line(line), Err(CredentialMalformed), "{line:?}");
        }
    }

    fn every_scheme() -> Sources {
        let builder = Sources::builder().dpop().api_key();
        builder.basic(BasicKey::user_name()).build().unwrap()
    }

    // RFC 6750 section 2.1: `"Bearer" 1*SP b64token`.
    #[test]
    fn every_scheme_takes_one_or_more_spaces_and_nothing_else() {
        let sources = every_scheme();
        let line = |value: String| extract(&sources, get("/").header("authorization", value));
        for (scheme, token, key) in [
            ("Bearer", "a.b.c", "a.b.c"),
            ("DPoP", "a.b.c", "a.b.c"),
            ("ApiKey", "a.b.c", "a.b.c"),
            ("Basic", "a2V5LTE6", "key-1"),
        ] {
            for spaces in [1, 2, 3, 40] {
                let spaces = " ".repeat(spaces);
                assert_eq!(line(format!("{scheme}{spaces}{token}")), ok(key));
            }
            for other in ["\t", " \t", "\t ", " \t ", "\u{a0}", ",", "=", ""] {
                let rejected = line(format!("{scheme}{other}{token}"));
                // Without any separator it is another scheme.
                let kind = match other {
                    "" => CredentialMissing,
                    _ => CredentialMalformed,
                };
                assert_eq!(rejected, Err(kind), "{scheme} {other:?}");
            }
            for behind in [" ", "\t", ",", " x", "  x"] {
                let rejected = line(format!("{scheme}  {token}{behind}"));
                assert_eq!(rejected, Err(CredentialMalformed), "{scheme} {behind:?}");
            }
        }
    }

    #[test]
    fn bare_scheme_counts_as_no_credential() {
        let sources = every_scheme();
        for scheme in ["Bearer", "bearer", "DPoP", "ApiKey", "Basic", "BASIC"] {
            for spaces in ["", " ", "   "] {
                let request = get("/").header("authorization", format!("{scheme}{spaces}"));
                assert_eq!(
                    extract(&sources, request),
                    Err(CredentialMissing),
                    "{scheme}"
                );
            }
        }
        let pair = get("/")
            .header("authorization", "Bearer")
            .header("authorization", "Bearer a");
        assert_eq!(extract(&sources, pair), Err(CredentialAmbiguous));
    }

    #[test]
    fn other_scheme_counts_as_no_credential() {
        let lines: [&[u8]; 5] = [
            b"Basic YTpi",
            b"DPoP a.b.c",
            b"Bearertoken",
            b"Negotiate \xff",
            b"Digest username=\"a\", realm=\"b\"",
        ];
        for line in lines {
            assert_eq!(with_line(line), Err(CredentialMissing), "{line:?}");
        }
        assert_eq!(
            extract(&Sources::default(), get("/")),
            Err(CredentialMissing)
        );
    }

    #[test]
    fn second_header_line_is_rejected_with_any_value() {
        for second in ["Bearer a.b.c", "Bearer d.e.f", "Basic YTpi", ""] {
            let request = get("/")
                .header("authorization", "Bearer a.b.c")
                .header("Authorization", second);
            let rejected = extract(&Sources::default(), request);
            assert_eq!(rejected, Err(CredentialAmbiguous), "{second}");
        }
    }

    #[test]
    fn dpop_and_api_key_schemes_are_off_until_enabled() {
        let sources = Sources::builder().dpop().api_key().build().unwrap();
        for (line, scheme) in [
            ("DPoP a.b.c", Scheme::Dpop),
            ("dpop a.b.c", Scheme::Dpop),
            ("ApiKey a.b.c", Scheme::ApiKey),
            ("Bearer a.b.c", Scheme::Bearer),
        ] {
            let presented = sources.authorization(line).unwrap();
            assert_eq!(presented.credential().scheme(), scheme);
            assert_eq!(
                extract(&sources, get("/").header("authorization", line)),
                ok("a.b.c")
            );
        }
        assert_eq!(with_line(b"DPoP a.b.c"), Err(CredentialMissing));
        assert_eq!(with_line(b"ApiKey a.b.c"), Err(CredentialMissing));
    }
}

mod places {
    use super::*;

    #[test]
    fn every_other_place_is_off_by_default() {
        let request = http::Request::post("/?access_token=a")
            .header("cookie", "sid=b; access_token=c")
            .header("x-token", "d")
            .body(())
            .unwrap();
        let facts = RequestFacts::from(&request).with_form(b"access_token=e");
        assert_eq!(outcome(&Sources::default(), &facts), Err(CredentialMissing));
    }

    #[test]
    fn credential_is_extracted_from_each_enabled_place() {
        assert_eq!(extract(&all(), get("/?access_token=a.b")), ok("a.b"));
        assert_eq!(
            extract(&all(), get("/").header("cookie", "x=1; sid=a.b")),
            ok("a.b")
        );
        assert_eq!(
            extract(&all(), get("/").header("X-Token", "a.b")),
            ok("a.b")
        );
        assert_eq!(form(Method::POST, b"x=1&access_token=a.b"), ok("a.b"));
    }

    fn form(method: Method, body: &[u8]) -> Outcome {
        let (uri, headers) = (Uri::from_static("/"), HeaderMap::new());
        let facts = RequestFacts::new(&method, &uri, &headers).with_form(body);
        outcome(&all(), &facts)
    }

    #[test]
    fn scheme_and_place_describe_the_source_of_a_credential() {
        for (request, place, scheme) in [
            (
                get("/?access_token=a"),
                Place::Query("access_token".into()),
                Scheme::Bearer,
            ),
            (
                get("/").header("cookie", "sid=a"),
                Place::Cookie("sid".into()),
                Scheme::Cookie,
            ),
            (
                get("/").header("x-token", "a"),
                Place::Header("x-token".parse().unwrap()),
                Scheme::Bearer,
            ),
        ] {
            let request = request.body(()).unwrap();
            let facts = RequestFacts::from(&request);
            let sources = all();
            let presented = sources.extract(&facts).unwrap();
            assert_eq!(*presented.place(), place);
            assert_eq!(presented.credential().scheme(), scheme);
        }
    }

    #[test]
    fn credentials_in_any_two_places_are_rejected() {
        let carriers: [fn(&mut String, Builder) -> Builder; 4] = [
            |_, r| r.header("authorization", "Bearer a"),
            |_, r| r.header("cookie", "sid=a"),
            |_, r| r.header("x-token", "a"),
            |form, r| {
                form.push_str("access_token=a");
                r
            },
        ];
        for first in 0..carriers.len() {
            for second in 0..carriers.len() {
                let mut form = String::new();
                let mut request = carriers[first](&mut form, http::Request::post("/"));
                request = request.header("sec-fetch-site", "same-origin");
                if second != first {
                    request = carriers[second](&mut form, request);
                }
                let request = request.body(()).unwrap();
                let facts = RequestFacts::from(&request).with_form(form.as_bytes());
                let expected = match second == first {
                    true => ok("a"),
                    false => Err(CredentialAmbiguous),
                };
                assert_eq!(outcome(&all(), &facts), expected, "{first} {second}");
            }
        }
    }

    #[test]
    fn query_and_any_other_place_are_rejected() {
        for (name, value) in [
            ("authorization", "Bearer a"),
            ("authorization", "Bearer\t"),
            ("authorization", "Bearer  a"),
            ("authorization", "Bearer a b"),
            ("cookie", "sid=a"),
            ("cookie", "sid= "),
            ("x-token", "a"),
            ("x-token", "a b"),
        ] {
            let rejected = extract(&all(), get("/?access_token=a").header(name, value));
            assert_eq!(rejected, Err(CredentialAmbiguous), "{name}: {value}");
        }
        let other_scheme = get("/?access_token=a").header("authorization", "Basic YTpi");
        assert_eq!(extract(&all(), other_scheme), ok("a"));
    }

    #[test]
    fn empty_places_present_no_credential() {
        for (name, value) in [
            ("authorization", "Bearer"),
            ("authorization", "Bearer  "),
            ("cookie", "sid="),
            ("cookie", "x=1; sid=; y=2"),
            ("x-token", ""),
        ] {
            let missing = extract(&all(), get("/").header(name, value));
            assert_eq!(missing, Err(CredentialMissing), "{name}: {value}");
            let post = http::Request::post("/").header(name, value);
            assert_eq!(extract(&all(), post), Err(CredentialMissing), "{name}");
            let other = get("/?access_token=a").header(name, value);
            assert_eq!(extract(&all(), other), ok("a"), "{name}: {value}");
        }
        // Two of a place are ambiguous, whatever they have.
        for (name, value) in [
            ("authorization", "Bearer"),
            ("cookie", "sid="),
            ("x-token", ""),
        ] {
            let twice = get("/").header(name, value).header(name, value);
            assert_eq!(extract(&all(), twice), Err(CredentialAmbiguous), "{name}");
        }
        let planted = get("/").header("cookie", "sid=; sid=a");
        assert_eq!(extract(&all(), planted), Err(CredentialAmbiguous));
    }

    #[test]
    fn own_header_takes_visible_characters_and_the_other_places_do_not() {
        for key in [
            "12|secret",
            "a:b",
            "{\"k\":1}",
            "a,b",
            "~!@#$%^&*()[]\\'`<>?;=",
        ] {
            assert_eq!(extract(&all(), get("/").header("x-token", key)), ok(key));
            let header = get("/").header("authorization", format!("Bearer {key}"));
            assert_eq!(extract(&all(), header), Err(CredentialMalformed), "{key}");
            let escaped: String = key.bytes().map(|b| format!("%{b:02x}")).collect();
            let query = extract(&all(), get(&format!("/?access_token={escaped}")));
            assert_eq!(query, Err(CredentialMalformed), "{key}");
            let body = format!("access_token={escaped}");
            let in_form = form(Method::POST, body.as_bytes());
            assert_eq!(in_form, Err(CredentialMalformed), "{key}");
        }
        for key in ["a|b", "a:b", "{}"] {
            let cookie = get("/").header("cookie", format!("sid={key}"));
            assert_eq!(extract(&all(), cookie), Err(CredentialMalformed), "{key}");
        }
        let values: [&[u8]; 6] = [b"a b", b" a", b"a ", b"a\tb", b"a\xff", b"\xc3\xa4"];
        for value in values {
            let value = HeaderValue::from_bytes(value).unwrap();
            let rejected = extract(&all(), get("/").header("x-token", &value));
            assert_eq!(rejected, Err(CredentialMalformed), "{value:?}");
        }
    }

    #[test]
    fn repeated_parameter_cookie_or_header_is_rejected() {
        for uri in [
            "/?access_token=a&access_token=a",
            "/?access_token=a&access%5Ftoken=b",
            "/?access_token=a&access_token",
        ] {
            assert_eq!(extract(&all(), get(uri)), Err(CredentialAmbiguous), "{uri}");
        }
        let lines = get("/").header("cookie", "sid=a").header("cookie", "sid=b");
        assert_eq!(extract(&all(), lines), Err(CredentialAmbiguous));
        let one_line = get("/").header("cookie", "sid=a;sid=a");
        assert_eq!(extract(&all(), one_line), Err(CredentialAmbiguous));
        let lines = get("/").header("x-token", "a").header("x-token", "a");
        assert_eq!(extract(&all(), lines), Err(CredentialAmbiguous));
        let pair = form(Method::POST, b"access_token=a&access_token=a");
        assert_eq!(pair, Err(CredentialAmbiguous));
    }

    #[test]
    fn cookies_may_be_in_several_headers() {
        let lines = get("/")
            .header("cookie", "x=1")
            .header("cookie", "y=2; sid=a");
        assert_eq!(extract(&all(), lines), ok("a"));
    }

    #[test]
    fn cookie_of_another_name_is_not_taken() {
        for line in [
            "SID=a",
            "xsid=a",
            "sidx=a",
            "sid",
            "x=sid=a",
            "sid =a",
            "x=\";sid\"=a",
        ] {
            let missing = extract(&all(), get("/").header("cookie", line));
            assert_eq!(missing, Err(CredentialMissing), "{line}");
        }
    }

    #[test]
    fn malformed_credential_of_an_enabled_place_is_rejected() {
        for uri in [
            "/?access_token",
            "/?access_token=",
            "/?access_token=%",
            "/?access_token=a%2",
            "/?access_token=a%zz",
            "/?access_token=%ff",
            "/?access_token=a+b",
            "/?access_token=a%20b",
            "/?access_token=a%00",
            "/?access_token=a,b",
            "/?access_token=%2561",
        ] {
            assert_eq!(extract(&all(), get(uri)), Err(CredentialMalformed), "{uri}");
        }
        for (name, value) in [
            ("cookie", "sid=\"\""),
            ("cookie", "sid=\"a\""),
            ("cookie", "sid=a "),
            ("cookie", "sid= a"),
            ("cookie", "sid=a ;x=1"),
            ("x-token", "Bearer a"),
            ("x-token", "a, b"),
        ] {
            let rejected = extract(&all(), get("/").header(name, value));
            assert_eq!(rejected, Err(CredentialMalformed), "{name}: {value}");
        }
    }

    #[test]
    fn percent_encoded_parameter_is_decoded_once() {
        assert_eq!(
            extract(&all(), get("/?access%5ftoken=a%2Eb%2B%3D")),
            ok("a.b+=")
        );
        assert_eq!(form(Method::POST, b"access_token=%61%2eb"), ok("a.b"));
    }

    #[test]
    fn other_malformed_parameters_are_ignored() {
        assert_eq!(extract(&all(), get("/?x=%zz&access_token=a&%=%")), ok("a"));
        assert_eq!(form(Method::POST, b"x=\xff&access_token=a"), ok("a"));
    }

    #[test]
    fn form_of_a_method_without_a_body_is_rejected() {
        for method in [Method::GET, Method::HEAD] {
            let rejected = form(method.clone(), b"access_token=a");
            assert_eq!(rejected, Err(CredentialMalformed), "{method}");
            assert_eq!(form(method, b"x=a"), Err(CredentialMissing));
        }
        assert_eq!(form(Method::PUT, b"access_token=a"), ok("a"));
    }

    #[test]
    fn bodies_and_escaped_tokens_are_bounded() {
        let mut body = b"access_token=a&x=".to_vec();
        body.resize(RequestFacts::MAX_FORM_BYTES, b'x');
        assert_eq!(form(Method::POST, &body), ok("a"));
        body.push(b'x');
        assert_eq!(form(Method::POST, &body), Err(CredentialMalformed));

        let escaped = |n| format!("access_token={}", "%61".repeat(n)).into_bytes();
        let fits = form(Method::POST, &escaped(limits::TOKEN_BYTES_MAX));
        assert_eq!(fits.unwrap().len(), limits::TOKEN_BYTES_MAX);
        let rejected = form(Method::POST, &escaped(limits::TOKEN_BYTES_MAX + 1));
        assert_eq!(rejected, Err(TokenTooLarge));
    }

    #[test]
    fn authorization_header_is_ignored_without_a_scheme() {
        let sources = Sources::builder().without_bearer().header("x-token");
        let sources = sources.build().unwrap();
        let request = get("/")
            .header("authorization", "Bearer a")
            .header("authorization", "Bearer b")
            .header("x-token", "c");
        assert_eq!(extract(&sources, request), ok("c"));
    }
}

mod cookies {
    use super::*;

    const HOME: &str = "https://app.example.com";

    fn sources() -> Sources {
        let builder = Sources::builder().cookie("sid").allow_origin(HOME);
        builder.build().unwrap()
    }

    fn send(method: &str, headers: &[(&str, &str)]) -> Outcome {
        let request = http::Request::builder().method(method).uri("/");
        let request = request.header("cookie", "sid=a");
        let add = |r: Builder, (name, value): &(&str, &str)| r.header(*name, *value);
        extract(&sources(), headers.iter().fold(request, add))
    }

    #[test]
    fn safe_methods_need_no_origin() {
        for method in ["GET", "HEAD", "OPTIONS"] {
            assert_eq!(send(method, &[]), ok("a"));
            assert_eq!(send(method, &[("sec-fetch-site", "cross-site")]), ok("a"));
            assert_eq!(send(method, &[("origin", "https://evil.example")]), ok("a"));
        }
    }

    #[test]
    fn other_methods_need_the_same_origin() {
        for method in [
            "POST", "PUT", "PATCH", "DELETE", "CONNECT", "TRACE", "get", "X",
        ] {
            assert_eq!(send(method, &[]), Err(CrossSiteRefused), "{method}");
            assert_eq!(send(method, &[("sec-fetch-site", "same-origin")]), ok("a"));
        }
    }

    #[test]
    fn upgrade_to_a_websocket_needs_the_same_origin_with_any_method() {
        for value in [
            "websocket",
            "WebSocket",
            "h2c, websocket",
            "websocket,h2c",
            "h2c,\twebsocket ",
            "websocket/13",
        ] {
            let upgrade = ("upgrade", value);
            for method in ["GET", "HEAD", "OPTIONS"] {
                assert_eq!(send(method, &[upgrade]), Err(CrossSiteRefused), "{value}");
                let same = [upgrade, ("sec-fetch-site", "same-origin")];
                assert_eq!(send(method, &same), ok("a"));
                assert_eq!(send(method, &[upgrade, ("origin", HOME)]), ok("a"));
                let evil = [upgrade, ("origin", "https://evil.example")];
                assert_eq!(send(method, &evil), Err(CrossSiteRefused));
            }
        }
        let lines = [("upgrade", "h2c"), ("upgrade", "websocket")];
        assert_eq!(send("GET", &lines), Err(CrossSiteRefused));
    }

    #[test]
    fn upgrade_to_another_protocol_is_an_ordinary_request() {
        for value in ["h2c", "TLS/1.0, HTTP/1.1", "", "web socket", "websocke"] {
            let upgrade = ("upgrade", value);
            assert_eq!(send("GET", &[upgrade]), ok("a"), "{value}");
            assert_eq!(send("POST", &[upgrade]), Err(CrossSiteRefused), "{value}");
        }
    }

    #[test]
    fn listed_origin_is_accepted_from_another_site() {
        for site in ["same-site", "cross-site"] {
            let site = ("sec-fetch-site", site);
            for method in ["POST", "DELETE", "CONNECT"] {
                assert_eq!(send(method, &[site, ("origin", HOME)]), ok("a"));
                assert_eq!(send(method, &[site]), Err(CrossSiteRefused));
                let evil = [site, ("origin", "https://evil.example")];
                assert_eq!(send(method, &evil), Err(CrossSiteRefused));
                let null = [site, ("origin", "null")];
                assert_eq!(send(method, &null), Err(CrossSiteRefused));
            }
            let upgrade = [("upgrade", "websocket"), site, ("origin", HOME)];
            assert_eq!(send("GET", &upgrade), ok("a"));
        }
    }

    #[test]
    fn origin_does_not_matter_for_the_same_origin() {
        // `null` is sent with `Referrer-Policy: no-referrer`.
        for origin in ["null", "https://other.example", HOME] {
            let same = [("sec-fetch-site", "same-origin"), ("origin", origin)];
            assert_eq!(send("POST", &same), ok("a"));
        }
    }

    #[test]
    fn other_fetch_sites_are_rejected() {
        for site in [
            "none",
            "cross-site, same-origin",
            "",
            "Same-Origin",
            "same-origin ",
            "?1",
        ] {
            let rejected = send("POST", &[("sec-fetch-site", site)]);
            assert_eq!(rejected, Err(CrossSiteRefused), "{site:?}");
            let rejected = send("POST", &[("sec-fetch-site", site), ("origin", HOME)]);
            assert_eq!(rejected, Err(CrossSiteRefused), "{site:?}");
        }
    }

    #[test]
    fn listed_origin_is_accepted_without_fetch_site() {
        assert_eq!(send("POST", &[("origin", HOME)]), ok("a"));
        for origin in [
            "null",
            "",
            "https://evil.example",
            "http://app.example.com",
            "https://app.example.com:8443",
            "https://app.example.com.evil.example",
            "https://APP.example.com",
            "https://app.example.com/",
            "https://app.example.com, https://evil.example",
        ] {
            let rejected = send("POST", &[("origin", origin)]);
            assert_eq!(rejected, Err(CrossSiteRefused), "{origin:?}");
        }
    }

    #[test]
    fn repeated_origin_headers_are_rejected() {
        let site = ("sec-fetch-site", "same-origin");
        assert_eq!(send("POST", &[site, site]), Err(CrossSiteRefused));
        let origin = ("origin", HOME);
        assert_eq!(send("POST", &[origin, origin]), Err(CrossSiteRefused));
        let both = [site, origin, ("origin", "https://evil.example")];
        assert_eq!(send("POST", &both), Err(CrossSiteRefused));
        let cross = ("sec-fetch-site", "cross-site");
        assert_eq!(send("POST", &[cross, site, origin]), Err(CrossSiteRefused));
    }

    #[test]
    fn clients_that_are_no_browsers_are_accepted_only_if_configured() {
        let builder = Sources::builder().cookie("sid").allow_origin(HOME);
        let sources = builder.allow_requests_without_origin().build().unwrap();
        let send_to = |method: &str, headers: &[(&str, &str)]| {
            let request = http::Request::builder().method(method).uri("/");
            let request = request.header("cookie", "sid=a");
            let add = |r: Builder, (name, value): &(&str, &str)| r.header(*name, *value);
            extract(&sources, headers.iter().fold(request, add))
        };
        for method in ["POST", "PUT", "DELETE", "X"] {
            assert_eq!(send_to(method, &[]), ok("a"));
            assert_eq!(send(method, &[]), Err(CrossSiteRefused));
        }
        // Nothing else is relaxed.
        for headers in [
            [("sec-fetch-site", "cross-site")],
            [("sec-fetch-site", "none")],
            [("sec-fetch-site", "")],
            [("origin", "null")],
            [("origin", "https://evil.example")],
            [("origin", "")],
        ] {
            let rejected = send_to("POST", &headers);
            assert_eq!(rejected, Err(CrossSiteRefused), "{headers:?}");
        }
        let upgrade = ("upgrade", "websocket");
        assert_eq!(send_to("GET", &[upgrade]), Err(CrossSiteRefused));
        assert_eq!(send_to("POST", &[upgrade]), Err(CrossSiteRefused));
        assert_eq!(send_to("CONNECT", &[]), Err(CrossSiteRefused));
        assert_eq!(send_to("GET", &[upgrade, ("origin", HOME)]), ok("a"));
    }

    #[test]
    fn check_without_a_credential_follows_the_same_rule() {
        let check = CrossSiteCheck::default().allow_origin(HOME).unwrap();
        let site = |site| ("sec-fetch-site", site);
        let origin = |origin| ("origin", origin);
        let upgrade = ("upgrade", "websocket");
        for method in ["GET", "HEAD", "OPTIONS", "POST", "CONNECT", "PURGE"] {
            for headers in [
                vec![],
                vec![site("same-origin")],
                vec![site("cross-site")],
                vec![site("none"), origin(HOME)],
                vec![site("same-site"), origin(HOME)],
                vec![origin(HOME)],
                vec![origin("null")],
                vec![origin(HOME), origin(HOME)],
                vec![upgrade],
                vec![upgrade, origin(HOME)],
            ] {
                let request = http::Request::builder().method(method).uri("/login");
                let add = |r: Builder, (name, value): &(&str, &str)| r.header(*name, *value);
                let request = headers.iter().fold(request, add).body(()).unwrap();
                let checked = check.check(&request).map_err(|rejection| rejection.kind());
                let with_cookie = send(method, &headers);
                assert_eq!(checked.is_ok(), with_cookie.is_ok(), "{method} {headers:?}");
                if let Err(kind) = checked {
                    assert_eq!(kind, CrossSiteRefused);
                }
            }
        }
    }

    #[test]
    fn check_of_every_method_includes_reading_ones() {
        let check = CrossSiteCheck::default();
        let strict = check.clone().every_method();
        let kind = |check: &CrossSiteCheck, site: Option<&str>| {
            let request = site
                .into_iter()
                .fold(get("/login"), |r, site| r.header("sec-fetch-site", site));
            let checked = check.check(&request.body(()).unwrap());
            checked.err().map(|rejection| rejection.kind())
        };
        for site in [None, Some("cross-site"), Some("none")] {
            assert_eq!(kind(&check, site), None);
            assert_eq!(kind(&strict, site), Some(CrossSiteRefused));
        }
        assert_eq!(kind(&strict, Some("same-origin")), None);
        let lenient = strict.allow_requests_without_origin();
        assert_eq!(kind(&lenient, None), None);
        assert_eq!(kind(&lenient, Some("cross-site")), Some(CrossSiteRefused));
    }

    #[test]
    fn bearer_token_needs_no_origin() {
        let request = http::Request::post("/").header("authorization", "Bearer a");
        let request = request.header("sec-fetch-site", "cross-site");
        assert_eq!(extract(&sources(), request), ok("a"));
    }
}

mod basic {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::*;

    fn sources(key: BasicKey) -> Sources {
        Sources::builder().basic(key).build().unwrap()
    }

    fn send(key: BasicKey, pair: &str) -> Outcome {
        let line = format!("Basic {}", STANDARD.encode(pair));
        extract(&sources(key), get("/").header("authorization", line))
    }

    #[test]
    fn key_is_the_configured_part() {
        assert_eq!(send(BasicKey::user_name(), "key-1:"), ok("key-1"));
        assert_eq!(send(BasicKey::password(), ":key-1"), ok("key-1"));
        assert_eq!(send(BasicKey::password(), ":a:b|{}"), ok("a:b|{}"));
        let request = get("/")
            .header("authorization", "basic a2V5LTE6")
            .body(())
            .unwrap();
        let (sources, facts) = (sources(BasicKey::user_name()), RequestFacts::from(&request));
        let presented = sources.extract(&facts).unwrap();
        assert_eq!(*presented.place(), Place::Basic);
        assert_eq!(presented.credential().scheme(), Scheme::Basic);
        let parsed = sources.authorization("Basic a2V5LTE6").unwrap();
        assert_eq!(*parsed.place(), Place::Basic);
        assert_eq!(parsed.credential().expose(), "key-1");
    }

    #[test]
    fn other_part_is_empty_unless_configured() {
        let malformed = Err(CredentialMalformed);
        assert_eq!(send(BasicKey::user_name(), "key-1:x"), malformed);
        assert_eq!(send(BasicKey::user_name(), "key-1::"), malformed);
        assert_eq!(send(BasicKey::password(), "api:key-1"), malformed);

        let fixed = || BasicKey::user_name().with_other_part("X");
        assert_eq!(send(fixed(), "key-1:X"), ok("key-1"));
        for other in ["key-1:", "key-1:x", "key-1:XX", "key-1:X:"] {
            assert_eq!(send(fixed(), other), malformed, "{other}");
        }
        let fixed = || BasicKey::password().with_other_part("api");
        assert_eq!(send(fixed(), "api:key-1"), ok("key-1"));
        for other in [":key-1", "API:key-1", "api::"] {
            let outcome = send(fixed(), other);
            assert_ne!(outcome, ok("key-1"), "{other}");
        }

        let any = || BasicKey::password().ignoring_other_part();
        for user_name in ["", "anything", "m\u{fc}ller"] {
            assert_eq!(send(any(), &format!("{user_name}:key-1")), ok("key-1"));
        }
        assert_eq!(send(any(), "a\0b:key-1"), malformed);
        let any = BasicKey::user_name().ignoring_other_part();
        assert_eq!(send(any, "key-1:pass:word"), ok("key-1"));
    }

    #[test]
    fn key_without_a_text_or_with_other_characters_is_malformed() {
        for pair in [
            ":",
            "key-1",
            "k y:",
            "k\ty:",
            " key:",
            "k\u{e4}y:",
            "k\0y:",
            "k\r\n:",
        ] {
            let rejected = send(BasicKey::user_name(), pair);
            assert_eq!(rejected, Err(CredentialMalformed), "{pair:?}");
        }
        for pair in [":", "key-1", ": key", ":key ", ":k\u{e4}y"] {
            let rejected = send(BasicKey::password(), pair);
            assert_eq!(rejected, Err(CredentialMalformed), "{pair:?}");
        }
    }

    #[test]
    fn base64_is_strict() {
        let sources = sources(BasicKey::user_name());
        let line = |text: &str| {
            let line = format!("Basic {text}");
            extract(&sources, get("/").header("authorization", line))
        };
        // These bytes need a special character of the alphabet.
        let (text, url_safe) = (STANDARD.encode("a?>~:"), URL_SAFE_NO_PAD.encode("ab?>~:"));
        assert_eq!(line(&text), ok("a?>~"));
        assert_eq!(line("azE6"), ok("k1"));
        assert_eq!(line("a2s6"), ok("kk"));
        assert_eq!(line("azox"), Err(CredentialMalformed), "k:1 has a password");
        assert_eq!(line("azo="), ok("k"));
        for bad in [
            "azo",
            "azo==",
            "azp=",
            "azo= ",
            "az o=",
            "azo=x",
            "azo=,azo=",
            "azo=\t",
        ] {
            assert_eq!(line(bad), Err(CredentialMalformed), "{bad}");
        }
        assert!(url_safe.contains(['-', '_']), "{url_safe}");
        assert_eq!(line(&url_safe), Err(CredentialMalformed));
    }

    #[test]
    fn basic_is_off_until_enabled_and_counts_for_ambiguity() {
        let line = ("authorization", "Basic a2V5LTE6");
        let off = extract(&Sources::default(), get("/").header(line.0, line.1));
        assert_eq!(off, Err(CredentialMissing));

        let builder = Sources::builder().basic(BasicKey::user_name());
        let builder = builder
            .header("x-token")
            .query("access_token")
            .cookie("sid");
        let sources = builder.build().unwrap();
        let with = |name, value| get("/").header(line.0, line.1).header(name, value);
        for (name, value) in [
            ("authorization", "Bearer a"),
            ("authorization", "Basic a2V5LTE6"),
            ("authorization", ""),
            ("x-token", "a"),
            ("cookie", "sid=a"),
        ] {
            let rejected = extract(&sources, with(name, value));
            assert_eq!(rejected, Err(CredentialAmbiguous), "{name}: {value}");
        }
        let query = get("/?access_token=a").header(line.0, line.1);
        assert_eq!(extract(&sources, query), Err(CredentialAmbiguous));
        assert_eq!(extract(&sources, with("cookie", "sid=")), ok("key-1"));
        let bearer = get("/").header("authorization", "Bearer a");
        assert_eq!(extract(&sources, bearer), ok("a"));
        // A value without a scheme is malformed, not twice there.
        for value in ["", "=", " Basic a2V5LTE6", "\"Basic\""] {
            let rejected = extract(&sources, get("/").header("authorization", value));
            assert_eq!(rejected, Err(CredentialMalformed), "{value:?}");
        }
    }

    #[test]
    fn browser_sends_it_only_for_pages_of_listed_origins() {
        let builder = || Sources::builder().basic(BasicKey::user_name());
        let (own, listing) = (builder(), builder().allow_origin("https://app.example.com"));
        let (own, listing) = (own.build().unwrap(), listing.build().unwrap());
        let line = ("authorization", "Basic a2V5LTE6");
        let send = |sources, method, headers: &[(&str, &str)]| {
            let request = Builder::new().method(method).header(line.0, line.1);
            let add = |r: Builder, own: &(&str, &str)| r.header(own.0, own.1);
            extract(sources, headers.iter().fold(request, add))
        };
        let (site, listed) = ("sec-fetch-site", ("origin", "https://app.example.com"));
        for (headers, is_own, is_listed) in [
            (&[][..], true, true),
            (&[(site, "same-origin")], true, true),
            (&[(site, "cross-site")], false, false),
            (&[(site, "cross-site"), listed], false, true),
            (&[listed], false, true),
            (&[("origin", "https://evil.example")], false, false),
            (&[("origin", "null")], false, false),
            (&[(site, "same-origin"), (site, "cross-site")], false, false),
        ] {
            for (sources, is_accepted) in [(&own, is_own), (&listing, is_listed)] {
                let expected = match is_accepted {
                    true => ok("key-1"),
                    false => Err(CrossSiteRefused),
                };
                assert_eq!(send(sources, "POST", headers), expected, "{headers:?}");
                assert_eq!(send(sources, "GET", headers), ok("key-1"), "{headers:?}");
            }
        }
        let upgrade = ("upgrade", "websocket");
        let refused = send(&own, "GET", &[upgrade, ("origin", "https://evil.example")]);
        assert_eq!(refused, Err(CrossSiteRefused));
        assert_eq!(send(&own, "GET", &[upgrade]), ok("key-1"));
        // A page can send it only if it has the token, so another scheme needs no origin.
        let bearer = Builder::new().method("POST").header(line.0, "Bearer a");
        assert_eq!(extract(&own, bearer.header(site, "cross-site")), ok("a"));
    }

    #[test]
    fn without_bearer_only_basic_is_taken() {
        let builder = Sources::builder().without_bearer();
        let sources = builder.basic(BasicKey::user_name()).build().unwrap();
        let line = |value: &str| extract(&sources, get("/").header("authorization", value));
        assert_eq!(line("Basic a2V5LTE6"), ok("key-1"));
        assert_eq!(line("Bearer a"), Err(CredentialMissing));
        assert_eq!(line("=a"), Err(CredentialMalformed));
    }

    #[test]
    fn long_tokens_are_rejected_before_they_are_decoded() {
        let of = |len| send(BasicKey::user_name(), &format!("{}:", "k".repeat(len)));
        assert_eq!(
            of(limits::TOKEN_BYTES_MAX).unwrap().len(),
            limits::TOKEN_BYTES_MAX
        );
        assert_eq!(of(2 * limits::TOKEN_BYTES_MAX), Err(TokenTooLarge));
    }

    #[test]
    fn header_is_redacted_like_any_authorization() {
        let mut request = get("/")
            .header("authorization", "Basic a2V5LTE6")
            .body(())
            .unwrap();
        sources(BasicKey::user_name()).mark_sensitive(request.headers_mut());
        assert!(request.headers()["authorization"].is_sensitive());
        let shown = format!(
            "{:?}",
            sources(BasicKey::user_name()).extract(&(&request).into())
        );
        assert!(
            !shown.contains("key-1") && !shown.contains("a2V5LTE6"),
            "{shown}"
        );
    }

    proptest! {
        #[test]
        fn accepted_key_is_the_only_reading(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let line = format!("Basic {}", STANDARD.encode(&bytes));
            let accepted = extract(&sources(BasicKey::user_name()), get("/").header("authorization", line));
            if let Ok(key) = accepted {
                prop_assert!(key.bytes().all(|b| b.is_ascii_graphic() && b != b':'));
                prop_assert_eq!(format!("{key}:").into_bytes(), bytes);
            }
        }
    }
}

mod properties {
    use super::*;

    proptest! {
        #[test]
        fn any_header_value_is_parsed_without_a_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..64),
            name in prop_oneof!["authorization", "cookie", "x-token", "origin"],
        ) {
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                let _ = extract(&all(), get("/").header(name, value));
            }
        }

        #[test]
        fn any_form_is_parsed_without_a_panic(body in any::<Vec<u8>>()) {
            let (uri, headers) = (Uri::from_static("/"), HeaderMap::new());
            let facts = RequestFacts::new(&Method::POST, &uri, &headers).with_form(&body);
            let _ = outcome(&all(), &facts);
        }

        #[test]
        fn accepted_header_has_one_form(
            value in "[Bb]earer ?[A-Za-z0-9._~+/,= -]{0,12}",
        ) {
            if let Ok(token) = with_line(value.as_bytes()) {
                let (_, rest) = value.split_at("Bearer".len());
                prop_assert!(rest.starts_with(' '));
                prop_assert_eq!(rest.trim_start_matches(' '), &token);
                prop_assert_eq!(with_line(format!("Bearer {token}").as_bytes()), Ok(token));
            }
        }

        #[test]
        fn token_is_the_same_from_every_place(token in "[A-Za-z0-9._~-]{1,40}={0,2}") {
            let query = format!("/?access_token={token}");
            prop_assert_eq!(extract(&all(), get(&query)), ok(&token));
            let cookie = format!("sid={token}");
            prop_assert_eq!(extract(&all(), get("/").header("cookie", cookie)), ok(&token));
            prop_assert_eq!(extract(&all(), get("/").header("x-token", &token)), ok(&token));
            prop_assert_eq!(with_line(format!("Bearer {token}").as_bytes()), ok(&token));
        }
    }
}
