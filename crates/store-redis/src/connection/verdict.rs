//! What an error of the server means for the call that it answers.

use redis::ServerError;

use crate::address::Host;
use crate::failure::RedisFailure;

/// What to do about a call whose reply is an error.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    /// The slot is another server's by now.
    Moved(Host),
    /// The slot is moving, and this key is with another server already.
    Ask(Host),
    /// The server does not have the script.
    NoScript,
    /// Not now. Nothing was done; soon it may go.
    Later,
    /// It is no master any more. Nothing was done; another is, or will be.
    Demoted,
    /// That is the answer.
    Final(RedisFailure),
}

/// What to do, by the code. `asked` is who has answered.
pub(super) fn verdict(error: &ServerError, asked: &Host) -> Verdict {
    let details = error.details().unwrap_or_default();
    match error.code() {
        "MOVED" => redirect(details, asked).map_or_else(|| failed(error), Verdict::Moved),
        "ASK" => redirect(details, asked).map_or_else(|| failed(error), Verdict::Ask),
        "NOSCRIPT" => Verdict::NoScript,
        "TRYAGAIN" | "CLUSTERDOWN" | "LOADING" | "MASTERDOWN" | "BUSY" => Verdict::Later,
        "READONLY" => Verdict::Demoted,
        _ => failed(error),
    }
}

fn failed(error: &ServerError) -> Verdict {
    Verdict::Final(failure(error))
}

/// The error as the failure that it is if nothing is done about it.
pub(super) fn failure(error: &ServerError) -> RedisFailure {
    let code = error.code().to_owned();
    let message = error.details().unwrap_or_default().to_owned();
    match &*code {
        "TRYAGAIN" | "CLUSTERDOWN" | "LOADING" | "MASTERDOWN" | "BUSY" | "MOVED" | "ASK"
        | "NOSCRIPT" => RedisFailure::NotDone {
            reason: format!("{code} {message}"),
        },
        // All are said before a script begins. NOPERM is not among them: a script may meet it midway.
        "OOM" | "MISCONF" | "NOREPLICAS" | "READONLY" | "NOAUTH" => {
            RedisFailure::Refused { code, message }
        }
        _ => RedisFailure::Script { code, message },
    }
}

/// Reads `3999 127.0.0.1:6381`. Without a host it is the one that was asked, at another port.
fn redirect(details: &str, asked: &Host) -> Option<Host> {
    let (_, place) = details.split_once(' ')?;
    let (name, port) = place.rsplit_once(':')?;
    let name = match name.trim_matches(['[', ']']) {
        "" => asked.name.clone(),
        name => name.to_owned(),
    };
    let port = port.parse().ok()?;
    Some(Host { name, port })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str, port: u16) -> Host {
        let name = name.to_owned();
        Host { name, port }
    }

    #[test]
    fn redirects_are_read() {
        let asked = host("a", 1);
        assert_eq!(redirect("3999 b:6381", &asked), Some(host("b", 6381)));
        assert_eq!(redirect("3999 :6381", &asked), Some(host("a", 6381)));
        let v6 = host("fe80::1", 6381);
        assert_eq!(redirect("3999 fe80::1:6381", &asked), Some(v6));
        assert_eq!(redirect("3999", &asked), None);
        assert_eq!(redirect("3999 b:x", &asked), None);
    }
}
