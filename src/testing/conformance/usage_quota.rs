//! The rules for the quotas of every store of usage.

use super::{Breach, at, ensure, good, together};
use crate::limit::{Credit, QuotaKey, QuotaWindow, Spend, SpendId, Spent, UsageStore};

pub(super) async fn check(store: &dyn UsageStore) -> Result<(), Breach> {
    a_window_gives_its_amount_and_no_more(store).await?;
    a_spend_takes_once(store).await?;
    units_are_given_back_once(store).await?;
    many_at_once_get_what_is_there(store).await?;
    windows_and_holders_are_counted_apart(store).await?;
    a_lease_that_was_not_closed_comes_back(store).await?;
    a_lease_that_is_closed_late_is_counted(store).await?;
    large_amounts_do_not_wrap(store).await?;
    credits_are_added_once_and_spent(store).await?;
    windows_that_ended_are_purged(store).await
}

async fn a_window_gives_its_amount_and_no_more(store: &dyn UsageStore) -> Result<(), Breach> {
    let rule =
        "spend takes what is wanted, else what is left if it is at least the least, else nothing";
    for (id, least, want, units, left) in [
        (0, 4, 4, 4, 6),
        (1, 1, 4, 4, 2),
        (2, 3, 4, 0, 2),
        (3, 2, 4, 2, 0),
        (4, 1, 1, 0, 0),
        (5, 0, 5, 0, 0),
    ] {
        let spend = spend("amount", id, want).between(least, want);
        ensure(
            taken(store, &spend, rule).await? == Spent::new(units, left),
            rule,
        )?;
    }
    let rule = "a smaller amount for the same window leaves nothing, a larger one what it adds";
    for (id, amount, left) in [(6, 5, 0), (7, 12, 1)] {
        let mut spend = spend("amount", id, 1);
        spend.window = Some(QuotaWindow::new(at(0), at(100), amount));
        let units = u64::from(amount > 10);
        ensure(
            taken(store, &spend, rule).await? == Spent::new(units, left),
            rule,
        )?;
    }
    Ok(())
}

async fn a_spend_takes_once(store: &dyn UsageStore) -> Result<(), Breach> {
    let rule = "a spend with a known id takes nothing and answers with its units";
    let first = spend("once", 10, 4);
    for _ in 0..3 {
        ensure(taken(store, &first, rule).await? == Spent::new(4, 6), rule)?;
    }
    let again = taken(store, &spend("once", 10, 9), rule).await?;
    ensure(again == Spent::new(4, 6), rule)?;
    for spent in together((0..20).map(|_| store.spend(&first)).collect()).await {
        ensure(good(spent, rule)?.units == 4, rule)?;
    }
    ensure(left(store, "once", rule).await? == 6, rule)
}

async fn units_are_given_back_once(store: &dyn UsageStore) -> Result<(), Breach> {
    let rule = "units are given back once for each spend, and at most as many as it took";
    good(store.spend(&spend("back", 20, 6)).await, rule)?;
    for (units, wanted) in [(2, 6), (2, 6), (6, 6)] {
        good(store.give_back(id(20), units).await, rule)?;
        ensure(left(store, "back", rule).await? == wanted, rule)?;
    }
    good(store.spend(&spend("back", 21, 6)).await, rule)?;
    good(store.give_back(id(21), u64::MAX).await, rule)?;
    ensure(left(store, "back", rule).await? == 6, rule)?;
    let rule = "giving back a spend that is not known changes nothing and is Ok";
    good(store.give_back(id(29), 5).await, rule)?;
    ensure(left(store, "back", rule).await? == 6, rule)?;
    let rule = "a spend that was given back is still known";
    ensure(
        taken(store, &spend("back", 21, 6), rule).await?.units == 6,
        rule,
    )?;
    ensure(left(store, "back", rule).await? == 6, rule)
}

