//! Changes of a trail, and what verification says of each.

use std::fs;
use std::path::PathBuf;

use super::FaultKind::{self, *};
use super::test_trail::{ENCODINGS, Folder, Trail, body, key, shown, trail};
use super::verify;
use crate::audit::chain::Member;

/// Three starts: of three, two and two files, which have the numbers 0 to 6.
const STARTS: [&[usize]; 3] = [&[6, 6, 6], &[5, 5], &[7, 4]];

type Found = (usize, u64, FaultKind);
type LineChange = fn(&mut Vec<u8>);
type TrailChange = fn(&mut Trail);

/// Changes a true trail in each encoding, and asserts what is found, with and without the anchor.
fn found(name: &str, expected: Option<Found>, change: impl Fn(&mut Trail)) {
    found_with(name, [expected; 2], change);
}

/// The first is expected without the anchor.
fn found_with(name: &str, expected: [Option<Found>; 2], change: impl Fn(&mut Trail)) {
    for encoding in ENCODINGS {
        let mut trail = trail(encoding, &STARTS);
        change(&mut trail);
        let found = [false, true].map(|anchored| trail.fault(anchored));
        assert_eq!(found, expected, "{name}, {encoding:?}");
    }
}

fn flip(line: &mut [u8], at: usize) {
    line[at] ^= 1;
}

fn swap(trail: &mut Trail, (file, line): (usize, usize), (other, there): (usize, usize)) {
    let copy = trail.line(file, line).clone();
    let copied = std::mem::replace(trail.line(other, there), copy);
    *trail.line(file, line) = copied;
}

fn copy(trail: &mut Trail, from: (usize, usize), to: (usize, usize)) {
    let line = trail.line(from.0, from.1).clone();
    trail.insert(to.0, to.1, line);
}

fn shift(trail: &mut Trail, from: (usize, usize), to: (usize, usize)) {
    let line = trail.remove(from.0, from.1);
    trail.insert(to.0, to.1, line);
}

fn mac(line: &[u8]) -> std::ops::Range<usize> {
    let at = Member::parse(line).unwrap().mac_at;
    at..at + 64
}

#[test]
fn a_true_trail_has_no_fault_and_an_end_that_only_an_anchor_confirms() {
    for encoding in ENCODINGS {
        let trail = trail(encoding, &STARTS);
        let [open, closed] = [false, true].map(|anchored| trail.verify(anchored).unwrap());
        assert_eq!((open.records, &open.first_fault), (39, &None));
        assert_eq!((closed.records, &closed.first_fault), (39, &None));
        assert!(open.open_end && !closed.open_end);
    }
}

#[test]
fn altered_lines() {
    let changes: &[(&str, usize, usize, LineChange)] = &[
        ("a byte of the first line of all", 0, 1, |line| {
            flip(line, 20)
        }),
        ("a byte of a line in the middle", 1, 3, |line| {
            flip(line, 20)
        }),
        ("a byte of the last line of a file", 1, 6, |line| {
            flip(line, 20)
        }),
        ("a byte of the first line of a file", 2, 1, |line| {
            flip(line, 20)
        }),
        ("a byte of the first line of a start", 3, 1, |line| {
            flip(line, 20)
        }),
        ("a byte of the last line of a start", 2, 6, |line| {
            flip(line, 20)
        }),
        ("a byte of the last line of all", 6, 4, |line| {
            flip(line, 20)
        }),
        ("a digit of a MAC", 4, 2, |line| {
            let at = mac(line).start;
            line[at] = if line[at] == b'0' { b'1' } else { b'0' };
        }),
        ("the case of a MAC", 4, 2, |line| {
            let digits = mac(line);
            line[digits].make_ascii_uppercase();
        }),
        ("the case of the MAC of the last line", 6, 4, |line| {
            let digits = mac(line);
            line[digits].make_ascii_uppercase();
        }),
        ("a MAC that is removed", 4, 2, |line| {
            let digits = mac(line);
            line.drain(digits);
        }),
        ("a number", 4, 2, |line| {
            let text = String::from_utf8(line.clone()).unwrap();
            *line = text.replacen('7', "8", 1).into_bytes();
        }),
        ("text that is added", 5, 3, |line| {
            let tail = line.split_off(20);
            line.extend_from_slice(b"more");
            line.extend(tail);
        }),
        ("text that is removed", 5, 3, |line| {
            line.drain(20..25);
        }),
        ("a carriage return", 5, 3, |line| line.push(b'\r')),
        ("a carriage return behind the last line", 6, 4, |line| {
            line.push(b'\r')
        }),
        ("a space behind the line", 5, 3, |line| line.push(b' ')),
        ("a line that is cut and ended", 5, 3, |line| {
            line.truncate(30)
        }),
        ("a line that is replaced", 5, 3, |line| {
            *line = b"{}".to_vec()
        }),
        ("a byte that is no UTF-8", 5, 3, |line| line[9] = 0xff),
        ("a NUL", 5, 3, |line| line[9] = 0),
        ("the first line of all, replaced", 0, 1, |line| {
            *line = b"x".to_vec()
        }),
        ("a checkpoint", 0, 5, |line| flip(line, 20)),
    ];
    for (name, file, line, change) in changes {
        let expected = Some((*file, *line as u64, Altered));
        found(name, expected, |trail| change(trail.line(*file, *line)));
    }
}

