//! A store in Redis that has what a reference store has.

use std::collections::BTreeMap;

use async_trait::async_trait;
use boards::{
    Attribute, BoardId, BoardInfo, BoardStore, Change, Clock, Guard, Lookup, Order, Page,
    PageStart, Player, PlayerId, RankedEntry, Receipt, Score, Season, Standing, Stats, StoreError,
    View,
};
use redis::Cmd;
use testkit::ReferenceStore;

use crate::Options;
use crate::board_keys::{BOARDS, Ladder, PLAYERS, hidden, member, version, weight};
use crate::board_line::BoardLine;
use crate::core::Core;
use crate::entry::StoredEntry;
use crate::layout::Room;
use crate::players;
use crate::store::RedisStore;

const FIRST: u64 = 1 << 33;
/// Also changes the upper half of the number.
const STEP: u64 = 1 << 31;

/// A store to read.
pub(super) struct Mirror {
    pub(super) store: RedisStore,
    commands: Vec<Cmd>,
    /// Grows with each entry, so that they stand in the order in which they are written.
    reached: u64,
    boards: u32,
}

impl Mirror {
    /// An empty store of so many rooms.
    pub(super) async fn empty(url: &str, prefix: &str, rooms: u16) -> Self {
        let mut options = Options::new(url.parse().unwrap());
        options.prefix = prefix.to_owned();
        options.partitions = Some(rooms);
        // Before any season can end by schedule: the mirror is of what is.
        let clock = Clock::new(|| 5);
        let store = RedisStore::open(&options, clock).await.unwrap();
        Mirror {
            store,
            commands: Vec::new(),
            reached: FIRST,
            boards: 0,
        }
    }

    /// A store with all boards of the reference and with those of these players that it knows.
    pub(super) async fn of(
        url: &str,
        prefix: &str,
        rooms: u16,
        reference: &ReferenceStore,
        players: &[PlayerId],
    ) -> Self {
        let mut mirror = Mirror::empty(url, prefix, rooms).await;
        for id in players {
            if let Ok(player) = reference.player(*id).await {
                mirror.put_player(&player);
            }
        }
        for info in reference.boards(None, usize::MAX).await.unwrap() {
            mirror.copy_board(reference, &info, players).await;
        }
        mirror.write().await;
        mirror
    }

    fn core(&self) -> &Core {
        &self.store.core
    }

    fn add(&mut self, room: Room, name: &str, key: &[u8], words: &[&[u8]]) {
        let mut command = Cmd::new();
        command.arg(name).arg(self.core().layout.key(room, key));
        words.iter().for_each(|word| {
            command.arg(*word);
        });
        self.commands.push(command);
    }

    /// Sends what was added.
    pub(super) async fn write(&mut self) {
        let commands = std::mem::take(&mut self.commands);
        self.core().redis.read(commands).await.unwrap();
    }

    pub(super) fn put_player(&mut self, player: &Player) {
        let room = self.core().layout.of_player(player.id);
        let bytes = players::to_bytes(player);
        self.add(room, "HSET", PLAYERS, &[player.id.as_bytes(), &bytes]);
    }

    /// Writes a line in all rooms.
    pub(super) fn put_board(&mut self, id: &BoardId, line: &BoardLine) {
        for room in self.core().layout.rooms() {
            self.put_board_in(room, id, line);
        }
    }

    pub(super) fn put_board_in(&mut self, room: Room, id: &BoardId, line: &BoardLine) {
        self.add(
            room,
            "HSET",
            BOARDS,
            &[id.as_str().as_bytes(), &line.to_bytes()],
        );
    }

    pub(super) fn bump(&mut self, line: &BoardLine, player: PlayerId) {
        let room = self.core().layout.of_player(player);
        self.add(room, "INCR", &version(line.number()), &[]);
    }

    async fn copy_board(
        &mut self,
        reference: &ReferenceStore,
        info: &BoardInfo,
        players: &[PlayerId],
    ) {
        let seasons = reference.seasons(&info.id).await.unwrap();
        self.boards += 3;
        let line = BoardLine {
            seasons: seasons.clone(),
            ..BoardLine::new(self.boards, info.settings.clone(), 0)
        };
        self.put_board(&info.id, &line);
        for season in seasons {
            let mut view = View::of(info.id.clone());
            view.season = Some(season.season);
            let ladder = Ladder::new(line.number(), season.season);
            let page = reference.page(&view, PageStart::Offset(0), usize::MAX);
            for entry in page.await.unwrap().entries {
                self.put_entry(ladder, &line, &entry);
            }
            for player in players {
                if let Ok(standing) = reference.entry(&view, *player).await
                    && standing.entry.rank.is_none()
                {
                    self.hide_entry(ladder, &standing.entry);
                }
            }
        }
    }