async fn many_at_once_get_what_is_there(store: &dyn UsageStore) -> Result<(), Breach> {
    let rule = "of many spends at once exactly as many succeed as there are units";
    let spends: Vec<_> = (30..80).map(|id| spend("race", id, 1)).collect();
    let mut units = 0;
    for spent in together(spends.iter().map(|spend| store.spend(spend)).collect()).await {
        units += good(spent, rule)?.units;
    }
    ensure(units == 10, rule)
}

async fn windows_and_holders_are_counted_apart(store: &dyn UsageStore) -> Result<(), Breach> {
    let rule = "another quota, authority, holder or window has its own counter";
    let window = |start| Some(QuotaWindow::new(at(start), at(start + 100), 10));
    let all = [
        (QuotaKey::new("apart", "idp", "alice"), window(0)),
        (QuotaKey::new("Apart", "idp", "alice"), window(0)),
        (QuotaKey::new("apart", "IDP", "alice"), window(0)),
        (QuotaKey::new("apart", "idp", "Alice"), window(0)),
        (QuotaKey::new("apartidp", "", "alice"), window(0)),
        (QuotaKey::new("apart", "idp", "alice"), window(100)),
    ];
    for (number, (key, window)) in (80..).zip(all) {
        let spend = Spend::new(id(number), key, window, 7, at(0));
        ensure(taken(store, &spend, rule).await? == Spent::new(7, 3), rule)?;
    }
    let rule = "a window is counted on when an earlier one was used between";
    let spend = |number, start| {
        let key = QuotaKey::new("apart", "idp", "alice");
        Spend::new(id(number), key, window(start), 2, at(0))
    };
    ensure(
        taken(store, &spend(90, 0), rule).await? == Spent::new(2, 1),
        rule,
    )?;
    ensure(
        taken(store, &spend(91, 100), rule).await? == Spent::new(2, 1),
        rule,
    )
}

async fn a_lease_that_was_not_closed_comes_back(store: &dyn UsageStore) -> Result<(), Breach> {
    let rule = "the units of a lease that was not closed are free from its time on, not before";
    let lease = spend("lapse", 100, 8).lapses_at(at(50));
    ensure(taken(store, &lease, rule).await? == Spent::new(8, 2), rule)?;
    let later = |number, secs| {
        let mut spend = spend("lapse", number, 3);
        spend.at = at(secs);
        spend
    };
    ensure(
        taken(store, &later(101, 49), rule).await? == Spent::new(0, 2),
        rule,
    )?;
    ensure(
        taken(store, &later(102, 50), rule).await? == Spent::new(3, 7),
        rule,
    )?;
    let rule = "a lease that was closed does not come back, and a spend without a time never does";
    let lease = spend("closed", 103, 8).lapses_at(at(50));
    good(store.spend(&lease).await, rule)?;
    good(store.give_back(id(103), 1).await, rule)?;
    let mut spend = spend("closed", 104, 1);
    spend.at = at(99);
    ensure(taken(store, &spend, rule).await? == Spent::new(1, 2), rule)?;
    spend.id = id(105);
    ensure(taken(store, &spend, rule).await? == Spent::new(1, 1), rule)
}

async fn a_lease_that_is_closed_late_is_counted(store: &dyn UsageStore) -> Result<(), Breach> {
    let rule = "what was used of a lease that came back is taken again when it is closed";
    let lease = spend("late", 110, 6).lapses_at(at(50));
    good(store.spend(&lease).await, rule)?;
    let mut other = spend("late", 111, 1);
    other.at = at(60);
    ensure(taken(store, &other, rule).await? == Spent::new(1, 9), rule)?;
    for _ in 0..2 {
        good(store.give_back(id(110), 2).await, rule)?;
        ensure(left(store, "late", rule).await? == 5, rule)?;
    }
    Ok(())
}

