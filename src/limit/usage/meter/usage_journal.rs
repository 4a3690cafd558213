//! A file in which the amounts of one generation are written before they count, so that a process
//! that is killed loses none.
//!
//! A file begins with the node, the boot and the number of its batch. Each record after it is an
//! addition. A record that is not whole, which only the last one can be, had not counted.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::usage_table::SumKey;
use crate::clock::UnixTime;
use crate::limit::usage::batch::{UsageBatch, UsageRow};

/// The journal of a meter: files of one folder whose names begin alike.
#[derive(Clone, Debug)]
pub(super) struct UsageJournal {
    /// What all names begin with.
    base: PathBuf,
}

/// The file of one generation.
#[derive(Debug)]
pub(super) struct JournalFile {
    path: PathBuf,
    file: File,
    /// Bytes of whole records.
    len: u64,
    buffer: Vec<u8>,
    is_broken: bool,
}

const MAGIC: &[u8] = b"bgusage1";

/// Longest file that is read, above what a generation can have.
const FILE_BYTES: u64 = 4 * 1024 * 1024 * 1024;

impl UsageJournal {
    pub(super) const fn new(base: PathBuf) -> Self {
        Self { base }
    }

    /// Creates the file of a generation, for its owner only.
    pub(super) fn begin(&self, node: &str, boot: u128, number: u64) -> io::Result<JournalFile> {
        let mut name = self.base.clone().into_os_string();
        name.push(format!(".{boot:032x}.{number:020}"));
        let path = PathBuf::from(name);
        let mut new = OpenOptions::new();
        new.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut new, 0o600);
        let mut head = MAGIC.to_vec();
        push_text(&mut head, node);
        head.extend(boot.to_le_bytes());
        head.extend(number.to_le_bytes());
        let mut file = JournalFile {
            file: new.open(&path)?,
            path,
            len: 0,
            buffer: Vec::new(),
            is_broken: false,
        };
        file.write(|buffer| buffer.extend(head));
        match file.is_broken {
            true => Err(io::Error::other("the first record could not be written")),
            false => Ok(file),
        }
    }

    /// Returns the batches of former starts that were not confirmed, in the order of their numbers,
    /// each with its file. Files without an addition are removed.
    pub(super) fn recover(&self) -> io::Result<Vec<(UsageBatch, PathBuf)>> {
        let folder = match self.base.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let base = self.base.file_name().unwrap_or_default().to_string_lossy();
        let mut found = Vec::new();
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            let is_own = |name: &str| {
                let rest = name.strip_prefix(&*base)?.strip_prefix('.')?;
                let (boot, number) = rest.split_once('.')?;
                let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
                Some(boot.len() == 32 && number.len() == 20 && is_number(boot) && is_number(number))
            };
            if name.to_str().and_then(is_own) != Some(true) {
                continue;
            }
            let path = folder.join(&name);
            match read(&path)? {
                Some(batch) if batch.rows.is_empty() => fs::remove_file(&path)?,
                Some(batch) => found.push((batch, path)),
                // Not removed: a person may be able to read it.
                None => {}
            }
        }
        found.sort_by_key(|(batch, _)| (batch.boot, batch.number));
        Ok(found)
    }
}

impl JournalFile {
    /// Writes an addition; returns false if it is not in the file.
    pub(super) fn append(&mut self, key: SumKey<'_>, amount: u64) -> bool {
        self.write(|buffer| {
            buffer.extend(key.hour.as_secs().to_le_bytes());
            buffer.extend(amount.to_le_bytes());
            push_text(buffer, key.authority.as_str());
            push_text(buffer, key.subject);
            push_text(buffer, key.meter);
        })
    }

    pub(super) fn into_path(self) -> PathBuf {
        self.path
    }

    /// Writes one record: its length, its content, and a check of both.
    fn write(&mut self, content: impl FnOnce(&mut Vec<u8>)) -> bool {
        if self.is_broken {
            return false;
        }
        self.buffer.clear();
        self.buffer.extend([0; 4]);
        content(&mut self.buffer);
        let len = u32::try_from(self.buffer.len() - 4).unwrap_or_default();
        if let Some(start) = self.buffer.first_chunk_mut() {
            *start = len.to_le_bytes();
        }
        let check = check(&self.buffer);
        self.buffer.extend(check.to_le_bytes());
        if self.file.write_all(&self.buffer).is_ok() {
            self.len += self.buffer.len() as u64;
            return true;
        }
        // A part of a record would hide those after it.
        let is_cut = self.file.set_len(self.len).is_ok()
            && self.file.seek(SeekFrom::Start(self.len)).is_ok();
        self.is_broken = !is_cut;
        false
    }
}

/// Reads a file; `None` if its first record cannot be read.
fn read(path: &Path) -> io::Result<Option<UsageBatch>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES).read_to_end(&mut bytes)?;
    let mut rest = Reader(&bytes);
    let head = rest.record().and_then(|mut head| {
        let magic = head.take(MAGIC.len())?;
        let node = head.text()?;
        Some((magic == MAGIC, node, head.array()?, head.array()?))
    });
    let Some((true, node, boot, number)) = head else {
        return Ok(None);
    };
    let mut sums: HashMap<(String, String, String, u64), u64> = HashMap::new();
    while let Some(mut record) = rest.record() {
        let mut addition = || {
            let (hour, amount) = (record.array()?, record.array()?);
            let (authority, subject) = (record.text()?, record.text()?);
            let key = (authority, subject, record.text()?, u64::from_le_bytes(hour));
            Some((key, u64::from_le_bytes(amount)))
        };
        let Some((key, amount)) = addition() else {
            break;
        };
        let sum = sums.entry(key).or_default();
        *sum = sum.saturating_add(amount);
    }
    let rows = sums
        .into_iter()
        .map(|((authority, subject, meter, hour), amount)| {
            UsageRow::new(
                (authority, subject),
                meter,
                UnixTime::from_secs(hour),
                amount,
            )
        });
    let rows: Vec<_> = rows.collect();
    let (boot, number) = (u128::from_le_bytes(boot), u64::from_le_bytes(number));
    Ok(Some(UsageBatch::new(node, boot, number, rows)))
}

/// Takes parts from the front of bytes.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (part, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(part)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn text(&mut self) -> Option<String> {
        let len = u32::from_le_bytes(self.array()?);
        let bytes = self.take(len as usize)?;
        String::from_utf8(bytes.to_vec()).ok()
    }

    /// Takes one whole record.
    fn record(&mut self) -> Option<Self> {
        let start = self.0;
        let len = u32::from_le_bytes(self.array()?) as usize;
        let content = self.take(len)?;
        let expected = u64::from_le_bytes(self.array()?);
        let covered = start.get(..len.checked_add(4)?)?;
        (check(covered) == expected).then_some(Self(content))
    }
}

fn push_text(buffer: &mut Vec<u8>, text: &str) {
    // Texts of a principal are far shorter.
    let len = u32::try_from(text.len()).unwrap_or_default();
    buffer.extend(len.to_le_bytes());
    buffer.extend(text.as_bytes());
}

/// FNV-1a, 64 bits: finds a record that was cut or is damaged by accident.
fn check(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}
