//! The contract of stores of marks that may be claimed once.

use super::{Breach, NOW, at, ensure, good, together};
use crate::clock::UnixTime;
use crate::replay::{ReplayMark, ReplayStore};

/// A store, and the run whose marks are new to it.
pub(super) struct Subject<'a> {
    pub(super) store: &'a dyn ReplayStore,
    pub(super) run: [u8; 16],
}

/// How many claims of one mark are made at once.
const AT_ONCE: usize = 64;

/// How many marks have to be kept at once.
const MARKS: u8 = 200;

pub(super) async fn check(subject: &Subject<'_>) -> Result<(), Breach> {
    claims_once(subject).await?;
    keeps_marks_apart(subject).await?;
    keeps_until_the_end(subject).await?;
    evicts_nothing(subject).await?;
    has_one_winner(subject).await
}

impl Subject<'_> {
    fn mark(&self, owner: &str, id: &str) -> ReplayMark {
        let owner = [&self.run[..], owner.as_bytes()].concat();
        ReplayMark::new("conformance", &owner, id.as_bytes())
    }

    async fn claim(
        &self,
        mark: ReplayMark,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<bool, Breach> {
        let claimed = self.store.claim(mark, until, now).await;
        good(claimed, "a claim of a store that works is answered")
    }
}

async fn claims_once(subject: &Subject<'_>) -> Result<(), Breach> {
    let mark = subject.mark("once", "1");
    let first = subject.claim(mark, at(60), NOW).await?;
    ensure(first, "the first claim of a mark is true")?;
    let second = subject.claim(mark, at(60), NOW).await?;
    ensure(!second, "the second claim of a mark is false")?;
    let later = subject.claim(mark, at(300), NOW).await?;
    ensure(!later, "a claim that ends later is one of the same mark")
}

async fn keeps_until_the_end(subject: &Subject<'_>) -> Result<(), Breach> {
    let mark = subject.mark("end", "1");
    subject.claim(mark, at(90), NOW).await?;
    for now in [1, 30, 60, 89] {
        let again = subject.claim(mark, at(90), at(now)).await?;
        ensure(!again, "a mark is kept until it ends")?;
    }
    Ok(())
}

async fn keeps_marks_apart(subject: &Subject<'_>) -> Result<(), Breach> {
    for (owner, id) in [("a", "1"), ("a", "2"), ("b", "1"), ("ab", ""), ("", "ab")] {
        let own = subject.claim(subject.mark(owner, id), at(60), NOW).await?;
        ensure(own, "another owner or id is another mark")?;
    }
    Ok(())
}

async fn evicts_nothing(subject: &Subject<'_>) -> Result<(), Breach> {
    let mark = |number: u8| subject.mark("many", &number.to_string());
    for number in 0..MARKS {
        let first = subject.claim(mark(number), at(60), NOW).await?;
        ensure(first, "a new mark can be claimed")?;
    }
    for number in 0..MARKS {
        let again = subject.claim(mark(number), at(60), at(1)).await?;
        ensure(!again, "no mark is evicted before it ends")?;
    }
    Ok(())
}

async fn has_one_winner(subject: &Subject<'_>) -> Result<(), Breach> {
    let mark = subject.mark("winner", "1");
    let claims = (0..AT_ONCE).map(|_| subject.store.claim(mark, at(60), NOW));
    let mut winners = 0;
    for claimed in together(claims.collect()).await {
        if good(claimed, "a claim of a store that works is answered")? {
            winners += 1;
        }
    }
    ensure(
        winners == 1,
        "of many claims of one mark at once exactly one is true",
    )
}
