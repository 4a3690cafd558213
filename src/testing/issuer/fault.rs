//! What a provider can be made to do wrong.

use std::time::Duration;

/// An HTTP answer as it stands: status, headers and body.
///
/// ```
/// use bearergate::testing::Answer;
///
/// let answer = Answer::json(r#"{"keys": []}"#).header("cache-control", "max-age=60");
/// let refused = Answer::new(429).header("retry-after", "30");
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// Makes an answer of this status without a body.
    pub const fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Makes an answer of status 200 with this body, as `application/json`.
    pub fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200).content("application/json", body)
    }

    /// Sets a header in place of all of the same name.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into();
        self.headers
            .retain(|(other, _)| !other.eq_ignore_ascii_case(&name));
        self.headers.push((name, value.into()));
        self
    }

    /// Sets the body and its type.
    pub fn content(self, content_type: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        let mut answer = self.header("content-type", content_type);
        answer.body = body.into();
        answer
    }
}

/// What an endpoint does in place of its duty, until it is healed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// Gives this answer, whatever is asked.
    Answer(Answer),
    /// Gives the right body under this content type.
    ContentType(String),
    /// Reads the request and never answers.
    Hang,
    /// Reads the request and gives the right answer when the endpoint is healed.
    Hold,
    /// Gives a login page in HTML, with status 200.
    Html,
    /// Gives the right JSON, filled with blanks to this many bytes, in chunks that do not say
    /// how many are to come.
    Huge(usize),
    /// Sends the client to this URL, with status 307: method and body would be kept.
    Redirect(String),
    /// Resets the connection before it answers.
    Reset,
    /// Gives the right answer after this time.
    Slow(Duration),
    /// Gives this status and an error in JSON.
    Status(u16),
    /// Announces the whole body, sends half of it and closes the connection.
    Truncated,
}
