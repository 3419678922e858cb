//! Players who are erased while they are in a match, which random steps seldom come upon in every state of it, and
//! who are made again under the same id.
//!
//! Each change is asked of the store and of the reference, whose answers have to be the same text, and what was
//! promised is asserted besides. Each scenario wants a store of its own that has nothing yet.

use boards::{Change, Guard, PlayerId};
use matchmaking::{
    MatchId, MatchResult, MatchState, NewBackfill, NewTicket, OpenSeat, QueueChange, QueueId, Who,
};

use super::{Asked, Store, ask, cast, compare};
use crate::{ReferenceStore, ada, announced_duel, duel, lone_ticket};

const TTL_MS: u64 = 10_000_000;

/// A store and the reference, asked the same.
struct Both<'a> {
    store: &'a dyn Store,
    reference: &'a ReferenceStore,
}

impl<'a> Both<'a> {
    /// With a queue of one against one and tickets of the players 0 to 3, each named as its player is.
    async fn start(
        store: &'a dyn Store,
        reference: &'a ReferenceStore,
        acceptance_ms: Option<u64>,
    ) -> Self {
        let both = Both { store, reference };
        let players = cast::players().map(ada).collect();
        both.of_boards(Change::PutPlayers(players)).await;
        let settings = Box::new(duel(acceptance_ms, TTL_MS));
        let queue = queue();
        both.ask(QueueChange::PutQueue { queue, settings }).await;
        for n in 0..4 {
            both.ask(create(n)).await;
        }
        both
    }

    async fn ask(&self, change: QueueChange) -> String {
        self.answer(Asked::Queues(change), None).await
    }

    /// Under a key, so that the answer is kept.
    async fn ask_by(&self, key: u8, change: QueueChange) -> String {
        let (key, request) = ([key; 16], [0; 16]);
        let guard = Guard { key, request };
        self.answer(Asked::Queues(change), Some(guard)).await
    }

    async fn of_boards(&self, change: Change) -> String {
        self.answer(Asked::Boards(change), None).await
    }

    async fn shows(&self, ticket: u8, n: u8) -> bool {
        let id = cast::ticket_id(ticket);
        let view = self.store.ticket(&queue(), &id).await.unwrap();
        is_in(n, &format!("{view:?}"))
    }

    async fn erase(&self, n: u8) {
        let erased = self.of_boards(Change::DeletePlayer(cast::id(n))).await;
        assert!(erased.starts_with("Ok("), "{erased}");
    }

    async fn answer(&self, asked: Asked, guard: Option<Guard>) -> String {
        let now_ms = self.reference.latest_ms() + 1;
        let expected = ask(self.reference, &asked, guard, now_ms).await;
        let found = ask(self.store, &asked, guard, now_ms).await;
        assert_eq!(found, expected, "left is found, right expected: {asked:?}");
        found
    }

    /// Asserts that all that can be seen is the same.
    async fn compare(&self) {
        compare(self.store, self.reference, &[match_id()]).await;
    }
}

fn queue() -> QueueId {
    let [duel, _] = cast::queues();
    duel
}

/// The only match there is.
pub fn match_id() -> MatchId {
    MatchId::from_random([7; 16])
}

fn is_in(n: u8, text: &str) -> bool {
    text.contains(&format!("{:?}", cast::id(n)))
}

fn ticket(n: u8) -> NewTicket {
    lone_ticket(cast::ticket_id(n), cast::id(n))
}

fn create(n: u8) -> QueueChange {
    create_avoiding(n, &[])
}

fn create_avoiding(n: u8, avoid: &[u8]) -> QueueChange {
    let (queue, mut ticket) = (queue(), ticket(n));
    ticket.avoid = avoid.iter().map(|n| cast::id(*n)).collect();
    QueueChange::CreateTicket { queue, ticket }
}

fn say(n: u8, accept: bool) -> QueueChange {
    let (match_id, who) = (match_id(), Who::Player(cast::id(n)));
    if accept {
        QueueChange::Accept { match_id, who }
    } else {
        QueueChange::Decline { match_id, who }
    }
}

/// The players 0 and 1 against each other.
fn announce() -> QueueChange {
    announced_duel(queue(), match_id(), [0, 1].map(cast::ticket_id), 0.0)
}

/// A ticket takes the seat of a backfill in the first team.
fn fill(backfill: u8, ticket: u8) -> QueueChange {
    let (backfill, ticket) = (cast::ticket_id(backfill), cast::ticket_id(ticket));
    QueueChange::Announce {
        queue: queue(),
        matches: Vec::new(),
        fills: vec![(backfill, 0, ticket, vec![None])],
    }
}

fn open(backfill: u8, left: Vec<PlayerId>, team: usize) -> QueueChange {
    QueueChange::CreateBackfill {
        queue: queue(),
        backfill: NewBackfill {
            id: cast::ticket_id(backfill),
            match_id: match_id(),
            left,
            seats: vec![OpenSeat { team, role: None }],
        },
    }
}

