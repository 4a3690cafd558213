//! The diagnosis of a session validator: its cookie and its store.

use super::validator::SessionValidator;
use crate::clock::UnixTime;
use crate::diagnosis::Finding;
use crate::error::StoreError;
use crate::grant::Grant;
use crate::limits;
use crate::now_or_later::NowOrLater;

impl SessionValidator {
    /// Asks the store a question that changes nothing, and then the store about itself.
    pub(super) fn find_problems(&self) -> NowOrLater<'_, Vec<Finding>> {
        let subject = format!("sessions of {}", self.authority);
        self.ask_store().then(move |asked| match asked {
            Ok(()) => self.store.diagnose().map(move |found| {
                let mut all = self.cookie_findings();
                all.extend(found);
                all
            }),
            Err(error) => {
                let mut all = self.cookie_findings();
                all.push(Finding::store_unreachable(subject, &error));
                NowOrLater::now(all)
            }
        })
    }

    /// Succeeds only if the store answers.
    pub(super) fn ask_store(&self) -> NowOrLater<'_, Result<(), StoreError>> {
        // No subject is empty.
        let nobody = Grant::new(
            self.authority.clone(),
            "",
            UnixTime::from_secs(limits::TIME_MAX),
        );
        self.store.is_revoked(nobody).map(|asked| asked.map(drop))
    }

    fn cookie_findings(&self) -> Vec<Finding> {
        let finding = self.is_insecure.then(|| {
            let text = "the cookie is sent without `Secure`, for plain http on this machine only";
            let hint = "use `SessionCookie::new` and TLS in production";
            Finding::warning(format!("session cookie of {}", self.authority), text).hint(hint)
        });
        finding.into_iter().collect()
    }
}
