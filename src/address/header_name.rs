//! The names of headers that report the address of the client.

use std::str::FromStr;

use http::HeaderName;

use super::proxies::ForwardedBy;
use crate::error::ConfigError;

impl FromStr for ForwardedBy {
    type Err = ConfigError;

    /// Reads the name of a header, in which case is ignored: `x-forwarded-for`, `forwarded`, or any
    /// other one for a header with a [single](ForwardedBy::Single) address.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) in the field `header` for a
    /// text that is no name of a header.
    fn from_str(name: &str) -> Result<Self, ConfigError> {
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|error| {
            let expected = "the name of a header";
            let remedy = "write `x-forwarded-for`, `forwarded`, or the header of the proxy";
            ConfigError::unexpected("header", expected, name, remedy).with_source(error)
        })?;
        Ok(match header.as_str() {
            "x-forwarded-for" => Self::XForwardedFor,
            "forwarded" => Self::Forwarded,
            _ => Self::Single(header),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_their_name_and_every_other_header_has_a_single_address() {
        let read = |name: &str| name.parse::<ForwardedBy>();
        assert_eq!(read("X-Forwarded-For").unwrap(), ForwardedBy::XForwardedFor);
        assert_eq!(read("forwarded").unwrap(), ForwardedBy::Forwarded);
        let single = HeaderName::from_static("cf-connecting-ip");
        assert_eq!(
            read("CF-Connecting-IP").unwrap(),
            ForwardedBy::Single(single)
        );
        for wrong in ["", "a b", "x-forwarded-for:"] {
            assert_eq!(read(wrong).unwrap_err().field(), "header", "{wrong}");
        }
    }
}