    /// Writes an entry, as the last of its ties.
    pub(super) fn put_entry(&mut self, ladder: Ladder, line: &BoardLine, entry: &RankedEntry) {
        let id = entry.player.id;
        let room = self.core().layout.of_player(id);
        let reached = self.put_hashed(ladder, entry);
        let order: Order = line.settings.order;
        let score = format!("{:e}", weight(order, entry.score));
        let member = member(reached, id);
        let of = |attribute: &Attribute| attribute.segment_of(&entry.player);
        let segments: Vec<_> = line.attributes().filter_map(of).collect();
        let sets = segments.iter().map(|segment| ladder.segment(segment));
        for set in sets.chain([ladder.ranked()]) {
            self.add(room, "ZADD", &set, &[score.as_bytes(), &member]);
        }
    }

    fn hide_entry(&mut self, ladder: Ladder, entry: &RankedEntry) {
        let room = self.core().layout.of_player(entry.player.id);
        self.put_hashed(ladder, entry);
        let id = *entry.player.id.as_bytes();
        self.add(room, "HSET", &hidden(ladder.board), &[&id, b"1"]);
    }

    fn put_hashed(&mut self, ladder: Ladder, entry: &RankedEntry) -> u64 {
        let reached = self.reached;
        self.reached += STEP;
        let stored = StoredEntry {
            score: entry.score,
            reached,
            details: entry.details.clone(),
        };
        let room = self.core().layout.of_player(entry.player.id);
        let id = *entry.player.id.as_bytes();
        self.add(room, "HSET", &ladder.entries(), &[&id, &stored.to_bytes()]);
        reached
    }
}

/// When the entry was reached that was written after so many others.
pub(super) fn reached_at_first(others: u64) -> u64 {
    FIRST + others * STEP
}

/// Players that a reference may know, by their names in changes.
pub(super) fn players_of(changes: &[Change]) -> Vec<PlayerId> {
    let mut players = BTreeMap::new();
    for change in changes {
        match change {
            Change::CreatePlayers { players: new, .. } => {
                players.extend(new.iter().map(|new| (new.player.id, ())));
            }
            Change::PutPlayers(put) => players.extend(put.iter().map(|player| (player.id, ()))),
            _ => {}
        }
    }
    players.into_keys().collect()
}

#[async_trait]
impl BoardStore for Mirror {
    async fn change(
        &self,
        change: Change,
        _: Option<Guard>,
        _: i64,
    ) -> Result<Receipt, StoreError> {
        panic!("{change:?} is asked of a store that is only read")
    }

    async fn player(&self, id: PlayerId) -> Result<Player, StoreError> {
        self.core().player(id).await
    }

    async fn board(&self, id: &BoardId) -> Result<BoardInfo, StoreError> {
        self.core().board(id).await
    }

    async fn version(&self, id: &BoardId) -> Result<u64, StoreError> {
        self.core().version(id).await
    }

    async fn boards(
        &self,
        after: Option<&BoardId>,
        limit: usize,
    ) -> Result<Vec<BoardInfo>, StoreError> {
        self.core().boards(after, limit).await
    }

    async fn seasons(&self, board: &BoardId) -> Result<Vec<Season>, StoreError> {
        self.core().seasons(board).await
    }

    async fn entry(&self, view: &View, player: PlayerId) -> Result<Standing, StoreError> {
        self.core().entry(view, player).await
    }

    async fn page(&self, view: &View, start: PageStart, limit: usize) -> Result<Page, StoreError> {
        self.core().page(view, start, limit).await
    }

    async fn around(
        &self,
        view: &View,
        player: PlayerId,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.core().around(view, player, limit).await
    }

    async fn around_score(
        &self,
        view: &View,
        score: Score,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.core().around_score(view, score, limit).await
    }

    async fn lookup(&self, view: &View, players: &[PlayerId]) -> Result<Lookup, StoreError> {
        self.core().lookup(view, players).await
    }

    async fn stats(
        &self,
        view: &View,
        percentiles: &[f64],
        buckets: usize,
    ) -> Result<Stats, StoreError> {
        self.core().stats(view, percentiles, buckets).await
    }

    async fn secret(&self) -> Result<[u8; 32], StoreError> {
        Ok(self.core().secret)
    }

    fn is_ready(&self) -> bool {
        self.core().redis.is_ready()
    }
}
