//! A single submission as one script: on boards without a limit of entries and without dense ranks, and, where it
//! is guarded, in a store of one room, so that the script knows all that the answer says.
//!
//! In a store of several rooms the other rooms are asked right after how many of their entries rank above.

use std::borrow::Cow;

use boards::{
    BoardId, BoardNumber, Changed, Guard, Operator, Order, Outcome, PlayerId, RankMode, Receipt,
    Refusal, Score, SeasonId, StoreError, Submission,
};
use redis::Value;

use super::attempt::unreadable;
use super::batch::refused;
use super::rotate;
use crate::board_keys::{self, Ladder};
use crate::core::Core;
use crate::entry;
use crate::failure::RedisFailure;
use crate::guard::{self, Answer};
use crate::layout::Room;
use crate::replies::{self, Reply};
use crate::tx::{Attempts, Commit, Count, Counted, settle};

/// Makes the submission; `None` where it is not one for the script.
pub(super) async fn at_once(
    core: &Core,
    board: &BoardId,
    submission: &Submission,
    guard: Option<Guard>,
    now_ms: i64,
) -> Result<Option<Receipt>, StoreError> {
    if guard.is_some() && core.layout.count() > 1 {
        return Ok(None);
    }
    let room = core.layout.of_player(submission.player);
    let mut attempts = core.attempts();
    loop {
        until_all_can_answer(core, &mut attempts).await?;
        let words = words(core, (room, board, submission), guard, now_ms);
        let words: Vec<&[u8]> = words.iter().map(|word| &**word).collect();
        let locks = core.layout.key(room, b"locks");
        let answer = core.redis.script(&core.scripts.submit, &locks, &words);
        let told = answer.await.map_err(StoreError::from);
        let told = told.and_then(|answer| read(&answer, submission.player));
        if may_have_changed(&told) {
            core.boards_changed(std::iter::once(board));
        }
        match told? {
            Told::Done(done) => return finish(core, room, *done, now_ms).await.map(Some),
            Told::Kept(answer) => return replay(&answer, guard, now_ms),
            Told::Slow => return Ok(None),
            Told::Ended => rotate::end_season(core, board, now_ms).await?,
            Told::NoBoard => return Err(StoreError::UnknownBoard(board.clone())),
            Told::Refused(refusal) => return Err(refused(refusal)),
            Told::Locked { by, age_ms } => {
                settle(core, room, &by, age_ms).await?;
                attempts.pause().await?;
            }
        }
    }
}

/// Whether readers of the board may see something else now.
fn may_have_changed(told: &Result<Told, StoreError>) -> bool {
    match told {
        Ok(Told::Done(done)) => done.outcome.applied,
        Ok(_) => false,
        Err(_) => true,
    }
}

/// Waits, as long as patience lasts, until the other rooms can add to the answer. A submission that is made and
/// then answered with an error would be sent again, and a board that adds up would count it twice.
async fn until_all_can_answer(core: &Core, attempts: &mut Attempts<'_>) -> Result<(), StoreError> {
    while core.layout.count() > 1 && !core.redis.is_ready() {
        let in_time = attempts.pause().await;
        in_time.map_err(|_| RedisFailure::NotDone {
            reason: "not all of Redis can be used".to_owned(),
        })?;
    }
    Ok(())
}

fn replay(answer: &[u8], guard: Option<Guard>, now_ms: i64) -> Result<Option<Receipt>, StoreError> {
    let answer = Answer::read(answer).ok_or_else(|| unreadable("kept answer"))?;
    let Some(guard) = guard else { return Ok(None) };
    let answer = answer.judge(guard, now_ms)?;
    answer.map(Answer::replay).transpose()
}

/// The arguments of the script.
fn words<'a>(
    core: &Core,
    (room, board, submission): (Room, &'a BoardId, &'a Submission),
    guard: Option<Guard>,
    now_ms: i64,
) -> [Cow<'a, [u8]>; 13] {
    let text = |number: String| Cow::Owned(number.into_bytes());
    let operator: &[u8] = match submission.operator {
        None => b"",
        Some(Operator::Sum) => b"sum",
        Some(Operator::Best) => b"best",
        Some(Operator::Last) => b"last",
    };
    let if_score = match submission.if_score {
        None => Cow::Borrowed(&b""[..]),
        Some(None) => Cow::Borrowed(&b"none"[..]),
        Some(Some(score)) => Cow::Owned(double(score)),
    };
    [
        Cow::Borrowed(board.as_str().as_bytes()),
        Cow::Borrowed(submission.player.as_bytes()),
        Cow::Owned(double(submission.score)),
        Cow::Borrowed(operator),
        if_score,
        Cow::Owned(entry::details(&submission.details)),
        text(core.stamps.next(1).to_string()),
        text(room.0.to_string()),
        text(now_ms.to_string()),
        Cow::Owned(guard.map(guard::key).unwrap_or_default()),
        Cow::Owned(guard.map(|g| beginning(g, now_ms)).unwrap_or_default()),
        text(guard::KEEP_ANSWERS_MS.to_string()),
        text(guard::KEPT_FOR_MS.to_string()),
    ]
}

fn double(score: Score) -> Vec<u8> {
    score.get().to_bits().to_be_bytes().to_vec()
}

