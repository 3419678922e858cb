use boards::{Order, Score};
use proptest::prelude::*;

use super::*;

fn key(score: u64, reached: u64) -> RankKey {
    RankKey::new(Order::Desc, Score::new(score as f64).unwrap(), reached)
}

/// Samples as a room takes them.
fn sampled(room: &[RankKey], stretch: Stretch, most: usize) -> Sampled {
    let before = |key: RankKey| room.partition_point(|other| *other < key);
    let first = stretch.low.map_or(0, before);
    let end = stretch.high.map_or(room.len(), before).max(first);
    let length = end - first;
    let samples = most.min(length);
    let at = |sample: usize| room[first + sample * length / samples];
    Sampled {
        first: first as u64,
        end: end as u64,
        keys: (0..samples).map(at).collect(),
    }
}

/// Finds places; also how many rounds it took.
fn select(rooms: &[Vec<RankKey>], places: &[u64], most: usize) -> (Vec<Option<RankKey>>, usize) {
    let mut selection = Selection::new(places);
    for round in 0.. {
        let asks = selection.asks();
        if asks.is_empty() {
            return (selection.finish(), round);
        }
        for stretch in asks {
            let answers: Vec<Sampled> = rooms
                .iter()
                .map(|room| sampled(room, stretch, most))
                .collect();
            selection.take(stretch, &answers);
        }
    }
    unreachable!()
}

proptest! {
    #[test]
    fn finds_what_stands_in_one_list(
        entries in prop::collection::vec((0..30_u64, 0..5_usize), 1..400),
        count in 1..6_usize,
        most in 12..30_usize,
        places in prop::collection::vec(any::<prop::sample::Index>(), 1..5),
    ) {
        let mut rooms = vec![Vec::new(); count];
        for (number, (score, room)) in entries.iter().enumerate() {
            rooms[room % count].push(key(*score, number as u64));
        }
        rooms.iter_mut().for_each(|room: &mut Vec<RankKey>| room.sort());
        let mut all = rooms.concat();
        all.sort();
        let places: Vec<u64> = places.iter().map(|place| place.index(all.len()) as u64).collect();
        let (found, _) = select(&rooms, &places, most);
        let expected: Vec<_> = places.iter().map(|place| Some(all[*place as usize])).collect();
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn a_million_entries_take_few_rounds() {
    const ROOMS: usize = 16;
    let mut rooms = vec![Vec::new(); ROOMS];
    let mut state = 1_u64;
    for n in 0..1_000_000_u64 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        rooms[(state >> 60) as usize % ROOMS].push(key(state >> 44, n));
    }
    rooms.iter_mut().for_each(|room| room.sort());
    let mut all = rooms.concat();
    all.sort();
    for place in [0, 1, 499_999, 999_998, 999_999] {
        let (found, rounds) = select(&rooms, &[place], 256);
        assert_eq!(found, [Some(all[place as usize])]);
        assert!(rounds <= 4, "{rounds} rounds for {place}");
    }
}

#[test]
fn the_view_may_end_before_a_place() {
    let room: Vec<RankKey> = (0..100).rev().map(|n| key(n, n)).collect();
    let (found, rounds) = select(&[room, Vec::new()], &[100, 99, u64::MAX], 200);
    assert_eq!(found, [None, Some(key(0, 0)), None]);
    assert_eq!(rounds, 1);
}

/// A search for the place 50 that has come to the stretch from 40 to 60, which stands elsewhere by now: so many
/// entries are before it.
fn moved(selection: &mut Selection, first: u64) {
    let stretch = Stretch {
        low: Some(key(60, 0)),
        high: Some(key(40, 0)),
    };
    selection.sought[0].stretch = stretch;
    let keys = (40..60).rev().map(|n| key(n, n)).collect();
    let end = first + 20;
    selection.take(stretch, &[Sampled { first, end, keys }]);
}

#[test]
fn a_place_just_outside_its_stretch_is_at_its_end() {
    for (first, end) in [(51, 60), (1050, 60), (30, 40)] {
        let mut selection = Selection::new(&[50]);
        moved(&mut selection, first);
        assert_eq!(selection.finish(), [Some(key(end, 0))]);
    }
}

#[test]
fn a_place_far_from_its_stretch_is_sought_anew_a_few_times() {
    let mut selection = Selection::new(&[50]);
    for _ in 0..MOST_RESTARTS {
        moved(&mut selection, 1051);
        assert_eq!(selection.asks(), [Stretch::default()]);
    }
    moved(&mut selection, 1051);
    assert_eq!(selection.asks(), []);
    assert_eq!(selection.finish(), [Some(key(60, 0))]);
}
