//! What is printed once the server is up: what it serves, where, and from which data.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;

use crate::practice;

/// To standard output; the log goes to standard error. `site` is the URL without a path.
pub(crate) fn print(site: &str, practice: Option<SocketAddr>, data_dir: &Path, players: u64) {
    let data = std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned());
    let version = env!("CARGO_PKG_VERSION");
    let practice = practice.map_or_else(String::new, |practice| {
        let url = practice::url(practice);
        format!("\x20 practice     {url}, an upstream to try: /api/smart?timeout=1000\n")
    });
    let text = format!(
        "Agon {version} is up\n\
         \x20 leaderboard  {site}/leaderboard\n\
         \x20 hedged calls {site}/api/smart\n\
         {practice}\
         \x20 API          {site}/docs\n\
         \x20 health       {site}/healthz, {site}/readyz\n\
         \x20 data         {} ({players} players)\n\
         Ctrl-C stops it.",
        data.display()
    );
    // A closed standard output must not stop a server.
    let _ = writeln!(std::io::stdout(), "{text}");
}
