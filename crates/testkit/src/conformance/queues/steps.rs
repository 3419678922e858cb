//! What is asked of a store of queues, at random.

use boards::{BoardId, BoardSettings, Change, Guard, PlayerId, Score, Submission};
use matchmaking::{BackfillId, MatchResult, NewTicket, OpenSeat, QueueChange, QueueId, TicketId};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::cast;
use crate::players::ada;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Something asked of a store.
#[derive(Clone, Debug)]
pub struct Step {
    pub(super) what: What,
    guard: Option<Guard>,
    after_ms: i64,
}

#[derive(Clone, Debug)]
pub(super) enum What {
    /// A change of boards or players.
    Boards(Change),
    /// A change of queues that can be told beforehand.
    Queues(QueueChange),
    /// A ticket is made; with the first name that is not used, where it is to be new.
    Create {
        queue: QueueId,
        ticket: NewTicket,
        new: bool,
    },
    /// Matches are announced of what waits in the reference, after leaving out so many tickets.
    Found { queue: QueueId, skip: usize },
    /// One is announced of these tickets, whatever they are.
    FoundOf {
        queue: QueueId,
        tickets: Vec<TicketId>,
    },
    /// Seats that are open in the reference are filled with what waits there.
    Fill { queue: QueueId, skip: usize },
    /// A match is accepted or declined, counted back from the latest: by so many players or tickets of
    /// it, beginning with that one.
    Say {
        back: usize,
        first: usize,
        count: usize,
        tickets: bool,
        accept: bool,
        stranger: bool,
    },
    /// A match has a result; `None`: places in the order of teams.
    Finish {
        back: usize,
        result: Option<MatchResult>,
    },
    /// Seats of a match are opened: of so many that leave, and others.
    Open {
        queue: QueueId,
        id: BackfillId,
        back: usize,
        leave: usize,
        seats: Vec<OpenSeat>,
    },
}

impl Step {
    /// How long after the step before.
    pub(super) fn after_ms(&self) -> i64 {
        self.after_ms
    }

    pub(super) fn guard(&self) -> Option<Guard> {
        self.guard
    }
}

/// Steps: mostly players, boards and queues first, then up to `count` more.
pub fn steps(count: usize) -> impl Strategy<Value = Vec<Step>> {
    let start = prop::option::weighted(0.9, start());
    (start, vec(step(), 0..count)).prop_map(|(start, then)| {
        let start = start.into_iter().flatten();
        start.chain(then).collect()
    })
}

fn start() -> impl Strategy<Value = Vec<Step>> {
    (cast::settings(), cast::settings()).prop_map(|(duel, team)| {
        let players = cast::players().map(ada).collect();
        let players = What::Boards(Change::PutPlayers(players));
        let [global, b, bounded] = cast::board_ids();
        let boards = [global, b, bounded].map(put_board);
        let queues = cast::queues().into_iter().zip([duel, team]);
        let queues = queues.map(|(queue, settings)| put_queue(queue, settings));
        let all = std::iter::once(players).chain(boards).chain(queues);
        all.map(at_once).collect()
    })
}

fn at_once(what: What) -> Step {
    Step {
        what,
        guard: None,
        after_ms: 0,
    }
}

/// One of the boards has bounds that ratings break, and one has little room.
fn put_board(board: BoardId) -> What {
    let mut settings = BoardSettings::global();
    match board.as_str() {
        "bounded" => settings.max_score = Score::new(1400.0).ok(),
        "b" => settings.max_entries = Some(4),
        _ => {}
    }
    What::Boards(Change::PutBoard { board, settings })
}

fn put_queue(queue: QueueId, settings: matchmaking::QueueSettings) -> What {
    let settings = Box::new(settings);
    What::Queues(QueueChange::PutQueue { queue, settings })
}

fn step() -> impl Strategy<Value = Step> {
    let after_ms = prop_oneof![
        20 => 0..4_i64,
        5 => 0..60_i64,
        1 => 50..400_i64,
    ];
    let key = (0..5_u8).prop_map(|key| [key; 16]);
    let request = (0..2_u8).prop_map(|request| [request; 16]);
    let guard = (key, request).prop_map(|(key, request)| Guard { key, request });
    let guarded = prop::option::weighted(0.08, guard);
    let day = prop::bool::weighted(0.003);
    (what(), guarded, after_ms, day).prop_map(|(what, guard, after_ms, day)| Step {
        what,
        guard,
        after_ms: if day { DAY_MS } else { after_ms },
    })
}

