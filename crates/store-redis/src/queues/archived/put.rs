//! Queues and what is in them, written as changes would have: the things themselves and the sets by which they are
//! found, counted and waited for ([`settle`](crate::queues::settle)). What was matched lately is not known.

use archive::{
    BackfillLine as BackfillText, MatchLine as MatchText, RatingLine, TicketLine as TicketText,
};
use boards::PlayerId;
use matchmaking::MatchState;

use crate::layout::Layout;
use crate::migrate::{MigrateError, Rooms, unknown};
use crate::queues::census::Counted;
use crate::queues::changes::NEXT;
use crate::queues::keys::{
    MATCHES, Part, Place, QUEUES, held_member, history, history_member, queues_of,
};
use crate::queues::{
    BackfillLine, Census, MatchLine, QueueLine, QueueNumber, Rated, TicketLine, records,
};

/// Versions only have to go up, and those that come are stamps.
const VERSION: u64 = 1;

/// The queues themselves, and what is counted of them.
pub(crate) fn put_queues(rooms: &mut Rooms<'_>, census: &Census) {
    let core = rooms.core();
    for queue in &census.all {
        let Some((number, _)) = census.find(&queue.id) else {
            continue;
        };
        let place = Place::of(&core.layout, number);
        let record = records::queue(&QueueLine {
            number,
            settings: queue.settings.clone(),
        });
        let name = queue.id.as_str().as_bytes();
        rooms.hash(place.room, QUEUES, name, record.clone());
        rooms.hash(Layout::CONTROL, QUEUES, name, record);
        rooms.set(place.room, &place.key(Part::Version), core.stamps.next(1));
        put_counts(rooms, place, queue);
    }
    let next = census.deleted().0.saturating_add(1);
    rooms.set(Layout::CONTROL, NEXT, next);
}

fn put_counts(rooms: &mut Rooms<'_>, place: Place, queue: &Counted) {
    let figures = [
        ("players", queue.players),
        ("proposed", queue.proposed),
        ("running", queue.running),
    ];
    for (name, figure) in figures {
        let value = figure.to_string().into_bytes();
        rooms.hash(place.room, &place.key(Part::Counts), name.as_bytes(), value);
    }
}

/// A queue's number and place.
fn find<'c>(
    rooms: &Rooms<'_>,
    census: &'c Census,
    id: &matchmaking::QueueId,
) -> Result<(QueueNumber, Place, &'c Counted), MigrateError> {
    let (number, queue) = census.find(id).ok_or_else(|| unknown("a queue"))?;
    Ok((number, Place::of(&rooms.core().layout, number), queue))
}

pub(crate) fn put_match(
    rooms: &mut Rooms<'_>,
    census: &Census,
    text: MatchText,
) -> Result<(), MigrateError> {
    let queue = match text.of_deleted_queue {
        true => census.deleted(),
        false => find(rooms, census, &text.of.queue)?.0,
    };
    let line = MatchLine {
        queue,
        version: VERSION,
        of: text.of.into(),
    };
    let layout = &rooms.core().layout;
    let (place, id) = (Place::of(layout, queue), line.of.id);
    let index = layout.of_match(id);
    rooms.hash(
        index,
        MATCHES,
        id.as_bytes(),
        queue.0.to_string().into_bytes(),
    );
    let key = place.key(Part::Matches);
    rooms.hash(place.room, &key, id.as_bytes(), line.to_bytes());
    match &line.of.state {
        MatchState::Proposed { accept_by_ms, .. } => {
            let key = place.key(Part::Proposals);
            rooms.sorted(place.room, &key, *accept_by_ms as f64, id.as_bytes());
        }
        MatchState::Running { .. } => put_held(rooms, place, &line),
        MatchState::Finished { .. } => remember(rooms, &line),
        MatchState::Failed { .. } => {}
    }
    Ok(())
}

fn put_held(rooms: &mut Rooms<'_>, place: Place, line: &MatchLine) {
    for player in line.of.everybody() {
        let member = held_member(player, line.of.id);
        rooms.sorted(place.room, &place.key(Part::Held), 0.0, &member);
        put_index(rooms, place, player);
    }
}

fn remember(rooms: &mut Rooms<'_>, line: &MatchLine) {
    let member = history_member(line.of.id, line.queue);
    for player in line.of.everybody() {
        let room = rooms.core().layout.of_player(player);
        rooms.sorted(
            room,
            &history(player),
            line.of.created_at_ms as f64,
            &member,
        );
    }
}

/// So that it is found where the player is erased.
fn put_index(rooms: &mut Rooms<'_>, place: Place, player: PlayerId) {
    let room = rooms.core().layout.of_player(player);
    let number = place.number.0.to_string();
    rooms.hash(room, &queues_of(player), number.as_bytes(), b"1".to_vec());
}

pub(crate) fn put_ticket(
    rooms: &mut Rooms<'_>,
    census: &Census,
    text: TicketText,
) -> Result<(), MigrateError> {
    let (_, place, queue) = find(rooms, census, &text.ticket.queue)?;
    let line = TicketLine {
        made: queue.ticket(text.made).ok_or_else(|| unknown("a ticket"))?,
        digest: text.request.0,
        version: VERSION,
        ticket: text.ticket.into(),
    };
    let name = line.ticket.id().as_str().as_bytes();
    rooms.hash(
        place.room,
        &place.key(Part::Tickets),
        name,
        records::ticket(&line),
    );
    for player in &line.ticket.ticket.players {
        let key = place.key(Part::Live);
        rooms.hash(place.room, &key, player.id.as_bytes(), name.to_vec());
        put_index(rooms, place, player.id);
    }
    if line.waits() {
        rooms.sorted(
            place.room,
            &place.key(Part::Waiting),
            line.made as f64,
            name,
        );
        let expires = line.ticket.expires_at_ms as f64;
        rooms.sorted(place.room, &place.key(Part::Expiries), expires, name);
    }
    Ok(())
}

pub(crate) fn put_backfill(
    rooms: &mut Rooms<'_>,
    census: &Census,
    text: BackfillText,
) -> Result<(), MigrateError> {
    let (_, place, queue) = find(rooms, census, &text.backfill.queue)?;
    let line = BackfillLine {
        made: queue
            .backfill(text.made)
            .ok_or_else(|| unknown("a backfill"))?,
        digest: text.request.0,
        backfill: text.backfill.into(),
    };
    let name = line.backfill.id.as_str().as_bytes();
    let key = place.key(Part::Backfills);
    rooms.hash(place.room, &key, name, line.to_bytes());
    rooms.sorted(
        place.room,
        &place.key(Part::Openings),
        line.made as f64,
        name,
    );
    let of = line.backfill.match_id;
    let open = census
        .open_of
        .get(&of)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let key = place.key(Part::OpenOf);
    rooms.hash(place.room, &key, of.as_bytes(), records::open_of(open));
    Ok(())
}

pub(crate) fn put_rating(
    rooms: &mut Rooms<'_>,
    census: &Census,
    line: &RatingLine,
) -> Result<(), MigrateError> {
    let (_, place, _) = find(rooms, census, &line.queue)?;
    let rated = Rated {
        rating: line.rating,
        matches: line.matches,
        rated_at_ms: line.rated_at_ms,
    };
    let room = rooms.core().layout.of_player(line.player_id);
    let (key, player) = (place.key(Part::Ratings), line.player_id);
    rooms.hash(room, &key, player.as_bytes(), rated.to_bytes());
    put_index(rooms, place, player);
    Ok(())
}
