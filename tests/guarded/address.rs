//! The address of the client behind proxies, and address lists.

use serde_json::{Value, json};

use crate::common::{Files, Server};

fn shown(server: &Server, header: &str) -> (Value, Value) {
    let shown = server.request("GET", "/whoami", header).json();
    (shown["address"].clone(), shown["source"].clone())
}

#[test]
fn the_client_is_the_first_entry_from_the_right_that_is_no_proxy() {
    let files = Files::new();
    let trusted = [
        "--trusted-proxy",
        "127.0.0.0/8",
        "--trusted-proxy",
        "10.0.0.0/8",
    ];
    let server = Server::start(&files, &trusted);
    for (header, address, source) in [
        (
            "x-forwarded-for: 203.0.113.7, 10.1.1.1\r\n",
            "203.0.113.7",
            "203.0.113.7",
        ),
        (
            "x-forwarded-for: junk, 203.0.113.7\r\n",
            "203.0.113.7",
            "203.0.113.7",
        ),
        (
            "x-forwarded-for: 10.0.0.2, 10.0.0.3\r\n",
            "10.0.0.2",
            "10.0.0.2",
        ),
        (
            "x-forwarded-for: ::ffff:192.0.2.1\r\n",
            "192.0.2.1",
            "192.0.2.1",
        ),
        (
            "x-forwarded-for: [2001:DB8:1:2:0:0:0:9]:443\r\n",
            "2001:db8:1:2::9",
            "2001:db8:1:2::/64",
        ),
    ] {
        assert_eq!(
            shown(&server, header),
            (json!(address), json!(source)),
            "{header}"
        );
    }
    for header in [
        "",
        "x-forwarded-for: 203.0.113.7, unknown\r\n",
        "x-forwarded-for: 203.0.113.7,,10.0.0.1\r\n",
        "forwarded: for=203.0.113.7\r\n",
    ] {
        assert_eq!(
            shown(&server, header),
            (Value::Null, Value::Null),
            "{header}"
        );
    }
}

#[test]
fn only_the_configured_header_is_read() {
    let files = Files::new();
    let trusted = ["--trusted-proxy", "127.0.0.1"];
    let with = |more: &[&str]| Server::start(&files, &[&trusted[..], more].concat());
    let forwarded = with(&["--forwarded-header", "forwarded"]);
    let header = "forwarded: for=192.0.2.9, for=\"[2001:db8::1]:80\"\r\n";
    assert_eq!(shown(&forwarded, header).0, json!("2001:db8::1"));
    assert_eq!(
        shown(&forwarded, "forwarded: for=_hidden\r\n").0,
        Value::Null
    );
    let single = with(&["--forwarded-header", "cf-connecting-ip"]);
    assert_eq!(
        shown(&single, "cf-connecting-ip: 192.0.2.9\r\n").0,
        json!("192.0.2.9")
    );
    assert_eq!(
        shown(&single, "cf-connecting-ip: 192.0.2.9:80\r\n").0,
        Value::Null
    );
    let hops = with(&["--hops", "2"]);
    let header = "x-forwarded-for: 192.0.2.1, 192.0.2.2, 192.0.2.3\r\n";
    assert_eq!(shown(&hops, header).0, json!("192.0.2.2"));
    assert_eq!(
        shown(&hops, "x-forwarded-for: 192.0.2.1\r\n").0,
        Value::Null
    );
    let direct = Server::start(&files, &["--no-proxy"]);
    assert_eq!(
        shown(&direct, "x-forwarded-for: 192.0.2.1\r\n").0,
        json!("127.0.0.1")
    );
}

#[test]
fn sources_have_buckets_and_unknown_clients_of_a_proxy_share_one() {
    let files = Files::new();
    let limits = json!({"limits": [{"name": "s", "rate": "2/h", "by": "source"}]});
    let limits = files.limits(&limits);
    let proxy = [
        "--trusted-proxy",
        "127.0.0.1",
        "--limits",
        &limits,
        "--clock",
        "manual",
    ];
    let server = Server::start(&files, &proxy);
    let from = |client: &str| {
        let header = format!("x-forwarded-for: {client}\r\n");
        server.request("GET", "/orders", &header).status()
    };
    // A refused credential keeps its charge.
    assert_eq!(
        ["192.0.2.7", "192.0.2.7", "192.0.2.7"].map(from),
        [401, 401, 429]
    );
    let same = ["2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2::3"];
    assert_eq!(same.map(from), [401, 401, 429]);
    assert_eq!(from("2001:db8:1:3::1"), 401);
    assert_eq!(["unknown", "_hidden", "junk"].map(from), [401, 401, 429]);
}

#[test]
fn lists_admit_known_addresses_only() {
    let files = Files::new();
    let allow = files.write("allow", "192.0.2.0/24 # office\n\n# all\n2001:db8::7\n");
    let deny = files.write("deny", "192.0.2.66\n");
    let lists = [
        "--trusted-proxy",
        "127.0.0.1",
        "--allow",
        &allow,
        "--deny",
        &deny,
    ];
    let server = Server::start(&files, &lists);
    for (client, status) in [
        ("192.0.2.7", 200),
        ("2001:db8::7", 200),
        ("192.0.2.66", 403),
        ("198.51.100.1", 403),
        ("unknown", 403),
    ] {
        let header = format!("x-forwarded-for: {client}\r\n");
        let reply = server.request("GET", "/whoami", &header);
        assert_eq!(reply.status(), status, "{client}");
        assert_eq!(reply.header("www-authenticate"), None);
    }
    assert_eq!(
        server.metric("bearergate_rejections_total{kind=\"address_denied\"}"),
        3
    );
    assert_eq!(
        server.metric("bearergate_requests_total{outcome=\"denied\"}"),
        3
    );
}
