//! Unpacking of records, on the thread of a sink.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::field::{Field, Fields, HEADER};
use super::record::{CountOf, Identity, Outcome, Record, RecordedAddress, What};
use crate::address::OriginProblem;
use crate::error::RejectionKind;
use crate::policy::AuditLevel;
use crate::principal::PrincipalKind;

/// Unpacks a record; `None` for bytes that no packing has made.
pub(super) fn unpack(bytes: &[u8], sequence: u64) -> Option<Record<'_>> {
    let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
    let [what, outcome, kind, flags, ..] = header;
    let mut record = blank(what_of(*what)?, number(header.get(6..14)?)?, sequence);
    record.outcome = outcome_of(*outcome)?;
    record.kind = RejectionKind::ALL
        .get(usize::from(*kind))
        .map(|kind| kind.as_str());
    record.is_cut = flags & 1 != 0;
    record.is_alert = flags & 2 != 0;
    let status = u16::from_le_bytes(*header.get(4..6)?.first_chunk()?);
    record.status = (status != 0).then_some(status);
    record.id = u128::from_le_bytes(*header.get(14..30)?.first_chunk()?);
    let mut owner = Field::Caller;
    for (field, bytes) in Fields(rest) {
        if matches!(field, Field::Caller | Field::Client) {
            owner = field;
        }
        set(&mut record, owner, field, bytes)?;
    }
    Some(record)
}

/// Returns a record without any field.
pub(super) const fn blank<'a>(what: What, millis: u64, sequence: u64) -> Record<'a> {
    Record {
        what,
        millis,
        sequence,
        id: 0,
        outcome: Outcome::Allowed,
        kind: None,
        status: None,
        is_alert: false,
        caller: None,
        client: None,
        claimed: None,
        address: None,
        port: None,
        via: None,
        address_problem: None,
        method: None,
        path: None,
        route: None,
        action: None,
        resource: None,
        user_agent: None,
        latency: None,
        level: None,
        rule: None,
        policy_version: None,
        reasons: Vec::new(),
        limits: Vec::new(),
        scopes: Vec::new(),
        claim_names: Vec::new(),
        trace: None,
        subject_matter: None,
        lock: None,
        count: None,
        checkpoint: None,
        starts: None,
        is_cut: false,
    }
}

/// Sets one field. `owner` is the identity whose names follow.
fn set<'a>(record: &mut Record<'a>, owner: Field, field: Field, bytes: &'a [u8]) -> Option<()> {
    match field {
        Field::Caller
        | Field::Client
        | Field::Authority
        | Field::Subject
        | Field::ClientName
        | Field::Credential => return set_identity(record, owner, field, bytes),
        Field::Claimed => record.claimed = Some(*bytes.first_chunk()?),
        Field::Address => record.address = Some(RecordedAddress::Address(address(bytes)?)),
        Field::KeyedAddress => record.address = Some(RecordedAddress::Keyed(text(bytes)?)),
        Field::Port => record.port = Some(u16::from_le_bytes(*bytes.first_chunk()?)),
        Field::Via => record.via = Some(address(bytes)?),
        Field::Problem => {
            let problem = OriginProblem::ALL.get(usize::from(*bytes.first()?))?;
            record.address_problem = Some(problem.as_str());
        }
        Field::Method => record.method = Some(text(bytes)?),
        Field::Path => record.path = Some(text(bytes)?),
        Field::Route => record.route = Some(text(bytes)?),
        Field::Action => record.action = Some(text(bytes)?),
        Field::Resource => record.resource = Some(text(bytes)?),
        Field::UserAgent => record.user_agent = readable(bytes),
        Field::Latency => record.latency = Some(number(bytes)?),
        Field::Level => record.level = Some(level_of(*bytes.first()?)?.as_str()),
        Field::Rule => record.rule = Some(text(bytes)?),
        Field::PolicyVersion => record.policy_version = Some(text(bytes)?),
        Field::Reason => record.reasons.push(text(bytes)?),
        Field::Limit => record.limits.push((text(bytes)?, "")),
        Field::LimitResult => record.limits.last_mut()?.1 = text(bytes)?,
        Field::Scope => record.scopes.push(text(bytes)?),
        Field::ClaimName => record.claim_names.push(text(bytes)?),
        Field::Trace => record.trace = Some(text(bytes)?),
        Field::MatterCode => record.subject_matter = Some((text(bytes)?, "")),
        Field::MatterOf => record.subject_matter.as_mut()?.1 = text(bytes)?,
        Field::Lock => record.lock = Some(lock(bytes)?),
        Field::Count => record.count = Some(count(bytes)?),
    }
    Some(())
}

