//! The scanner: one pass over the text, without recursion.

use super::error::{JsonError, JsonErrorKind};
use super::lexeme::Input;
use super::many_names::ManyNames;
use super::names::{FewNames, NameError, NameScope, NameStore, Names, RawName, head, short_name};
use super::plain::is_plain;
use super::sink::{NameCheck, Sink, Span};
use crate::limits;

/// Whether a scanned text can have escapes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Escapes {
    /// The text is printable ASCII without escapes: the bytes between quotes are the content of a
    /// string.
    Absent,
    /// The text can have escapes and characters outside ASCII.
    #[default]
    Possible,
}

/// Scans a text whose top value must be an object.
#[inline]
pub(crate) fn scan_object(text: &[u8], sink: &mut impl Sink) -> Result<Escapes, JsonError> {
    let escapes = escapes(text)?;
    let scanned = match escapes {
        Escapes::Absent => object::<FewNames, _>(Input::<true>(text), sink),
        Escapes::Possible => object::<FewNames, _>(Input::<false>(text), sink),
    };
    match scanned {
        Ok(()) => Ok(escapes),
        Err(ScanError::Invalid(error)) => Err(error),
        Err(ScanError::NamesFull) => {
            sink.restart();
            object::<ManyNames, _>(Input::<false>(text), sink)?;
            Ok(escapes)
        }
    }
}

/// Scans a text whose top value must be an object, and allows duplicates in nested objects.
///
/// All other rules hold at every depth. A nested value must be scanned again before it is used.
pub(super) fn scan_outer_object(text: &[u8], sink: &mut impl Sink) -> Result<(), JsonError> {
    escapes(text)?;
    let text = Input::<false>(text);
    object_in(text, &mut Names::<ManyNames>::unchecked_inside(), sink)?;
    Ok(())
}

/// Scans a text whose top value can be of any type, and returns its start and end.
pub(super) fn scan_value(text: &[u8]) -> Result<(usize, usize), JsonError> {
    scan_value_in(text, 0)
}

/// Scans a text that is to be the value of a member, so that the bounds of an inner value hold.
#[cfg(feature = "issuer")]
pub(super) fn scan_inner_value(text: &[u8]) -> Result<(usize, usize), JsonError> {
    scan_value_in(text, 1)
}

fn scan_value_in(text: &[u8], depth: usize) -> Result<(usize, usize), JsonError> {
    escapes(text)?;
    let text = Input::<false>(text);
    let (start, _) = text.next(0);
    let end = match value::<FewNames>(text, start, depth) {
        Err(ScanError::NamesFull) => value::<ManyNames>(text, start, depth)?,
        end => end?,
    };
    Ok((start, end))
}

/// Why a scan stops before the end.
enum ScanError {
    Invalid(JsonError),
    /// There is no space for another name; the scan must start again with more.
    NamesFull,
}

impl From<JsonError> for ScanError {
    fn from(error: JsonError) -> Self {
        Self::Invalid(error)
    }
}

impl From<ScanError> for JsonError {
    fn from(error: ScanError) -> Self {
        match error {
            ScanError::Invalid(error) => error,
            // Not reached: `ManyNames` allocates space.
            ScanError::NamesFull => Self::new(JsonErrorKind::TooManyMembers, 0),
        }
    }
}

#[cold]
fn invalid(kind: JsonErrorKind, at: usize) -> ScanError {
    ScanError::Invalid(JsonError::new(kind, at))
}

fn escapes(text: &[u8]) -> Result<Escapes, JsonError> {
    if text.len() > limits::JSON_BYTES {
        return Err(JsonError::new(JsonErrorKind::TooLarge, limits::JSON_BYTES));
    }
    if is_plain(text) {
        return Ok(Escapes::Absent);
    }
    match str::from_utf8(text) {
        Ok(_) => Ok(Escapes::Possible),
        Err(e) => Err(JsonError::new(
            JsonErrorKind::InvalidUnicode,
            e.valid_up_to(),
        )),
    }
}

fn value<S: NameStore>(
    text: Input<'_, false>,
    start: usize,
    depth: usize,
) -> Result<usize, ScanError> {
    let start = Open {
        at: start,
        first: text.peek(start),
        depth,
    };
    let end = nested(text, start, &mut Names::<S>::new())?;
    finish(text, end)?;
    Ok(end)
}

