//! Extraction: exactly one credential from the enabled places, or a typed rejection.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use bearergate::RejectionKind::{
    CredentialAmbiguous, CredentialMalformed, CredentialMissing, CrossSiteRefused, TokenTooLarge,
};
use bearergate::credential::{Place, Scheme, Sources};
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
        let lines: [&[u8]; 15] = [
            b"",
            b"Bearer",
            b"Bearer ",
            b"Bearer  a.b.c",
            b"Bearer\ta.b.c",
            b"Bearer \ta.b.c",
            b"Bearer a.b.c ",
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
            ("authorization", "Bearer"),
            ("authorization", "Bearer  a"),
            ("cookie", "sid=a"),
            ("cookie", "sid="),
            ("x-token", "a"),
            ("x-token", ""),
        ] {
            let rejected = extract(&all(), get("/?access_token=a").header(name, value));
            assert_eq!(rejected, Err(CredentialAmbiguous), "{name}: {value}");
        }
        let other_scheme = get("/?access_token=a").header("authorization", "Basic YTpi");
        assert_eq!(extract(&all(), other_scheme), ok("a"));
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
            ("cookie", "sid="),
            ("cookie", "sid=\"a\""),
            ("cookie", "sid=a "),
            ("cookie", "sid= a"),
            ("cookie", "sid=a ;x=1"),
            ("x-token", ""),
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
    fn upgrade_needs_the_same_origin_with_any_method() {
        let upgrade = ("upgrade", "websocket");
        assert_eq!(send("GET", &[upgrade]), Err(CrossSiteRefused));
        assert_eq!(send("GET", &[("upgrade", "")]), Err(CrossSiteRefused));
        assert_eq!(
            send("GET", &[upgrade, ("sec-fetch-site", "same-origin")]),
            ok("a")
        );
        assert_eq!(send("GET", &[upgrade, ("origin", HOME)]), ok("a"));
    }

    #[test]
    fn other_fetch_sites_are_rejected() {
        for site in [
            "same-site",
            "cross-site",
            "none",
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
    }

    #[test]
    fn bearer_token_needs_no_origin() {
        let request = http::Request::post("/").header("authorization", "Bearer a");
        let request = request.header("sec-fetch-site", "cross-site");
        assert_eq!(extract(&sources(), request), ok("a"));
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
                prop_assert!(value.ends_with(&token));
                prop_assert_eq!(value.len(), "Bearer ".len() + token.len());
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
