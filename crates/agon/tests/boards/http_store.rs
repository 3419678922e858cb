//! A store that asks a process over HTTP.

use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use boards::{
    BoardId, BoardInfo, BoardStore, Change, Changed, Guard, Lookup, Mark, Page, PageStart, Player,
    PlayerId, RankedEntry, Receipt, Score, Season, Standing, Stats, StoreError, View,
};
use serde_json::{Value, json};
use testkit::{App, Launch, Reply};

use super::known::{First, Known};
use super::problems::{self, About};
use super::request::{self, Request, board_path};
use super::wire::{self, field, list};

/// So many of the latest questions are asked again after a crash.
const ASKED_AGAIN: usize = 40;

pub(crate) struct HttpStore {
    app: Mutex<App>,
    known: Mutex<Known>,
    asked: Mutex<Vec<String>>,
    dir: tempfile::TempDir,
}

fn launch(dir: &Path) -> App {
    Launch::on(env!("CARGO_BIN_EXE_agon"), &dir.join("data")).start()
}

impl HttpStore {
    /// A process with a data directory of its own.
    pub(crate) fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        HttpStore {
            app: Mutex::new(launch(dir.path())),
            known: Mutex::new(Known::new()),
            asked: Mutex::default(),
            dir,
        }
    }

    /// Ends the process by kill -9 and starts another on its data. What was asked lately has the very same
    /// answers afterwards, cursors included.
    pub(crate) fn crash(&self) {
        let asked = self.asked.lock().unwrap().clone();
        let before = self.ask_again(&asked);
        {
            let mut app = self.app.lock().unwrap();
            app.kill();
            *app = launch(self.dir.path());
        }
        for ((path, before), after) in asked.iter().zip(before).zip(self.ask_again(&asked)) {
            assert_eq!(before, after, "{path}");
        }
    }

    fn ask_again(&self, paths: &[String]) -> Vec<(u16, String)> {
        let app = self.app.lock().unwrap();
        let ask = |path: &String| {
            let reply = app.get(path);
            (reply.status, String::from_utf8(reply.body).unwrap())
        };
        paths.iter().map(ask).collect()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap()
    }

    fn get(&self, path: String, about: &About) -> Result<Value, StoreError> {
        let reply = self.app.lock().unwrap().get(&path);
        let mut asked = self.asked.lock().unwrap();
        if asked.len() == ASKED_AGAIN {
            asked.remove(0);
        }
        asked.push(path);
        answer(&reply, about)
    }

    fn send(&self, request: &Request, key: Option<&str>) -> Reply {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(key.map(|key| ("idempotency-key", key)));
        let body = request.body.as_ref().map(String::as_bytes);
        let app = self.app.lock().unwrap();
        let reply = app.request(request.method, &request.path, &headers, body);
        reply.unwrap()
    }

    fn info(&self, value: &Value) -> BoardInfo {
        let id: BoardId = field(value, "board");
        BoardInfo {
            settings: serde_json::from_value(value.clone()).unwrap(),
            season: self.known().season(&id, value, "season_started_at"),
            total: field(value, "total"),
            id,
        }
    }

    fn page_of(&self, view: &View, value: &Value) -> Page {
        let entries: Vec<RankedEntry> = list(value, "entries").iter().map(wire::entry).collect();
        let season = wire::season(value);
        let next: Option<String> = field(value, "next");
        let next = next.map(|cursor| {
            let last = entries.last().unwrap();
            self.known().mark(&view.board, season, last, cursor)
        });
        Page {
            entries,
            next,
            total: field(value, "total"),
            season,
        }
    }

    fn entries(&self, view: &View, rest: &str, about: &About) -> Result<Page, StoreError> {
        let value = self.get(part(view, rest), about)?;
        Ok(self.page_of(view, &value))
    }

    fn page_after(&self, view: &View, mark: Mark, limit: usize) -> Result<Page, StoreError> {
        let cursor = self.known().cursor(mark).to_owned();
        let rest = format!("/entries?limit={limit}&cursor={cursor}");
        let of_season = View {
            season: PageStart::After(mark).season_in(view),
            ..view.clone()
        };
        let page = self.entries(view, &rest, &About::view(&of_season));
        if let Err(StoreError::ForeignMark) = page {
            // Cursors are judged first, and in a store the view is.
            let first = format!("/entries?limit={limit}");
            self.entries(&of_season, &first, &About::view(&of_season))?;
        }
        page
    }

    /// Pages begin at cursors alone: the entries before are read for the one that follows them.
    fn page_at(&self, view: &View, offset: u64, limit: usize) -> Result<Page, StoreError> {
        let first = |limit: u64| {
            let rest = format!("/entries?limit={limit}");
            self.entries(view, &rest, &About::view(view))
        };
        if offset == 0 {
            return first(limit as u64);
        }
        let before = first(offset)?;
        let Some(mark) = before.next else {
            let entries = Vec::new();
            return Ok(Page { entries, ..before });
        };
        self.page_after(view, mark, limit)
    }

    /// What a reply to a change says.
    fn changed(&self, change: &Change, reply: &Reply, now_ms: i64) -> Result<Changed, StoreError> {
        let value = answer(reply, &About::change(change))?;
        Ok(match change {
            Change::CreatePlayers { .. } => Changed::Created(vec![field(&value, "rank")]),
            Change::PutPlayers(_) | Change::PutBoard { .. } => Changed::Put {
                created: created(&value, reply.status),
            },
            Change::Submit { .. } => Changed::Submitted(wire::outcome(&value)),
            Change::SubmitBatch { submissions, .. } => {
                let outcomes = list(&value, "outcomes").iter().zip(submissions);
                Changed::Batch(outcomes.map(|(value, sent)| one_of(value, sent)).collect())
            }
            Change::Rotate(board) => {
                let mut known = self.known();
                known.begin(board.clone(), wire::season(&value), now_ms);
                Changed::Rotated(known.season(board, &value, "started_at"))
            }
            _ => Changed::Done,
        })
    }

    fn made(
        &self,
        change: &Change,
        guard: Option<Guard>,
        reply: Reply,
        now_ms: i64,
    ) -> Result<Receipt, StoreError> {
        let changed = self.changed(change, &reply, now_ms)?;
        let mut known = self.known();
        known.note(change, &changed, now_ms);
        let receipt = Receipt {
            changed,
            replayed: false,
            at_ms: now_ms,
        };
        if let Some(guard) = guard {
            let first = First {
                body: reply.body,
                receipt: receipt.clone(),
            };
            known.first.insert(guard.key, first);
        }
        Ok(receipt)
    }

    /// The first reply to a key came again.
    fn replayed(&self, guard: Option<Guard>, reply: &Reply) -> Receipt {
        let known = self.known();
        let first = &known.first[&guard.unwrap().key];
        assert_eq!(
            String::from_utf8_lossy(&reply.body),
            String::from_utf8_lossy(&first.body)
        );
        Receipt {
            replayed: true,
            ..first.receipt.clone()
        }
    }
}

