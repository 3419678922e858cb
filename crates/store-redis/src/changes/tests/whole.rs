//! Whether all that lies in Redis of boards and players agrees with itself and with the plain store.

use std::collections::{BTreeMap, BTreeSet};

use boards::{BoardId, BoardStore, PageStart, PlayerId, Score, View};
use redis::Value;
use testkit::ReferenceStore;

use crate::board_keys;
use crate::board_line::BoardLine;
use crate::changes::{boards_of_room, trim_all};
use crate::core::Core;
use crate::entry::StoredEntry;
use crate::layout::{Layout, Room};
use crate::players;
use crate::replies;

/// Keys of a room that are not about boards.
const OTHERS: [&str; 7] = [
    "store",
    "boards",
    "boards:made",
    "lines",
    "clock",
    "players",
    "decided",
];

/// What the names begin with of keys that the server removes when their time is over.
const EXPIRING: [&str; 2] = ["g:", "erased:"];

/// What the plain store has, and nothing else.
pub(super) async fn check(core: &Core, reference: &ReferenceStore) {
    let boards = agrees(core).await;
    let infos = reference.boards(None, usize::MAX).await.unwrap();
    let expected: BTreeSet<_> = infos.into_iter().map(|info| info.id).collect();
    assert_eq!(boards.keys().cloned().collect::<BTreeSet<_>>(), expected);
    for (name, line) in &boards {
        assert_eq!(line.seasons, reference.seasons(name).await.unwrap());
        assert!(line.building.is_empty());
    }
    check_orders(core, reference).await;
}

/// Asserts, once what is cut off is removed, that what lies in the rooms agrees, that nothing is locked or left over,
/// and that no board has more than it may; returns the boards.
pub(super) async fn agrees(core: &Core) -> BTreeMap<BoardId, BoardLine> {
    trim_all(core).await.unwrap();
    let mut boards = BTreeMap::new();
    for room in core.layout.rooms() {
        let found = boards_of_room::read_all(core, std::iter::once(room)).await;
        let found: BTreeMap<_, _> = found.unwrap().remove(0).into_iter().collect();
        if room == Layout::CONTROL {
            boards = found.clone();
        }
        assert_eq!(found, boards, "{room:?}");
        let mut keys = BTreeSet::from(OTHERS.map(str::to_owned));
        for line in found.values() {
            keys.extend(check_board(core, room, line).await);
        }
        let left = keys_of(core, room).await;
        let left = left.difference(&keys);
        let stays = |key: &&String| !EXPIRING.iter().any(|begin| key.starts_with(begin));
        let left: Vec<_> = left.filter(stays).collect();
        assert!(left.is_empty(), "left over: {left:?}");
    }
    for line in boards.values() {
        assert!(line.cuts.is_empty());
        if let Some(max) = line.settings.max_entries {
            let ranked = line.ladder().ranked();
            let mut total = 0;
            for room in core.layout.rooms() {
                total += places(core, room, &ranked).await.len() as u64;
            }
            assert!(total <= max, "{total} of {max}");
        }
    }
    boards
}