/// The seat of an erased player in a running match is filled, and the newcomer has the result.
pub async fn seats_are_filled(store: &dyn Store, reference: &ReferenceStore) {
    let both = Both::start(store, reference, None).await;
    both.ask(announce()).await;
    let full = both.ask(open(0, Vec::new(), 0)).await;
    assert!(full.contains("is more than the team may have"), "{full}");
    both.erase(0).await;
    let named = both.ask(open(0, vec![PlayerId::NIL], 0)).await;
    assert!(named.contains("NotInMatch"), "{named}");
    let others = both.ask(open(0, Vec::new(), 1)).await;
    assert!(others.contains("BadSeat"), "{others}");
    let opened = both.ask(open(0, Vec::new(), 0)).await;
    assert!(opened.contains("state: Open"), "{opened}");
    both.compare().await;
    let again = both.ask(open(1, Vec::new(), 0)).await;
    assert!(again.contains("BadSeat"), "it is given away: {again}");
    let filled = both.ask(fill(0, 2)).await;
    assert!(filled.contains("fills: 1"), "{filled}");
    let result = MatchResult::Placements(vec![1, 2]);
    let match_id = match_id();
    both.ask(QueueChange::Finish { match_id, result }).await;
    both.compare().await;
    let held = store.find_match(match_id).await.unwrap();
    let there: Vec<_> = held.players().map(|p| p.player.id).collect();
    assert_eq!(there, [cast::id(2), cast::id(1)]);
    let MatchState::Finished { ratings, .. } = &held.state else {
        panic!("{held:?}");
    };
    let rated: Vec<_> = ratings.iter().map(|change| change.player).collect();
    assert_eq!(rated, there);
}

/// An erased player is in no match that failed, whatever it says there.
pub async fn failed_matches_have_no_erased_players(store: &dyn Store, reference: &ReferenceStore) {
    let both = Both::start(store, reference, Some(1000)).await;
    both.ask(announce()).await;
    both.erase(0).await;
    for accept in [true, false] {
        let erased = both.ask(say(0, accept)).await;
        assert!(erased.contains("NotInMatch"), "{erased}");
        let other = both.ask(say(1, accept)).await;
        assert!(other.contains("has failed"), "{other}");
    }
    both.compare().await;
}

/// Who is erased is not shown by what was there before, also once somebody else has the id: not by a ticket or a
/// match that has ended, not by a ticket that avoids it, and not by an answer that is given once more.
pub async fn ids_are_not_shown_again(store: &dyn Store, reference: &ReferenceStore) {
    let both = Both::start(store, reference, Some(1000)).await;
    both.ask(create_avoiding(4, &[0, 9])).await;
    let kept = [
        (1, create_avoiding(5, &[0])),
        (2, announce()),
        (3, say(1, true)),
        (4, say(0, false)),
    ];
    for (key, change) in &kept {
        both.ask_by(*key, change.clone()).await;
    }
    both.ask_by(5, create(6)).await;
    assert!(both.shows(0, 0).await && both.shows(4, 0).await);
    both.erase(0).await;
    both.erase(6).await;
    for again in [false, true] {
        for (key, change) in &kept {
            let answer = both.ask_by(*key, change.clone()).await;
            assert!(answer.contains("replayed: true"), "{answer}");
            assert!(!is_in(0, &answer), "{answer}");
        }
        let own = both.ask_by(5, create(6)).await;
        assert!(own.contains("replayed: true") && !is_in(6, &own), "{own}");
        for ticket in [0, 1, 4, 5] {
            assert!(!both.shows(ticket, 0).await, "{ticket}");
        }
        assert!(both.shows(4, 9).await, "the other is still avoided");
        let failed = store.find_match(match_id()).await.unwrap();
        let failed = format!("{failed:?}");
        assert!(!is_in(0, &failed) && is_in(1, &failed), "{failed}");
        both.compare().await;
        if !again {
            let players = [0, 6].map(cast::id).map(ada);
            both.of_boards(Change::PutPlayers(players.into())).await;
        }
    }
    // Those who have the ids now are shown.
    let mut own = ticket(7);
    own.players[0].id = cast::id(0);
    let queue = queue();
    let own = QueueChange::CreateTicket { queue, ticket: own };
    for _ in 0..2 {
        assert!(is_in(0, &both.ask_by(7, own.clone()).await));
    }
    both.ask(create_avoiding(8, &[0])).await;
    let cancel = QueueChange::CancelTicket {
        queue: self::queue(),
        ticket: cast::ticket_id(7),
    };
    assert!(is_in(0, &both.ask(cancel).await));
    assert!(both.shows(7, 0).await && both.shows(8, 0).await);
    both.compare().await;
}
