//! `POST …/scores:batch` with lines: scores of any number, in bounded memory.
//!
//! Lines are gathered into runs, and each run is one change. What is done stays done when a later run
//! fails, so the problem says how far it went; under an idempotency key each run is guarded by itself,
//! so that the whole stream can be sent again and goes on where it stopped. A run that has not come
//! whole is not begun: sent again, it has to be the same.
//!
//! The first change has the client's key itself, so that no other request can be made under it, and those that
//! follow have keys made from it. Each guard has a digest of all lines up to there. The last run is a change also
//! where it has nothing: it says that the stream ends there.

use axum::extract::Request;
use axum::http::StatusCode;
use boards::{BoardId, Change, Guard, Outcome, Refusal, Submission};
use serde::Serialize;
use utoipa::ToSchema;

use super::board_scores::batch;
use super::scores::PlayerScore;
use crate::body::{Line, LineBody, MAX_LINE_BYTES, object, require_plain};
use crate::idempotency::{Key, Reply, RequestDigest};
use crate::problem::{Code, Problem};
use crate::state::{Api, Limits};

/// Lines of one change: as many as a store writes well at once.
const RUN_LINES: usize = 1000;
/// Refused lines that are named in the reply.
const MAX_ERRORS: usize = 100;
/// Tells a stream from a list of the same bytes.
const LINES: &[u8] = b"lines\n";

/// Scores of some players for a board, one on each line.
pub(crate) struct ScoreLines {
    body: LineBody,
    key: Option<Key>,
    /// Of the lines that were read.
    digest: RequestDigest,
}

impl ScoreLines {
    pub(crate) fn of(request: Request, limits: &Limits) -> Result<Self, Problem> {
        require_plain(request.headers())?;
        Ok(ScoreLines {
            key: Key::of_request(&request)?,
            digest: RequestDigest::of(request.method(), request.uri().path()).with(LINES),
            body: LineBody::new(request.into_body(), limits.body_read_timeout),
        })
    }

    /// The next run; one with fewer lines is the last.
    async fn run(&mut self) -> Result<Run, Problem> {
        let mut run = Run::default();
        while run.lines < RUN_LINES {
            let Some(line) = self.body.next().await? else {
                break;
            };
            run.add(&line);
            self.digest.add(line.text.as_deref().unwrap_or_default());
            self.digest.add(b"\n");
        }
        Ok(run)
    }

    /// What guards the run that was read last; `None` without a key.
    fn guard(&self, number: u64, is_first_change: bool) -> Option<Guard> {
        let key = self.key?;
        let key = if is_first_change {
            key
        } else {
            key.of_part(number)
        };
        Some(key.guard(self.digest.clone()))
    }
}

/// Consecutive lines that are one change.
#[derive(Default)]
struct Run {
    /// Lines that are not blank.
    lines: usize,
    /// The last line that was read, counted from the beginning of the stream.
    end: u64,
    submissions: Vec<Submission>,
    /// On which lines they stand.
    numbers: Vec<u64>,
    errors: Vec<LineError>,
}

impl Run {
    fn add(&mut self, line: &Line) {
        self.end = line.number;
        if line
            .text
            .as_ref()
            .is_some_and(|text| text.trim_ascii().is_empty())
        {
            return;
        }
        self.lines += 1;
        match read(line) {
            Ok(submission) => {
                self.submissions.push(submission);
                self.numbers.push(line.number);
            }
            Err(problem) => self.errors.push(LineError::of(line.number, &problem)),
        }
    }
}

fn read(line: &Line) -> Result<Submission, Problem> {
    let text = line.text.as_deref().ok_or_else(|| {
        let detail = format!("a line may have {MAX_LINE_BYTES} bytes");
        Problem::new(Code::LineTooLong, detail)
    })?;
    object::<PlayerScore>(text).map(Submission::from)
}

/// Why a line was refused.
#[derive(Serialize, ToSchema)]
pub(crate) struct LineError {
    /// The line, counted from 1.
    #[schema(example = 17)]
    line: u64,
    /// As in a problem; `line_too_long` where it has more than 65,536 bytes.
    #[schema(example = "player_not_found")]
    code: &'static str,
    #[schema(example = "there is no player e4cdb120-28fc-4285-a78d-eb48660b7730")]
    detail: String,
}

impl LineError {
    fn of(line: u64, problem: &Problem) -> Self {
        LineError {
            line,
            code: problem.code().as_str(),
            // The parser counts lines too, and has one.
            detail: problem.detail().replace(" at line 1 column", " at column"),
        }
    }

