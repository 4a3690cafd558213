//! What a builder refuses.

use std::time::Duration;

use bearergate::RejectionKind;
use bearergate::error::ConfigErrorKind;
use bearergate::limit::Rate;
use bearergate::limit::{LockOut, LockOutBuilder};

use crate::common::{millis, secs};

/// The field and the text of the error.
fn refused(builder: LockOutBuilder) -> (String, String) {
    let error = builder.build().unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::OutOfRange, "{error}");
    (error.field().to_owned(), error.to_string())
}

fn draft() -> LockOutBuilder {
    LockOut::builder()
}

#[test]
fn a_value_out_of_range_is_refused_with_its_field_and_range() {
    let per_minute = |quota| Rate::per_minute(quota).unwrap();
    let day = secs(24 * 60 * 60);
    let cases = [
        (draft().budget(0, per_minute(3)), "budget", "between 1 and"),
        (
            draft().budget(1_000_001, per_minute(1_000_000)),
            "budget",
            "1000000",
        ),
        (draft().budget(1_441, per_minute(1)), "budget", "1 day"),
        (draft().first(millis(999)), "first", "between 1 second"),
        (draft().first(day + secs(1)).most(day), "first", "1 day"),
        (draft().most(secs(59)), "most", "between 1 minute and 1 day"),
        (draft().most(day + secs(1)), "most", "1 day"),
        (draft().forget(secs(60)), "forget", "between 15 minutes"),
        (draft().forget(day * 31), "forget", "30 days"),
        (draft().sources(1_023), "sources", "between 1024 and"),
        (draft().sources(16_777_217), "sources", "16777216"),
        (
            draft().weight(RejectionKind::KeyNotFound, 31),
            "weight",
            "between 0 and 30",
        ),
    ];
    for (builder, field, range) in cases {
        let (found, text) = refused(builder);
        assert_eq!(found, field, "{text}");
        assert!(text.contains(range), "{text}");
    }
}

#[test]
fn the_ends_of_the_ranges_are_accepted() {
    let day = secs(24 * 60 * 60);
    let per_minute = |quota| Rate::per_minute(quota).unwrap();
    for builder in [
        draft().budget(3, per_minute(1_000_000)),
        draft().budget(1_440, per_minute(1)),
        draft().first(secs(1)),
        draft().first(day).most(day).forget(day),
        draft().most(secs(60)),
        draft().forget(secs(900)),
        draft().forget(day * 30),
        draft().sources(1_024),
        draft().weight(RejectionKind::KeyNotFound, 30),
    ] {
        assert!(builder.build().is_ok());
    }
}

#[test]
fn a_builder_with_nothing_set_is_the_default() {
    assert_eq!(
        format!("{:?}", LockOut::builder()),
        format!("{:?}", LockOut::builder().first(Duration::from_secs(60)))
    );
    assert!(LockOut::builder().build().is_ok());
}