#[test]
fn altered_across_lines() {
    found("two altered lines", Some((1, 2, Altered)), |trail| {
        flip(trail.line(1, 2), 20);
        flip(trail.line(1, 3), 20);
    });
    found("all lines altered", Some((0, 1, Altered)), |trail| {
        for line in trail.files.iter_mut().flatten() {
            flip(line, 12);
        }
    });
    found("two lines joined", Some((1, 2, Altered)), |trail| {
        let next = trail.remove(1, 3);
        trail.line(1, 2).extend(next);
    });
    found(
        "the last two lines joined",
        Some((6, 3, Altered)),
        |trail| {
            let next = trail.remove(6, 4);
            trail.line(6, 3).push(b' ');
            trail.line(6, 3).extend(next);
        },
    );
    found("a line split", Some((1, 2, Altered)), |trail| {
        let rest = trail.line(1, 2).split_off(25);
        trail.insert(1, 3, rest);
    });
    found(
        "the end of a rotated file cut inside a line",
        Some((0, 6, Altered)),
        |trail| {
            trail.cut(0, 40);
        },
    );
    found(
        "the last line feed of a rotated file removed",
        Some((0, 6, Altered)),
        |trail| trail.cut(0, usize::MAX),
    );
    found(
        "the last line feed of all replaced",
        Some((6, 4, Altered)),
        |trail| {
            let mut line = trail.remove(6, 4);
            line.push(b' ');
            trail.cuts[6] = line;
        },
    );
}

#[test]
fn removed_lines_and_files() {
    found("the first line of all", Some((0, 1, Removed)), |trail| {
        trail.remove(0, 1);
    });
    found("a line in the middle", Some((1, 3, Removed)), |trail| {
        trail.remove(1, 3);
    });
    found(
        "the last line of a rotated file",
        Some((1, 1, Removed)),
        |trail| {
            trail.remove(0, 6);
        },
    );
    found("the first line of a file", Some((1, 1, Removed)), |trail| {
        trail.remove(1, 1);
    });
    found(
        "the first line of a start",
        Some((3, 1, Removed)),
        |trail| {
            trail.remove(3, 1);
        },
    );
    found("several lines", Some((1, 2, Removed)), |trail| {
        trail.files[1].drain(1..4);
    });
    found("a file between two", Some((1, 1, Removed)), |trail| {
        trail.remove_file(1)
    });
    found(
        "the first file of the first start",
        Some((0, 1, Removed)),
        |trail| {
            trail.remove_file(0);
        },
    );
    found(
        "the first file of a later start",
        Some((3, 1, Removed)),
        |trail| {
            trail.remove_file(3);
        },
    );
    found(
        "a whole start between two",
        Some((3, 1, Removed)),
        |trail| {
            trail.remove_file(3);
            trail.remove_file(3);
        },
    );
    found(
        "a line, and a later one altered",
        Some((1, 3, Removed)),
        |trail| {
            trail.remove(1, 3);
            flip(trail.line(4, 2), 20);
        },
    );
    found_with(
        "the last lines of a start that is not the last",
        [Some((3, 1, Removed)), Some((2, 4, Truncated))],
        |trail| trail.files[2].truncate(4),
    );
}

