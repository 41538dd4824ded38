//! The fuzz targets' common part: `checks` on any bytes, and the processor time that they take.

pub mod checks;

#[doc(hidden)]
pub use libfuzzer_sys;

/// Processor time of this thread so far, where the system tells.
fn processor() -> Option<std::time::Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(std::time::Duration::from_nanos)
}

/// Runs a check, and holds it to its time.
pub fn timed(name: &str, data: &[u8]) {
    let before = processor();
    checks::check(name, data);
    if let (Some(before), Some(after)) = (before, processor()) {
        assert!(after - before <= checks::MOST, "{:?} of processor time", after - before);
    }
}

/// Makes a fuzz target of the check of this name.
#[macro_export]
macro_rules! target {
    ($name:literal) => {
        $crate::libfuzzer_sys::fuzz_target!(|data: &[u8]| $crate::timed($name, data));
    };
}
