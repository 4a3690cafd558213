//! The configuration of a watch.

use std::sync::Arc;
use std::time::Duration;

use super::signal::Signal;
use super::signal_watch::Watch;
use super::thresholds::Thresholds;
use crate::environment::Environment;
use crate::error::ConfigError;
use crate::event::Observer;

/// A [`Watch`] that is being configured. [`Watch::builder`] makes it.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct WatchBuilder {
    thresholds: Vec<(Signal, u32, Duration)>,
    observer: Option<Arc<dyn Observer>>,
}

impl Watch {
    /// Starts with the defaults of [`Signal`].
    pub fn builder() -> WatchBuilder {
        WatchBuilder::default()
    }
}

impl WatchBuilder {
    /// Sets from how many in which time a signal is raised. It is then not raised again for the same
    /// subject until this time is over. For the defaults see [`Signal`].
    ///
    /// `per` is between a minute and a day. `count` is 2 to 32 for
    /// [`IdentityProbing`](Signal::IdentityProbing) and [`IdentityTargeted`](Signal::IdentityTargeted),
    /// 2 to 10 000 for [`SourceSpread`](Signal::SourceSpread), 1 to 1 000 000 for
    /// [`FailureRate`](Signal::FailureRate) and [`DeniedBurst`](Signal::DeniedBurst), and 1 for the
    /// others. A higher one notices less.
    pub fn threshold(mut self, signal: Signal, count: u32, per: Duration) -> Self {
        self.thresholds.push((signal, count, per));
        self
    }

    /// Sets the observer of [`Event::Signal`](crate::event::Event::Signal), which is reported at most
    /// once a second for each signal. It is called inside the request, so it must not block. By
    /// default there is none; signals are counted in the metrics nevertheless.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Takes the observer of an environment, if it has one.
    pub fn env(mut self, environment: &Environment) -> Self {
        environment.set_observer(&mut self.observer);
        self
    }

    /// Builds the watch, with all the memory that it will ever have: about 3 MiB.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) in the field `count` or `per` of a
    /// [threshold](Self::threshold).
    pub fn build(self) -> Result<Watch, ConfigError> {
        let mut thresholds = Thresholds::default();
        for (signal, count, per) in self.thresholds {
            thresholds.set(signal, count, per)?;
        }
        Ok(Watch::new(thresholds, self.observer))
    }
}