#[test]
fn inserted_lines() {
    found("text that is no record", Some((1, 3, Inserted)), |trail| {
        trail.insert(1, 3, b"{}".to_vec());
    });
    found(
        "text before the first line",
        Some((0, 1, Inserted)),
        |trail| {
            trail.insert(0, 1, b"{}".to_vec());
        },
    );
    found(
        "text behind the last line",
        Some((6, 5, Inserted)),
        |trail| {
            trail.insert(6, 5, b"{}".to_vec());
        },
    );
    found(
        "text behind the last line of a rotated file",
        Some((0, 7, Inserted)),
        |trail| {
            trail.insert(0, 7, b"{}".to_vec());
        },
    );
    found(
        "text behind the last line of a start",
        Some((2, 7, Inserted)),
        |trail| {
            trail.insert(2, 7, b"{}".to_vec());
        },
    );
    found("two lines of text", Some((1, 3, Inserted)), |trail| {
        trail.insert(1, 3, b"{}".to_vec());
        trail.insert(1, 3, b"[]".to_vec());
    });
    found(
        "a record without a chain",
        Some((1, 3, Inserted)),
        |trail| {
            let line = body(trail.encoding, 9);
            trail.insert(1, 3, line);
        },
    );
    found(
        "a changed copy before its original",
        Some((1, 3, Inserted)),
        |trail| {
            copy(trail, (1, 3), (1, 3));
            flip(trail.line(1, 3), 20);
        },
    );
    found(
        "a copy behind its original",
        Some((1, 4, Inserted)),
        |trail| {
            copy(trail, (1, 3), (1, 4));
        },
    );
    found(
        "a copy of an earlier line",
        Some((1, 5, Inserted)),
        |trail| {
            copy(trail, (1, 2), (1, 5));
        },
    );
    found("a copy of a later line", Some((1, 2, Inserted)), |trail| {
        copy(trail, (1, 5), (1, 2));
    });
    found(
        "a copy of a line of a later file",
        Some((0, 3, Inserted)),
        |trail| {
            copy(trail, (2, 4), (0, 3));
        },
    );
    found(
        "a copy of a line of a later start",
        Some((1, 3, Inserted)),
        |trail| {
            copy(trail, (5, 2), (1, 3));
        },
    );
    found(
        "a copy of a line of an earlier start",
        Some((4, 3, Inserted)),
        |trail| {
            copy(trail, (0, 2), (4, 3));
        },
    );
    found(
        "a copy at the end of all",
        Some((6, 5, Inserted)),
        |trail| {
            copy(trail, (6, 2), (6, 5));
        },
    );
    found(
        "a copy of the next file's first line",
        Some((0, 7, Inserted)),
        |trail| {
            copy(trail, (1, 1), (0, 7));
        },
    );
    found(
        "a copy of the next start's first line",
        Some((2, 7, Inserted)),
        |trail| {
            copy(trail, (3, 1), (2, 7));
        },
    );
    found(
        "a copy of a line before the first",
        Some((0, 1, Inserted)),
        |trail| {
            copy(trail, (0, 4), (0, 1));
        },
    );
    // The files are given in reverse, and the first of two equal ones counts.
    found("a copy of a file", Some((1, 1, Inserted)), |trail| {
        let copy = trail.files[1].clone();
        trail.files.insert(2, copy);
        trail.cuts.push(Vec::new());
    });
    found("a line of another key", Some((1, 3, Inserted)), |trail| {
        let mut other = Trail {
            files: Vec::new(),
            ..trail.clone()
        };
        other.start(&key(8), 1, &[9], 1);
        let line = other.remove(0, 9);
        trail.insert(1, 3, line);
    });
}

#[test]
fn reordered_lines() {
    found("two neighbours swapped", Some((1, 2, Reordered)), |trail| {
        swap(trail, (1, 2), (1, 3));
    });
    found("two lines swapped", Some((1, 2, Reordered)), |trail| {
        swap(trail, (1, 2), (1, 5));
    });
    found(
        "the first two lines swapped",
        Some((0, 1, Reordered)),
        |trail| {
            swap(trail, (0, 1), (0, 2));
        },
    );
    found(
        "the last two lines swapped",
        Some((6, 3, Reordered)),
        |trail| {
            swap(trail, (6, 3), (6, 4));
        },
    );
    found("a line moved back", Some((1, 2, Reordered)), |trail| {
        shift(trail, (1, 5), (1, 2));
    });
    found("a line moved on", Some((1, 2, Reordered)), |trail| {
        shift(trail, (1, 2), (1, 5));
    });
    found(
        "a line moved to a later file",
        Some((0, 3, Reordered)),
        |trail| {
            shift(trail, (0, 3), (2, 2));
        },
    );
    found(
        "a line moved to an earlier file",
        Some((0, 3, Reordered)),
        |trail| {
            shift(trail, (2, 2), (0, 3));
        },
    );
    found(
        "a line moved to a later start",
        Some((1, 3, Reordered)),
        |trail| {
            shift(trail, (1, 3), (4, 2));
        },
    );
    found(
        "a line moved to an earlier start",
        Some((1, 3, Reordered)),
        |trail| {
            shift(trail, (4, 2), (1, 3));
        },
    );
    found(
        "the last line of a start moved behind it",
        Some((3, 1, Reordered)),
        |trail| {
            shift(trail, (2, 6), (3, 3));
        },
    );
    found(
        "lines swapped between files",
        Some((0, 4, Reordered)),
        |trail| {
            swap(trail, (0, 4), (2, 4));
        },
    );
    found(
        "all lines of a file backwards",
        Some((1, 1, Reordered)),
        |trail| {
            trail.files[1].reverse();
        },
    );
    found("files in another order, under other names", None, |trail| {
        trail.files.reverse();
    });
}

