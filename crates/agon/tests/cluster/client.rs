//! A client that asks until it is answered, and how long it took.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long one request may stay without an answer, with all its repetitions.
const LIMIT: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(50);
/// Longer than nginx and Agon take to give up.
const REPLY_LIMIT: Duration = Duration::from_secs(20);

/// When requests were answered with success, and what happened at which time.
pub struct Meter {
    begun: Instant,
    answered: Mutex<Vec<Duration>>,
    /// The longest that one request was repeated.
    longest: Mutex<Duration>,
    events: Mutex<Vec<(Duration, String)>>,
}

impl Meter {
    pub fn begin() -> Self {
        Meter {
            begun: Instant::now(),
            answered: Mutex::default(),
            longest: Mutex::default(),
            events: Mutex::default(),
        }
    }

    /// Notes what is done to the system.
    pub fn note(&self, what: &str) {
        let at = self.begun.elapsed();
        self.events.lock().unwrap().push((at, what.to_owned()));
        println!("{:>6.2} s  {what}", at.as_secs_f64());
    }

    fn answered(&self, asked: Instant) {
        self.answered.lock().unwrap().push(self.begun.elapsed());
        let mut longest = self.longest.lock().unwrap();
        *longest = longest.max(asked.elapsed());
    }

    /// Successful answers by the time at which they came.
    fn sorted(&self) -> Vec<Duration> {
        let mut all = self.answered.lock().unwrap().clone();
        all.sort();
        all
    }

    /// The longest time without any successful answer to anybody.
    pub fn longest_silence(&self) -> Duration {
        let all = self.sorted();
        let gaps = all.windows(2).map(|pair| pair[1] - pair[0]);
        gaps.max().unwrap_or_default()
    }

    /// The same of those times that reach into this one.
    fn silence_between(&self, from: Duration, to: Duration) -> Duration {
        let all = self.sorted();
        let pairs = all.windows(2).filter(|pair| pair[1] > from && pair[0] < to);
        let gaps = pairs.map(|pair| pair[1] - pair[0]);
        gaps.max().unwrap_or(to - from)
    }

    pub fn report(&self) {
        let events = self.events.lock().unwrap();
        let ends = events.iter().skip(1).map(|(at, _)| *at);
        for ((at, what), end) in events.iter().zip(ends.chain([self.begun.elapsed()])) {
            let silence = self.silence_between(*at, end).as_secs_f64();
            println!("longest time without a success after `{what}`: {silence:.2} s");
        }
        println!(
            "{} successful answers in {:.0} s; longest time without one {:.2} s; \
             longest that one request was repeated {:.2} s",
            self.sorted().len(),
            self.begun.elapsed().as_secs_f64(),
            self.longest_silence().as_secs_f64(),
            self.longest.lock().unwrap().as_secs_f64(),
        );
    }
}

/// An answer.
pub struct Answer {
    pub status: u16,
    pub replayed: bool,
    pub body: Value,
}

/// Asks one address.
pub struct Client<'m> {
    agent: ureq::Agent,
    address: SocketAddr,
    meter: &'m Meter,
}

impl<'m> Client<'m> {
    pub fn new(address: SocketAddr, meter: &'m Meter) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(REPLY_LIMIT))
            .build();
        Client {
            agent: config.into(),
            address,
            meter,
        }
    }

    /// Asks again and again until the answer is no trouble of the server's: neither a failure on the way nor
    /// 502, 503, 504, nor that the same request is under way.
    pub fn insist(
        &self,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Answer {
        let asked = Instant::now();
        let mut trouble = String::new();
        while asked.elapsed() < LIMIT {
            match self.ask(method, path, key, body) {
                Ok(answer) if is_trouble(&answer) => trouble = answer.body.to_string(),
                Ok(answer) => {
                    self.meter.answered(asked);
                    return answer;
                }
                Err(error) => trouble = error.to_string(),
            }
            sleep(PAUSE);
        }
        panic!("{method} {path} was not answered in {LIMIT:?}: {trouble}");
    }

    /// The same for what has to succeed.
    #[track_caller]
    pub fn done(&self, method: &str, path: &str, key: Option<&str>, body: Option<&Value>) -> Value {
        let answer = self.insist(method, path, key, body);
        let well = matches!(answer.status, 200 | 201 | 204);
        assert!(well, "{method} {path}: {} {}", answer.status, answer.body);
        answer.body
    }

    /// `GET` of what has to be there.
    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        self.done("GET", path, None, None)
    }

    fn ask(
        &self,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answer, ureq::Error> {
        let uri = format!("http://{}{path}", self.address);
        let mut request = ureq::http::Request::builder().method(method).uri(uri);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let reply = match body {
            Some(body) => {
                let request = request.header("content-type", "application/json");
                self.agent.run(request.body(body.to_string())?)?
            }
            None => self.agent.run(request.body(())?)?,
        };
        let (parts, mut body) = reply.into_parts();
        let bytes = body.read_to_vec()?;
        let replayed = parts.headers.get("idempotency-replayed");
        Ok(Answer {
            status: parts.status.as_u16(),
            replayed: replayed.is_some_and(|value| value == "true"),
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        })
    }
}

fn is_trouble(answer: &Answer) -> bool {
    let in_use = answer.status == 409 && answer.body["code"] == "idempotency_key_in_use";
    in_use || matches!(answer.status, 502..=504)
}
