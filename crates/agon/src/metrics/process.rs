//! What the system knows of this process, by the names that all of Prometheus' clients use.

use std::sync::OnceLock;

use api::Families;
use procfs::ProcResult;
use procfs::process::{LimitValue, Process, Stat};

/// Tells what can be read; what cannot is left out.
pub(super) fn tell(to: &mut Families) {
    for told in [tell_stat(to), tell_files(to)] {
        if let Err(error) = told {
            tracing::debug!(%error, "the system does not tell of this process");
        }
    }
}

fn tell_stat(to: &mut Families) -> ProcResult<()> {
    let stat = Process::myself()?.stat()?;
    to.counter(
        "process_cpu_seconds_total",
        "Processor time that the process has used.",
    )
    .value(&[], seconds(stat.utime + stat.stime));
    to.gauge(
        "process_resident_memory_bytes",
        "Memory of the process that is in use.",
    )
    .whole(&[], stat.rss * procfs::page_size());
    to.gauge(
        "process_virtual_memory_bytes",
        "Address space of the process.",
    )
    .whole(&[], stat.vsize);
    to.gauge("process_threads", "Threads of the process.")
        .value(&[], stat.num_threads as f64);
    if let Some(at) = started_at(&stat) {
        to.gauge(
            "process_start_time_seconds",
            "When the process was started, in seconds since the Unix epoch.",
        )
        .value(&[], at);
    }
    Ok(())
}

fn tell_files(to: &mut Families) -> ProcResult<()> {
    let process = Process::myself()?;
    to.gauge("process_open_fds", "File descriptors that are open.")
        .whole(&[], process.fd_count()? as u64);
    let most = match process.limits()?.max_open_files.soft_limit {
        LimitValue::Value(most) => most,
        LimitValue::Unlimited => u64::MAX,
    };
    to.gauge(
        "process_max_fds",
        "File descriptors that may be open at once.",
    )
    .whole(&[], most);
    Ok(())
}

fn seconds(ticks: u64) -> f64 {
    ticks as f64 / procfs::ticks_per_second() as f64
}

/// The system tells the time of its own start and how long after that the process began.
fn started_at(stat: &Stat) -> Option<f64> {
    // Of a clock that is set, another value each time that it is asked for.
    static BOOT: OnceLock<Option<u64>> = OnceLock::new();
    let boot = BOOT.get_or_init(|| procfs::boot_time_secs().ok());
    Some((*boot)? as f64 + seconds(stat.starttime))
}
