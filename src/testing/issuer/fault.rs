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
    /// Makes an answer with this status, no header and no body. The status is sent as given, also
    /// one that HTTP does not define.
    pub const fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Makes an answer with status 200 and this body, of the type `application/json`. The body is
    /// not parsed, so that malformed JSON can be sent.
    pub fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200).content("application/json", body)
    }

    /// Sets a header, and replaces all of the same name in any case of letters. Name and value are
    /// sent as given, without a check.
    ///
    /// The length of the body, and `date` if it is missing, are added when the answer is sent.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into();
        self.headers
            .retain(|(other, _)| !other.eq_ignore_ascii_case(&name));
        self.headers.push((name, value.into()));
        self
    }

    /// Sets the body and the header `content-type`. Neither is checked, so that they can contradict
    /// each other.
    pub fn content(self, content_type: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        let mut answer = self.header("content-type", content_type);
        answer.body = body.into();
        answer
    }
}

/// What an endpoint does instead of answering as it should, until it is
/// [healed](crate::testing::FakeIssuer::heal).
///
/// Set it with [`FakeIssuer::fail`](crate::testing::FakeIssuer::fail), or for one request with
/// [`FakeIssuer::fail_once`](crate::testing::FakeIssuer::fail_once). The request is recorded in
/// every case.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// Gives this answer to every request, whatever its method and its credentials are.
    Answer(Answer),
    /// Gives the usual answer with this content type, so that a client that does not check the type
    /// accepts it.
    ContentType(String),
    /// Reads the request and never answers; the connection is closed when the issuer goes down. A
    /// client without a timeout waits until then.
    Hang,
    /// Reads the request and gives the usual answer when the endpoint is
    /// [healed](crate::testing::FakeIssuer::heal). Use it to keep many requests in flight at once.
    Hold,
    /// Gives an HTML page with a login form, with status 200, as proxies do that intercept a
    /// request.
    Html,
    /// Gives the usual JSON, padded with spaces to this many bytes, in chunks without a total
    /// length. A client that has no limit of its own reads all of it.
    Huge(usize),
    /// Redirects to this URL with status 307, under which clients keep method and body. A client
    /// that follows it sends its credentials to that URL.
    Redirect(String),
    /// Resets the connection before it answers, after the head of the request was read. The request
    /// is recorded without its body.
    Reset,
    /// Gives the usual answer after this time, whether the endpoint is healed before or not. If the
    /// issuer goes down first, there is no answer.
    Slow(Duration),
    /// Gives this status and the JSON object `{"error":"server_error"}`, without the usual answer.
    Status(u16),
    /// Announces the length of the whole body, sends half of it and closes the connection. A client
    /// has to treat it as an error, also if the half is valid JSON.
    Truncated,
}
