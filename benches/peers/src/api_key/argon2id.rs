//! What an API key check would cost if its digest were that of a password: Argon2id with the
//! defaults of its crate, which are those of OWASP (19 MiB, two passes), one key, no look-up.
//!
//! It has a thread of its own, so that what it writes does not push the tables of the other cases
//! out of their cache; its allocations are not counted.

use super::fixture::Fixture;
use crate::case::Case;
use crate::case::Probe;
use crate::case::Provider;
use crate::error::During;
use crate::error::Result;
use argon2::Argon2;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;
use subtle::ConstantTimeEq;

const SALT: &[u8] = b"sixteen bytes ok";

/// Makes the case.
pub fn case(fixture: &Rc<Fixture>) -> Result<Case> {
    let key = fixture.keys().next().ok_or("there are no keys")?.to_owned();
    let stored = digest(&key).during("argon2id")?;
    let (ask, asked) = mpsc::channel::<Probe>();
    let (answer, answers) = mpsc::channel();
    // It ends when the case is dropped.
    thread::spawn(move || {
        let wrong = key.replace("_live_", "_test_");
        for probe in asked {
            let text = if probe == Probe::Good { &key } else { &wrong };
            let is_good = digest(text).is_ok_and(|made| stored.ct_eq(&made).into());
            if answer.send(is_good).is_err() {
                return;
            }
        }
    });
    let judge = move |probe| ask.send(probe).is_ok() && answers.recv() == Ok(true);
    let case = Case::new("argon2id, one key", Provider::ApiKey, Box::new(judge));
    Ok(case.refusing(&[Probe::BadSignature]))
}

fn digest(key: &str) -> argon2::Result<[u8; 32]> {
    let mut digest = [0; 32];
    Argon2::default().hash_password_into(key.as_bytes(), SALT, &mut digest)?;
    Ok(digest)
}
