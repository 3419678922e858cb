//! A panic is a line in the log as well: whoever reads a file or JSON does not see standard error.

use std::panic::PanicHookInfo;

/// Logs each panic, beside what is told on standard error.
pub(super) fn log() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        usual(panic);
        tracing::error!(
            place = panic.location().map(tracing::field::display),
            reason = words(panic),
            "panicked",
        );
    }));
}

fn words<'a>(panic: &'a PanicHookInfo<'_>) -> &'a str {
    let payload = panic.payload();
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}
