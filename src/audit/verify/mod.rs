//! Verification of the chain of audit files.

mod anchors;
mod error;
mod fault;
mod keys;
mod lines;
mod order;
mod suspect;
#[cfg(test)]
mod test_tampering;
#[cfg(test)]
mod test_trail;
mod walk;

use std::path::Path;

pub use error::VerifyError;
pub use fault::{Fault, FaultKind, Verified};

use super::chain::ChainKey;
use anchors::Anchors;
use keys::Keys;
use lines::Lines;
use walk::{End, Walk};

/// Verifies the chain of the files of one audit trail.
///
/// The files can be given in any order, in any encoding and under any names: each line says where
/// it belongs. Give all files that were kept. Older files that the sink removed are not missed, and
/// neither are the files of whole starts before the oldest one that is given.
///
/// Anchors are files with checkpoints that were written elsewhere, for example by
/// `AuditBuilder::anchor`. Only they show that lines at the end are missing; without them
/// [`open_end`](Verified::open_end) is true. Only lines of anchors that were written under this key
/// count, and those of other trails do not matter.
///
/// The result has no fault only if every whole line is there, in its place and as it was written.
/// Nothing that files hold is trusted. Files are read line by line, at most twice each.
///
/// ```no_run
/// use std::path::Path;
///
/// use bearergate::audit::{self, ChainKey};
/// use bearergate::secret_source::SecretSource;
///
/// let key = ChainKey::new(&SecretSource::file("/run/secrets/audit-chain"))?;
/// let files = [Path::new("audit-n1-00000001_5f0c3e2ab9d41776-000001.jsonl")];
/// let anchors = [Path::new("/mnt/elsewhere/anchor.jsonl")];
/// let verified = audit::verify(&files, &key, &anchors)?;
/// if let Some(fault) = &verified.first_fault {
///     println!("{}:{} {}", fault.file.display(), fault.line, fault.kind);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// No file was given, a file or an anchor cannot be read, a file has no whole line, or an anchor no
/// checkpoint.
pub fn verify<F: AsRef<Path>, A: AsRef<Path>>(
    files: &[F],
    key: &ChainKey,
    anchors: &[A],
) -> Result<Verified, VerifyError> {
    if files.is_empty() {
        return Err(VerifyError::no_files());
    }
    let heads = order::order(files)?;
    let given = heads.iter().filter_map(|head| files.get(head.given));
    let ordered: Vec<&Path> = given.map(AsRef::as_ref).collect();
    let mut keys = Keys::new(key);
    let anchors = Anchors::read(anchors, &mut keys)?;
    keys.begin_again();
    let mut walk = Walk {
        keys: &mut keys,
        anchors: &anchors,
        kept_from: order::kept_from(&heads),
    };
    let walked = walk.run(Lines::new(&ordered))?;
    let (place, kind) = match walked.end {
        End::Whole { open_end } => {
            return Ok(Verified {
                records: walked.records,
                first_fault: None,
                open_end,
            });
        }
        End::Fault(place, kind) => (place, kind),
        End::Suspect(suspect) => {
            suspect::explain(&suspect, Lines::new(&ordered), &mut keys, &anchors)?
        }
    };
    let file = ordered.get(place.file).copied().unwrap_or(Path::new(""));
    Ok(Verified {
        records: walked.records,
        first_fault: Some(Fault {
            file: file.to_owned(),
            line: place.line,
            kind,
        }),
        open_end: true,
    })
}
