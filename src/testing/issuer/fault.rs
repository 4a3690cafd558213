//! Faults of a fake issuer.

use std::time::Duration;

/// An HTTP answer of a [`FakeIssuer`](crate::testing::FakeIssuer): status, headers and body.
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
    /// Makes an answer with this status and no body.
    pub const fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Makes an answer with status 200 and this body, of the type `application/json`.
    pub fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200).content("application/json", body)
    }

    /// Sets a header, and replaces all of the same name.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into();
        self.headers
            .retain(|(other, _)| !other.eq_ignore_ascii_case(&name));
        self.headers.push((name, value.into()));
        self
    }

    /// Sets the body and the header `content-type`.
    pub fn content(self, content_type: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        let mut answer = self.header("content-type", content_type);
        answer.body = body.into();
        answer
    }
}

/// What an endpoint does instead of answering as it should, until it is
/// [healed](crate::testing::FakeIssuer::heal).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// Gives this answer to every request.
    Answer(Answer),
    /// Gives the usual body with this content type.
    ContentType(String),
    /// Reads the request and never answers.
    Hang,
    /// Reads the request and gives the usual answer when the endpoint is healed.
    Hold,
    /// Gives an HTML page with a login form, with status 200.
    Html,
    /// Gives the usual JSON, padded with spaces to this many bytes, in chunks without a total
    /// length.
    Huge(usize),
    /// Redirects to this URL with status 307, under which clients keep method and body.
    Redirect(String),
    /// Resets the connection before it answers.
    Reset,
    /// Gives the usual answer after this time.
    Slow(Duration),
    /// Gives this status and an error in JSON.
    Status(u16),
    /// Announces the whole body, sends half of it and closes the connection.
    Truncated,
}
