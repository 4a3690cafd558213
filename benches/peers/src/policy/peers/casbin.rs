//! `casbin`: its access control list, of tenants and actions.

use super::action;
use crate::case::Case;
use crate::case::Probe;
use crate::error::Result;
use crate::policy::case as made;
use casbin::CoreApi;
use casbin::DefaultModel;
use casbin::Enforcer;
use casbin::MemoryAdapter;
use casbin::MgmtApi;
use std::pin::pin;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

const MODEL: &str = "
[request_definition]
r = sub, act
[policy_definition]
p = sub, act
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.act == p.act && r.sub == p.sub
";

/// Creates the case.
pub fn case(count: usize) -> Result<Case> {
    let enforcer = now(enforcer(count))??;
    let action = action(count);
    let check = move |probe| {
        let action = if probe == Probe::Good {
            &action
        } else {
            "orders:none"
        };
        enforcer.enforce(("acme", action)).unwrap_or(false)
    };
    Ok(made("casbin 2", Box::new(check)))
}

async fn enforcer(count: usize) -> Result<Enforcer> {
    let model = DefaultModel::from_str(MODEL).await?;
    let mut enforcer = Enforcer::new(model, MemoryAdapter::default()).await?;
    let rule = |at: usize| vec!["acme".to_owned(), format!("orders:action-{at}")];
    enforcer
        .add_policies((0..count).map(rule).collect())
        .await?;
    Ok(enforcer)
}

/// Polls a future once, which is enough for rules in memory.
fn now<T>(future: impl Future<Output = T>) -> Result<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Ok(done),
        Poll::Pending => Err("casbin waits".into()),
    }
}
