//! Mistakes with addresses, limits, lock-outs, quotas and audit trails.

use std::io;
use std::time::Duration;

use bearergate::address::{AddressList, AddressRules, Proxies};
use bearergate::audit::{Audit, AuditSink, Batch, Encoding, FileSink};
use bearergate::clock::FakeClock;
use bearergate::gate::GateBuilder;
use bearergate::limit::{By, Limit, Limits, LockOut, Quota, Rate, Signal, Watch};
use bearergate::policy::{Obligations, Policy, Rule};
use bearergate::request::{EncryptedConnection, PeerAddress};
use bearergate::testing::FakeKey;
use bearergate::{Gate, JwtValidator, RejectionKind, require_scope};
use http::Request;

use crate::table::{NOW, Row, refusal, refused, row, worst};

pub(crate) async fn rows() -> Vec<Row> {
    let mut rows = addresses();
    rows.extend(limits());
    rows.extend(lock_outs());
    rows.extend(trails());
    rows.extend(gates().await);
    rows.extend(requests());
    rows
}

fn addresses() -> Vec<Row> {
    let list = |text: &str| refused(AddressList::parse(text));
    let allow = |text: &str| AddressRules::builder().allow(AddressList::parse(text).unwrap());
    vec![
        row(
            "a line of an address list that is no network",
            list("192.0.2.0/24\noffice\n"),
            ["expected a network", "found `office`", "line 2"],
        ),
        row(
            "a network with host bits in an address list",
            list("192.0.2.7/24\n"),
            [
                "without host bits",
                "found `192.0.2.7/24`",
                "write 192.0.2.0/24",
            ],
        ),
        row(
            "an allow list without an entry",
            refused(allow("# nobody\n").build()),
            ["expected", "found", "list"],
        ),
        row(
            "trusted proxies without a network",
            refused(Proxies::trust(Vec::<String>::new())),
            ["expected", "found", "Proxies::none()"],
        ),
        row(
            "every peer trusted without a number of hops",
            refused(gate().proxies(Proxies::trust_every_peer()).build()),
            ["expected", "found", "hops"],
        ),
    ]
}

fn limits() -> Vec<Row> {
    let rate = |text: &str| refused(text.parse::<Rate>());
    let minute = || Rate::per_minute(10).unwrap();
    let build = |limit: Limit| refused(Limits::builder().limit(limit).build());
    vec![
        row(
            "a rate in words",
            rate("10 per sec"),
            ["expected", "found `10 per sec`", "600/m"],
        ),
        row("a rate of nothing", rate("0/s"), ["0", "1", "quota"]),
        row(
            "limits without a limit",
            refused(Limits::builder().build()),
            ["expected", "found", "limit"],
        ),
        row(
            "two limits of one name",
            refused(
                Limits::builder()
                    .limit(Limit::rate("default", minute()))
                    .limit(Limit::rate("default", minute()).by(By::Everyone))
                    .build(),
            ),
            ["default", "name", "limit"],
        ),
        row(
            "the name of a limit with a space",
            build(Limit::rate("per caller", minute())),
            ["expected", "found", "per caller"],
        ),
        row(
            "a limit by source with a class",
            build(
                Limit::rate("sources", minute())
                    .by(By::Source)
                    .class("writes"),
            ),
            ["sources", "class", "source"],
        ),
        row(
            "a cost above the burst",
            build(Limit::rate("default", minute()).cost(11)),
            ["11", "10", "default"],
        ),
        row(
            "plans without limits for everybody else",
            refused(
                Limits::builder()
                    .plan("gold", [Limit::rate("gold", minute())])
                    .build(),
            ),
            ["expected", "found", "otherwise"],
        ),
        row(
            "a quota without a store",
            build(Limit::quota("monthly", Quota::per_month(10))),
            ["expected", "found", "usage"],
        ),
    ]
}

fn lock_outs() -> Vec<Row> {
    let rate = Rate::per_minute(3).unwrap();
    let second = Duration::from_secs(1);
    vec![
        row(
            "a lock-out without a budget",
            refused(LockOut::builder().budget(0, rate).build()),
            ["0", "1", "budget"],
        ),
        row(
            "points for a policy denial",
            refused(
                LockOut::builder()
                    .weight(RejectionKind::AccessDenied, 1)
                    .build(),
            ),
            ["expected", "found", "weight"],
        ),
        row(
            "a signal of a short time",
            refused(
                Watch::builder()
                    .threshold(Signal::SourceSpread, 10, second)
                    .build(),
            ),
            ["1 second", "1 minute", "per"],
        ),
    ]
}