async fn large_amounts_do_not_wrap(store: &dyn UsageStore) -> Result<(), Breach> {
    let rule = "an amount of u64::MAX is counted to its end";
    let mut spend = spend("large", 120, u64::MAX - 1);
    spend.window = Some(QuotaWindow::new(at(0), at(100), u64::MAX));
    ensure(
        taken(store, &spend, rule).await? == Spent::new(u64::MAX - 1, 1),
        rule,
    )?;
    spend.id = id(121);
    ensure(taken(store, &spend, rule).await? == Spent::new(0, 1), rule)?;
    let spend = Spend {
        id: id(122),
        ..spend.between(1, u64::MAX)
    };
    ensure(taken(store, &spend, rule).await? == Spent::new(1, 0), rule)
}

async fn credits_are_added_once_and_spent(store: &dyn UsageStore) -> Result<(), Breach> {
    let rule = "a balance is 0 at first";
    let key = || QuotaKey::new("credits", "idp", "alice");
    let spend = |number, units| Spend::new(id(number), key(), None, units, at(0));
    ensure(
        taken(store, &spend(130, 1), rule).await? == Spent::new(0, 0),
        rule,
    )?;
    let rule = "credits are added once for each id, and the balance is returned";
    for (number, units, balance) in [(1, 5, 5), (1, 5, 5), (2, 3, 8), (3, 0, 8)] {
        let credit = Credit::new(SpendId::new(number), key(), units);
        ensure(good(store.credit(&credit).await, rule)? == balance, rule)?;
    }
    let rule = "credits are spent, given back once, and do not come back by themselves";
    ensure(
        taken(store, &spend(131, 6), rule).await? == Spent::new(6, 2),
        rule,
    )?;
    ensure(
        taken(store, &spend(132, 3), rule).await? == Spent::new(0, 2),
        rule,
    )?;
    for _ in 0..2 {
        good(store.give_back(id(131), 4).await, rule)?;
        ensure(
            taken(store, &spend(133, 7), rule).await? == Spent::new(0, 6),
            rule,
        )?;
    }
    let rule = "a balance above u64::MAX is u64::MAX";
    let most = Credit::new(SpendId::new(4), key(), u64::MAX);
    ensure(good(store.credit(&most).await, rule)? == u64::MAX, rule)?;
    ensure(
        taken(store, &spend(134, u64::MAX), rule).await? == Spent::new(u64::MAX, 0),
        rule,
    )
}

async fn windows_that_ended_are_purged(store: &dyn UsageStore) -> Result<(), Breach> {
    let rule = "purge removes windows that ended, and neither others nor balances";
    let key = || QuotaKey::new("purged", "idp", "alice");
    let credit = Credit::new(SpendId::new(9), key(), 5);
    good(store.credit(&credit).await, rule)?;
    let window = |start| Some(QuotaWindow::new(at(start), at(start + 100), 10));
    let spend = |number, window| Spend::new(id(number), key(), window, 4, at(0));
    good(store.spend(&spend(140, window(0))).await, rule)?;
    good(store.spend(&spend(141, window(100))).await, rule)?;
    good(store.purge(at(100)).await, rule)?;
    ensure(
        taken(store, &spend(142, window(0)), rule).await?.left == 6,
        rule,
    )?;
    ensure(
        taken(store, &spend(143, window(100)), rule).await?.left == 2,
        rule,
    )?;
    ensure(good(store.credit(&credit).await, rule)? == 5, rule)
}

/// A spend from a window of ten units of its own quota.
fn spend(quota: &str, number: u128, units: u64) -> Spend {
    let key = QuotaKey::new(quota, "idp", "alice");
    let window = QuotaWindow::new(at(0), at(100), 10);
    Spend::new(id(number), key, Some(window), units, at(0))
}

const fn id(number: u128) -> SpendId {
    SpendId::new(0xffff_0000 + number)
}

async fn taken(store: &dyn UsageStore, spend: &Spend, rule: &'static str) -> Result<Spent, Breach> {
    good(store.spend(spend).await, rule)
}

/// What is left of the window of a quota: a spend that wants more takes nothing.
async fn left(store: &dyn UsageStore, quota: &str, rule: &'static str) -> Result<u64, Breach> {
    let spend = spend(quota, 999, u64::MAX);
    Ok(taken(store, &spend, rule).await?.left)
}
