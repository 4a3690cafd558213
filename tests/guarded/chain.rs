//! The chain of the audit files, verified after each end of the service.

use std::fs;

use crate::common::{Files, Server, token, verify};

fn start(files: &Files) -> Server {
    let (directory, key, anchor) = (files.path("audit"), files.path("key"), files.path("anchor"));
    let chain = ["--audit-chain-key", &key, "--audit-anchor", &anchor];
    Server::start(files, &[&["--audit", &directory][..], &chain].concat())
}

#[test]
fn the_end_of_the_trail_is_in_the_anchor_after_sigterm_and_open_after_sigkill() {
    let files = Files::new();
    let anchor = files.path("anchor");
    let server = start(&files);
    assert_eq!(server.statuses(20, "/orders", &token("alice")), [200; 20]);
    assert_eq!(server.terminate().code(), Some(0));
    let count = files.audit_lines().len();
    let ok = |open: bool, count: usize| (format!("ok records={count} open_end={open}"), 0);
    assert_eq!(
        verify(&files, Some(&anchor), &files.audit()),
        ok(false, count)
    );
    assert_eq!(verify(&files, None, &files.audit()), ok(true, count));
    let server = start(&files);
    assert_eq!(server.statuses(20, "/orders", &token("alice")), [200; 20]);
    assert_eq!(server.flush(), 204);
    assert_eq!(server.statuses(20, "/orders", &token("alice")), [200; 20]);
    server.kill();
    let (line, status) = verify(&files, Some(&anchor), &files.audit());
    assert_eq!(status, 0, "{line}");
    // The next start goes on behind the last whole line.
    let server = start(&files);
    assert_eq!(server.get("/orders", &token("alice")).status(), 200);
    assert_eq!(server.terminate().code(), Some(0));
    let (line, status) = verify(&files, Some(&anchor), &files.audit());
    assert_eq!(status, 0, "{line}");
    assert!(line.ends_with("open_end=false"), "{line}");
    assert_eq!(files.audit().len(), 3);
}

#[test]
fn tampering_is_named_with_its_line() {
    let files = Files::new();
    let anchor = files.path("anchor");
    let server = start(&files);
    assert_eq!(server.statuses(5, "/orders", &token("alice")), [200; 5]);
    assert_eq!(server.terminate().code(), Some(0));
    let path = files.audit().pop().unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let shown = path.display();
    let fault = |changed: Vec<&str>, anchor: Option<&str>| {
        fs::write(&path, changed.join("\n") + "\n").unwrap();
        verify(&files, anchor, std::slice::from_ref(&path))
    };
    let altered = lines[2].replace("alice", "mallory");
    let mut changed = lines.clone();
    changed[2] = &altered;
    assert_eq!(
        fault(changed, None),
        (format!("fault {shown}:3 altered"), 1)
    );
    let mut changed = lines.clone();
    changed.remove(2);
    assert_eq!(
        fault(changed, None),
        (format!("fault {shown}:3 removed"), 1)
    );
    let mut changed = lines.clone();
    changed.insert(3, lines[2]);
    assert_eq!(
        fault(changed, None),
        (format!("fault {shown}:4 inserted"), 1)
    );
    let mut changed = lines.clone();
    changed.swap(2, 3);
    assert_eq!(
        fault(changed, None),
        (format!("fault {shown}:3 reordered"), 1)
    );
    let cut = lines[..4].to_vec();
    assert_eq!(
        fault(cut.clone(), Some(&anchor)),
        (format!("fault {shown}:4 truncated"), 1)
    );
    let (line, status) = fault(cut, None);
    assert_eq!((&*line, status), ("ok records=4 open_end=true", 0));
    files.write("key", [8; 32]);
    assert_eq!(
        fault(lines, None),
        (format!("fault {shown}:1 wrong_key"), 1)
    );
    let (_, status) = verify(&files, None, &[files.path("missing").into()]);
    assert_eq!(status, 2);
}
