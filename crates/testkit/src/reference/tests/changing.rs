//! Examples of changes, and of what the board is like after them.

use boards::{BoardInfo, Details, Guard, Metadata, NewPlayer, Order, Refusal, Season, SeasonId};

use super::*;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn ask_board(store: &ReferenceStore) -> BoardInfo {
    now(store.board(&board())).unwrap()
}

fn refusal(result: Result<Outcome, StoreError>) -> Refusal {
    match result {
        Err(StoreError::Refused { at: 0, refusal }) => refusal,
        other => panic!("{other:?}"),
    }
}

fn details_of(store: &ReferenceStore, player: char) -> Details {
    let view = View::of(board());
    let standing = now(store.entry(&view, id(player)));
    standing.unwrap().entry.details
}

fn with_metadata(submission: Submission, json: &str) -> Submission {
    let metadata = Some(Metadata::of_object(json.to_owned()).unwrap());
    let details = Details {
        occurred_at_ms: Some(7),
        metadata,
    };
    Submission {
        details,
        ..submission
    }
}

#[test]
fn of_a_tie_who_reached_the_score_first_is_above() {
    let store = filled(last(), &[('a', 1.0), ('b', 1.0), ('c', 2.0)]);
    let expected = [
        (Some(1), 'c', 2.0),
        (Some(2), 'a', 1.0),
        (Some(3), 'b', 1.0),
    ];
    assert_eq!(lines(&store), expected);
    // The same score again is no change of place; away and back again is.
    submit(&store, 'a', 1.0);
    assert_eq!(lines(&store), expected);
    submit(&store, 'a', 5.0);
    submit(&store, 'a', 1.0);
    assert_eq!(order(&page(&store, &View::of(board()))), "cba");
}

#[test]
fn ties_get_the_ranks_of_the_mode_which_may_change() {
    let scores = [('a', 9.0), ('b', 7.0), ('c', 7.0), ('d', 5.0)];
    let store = filled(last(), &scores);
    assert_eq!(ranks(&store), [1, 2, 3, 4]);
    put(&store, ranked_by(RankMode::Shared));
    assert_eq!(ranks(&store), [1, 2, 2, 4]);
    put(&store, ranked_by(RankMode::Dense));
    assert_eq!(ranks(&store), [1, 2, 2, 3]);
}

#[test]
fn best_of_the_lowest_first() {
    let settings = BoardSettings {
        order: Order::Asc,
        ..BoardSettings::default()
    };
    let store = store_with(settings);
    try_submit(&store, with_metadata(submission('a', 61.5), "{}")).unwrap();
    submit(&store, 'b', 60.0);
    let worse = submit(&store, 'a', 62.0);
    let stays = Outcome {
        score: score(61.5),
        previous_score: Some(score(61.5)),
        rank: Some(2),
        previous_rank: Some(2),
        total: 2,
        applied: false,
        season: SeasonId(1),
    };
    assert_eq!(worse, stays);
    assert_eq!(submit(&store, 'a', 61.5), stays);
    assert_eq!(details_of(&store, 'a').occurred_at_ms, Some(7));
    let better = submit(&store, 'a', 59.0);
    let first = Outcome {
        score: score(59.0),
        rank: Some(1),
        applied: true,
        ..stays
    };
    assert_eq!(better, first);
    assert!(details_of(&store, 'a').is_empty());
}

#[test]
fn a_full_board_drops_the_last_of_a_tie() {
    let store = filled(at_most(3), &[('a', 5.0), ('b', 2.0), ('c', 2.0)]);
    // As good as the last two, and later.
    let dropped = submit(&store, 'd', 2.0);
    let expected = Outcome {
        score: score(2.0),
        previous_score: None,
        rank: None,
        previous_rank: None,
        total: 3,
        applied: false,
        season: SeasonId(1),
    };
    assert_eq!(dropped, expected);
    assert_eq!(order(&page(&store, &View::of(board()))), "abc");
    assert_eq!(submit(&store, 'e', 3.0).rank, Some(2));
    assert_eq!(order(&page(&store, &View::of(board()))), "aeb");
    // One that is there may get worse and stays, as the board is not too full.
    assert_eq!(submit(&store, 'a', 1.0).rank, Some(3));
    put(&store, at_most(1));
    assert_eq!(order(&page(&store, &View::of(board()))), "e");
}

#[test]
fn creation_on_a_full_board_tells_the_rank_of_each_at_its_turn() {
    let store = store_with(at_most(2));
    let new = |(of, value)| NewPlayer {
        player: player(of, None),
        score: score(value),
    };
    let create = |players: &[(char, f64)]| Change::CreatePlayers {
        board: board(),
        players: players.iter().copied().map(new).collect(),
    };
    let created = change(
        &store,
        create(&[('p', 1.0), ('q', 3.0), ('r', 1.0), ('s', 2.0)]),
    );
    let ranks = vec![Some(1), Some(1), None, Some(2)];
    assert_eq!(created, Changed::Created(ranks));
    assert_eq!(order(&page(&store, &View::of(board()))), "qs");
    let twice = try_change(&store, create(&[('t', 1.0), ('p', 1.0), ('t', 1.0)]));
    assert!(matches!(twice, Err(StoreError::Duplicate(at)) if at == [1, 2]));
}

