//! The requests of one connection, and their answers or faults.

use std::io;
use std::net::TcpStream;
use std::ops::ControlFlow;

use time::OffsetDateTime;

use super::endpoint::FakeEndpoint;
use super::fault::{Answer, Fault};
use super::state::{FaultTicket, Provider};
use super::wire;
use crate::clock::UnixTime;

const LOGIN: &str =
    "<!DOCTYPE html><title>Sign in</title><form method=post><input name=user></form>";

impl Provider {
    /// Answers the requests one by one until either side closes the connection.
    pub(super) fn serve(&self, stream: &mut TcpStream) -> io::Result<()> {
        while let Some(mut request) = wire::read_head(stream)? {
            let endpoint = FakeEndpoint::of(request.target(), &self.base);
            let ticket = self.ticket(endpoint);
            if matches!(ticket.fault, Some(Fault::Reset)) {
                // Unread bytes make the system reset the connection when it is closed.
                self.record(endpoint, request);
                return Ok(());
            }
            wire::read_body(stream, &mut request)?;
            self.record(endpoint, request.clone());
            let answered = self.act(stream, &ticket, || self.answer(endpoint, &request))?;
            if answered.is_break() || !request.keeps_alive() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Answers as the fault says, or as usual; breaks if the connection must be closed.
    fn act(
        &self,
        stream: &mut TcpStream,
        ticket: &FaultTicket,
        usual: impl FnOnce() -> Answer,
    ) -> io::Result<ControlFlow<()>> {
        let answer = match &ticket.fault {
            None => usual(),
            Some(Fault::Answer(answer)) => answer.clone(),
            Some(Fault::ContentType(content_type)) => usual().header("content-type", content_type),
            Some(Fault::Hang | Fault::Reset) => {
                self.hang(ticket);
                return Ok(ControlFlow::Break(()));
            }
            Some(Fault::Hold) if self.hold(ticket, None) => usual(),
            Some(Fault::Slow(span)) if self.hold(ticket, Some(*span)) => usual(),
            Some(Fault::Hold | Fault::Slow(_)) => return Ok(ControlFlow::Break(())),
            Some(Fault::Html) => Answer::new(200).content("text/html; charset=utf-8", LOGIN),
            Some(Fault::Huge(bytes)) => {
                wire::write_chunks(stream, &self.dated(usual()), *bytes)?;
                return Ok(ControlFlow::Continue(()));
            }
            Some(Fault::Redirect(url)) => Answer::new(307).header("location", url),
            Some(Fault::Status(status)) => {
                Answer::new(*status).content("application/json", r#"{"error":"server_error"}"#)
            }
            Some(Fault::Truncated) => {
                wire::write_half(stream, &self.dated(usual()))?;
                return Ok(ControlFlow::Break(()));
            }
        };
        wire::write(stream, &self.dated(answer))?;
        Ok(ControlFlow::Continue(()))
    }

    /// Adds the header `date`, unless the answer has one.
    fn dated(&self, answer: Answer) -> Answer {
        let mut headers = answer.headers.iter();
        if headers.any(|(name, _)| name.eq_ignore_ascii_case("date")) {
            return answer;
        }
        match date(self.now()) {
            Some(date) => answer.header("date", date),
            None => answer,
        }
    }
}

/// Formats a time as in RFC 9110 section 5.6.7.
fn date(now: UnixTime) -> Option<String> {
    let time: OffsetDateTime = now.to_datetime()?;
    let (day, month) = (time.weekday().to_string(), time.month().to_string());
    Some(format!(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
        day.get(..3)?,
        time.day(),
        month.get(..3)?,
        time.year(),
        time.hour(),
        time.minute(),
        time.second(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_has_the_format_of_the_rfc() {
        let text = date(UnixTime::from_secs(784_111_777));
        assert_eq!(text.as_deref(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
    }
}