fn answer(reply: &Reply, about: &About) -> Result<Value, StoreError> {
    match reply.status {
        204 => Ok(Value::Null),
        200 | 201 => Ok(reply.json()),
        status => {
            let problem = reply.json();
            assert_eq!(problem["status"], json!(status));
            Err(problems::error(&problem, about))
        }
    }
}

/// A path of the part of a board that is looked at.
fn part(view: &View, rest: &str) -> String {
    let mut path = board_path(&view.board, rest);
    let mut add = |name: &str, value: String| {
        path.push(if path.contains('?') { '&' } else { '?' });
        path.push_str(&format!("{name}={}", value.replace(' ', "%20")));
    };
    if let Some(season) = view.season {
        add("season", season.0.to_string());
    }
    if let Some(segment) = &view.segment {
        add("segment", segment.to_string());
    }
    path
}

fn created(value: &Value, status: u16) -> u64 {
    match value.get("created") {
        Some(created) => created.as_u64().unwrap(),
        None => u64::from(status == 201),
    }
}

type OneOfMany = Result<boards::Outcome, boards::Refusal>;

fn one_of(value: &Value, (board, sent): &(BoardId, boards::Submission)) -> OneOfMany {
    let Some(error) = value.get("error") else {
        return Ok(wire::outcome(value));
    };
    let code: String = field(error, "code");
    let detail: String = field(error, "detail");
    Err(problems::refusal(&code, &detail, board, sent.player))
}