#[test]
fn the_hidden_have_no_rank_and_come_back_where_they_are_then() {
    let store = filled(at_most(3), &[('a', 3.0), ('b', 2.0), ('c', 1.0)]);
    set_hidden(&store, 'b', true);
    assert_eq!(lines(&store), [(Some(1), 'a', 3.0), (Some(2), 'c', 1.0)]);
    let hidden = submit(&store, 'b', 2.5);
    assert_eq!((hidden.rank, hidden.previous_rank), (None, None));
    assert_eq!((hidden.total, hidden.applied), (2, true));
    assert_eq!(hidden.previous_score, Some(score(2.0)));
    submit(&store, 'd', 0.5);
    assert_eq!(order(&page(&store, &View::of(board()))), "acd");
    // Now there is one too many.
    set_hidden(&store, 'b', false);
    let expected = [
        (Some(1), 'a', 3.0),
        (Some(2), 'b', 2.5),
        (Some(3), 'c', 1.0),
    ];
    assert_eq!(lines(&store), expected);
}

#[test]
fn a_season_of_the_past_is_kept_as_it_ended() {
    let settings = BoardSettings {
        keep_seasons: 1,
        ..last()
    };
    let store = filled(settings, &[('a', 3.0), ('b', 2.0)]);
    let rotate = |now_ms| {
        let rotate = now(store.change(Change::Rotate(board()), None, now_ms));
        rotate.unwrap().changed
    };
    let second = Season {
        season: SeasonId(2),
        started_at_ms: 50,
        ended_at_ms: None,
    };
    assert_eq!(rotate(50), Changed::Rotated(second));
    assert_eq!(submit(&store, 'b', 9.0).previous_score, None);
    assert_eq!(lines(&store), [(Some(1), 'b', 9.0)]);
    let past = |season| View {
        season: Some(SeasonId(season)),
        ..View::of(board())
    };
    let first = tell(&page(&store, &past(1)).entries);
    assert_eq!(first, [(Some(1), 'a', 3.0), (Some(2), 'b', 2.0)]);
    set_hidden(&store, 'a', true);
    let first = tell(&page(&store, &past(1)).entries);
    assert_eq!(first, [(Some(1), 'b', 2.0)]);

    rotate(60);
    let seasons = now(store.seasons(&board())).unwrap();
    let times = seasons
        .iter()
        .map(|s| (s.season.0, s.started_at_ms, s.ended_at_ms));
    let expected = [(3, 60, None), (2, 50, Some(60))];
    assert_eq!(times.collect::<Vec<_>>(), expected);
    let forgotten = now(store.page(&past(1), PageStart::Offset(0), 1));
    assert!(matches!(
        forgotten,
        Err(StoreError::UnknownSeason(SeasonId(1)))
    ));
}

#[test]
fn a_player_that_moves_changes_segments_on_the_way() {
    let store = filled(last(), &[('a', 3.0), ('b', 2.0), ('e', 1.0)]);
    let of_country = |code| {
        let entries = page(&store, &of_segment(code)).entries;
        let ranks = entries.iter().map(|e| (e.rank, e.segment_rank));
        ranks
            .zip(entries.iter().map(|e| letter(e.player.id)))
            .collect::<Vec<_>>()
    };
    let before = [((Some(1), Some(1)), 'a'), ((Some(3), Some(2)), 'e')];
    assert_eq!(of_country("country:tr"), before);
    change(&store, Change::PutPlayers(vec![player('a', Some("us"))]));
    assert_eq!(of_country("country:tr"), [((Some(3), Some(1)), 'e')]);
    let after = [((Some(1), Some(1)), 'a'), ((Some(2), Some(2)), 'b')];
    assert_eq!(of_country("country:us"), after);
    change(&store, Change::PutPlayers(vec![player('a', None)]));
    assert_eq!(of_country("country:us"), [((Some(2), Some(1)), 'b')]);
}

