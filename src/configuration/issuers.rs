//! Issuers of JWTs.

use super::keys::{ConfiguredKeys, read_keys};
use super::network::Context;
use super::reader::{Node, Section};
use super::settings::changed;
use super::token_settings::token_settings;
use crate::jwt::{JwtValidator, JwtValidatorBuilder, NeedsAudience, NeedsKeys};

/// Reads one issuer.
pub(super) fn issuer(node: &Node<'_>, context: &Context<'_>) -> Option<JwtValidator> {
    let mut section = node.section()?;
    let issuers = issuers(&mut section);
    let recipient = recipient(&mut section);
    let first = match &issuers {
        Some(Issuers::OneOf(names)) => names.first().map(String::as_str),
        _ => None,
    };
    let keys = section.require(
        "keys",
        "name their source, for example `{\"discover\": true}`",
    );
    if let Some(Issuers::Any) = &issuers {
        refuse_discovery(keys.as_ref());
    }
    let keys = keys.and_then(|keys| read_keys(&keys, first, context));
    let mut settings = token_settings(&mut section);
    let is_complete = issuers.is_some() && recipient.is_some() && keys.is_some();
    // What could not be read has a substitute, so that errors of the settings are found too.
    let issuers = issuers.unwrap_or(Issuers::Any);
    let recipient = recipient.unwrap_or_else(|| match section.has_any(&["id_token"]) {
        true => TokenRecipient::IdToken(UNREAD.to_owned()),
        false => TokenRecipient::Any,
    });
    let keys = keys.unwrap_or_else(ConfiguredKeys::unread);
    let validator = settings.build(&section, |changes| {
        let builder = recipient.of(issuers.of(JwtValidator::builder()));
        changed(keys.of(builder).env(context.environment), &changes).build()
    });
    section.finish();
    validator.filter(|_| is_complete)
}

/// A name in place of one that could not be read.
pub(super) const UNREAD: &str = "unread";

fn refuse_discovery(keys: Option<&Node<'_>>) {
    let discover = keys.and_then(|keys| match keys.tree() {
        super::tree::Tree::Map(members) => members.iter().find(|(name, _)| name == "discover"),
        _ => None,
    });
    if let (Some(keys), Some((name, tree))) = (keys, discover) {
        let remedy = "name the address in `jwks_url`, because there is no issuer to ask";
        keys.member(name, tree)
            .refuse("another source of keys", remedy);
    }
}

enum Issuers {
    OneOf(Vec<String>),
    Any,
}

impl Issuers {
    fn of(
        &self,
        builder: JwtValidatorBuilder<crate::jwt::NeedsIssuer>,
    ) -> JwtValidatorBuilder<NeedsAudience> {
        match self {
            Self::OneOf(names) => builder.issuers(names.clone()),
            Self::Any => builder.any_issuer(),
        }
    }
}

fn issuers(section: &mut Section<'_>) -> Option<Issuers> {
    let remedy = "write the `iss` of its tokens in `issuer`";
    match section.exactly_one(&["issuer", "issuers", "any_issuer"], remedy)? {
        ("issuer", name) => Some(Issuers::OneOf(vec![name.single("issuers")?.to_owned()])),
        ("issuers", names) => names.texts().map(Issuers::OneOf),
        (_, flag) => weakened(&flag).then_some(Issuers::Any),
    }
}

/// Who the tokens are for.
#[derive(Clone)]
pub(super) enum TokenRecipient {
    Audiences(Vec<String>),
    Any,
    /// ID tokens of this client.
    IdToken(String),
}

impl TokenRecipient {
    fn of(&self, builder: JwtValidatorBuilder<NeedsAudience>) -> JwtValidatorBuilder<NeedsKeys> {
        match self {
            Self::Audiences(names) => builder.audiences(names.clone()),
            Self::Any => builder.any_audience(),
            Self::IdToken(client) => builder.id_token(client.as_str()),
        }
    }
}

fn recipient(section: &mut Section<'_>) -> Option<TokenRecipient> {
    let names = ["audience", "audiences", "any_audience", "id_token"];
    let remedy = "write the `aud` of the tokens for this service in `audience`";
    match section.exactly_one(&names, remedy)? {
        ("audience", name) => Some(TokenRecipient::Audiences(vec![
            name.single("audiences")?.to_owned(),
        ])),
        ("audiences", names) => names.texts().map(TokenRecipient::Audiences),
        ("id_token", client) => Some(TokenRecipient::IdToken(client.text()?.to_owned())),
        (_, flag) => weakened(&flag).then_some(TokenRecipient::Any),
    }
}

/// Reads a flag that replaces a check, so that `false` leaves nothing.
pub(super) fn weakened(flag: &Node<'_>) -> bool {
    match flag.flag() {
        Some(false) => {
            flag.refuse(
                "`true`",
                "name what is accepted in place of the member, or write `true`",
            );
            false
        }
        read => read == Some(true),
    }
}
