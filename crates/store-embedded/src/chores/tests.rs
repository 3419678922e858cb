//! Answers that are too old, with a clock that is set.

use boards::{Changed, Guard};

use super::*;
use crate::data_dir::DataDir;
use crate::recovery;

fn keep(engine: &mut Engine, n: u8, at_ms: i64) {
    let key = [n; 16];
    let request = [n; 16];
    let answer = Answer::of_boards(Guard { key, request }, Changed::Done, at_ms);
    let expiry = [&at_ms.to_be_bytes()[..], &key].concat();
    let writes = [
        Write::put(Table::Answers, &key, &answer.to_bytes()),
        Write::put(Table::Expiries, &expiry, &[]),
    ];
    engine.commit(&writes).unwrap();
}

fn kept(engine: &Engine) -> usize {
    engine.scan(Table::Answers).count()
}

/// Takes all turns that there are at this time.
fn tidy(chores: &mut Chores, state: &State, engine: &mut Engine, now_ms: i64) {
    while let Some(staged) = chores.next(state, engine, now_ms).unwrap() {
        engine.commit(&staged.writes).unwrap();
    }
}

#[test]
fn a_clock_that_was_set_back_leaves_no_answer_for_ever() {
    const YEAR_MS: i64 = 365 * KEEP_ANSWERS_MS;
    let temp = tempfile::tempdir().unwrap();
    let (dir, contents) = DataDir::open(&temp.path().join("data")).unwrap();
    let (mut engine, state) = recovery::open(&dir, contents, 1 << 20, 0).unwrap();
    let mut chores = Chores::new();
    // The clock is a year ahead…
    keep(&mut engine, 1, YEAR_MS);
    tidy(&mut chores, &state, &mut engine, YEAR_MS + KEEP_ANSWERS_MS);
    assert_eq!(kept(&engine), 0);
    // …and is set right.
    tidy(&mut chores, &state, &mut engine, 0);
    keep(&mut engine, 2, 1);
    tidy(&mut chores, &state, &mut engine, KEEP_ANSWERS_MS);
    assert_eq!(kept(&engine), 1);
    tidy(
        &mut chores,
        &state,
        &mut engine,
        KEEP_ANSWERS_MS + LOOK_EVERY_MS,
    );
    assert_eq!(kept(&engine), 0);
}