    fn refused(line: u64, refusal: &Refusal) -> Self {
        LineError {
            line,
            code: Code::from(refusal).as_str(),
            detail: refusal.to_string(),
        }
    }
}

/// What became of a stream of scores.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct StreamReceipt {
    /// Lines, without blank ones.
    #[schema(example = 100_000)]
    received: u64,
    /// How many count now.
    #[schema(example = 99_000)]
    applied: u64,
    /// How many were taken and do not count, as where a better score stays.
    #[schema(example = 999)]
    unchanged: u64,
    #[schema(example = 1)]
    refused: u64,
    /// Why; of the first 100.
    errors: Vec<LineError>,
    /// How many refused lines are not listed.
    #[schema(example = 0)]
    errors_omitted: u64,
}

/// How far a stream has come.
#[derive(Default)]
struct Progress {
    receipt: StreamReceipt,
    /// The last line that is done.
    lines_done: u64,
    /// Whether every change was made earlier; `None` while there was none.
    replayed: Option<bool>,
}

/// Scores of a stream, in order, run by run.
pub(crate) async fn submit_lines(
    api: &Api,
    board: BoardId,
    mut lines: ScoreLines,
) -> Result<Reply<StreamReceipt>, Problem> {
    if lines.key.is_none() {
        // At once, rather than after the first run. Under a key the first runs may have been made
        // when the board was there, and the store knows that better.
        api.boards.board(&board).await?;
    }
    let mut progress = Progress::default();
    for number in 0.. {
        let whole = progress.go_on(api, &board, &mut lines, number).await;
        if !whole.map_err(|problem| problem.after_lines(progress.lines_done))? {
            break;
        }
    }
    if progress.replayed.is_none() {
        // No run had a score that could be read, so the store was not asked.
        api.boards.board(&board).await?;
    }
    Ok(Reply {
        status: StatusCode::OK,
        replayed: progress.replayed.unwrap_or_default(),
        body: progress.receipt,
    })
}

impl Progress {
    /// Does one run. Whether it was a whole one, so that another may follow.
    async fn go_on(
        &mut self,
        api: &Api,
        board: &BoardId,
        lines: &mut ScoreLines,
        number: u64,
    ) -> Result<bool, Problem> {
        let mut run = lines.run().await?;
        let submissions = std::mem::take(&mut run.submissions);
        let guard = lines.guard(number, self.replayed.is_none());
        let outcomes = self.submit(api, board, submissions, guard).await?;
        let whole = run.lines == RUN_LINES;
        self.lines_done = self.lines_done.max(run.end);
        self.receipt.add(run, &outcomes);
        Ok(whole)
    }

    async fn submit(
        &mut self,
        api: &Api,
        board: &BoardId,
        submissions: Vec<Submission>,
        guard: Option<Guard>,
    ) -> Result<Vec<Result<Outcome, Refusal>>, Problem> {
        // Under a key also a run with nothing in it is kept: another stream may have something there. Not before
        // the first that has something, or a stream that does nothing would use the key up.
        let counts = guard.is_some() && self.replayed.is_some();
        if submissions.is_empty() && !counts {
            return Ok(Vec::new());
        }
        let submissions = submissions.into_iter().map(|s| (board.clone(), s));
        let change = Change::SubmitBatch {
            submissions: submissions.collect(),
            all_or_nothing: false,
        };
        let receipt = api.change(change, guard).await?;
        self.replayed = Some(receipt.replayed && self.replayed.unwrap_or(true));
        batch(receipt.changed)
    }
}

impl StreamReceipt {
    fn add(&mut self, run: Run, outcomes: &[Result<Outcome, Refusal>]) {
        let mut errors = run.errors;
        for (line, outcome) in run.numbers.into_iter().zip(outcomes) {
            match outcome {
                Ok(outcome) if outcome.applied => self.applied += 1,
                Ok(_) => self.unchanged += 1,
                Err(refusal) => errors.push(LineError::refused(line, refusal)),
            }
        }
        errors.sort_by_key(|error| error.line);
        let omitted = errors.split_off(errors.len().min(MAX_ERRORS - self.errors.len()));
        self.received += run.lines as u64;
        self.refused += (errors.len() + omitted.len()) as u64;
        self.errors.extend(errors);
        self.errors_omitted += omitted.len() as u64;
    }
}
