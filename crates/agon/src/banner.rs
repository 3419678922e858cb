//! What is printed once the server is up: what it serves, where, and from which data.

use std::io::Write;
use std::net::SocketAddr;

use access::Access;

use crate::clock::now_ms;
use crate::practice;

/// To standard output; the log goes to standard error. `site` is the URL without a path.
pub(crate) fn print(site: &str, practice: Option<SocketAddr>, data: &str, access: &Access) {
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
         \x20 data         {data}\n\
         \x20 access       {}\n\
         Ctrl-C stops it.",
        who_may(access),
    );
    // A closed standard output must not stop a server.
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn who_may(access: &Access) -> String {
    if access.is_open() {
        return "open to whoever reaches it; `agon keys create` closes it".to_owned();
    }
    let tokens = access.tokens().map_or("", |_| ", and by players' tokens");
    format!(
        "by keys, {} of them good{tokens}",
        access.valid_keys(now_ms())
    )
}