#[async_trait]
impl BoardStore for HttpStore {
    async fn change(
        &self,
        change: Change,
        guard: Option<Guard>,
        now_ms: i64,
    ) -> Result<Receipt, StoreError> {
        let request = request::of(&change, guard);
        let key = guard.map(|guard| format!("key-{}", guard.key[0]));
        let reply = self.send(&request, key.as_deref());
        match reply.header("idempotency-replayed") {
            Some(_) => Ok(self.replayed(guard, &reply)),
            None => self.made(&change, guard, reply, now_ms),
        }
    }

    async fn player(&self, id: PlayerId) -> Result<Player, StoreError> {
        let about = About::default().player(id);
        let value = self.get(format!("/v1/players/{id}"), &about)?;
        Ok(wire::player(&value))
    }

    async fn board(&self, id: &BoardId) -> Result<BoardInfo, StoreError> {
        let value = self.get(board_path(id, ""), &About::board(id))?;
        Ok(self.info(&value))
    }

    /// HTTP does not tell it: it is more with each change that was made.
    async fn version(&self, _: &BoardId) -> Result<u64, StoreError> {
        Ok(self.known().changes)
    }

    async fn boards(
        &self,
        after: Option<&BoardId>,
        limit: usize,
    ) -> Result<Vec<BoardInfo>, StoreError> {
        let after = after.map_or(String::new(), |id| format!("&after={id}"));
        let path = format!("/v1/boards?limit={limit}{after}");
        let value = self.get(path, &About::default())?;
        Ok(list(&value, "boards")
            .iter()
            .map(|v| self.info(v))
            .collect())
    }

    async fn seasons(&self, board: &BoardId) -> Result<Vec<Season>, StoreError> {
        let value = self.get(board_path(board, "/seasons"), &About::board(board))?;
        let mut known = self.known();
        let seasons = list(&value, "seasons").iter();
        Ok(seasons
            .map(|v| known.season(board, v, "started_at"))
            .collect())
    }

    async fn entry(&self, view: &View, player: PlayerId) -> Result<Standing, StoreError> {
        let about = About::view(view).player(player);
        let value = self.get(part(view, &format!("/entries/{player}")), &about)?;
        Ok(wire::standing(&value))
    }

    async fn page(&self, view: &View, start: PageStart, limit: usize) -> Result<Page, StoreError> {
        match start {
            PageStart::Offset(offset) => self.page_at(view, offset, limit),
            PageStart::After(mark) => self.page_after(view, mark, limit),
        }
    }

    async fn around(
        &self,
        view: &View,
        player: PlayerId,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let rest = format!("/entries/{player}/around?limit={limit}");
        self.entries(view, &rest, &About::view(view).player(player))
    }

    async fn around_score(
        &self,
        view: &View,
        score: Score,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let rest = format!("/entries:around-score?score={}&limit={limit}", score.get());
        self.entries(view, &rest, &About::view(view))
    }

    async fn lookup(&self, view: &View, players: &[PlayerId]) -> Result<Lookup, StoreError> {
        let body = json!({
            "player_ids": players,
            "season": view.season,
            "segment": view.segment.as_ref().map(ToString::to_string),
        });
        let request = Request {
            method: "POST",
            path: board_path(&view.board, "/entries:lookup"),
            body: Some(body.to_string()),
        };
        let value = answer(&self.send(&request, None), &About::view(view))?;
        Ok(wire::lookup(&value))
    }

    async fn stats(
        &self,
        view: &View,
        percentiles: &[f64],
        buckets: usize,
    ) -> Result<Stats, StoreError> {
        let percents: Vec<String> = percentiles.iter().map(f64::to_string).collect();
        let rest = format!(
            "/stats?percentiles={}&buckets={buckets}",
            percents.join(",")
        );
        let value = self.get(part(view, &rest), &About::view(view))?;
        Ok(wire::stats(&value))
    }

    async fn secret(&self) -> Result<[u8; 32], StoreError> {
        unreachable!("the process keeps it to itself")
    }

    fn is_ready(&self) -> bool {
        self.app.lock().unwrap().get("/readyz").status == 200
    }
}
