//! A chained trail in files, and changes of its lines.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{FaultKind, Verified, VerifyError, verify};
use crate::audit::chain::{Chain, ChainKey};
use crate::audit::encoding::Encoding;
use crate::audit::sink::PreviousEnd;
use crate::secret::Secret;
use crate::secret_source::SecretSource;

pub(super) const ENCODINGS: [Encoding; 4] = [
    Encoding::Ocsf,
    Encoding::Ecs,
    Encoding::Cef,
    Encoding::Native,
];

/// A directory that is removed when the test ends.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("bearergate-verify-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(super) fn key(byte: u8) -> ChainKey {
    let read = move || Ok::<_, std::io::Error>(Secret::new(vec![byte; 32]));
    ChainKey::new(&SecretSource::from_fn("test", read)).unwrap()
}

/// Lines of files, each without its line feed.
#[derive(Clone, Debug)]
pub(super) struct Trail {
    pub(super) files: Vec<Vec<Vec<u8>>>,
    /// The checkpoints of all starts.
    pub(super) anchor: Vec<Vec<u8>>,
    /// What follows the last line feed of a file.
    pub(super) cuts: Vec<Vec<u8>>,
    pub(super) encoding: Encoding,
}

/// Each list has the numbers of lines of the files of one start. Every fifth line of a start, and
/// its last, is a checkpoint.
pub(super) fn trail(encoding: Encoding, starts: &[&[usize]]) -> Trail {
    let mut trail = Trail {
        files: Vec::new(),
        anchor: Vec::new(),
        cuts: Vec::new(),
        encoding,
    };
    for (start, files) in starts.iter().enumerate() {
        trail.start(&key(7), start as u128 + 1, files, 1);
    }
    trail
}

impl Trail {
    /// Adds a start that goes on behind the last line.
    pub(super) fn start(&mut self, key: &ChainKey, boot: u128, files: &[usize], kept_from: u64) {
        let last = self.files.iter().rev().find_map(|file| file.last());
        let end = last.map(|line| PreviousEnd {
            last_line: line.clone(),
        });
        let mut chain = Chain::start(key, "n1/audit", boot << 64, self.encoding, end.as_ref());
        let all: usize = files.iter().sum();
        for (number, lines) in files.iter().enumerate() {
            if number > 0 {
                chain.begin_file(kept_from);
            }
            let mut file = Vec::new();
            for _ in 0..*lines {
                let mut line = body(self.encoding, chain.count() + 1);
                chain.seal(&mut line);
                if chain.count().is_multiple_of(5) || chain.count() == all as u64 {
                    chain.ratchet();
                    self.anchor.push(line.clone());
                }
                file.push(line);
            }
            self.files.push(file);
            self.cuts.push(Vec::new());
        }
    }

    pub(super) fn line(&mut self, file: usize, line: usize) -> &mut Vec<u8> {
        &mut self.files[file][line - 1]
    }

    pub(super) fn remove(&mut self, file: usize, line: usize) -> Vec<u8> {
        self.files[file].remove(line - 1)
    }

    /// Inserts a line so that it then has this number.
    pub(super) fn insert(&mut self, file: usize, line: usize, bytes: Vec<u8>) {
        self.files[file].insert(line - 1, bytes);
    }

    pub(super) fn remove_file(&mut self, file: usize) {
        self.files.remove(file);
        self.cuts.remove(file);
    }

    /// Takes the last line of a file as one that was being written.
    pub(super) fn cut(&mut self, file: usize, len: usize) {
        let mut line = self.files[file].pop().unwrap();
        line.truncate(len);
        self.cuts[file] = line;
    }

    pub(super) fn write(&self, folder: &Path) -> Vec<PathBuf> {
        let numbered = self.files.iter().zip(&self.cuts).enumerate();
        let write = numbered.map(|(number, (file, cut))| {
            let path = folder.join(format!("f{number}"));
            let mut bytes = Vec::new();
            for line in file {
                bytes.extend_from_slice(line);
                bytes.push(b'\n');
            }
            bytes.extend_from_slice(cut);
            fs::write(&path, bytes).unwrap();
            path
        });
        write.collect()
    }

    pub(super) fn verify(&self, anchored: bool) -> Result<Verified, VerifyError> {
        self.verify_under(&key(7), anchored)
    }

    pub(super) fn verify_under(
        &self,
        key: &ChainKey,
        anchored: bool,
    ) -> Result<Verified, VerifyError> {
        let folder = Folder::new();
        let mut files = self.write(folder.path());
        files.reverse();
        let anchor = folder.path().join("anchor");
        fs::write(&anchor, [self.anchor.join(&b'\n'), b"\n".to_vec()].concat()).unwrap();
        verify(&files, key, &[anchor][..usize::from(anchored)])
    }

    /// Returns the first fault as file, line and kind.
    pub(super) fn fault(&self, anchored: bool) -> Option<(usize, u64, FaultKind)> {
        shown(&self.verify(anchored).unwrap())
    }

    /// Returns whether the end is open in a trail without a fault.
    pub(super) fn open_end(&self, anchored: bool) -> bool {
        let verified = self.verify(anchored).unwrap();
        assert_eq!(verified.first_fault, None);
        verified.open_end
    }
}

pub(super) fn shown(verified: &Verified) -> Option<(usize, u64, FaultKind)> {
    let fault = verified.first_fault.as_ref()?;
    let name = fault.file.file_name().unwrap().to_str().unwrap();
    let file = name.strip_prefix('f').unwrap().parse().unwrap();
    Some((file, fault.line, fault.kind))
}

/// A line as the encodings end it.
pub(super) fn body(encoding: Encoding, sequence: u64) -> Vec<u8> {
    let open = match encoding {
        Encoding::Ocsf => {
            r#"{"metadata":{"sequence":#},"path":"/orders/#","unmapped":{"bearergate":{"what":"decision""#
        }
        Encoding::Ecs => r#"{"event.sequence":#,"url.path":"/orders/#","user.id":"alice""#,
        Encoding::Cef => "CEF:0|bearergate|bearergate|1|allowed|request|1|externalId=# suid=alice",
        Encoding::Native => r#"{"sequence":#,"path":"/orders/#","subject":"alice""#,
    };
    let text = open.replace('#', &sequence.to_string());
    [text.as_bytes(), encoding.closing().as_bytes()].concat()
}
