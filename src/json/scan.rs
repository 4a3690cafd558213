//! The scanner: one pass, no recursion.

use std::str::Utf8Error;

use super::JsonError;
use super::JsonErrorKind;
use super::names::FEW;
use super::names::Names;
use super::number;
use super::plain::plain_end;
use crate::limits;

/// Takes the members of the top-level object as they are found.
pub(crate) trait Sink {
    /// Takes one member.
    fn member(&mut self, text: &[u8], member: Span);
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

/// Scans a text whose top value must be an object.
pub(crate) fn scan_object(text: &[u8], sink: &mut impl Sink) -> Result<(), JsonError> {
    let mut scanner = Scanner::new(text)?;
    scanner.skip_space();
    match scanner.peek() {
        Some(b'{') | None => scanner.run(sink).map(drop),
        Some(_) => Err(JsonError::new(JsonErrorKind::NotAnObject, scanner.at)),
    }
}

/// Scans a text whose top value may be of any kind, and returns where the value stands.
pub(super) fn scan_value(text: &[u8], sink: &mut impl Sink) -> Result<(usize, usize), JsonError> {
    let mut scanner = Scanner::new(text)?;
    scanner.skip_space();
    let start = scanner.at;
    let end = scanner.run(sink)?;
    Ok((start, end))
}

struct Scanner<'j, const INLINE: usize> {
    text: &'j [u8],
    at: usize,
    value_end: usize,
    member: Span,
    frames: [Frame; limits::JSON_DEPTH],
    innermost: Frame,
    depth: usize,
    names: Names<INLINE>,
}

/// An open object or array. `frames` holds those around the innermost one.
#[derive(Clone, Copy, Default)]
struct Frame {
    is_object: bool,
    first_name: u32,
}

enum State {
    /// Behind `{`.
    FirstMember,
    /// Behind `[`.
    FirstElement,
    /// Where a name must stand.
    Name,
    /// Where a value must stand.
    Value,
    /// Behind a value.
    After,
}

impl<'j> Scanner<'j, FEW> {
    // Inlined, so that its half kilobyte is made in place.
    #[inline(always)]
    fn new(text: &'j [u8]) -> Result<Self, JsonError> {
        if text.len() > limits::JSON_BYTES {
            return Err(JsonError::new(JsonErrorKind::TooLarge, limits::JSON_BYTES));
        }
        if !text.is_ascii() {
            let invalid =
                |e: Utf8Error| JsonError::new(JsonErrorKind::InvalidUnicode, e.valid_up_to());
            str::from_utf8(text).map_err(invalid)?;
        }
        Ok(Self {
            text,
            at: 0,
            value_end: 0,
            member: Span::default(),
            frames: [Frame::default(); limits::JSON_DEPTH],
            innermost: Frame::default(),
            depth: 0,
            names: Names::new(),
        })
    }

    /// Scans to the end and returns where the top value ends.
    fn run(&mut self, sink: &mut impl Sink) -> Result<usize, JsonError> {
        let mut state = State::Value;
        loop {
            if matches!(state, State::FirstMember | State::Name) && self.names.is_full() {
                return self.run_wide(state, sink);
            }
            match self.step(state, sink) {
                Ok(Some(next)) => state = next,
                Ok(None) => return Ok(self.value_end),
                Err(kind) => return Err(JsonError::new(kind, self.at)),
            }
        }
    }

    /// Goes on with room for more names.
    #[cold]
    #[inline(never)]
    fn run_wide(&self, mut state: State, sink: &mut impl Sink) -> Result<usize, JsonError> {
        let mut wide = Scanner {
            text: self.text,
            at: self.at,
            value_end: self.value_end,
            member: self.member,
            frames: self.frames,
            innermost: self.innermost,
            depth: self.depth,
            names: self.names.widen(),
        };
        loop {
            match wide.step(state, sink) {
                Ok(Some(next)) => state = next,
                Ok(None) => return Ok(wide.value_end),
                Err(kind) => return Err(JsonError::new(kind, wide.at)),
            }
        }
    }
}

impl<'j, const INLINE: usize> Scanner<'j, INLINE> {
    /// Takes one step; `None` at the end.
    #[inline]
    fn step(&mut self, state: State, sink: &mut impl Sink) -> Result<Option<State>, JsonErrorKind> {
        self.skip_space();
        Ok(Some(match state {
            State::FirstMember if self.peek() == Some(b'}') => self.close(),
            State::FirstElement if self.peek() == Some(b']') => self.close(),
            State::FirstMember | State::Name => self.name()?,
            State::FirstElement | State::Value => self.value()?,
            State::After if self.depth == 0 => return self.end().map(|()| None),
            State::After => self.after(sink)?,
        }))
    }

    #[inline]
    fn name(&mut self) -> Result<State, JsonErrorKind> {
        self.expect(b'"')?;
        let start = self.at;
        let escaped = self.string()?;
        let end = self.at - 1;
        let first = self.innermost.first_name as usize;
        if self.names.len() - first == limits::JSON_MEMBERS {
            return self.refuse_at(start - 1, JsonErrorKind::TooManyMembers);
        }
        if !self.names.add(self.text, first, (start, end, escaped)) {
            return self.refuse_at(start - 1, JsonErrorKind::DuplicateMember);
        }
        self.skip_space();
        self.expect(b':')?;
        if self.depth == 1 {
            self.skip_space();
            self.member = Span {
                name_start: start,
                name_end: end,
                name_escaped: escaped,
                value_start: self.at,
                value_end: 0,
            };
        }
        Ok(State::Value)
    }