/// The sets of a board say what its entries say; their keys.
async fn check_board(core: &Core, room: Room, line: &BoardLine) -> BTreeSet<String> {
    let hidden = hash(core, room, &board_keys::hidden(line.number())).await;
    let players = hash(core, room, board_keys::PLAYERS).await;
    let mut keys: BTreeSet<Vec<u8>> = BTreeSet::from([
        board_keys::hidden(line.number()),
        board_keys::version(line.number()),
    ]);
    for ladder in line.ladders() {
        let mut expected: BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>> = BTreeMap::new();
        for (id, bytes) in hash(core, room, &ladder.entries()).await {
            let entry = StoredEntry::read(&bytes).unwrap();
            let player = PlayerId::from_bytes(id.clone().try_into().unwrap());
            assert_eq!(core.layout.of_player(player), room);
            let player = players::read(player, &players[&id]).unwrap();
            if hidden.contains_key(&id) {
                continue;
            }
            let weight = board_keys::weight(line.settings.order, entry.score);
            let mut place = board_keys::member(entry.reached, player.id);
            place.extend(weight.to_string().into_bytes());
            let segments = line.attributes().filter_map(|a| a.segment_of(&player));
            for key in segments
                .map(|s| ladder.segment(&s))
                .chain([ladder.ranked()])
            {
                expected.entry(key).or_default().insert(place.clone());
            }
        }
        for (key, expected) in expected {
            assert_eq!(places(core, room, &key).await, expected, "{key:?}");
            keys.insert(key);
        }
        keys.extend([ladder.entries(), ladder.parts()]);
    }
    let text = |key: Vec<u8>| String::from_utf8(key).unwrap();
    keys.into_iter().map(text).collect()
}

/// The entries of all rooms together are in the plain store's order.
async fn check_orders(core: &Core, reference: &ReferenceStore) {
    let boards = boards_of_room::read_all(core, std::iter::once(Room(0))).await;
    for (name, line) in boards.unwrap().remove(0) {
        for ladder in line.ladders() {
            let mut found: Vec<(f64, u64, PlayerId, Score)> = Vec::new();
            for room in core.layout.rooms() {
                let hidden = hash(core, room, &board_keys::hidden(line.number())).await;
                for (id, bytes) in hash(core, room, &ladder.entries()).await {
                    if !hidden.contains_key(&id) {
                        let entry = StoredEntry::read(&bytes).unwrap();
                        let id = PlayerId::from_bytes(id.try_into().unwrap());
                        let weight = board_keys::weight(line.settings.order, entry.score);
                        found.push((weight, entry.reached, id, entry.score));
                    }
                }
            }
            found.sort_by(|a, b| a.partial_cmp(b).unwrap());
            let found = found.into_iter().map(|(_, _, id, score)| (id, score));
            let mut view = View::of(name.clone());
            view.season = Some(ladder.season);
            let page = reference.page(&view, PageStart::Offset(0), usize::MAX);
            let page = page.await.unwrap().entries.into_iter();
            let expected = page.map(|entry| (entry.player.id, entry.score));
            assert_eq!(Vec::from_iter(found), Vec::from_iter(expected), "{name}");
        }
    }
}

async fn command(core: &Core, name: &str, room: Room, key: &[u8], words: &[&str]) -> Value {
    let key = core.layout.key(room, key);
    let command = redis::cmd(name).arg(key).arg(words).take();
    core.redis.read(vec![command]).await.unwrap().remove(0)
}

async fn hash(core: &Core, room: Room, key: &[u8]) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let answer = command(core, "HGETALL", room, key, &[]).await;
    replies::pairs(&answer).into_iter().collect()
}

async fn places(core: &Core, room: Room, key: &[u8]) -> BTreeSet<Vec<u8>> {
    let all = ["0", "-1", "WITHSCORES"];
    let pairs = replies::pairs(&command(core, "ZRANGE", room, key, &all).await);
    let place = |(member, weight): (Vec<u8>, Vec<u8>)| {
        let weight: f64 = String::from_utf8(weight).unwrap().parse().unwrap();
        [member, weight.to_string().into_bytes()].concat()
    };
    pairs.into_iter().map(place).collect()
}

/// What keys there are in a room.
async fn keys_of(core: &Core, room: Room) -> BTreeSet<String> {
    let tag = String::from_utf8(core.layout.key(room, b"")).unwrap();
    let any = core.layout.key(room, b"any");
    let pattern = format!("{tag}*");
    let command = redis::cmd("KEYS").arg(&pattern).take();
    let found = core.redis.read_at(vec![(any, command)]).await.unwrap();
    let keys = found.iter().flat_map(replies::texts);
    keys.map(|key| key[tag.len()..].to_owned()).collect()
}
