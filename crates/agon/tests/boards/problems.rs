//! Problems as the errors of a store that they were made from. What a problem says in words must be what
//! the error says.

use boards::{BoardId, Change, PlayerId, Refusal, StoreError, Submission, View};
use serde_json::Value;

/// What was asked about.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    pub(crate) board: Option<BoardId>,
    pub(crate) player: Option<PlayerId>,
    pub(crate) view: Option<View>,
    /// Of several scores.
    pub(crate) submissions: Vec<(BoardId, Submission)>,
}

impl About {
    pub(crate) fn view(view: &View) -> Self {
        About {
            view: Some(view.clone()),
            ..About::board(&view.board)
        }
    }

    pub(crate) fn board(board: &BoardId) -> Self {
        About {
            board: Some(board.clone()),
            ..About::default()
        }
    }

    pub(crate) fn player(self, player: PlayerId) -> Self {
        About {
            player: Some(player),
            ..self
        }
    }

    pub(crate) fn change(change: &Change) -> Self {
        match change {
            Change::CreatePlayers { .. } | Change::PutPlayers(_) => About::default(),
            Change::DeletePlayer(player) => About::default().player(*player),
            Change::PutBoard { board, .. } | Change::DeleteBoard(board) | Change::Rotate(board) => {
                About::board(board)
            }
            Change::Submit { board, submission } => About::board(board).player(submission.player),
            Change::SubmitBatch { submissions, .. } => About {
                submissions: submissions.clone(),
                ..About::board(&submissions[0].0)
            },
            Change::DeleteEntry { board, player } | Change::SetHidden { board, player, .. } => {
                About::board(board).player(*player)
            }
        }
    }
}

/// The error that a problem was made from.
pub(crate) fn error(problem: &Value, about: &About) -> StoreError {
    let (code, detail) = (text(problem, "code"), text(problem, "detail"));
    let error = match place(problem) {
        Some(at) => {
            let (board, submission) = &about.submissions[at];
            let refusal = refusal(code, detail, board, submission.player);
            StoreError::Refused { at, refusal }
        }
        None => whole(code, detail, about),
    };
    let own_words = matches!(error, StoreError::Duplicate(_) | StoreError::ForeignMark);
    assert!(
        own_words || error.to_string() == detail,
        "{problem}, not {error}"
    );
    error
}

/// Why one of several scores was refused.
pub(crate) fn refusal(code: &str, detail: &str, board: &BoardId, player: PlayerId) -> Refusal {
    let refusal = match code {
        "board_not_found" => Refusal::UnknownBoard(board.clone()),
        "player_not_found" => Refusal::UnknownPlayer(player),
        _ => refused_score(code, detail).unwrap_or_else(|| panic!("{code}: {detail}")),
    };
    assert_eq!(refusal.to_string(), detail);
    refusal
}

fn refused_score(code: &str, detail: &str) -> Option<Refusal> {
    match code {
        "score_overflow" => Some(Refusal::ScoreOverflow),
        "score_out_of_bounds" => {
            let score = number_after(detail, "would be ")?;
            Some(Refusal::ScoreOutOfBounds(score))
        }
        "score_condition_failed" => {
            let score = number_after(detail, "has the score ");
            Some(Refusal::ScoreChanged(score))
        }
        _ => None,
    }
}

fn number_after(detail: &str, words: &str) -> Option<boards::Score> {
    let (_, rest) = detail.split_once(words)?;
    let number = rest.split(',').next()?.parse().ok()?;
    boards::Score::new(number).ok()
}

fn text<'a>(problem: &'a Value, name: &str) -> &'a str {
    let text = problem[name].as_str();
    text.unwrap_or_else(|| panic!("no {name} in {problem}"))
}

/// Which of several scores a problem is about.
fn place(problem: &Value) -> Option<usize> {
    let pointer = problem["errors"][0]["pointer"].as_str()?;
    pointer.strip_prefix("/scores/")?.parse().ok()
}

fn whole(code: &str, detail: &str, about: &About) -> StoreError {
    if let Some(refusal) = refused_score(code, detail) {
        return StoreError::Refused { at: 0, refusal };
    }
    let board = || about.board.clone().unwrap();
    let view = || about.view.clone().unwrap();
    match code {
        "board_not_found" => StoreError::UnknownBoard(board()),
        "player_not_found" => StoreError::UnknownPlayer(about.player.unwrap()),
        "entry_not_found" => StoreError::NoEntry(about.player.unwrap()),
        "season_not_found" => StoreError::UnknownSeason(view().season.unwrap()),
        "not_a_segment" => StoreError::NotASegment(view().segment.unwrap().attribute()),
        "invalid_cursor" => StoreError::ForeignMark,
        "player_exists" => StoreError::Duplicate(vec![0]),
        "order_is_fixed" => StoreError::OrderIsFixed,
        "board_protected" => StoreError::Protected(board()),
        "idempotency_key_reused" => StoreError::KeyReused,
        _ => panic!("{code}: {detail}"),
    }
}
