//! Changes in several rooms depend on the board's line in each of them: one that changes in a single room while
//! a change is under way there, as it does until a transaction over all rooms is applied, makes it begin anew.

use boards::{
    Attributes, BoardId, BoardSettings, BoardStore, Change, DisplayName, Player, PlayerId, Score,
    Submission,
};

use super::*;
use crate::board_records as records;
use crate::changes::attempt::Attempt;
use crate::core::Core;
use crate::tx::Commit;

fn board() -> BoardId {
    BoardId::parse("race").unwrap()
}

/// Two players that are in different rooms.
fn apart(core: &Core) -> [PlayerId; 2] {
    let ids: Vec<PlayerId> = (0..40).map(|n| PlayerId::from_bytes([n; 16])).collect();
    let room = core.layout.of_player(ids[0]);
    let other = ids.iter().find(|id| core.layout.of_player(**id) != room);
    [ids[0], *other.unwrap()]
}

fn submit(player: PlayerId, score: f64) -> (BoardId, Submission) {
    let score = Score::new(score).unwrap();
    (board(), Submission::new(player, score))
}

fn batch(submissions: &[(PlayerId, f64)]) -> Change {
    let submissions = submissions.iter().map(|(id, score)| submit(*id, *score));
    Change::SubmitBatch {
        submissions: submissions.collect(),
        all_or_nothing: true,
    }
}

async fn store_with_players(settings: BoardSettings) -> (RedisStore, [PlayerId; 2]) {
    let store = open(&options(4)).await;
    let ids = apart(&store.core);
    let players = ids.map(|id| Player {
        id,
        display_name: DisplayName::parse("Ada").unwrap(),
        country: None,
        attributes: Attributes::default(),
    });
    let put_board = Change::PutBoard {
        board: board(),
        settings,
    };
    for asked in [Change::PutPlayers(players.to_vec()), put_board] {
        store.change(asked, None, 5).await.unwrap();
    }
    (store, ids)
}

/// What comes of a change, if meanwhile the board's line changes in the room of that player, and only there.
async fn meets_other_line(core: &Core, asked: &Change, player: PlayerId) -> Commit {
    let attempts = core.attempts();
    let mut attempt = Attempt::new(core.begin(), &attempts, 5, 0);
    attempt.judge(asked).await.unwrap();
    let line = records::line(core.layout.of_player(player), &board());
    let mut other = core.begin();
    let mut bytes = other.get(&line).await.unwrap().unwrap();
    bytes.push(b' ');
    other.set(line, bytes);
    assert_eq!(other.commit().await.unwrap(), Commit::Made(vec![]));
    attempt.tx.commit().await.unwrap()
}

#[tokio::test]
async fn the_line_counts_in_the_rooms_of_all_who_submit() {
    let (store, ids) = store_with_players(BoardSettings::global()).await;
    for player in ids {
        let asked = batch(&[(ids[0], 1.0), (ids[1], 2.0)]);
        let made = meets_other_line(&store.core, &asked, player).await;
        assert_eq!(made, Commit::Conflict);
    }
}

#[tokio::test]
async fn the_line_counts_in_the_room_of_who_has_to_leave() {
    let settings = BoardSettings {
        max_entries: Some(1),
        ..BoardSettings::global()
    };
    let (store, [last, better]) = store_with_players(settings).await;
    let first = batch(&[(last, 1.0)]);
    store.change(first, None, 5).await.unwrap();
    let asked = batch(&[(better, 2.0)]);
    let made = meets_other_line(&store.core, &asked, last).await;
    assert_eq!(made, Commit::Conflict);
}
