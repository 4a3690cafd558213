//! The command line.

use crate::error::Result;
use crate::groups;
use crate::groups::Group;

/// What `--help` prints.
pub const USAGE: &str = "\
usage: cargo run --release --manifest-path benches/peers/Cargo.toml -- [--json] [--only GROUP]

  --json         print one JSON object per line instead of tables
  --only GROUP   measure only this group; can be given more than once
  --help         print this text
";

/// What to do.
#[derive(Debug)]
pub enum Command {
    /// Print the usage.
    Help,
    /// Measure some groups.
    Measure(Run),
    /// Run as the worker process of this name.
    Work(String),
}

/// What to measure, and how to print it.
#[derive(Debug)]
pub struct Run {
    /// The groups to measure, in order.
    pub groups: Vec<&'static Group>,
    /// Whether to print JSON lines.
    pub json: bool,
}

/// Reads the arguments, without the name of the program.
///
/// # Errors
///
/// Names the argument that is unknown or incomplete.
pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Command> {
    let mut arguments = arguments.into_iter();
    let mut json = false;
    let mut groups = Vec::new();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--json" => json = true,
            "--only" => groups.push(groups::find(&value(&argument, arguments.next())?)?),
            "--help" => return Ok(Command::Help),
            crate::worker::FLAG => {
                return value(&argument, arguments.next()).map(Command::Work);
            }
            other => return Err(format!("unknown argument `{other}`\n\n{USAGE}").into()),
        }
    }
    if groups.is_empty() {
        groups.extend(groups::ALL);
    }
    Ok(Command::Measure(Run { groups, json }))
}

fn value(flag: &str, value: Option<String>) -> Result<String> {
    value.ok_or_else(|| format!("{flag} needs a value").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(arguments: &[&str]) -> Result<Run> {
        match parse(arguments.iter().map(ToString::to_string))? {
            Command::Measure(run) => Ok(run),
            other => panic!("{other:?} is no measurement"),
        }
    }

    #[test]
    fn without_arguments_every_group_is_measured() {
        let run = run(&[]).unwrap();
        assert!(!run.json);
        assert_eq!(run.groups.len(), groups::ALL.len());
    }

    #[test]
    fn only_picks_one_group() {
        let run = run(&["--json", "--only", "jwt ES256"]).unwrap();
        assert!(run.json);
        assert_eq!(run.groups.len(), 1);
        assert_eq!(run.groups[0].name, "jwt ES256");
    }

    #[test]
    fn unknown_flags_and_groups_are_errors() {
        for bad in [&["--fast"][..], &["--only", "jwt"], &["--only"]] {
            assert!(run(bad).is_err(), "{bad:?}");
        }
    }
}