fn what() -> impl Strategy<Value = What> {
    let queue = cast::queue;
    let skip = || 0..3_usize;
    let tickets = cast::some_tickets().prop_map(Vec::from_iter);
    prop_oneof![
        40 => (queue(), cast::ticket(), prop::bool::weighted(0.85))
            .prop_map(|(queue, ticket, new)| What::Create { queue, ticket, new }),
        4 => (queue(), cast::any_ticket_id())
            .prop_map(|(queue, ticket)| What::Queues(QueueChange::CancelTicket { queue, ticket })),
        24 => (queue(), skip()).prop_map(|(queue, skip)| What::Found { queue, skip }),
        2 => (queue(), tickets).prop_map(|(queue, tickets)| What::FoundOf { queue, tickets }),
        14 => (queue(), skip()).prop_map(|(queue, skip)| What::Fill { queue, skip }),
        2 => queue().prop_map(|queue| What::Queues(QueueChange::Lapse(queue))),
        14 => say(),
        14 => (back(), result()).prop_map(|(back, result)| What::Finish { back, result }),
        16 => open(),
        2 => (queue(), cast::backfill_id()).prop_map(|(queue, backfill)| {
            What::Queues(QueueChange::CancelBackfill { queue, backfill })
        }),
        2 => (queue(), cast::settings()).prop_map(|(queue, settings)| put_queue(queue, settings)),
        1 => prop_oneof![
            3 => Just(None), 1 => queue().prop_map(Some)
        ].prop_map(|queue| match queue {
            Some(queue) => What::Queues(QueueChange::DeleteQueue(queue)),
            None => What::Boards(Change::PutPlayers(Vec::new())),
        }),
        4 => boards(),
    ]
}

/// Mostly the latest, since older ones have ended.
fn back() -> impl Strategy<Value = usize> {
    prop_oneof![3 => Just(0_usize), 2 => 0..3_usize, 1 => 0..20_usize]
}

fn say() -> impl Strategy<Value = What> {
    let accept = prop::bool::weighted(0.85);
    let stranger = prop::bool::weighted(0.05);
    (
        back(),
        0..4_usize,
        1..7_usize,
        any::<bool>(),
        accept,
        stranger,
    )
        .prop_map(
            |(back, first, count, tickets, accept, stranger)| What::Say {
                back,
                first,
                count,
                tickets,
                accept,
                stranger,
            },
        )
}

fn result() -> impl Strategy<Value = Option<MatchResult>> {
    let places = vec(0..4_u32, 2..4);
    let result = prop_oneof![
        4 => places.prop_map(MatchResult::Placements),
        1 => Just(MatchResult::Placements(vec![1, 1])),
        1 => Just(MatchResult::Abandoned),
    ];
    prop::option::weighted(0.4, result)
}

fn open() -> impl Strategy<Value = What> {
    (
        cast::queue(),
        cast::backfill_id(),
        back(),
        0..3_usize,
        cast::seats(),
    )
        .prop_map(|(queue, id, back, leave, seats)| What::Open {
            queue,
            id,
            back,
            leave,
            seats,
        })
}

fn boards() -> impl Strategy<Value = What> {
    let board = || select(Vec::from(cast::board_ids()));
    let player = cast::player_id;
    prop_oneof![
        4 => player().prop_map(|id| What::Boards(Change::PutPlayers(vec![ada(id)]))),
        2 => player().prop_map(|id| What::Boards(Change::DeletePlayer(id))),
        4 => (board(), player()).prop_map(|(board, player)| submit(board, player)),
        1 => board().prop_map(|board| What::Boards(Change::DeleteBoard(board))),
        2 => board().prop_map(put_board),
        1 => (board(), player(), any::<bool>()).prop_map(|(board, player, hidden)| {
            What::Boards(Change::SetHidden { board, player, hidden })
        }),
    ]
}

fn submit(board: BoardId, player: PlayerId) -> What {
    let submission = Submission::new(player, Score::new(2.0).unwrap());
    What::Boards(Change::Submit { board, submission })
}