#[test]
fn a_cut_tail_is_found_with_an_anchor_and_unproven_without() {
    let cuts: &[(&str, (usize, u64), TrailChange)] = &[
        ("the last line", (6, 3), |trail| {
            trail.remove(6, 4);
        }),
        ("the last lines", (6, 1), |trail| trail.files[6].truncate(1)),
        ("the last file", (5, 7), |trail| trail.remove_file(6)),
        ("the last start", (4, 5), |trail| {
            trail.remove_file(6);
            trail.remove_file(5);
        }),
        ("all but the first line", (0, 1), |trail| {
            trail.files.truncate(1);
            trail.cuts.truncate(1);
            trail.files[0].truncate(1);
        }),
        ("the last line cut inside", (6, 3), |trail| trail.cut(6, 60)),
        ("the last line feed", (6, 3), |trail| {
            trail.cut(6, usize::MAX)
        }),
    ];
    for (name, (file, line), cut) in cuts {
        let expected = [None, Some((*file, *line, Truncated))];
        found_with(name, expected, cut);
        let mut trail = trail(ENCODINGS[0], &STARTS);
        cut(&mut trail);
        assert!(trail.open_end(false), "{name}");
    }
}

#[test]
fn wrong_keys() {
    for encoding in ENCODINGS {
        let trail = trail(encoding, &STARTS);
        for anchored in [false, true] {
            let verified = trail.verify_under(&key(8), anchored).unwrap();
            assert_eq!(shown(&verified), Some((0, 1, WrongKey)));
            let verified = trail.verify_under(&key(7), anchored).unwrap();
            assert_eq!(shown(&verified), None);
        }
    }
}

#[test]
fn each_change_of_a_byte_is_found_and_named() {
    for encoding in ENCODINGS {
        let trail = trail(encoding, &[&[2, 2], &[2]]);
        let folder = Folder::new();
        let files = trail.write(folder.path());
        for (number, path) in files.iter().enumerate() {
            let bytes = fs::read(path).unwrap();
            for at in 0..bytes.len() {
                let line = 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count();
                let begins = at == 0 || bytes[at - 1] == b'\n';
                // Another letter, a case, a line feed, and what is no UTF-8, in turn.
                let new = [bytes[at] ^ 1, bytes[at] ^ 0x20, b'\n', 0xff][at % 4];
                if new != bytes[at] {
                    let mut changed = bytes.clone();
                    changed[at] = new;
                    fs::write(path, changed).unwrap();
                    let verified = verify::<_, PathBuf>(&files, &key(7), &[]).unwrap();
                    let name = format!("{encoding:?} {number} {at} {new}");
                    // The rest of a line behind an empty one is the next line.
                    let line = line + usize::from(begins && new == b'\n');
                    let expected = Some((number, line as u64, Altered));
                    assert_eq!(shown(&verified), expected, "{name}");
                }
            }
            fs::write(path, bytes).unwrap();
        }
    }
}

#[test]
fn a_file_of_one_line_that_does_not_say_its_place_is_found_by_its_name() {
    let changes: [(&str, LineChange); 3] = [
        ("no chain", |line| line.truncate(30)),
        ("another start", |line| {
            let at = mac(line).start - 64 - 1 - 2 - 2 - 2 - 17 - 2;
            assert_eq!(line[at], b'2');
            line[at] = b'1';
        }),
        ("no bytes that are left", |line| *line = b"x".to_vec()),
    ];
    for (name, change) in changes {
        for encoding in ENCODINGS {
            let mut trail = trail(encoding, &[&[3], &[1], &[3]]);
            change(trail.line(1, 1));
            assert_eq!(
                trail.fault(false),
                Some((1, 1, Altered)),
                "{name}, {encoding:?}"
            );
        }
    }
}
