//! Reading of X.509 certificates (RFC 5280 section 4.1): the public key and its validity.
//!
//! The certificate is only a container: its signature and its issuer are not checked, because the
//! source that it was read from is what is trusted.

use time::{Date, Month};

use super::der;
use super::der::{BIT_STRING, DerReader, INTEGER, SEQUENCE, VERSION, whole};
use crate::clock::UnixTime;
use crate::crypto::{Flaw, Material};

/// What is used of a certificate.
pub(super) struct Certificate {
    pub(super) material: Material,
    /// The key is used from this time.
    pub(super) not_before: UnixTime,
    /// The key is not used from this time.
    pub(super) not_after: UnixTime,
}

impl Certificate {
    /// Reads a certificate in DER.
    pub(super) fn read(der: &[u8]) -> Result<Self, Flaw> {
        let fields = Fields::read(der).ok_or(Flaw::malformed(
            "expected an X.509 certificate, found other bytes; publish the whole certificate",
        ))?;
        let validity = fields.validity();
        let (not_before, not_after) = validity.ok_or(Flaw::malformed(
            "expected a validity of two times in their order, found another; \
             have the certificate replaced",
        ))?;
        Ok(Self {
            material: der::public_key(fields.public_key)?,
            not_before,
            not_after,
        })
    }
}

/// The fields that are read, still in DER.
struct Fields<'d> {
    validity: &'d [u8],
    public_key: &'d [u8],
}

impl<'d> Fields<'d> {
    fn read(der: &'d [u8]) -> Option<Self> {
        let mut certificate = whole(der, SEQUENCE)?;
        let mut body = DerReader::new(certificate.take(SEQUENCE)?);
        certificate.take(SEQUENCE)?;
        certificate.take(BIT_STRING)?;
        certificate.end()?;
        // The version is absent in certificates of version 1.
        let _ = body.take(VERSION);
        let _serial = body.take(INTEGER)?;
        let _algorithm = body.take(SEQUENCE)?;
        let _issuer = body.take(SEQUENCE)?;
        let validity = body.take(SEQUENCE)?;
        let _subject = body.take(SEQUENCE)?;
        let public_key = body.take_whole(SEQUENCE)?;
        // The rest is unique ids and extensions.
        Some(Self {
            validity,
            public_key,
        })
    }

    fn validity(&self) -> Option<(UnixTime, UnixTime)> {
        let mut times = DerReader::new(self.validity);
        let (from, to) = (take_time(&mut times)?, take_time(&mut times)?);
        times.end()?;
        (from <= to).then_some((from, to))
    }
}

const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// Reads a time in one of the two forms of RFC 5280 section 4.1.2.5: seconds are present, the zone
/// is `Z`, and there is no fraction.
fn take_time(reader: &mut DerReader<'_>) -> Option<UnixTime> {
    if let Some(text) = reader.take(UTC_TIME) {
        let [y1, y2, rest @ ..] = text else {
            return None;
        };
        let year = two_digits(&[*y1, *y2])?;
        // RFC 5280 section 4.1.2.5.1.
        let century = if year >= 50 { 1900 } else { 2000 };
        return time_in(century + i32::from(year), rest);
    }
    let [y1, y2, y3, y4, rest @ ..] = reader.take(GENERALIZED_TIME)? else {
        return None;
    };
    let (high, low) = (two_digits(&[*y1, *y2])?, two_digits(&[*y3, *y4])?);
    time_in(i32::from(high) * 100 + i32::from(low), rest)
}

/// Reads `MMDDHHMMSSZ` in this year.
fn time_in(year: i32, text: &[u8]) -> Option<UnixTime> {
    let text: &[u8; 11] = text.try_into().ok()?;
    let (digits, zone) = text.split_at_checked(10)?;
    if zone != b"Z" {
        return None;
    }
    let mut parts = digits.chunks_exact(2).map(two_digits);
    let mut next = || parts.next()?;
    let month = Month::try_from(next()?).ok()?;
    let date = Date::from_calendar_date(year, month, next()?).ok()?;
    let time = date.with_hms(next()?, next()?, next()?).ok()?;
    let secs = time.assume_utc().unix_timestamp();
    // A time before 1970 is as good as the earliest one.
    Some(UnixTime::from_secs(u64::try_from(secs).unwrap_or(0)))
}

