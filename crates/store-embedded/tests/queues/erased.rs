//! Players of a match that were erased: all are shown with the nil id, so it names none of them. The
//! reference is asked the same, since the conformance suite asks this only where chance erases two of a match.

use boards::{Change, PlayerId};
use matchmaking::{MatchError, NewBackfill, QueueChange, Who};
use testkit::ReferenceStore;
use testkit::conformance::queues::Store;

use super::{Fixture, announce, create, id, match_id, player, put_queue, queue, ticket_id};

/// A match that is being held, of players 1 and 2, who are both erased then.
async fn erase_all_of_a_match(store: &dyn Store) {
    let players = [1, 2].map(player).into();
    let put = store.change(Change::PutPlayers(players), None, 0).await;
    put.unwrap();
    for change in [put_queue(None), create(1), create(2), announce(7, [1, 2])] {
        store.change_queue(change, None, 5).await.unwrap();
    }
    for n in [1, 2] {
        let erase = Change::DeletePlayer(id(n));
        store.change(erase, None, 6).await.unwrap();
    }
}

/// All that can name a player of a match, with the nil id.
fn naming_nil() -> [QueueChange; 3] {
    let (match_id, who) = (match_id(7), Who::Player(PlayerId::NIL));
    let backfill = NewBackfill {
        id: ticket_id(9),
        match_id,
        left: vec![PlayerId::NIL],
        seats: Vec::new(),
    };
    [
        QueueChange::CreateBackfill {
            queue: queue(),
            backfill,
        },
        QueueChange::Accept {
            match_id,
            who: who.clone(),
        },
        QueueChange::Decline { match_id, who },
    ]
}

#[tokio::test]
async fn the_nil_id_names_no_player_of_a_match() {
    let fixture = Fixture::new();
    let embedded = fixture.open();
    let stores: [&dyn Store; 2] = [&embedded, &ReferenceStore::new(0)];
    for store in stores {
        erase_all_of_a_match(store).await;
        let before = store.find_match(match_id(7)).await.unwrap();
        assert!(before.players().all(|p| p.player.id == PlayerId::NIL));
        for change in naming_nil() {
            let answer = store.change_queue(change.clone(), None, 7).await;
            let refused = matches!(answer, Err(MatchError::NotInMatch(_)));
            assert!(refused, "{change:?}: {answer:?}");
        }
        assert_eq!(store.find_match(match_id(7)).await.unwrap(), before);
    }
}