#[inline(always)]
fn object<S: NameStore, const PLAIN: bool>(
    text: Input<'_, PLAIN>,
    sink: &mut impl Sink,
) -> Result<(), ScanError> {
    object_in(text, &mut Names::<S>::new(), sink)
}

#[inline(always)]
fn object_in<S: NameStore, const PLAIN: bool>(
    text: Input<'_, PLAIN>,
    names: &mut Names<S>,
    sink: &mut impl Sink,
) -> Result<(), ScanError> {
    let (start, first) = text.next(0);
    match first {
        b'{' => {}
        _ if start < text.0.len() => return Err(invalid(JsonErrorKind::NotAnObject, start)),
        _ => return Err(invalid(JsonErrorKind::UnexpectedEnd, start)),
    }
    let end = members(text, start + 1, names, sink)?;
    finish(text, end)
}

/// Requires that only white space follows the top value.
fn finish<const PLAIN: bool>(text: Input<'_, PLAIN>, end: usize) -> Result<(), ScanError> {
    let (end, _) = text.next(end);
    if end < text.0.len() {
        return Err(invalid(JsonErrorKind::Syntax, end));
    }
    Ok(())
}

/// Scans the top-level object from after its brace to after the closing one.
///
/// Most members of tokens are here; `nested` scans objects and arrays inside them.
#[inline(never)]
fn members<S: NameStore, K: Sink, const PLAIN: bool>(
    text: Input<'_, PLAIN>,
    start: usize,
    names: &mut Names<S>,
    sink: &mut K,
) -> Result<usize, ScanError> {
    let (mut at, first) = text.next(start);
    if first == b'}' {
        return Ok(at + 1);
    }
    let (mut scope, mut count) = (NameScope::empty(K::MOST), 0);
    loop {
        let head = MemberHead::read(text, at)?;
        let name = head.name;
        if count == K::MOST {
            return Err(invalid(JsonErrorKind::TooManyMembers, name.start - 1));
        }
        count += 1;
        match sink.name(text.0, name) {
            NameCheck::New => {}
            NameCheck::Duplicate => {
                return Err(invalid(JsonErrorKind::DuplicateMember, name.start - 1));
            }
            NameCheck::Unknown => add(text, name, names, &mut scope)?,
        }
        let (start, first) = head.value(text)?;
        let mut member = Span {
            name_start: name.start,
            name_end: name.end,
            name_escaped: name.is_escaped,
            value_start: start,
            value_end: 0,
        };
        member.value_end = match first {
            b'{' | b'[' => {
                let open = Open {
                    at: start,
                    first,
                    depth: 1,
                };
                nested(text, open, names)?
            }
            _ => text.scalar(start, first)?,
        };
        sink.member(text.0, member);
        let (end, after) = text.next(member.value_end);
        match after {
            b',' => at = end + 1,
            b'}' => return Ok(end + 1),
            _ => return Err(text.unexpected(end).into()),
        }
    }
}

/// The position and first byte of a value, and the number of open objects and arrays around it.
#[derive(Clone, Copy)]
struct Open {
    at: usize,
    first: u8,
    depth: usize,
}

/// Scans a value of any depth and returns where it ends.
#[inline(never)]
fn nested<S: NameStore, const PLAIN: bool>(
    text: Input<'_, PLAIN>,
    start: Open,
    names: &mut Names<S>,
) -> Result<usize, ScanError> {
    let Open {
        mut at,
        mut first,
        mut depth,
    } = start;
    // For each open object or array: whether it is an object (innermost in the lowest bit), and the
    // index of its first name.
    let mut objects = 0_u64;
    let mut firsts = [0_u32; limits::JSON_DEPTH];
    loop {
        if let open @ (b'{' | b'[') = first {
            let is_object = open == b'{';
            let first_name = firsts.get_mut(depth);
            *first_name.ok_or_else(|| invalid(JsonErrorKind::TooDeep, at))? = names.len() as u32;
            objects = objects << 1 | u64::from(is_object);
            depth += 1;
            (at, first) = text.next(at + 1);
            let close = if is_object { b'}' } else { b']' };
            if first != close {
                if is_object {
                    (at, first) = nested_name(text, at, names, &mut innermost(&firsts, depth))?;
                }
                continue;
            }
        } else {
            at = text.scalar(at, first)?;
        }
        while depth > start.depth {
            (at, first) = text.next(at);
            match (first, objects & 1) {
                (b',', 1) => {
                    (at, first) = nested_name(text, at + 1, names, &mut innermost(&firsts, depth))?;
                    break;
                }
                (b',', _) => {
                    (at, first) = text.next(at + 1);
                    break;
                }
                (b'}', 1) | (b']', 0) => {
                    names.truncate(innermost(&firsts, depth).first());
                    objects >>= 1;
                    depth -= 1;
                    at += 1;
                }
                _ => return Err(text.unexpected(at).into()),
            }
        }
        if depth == start.depth {
            return Ok(at);
        }
    }
}

