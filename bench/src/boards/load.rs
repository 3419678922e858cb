//! Players and scores that can be computed, and how a store is filled with them.

use anyhow::{Result, ensure};
use boards::{
    Attributes, BoardId, BoardSettings, BoardStore, Change, Changed, Country, DisplayName,
    NewPlayer, Operator, Player, PlayerId, RankMode, Score, Submission,
};

use crate::random::scramble;

/// Players created, or scores submitted, as one change.
const BATCH: u64 = 10_000;
const COUNTRIES: [&str; 5] = ["tr", "us", "de", "fr", "jp"];

pub fn id(n: u64) -> PlayerId {
    let half = scramble(n);
    let bytes = (u128::from(half) << 64) | u128::from(n);
    PlayerId::from_bytes(bytes.to_be_bytes())
}

pub fn board(name: &str) -> Result<BoardId> {
    Ok(BoardId::parse(name)?)
}

pub fn score(value: u64) -> Result<Score> {
    Ok(Score::new(value as f64)?)
}

/// The player of this number, from another country for each value of `moved`.
pub fn player(n: u64, moved: u64) -> Result<Player> {
    let country = COUNTRIES[((scramble(n ^ 1) + moved) % COUNTRIES.len() as u64) as usize];
    Ok(Player {
        id: id(n),
        display_name: DisplayName::parse(&format!("player {n}"))?,
        country: Some(Country::parse(country)?),
        attributes: Attributes::default(),
    })
}

async fn change(store: &dyn BoardStore, change: Change) -> Result<Changed> {
    Ok(store.change(change, None, 0).await?.changed)
}

/// Players without entries.
pub async fn put_players(store: &dyn BoardStore, count: u64) -> Result<()> {
    for from in (0..count).step_by(BATCH as usize) {
        let players = (from..count.min(from + BATCH)).map(|n| player(n, 0));
        let put = Change::PutPlayers(players.collect::<Result<_>>()?);
        let created = (count - from).min(BATCH);
        ensure!(change(store, put).await? == Changed::Put { created });
    }
    Ok(())
}

/// Players with an entry on the board `global`, each with the score that its number has.
pub async fn create_players(
    store: &dyn BoardStore,
    count: u64,
    score_of: impl Fn(u64) -> u64,
) -> Result<()> {
    for from in (0..count).step_by(BATCH as usize) {
        let numbers = from..count.min(from + BATCH);
        create_batch(store, numbers.map(|n| (n, score_of(n)))).await?;
    }
    Ok(())
}

/// Players with these numbers and scores, as one change.
pub async fn create_batch(
    store: &dyn BoardStore,
    new: impl Iterator<Item = (u64, u64)>,
) -> Result<()> {
    let one = |(n, value)| -> Result<NewPlayer> {
        Ok(NewPlayer {
            player: player(n, 0)?,
            score: score(value)?,
        })
    };
    let players = new.map(one).collect::<Result<Vec<_>>>()?;
    let expected = players.len();
    let board = BoardId::global();
    let created = change(store, Change::CreatePlayers { board, players }).await?;
    ensure!(matches!(created, Changed::Created(ranks) if ranks.len() == expected));
    Ok(())
}

/// A board on which the last score counts.
pub async fn put_board(store: &dyn BoardStore, name: &str, rank_mode: RankMode) -> Result<()> {
    let settings = BoardSettings {
        operator: Operator::Last,
        rank_mode,
        ..BoardSettings::default()
    };
    let board = board(name)?;
    let put = change(store, Change::PutBoard { board, settings }).await?;
    ensure!(put == Changed::Put { created: 1 }, "the board is new");
    Ok(())
}

/// Submits to boards, in large batches; each score has to be taken.
pub async fn submit_all(
    store: &dyn BoardStore,
    scores: impl Iterator<Item = Result<(BoardId, Submission)>>,
) -> Result<u64> {
    let mut scores = scores.peekable();
    let mut count = 0;
    while scores.peek().is_some() {
        let batch: Result<Vec<_>> = scores.by_ref().take(BATCH as usize).collect();
        count += submit_batch(store, batch?).await?;
    }
    Ok(count)
}

/// Submits as one change; each score has to be taken. How many they were.
pub async fn submit_batch(
    store: &dyn BoardStore,
    submissions: Vec<(BoardId, Submission)>,
) -> Result<u64> {
    let count = submissions.len() as u64;
    let submitted = Change::SubmitBatch {
        submissions,
        all_or_nothing: false,
    };
    match change(store, submitted).await? {
        Changed::Batch(outcomes) => ensure!(outcomes.iter().all(Result::is_ok), "one was refused"),
        other => anyhow::bail!("{other:?}"),
    }
    Ok(count)
}
