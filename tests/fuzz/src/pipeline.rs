//! All stages from the frame to the day. An input is a row of frames, as in `frame`.

use elsewhere_agent::{decode::Counts, pipeline::Pipeline};
use jiff::tz::TimeZone;

use super::{frame::each_frame, watched::check_counts};

/// Runs the target.
pub fn run(bytes: &[u8]) -> usize {
    let mut pipeline = Pipeline::new(elsewhere_catalog::builtin(), TimeZone::UTC);
    let mut frames = 0_u64;
    each_frame(bytes, |frame| {
        pipeline.handle(frame);
        frames += 1;
        if pipeline.poll_timeout().is_some_and(|due| due <= frame.time) {
            pipeline.handle_timeout(frame.time);
        }
    });
    pipeline.report();
    let counts: Counts = pipeline.decode_counts();
    check_counts(&counts, frames, u64::MAX);
    pipeline.finish();
    // A frame is of one day; what it counts stands there.
    assert!(pipeline.days().count() as u64 <= frames, "more days than frames");
    for day in pipeline.days() {
        assert!(day.usages.len() as u64 <= frames, "more usages than frames");
    }
    pipeline.usages().count()
}
