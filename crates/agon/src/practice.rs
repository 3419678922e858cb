//! `agon practice-upstream`: a service to try hedging on, as slow and as unreliable as asked for.
//!
//! Every request draws a latency and a fate from one seeded source, in order of arrival, so that
//! a run can be repeated. Nothing is stored, and nothing but one route is served.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::ListenerExt;
use clap::Args;
use fastrand::Rng;
use hedge::latency::Latency;
use tokio::net::TcpListener;

use crate::cli::print;
use crate::drain::StopSignals;
use crate::odds::{parse_latency, parse_share};

/// Where the work is asked for; below it, too.
const WORK: &str = "/api/work";
/// What shares written as decimal fractions may exceed 1 by, when they are added up.
const SLACK: f64 = 1e-9;

/// Where to listen, and how to behave.
#[derive(Args)]
pub(crate) struct PracticeArgs {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9000")]
    listen: SocketAddr,
    /// uniform:100..600, constant:5, exponential:MEAN, lognormal:MEDIAN,SIGMA, or file:PATH with
    /// samples, one a line; all in milliseconds
    #[arg(long, default_value = "uniform:100..600", value_parser = parse_latency)]
    latency: Latency,
    /// Share of requests answered with status 500
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = parse_share)]
    errors: f64,
    /// Share of requests answered with a body that is not JSON
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = parse_share)]
    invalid: f64,
    /// Share of requests that are never answered
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = parse_share)]
    silent: f64,
    /// Repeat the run that had this seed; otherwise each is different
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

impl PracticeArgs {
    fn behaviour(self) -> anyhow::Result<Behaviour> {
        let faults = self.errors + self.invalid + self.silent;
        ensure!(
            faults <= 1.0 + SLACK,
            "--errors, --invalid and --silent are shares of all requests: together at most 1, not {faults}"
        );
        Ok(Behaviour {
            latency: self.latency,
            errors: self.errors,
            invalid: self.invalid,
            silent: self.silent,
            seed: self.seed,
        })
    }
}

/// Where a practice upstream that listens there is asked for work.
pub(crate) fn url(address: SocketAddr) -> String {
    format!("http://{address}{WORK}")
}

/// How slow, and how unreliable. The shares are from 0 to 1, and at most 1 together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Behaviour {
    /// From the arrival of a request to its reply, whatever the reply is.
    pub(crate) latency: Latency,
    /// The share answered with status 500.
    pub(crate) errors: f64,
    /// The share answered with a body that breaks off.
    pub(crate) invalid: f64,
    /// The share never answered.
    pub(crate) silent: f64,
    /// Random where there is none.
    pub(crate) seed: Option<u64>,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Success,
    Error,
    Invalid,
    Silence,
}

struct Practice {
    behaviour: Behaviour,
    random: Mutex<Rng>,
}

impl Practice {
    fn new(behaviour: Behaviour) -> Self {
        let random = behaviour.seed.map_or_else(Rng::new, Rng::with_seed);
        Practice {
            behaviour,
            random: Mutex::new(random),
        }
    }

    /// Both numbers under one lock: a request's fate does not depend on who else asks.
    fn draw(&self) -> (Duration, Fate) {
        let (latency, fate) = {
            // A source of random numbers has no state that a panic could leave half done.
            let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
            (random.f64(), random.f64())
        };
        (self.behaviour.latency.quantile(latency), self.fate(fate))
    }

    fn fate(&self, number: f64) -> Fate {
        let errors = self.behaviour.errors;
        let invalid = errors + self.behaviour.invalid;
        let silent = invalid + self.behaviour.silent;
        match number {
            n if n < errors => Fate::Error,
            n if n < invalid => Fate::Invalid,
            n if n < silent => Fate::Silence,
            _ => Fate::Success,
        }
    }
}

