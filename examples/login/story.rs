//! What happens.

use std::error::Error;
use std::time::Duration;

use bearergate::refresh::{NewRefreshToken, RotateRequest, RotatedToken};
use bearergate::session::{Session, SessionChange};
use bearergate::{Rejection, RejectionKind};

use crate::house::APP;
use crate::house::House;
use crate::house::Page;
use crate::transcript::Transcript;

/// The default idle timeout of a session.
const SESSION_IDLE: Duration = Duration::from_secs(30 * 60);

const PASSWORD: &str = "correct horse";

type Told = Result<(), Box<dyn Error>>;

pub(crate) async fn session(house: &House, told: &mut Transcript) -> Told {
    let wrong = house.log_in("password1").await?;
    told.text(
        "log in with a wrong password",
        outcome(wrong.is_some()),
        "refused",
    );
    let (old, session) = house.log_in(PASSWORD).await?.ok_or("a good password")?;
    let get = house.page(Page::get(&old)).await?;
    told.verdict("open a page with the cookie", get, Ok(()));
    let own = house.page(Page::post(&old, "same-origin")).await?;
    told.verdict("post a form of the shop", own, Ok(()));
    let foreign = house.page(Page::post(&old, "cross-site")).await?;
    let refused = Err(RejectionKind::CrossSiteRefused);
    told.verdict("post a form from another site", foreign, refused);

    let change = SessionChange::default().scopes(["orders:read", "orders:write"]);
    let (id, _) = house.sessions.rotate(&session, change).await?;
    let new = house.kept(id)?;
    let unknown = Err(RejectionKind::SessionUnknown);
    let get = house.page(Page::get(&old)).await?;
    told.verdict(
        "open a page with the cookie from before the step-up",
        get,
        unknown,
    );
    let get = house.page(Page::get(&new)).await?;
    told.verdict("open a page with the cookie from after it", get, Ok(()));
    house.clock.advance(SESSION_IDLE);
    let get = house.page(Page::get(&new)).await?;
    let expired = Err(RejectionKind::SessionExpired);
    told.verdict("open a page after half an hour without one", get, expired);
    Ok(())
}

pub(crate) async fn tokens(house: &House, told: &mut Transcript) -> Told {
    let (_, session) = house.log_in(PASSWORD).await?.ok_or("a good password")?;
    let access = house.mint(session.grant())?;
    let first = begin(house, &session).await?;
    told.verdict(
        "call the API with an access token",
        house.call(&access).await?,
        Ok(()),
    );
    house.clock.advance(Duration::from_secs(3_600));
    let expired = Err(RejectionKind::TokenExpired);
    told.verdict("call it after an hour", house.call(&access).await?, expired);
    let refreshed = refresh(house, &first).await?;
    let access = house.mint(refreshed.grant())?;
    told.verdict(
        "refresh and call it again",
        house.call(&access).await?,
        Ok(()),
    );
    let second = refreshed.into_token().reveal();
    let again = refresh(house, &first).await?.into_token().reveal();
    let same = outcome(again == second);
    told.text(
        "ask again at once, since the answer was lost",
        same,
        "accepted",
    );
    let other = house
        .tokens
        .rotate(RotateRequest::new(&second, "other app"));
    let other = other.await.map(drop).map_err(|rejection| rejection.kind());
    let unknown = Err(RejectionKind::RefreshUnknown);
    told.verdict("refresh as another app", other, unknown);
    Ok(())
}

pub(crate) async fn theft(house: &House, told: &mut Transcript) -> Told {
    let (cookie, session) = house.log_in(PASSWORD).await?.ok_or("a good password")?;
    let stolen = begin(house, &session).await?;
    let honest = refresh(house, &stolen).await?.into_token().reveal();
    house.clock.advance(Duration::from_secs(60));
    let verdict = refresh(house, &stolen).await.map(drop);
    let reused = verdict.map_err(|rejection| rejection.kind());
    told.verdict(
        "a thief uses the spent token",
        reused,
        Err(RejectionKind::RefreshReused),
    );
    let heard = house.alarm.take().join(", ");
    let wanted = "a refresh token of alice at shop app was used twice";
    told.text("the operator hears", &heard, wanted);
    let verdict = refresh(house, &honest).await.map(drop);
    let revoked = verdict.map_err(|rejection| rejection.kind());
    told.verdict(
        "the newest token is dead, too",
        revoked,
        Err(RejectionKind::TokenRevoked),
    );
    let get = house.page(Page::get(&cookie)).await?;
    told.verdict("the session goes on: alice can begin anew", get, Ok(()));
    Ok(())
}

pub(crate) async fn logout(house: &House, told: &mut Transcript) -> Told {
    let (cookie, session) = house.log_in(PASSWORD).await?.ok_or("a good password")?;
    let token = begin(house, &session).await?;
    let access = house.mint(session.grant())?;
    let is_active = outcome(house.is_active(&access).await);
    told.text("ask whether the access token stands", is_active, "accepted");
    house.sessions.revoke(&session).await?;
    let revoked = Err(RejectionKind::TokenRevoked);
    let get = house.page(Page::get(&cookie)).await?;
    told.verdict("open a page after the logout", get, revoked);
    let late = house.sessions.save(&session, "basket: 1").await;
    let late = late.map_or_else(|error| error.kind().as_str(), |_| "accepted");
    told.text("a slow request writes to the session", late, "conflict");
    let verdict = refresh(house, &token).await.map(drop);
    let verdict = verdict.map_err(|rejection| rejection.kind());
    told.verdict("refresh after the logout", verdict, revoked);
    let is_active = outcome(house.is_active(&access).await);
    told.text(
        "ask again whether the access token stands",
        is_active,
        "refused",
    );
    Ok(())
}

async fn begin(house: &House, session: &Session) -> Result<String, Box<dyn Error>> {
    let new = NewRefreshToken::for_session(session, APP).scopes(["orders:read"]);
    Ok(house.tokens.create(new).await?.reveal())
}

async fn refresh(house: &House, token: &str) -> Result<RotatedToken, Rejection> {
    house.tokens.rotate(RotateRequest::new(token, APP)).await
}

const fn outcome(is_good: bool) -> &'static str {
    if is_good { "accepted" } else { "refused" }
}
