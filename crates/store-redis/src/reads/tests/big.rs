//! Boards with more entries than a script gives at once, and more different scores than one walks over.

use boards::{
    BoardId, BoardSettings, BoardStore, Change, Country, DisplayName, Mark, Operator, Order, Page,
    PageStart, Player, PlayerId, RankMode, Score, Segment, Submission, View,
};
use testkit::{RedisServer, ReferenceStore};

use super::mirror::Mirror;

const PLAYERS: u32 = 1500;
const MODES: [RankMode; 3] = [RankMode::Ordinal, RankMode::Shared, RankMode::Dense];

fn id(number: u32) -> PlayerId {
    let bytes = u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    PlayerId::from_bytes(bytes.to_be_bytes())
}

fn player(number: u32) -> Player {
    Player {
        id: id(number),
        display_name: DisplayName::parse(&format!("p{number}")).unwrap(),
        country: (!number.is_multiple_of(3)).then(|| Country::parse("tr").unwrap()),
        attributes: Default::default(),
    }
}

/// Mostly different scores, of both signs; some that many have.
fn score(number: u32) -> Score {
    let mixed = number.wrapping_mul(2_654_435_761) >> 8;
    let value = match number % 10 {
        0..3 => f64::from(mixed % 4),
        _ => (f64::from(mixed) - 8_000_000.0) / 64.0,
    };
    Score::new(value).unwrap()
}

fn board(order: Order, mode: RankMode) -> (BoardId, BoardSettings) {
    let id = format!("{order:?}-{mode:?}").to_lowercase();
    let settings = BoardSettings {
        order,
        rank_mode: mode,
        operator: Operator::Last,
        ..BoardSettings::default()
    };
    (BoardId::parse(&id).unwrap(), settings)
}

/// A reference with one board and everybody on it; some are hidden.
async fn crowd(board: &BoardId, settings: BoardSettings) -> ReferenceStore {
    let reference = ReferenceStore::new(5);
    let change = async |change| reference.change(change, None, 5).await.unwrap();
    change(Change::PutPlayers((0..PLAYERS).map(player).collect())).await;
    let put = Change::PutBoard {
        board: board.clone(),
        settings,
    };
    change(put).await;
    for number in (0..PLAYERS).step_by(301) {
        let hide = Change::SetHidden {
            board: board.clone(),
            player: id(number),
            hidden: true,
        };
        change(hide).await;
    }
    let submission = |number| (board.clone(), Submission::new(id(number), score(number)));
    let batch = Change::SubmitBatch {
        submissions: (0..PLAYERS).map(submission).collect(),
        all_or_nothing: true,
    };
    change(batch).await;
    reference
}

fn without_mark(page: Page) -> (Page, Option<Mark>) {
    let next = page.next;
    (Page { next: None, ..page }, next)
}

async fn compare_pages(mirror: &Mirror, reference: &ReferenceStore, view: &View) {
    let all = u64::from(PLAYERS);
    for offset in [0, 3, 200, 201, 750, all - 20, all - 5, all, u64::MAX] {
        for limit in [0, 1, 40] {
            let found = mirror
                .page(view, PageStart::Offset(offset), limit)
                .await
                .unwrap();
            let expected = reference.page(view, PageStart::Offset(offset), limit).await;
            let (found, found_next) = without_mark(found);
            let (expected, expected_next) = without_mark(expected.unwrap());
            assert_eq!(found, expected, "{view:?} {offset} {limit}");
            let score = |mark: Option<Mark>| mark.map(|mark| mark.key.tier());
            assert_eq!(score(found_next), score(expected_next));
        }
    }
    let found = mirror
        .page(view, PageStart::Offset(0), usize::MAX)
        .await
        .unwrap();
    let expected = reference.page(view, PageStart::Offset(0), usize::MAX).await;
    assert_eq!(found, expected.unwrap());
}

async fn compare_walk(mirror: &Mirror, reference: &ReferenceStore, view: &View) {
    const PAGE: usize = 333;
    let mut starts = (PageStart::Offset(0), PageStart::Offset(0));
    loop {
        let found = mirror.page(view, starts.0, PAGE).await.unwrap();
        let expected = reference.page(view, starts.1, PAGE).await.unwrap();
        let (found, found_next) = without_mark(found);
        let (expected, expected_next) = without_mark(expected);
        assert_eq!(found, expected);
        match found_next.zip(expected_next) {
            Some((a, b)) => starts = (PageStart::After(a), PageStart::After(b)),
            None => return assert_eq!(found_next.is_none(), expected_next.is_none()),
        }
    }
}

async fn compare_windows(mirror: &Mirror, reference: &ReferenceStore, view: &View) {
    let all = reference.page(view, PageStart::Offset(0), usize::MAX).await;
    let all = all.unwrap().entries;
    for place in [0, 1, 5, all.len() / 2, all.len() - 3, all.len() - 1] {
        let (player, score) = (all[place].player.id, all[place].score);
        let found = mirror.entry(view, player).await.unwrap();
        assert_eq!(found, reference.entry(view, player).await.unwrap());
        for limit in [1, 2, 31, 1100] {
            let found = mirror.around(view, player, limit).await.unwrap();
            let expected = reference.around(view, player, limit).await.unwrap();
            assert_eq!(
                without_mark(found).0,
                without_mark(expected).0,
                "{place} {limit}"
            );
            let found = mirror.around_score(view, score, limit).await.unwrap();
            let expected = reference.around_score(view, score, limit).await.unwrap();
            assert_eq!(
                without_mark(found).0,
                without_mark(expected).0,
                "{place} {limit}"
            );
        }
    }
}

async fn compare_sets(mirror: &Mirror, reference: &ReferenceStore, view: &View) {
    let everybody: Vec<PlayerId> = (0..PLAYERS + 5).chain(0..3).map(id).collect();
    let found = mirror.lookup(view, &everybody).await.unwrap();
    assert_eq!(found, reference.lookup(view, &everybody).await.unwrap());
    let shares: Vec<f64> = (0..=20).map(|n| f64::from(n) * 5.0).collect();
    for buckets in [0, 1, 100] {
        let found = mirror.stats(view, &shares, buckets).await.unwrap();
        assert_eq!(
            found,
            reference.stats(view, &shares, buckets).await.unwrap()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn big_boards_are_shown_as_the_reference_shows_them() {
    let server = RedisServer::start();
    let everybody: Vec<PlayerId> = (0..PLAYERS).map(id).collect();
    for (order, mode) in MODES
        .map(|mode| (Order::Desc, mode))
        .into_iter()
        .chain([(Order::Asc, RankMode::Shared)])
    {
        let (id, settings) = board(order, mode);
        let reference = crowd(&id, settings).await;
        for rooms in [1, 5] {
            let prefix = format!("{id}-{rooms}");
            let mirror = Mirror::of(&server.url(), &prefix, rooms, &reference, &everybody).await;
            let mut view = View::of(id.clone());
            for segment in [None, Some(Segment::parse("country:tr").unwrap())] {
                view.segment = segment;
                compare_pages(&mirror, &reference, &view).await;
                compare_walk(&mirror, &reference, &view).await;
                compare_windows(&mirror, &reference, &view).await;
                compare_sets(&mirror, &reference, &view).await;
            }
        }
    }
}
