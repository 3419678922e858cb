//! The program against servers whose every reply is scripted: what they do to its callers has to show.
#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";

/// What a server does with the request of this number; `None`: it never answers.
type Script = dyn Fn(u64) -> Option<&'static str> + Send + Sync;

/// Serves until the process ends.
fn serve(script: impl Fn(u64) -> Option<&'static str> + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (script, count): (Arc<Script>, _) = (Arc::new(script), Arc::new(AtomicU64::new(0)));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (script, count) = (Arc::clone(&script), Arc::clone(&count));
            std::thread::spawn(move || answer(stream.unwrap(), &*script, &count));
        }
    });
    address
}

/// Until the client goes away.
fn answer(mut stream: TcpStream, script: &Script, count: &AtomicU64) {
    let (mut request, mut buffer) = (Vec::new(), [0; 1024]);
    while let Ok(n @ 1..) = stream.read(&mut buffer) {
        request.extend_from_slice(&buffer[..n]);
        if request.ends_with(b"\r\n\r\n") {
            request.clear();
            if let Some(reply) = script(count.fetch_add(1, Ordering::Relaxed)) {
                let _ = stream.write_all(reply.as_bytes());
            }
        }
    }
}

fn open_loop(address: SocketAddr, flags: &str) -> (Output, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_open-loop"));
    command.args(["/", "--json", "--url", &format!("http://{address}")]);
    let output = command.args(flags.split_whitespace()).output().unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output, report)
}

fn ms(report: &Value, of: &str, share: &str) -> f64 {
    report[of][share].as_f64().unwrap()
}

#[test]
fn a_stall_shows_in_all_the_requests_that_were_due_meanwhile() {
    let gate = Mutex::new(());
    let address = serve(move |number| {
        let _open = gate.lock().unwrap();
        if number == 200 {
            std::thread::sleep(Duration::from_secs(1));
        }
        Some(OK)
    });
    let (output, report) = open_loop(address, "--rate 200 --seconds 3 --connections 4");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(report["statuses"]["200"], 600);
    // Of 600 requests 200 fell due while nothing was answered. The k-th of them waited for 1,000 less 5k ms.
    assert!(ms(&report, "from_due_ms", "p90") >= 600.0, "{report}");
    assert!(ms(&report, "from_due_ms", "p99") >= 900.0, "{report}");
    assert!(ms(&report, "from_due_ms", "max") >= 1000.0, "{report}");
    // Four of them were under way. To count from the sending is to see nothing but those.
    let hidden = ms(&report, "from_sent_ms", "p90");
    assert!(hidden < ms(&report, "from_due_ms", "p90") / 2.0, "{report}");
    assert!(ms(&report, "from_sent_ms", "max") >= 1000.0, "{report}");
    assert!(ms(&report, "sent_late_ms", "p90") >= 500.0, "{report}");
}

#[test]
fn what_a_server_cannot_do_is_not_achieved() {
    let address = serve(|_| {
        std::thread::sleep(Duration::from_millis(20));
        Some(OK)
    });
    let (output, report) = open_loop(address, "--rate 100 --seconds 1 --connections 1");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(report["asked_per_s"], 100.0);
    assert!(
        report["achieved_per_s"].as_f64().unwrap() <= 100.0 / 1.98,
        "{report}"
    );
    // The last of them was due after 990 ms, sent after 1,980 at the earliest, and came after 2,000.
    assert!(ms(&report, "from_due_ms", "max") >= 1000.0, "{report}");
}

#[test]
fn a_silent_server_ends_no_later_than_its_callers_give_up() {
    let address = serve(|_| None);
    let (output, report) = open_loop(
        address,
        "--rate 20 --seconds 1 --connections 2 --timeout-ms 300",
    );
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(report["failed"], 20);
    assert_eq!(report["statuses"], serde_json::json!({}));
    let timed_out = report["faults"]["timed out"].as_u64().unwrap();
    let never_sent = report["faults"]["never sent"].as_u64().unwrap();
    assert!(timed_out >= 2 && timed_out + never_sent == 20, "{report}");
    assert!(ms(&report, "from_due_ms", "max") >= 300.0, "{report}");
}

#[test]
fn refusals_are_counted_by_status() {
    let address = serve(|number| Some(if number % 4 == 0 { BUSY } else { OK }));
    let (output, report) = open_loop(address, "--rate 400 --seconds 1 --connections 2");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(
        report["statuses"],
        serde_json::json!({"200": 300, "503": 100})
    );
    assert_eq!(report["failed"], 100);
}

#[test]
fn what_cannot_begin_says_why() {
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let far: SocketAddr = "192.0.2.7:80".parse().unwrap();
    for (address, flags, reason) in [
        (gone, "", "cannot connect"),
        (far, "", "--allow-remote"),
        (gone, "--rate 1e9", "from 1 to"),
        (gone, "--rate nan", "from 1 to"),
    ] {
        let (output, _) = open_loop(address, flags);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(reason), "{said}");
    }
}
