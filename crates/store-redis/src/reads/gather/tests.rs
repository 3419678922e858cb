use boards::{Order, Score};
use proptest::prelude::*;

use super::*;

/// A key with few scores, so that there are ties.
fn key(score: u8, reached: u64) -> RankKey {
    RankKey::new(Order::Asc, Score::new(f64::from(score)).unwrap(), reached)
}

/// Rooms with entries of few scores: sorted keys, each with its room as the body.
fn rooms() -> impl Strategy<Value = Vec<Vec<RankKey>>> {
    let entries = prop::collection::vec((0..6_u8, 0..5_usize), 0..60);
    (1..6_usize, entries, any::<bool>()).prop_map(|(count, entries, one_sided)| {
        let mut rooms = vec![Vec::new(); count];
        for (number, (score, room)) in entries.into_iter().enumerate() {
            let room = if one_sided { 0 } else { room % count };
            rooms[room].push(key(score, number as u64 + 1));
        }
        rooms
            .iter_mut()
            .for_each(|room: &mut Vec<RankKey>| room.sort());
        rooms
    })
}

/// What a room answers about a place.
fn answer(room: &[RankKey], at: usize, back: u64, ahead: u64) -> Slice<RankKey> {
    let first = at.saturating_sub(back as usize);
    let end = room.len().min(at.saturating_add(ahead as usize));
    let previous = first.checked_sub(1).map(|last| {
        let tier = room[last].tier();
        let better = room.iter().filter(|key| key.tier() < tier).count() as u64;
        Previous { tier, better }
    });
    Slice {
        total: room.len() as u64,
        at: at as u64,
        first: first as u64,
        previous,
        entries: room[first..end].iter().map(|key| (*key, *key)).collect(),
    }
}

fn position(room: &[RankKey], cut: Option<Cut>) -> usize {
    cut.map_or(0, |cut| room.partition_point(|key| is_before(*key, cut)))
}

/// Gathers from rooms that give at most so many at once at first; how often they were asked.
fn gather(
    rooms: &[Vec<RankKey>],
    place: Option<Cut>,
    wanted: Wanted,
    at_first: u64,
) -> (Gathered<RankKey>, usize) {
    let slices = rooms.iter().map(|room| {
        let back = if wanted.back > 0 { at_first } else { 0 };
        answer(room, position(room, place), back, at_first)
    });
    let mut gather = Gather::new(wanted, place, slices.collect());
    for round in 1.. {
        let asks = gather.asks();
        if asks.is_empty() {
            return (gather.finish(), round);
        }
        for ask in asks {
            let room = &rooms[ask.room];
            let at = position(room, Some(ask.at));
            gather.take(&ask, answer(room, at, ask.back, ask.ahead));
        }
    }
    unreachable!()
}

/// The same from one sorted list: the entries, and how many stand before the first of them.
fn expected(rooms: &[Vec<RankKey>], place: Option<Cut>, wanted: Wanted) -> (Vec<RankKey>, u64) {
    let mut all: Vec<RankKey> = rooms.concat();
    all.sort();
    let at = position(&all, place) as u64 + wanted.skip;
    let mut first = at.saturating_sub(wanted.back);
    if wanted.slide {
        first = first.min((all.len() as u64).saturating_sub(wanted.limit));
    }
    let first = first.min(all.len() as u64);
    let entries = all.into_iter().skip(first as usize);
    (entries.take(wanted.limit as usize).collect(), first)
}

fn wanted() -> impl Strategy<Value = Wanted> {
    prop_oneof![
        (0..70_u64, 0..12_u64).prop_map(|(skip, limit)| Wanted {
            skip,
            back: 0,
            limit,
            slide: false
        }),
        (0..12_u64, 0..12_u64).prop_map(|(back, more)| Wanted {
            skip: 0,
            back,
            limit: back + more,
            slide: true
        }),
    ]
}

fn place() -> impl Strategy<Value = Option<Cut>> {
    prop::option::of((0..7_u8, 0..62_u64, any::<bool>()))
        .prop_map(|place| place.map(|(score, reached, after)| (key(score, reached), after)))
}

proptest! {
    #[test]
    fn merges_as_one_list_would_be(
        rooms in rooms(), place in place(), wanted in wanted(), at_first in 1..20_u64
    ) {
        let (found, _) = gather(&rooms, place, wanted, at_first);
        let (entries, first) = expected(&rooms, place, wanted);
        let keys: Vec<RankKey> = found.entries.iter().map(|(key, _)| *key).collect();
        prop_assert_eq!(&keys, &entries);
        prop_assert!(found.entries.iter().all(|(key, body)| key == body));
        prop_assert_eq!(found.total as usize, rooms.concat().len());
        if let Some(key) = keys.first() {
            prop_assert_eq!(found.first, first);
            let better = rooms.concat().iter().filter(|other| other.tier() < key.tier()).count();
            prop_assert_eq!(found.better as usize, better);
        }
    }

    #[test]
    fn even_rooms_answer_at_once(limit in 1..400_u64, shift in 0..1000_u64) {
        const ROOMS: u64 = 16;
        // Spread as by a hash.
        let hash = |n: u64| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) % ROOMS;
        let mut rooms = vec![Vec::new(); ROOMS as usize];
        for n in 0..4000 {
            rooms[hash(n + shift) as usize].push(key(1, n));
        }
        let wanted = Wanted { skip: 0, back: 0, limit, slide: false };
        let (_, rounds) = gather(&rooms, None, wanted, share(limit, ROOMS as usize));
        prop_assert!(rounds <= 2, "{} rounds", rounds);
    }
}

#[test]
fn a_room_is_asked_for_its_share_and_some_more() {
    assert_eq!([1, 10, 100, 1000].map(|n| share(n, 1)), [1, 10, 100, 1000]);
    assert_eq!([1, 10, 100, 1000].map(|n| share(n, 16)), [1, 9, 19, 95]);
    assert_eq!(share(u64::MAX, 2), MOST_AT_ONCE);
}
