//! The values of all components, added up by name and labels.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::counter::{Counted, HistogramSample, Sample};

/// Labels with their values, in the order of the sample.
pub(super) type Labels = Vec<(&'static str, String)>;

/// All values of one name.
#[derive(Debug, Default)]
pub(super) struct Family {
    pub(super) values: BTreeMap<Labels, u64>,
    pub(super) histograms: BTreeMap<Labels, Times>,
}

/// The numbers of a histogram.
#[derive(Debug, Default)]
pub(super) struct Times {
    pub(super) buckets: Vec<u64>,
    pub(super) nanos: u64,
}

/// Asks all components.
pub(super) fn collect(components: &[Arc<dyn Counted>]) -> BTreeMap<&'static str, Family> {
    let mut families = BTreeMap::<_, Family>::new();
    for component in components {
        component.samples(&mut |sample: Sample<'_>| {
            let values = &mut families.entry(sample.name).or_default().values;
            let value = values.entry(owned(sample.labels)).or_default();
            *value = value.saturating_add(sample.value);
        });
        component.histograms(&mut |sample: HistogramSample<'_>| {
            let histograms = &mut families.entry(sample.name).or_default().histograms;
            histograms
                .entry(owned(sample.labels))
                .or_default()
                .add(&sample);
        });
    }
    families
}

impl Times {
    fn add(&mut self, sample: &HistogramSample<'_>) {
        self.buckets.resize(sample.buckets.len(), 0);
        for (sum, count) in self.buckets.iter_mut().zip(sample.buckets) {
            *sum = sum.saturating_add(*count);
        }
        self.nanos = self.nanos.saturating_add(sample.nanos);
    }

    /// Returns how many values are at most each bound; the last is the number of all.
    pub(super) fn cumulated(&self) -> impl Iterator<Item = u64> {
        self.buckets.iter().scan(0_u64, |sum, count| {
            *sum = sum.saturating_add(*count);
            Some(*sum)
        })
    }
}

fn owned(labels: &[(&'static str, &str)]) -> Labels {
    let labels = labels.iter();
    labels
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect()
}
