//! Steps as far as HTTP can say them. What it cannot say becomes the nearest that it can, or is left out.

use std::collections::BTreeSet;

use boards::{
    Attribute, Attributes, BoardId, BoardSettings, Change, Guard, NewPlayer, PlayerId, Submission,
    View,
};
use testkit::conformance::{Read, Step};

/// The clock of the process cannot be moved, so a guard never ends here.
const STEP_MS: i64 = 1000;

/// The steps, said.
///
/// A cursor is for one segment, where a mark is for all. So pages go on from where they were seen, or,
/// without `segments`, anywhere; then pages are of whole boards.
pub(crate) fn sayable(steps: &[Step], segments: bool) -> Vec<Step> {
    let mut said = Vec::new();
    for step in steps {
        match step {
            Step::Read(read) => said.extend(read_of(read, segments).map(Step::Read)),
            Step::Change {
                change,
                guard,
                after_ms,
            } => {
                let Some(change) = change_of(change) else {
                    continue;
                };
                said.push(Step::Change {
                    guard: guard_of(&change, *guard),
                    change,
                    after_ms: after_ms % STEP_MS,
                });
            }
        }
    }
    said
}

fn read_of(read: &Read, segments: bool) -> Option<Read> {
    let part = |view: &View| {
        let segment = view.segment.clone().filter(|_| segments);
        View {
            segment,
            ..view.clone()
        }
    };
    Some(match read {
        Read::Page(view, offset, limit) => Read::Page(part(view), *offset, *limit),
        Read::Around(view, player, limit) => Read::Around(part(view), *player, *limit),
        Read::AroundScore(view, score, limit) => Read::AroundScore(part(view), *score, *limit),
        Read::Onward { mark, view, limit } => Read::Onward {
            mark: *mark,
            view: view.as_ref().filter(|_| !segments).map(part),
            limit: *limit,
        },
        // Lists have an item at least.
        Read::Lookup(_, players) if players.is_empty() => return None,
        Read::Stats(view, percents, buckets) => {
            let percents = if percents.is_empty() {
                vec![50.0]
            } else {
                percents.clone()
            };
            Read::Stats(view.clone(), percents, (*buckets).max(1))
        }
        other => other.clone(),
    })
}

fn change_of(change: &Change) -> Option<Change> {
    match change {
        Change::CreatePlayers { players, .. } => players.first().map(create),
        Change::PutPlayers(players) if players.is_empty() => None,
        Change::PutBoard { board, settings } => Some(Change::PutBoard {
            settings: by_country(board, settings.clone()),
            board: board.clone(),
        }),
        Change::SubmitBatch {
            submissions,
            all_or_nothing,
        } => {
            let (board, Submission { player, .. }) = submissions.first()?.clone();
            let submissions = submissions.clone();
            Some(Change::SubmitBatch {
                submissions: if *all_or_nothing {
                    of_one_player(submissions, player)
                } else {
                    of_one_board(submissions, &board)
                },
                all_or_nothing: *all_or_nothing,
            })
        }
        other => Some(other.clone()),
    }
}

/// Creation with an entry is a classic path: on `global`, without attributes. Of several players the
/// reply has no ranks.
fn create(new: &NewPlayer) -> Change {
    let mut new = new.clone();
    new.player.attributes = Attributes::default();
    Change::CreatePlayers {
        board: BoardId::global(),
        players: vec![new],
    }
}

/// `global` has to be ranked by country.
fn by_country(board: &BoardId, mut settings: BoardSettings) -> BoardSettings {
    if *board == BoardId::global() && !settings.segments.contains(&Attribute::Country) {
        settings.segments.push(Attribute::Country);
    }
    settings
}

type Submissions = Vec<(BoardId, Submission)>;

fn of_one_player(mut submissions: Submissions, player: PlayerId) -> Submissions {
    let mut boards = BTreeSet::new();
    submissions.retain(|(board, _)| boards.insert(board.clone()));
    for (_, submission) in &mut submissions {
        submission.player = player;
    }
    submissions
}

fn of_one_board(mut submissions: Submissions, only: &BoardId) -> Submissions {
    for (board, _) in &mut submissions {
        *board = only.clone();
    }
    submissions
}

/// A guard with a digest of what is really sent, which says in its first byte which of the bodies it is.
/// Only what is posted takes a key.
fn guard_of(change: &Change, guard: Option<Guard>) -> Option<Guard> {
    let guard = guard?;
    let request = super::request::of(change, Some(guard));
    let mut digest = request.digest();
    digest[0] = super::request::spaces(guard) as u8;
    request.takes_key().then_some(Guard {
        request: digest,
        ..guard
    })
}
