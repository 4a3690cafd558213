//! Files whose contents are trusted, because only this user can have written them.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::{fs, io};

use ring::rand::{SecureRandom, SystemRandom};

/// Why the contents of a file are not trusted, with what to do about it.
pub(super) type Distrust = &'static str;

const NOT_REGULAR: Distrust =
    "it is a link, or no regular file; give the path of the file itself, or remove it";
#[cfg(unix)]
const OTHERS_WRITE: Distrust =
    "others than its owner may write it; remove it, or take that right away (`chmod go-w`)";
#[cfg(unix)]
const OTHER_OWNER: Distrust =
    "it belongs to another user than this process's; remove it, or give it back (`chown`)";
#[cfg(unix)]
const UNKNOWN_USER: Distrust = "its owner cannot be compared with this process's user, because no \
                                file can be made in its folder; let this user write there";

/// Returns the contents of the file, or `None` if it cannot be read or is longer than `max` bytes.
///
/// # Errors
///
/// The reason unless the file is a regular one that this user owns and nobody else may write. The
/// checks are made on the file that is then read.
pub(super) fn read(path: &Path, max: u64) -> Result<Option<String>, Distrust> {
    let Ok(named) = fs::symlink_metadata(path) else {
        return Ok(None);
    };
    // Checked before it is opened, because opening a pipe waits.
    if !named.is_file() {
        return Err(NOT_REGULAR);
    }
    let Ok(file) = File::open(path) else {
        return Ok(None);
    };
    check(path, &named, &file)?;
    let mut text = String::new();
    let read = file.take(max.saturating_add(1)).read_to_string(&mut text);
    let is_whole = read.is_ok_and(|len| u64::try_from(len).is_ok_and(|len| len <= max));
    Ok(is_whole.then_some(text))
}

#[cfg(unix)]
fn check(path: &Path, named: &fs::Metadata, file: &File) -> Result<(), Distrust> {
    use std::os::unix::fs::MetadataExt;

    let opened = file.metadata().map_err(|_| NOT_REGULAR)?;
    // A link that was put in place since then leads to another file.
    let is_same = (opened.dev(), opened.ino()) == (named.dev(), named.ino());
    if !is_same || !opened.is_file() {
        return Err(NOT_REGULAR);
    }
    if opened.mode() & 0o022 != 0 {
        return Err(OTHERS_WRITE);
    }
    let own = own_user(path).map_err(|_| UNKNOWN_USER)?;
    if opened.uid() != own {
        return Err(OTHER_OWNER);
    }
    Ok(())
}

#[cfg(not(unix))]
fn check(_: &Path, _: &fs::Metadata, _: &File) -> Result<(), Distrust> {
    Ok(())
}

/// Returns the user that owns new files in the folder of this path.
#[cfg(unix)]
fn own_user(path: &Path) -> io::Result<u32> {
    let (temporary, file) = create_near(path)?;
    let metadata = file.metadata();
    fs::remove_file(temporary)?;
    Ok(std::os::unix::fs::MetadataExt::uid(&metadata?))
}

/// Replaces the file atomically by a new one that only this user may read and write.
pub(super) fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let (temporary, mut file) = create_near(path)?;
    let written = file.write_all(contents);
    let replaced = written.and_then(|()| fs::rename(&temporary, path));
    if replaced.is_err() {
        let _ = fs::remove_file(temporary);
    }
    replaced
}

/// Creates a file in the folder of `path`, under a name that cannot be guessed.
fn create_near(path: &Path) -> io::Result<(PathBuf, File)> {
    let mut random = [0; 16];
    let filled = SystemRandom::new().fill(&mut random);
    filled.map_err(|_| io::Error::other("the system returned no random bytes"))?;
    let mut name = OsString::from(path);
    name.push(format!(".{:032x}", u128::from_be_bytes(random)));
    let mut new = OpenOptions::new();
    new.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut new, 0o600);
    let file = new.open(&name)?;
    Ok((name.into(), file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_the_limit_and_no_part_of_a_longer_one() {
        let name = format!("bearergate-limit-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        replace(&path, b"keys").unwrap();
        let [whole, longer] = [4, 3].map(|max| read(&path, max).unwrap());
        fs::remove_file(&path).unwrap();
        assert_eq!((whole.as_deref(), longer), (Some("keys"), None));
    }
}