    #[inline]
    fn value(&mut self) -> Result<State, JsonErrorKind> {
        match self.peek() {
            Some(b'"') => {
                self.at += 1;
                self.string()?;
            }
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b'{') => return self.open(true),
            Some(b'[') => return self.open(false),
            Some(b't') => self.literal(b"true")?,
            Some(b'f') => self.literal(b"false")?,
            Some(b'n') => self.literal(b"null")?,
            _ => return Err(self.unexpected()),
        }
        self.value_end = self.at;
        Ok(State::After)
    }

    fn after(&mut self, sink: &mut impl Sink) -> Result<State, JsonErrorKind> {
        let is_object = self.innermost.is_object;
        if is_object && self.depth == 1 {
            self.member.value_end = self.value_end;
            sink.member(self.text, self.member);
        }
        match (self.peek(), is_object) {
            (Some(b','), true) => {
                self.at += 1;
                Ok(State::Name)
            }
            (Some(b','), false) => {
                self.at += 1;
                Ok(State::Value)
            }
            (Some(b'}'), true) | (Some(b']'), false) => Ok(self.close()),
            _ => Err(self.unexpected()),
        }
    }

    fn open(&mut self, is_object: bool) -> Result<State, JsonErrorKind> {
        let first_name = self.names.len() as u32;
        let Some(around) = self.frames.get_mut(self.depth) else {
            return Err(JsonErrorKind::TooDeep);
        };
        *around = self.innermost;
        self.innermost = Frame {
            is_object,
            first_name,
        };
        self.depth += 1;
        self.at += 1;
        Ok(if is_object {
            State::FirstMember
        } else {
            State::FirstElement
        })
    }

    fn close(&mut self) -> State {
        self.names.truncate(self.innermost.first_name as usize);
        self.depth -= 1;
        self.innermost = self.frames.get(self.depth).copied().unwrap_or_default();
        self.at += 1;
        self.value_end = self.at;
        State::After
    }

    fn end(&self) -> Result<(), JsonErrorKind> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(JsonErrorKind::Syntax),
        }
    }

    /// Reads the rest of a string and its closing quote; returns whether it has escapes.
    #[inline]
    fn string(&mut self) -> Result<bool, JsonErrorKind> {
        let mut escaped = false;
        loop {
            self.at = plain_end(self.text, self.at);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    self.at += 1;
                    self.escape()?;
                }
                Some(_) => return Err(JsonErrorKind::Syntax),
                None => return Err(JsonErrorKind::UnexpectedEnd),
            }
        }
    }

    #[cold]
    fn escape(&mut self) -> Result<(), JsonErrorKind> {
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(())
            }
            Some(b'u') => self.unicode(),
            _ => Err(self.unexpected()),
        }
    }

    fn unicode(&mut self) -> Result<(), JsonErrorKind> {
        let start = self.at - 1;
        match self.hex4()? {
            0xd800..0xdc00 => {
                if self.rest().get(..2) != Some(b"\\u") {
                    return self.refuse_at(start, JsonErrorKind::InvalidUnicode);
                }
                self.at += 1;
                match self.hex4()? {
                    0xdc00..0xe000 => Ok(()),
                    _ => self.refuse_at(start, JsonErrorKind::InvalidUnicode),
                }
            }
            0xdc00..0xe000 => self.refuse_at(start, JsonErrorKind::InvalidUnicode),
            _ => Ok(()),
        }
    }

    /// Reads `u` and four hexadecimal digits.
    fn hex4(&mut self) -> Result<u32, JsonErrorKind> {
        let mut code = 0;
        for _ in 0..4 {
            self.at += 1;
            let digit = self.peek().and_then(|b| char::from(b).to_digit(16));
            code = code << 4 | digit.ok_or_else(|| self.unexpected())?;
        }
        self.at += 1;
        Ok(code)
    }

    fn number(&mut self) -> Result<(), JsonErrorKind> {
        let len = number::scan(self.rest())?;
        self.at += len.get();
        Ok(())
    }

    fn literal(&mut self, word: &[u8]) -> Result<(), JsonErrorKind> {
        if !self.rest().starts_with(word) {
            return Err(JsonErrorKind::Syntax);
        }
        self.at += word.len();
        Ok(())
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Result<(), JsonErrorKind> {
        if self.peek() != Some(byte) {
            return Err(self.unexpected());
        }
        self.at += 1;
        Ok(())
    }

    #[inline]
    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    #[inline]
    fn rest(&self) -> &'j [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    #[cold]
    fn unexpected(&self) -> JsonErrorKind {
        match self.peek() {
            None => JsonErrorKind::UnexpectedEnd,
            Some(_) => JsonErrorKind::Syntax,
        }
    }

    /// Refuses the text for what stands at `at`; every other refusal is for where the scan stands.
    #[cold]
    fn refuse_at<T>(&mut self, at: usize, kind: JsonErrorKind) -> Result<T, JsonErrorKind> {
        self.at = at;
        Err(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Ignore;

    impl Sink for Ignore {
        fn member(&mut self, _: &[u8], _: Span) {}
    }

    fn check(text: &str) -> Result<(), JsonErrorKind> {
        let result = scan_value(text.as_bytes(), &mut Ignore);
        result.map(drop).map_err(|e| e.kind())
    }

    #[test]
    fn duplicates_are_found_however_many_names_are_open() {
        struct Count(usize);
        impl Sink for Count {
            fn member(&mut self, _: &[u8], _: Span) {
                self.0 += 1;
            }
        }
        let scan = |text: &str| {
            let mut count = Count(0);
            scan_object(text.as_bytes(), &mut count).map(|()| count.0)
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
        let error = scan_value(b"{\"a\":\"\xff\"}", &mut Ignore).unwrap_err();
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
