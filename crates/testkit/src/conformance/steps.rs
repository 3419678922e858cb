//! What is asked of a store, at random. Submissions are most of it, so that boards fill; what empties
//! them again is rare.

use boards::{BoardId, Change, Guard, Order, PlayerId, Score, SeasonId, Submission, View};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::cast;

/// As long as guards are kept.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Something asked of a store.
#[derive(Clone, Debug)]
pub enum Step {
    /// A change.
    Change {
        /// What to change.
        change: Change,
        /// What keeps it from being done twice.
        guard: Option<Guard>,
        /// How long after the step before.
        after_ms: i64,
    },
    /// A question.
    Read(Read),
}

/// A question asked of a store.
#[derive(Clone, Debug)]
pub enum Read {
    /// A player.
    Player(PlayerId),
    /// A board.
    Board(BoardId),
    /// So many boards, after that one.
    Boards(Option<BoardId>, usize),
    /// The seasons of a board.
    Seasons(BoardId),
    /// A player's entry.
    Entry(View, PlayerId),
    /// A page after so many entries, with so many.
    Page(View, u64, usize),
    /// The page after a mark that was seen before.
    Onward {
        /// Which mark: how many were seen since, counted on from the last where there are not so many.
        mark: usize,
        /// Where; `None`: where the mark was seen.
        view: Option<View>,
        /// How many entries.
        limit: usize,
    },
    /// So many entries around a player's.
    Around(View, PlayerId, usize),
    /// So many entries around a score.
    AroundScore(View, Score, usize),
    /// The entries of some players.
    Lookup(View, Vec<PlayerId>),
    /// Figures, at these shares in percent and in so many parts.
    Stats(View, Vec<f64>, usize),
}

/// Steps: mostly some players and all boards first, then up to `count` times a step or a few.
pub fn steps(count: usize) -> impl Strategy<Value = Vec<Step>> {
    let start = prop::option::weighted(0.9, start());
    (start, vec(some_steps(), 0..count)).prop_map(|(start, then)| {
        let start = start.unwrap_or_default();
        start
            .into_iter()
            .chain(then.into_iter().flatten())
            .collect()
    })
}

fn start() -> impl Strategy<Value = Vec<Step>> {
    let boards: Vec<_> = cast::board_ids()
        .into_iter()
        .map(|id| put_board(Just(id)))
        .collect();
    (vec(cast::player(), 4..12), boards).prop_map(|(players, boards)| {
        let players = Change::PutPlayers(players);
        let changes = std::iter::once(players).chain(boards);
        changes.map(|change| at_once(change, None)).collect()
    })
}

fn some_steps() -> impl Strategy<Value = Vec<Step>> {
    let plain = (change(), prop_oneof![9 => 0..1000_i64, 1 => Just(DAY_MS)]);
    prop_oneof![
        30 => plain.prop_map(|(change, after_ms)| vec![Step::Change { change, guard: None, after_ms }]),
        4 => guarded(),
        2 => hidden_for_a_while(),
        2 => changed_between_pages(),
        1 => new_season_in_other_order(),
        10 => read().prop_map(|read| vec![Step::Read(read)]),
    ]
}

/// A change under a guard, and the same again after a while or a day, maybe with another body; in
/// between maybe another change, such as one that leaves the first nothing that it could be made to.
fn guarded() -> impl Strategy<Value = Vec<Step>> {
    let between = prop_oneof![
        4 => Just(None),
        1 => change().prop_map(Some),
        1 => cast::board().prop_map(|board| Some(Change::DeleteBoard(board))),
    ];
    let key = (0..6_u8).prop_map(|key| [key; 16]);
    let request = (0..2_u8).prop_map(|request| [request; 16]);
    let other = prop::bool::weighted(0.3);
    let after_ms = select(vec![0, 5, DAY_MS - 1, DAY_MS, DAY_MS + 1]);
    (change(), key, request, other, between, after_ms).prop_map(
        |(change, key, request, other, between, after_ms)| {
            let again = if other {
                request.map(|b| b ^ 2)
            } else {
                request
            };
            let request_again = Guard {
                key,
                request: again,
            };
            let first = at_once(change.clone(), Some(Guard { key, request }));
            let again = Step::Change {
                change,
                guard: Some(request_again),
                after_ms,
            };
            let between = between.map(|change| at_once(change, None));
            std::iter::once(first)
                .chain(between)
                .chain([again])
                .collect()
        },
    )
}

/// A player is hidden, the board fills, and the player is back: the same one, or another of its id.
fn hidden_for_a_while() -> impl Strategy<Value = Vec<Step>> {
    let meanwhile = prop_oneof![
        6 => cast::submission().prop_map(Some),
        1 => Just(None),
    ];
    let other = prop::option::weighted(0.25, cast::submission());
    (cast::board(), cast::player(), vec(meanwhile, 1..6), other).prop_map(
        |(board, player, meanwhile, other)| {
            let id = player.id;
            let set_hidden = |hidden| Change::SetHidden {
                board: board.clone(),
                player: id,
                hidden,
            };
            let meanwhile = meanwhile.into_iter().map(|submission| match submission {
                Some(submission) => submit(&board, submission),
                None => delete_entry(&board, id),
            });
            let back = match other {
                None => vec![set_hidden(false)],
                Some(of) => vec![
                    Change::DeletePlayer(id),
                    Change::PutPlayers(vec![player]),
                    submit(&board, Submission { player: id, ..of }),
                ],
            };
            let changes = std::iter::once(set_hidden(true)).chain(meanwhile);
            let changes = changes.chain(back);
            changes.map(|change| at_once(change, None)).collect()
        },
    )
}

