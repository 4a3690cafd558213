//! The section `lock_out`.

use std::time::Duration;

use crate::configuration::reader::Node;
use crate::error::RejectionKind;
use crate::limit::{LockOut, LockOutBuilder, Rate};
use crate::limits;

/// Sets one span of a lock-out.
type SpanSetter = fn(LockOutBuilder, Duration) -> LockOutBuilder;

/// Reads when a source is locked out. What the section does not have is as in
/// [`LockOut::default`].
pub(super) fn lock_out(node: &Node<'_>) -> Option<LockOutBuilder> {
    let mut section = node.section()?;
    let mut builder = LockOut::builder();
    let points = section.take("budget").map(|node| node.number::<u32>());
    let refill = section.take("refill").map(|node| rate(&node));
    if points.is_some() || refill.is_some() {
        let points = points.unwrap_or(Some(limits::LOCK_POINTS));
        let refill = refill.unwrap_or_else(|| Rate::new(1, limits::LOCK_POINT_REFILL).ok());
        if let (Some(points), Some(refill)) = (points, refill) {
            builder = builder.budget(points, refill);
        }
    }
    let spans: [(_, SpanSetter); 3] = [
        ("first", LockOutBuilder::first),
        ("most", LockOutBuilder::most),
        ("forget", LockOutBuilder::forget),
    ];
    for (name, set) in spans {
        if let Some(span) = section.take(name).and_then(|node| node.span()) {
            builder = set(builder, span);
        }
    }
    if let Some(spares) = section.take("spare_known").and_then(|node| node.flag()) {
        builder = builder.spare_known(spares);
    }
    if let Some(slots) = section.take("sources").and_then(|node| node.number()) {
        builder = builder.sources(slots);
    }
    let weights = section.take("weights");
    let is_right = section.ok(builder.check()).is_some();
    let builder = match weights {
        Some(node) if is_right => weighted(builder, &node),
        _ => is_right.then_some(builder),
    };
    section.finish();
    builder
}

fn rate(node: &Node<'_>) -> Option<Rate> {
    node.ok(node.text()?.parse())
}

/// Reads points by the name of the kind.
fn weighted(mut builder: LockOutBuilder, node: &Node<'_>) -> Option<LockOutBuilder> {
    let mut section = node.section()?;
    // A name that is not asked for is reported with the nearest one.
    for kind in RejectionKind::ALL {
        let Some(node) = section.take(kind.as_str()) else {
            continue;
        };
        if let Some(points) = node.number::<u32>() {
            let with = builder.clone().weight(*kind, points);
            if node.ok(with.check()).is_some() {
                builder = with;
            }
        }
    }
    section.finish();
    Some(builder)
}