fn set_identity<'a>(
    record: &mut Record<'a>,
    owner: Field,
    field: Field,
    bytes: &'a [u8],
) -> Option<()> {
    let place = match owner {
        Field::Client => &mut record.client,
        _ => &mut record.caller,
    };
    if matches!(field, Field::Caller | Field::Client) {
        let [kind, is_pseudonym] = bytes.first_chunk()?;
        *place = Some(Identity {
            kind: principal_kind_of(*kind)?.as_str(),
            is_pseudonym: *is_pseudonym != 0,
            ..Identity::default()
        });
        return Some(());
    }
    let identity = place.as_mut()?;
    let text = text(bytes)?;
    match field {
        Field::Authority => identity.authority = text,
        Field::Subject => identity.subject = Some(text),
        Field::ClientName => identity.client = Some(text),
        _ => identity.credential = Some(text),
    }
    Some(())
}

fn text(bytes: &[u8]) -> Option<&str> {
    str::from_utf8(bytes).ok()
}

/// Returns a text from outside if it is UTF-8, except that it may be cut within a character.
fn readable(bytes: &[u8]) -> Option<&str> {
    match str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() => text(bytes.get(..error.valid_up_to())?),
        Err(_) => None,
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(octets) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(octets).into());
    }
    let octets = <[u8; 16]>::try_from(bytes).ok()?;
    Some(Ipv6Addr::from(octets).into())
}

fn number(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.first_chunk()?))
}

fn lock(bytes: &[u8]) -> Option<(u32, u64)> {
    let strikes = u32::try_from(number(bytes)?).ok()?;
    Some((strikes, number(bytes.get(8..)?)?))
}

fn count<'a>(bytes: &[u8]) -> Option<CountOf<'a>> {
    Some(CountOf {
        count: number(bytes)?,
        first_millis: number(bytes.get(8..)?)?,
        last_millis: number(bytes.get(16..)?)?,
        sources: Some(number(bytes.get(24..)?)?),
        lane: None,
    })
}

/// Finds the variant that has this number.
macro_rules! by_number {
    ($number:expr, $($variant:path),+ $(,)?) => {
        [$($variant),+].into_iter().find(|variant| *variant as u8 == $number)
    };
}

fn what_of(number: u8) -> Option<What> {
    by_number!(
        number,
        What::Decision,
        What::Authenticated,
        What::Completed,
        What::Locked,
        What::Signal,
        What::Lifecycle,
        What::Summary,
        What::Gap,
        What::Checkpoint,
        What::Started,
        What::Stopped,
    )
}

fn outcome_of(number: u8) -> Option<Outcome> {
    by_number!(
        number,
        Outcome::Allowed,
        Outcome::Denied,
        Outcome::Limited,
        Outcome::Rejected,
        Outcome::Malformed,
        Outcome::Unavailable,
    )
}

fn level_of(number: u8) -> Option<AuditLevel> {
    by_number!(
        number,
        AuditLevel::Brief,
        AuditLevel::Normal,
        AuditLevel::Full
    )
}

fn principal_kind_of(number: u8) -> Option<PrincipalKind> {
    by_number!(
        number,
        PrincipalKind::AccessToken,
        PrincipalKind::ApiKey,
        PrincipalKind::IdToken,
        PrincipalKind::OpaqueToken,
        PrincipalKind::Other,
        PrincipalKind::Session,
    )
}
