//! `regorus`: its interpreter and its virtual machine, on inputs that are parsed beforehand.

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
use std::fmt::Write;

const ENTRY: &str = "data.bench.allow";

/// Makes the case of each of its engines.
pub fn cases(count: usize, by: By) -> Result<[Case; 2]> {
    let mut engine = Engine::new();
    engine.add_policy("bench.rego".to_owned(), rules(count, by)?)?;
    let policy = engine.compile_with_entrypoint(&Rc::from(ENTRY))?;
    let program = Compiler::compile_from_policy(&policy, &[ENTRY])?;
    let mut machine = RegoVM::new();
    machine.load_program(program);
    let machine = RefCell::new(machine);
    let (good, bad) = (input(&action(count), &scopes(count))?, input("none", &[])?);
    let inputs = (good.clone(), bad.clone());
    let run = move |probe| {
        let input = if probe == Probe::Good { &good } else { &bad };
        let mut machine = machine.borrow_mut();
        machine.set_input(input.clone());
        is_true(machine.execute())
    };
    let interpret = move |probe| {
        let input = if probe == Probe::Good {
            &inputs.0
        } else {
            &inputs.1
        };
        is_true(policy.eval_with_input(input.clone()))
    };
    Ok([
        made("regorus 0.14", Box::new(interpret)),
        made("regorus 0.14 rvm", Box::new(run)),
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

fn input(action: &str, scopes: &[String]) -> Result<Value> {
    let input = serde_json::json!({"action": action, "tenant": "acme", "scopes": scopes});
    Ok(Value::from_json_str(&input.to_string())?)
}

fn is_true<E>(answer: std::result::Result<Value, E>) -> bool {
    answer.is_ok_and(|answer| answer == Value::Bool(true))
}