/// Returns the names of the innermost of `depth` open objects and arrays.
fn innermost(firsts: &[u32; limits::JSON_DEPTH], depth: usize) -> NameScope {
    let first = firsts.get(depth.wrapping_sub(1)).copied();
    let most = match depth {
        1 => limits::JSON_MEMBERS,
        _ => limits::JSON_INNER_MEMBERS,
    };
    NameScope::starting_at(first.unwrap_or_default() as usize, most)
}

/// The name of a member, and the first byte of its value if no white space is between them.
#[derive(Clone, Copy)]
struct MemberHead {
    name: RawName,
    first: Option<u8>,
}

impl MemberHead {
    /// Reads a name, skipping white space before it.
    #[inline(always)]
    fn read<const PLAIN: bool>(text: Input<'_, PLAIN>, at: usize) -> Result<Self, ScanError> {
        if let Some(head) = Self::read_compact(text, at) {
            return Ok(head);
        }
        let start = text.expect_byte(at, b'"')?;
        let (end, is_escaped) = text.string(start)?;
        let name = RawName {
            head: head(text.0, start, end),
            start,
            end,
            is_escaped,
        };
        Ok(Self { name, first: None })
    }

    /// Reads a name of fewer than eight bytes, its colon and the first byte of its value at once,
    /// if no white space is between them.
    #[inline(always)]
    fn read_compact<const PLAIN: bool>(text: Input<'_, PLAIN>, at: usize) -> Option<Self> {
        if !PLAIN {
            return None;
        }
        let window: &[u8; 16] = text.0.get(at..)?.first_chunk()?;
        let [b'"', rest @ ..] = window else {
            return None;
        };
        let (head, len) = short_name(*rest.first_chunk()?)?;
        let first = *window.get(len + 3)?;
        if window.get(len + 2) != Some(&b':') || first <= b' ' {
            return None;
        }
        let name = RawName {
            head,
            start: at + 1,
            end: at + 1 + len,
            is_escaped: false,
        };
        Some(Self {
            name,
            first: Some(first),
        })
    }

    /// Reads the colon; returns the position of the value and its first byte.
    #[inline(always)]
    fn value<const PLAIN: bool>(self, text: Input<'_, PLAIN>) -> Result<(usize, u8), ScanError> {
        if let Some(first) = self.first {
            return Ok((self.name.end + 2, first));
        }
        Ok(text.next(text.expect_byte(self.name.end + 1, b':')?))
    }
}

/// Reads a name and its colon; returns the position of the value and its first byte.
#[inline(always)]
fn nested_name<S: NameStore, const PLAIN: bool>(
    text: Input<'_, PLAIN>,
    at: usize,
    names: &mut Names<S>,
    scope: &mut NameScope,
) -> Result<(usize, u8), ScanError> {
    let head = MemberHead::read(text, at)?;
    match names.add(text.0, head.name, scope) {
        Ok(()) => {}
        Err(NameError::Duplicate) if names.is_unchecked_inside() => {}
        Err(error) => return Err(name_error(error, head.name.start - 1)),
    }
    head.value(text)
}

#[inline(always)]
fn add<S: NameStore, const PLAIN: bool>(
    text: Input<'_, PLAIN>,
    name: RawName,
    names: &mut Names<S>,
    scope: &mut NameScope,
) -> Result<(), ScanError> {
    let added = names.add(text.0, name, scope);
    added.map_err(|error| name_error(error, name.start - 1))
}

