//! How a validator decrypts tokens.

use zeroize::Zeroizing;

use crate::credential::base64url;
use crate::error::{Rejection, RejectionKind};
use crate::json::Value;
use crate::jwe::{ContentEncryption, Decrypted, DecryptionKeys};
use crate::now_or_later::NowOrLater;

/// How a validator decrypts tokens.
#[derive(Clone, Debug)]
pub(super) struct Decryption {
    pub(super) keys: DecryptionKeys,
    pub(super) is_required: bool,
    pub(super) content: Vec<ContentEncryption>,
}

/// The inner token, and what the outer one says of it.
pub(super) type Inner = Zeroizing<String>;

impl Decryption {
    /// Decrypts a token.
    pub(super) fn decrypt<'a>(
        &'a self,
        token: &'a str,
    ) -> NowOrLater<'a, Result<Inner, Rejection>> {
        let decrypted = self.keys.decrypt_jwt(token, &self.content);
        decrypted.map(|decrypted| decrypted.and_then(|own| Self::inner(&own)))
    }

    /// Returns the signed token that was encrypted.
    fn inner(decrypted: &Decrypted) -> Result<Inner, Rejection> {
        let text = str::from_utf8(decrypted.plaintext());
        let text = text.map_err(|_| RejectionKind::TokenMalformed)?;
        check_repeated(decrypted.repeated(), text)?;
        Ok(Zeroizing::new(text.to_owned()))
    }
}

/// Checks that claims which the header repeats are those of the token (RFC 7519 section 5.3).
fn check_repeated(repeated: &[(&'static str, String)], token: &str) -> Result<(), Rejection> {
    if repeated.is_empty() {
        return Ok(());
    }
    let claims = token.split('.').nth(1).and_then(base64url::decode);
    let claims = claims.ok_or(RejectionKind::TokenMalformed)?;
    let claims = Value::parse(&claims).map_err(|_| RejectionKind::TokenMalformed)?;
    for (name, outer) in repeated {
        let mut members = claims.members().into_iter().flatten();
        let inner = members.find(|(own, _)| own.is(name));
        let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
        let is_same = inner.is_some_and(|(_, value)| parse(value.raw()) == parse(outer));
        if !is_same {
            return Err(Rejection::new(RejectionKind::ClaimInvalid).with_claim(*name));
        }
    }
    Ok(())
}
