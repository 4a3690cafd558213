//! The scanner: one pass, no recursion.

use super::JsonError;
use super::JsonErrorKind;
use super::lexeme::Text;
use super::names::Among;
use super::names::FEW;
use super::names::MANY;
use super::names::Names;
use super::names::Refused;
use super::names::Written;
use super::names::head;
use super::names::short_name;
use super::plain::is_plain;
use crate::limits;

/// Takes the members of the top-level object as they are found.
pub(crate) trait Sink {
    /// Takes the name of the next member, if the sink tells it from all others itself.
    #[inline(always)]
    fn name(&mut self, _text: &[u8], _name: Written) -> Told {
        Told::Not
    }

    /// Takes one member, whose name it was given before.
    fn member(&mut self, text: &[u8], member: Span);

    /// Forgets all members: the scan begins again with more room.
    fn restart(&mut self);
}

/// What a sink says of a name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Told {
    /// This object has had it before.
    Again,
    /// It is the first of that name.
    First,
    /// The sink does not know.
    Not,
}

/// Where one member of an object stands in its text.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Span {
    /// First byte of the name, behind its quote.
    pub(crate) name_start: usize,
    /// The closing quote of the name.
    pub(crate) name_end: usize,
    /// The name has escapes.
    pub(crate) name_escaped: bool,
    /// First byte of the value.
    pub(crate) value_start: usize,
    /// First byte behind the value.
    pub(crate) value_end: usize,
}

/// What is known of the characters of a scanned text.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Texture {
    /// Printable ASCII without escapes: what stands between quotes is a string's content.
    Plain,
    /// Anything else.
    #[default]
    Any,
}

/// Scans a text whose top value must be an object.
#[inline]
pub(crate) fn scan_object(text: &[u8], sink: &mut impl Sink) -> Result<Texture, JsonError> {
    let texture = texture(text)?;
    let scanned = match texture {
        Texture::Plain => object::<FEW, _>(Text::<true>(text), sink),
        Texture::Any => object::<FEW, _>(Text::<false>(text), sink),
    };
    match scanned {
        Ok(()) => Ok(texture),
        Err(Halt::Fault(error)) => Err(error),
        Err(Halt::Full) => {
            sink.restart();
            object::<MANY, _>(Text::<false>(text), sink)?;
            Ok(texture)
        }
    }
}

/// Scans a text whose top value may be of any kind, and returns where the value stands.
pub(super) fn scan_value(text: &[u8]) -> Result<(usize, usize), JsonError> {
    texture(text)?;
    let text = Text::<false>(text);
    let (start, _) = text.next(0);
    let end = match value::<FEW>(text, start) {
        Err(Halt::Full) => value::<MANY>(text, start)?,
        end => end?,
    };
    Ok((start, end))
}

/// Why the scan stops before the end.
enum Halt {
    Fault(JsonError),
    /// There is no room for another name.
    Full,
}

impl From<JsonError> for Halt {
    fn from(error: JsonError) -> Self {
        Self::Fault(error)
    }
}

impl From<Halt> for JsonError {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Fault(error) => error,
            // Not reached: the many names take any number.
            Halt::Full => Self::new(JsonErrorKind::TooManyMembers, 0),
        }
    }
}

#[cold]
fn halt(kind: JsonErrorKind, at: usize) -> Halt {
    Halt::Fault(JsonError::new(kind, at))
}

fn texture(text: &[u8]) -> Result<Texture, JsonError> {
    if text.len() > limits::JSON_BYTES {
        return Err(JsonError::new(JsonErrorKind::TooLarge, limits::JSON_BYTES));
    }
    if is_plain(text) {
        return Ok(Texture::Plain);
    }
    match str::from_utf8(text) {
        Ok(_) => Ok(Texture::Any),
        Err(e) => Err(JsonError::new(
            JsonErrorKind::InvalidUnicode,
            e.valid_up_to(),
        )),
    }
}