#[test]
fn submissions_are_refused_in_the_order_of_the_rules() {
    let settings = BoardSettings {
        max_score: Some(score(f64::MAX)),
        min_score: Some(score(0.0)),
        operator: Operator::Sum,
        ..last()
    };
    let store = filled(settings, &[('a', f64::MAX)]);
    let mut both = submission('a', f64::MAX);
    both.if_score = Some(None);
    let changed = refusal(try_submit(&store, both.clone()));
    assert_eq!(changed, Refusal::ScoreChanged(Some(score(f64::MAX))));
    both.if_score = Some(Some(score(f64::MAX)));
    assert_eq!(refusal(try_submit(&store, both)), Refusal::ScoreOverflow);
    let low = refusal(try_submit(&store, submission('b', -1.0)));
    assert_eq!(low, Refusal::ScoreOutOfBounds(score(-1.0)));
    // One that is not better changes nothing, and so may be as low as it likes.
    let mut worse = submission('a', -1.0);
    worse.operator = Some(Operator::Best);
    assert!(!try_submit(&store, worse).unwrap().applied);
    let nobody = try_submit(&store, submission('z', 1.0));
    assert!(matches!(nobody, Err(StoreError::UnknownPlayer(p)) if p == id('z')));
}

#[test]
fn a_batch_is_all_or_nothing_or_item_by_item() {
    let store = store_with(last());
    let submissions = vec![
        (board(), submission('a', 1.0)),
        (board(), submission('z', 1.0)),
        (board(), submission('b', 1.0)),
    ];
    let batch = |all_or_nothing| Change::SubmitBatch {
        submissions: submissions.clone(),
        all_or_nothing,
    };
    let refused = try_change(&store, batch(true)).unwrap_err();
    let unknown = Refusal::UnknownPlayer(id('z'));
    assert!(matches!(refused, StoreError::Refused { at: 1, refusal } if refusal == unknown));
    assert!(lines(&store).is_empty());
    let Changed::Batch(results) = change(&store, batch(false)) else {
        panic!("no batch");
    };
    let ranks: Vec<_> = results.into_iter().map(|r| r.map(|o| o.rank)).collect();
    assert_eq!(ranks, [Ok(Some(1)), Err(unknown), Ok(Some(2))]);
}

#[test]
fn a_batch_without_any_board_is_refused_as_a_whole() {
    let store = store_with(last());
    let gone = BoardId::parse("gone").unwrap();
    let batch = |boards: &[&BoardId]| Change::SubmitBatch {
        submissions: boards
            .iter()
            .map(|id| ((*id).clone(), submission('a', 1.0)))
            .collect(),
        all_or_nothing: false,
    };
    let refused = try_change(&store, batch(&[&gone, &gone]));
    assert!(matches!(refused, Err(StoreError::UnknownBoard(id)) if id == gone));
    assert_eq!(change(&store, batch(&[])), Changed::Batch(Vec::new()));
    let Changed::Batch(results) = change(&store, batch(&[&gone, &board()])) else {
        panic!("no batch");
    };
    assert_eq!(results[0], Err(Refusal::UnknownBoard(gone)));
    assert!(results[1].is_ok());
}

#[test]
fn the_order_is_fixed_while_anybody_has_an_entry() {
    let store = filled(last(), &[('a', 1.0)]);
    set_hidden(&store, 'a', true);
    change(&store, Change::Rotate(board()));
    let ascending = || BoardSettings {
        order: Order::Asc,
        keep_seasons: 0,
        ..last()
    };
    let put_ascending = || Change::PutBoard {
        board: board(),
        settings: ascending(),
    };
    let fixed = try_change(&store, put_ascending());
    assert!(matches!(fixed, Err(StoreError::OrderIsFixed)));
    change(&store, Change::DeletePlayer(id('a')));
    assert_eq!(change(&store, put_ascending()), Changed::Put { created: 0 });
    assert_eq!(ask_board(&store).settings, ascending());
}

#[test]
fn a_guarded_change_is_made_once_a_day() {
    let settings = BoardSettings {
        operator: Operator::Sum,
        ..last()
    };
    let store = store_with(settings);
    let add = |request, now_ms| {
        let change = Change::Submit {
            board: board(),
            submission: submission('a', 1.0),
        };
        let key = [1; 16];
        let guard = Some(Guard { key, request });
        now(store.change(change, guard, now_ms))
    };
    let first = add([1; 16], 5).unwrap();
    let again = add([1; 16], 5 + DAY_MS - 1).unwrap();
    assert!(!first.replayed && again.replayed);
    assert_eq!(first.changed, again.changed);
    assert!(matches!(add([2; 16], 6), Err(StoreError::KeyReused)));
    assert_eq!(lines(&store), [(Some(1), 'a', 1.0)]);
    assert!(!add([2; 16], 5 + DAY_MS).unwrap().replayed);
    assert_eq!(lines(&store), [(Some(1), 'a', 2.0)]);
}

#[test]
fn what_was_refused_is_not_remembered_of_a_guard() {
    let store = store_with(last());
    let guard = Some(Guard {
        key: [1; 16],
        request: [1; 16],
    });
    let rotate = |board: &str| {
        let change = Change::Rotate(BoardId::parse(board).unwrap());
        now(store.change(change, guard, 0))
    };
    assert!(rotate("nowhere").is_err());
    assert!(!rotate("b").unwrap().replayed);
    // From here on the key is known, and what is asked under it is not looked at.
    assert!(rotate("nowhere").unwrap().replayed);
}
