//! Many players changed on many boards at once: as a whole, in scripts of bounded size, or refused as a whole.

use boards::{
    Attribute, Attributes, BoardId, BoardSettings, BoardStore, Change, Changed, Country,
    DisplayName, PageStart, Player, PlayerId, Score, Segment, Submission, View,
};

use super::*;

const BOARDS: usize = 12;
const PLAYERS: u8 = 40;

fn board(number: usize) -> BoardId {
    BoardId::parse(&format!("b{number}")).unwrap()
}

fn player(number: u8, country: &str) -> Player {
    Player {
        id: PlayerId::from_bytes([number + 1; 16]),
        display_name: DisplayName::parse("Ada").unwrap(),
        country: Some(Country::parse(country).unwrap()),
        attributes: Attributes::default(),
    }
}

fn put(count: u8, country: &str) -> Change {
    Change::PutPlayers((0..count).map(|n| player(n, country)).collect())
}

/// A store with all players on all boards.
async fn store(rooms: u16) -> RedisStore {
    let store = open(&options(rooms)).await;
    store.change(put(PLAYERS, "tr"), None, 5).await.unwrap();
    for number in 0..BOARDS {
        let settings = BoardSettings {
            segments: vec![Attribute::Country],
            ..BoardSettings::default()
        };
        let board = board(number);
        let submissions = (0..PLAYERS).map(|n| {
            let score = Score::new(f64::from(n)).unwrap();
            let id = player(n, "tr").id;
            (board.clone(), Submission::new(id, score))
        });
        let submit = Change::SubmitBatch {
            submissions: submissions.collect(),
            all_or_nothing: true,
        };
        let board = board.clone();
        for change in [Change::PutBoard { board, settings }, submit] {
            store.change(change, None, 5).await.unwrap();
        }
    }
    store
}

async fn in_country(store: &RedisStore, board: BoardId, country: &str) -> u64 {
    let view = View {
        segment: Some(Segment::parse(&format!("country:{country}")).unwrap()),
        ..View::of(board)
    };
    let page = store.page(&view, PageStart::Offset(0), 1).await;
    page.unwrap().total
}

#[tokio::test]
async fn they_move_on_all_boards_or_are_refused() {
    for rooms in [1, 4] {
        let store = store(rooms).await;
        let before = store.version(&board(3)).await.unwrap();
        let moved = store.change(put(PLAYERS, "us"), None, 6).await.unwrap();
        assert_eq!(moved.changed, Changed::Put { created: 0 });
        for number in 0..BOARDS {
            let all = in_country(&store, board(number), "us").await;
            assert_eq!(all, u64::from(PLAYERS));
            assert_eq!(in_country(&store, board(number), "tr").await, 0);
        }
        assert!(store.version(&board(3)).await.unwrap() > before);
        // So many boards more that not all of them can be looked at.
        for number in BOARDS..4 * BOARDS {
            let settings = BoardSettings::default();
            let board = board(number);
            let put = Change::PutBoard { board, settings };
            store.change(put, None, 7).await.unwrap();
        }
        let refused = store.change(put(PLAYERS, "de"), None, 8).await;
        let Err(StoreError::TooManyAtOnce { limit }) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(in_country(&store, board(0), "de").await, 0);
        let limit = u8::try_from(limit).unwrap();
        assert!((1..PLAYERS).contains(&limit), "{limit}");
        store.change(put(limit, "de"), None, 9).await.unwrap();
        assert_eq!(in_country(&store, board(0), "de").await, u64::from(limit));
        // Those who are new, or as they were, are on no board that had to be looked at.
        let same = (0..limit).map(|n| player(n, "de"));
        let new = (100..200).map(|n| player(n, "de"));
        let put = Change::PutPlayers(same.chain(new).collect());
        store.change(put, None, 10).await.unwrap();
        whole::agrees(&store.core).await;
    }
}