#[cold]
fn name_error(error: NameError, at: usize) -> ScanError {
    match error {
        NameError::Duplicate => invalid(JsonErrorKind::DuplicateMember, at),
        NameError::Full => ScanError::NamesFull,
        NameError::TooMany => invalid(JsonErrorKind::TooManyMembers, at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), JsonErrorKind> {
        let result = scan_value(text.as_bytes());
        result.map(drop).map_err(|e| e.kind())
    }

    #[test]
    fn duplicates_are_found_with_any_number_of_open_names() {
        struct Count(usize);
        impl Sink for Count {
            fn member(&mut self, _: &[u8], _: Span) {
                self.0 += 1;
            }

            fn restart(&mut self) {
                self.0 = 0;
            }
        }
        let scan = |text: &str| {
            let mut count = Count(0);
            scan_object(text.as_bytes(), &mut count).map(|_| count.0)
        };
        for count in (1..60).chain(250..256) {
            let names: String = (0..count).map(|n| format!(r#""m{n}":0,"#)).collect();
            let with = |last: &str| scan(&format!("{{{names}{last}}}"));
            assert_eq!(with(r#""z":{"a":{"b":1,"c":2}}"#), Ok(count + 1));
            assert_eq!(with(r#""z":{"m0":{"m0":{}}}"#), Ok(count + 1));
            let last = format!(r#""m{}":0"#, count - 1);
            for last in [
                r#""m0":0"#,
                &last,
                r#""z":{"a":0,"a":0}"#,
                r#""z":{"a":{"b":0,"b":0}}"#,
                r#""z":[{"a":{"c":0},"a":0}]"#,
            ] {
                let kind = with(last).unwrap_err().kind();
                assert_eq!(kind, JsonErrorKind::DuplicateMember, "{count} {last}");
            }
        }
    }

    #[test]
    fn an_outer_scan_allows_duplicates_inside_and_nothing_else() {
        struct Values(Vec<(usize, usize)>);
        impl Sink for Values {
            fn member(&mut self, _: &[u8], member: Span) {
                self.0.push((member.value_start, member.value_end));
            }

            fn restart(&mut self) {
                self.0.clear();
            }
        }
        let scan = |text: &str| {
            let mut values = Values(Vec::new());
            let scanned = scan_outer_object(text.as_bytes(), &mut values);
            scanned.map(|()| values.0).map_err(|error| error.kind())
        };
        let text = r#"{"a":[{"b":1,"b":2}],"c":{"d":{"e":0,"e":0}}}"#;
        assert_eq!(scan(text), Ok(vec![(5, 20), (25, 44)]));
        let many: String = (0..200).map(|n| format!(r#""m{n}":0,"#)).collect();
        let many = format!(r#"{{"z":{{{many}"m0":0,"m199":0}}}}"#);
        assert!(scan(&many).is_ok());
        for (text, kind) in [
            (r#"{"a":1,"a":2}"#, JsonErrorKind::DuplicateMember),
            (r#"{"a":1,"\u0061":2}"#, JsonErrorKind::DuplicateMember),
            (r#"{"a":{"b":1,"b":2,}}"#, JsonErrorKind::Syntax),
            (r#"{"a":{"b":1,"b":01}}"#, JsonErrorKind::Syntax),
            (r#"{"a":{"b":1,"b":2}}x"#, JsonErrorKind::Syntax),
            (r#"{"a":{"b":1,"b":2}"#, JsonErrorKind::UnexpectedEnd),
            (
                r#"{"a":{"b":1,"b":1e999}}"#,
                JsonErrorKind::NumberOutOfRange,
            ),
            (
                r#"{"a":{"b":1,"b":"\ud800"}}"#,
                JsonErrorKind::InvalidUnicode,
            ),
            ("[]", JsonErrorKind::NotAnObject),
        ] {
            assert_eq!(scan(text), Err(kind), "{text}");
        }
    }

    #[test]
    fn duplicate_members_are_rejected_at_any_depth_after_unescaping() {
        for text in [
            r#"{"a":1,"a":2}"#,
            r#"{"exp":1,"e\u0078p":2}"#,
            r#"{"\u0065xp":1,"e\u0078p":2}"#,
            r#"{"x":{"a":1,"b":2,"a":3}}"#,
            r#"[[{"a":1,"a":1}]]"#,
            r#"{"":1,"":2}"#,
            r#"{"a\u0000":1,"a\u0000":2}"#,
        ] {
            assert_eq!(check(text), Err(JsonErrorKind::DuplicateMember), "{text}");
        }
        for text in [
            r#"{"a":1,"A":2}"#,
            r#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}"#,
            r#"{"a\u0000":1,"a":2}"#,
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn duplicates_are_found_beyond_the_inline_names() {
        let many: Vec<_> = (0..200).map(|i| format!(r#""n{i}":0"#)).collect();
        let inner = format!("{{{}}}", many.join(","));
        assert_eq!(check(&inner), Ok(()));
        let nested = format!(r#"{{"a":{inner},"b":{inner},"c":[{inner},{inner}]}}"#);
        assert_eq!(check(&nested), Ok(()));
        let more: Vec<_> = (0..1_000)
            .map(|i| format!(r#""n{i}":{{"n{i}":0}}"#))
            .collect();
        let more = more.join(",");
        assert_eq!(check(&format!(r#"{{"x":[{{{more}}},{inner}]}}"#)), Ok(()));
        for again in ["n0", "n255", "n256", "n999"] {
            let text = format!(r#"{{"x":[{{{more},"{again}":1}}]}}"#);
            assert_eq!(check(&text), Err(JsonErrorKind::DuplicateMember), "{again}");
        }
        for again in ["n0", "n47", "n48", "n199"] {
            let text = format!(r#"{{"x":{{{},"{again}":1}}}}"#, many.join(","));
            assert_eq!(check(&text), Err(JsonErrorKind::DuplicateMember), "{again}");
        }
    }

    #[test]
    fn nesting_is_bounded_and_uses_no_stack() {
        let nest = |n| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert_eq!(check(&nest(limits::JSON_DEPTH)), Ok(()));
        assert_eq!(
            check(&nest(limits::JSON_DEPTH + 1)),
            Err(JsonErrorKind::TooDeep)
        );
        assert_eq!(check(&"[".repeat(100_000)), Err(JsonErrorKind::TooDeep));
        assert_eq!(
            check(&"{\"a\":".repeat(100_000)),
            Err(JsonErrorKind::TooDeep)
        );
    }

    #[test]
    fn members_of_one_object_are_bounded() {
        let object = |n| {
            let members: Vec<_> = (0..n).map(|i| format!(r#""{i}":0"#)).collect();
            format!("{{{}}}", members.join(","))
        };
        assert_eq!(check(&object(limits::JSON_MEMBERS)), Ok(()));
        let over = object(limits::JSON_MEMBERS + 1);
        assert_eq!(check(&over), Err(JsonErrorKind::TooManyMembers));
        let most = object(limits::JSON_INNER_MEMBERS);
        let over = object(limits::JSON_INNER_MEMBERS + 1);
        for (before, after) in [("[", "]"), ("{\"a\":", "}"), ("{\"a\":[1,", "]}")] {
            assert_eq!(check(&format!("{before}{most}{after}")), Ok(()));
            let over = check(&format!("{before}{over}{after}"));
            assert_eq!(over, Err(JsonErrorKind::TooManyMembers));
        }
    }

    #[test]
    fn size_is_bounded() {
        let text = |n| format!("\"{}\"", "a".repeat(n - 2));
        assert_eq!(check(&text(limits::JSON_BYTES)), Ok(()));
        assert_eq!(
            check(&text(limits::JSON_BYTES + 1)),
            Err(JsonErrorKind::TooLarge)
        );
    }

    #[test]
    fn surrogates_must_be_paired() {
        assert_eq!(check(r#""\ud83d\ude00""#), Ok(()));
        for text in [
            r#""\ud800""#,
            r#""\udc00""#,
            r#""\ud800\ud800""#,
            r#""\ud800x""#,
            r#""\ud800\n""#,
            r#""\udc00\ud800""#,
        ] {
            assert_eq!(check(text), Err(JsonErrorKind::InvalidUnicode), "{text}");
        }
    }

    #[test]
    fn byte_order_mark_and_trailing_bytes_are_rejected() {
        assert_eq!(check(" {} \n\t\r"), Ok(()));
        for text in [
            "\u{feff}{}",
            "{} x",
            "{}{}",
            "{},",
            "{}\0",
            "1 2",
            "{}\u{a0}",
        ] {
            assert_eq!(check(text), Err(JsonErrorKind::Syntax), "{text:?}");
        }
    }

    #[test]
    fn invalid_utf8_is_rejected_at_its_position() {
        let error = scan_value(b"{\"a\":\"\xff\"}").unwrap_err();
        assert_eq!(
            (error.kind(), error.offset()),
            (JsonErrorKind::InvalidUnicode, 6)
        );
    }

    #[test]
    fn every_truncation_is_rejected() {
        let text = r#"{"a":[1,-2.5e+3,true,null,"x\u00e9\n"],"b":{"c":false}}"#;
        assert_eq!(check(text), Ok(()));
        for end in 0..text.len() {
            assert!(check(text.get(..end).unwrap()).is_err(), "{end}");
        }
    }
}