/// Until SIGTERM or Ctrl-C. Requests under way are dropped then: there is nothing to lose.
///
/// # Errors
/// When the shares add up to more than 1, or the address cannot be listened on.
pub(crate) fn run(args: PracticeArgs) -> anyhow::Result<()> {
    let address = args.listen;
    let behaviour = args.behaviour()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut stop = StopSignals::listen()?;
        let listener = TcpListener::bind(address).await;
        let listener = listener.with_context(|| format!("cannot listen on {address}"))?;
        let url = url(listener.local_addr()?);
        print(&format!("practice upstream: {url}"))?;
        tokio::select! {
            served = serve(listener, behaviour) => Ok(served?),
            () = stop.next() => Ok(()),
        }
    })
}

/// Serves for ever, or rather until it is dropped.
pub(crate) async fn serve(listener: TcpListener, behaviour: Behaviour) -> std::io::Result<()> {
    // Replies are small and late enough; where the option is refused, they are a little later.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, routes(behaviour)).await
}

/// Other methods are as unknown as other paths: whoever strays here has the wrong address.
fn routes(behaviour: Behaviour) -> Router {
    let work = get(work).fallback(async || StatusCode::NOT_FOUND);
    Router::new()
        .route(WORK, work.clone())
        .route(&format!("{WORK}/{{*rest}}"), work)
        .with_state(Arc::new(Practice::new(behaviour)))
}