fn two_digits(text: &[u8]) -> Option<u8> {
    match text {
        [high @ b'0'..=b'9', low @ b'0'..=b'9'] => Some((high - b'0') * 10 + (low - b'0')),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let len = u8::try_from(content.len()).unwrap();
        [&[tag, len][..], content].concat()
    }

    fn time(tag: u8, text: &str) -> Option<u64> {
        let der = element(tag, text.as_bytes());
        let mut reader = DerReader::new(&der);
        let time = take_time(&mut reader)?;
        reader.end()?;
        Some(time.as_secs())
    }

    #[test]
    fn nothing_follows_the_signature_of_a_certificate() {
        let pem = include_str!("../../tests/keys/rsa-2048.certificate.pem");
        let der = super::super::pem::certificate(pem.as_bytes()).unwrap();
        assert!(Fields::read(&der).is_some());
        // The length is in the two bytes after the tag and its form.
        let [0x30, 0x82, high, low, inner @ ..] = der.as_slice() else {
            panic!("the form of the length differs");
        };
        let len = u16::from_be_bytes([*high, *low]) + 2;
        let longer = [&[0x30, 0x82], &len.to_be_bytes()[..], inner, &[5, 0]].concat();
        assert!(Fields::read(&longer).is_none());
    }

    #[test]
    fn both_forms_of_a_time_are_read() {
        for (tag, text, secs) in [
            (UTC_TIME, "250101000000Z", 1_735_689_600),
            (UTC_TIME, "491231235959Z", 2_524_607_999),
            (UTC_TIME, "700101000001Z", 1),
            (UTC_TIME, "500101000000Z", 0),
            (UTC_TIME, "240229120000Z", 1_709_208_000),
            (GENERALIZED_TIME, "20500101000000Z", 2_524_608_000),
            (GENERALIZED_TIME, "99991231235959Z", 253_402_300_799),
        ] {
            assert_eq!(time(tag, text), Some(secs), "{text}");
        }
    }

    #[test]
    fn other_spellings_of_a_time_are_refused() {
        for text in [
            "2501010000Z",
            "250101000000",
            "250101000000+0000",
            "250101000000.5Z",
            "250001000000Z",
            "251301000000Z",
            "250230000000Z",
            "250101240000Z",
            "250101006000Z",
            "250101000060Z",
            "25010100000 Z",
            "-50101000000Z",
            "20250101000000Z",
            "",
        ] {
            assert_eq!(time(UTC_TIME, text), None, "{text}");
        }
        for text in [
            "250101000000Z",
            "20500101000000.0Z",
            "20500101000000",
            "2050010100Z",
        ] {
            assert_eq!(time(GENERALIZED_TIME, text), None, "{text}");
        }
        assert_eq!(time(0x16, "250101000000Z"), None);
    }

    const PEM: &[u8] = include_bytes!("../../tests/keys/rsa-2048.certificate.pem");

    #[test]
    fn the_key_of_a_certificate_is_the_one_that_was_certified() {
        let der = crate::key::pem::certificate(PEM).unwrap();
        let certificate = Certificate::read(&der).unwrap();
        assert!(matches!(certificate.material, Material::Rsa(..)));
        assert!(certificate.not_before < certificate.not_after);
    }

    #[test]
    fn a_changed_or_cut_certificate_never_panics_and_surplus_is_refused() {
        let der = crate::key::pem::certificate(PEM).unwrap();
        for end in 0..der.len() {
            assert!(Certificate::read(&der[..end]).is_err(), "{end}");
        }
        for at in 0..der.len() {
            let mut changed = der.clone();
            changed[at] ^= 0xff;
            let _ = Certificate::read(&changed);
        }
        assert!(Certificate::read(&[&der[..], &[0]].concat()).is_err());
    }

    #[test]
    fn a_validity_that_ends_before_it_begins_is_refused() {
        let der = crate::key::pem::certificate(PEM).unwrap();
        let fields = Fields::read(&der).unwrap();
        let mut times = DerReader::new(fields.validity);
        let mut next = || {
            let utc = times.take_whole(UTC_TIME);
            utc.or_else(|| times.take_whole(GENERALIZED_TIME))
        };
        let (from, to) = (next(), next());
        let swapped = [to.unwrap(), from.unwrap()].concat();
        let turned = Fields {
            validity: &swapped,
            ..fields
        };
        assert!(turned.validity().is_none());
    }
}