/// The JSON of an [`Answer`] up to the outcome.
fn beginning(guard: Guard, now_ms: i64) -> Vec<u8> {
    let request = guard.request.map(|byte| byte.to_string()).join(",");
    let text = format!(r#"{{"request":[{request}],"at_ms":{now_ms},"changed":{{"Submitted":"#);
    text.into_bytes()
}

/// What the script has told.
enum Told {
    Done(Box<Done>),
    Kept(Vec<u8>),
    Slow,
    Ended,
    NoBoard,
    Refused(Refusal),
    Locked { by: String, age_ms: u64 },
}

/// A submission that is made.
struct Done {
    /// With the ranks and the total of its own room.
    outcome: Outcome,
    ladder: Ladder,
    order: Order,
    mode: RankMode,
    /// As members of the sorted set.
    old: Option<Vec<u8>>,
    new: Option<Vec<u8>>,
    stamp: u64,
}

fn read(answer: &Value, player: PlayerId) -> Result<Told, StoreError> {
    let Value::Array(items) = answer else {
        return Err(replies::strange(&format!("{answer:?}")));
    };
    let word = items.first().and_then(replies::text).unwrap_or_default();
    Ok(match word.as_str() {
        "OK" => Told::Done(Box::new(
            read_done(&items[1..]).ok_or_else(|| unreadable("outcome"))?,
        )),
        "KEPT" => Told::Kept(items.get(1).and_then(replies::bytes).unwrap_or_default()),
        "SLOW" => Told::Slow,
        "ENDED" => Told::Ended,
        "NO_BOARD" => Told::NoBoard,
        "NO_PLAYER" => Told::Refused(Refusal::UnknownPlayer(player)),
        "OTHER_SCORE" => Told::Refused(Refusal::ScoreChanged(items.get(1).and_then(score))),
        "OVERFLOW" => Told::Refused(Refusal::ScoreOverflow),
        "OUT_OF_BOUNDS" => {
            let score = items.get(1).and_then(score);
            let score = score.ok_or_else(|| unreadable("score"))?;
            Told::Refused(Refusal::ScoreOutOfBounds(score))
        }
        _ => match replies::read(answer) {
            Reply::Locked { by, age_ms } => Told::Locked { by, age_ms },
            other => return Err(replies::strange(&format!("{other:?}"))),
        },
    })
}

fn read_done(items: &[Value]) -> Option<Done> {
    let number = |at: usize| items.get(at).and_then(replies::whole);
    let small = |at: usize| u32::try_from(number(at)?).ok();
    let place = |at: usize| number(at).map(|above| above + 1);
    let season = SeasonId(small(6)?);
    Some(Done {
        outcome: Outcome {
            score: score(items.first()?)?,
            previous_score: items.get(1).and_then(score),
            rank: place(2),
            previous_rank: place(3),
            total: number(4)?,
            applied: number(5)? == 1,
            season,
        },
        ladder: Ladder::new(BoardNumber(small(7)?), season),
        order: match replies::text(items.get(8)?)?.as_str() {
            "asc" => Order::Asc,
            _ => Order::Desc,
        },
        mode: match replies::text(items.get(9)?)?.as_str() {
            "shared" => RankMode::Shared,
            _ => RankMode::Ordinal,
        },
        old: items.get(10).and_then(replies::bytes),
        new: items.get(11).and_then(replies::bytes),
        stamp: number(12)?,
    })
}

fn score(value: &Value) -> Option<Score> {
    let bytes: [u8; 8] = replies::bytes(value)?.try_into().ok()?;
    Score::new(f64::from_bits(u64::from_be_bytes(bytes))).ok()
}

/// The receipt, with what the other rooms add to the ranks.
async fn finish(
    core: &Core,
    room: Room,
    mut done: Done,
    now_ms: i64,
) -> Result<Receipt, StoreError> {
    core.stamps.observe(done.stamp);
    if core.layout.count() > 1 {
        add_other_rooms(core, room, &mut done).await?;
    }
    Ok(Receipt {
        changed: Changed::Submitted(done.outcome),
        replayed: false,
        at_ms: now_ms,
    })
}

async fn add_other_rooms(core: &Core, own: Room, done: &mut Done) -> Result<(), StoreError> {
    let outcome = &mut done.outcome;
    let count = |score: Score, member: &Option<Vec<u8>>| {
        let score = board_keys::weight(done.order, score);
        match (done.mode, member) {
            (RankMode::Ordinal, Some(member)) => Counted::Before {
                score,
                member: member.clone(),
            },
            _ => Counted::Better { score },
        }
    };
    let before = outcome.previous_score.map(|score| count(score, &done.old));
    let asked = [
        Some(Counted::All),
        outcome.rank.map(|_| count(outcome.score, &done.new)),
        before.filter(|_| outcome.previous_rank.is_some()),
    ];
    let mut tx = core.begin();
    for room in core.layout.rooms().filter(|room| *room != own) {
        for of in asked.iter().flatten() {
            let (key, of) = (done.ladder.ranked(), of.clone());
            tx.count(room, Count { key, of });
        }
    }
    let Commit::Made(counts) = tx.commit().await? else {
        return Err(unreadable("figure"));
    };
    for some in counts.chunks(asked.iter().flatten().count()) {
        let mut some = some.iter();
        outcome.total += some.next().copied().unwrap_or(0);
        let ranks = [&mut outcome.rank, &mut outcome.previous_rank];
        for rank in ranks.into_iter().flatten() {
            *rank += some.next().copied().unwrap_or(0);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_completes_an_answer() {
        let guard = Guard {
            key: [1; 16],
            request: [7; 16],
        };
        let outcome = r#"{"score":0.5,"previous_score":null,"rank":3,"previous_rank":null,"total":4,"applied":true,"season":1}"#;
        let text = [&beginning(guard, -5)[..], outcome.as_bytes(), b"}}"].concat();
        let answer = Answer::read(&text).unwrap();
        assert_eq!((answer.request, answer.at_ms), ([7; 16], -5));
        let Some(Changed::Submitted(outcome)) = answer.changed else {
            panic!("{answer:?}");
        };
        assert_eq!((outcome.rank, outcome.total), (Some(3), 4));
    }
}
