//! From a password to a session, an access token and refresh tokens, through a theft, to the end.
//!
//! ```text
//! cargo run --example login
//! ```
//!
//! It ends with success only if every step got the answer that it should. The store is in memory;
//! the one behind the feature `sqlite` takes its place without another change.

mod house;
mod password;
mod story;
mod transcript;

use std::error::Error;
use std::process::ExitCode;

use house::House;
use transcript::Transcript;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let house = House::new()?;
    let mut transcript = Transcript::default();
    story::session(&house, &mut transcript).await?;
    story::tokens(&house, &mut transcript).await?;
    story::theft(&house, &mut transcript).await?;
    story::logout(&house, &mut transcript).await?;
    transcript.print()?;
    Ok(match transcript.is_right() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
