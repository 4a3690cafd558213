//! `regorus`: its interpreter and its virtual machine, with an input that is built for each call, and
//! the virtual machine with an input that is built in advance.

use super::action;
use super::scopes;
use crate::case::Case;
use crate::case::Probe;
use crate::error::Result;
use crate::policy::By;
use crate::policy::case as made;
use regorus::Engine;
use regorus::Rc;
use regorus::Value;
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write;

const ENTRY: &str = "data.bench.allow";

/// Creates the case of each of its engines.
pub fn cases(count: usize, by: By) -> Result<[Case; 3]> {
    let mut engine = Engine::new();
    engine.add_policy("bench.rego".to_owned(), rules(count, by)?)?;
    let policy = engine.compile_with_entrypoint(&Rc::from(ENTRY))?;
    let program = Compiler::compile_from_policy(&policy, &[ENTRY])?;
    let run = || {
        let mut machine = RegoVM::new();
        machine.load_program(program.clone());
        let machine = RefCell::new(machine);
        move |input| {
            let mut machine = machine.borrow_mut();
            machine.set_input(input);
            is_true(machine.execute())
        }
    };
    let facts = (action(count), scopes(count));
    let ready = [input(&facts.0, &facts.1), input("none", &[])];
    let fresh = move |probe| match probe {
        Probe::Good => input(&facts.0, &facts.1),
        _ => input("none", &[]),
    };
    let (interpreted, ran, ran_ready) = (fresh.clone(), run(), run());
    let interpret = move |probe| is_true(policy.eval_with_input(interpreted(probe)));
    let run_ready = move |probe| ran_ready(ready[usize::from(probe != Probe::Good)].clone());
    Ok([
        made("regorus 0.14", Box::new(interpret)),
        made("regorus 0.14 rvm", Box::new(move |probe| ran(fresh(probe)))),
        made("regorus 0.14 rvm, input ready", Box::new(run_ready)),
    ])
}

fn rules(count: usize, by: By) -> Result<String> {
    let mut text = "package bench\nimport rego.v1\ndefault allow := false\n".to_owned();
    for at in 0..count {
        match by {
            By::Action => writeln!(
                text,
                "allow if {{ input.action == \"orders:action-{at}\"; input.tenant == \"acme\" }}"
            )?,
            By::Scope => writeln!(text, "allow if {{ \"orders:scope-{at}\" in input.scopes }}")?,
        }
    }
    Ok(text)
}

fn input(action: &str, scopes: &[String]) -> Value {
    let scopes = scopes.iter().map(|scope| Value::from(scope.as_str()));
    let members = [
        ("action", Value::from(action)),
        ("tenant", Value::from("acme")),
        ("scopes", Value::from(scopes.collect::<Vec<_>>())),
    ];
    let members = members.map(|(name, value)| (Value::from(name), value));
    Value::from(BTreeMap::from(members))
}

fn is_true<E>(answer: std::result::Result<Value, E>) -> bool {
    answer.is_ok_and(|answer| answer == Value::Bool(true))
}
