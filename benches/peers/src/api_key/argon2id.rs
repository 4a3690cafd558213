//! The cost of an API key if its digest were that of a password: Argon2id with the defaults of its
//! crate, which are those of OWASP (19 MiB, two passes), one key, no look-up.

use super::fixture::Fixture;
use crate::case::Case;
use crate::case::Probe;
use crate::case::Provider;
use crate::error::During;
use crate::error::Result;
use argon2::Argon2;
use std::rc::Rc;
use subtle::ConstantTimeEq;

const SALT: &[u8] = b"sixteen bytes ok";

/// Creates the case.
pub fn case(fixture: &Rc<Fixture>) -> Result<Case> {
    let key = fixture.keys().next().ok_or("there are no keys")?.to_owned();
    let wrong = key.replace("_live_", "_test_");
    let stored = digest(&key).during("argon2id")?;
    let is_good = move |key: &str| digest(key).is_ok_and(|made| stored.ct_eq(&made).into());
    let check = Box::new(move |probe| match probe {
        Probe::Good => is_good(&key),
        _ => is_good(&wrong),
    });
    let case = Case::new("argon2id, one key", Provider::ApiKey, check);
    Ok(case.refusing(&[Probe::BadSignature]).apart())
}

fn digest(key: &str) -> argon2::Result<[u8; 32]> {
    let mut digest = [0; 32];
    Argon2::default().hash_password_into(key.as_bytes(), SALT, &mut digest)?;
    Ok(digest)
}
