//! Rooms that do not say the same, as while a change of a board is applied to one after the other; versions.

use boards::{
    BoardId, BoardSettings, BoardStore, PageStart, Player, PlayerId, RankMode, RankedEntry, Score,
    SeasonId, StoreError, View,
};
use testkit::RedisServer;

use super::mirror::Mirror;
use crate::board_keys::{BOARDS, Ladder};
use crate::board_line::BoardLine;
use crate::layout::Room;

fn player(number: u8) -> Player {
    Player {
        id: PlayerId::from_bytes([number; 16]),
        display_name: boards::DisplayName::parse("p").unwrap(),
        country: None,
        attributes: Default::default(),
    }
}

fn entry(number: u8) -> RankedEntry {
    RankedEntry {
        player: player(number),
        score: Score::new(f64::from(number / 2)).unwrap(),
        rank: None,
        segment_rank: None,
        details: Default::default(),
    }
}

/// A store with a board of twenty entries in its only season.
async fn twenty(server: &RedisServer, rooms: u16) -> (Mirror, BoardId, BoardLine) {
    let mut mirror = Mirror::empty(&server.url(), "agon", rooms).await;
    let id = BoardId::parse("b").unwrap();
    let line = BoardLine::new(7, BoardSettings::default(), 5);
    mirror.put_board(&id, &line);
    let ladder = Ladder::new(line.number(), SeasonId::FIRST);
    for number in 1..=20 {
        mirror.put_player(&player(number));
        mirror.put_entry(ladder, &line, &entry(number));
    }
    mirror.write().await;
    (mirror, id, line)
}

/// What is seen of a board: the season, how many, and the ranks.
async fn seen(mirror: &Mirror, view: &View) -> (SeasonId, u64, Vec<u64>) {
    let page = mirror.page(view, PageStart::Offset(0), 100).await.unwrap();
    let ranks = page.entries.iter().filter_map(|entry| entry.rank);
    (page.season, page.total, ranks.collect())
}

#[tokio::test]
async fn the_first_room_says_what_is_read() {
    let server = RedisServer::start();
    let (mut mirror, id, line) = twenty(&server, 4).await;
    let view = View::of(id.clone());
    let all = (SeasonId::FIRST, 20, (1..=20).collect::<Vec<u64>>());
    assert_eq!(seen(&mirror, &view).await, all);

    let mut next = line.clone();
    next.rotate(9);
    next.settings.rank_mode = RankMode::Shared;
    mirror.put_board_in(Room(2), &id, &next);
    mirror.put_board_in(Room(3), &id, &next);
    mirror.write().await;
    assert_eq!(seen(&mirror, &view).await, all);
    assert_eq!(
        mirror.board(&id).await.unwrap().season.season,
        SeasonId::FIRST
    );
    for number in 1..=20 {
        let standing = mirror.entry(&view, player(number).id).await;
        // Whose room is ahead is on another board already.
        if mirror.store.core.layout.of_player(player(number).id) < Room(2) {
            assert_eq!(standing.unwrap().total, 20);
        } else {
            assert!(matches!(standing, Err(StoreError::NoEntry(_))));
        }
    }

    mirror.put_board_in(Room(0), &id, &next);
    mirror.put_board_in(Room(1), &id, &line);
    mirror.write().await;
    assert_eq!(seen(&mirror, &view).await, (SeasonId(2), 0, vec![]));
    let past = View {
        season: Some(SeasonId::FIRST),
        ..view
    };
    let shared = (1..=20).map(|rank| rank / 2 * 2).map(|rank| rank.max(1));
    assert_eq!(
        seen(&mirror, &past).await,
        (SeasonId::FIRST, 20, shared.collect())
    );
}

#[tokio::test]
async fn a_board_is_there_once_the_control_room_has_it() {
    let server = RedisServer::start();
    let (mut mirror, id, line) = twenty(&server, 4).await;
    for room in [0, 1] {
        let key = mirror.store.core.layout.key(Room(room), BOARDS);
        server.command(&["HDEL", std::str::from_utf8(&key).unwrap(), "b"]);
    }
    let view = View::of(id.clone());
    let page = mirror.page(&view, PageStart::Offset(0), 5).await;
    assert!(matches!(page, Err(StoreError::UnknownBoard(_))));
    assert!(matches!(
        mirror.board(&id).await,
        Err(StoreError::UnknownBoard(_))
    ));
    assert_eq!(mirror.boards(None, 10).await.unwrap().len(), 0);
    mirror.put_board_in(Room(0), &id, &line);
    mirror.write().await;
    assert_eq!(seen(&mirror, &view).await.1, 20);
}

#[tokio::test]
async fn a_version_grows_with_changes_in_any_room() {
    let server = RedisServer::start();
    let (mut mirror, id, line) = twenty(&server, 4).await;
    let mut last = mirror.version(&id).await.unwrap();
    for number in 1..=20 {
        mirror.bump(&line, player(number).id);
        mirror.write().await;
        mirror.store.core.versions.changed(&id);
        let version = mirror.version(&id).await.unwrap();
        assert_eq!(version, last + 1);
        last = version;
    }
    // Made again, it has a later number and no changes yet.
    mirror.put_board(&id, &BoardLine::new(8, BoardSettings::default(), 5));
    mirror.write().await;
    mirror.store.core.versions.all_changed();
    assert!(mirror.version(&id).await.unwrap() > last);
    let nobody = BoardId::parse("nobody").unwrap();
    let unknown = mirror.version(&nobody).await;
    assert!(matches!(unknown, Err(StoreError::UnknownBoard(_))));
}