/// A page is read, then comes a change of the board, maybe one that makes it another; then the next
/// page is asked for.
fn changed_between_pages() -> impl Strategy<Value = Vec<Step>> {
    let between = (
        cast::board_with_settings(cast::board()),
        0..4_u8,
        cast::submission(),
    );
    (between, 1..4_usize, any::<bool>()).prop_map(
        |(((board, settings), kind, submission), limit, same_view)| {
            let view = View::of(board.clone());
            let onward = Read::Onward {
                mark: 0,
                view: (!same_view).then(|| view.clone()),
                limit,
            };
            let changes = match kind {
                0 => vec![
                    Change::DeleteBoard(board.clone()),
                    Change::PutBoard {
                        board: board.clone(),
                        settings,
                    },
                ],
                1 => vec![Change::Rotate(board.clone())],
                _ => Vec::new(),
            };
            let changes = changes.into_iter().chain([submit(&board, submission)]);
            let changes = changes.map(|change| at_once(change, None));
            std::iter::once(Step::Read(Read::Page(view, 0, limit)))
                .chain(changes)
                .chain([Step::Read(onward)])
                .collect()
        },
    )
}

/// A season ends, and with no entry in the new one, or none that is shown, the order is to change.
fn new_season_in_other_order() -> impl Strategy<Value = Vec<Step>> {
    let board = cast::board_with_settings(cast::board());
    let hidden = prop::option::of(cast::submission());
    (board, hidden).prop_map(|((board, mut settings), hidden)| {
        settings.order = match settings.order {
            Order::Asc => Order::Desc,
            Order::Desc => Order::Asc,
        };
        let hidden = hidden.map(|submission| {
            let hide = Change::SetHidden {
                board: board.clone(),
                player: submission.player,
                hidden: true,
            };
            [submit(&board, submission), hide]
        });
        let changes = std::iter::once(Change::Rotate(board.clone()))
            .chain(hidden.into_iter().flatten())
            .chain([Change::PutBoard { board, settings }]);
        changes.map(|change| at_once(change, None)).collect()
    })
}

fn submit(board: &BoardId, submission: Submission) -> Change {
    Change::Submit {
        board: board.clone(),
        submission,
    }
}

fn delete_entry(board: &BoardId, player: PlayerId) -> Change {
    Change::DeleteEntry {
        board: board.clone(),
        player,
    }
}

fn at_once(change: Change, guard: Option<Guard>) -> Step {
    Step::Change {
        change,
        guard,
        after_ms: 0,
    }
}

fn change() -> impl Strategy<Value = Change> {
    let board = cast::board;
    let player = cast::player_id;
    prop_oneof![
        60 => (board(), cast::submission())
            .prop_map(|(board, submission)| submit(&board, submission)),
        16 => batch(),
        6 => (board(), vec(cast::new_player(), 0..4))
            .prop_map(|(board, players)| Change::CreatePlayers { board, players }),
        8 => vec(cast::player(), 0..4).prop_map(Change::PutPlayers),
        2 => player().prop_map(Change::DeletePlayer),
        5 => put_board(board()),
        1 => board().prop_map(Change::DeleteBoard),
        5 => (board(), player())
            .prop_map(|(board, player)| delete_entry(&board, player)),
        8 => (board(), player(), any::<bool>())
            .prop_map(|(board, player, hidden)| Change::SetHidden { board, player, hidden }),
        3 => board().prop_map(Change::Rotate),
    ]
}

fn batch() -> impl Strategy<Value = Change> {
    let submission = (cast::board(), cast::submission());
    (vec(submission, 0..12), any::<bool>()).prop_map(|(submissions, all_or_nothing)| {
        Change::SubmitBatch {
            submissions,
            all_or_nothing,
        }
    })
}

fn put_board(board: impl Strategy<Value = BoardId>) -> impl Strategy<Value = Change> {
    cast::board_with_settings(board)
        .prop_map(|(board, settings)| Change::PutBoard { board, settings })
}

fn view() -> impl Strategy<Value = View> {
    let season = prop::option::weighted(0.3, (1..5_u32).prop_map(SeasonId));
    let segment = prop::option::weighted(0.4, cast::segment());
    (cast::board(), season, segment).prop_map(|(board, season, segment)| View {
        board,
        season,
        segment,
    })
}

fn read() -> impl Strategy<Value = Read> {
    let player = cast::player_id;
    let limit = || 1..9_usize;
    let percentiles = select(vec![0.0, 7.0, 25.0, 33.3, 50.0, 99.9, 100.0]);
    prop_oneof![
        1 => player().prop_map(Read::Player),
        1 => cast::board().prop_map(Read::Board),
        1 => (prop::option::of(cast::board()), limit())
            .prop_map(|(after, limit)| Read::Boards(after, limit)),
        1 => cast::board().prop_map(Read::Seasons),
        2 => (view(), player()).prop_map(|(view, player)| Read::Entry(view, player)),
        4 => (view(), 0..14_u64, limit())
            .prop_map(|(view, offset, limit)| Read::Page(view, offset, limit)),
        4 => (0..40_usize, prop::option::weighted(0.3, view()), limit())
            .prop_map(|(mark, view, limit)| Read::Onward { mark, view, limit }),
        4 => (view(), player(), limit())
            .prop_map(|(view, player, limit)| Read::Around(view, player, limit)),
        3 => (view(), cast::score(), limit())
            .prop_map(|(view, score, limit)| Read::AroundScore(view, score, limit)),
        3 => (view(), vec(player(), 0..10))
            .prop_map(|(view, players)| Read::Lookup(view, players)),
        2 => (view(), vec(percentiles, 0..4), 0..7_usize)
            .prop_map(|(view, percentiles, buckets)| Read::Stats(view, percentiles, buckets)),
    ]
}