fn value<const INLINE: usize>(text: Text<'_, false>, start: usize) -> Result<usize, Halt> {
    let start = Open {
        at: start,
        first: text.peek(start),
        depth: 0,
    };
    let end = nested(text, start, &mut Names::<INLINE>::new())?;
    finish(text, end)?;
    Ok(end)
}

#[inline(always)]
fn object<const INLINE: usize, const PLAIN: bool>(
    text: Text<'_, PLAIN>,
    sink: &mut impl Sink,
) -> Result<(), Halt> {
    let (start, first) = text.next(0);
    match first {
        b'{' => {}
        _ if start < text.0.len() => return Err(halt(JsonErrorKind::NotAnObject, start)),
        _ => return Err(halt(JsonErrorKind::UnexpectedEnd, start)),
    }
    let end = members(text, start + 1, &mut Names::<INLINE>::new(), sink)?;
    finish(text, end)
}

/// Only space may stand behind the top value.
fn finish<const PLAIN: bool>(text: Text<'_, PLAIN>, end: usize) -> Result<(), Halt> {
    let (end, _) = text.next(end);
    if end < text.0.len() {
        return Err(halt(JsonErrorKind::Syntax, end));
    }
    Ok(())
}

/// Scans the top-level object from behind its brace to behind the closing one.
///
/// What a token says stands here; `nested` does the rest.
#[inline(never)]
fn members<const INLINE: usize, const PLAIN: bool>(
    text: Text<'_, PLAIN>,
    start: usize,
    names: &mut Names<INLINE>,
    sink: &mut impl Sink,
) -> Result<usize, Halt> {
    let (mut at, first) = text.next(start);
    if first == b'}' {
        return Ok(at + 1);
    }
    let (mut among, mut count) = (Among::none(), 0);
    loop {
        let head = Head::read(text, at)?;
        let name = head.name;
        if count == limits::JSON_MEMBERS {
            return Err(halt(JsonErrorKind::TooManyMembers, name.start - 1));
        }
        count += 1;
        match sink.name(text.0, name) {
            Told::First => {}
            Told::Again => return Err(halt(JsonErrorKind::DuplicateMember, name.start - 1)),
            Told::Not => add(text, name, names, &mut among)?,
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
        let (end, behind) = text.next(member.value_end);
        match behind {
            b',' => at = end + 1,
            b'}' => return Ok(end + 1),
            _ => return Err(text.unexpected(end).into()),
        }
    }
}

/// Where a value stands, its first byte, and how many objects and arrays are open around it.
#[derive(Clone, Copy)]
struct Open {
    at: usize,
    first: u8,
    depth: usize,
}

/// Scans a value of any depth and returns where it ends.
#[inline(never)]
fn nested<const INLINE: usize, const PLAIN: bool>(
    text: Text<'_, PLAIN>,
    start: Open,
    names: &mut Names<INLINE>,
) -> Result<usize, Halt> {
    let Open {
        mut at,
        mut first,
        mut depth,
    } = start;
    // Of what is open: whether it is an object, innermost lowest, and its first name.
    let mut objects = 0_u64;
    let mut firsts = [0_u32; limits::JSON_DEPTH];
    loop {
        if let open @ (b'{' | b'[') = first {
            let is_object = open == b'{';
            let first_name = firsts.get_mut(depth);
            *first_name.ok_or_else(|| halt(JsonErrorKind::TooDeep, at))? = names.len() as u32;
            objects = objects << 1 | u64::from(is_object);
            depth += 1;
            (at, first) = text.next(at + 1);
            let close = if is_object { b'}' } else { b']' };
            if first != close {
                if is_object {
                    (at, first) = nested_name(text, at, names, &mut among(&firsts, depth))?;
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
                    (at, first) = nested_name(text, at + 1, names, &mut among(&firsts, depth))?;
                    break;
                }
                (b',', _) => {
                    (at, first) = text.next(at + 1);
                    break;
                }
                (b'}', 1) | (b']', 0) => {
                    names.truncate(among(&firsts, depth).first());
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

/// Returns the names of the innermost of so many open objects and arrays.
fn among(firsts: &[u32; limits::JSON_DEPTH], depth: usize) -> Among {
    let first = firsts.get(depth.wrapping_sub(1)).copied();
    Among::some(first.unwrap_or_default() as usize)
}

/// The name of a member, and the first byte of its value where both stand close together.
#[derive(Clone, Copy)]
struct Head {
    name: Written,
    first: Option<u8>,
}

impl Head {
    /// Reads a name, which may have space before it.
    #[inline(always)]
    fn read<const PLAIN: bool>(text: Text<'_, PLAIN>, at: usize) -> Result<Self, Halt> {
        if let Some(close) = Self::close(text, at) {
            return Ok(close);
        }
        let start = text.behind(at, b'"')?;
        let (end, is_escaped) = text.string(start)?;
        let name = Written {
            head: head(text.0, start, end),
            start,
            end,
            is_escaped,
        };
        Ok(Self { name, first: None })
    }

    /// Reads a name of fewer than eight bytes, its colon and the first byte of its value at once,
    /// if no space stands between them.
    #[inline(always)]
    fn close<const PLAIN: bool>(text: Text<'_, PLAIN>, at: usize) -> Option<Self> {
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
        let name = Written {
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

    /// Reads the colon; returns where the value stands, and its first byte.
    #[inline(always)]
    fn value<const PLAIN: bool>(self, text: Text<'_, PLAIN>) -> Result<(usize, u8), Halt> {
        if let Some(first) = self.first {
            return Ok((self.name.end + 2, first));
        }
        Ok(text.next(text.behind(self.name.end + 1, b':')?))
    }
}

/// Reads a name and its colon; returns where the value stands, and its first byte.
#[inline(always)]
fn nested_name<const INLINE: usize, const PLAIN: bool>(
    text: Text<'_, PLAIN>,
    at: usize,
    names: &mut Names<INLINE>,
    among: &mut Among,
) -> Result<(usize, u8), Halt> {
    let head = Head::read(text, at)?;
    add(text, head.name, names, among)?;
    head.value(text)
}

#[inline(always)]
fn add<const INLINE: usize, const PLAIN: bool>(
    text: Text<'_, PLAIN>,
    name: Written,
    names: &mut Names<INLINE>,
    among: &mut Among,
) -> Result<(), Halt> {
    let added = names.add(text.0, name, among);
    added.map_err(|refused| refuse(refused, name.start - 1))
}

#[cold]
fn refuse(refused: Refused, at: usize) -> Halt {
    match refused {
        Refused::Duplicate => halt(JsonErrorKind::DuplicateMember, at),
        Refused::Full => Halt::Full,
        Refused::TooMany => halt(JsonErrorKind::TooManyMembers, at),
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
    fn duplicates_are_found_however_many_names_are_open() {
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
    fn duplicate_members_are_refused_at_any_depth_after_unescaping() {
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
        for again in ["n0", "n47", "n48", "n199"] {
            let text = format!(r#"{{"x":{{{},"{again}":1}}}}"#, many.join(","));
            assert_eq!(check(&text), Err(JsonErrorKind::DuplicateMember), "{again}");
        }
    }

    #[test]
    fn nesting_is_bounded_and_costs_no_stack() {
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
    fn surrogates_come_in_pairs() {
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
    fn byte_order_mark_and_trailing_bytes_are_refused() {
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
    fn invalid_utf8_is_refused_where_it_begins() {
        let error = scan_value(b"{\"a\":\"\xff\"}").unwrap_err();
        assert_eq!(
            (error.kind(), error.offset()),
            (JsonErrorKind::InvalidUnicode, 6)
        );
    }

    #[test]
    fn every_truncation_is_refused() {
        let text = r#"{"a":[1,-2.5e+3,true,null,"x\u00e9\n"],"b":{"c":false}}"#;
        assert_eq!(check(text), Ok(()));
        for end in 0..text.len() {
            assert!(check(text.get(..end).unwrap()).is_err(), "{end}");
        }
    }
}