async fn work(State(practice): State<Arc<Practice>>) -> Response {
    let (latency, fate) = practice.draw();
    if fate == Fate::Silence {
        // The future is dropped when the client goes away.
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(latency).await;
    reply(latency, fate)
}

fn reply(latency: Duration, fate: Fate) -> Response {
    let (status, body) = match fate {
        Fate::Error => (
            StatusCode::INTERNAL_SERVER_ERROR,
            r#"{"error":"practice"}"#.to_owned(),
        ),
        Fate::Invalid => (StatusCode::OK, r#"{"time": "#.to_owned()),
        Fate::Success | Fate::Silence => (
            StatusCode::OK,
            format!(r#"{{"time": {}}}"#, latency.as_millis()),
        ),
    };
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}

#[cfg(test)]
mod tests {
    use std::io::{self, BufRead, BufReader, Read, Write};
    use std::net::TcpStream;
    use std::time::Instant;

    use clap::Parser;
    use tokio::runtime::Runtime;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: PracticeArgs,
    }

    fn behaviour(flags: &str) -> anyhow::Result<Behaviour> {
        let words = std::iter::once("agon").chain(flags.split_whitespace());
        Line::try_parse_from(words)?.args.behaviour()
    }

    /// One connection to an upstream of its own, which ends with it.
    struct Client {
        stream: BufReader<TcpStream>,
        _upstream: Runtime,
    }

    #[derive(Debug, PartialEq)]
    struct Reply {
        status: u16,
        json: bool,
        body: String,
    }

    impl Client {
        fn of(flags: &str) -> Self {
            let behaviour = behaviour(flags).unwrap();
            let upstream = Runtime::new().unwrap();
            let listener = upstream.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
            let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            stream.set_nodelay(true).unwrap();
            upstream.spawn(serve(listener, behaviour));
            Client {
                stream: BufReader::new(stream),
                _upstream: upstream,
            }
        }

        fn send(&mut self, method: &str, path: &str) {
            let request = format!("{method} {path} HTTP/1.1\r\nhost: practice\r\n\r\n");
            self.stream.get_mut().write_all(request.as_bytes()).unwrap();
        }

        fn receive(&mut self) -> io::Result<Reply> {
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                if self.stream.read_line(&mut head)? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
            let length = field("content-length: ").unwrap().parse().unwrap();
            let mut body = vec![0; length];
            self.stream.read_exact(&mut body)?;
            Ok(Reply {
                status: head.split(' ').nth(1).unwrap().parse().unwrap(),
                json: field("content-type: ") == Some("application/json"),
                body: String::from_utf8(body).unwrap(),
            })
        }

        fn get(&mut self, path: &str) -> Reply {
            self.send("GET", path);
            self.receive().unwrap()
        }
    }

    #[test]
    fn the_reply_tells_its_latency() {
        let mut client = Client::of("--latency constant:30.7");
        for path in [WORK, "/api/work/anything/below?and=more"] {
            let start = Instant::now();
            let reply = client.get(path);
            assert!(start.elapsed() >= Duration::from_millis(30));
            let body = r#"{"time": 30}"#.to_owned();
            let expected = Reply {
                status: 200,
                json: true,
                body,
            };
            assert_eq!(reply, expected);
        }
    }

    #[test]
    fn everything_else_is_not_found() {
        let mut client = Client::of("--latency constant:0");
        for path in ["/", "/api", "/api/works", "/work"] {
            assert_eq!(client.get(path).status, 404, "{path}");
        }
        client.send("DELETE", WORK);
        assert_eq!(client.receive().unwrap().status, 404);
        assert_eq!(client.get(WORK).status, 200);
    }

    #[test]
    fn a_seed_repeats_a_run() {
        let run = |seed: &str| {
            let mut client = Client::of(&format!("--latency uniform:0..9 --errors 0.3 {seed}"));
            let replies = (0..20).map(|_| client.get(WORK));
            replies.collect::<Vec<Reply>>()
        };
        assert_eq!(run("--seed 5"), run("--seed 5"));
        assert_ne!(run("--seed 5"), run("--seed 6"));
        assert_ne!(run(""), run(""));
    }

    #[test]
    fn faults_come_in_their_shares() {
        const REQUESTS: u32 = 1500;
        let flags = "--latency constant:0 --errors 0.3 --invalid 0.1 --seed 1";
        let mut client = Client::of(flags);
        let (mut errors, mut invalid) = (0, 0);
        for _ in 0..REQUESTS {
            let reply = client.get(WORK);
            match (reply.status, reply.body.as_str()) {
                (500, body) => errors += u32::from(body == r#"{"error":"practice"}"#),
                (200, r#"{"time": "#) => invalid += 1,
                (status, body) => assert_eq!((status, body), (200, r#"{"time": 0}"#)),
            }
            assert!(reply.json);
        }
        let share = |count| f64::from(count) / f64::from(REQUESTS);
        // Four standard errors of such a share are 0.048 and 0.031.
        assert!((share(errors) - 0.3).abs() < 0.048, "{errors}");
        assert!((share(invalid) - 0.1).abs() < 0.031, "{invalid}");
    }

    #[test]
    fn faults_are_as_slow_as_answers() {
        for flags in ["--errors 1", "--invalid 1"] {
            let mut client = Client::of(&format!("--latency constant:40 {flags}"));
            let start = Instant::now();
            client.get(WORK);
            assert!(start.elapsed() >= Duration::from_millis(40), "{flags}");
        }
    }

    #[test]
    fn silence_has_no_end() {
        let mut client = Client::of("--latency constant:0 --silent 1");
        let patience = Duration::from_millis(200);
        let stream = client.stream.get_mut();
        stream.set_read_timeout(Some(patience)).unwrap();
        client.send("GET", WORK);
        // Neither a reply nor the end of the connection.
        let refusal = client.receive().unwrap_err();
        assert_eq!(refusal.kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn shares_have_bounds() {
        let refusal = |flags: &str| behaviour(flags).unwrap_err().to_string();
        for flag in ["--errors", "--invalid", "--silent"] {
            assert!(refusal(&format!("{flag}=1.1")).contains("from 0 to 1"));
            assert!(refusal(&format!("{flag}=-0.1")).contains("from 0 to 1"));
            assert!(refusal(&format!("{flag}=NaN")).contains("from 0 to 1"));
        }
        assert!(refusal("--errors 0.5 --invalid 0.3 --silent 0.3").contains("at most 1"));
        assert!(behaviour("--errors 0.1 --invalid 0.2 --silent 0.7").is_ok());
        assert!(refusal("--latency soon").contains("uniform:100..600"));
    }

    #[test]
    fn by_default_it_is_slow_and_reliable() {
        let (flags, default) = (behaviour("").unwrap(), Behaviour::default());
        assert_eq!(flags.latency, default.latency);
        assert_eq!(flags.latency.to_string(), "uniform:100..600");
        assert_eq!((flags.errors, flags.invalid, flags.silent), (0.0, 0.0, 0.0));
        assert_eq!(flags.seed, None);
    }
}