/// A sink that fails.
#[derive(Debug)]
struct Full;

impl AuditSink for Full {
    fn write(&mut self, _: &Batch<'_>) -> io::Result<()> {
        Err(io::Error::other("no space is left on the device"))
    }
}

fn trails() -> Vec<Row> {
    vec![
        row(
            "an audit trail without a sink",
            refused(Audit::builder().start()),
            ["expected", "found", "sink"],
        ),
        row(
            "an audit folder that is missing",
            refused(FileSink::new("/missing/folder", "audit")),
            [
                "expected a directory",
                "found that `/missing/folder` does not exist",
                "create it",
            ],
        ),
    ]
}

fn gate() -> GateBuilder {
    let validator = JwtValidator::builder()
        .issuer("https://idp.example.com")
        .audience("https://api.example.com")
        .keys(FakeKey::es256("key-1").key_set());
    let gate = Gate::builder().validator(validator.build().unwrap());
    gate.clock(FakeClock::at(NOW)).allow_any_authenticated()
}

async fn gates() -> Vec<Row> {
    let class = Obligations::new().with_rate_class("exports");
    let rule = Rule::permit("export", require_scope("orders:export")).with_obligations(class);
    let limits = Limits::builder().limit(Limit::rate("default", Rate::per_minute(1).unwrap()));
    let unknown = Gate::builder()
        .validator(validator())
        .authorizer(Policy::builder().rule(rule).build().unwrap())
        .limits(limits.build().unwrap());
    let failing = Audit::builder()
        .sink(Full, Encoding::Native)
        .start()
        .unwrap();
    let broken = gate().audit(failing.clone()).build().unwrap();
    let _ = broken.try_check_now(&Request::new(()));
    let _ = failing.flush().await;
    vec![
        row(
            "a lock-out without proxies",
            refused(gate().lock_out(LockOut::default()).build()),
            ["expected who stands", "found nothing", "proxies(..)"],
        ),
        row(
            "a rate class of a policy that no limit has",
            worst(&unknown.build().unwrap().doctor().await),
            ["exports", "no limit", "add a limit"],
        ),
    ]
}

fn validator() -> JwtValidator {
    let validator = JwtValidator::builder().issuer("https://idp.example.com");
    let validator = validator.audience("https://api.example.com");
    validator
        .keys(FakeKey::es256("key-1").key_set())
        .build()
        .unwrap()
}

fn from(address: &str) -> Request<()> {
    let peer = PeerAddress(format!("{address}:4711").parse().unwrap());
    Request::builder().extension(peer).body(()).unwrap()
}

fn requests() -> Vec<Row> {
    let list = AddressList::parse("203.0.113.0/24").unwrap();
    let rules = AddressRules::builder().allow(list).build().unwrap();
    let listed = gate()
        .proxies(Proxies::none())
        .addresses(rules)
        .build()
        .unwrap();
    let encrypted = gate()
        .proxies(Proxies::none())
        .require_tls()
        .build()
        .unwrap();
    let mut plain = from("192.0.2.7");
    plain.extensions_mut().insert(EncryptedConnection(false));
    let rate = Rate::per_minute(1).unwrap();
    let lock_out = LockOut::builder().budget(3, rate).build().unwrap();
    let locked = gate()
        .proxies(Proxies::none())
        .lock_out(lock_out)
        .build()
        .unwrap();
    let mut forged = from("192.0.2.7");
    let headers = forged.headers_mut();
    headers.insert("authorization", "Bearer forged".parse().unwrap());
    for _ in 0..3 {
        let _ = locked.try_check_now(&forged);
    }
    vec![
        row(
            "an address that is not on the allow list",
            refusal(&listed, &from("192.0.2.7")),
            ["expected an address", "found 192.0.2.7", "change the lists"],
        ),
        row(
            "a connection without TLS where it is required",
            refusal(&encrypted, &plain),
            [
                "expected a connection",
                "a connection without TLS",
                "EncryptedConnection",
            ],
        ),
        row(
            "a source that is locked out",
            refusal(&locked, &forged),
            ["expected a source", "is locked out for up to", "pardon"],
        ),
    ]
}
