//! The codes of problems: each with its word, its status, its title, and an example of a detail.

use axum::http::StatusCode;

/// One row for each code, so that what belongs to it stands in one place.
macro_rules! codes {
    ($($name:ident $status:ident $word:literal $title:literal $example:literal;)+) => {
        /// What went wrong, in a word that stays the same from version to version.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code {
            $($name),+
        }

        impl Code {
            pub(crate) fn as_str(self) -> &'static str {
                match self { $(Code::$name => $word),+ }
            }

            pub(crate) fn status(self) -> StatusCode {
                match self { $(Code::$name => StatusCode::$status),+ }
            }

            pub(crate) fn title(self) -> &'static str {
                match self { $(Code::$name => $title),+ }
            }

            /// What the code means where no case at hand says it better.
            pub(crate) fn example_detail(self) -> &'static str {
                match self { $(Code::$name => $example),+ }
            }
        }
    };
}

codes! {
    MalformedJson BAD_REQUEST "malformed_json"
        "The body is not JSON" "expected value at line 1 column 1";
    InvalidRequest BAD_REQUEST "invalid_request"
        "The request is not valid" "the first fault in words, and 1 more";
    TooManyItems BAD_REQUEST "too_many_items"
        "The list is too long" "/scores may have 10000 items";
    LineTooLong BAD_REQUEST "line_too_long"
        "The line is too long" "a line may have 65536 bytes";
    NotASegment BAD_REQUEST "not_a_segment"
        "The board is not ranked by this attribute" "the board is not ranked by league";
    InvalidCursor BAD_REQUEST "invalid_cursor"
        "The cursor does not fit" "is damaged, or of another board, season or segment";
    InvalidIdempotencyKey BAD_REQUEST "invalid_idempotency_key"
        "The idempotency key is not valid" "idempotency-key must be 1 to 255 visible ASCII characters, once";
    ScoreOutOfBounds BAD_REQUEST "score_out_of_bounds"
        "The score is out of the board's bounds" "the score would be 120, out of the board's bounds";
    ScoreOverflow BAD_REQUEST "score_overflow"
        "The score is too large" "the score would be too large for a double";
    Unmatchable BAD_REQUEST "unmatchable"
        "The party can be in no match of this queue" "the party can be in no match: 6 players are more than a team has, 5";
    BadResult BAD_REQUEST "bad_result"
        "The result does not fit the match" "placements has to have one for each team";
    BadSeat BAD_REQUEST "bad_seat"
        "The seats do not fit the match" "/seats/0 is of no team";
    Unauthenticated UNAUTHORIZED "unauthenticated"
        "A key or a token is needed" "send Authorization: Bearer with a key or a player's token";
    InvalidToken UNAUTHORIZED "invalid_token"
        "The key or the token is not good" "the key is not known here";
    Forbidden FORBIDDEN "forbidden"
        "The key or the token does not allow this" "takes a key with the scope submit";
    NotFound NOT_FOUND "not_found"
        "There is nothing at this path" "there is nothing at /leaderbord";
    PlayerNotFound NOT_FOUND "player_not_found"
        "There is no such player" "there is no player e4cdb120-28fc-4285-a78d-eb48660b7730";
    BoardNotFound NOT_FOUND "board_not_found"
        "There is no such board" "there is no board weekly";
    EntryNotFound NOT_FOUND "entry_not_found"
        "The player has no entry there" "player e4cdb120-28fc-4285-a78d-eb48660b7730 has no entry there";
    SeasonNotFound NOT_FOUND "season_not_found"
        "There is no such season" "there is no season 7, or not any more";
    QueueNotFound NOT_FOUND "queue_not_found"
        "There is no such queue" "there is no queue ranked-5v5";
    TicketNotFound NOT_FOUND "ticket_not_found"
        "There is no such ticket" "there is no ticket t1, or not any more";
    MatchNotFound NOT_FOUND "match_not_found"
        "There is no such match" "there is no match 0d6f9b1e-5f3a-4c56-9a57-6f0e5d0c8a11";
    BackfillNotFound NOT_FOUND "backfill_not_found"
        "There is no such backfill" "there is no backfill b1, or not any more";
    NotInMatch NOT_FOUND "not_in_match"
        "The player or ticket is not in the match" "ticket t1 is not in the match";
    MethodNotAllowed METHOD_NOT_ALLOWED "method_not_allowed"
        "This path does not take this method" "GET does not work here; see the allow header";
    BodyTimeout REQUEST_TIMEOUT "body_timeout"
        "The body did not arrive in time" "the body did not arrive within 30 s";
    PlayerExists CONFLICT "player_exists"
        "The player exists already" "/user_id belongs to a player that exists";
    ScoreConditionFailed CONFLICT "score_condition_failed"
        "The entry has another score" "the entry has the score 41, and not what if_score says";
    OrderIsFixed CONFLICT "order_is_fixed"
        "The board's order cannot change" "the order of a board with entries cannot change; make another board";
    BoardProtected CONFLICT "board_protected"
        "The board cannot be deleted" "the board global cannot be deleted";
    IdempotencyKeyInUse CONFLICT "idempotency_key_in_use"
        "The first request with this key is under way" "try again in a moment, with the same key";
    TicketExists CONFLICT "ticket_exists"
        "Another ticket has this name" "ticket t1 exists and is another one";
    BackfillExists CONFLICT "backfill_exists"
        "Another backfill has this name" "backfill b1 exists and is another one";
    PlayerWaits CONFLICT "player_waits"
        "A player is in another ticket of the queue" "player e4cdb120-28fc-4285-a78d-eb48660b7730 is in ticket t1 already";
    TicketMatched CONFLICT "ticket_matched"
        "The ticket is in a match already" "ticket t1 is in a match already";
    WrongMatchState CONFLICT "wrong_match_state"
        "The match does not stand so that this could be done" "the match has ended";
    ResultDiffers CONFLICT "result_differs"
        "The match has another result" "the match has another result";
    BodyTooLarge PAYLOAD_TOO_LARGE "body_too_large"
        "The body is too large" "the body may have 16777216 bytes";
    UnsupportedMediaType UNSUPPORTED_MEDIA_TYPE "unsupported_media_type"
        "The body has to be JSON" "content-type must be application/json";
    IdempotencyKeyReused UNPROCESSABLE_ENTITY "idempotency_key_reused"
        "The idempotency key is used up" "the idempotency key was used for another request";
    RateLimited TOO_MANY_REQUESTS "rate_limited"
        "Too many requests" "too many requests; ask again in 2 s";
    Internal INTERNAL_SERVER_ERROR "internal"
        "Something went wrong here" "the log has it under this reply's x-request-id";
    Overloaded SERVICE_UNAVAILABLE "overloaded"
        "Too much is waiting already" "nothing was changed; try again in a moment";
    MatchTimeout SERVICE_UNAVAILABLE "match_timeout"
        "The matches were not found in time" "the matches were not found within 30 s; send fewer tickets";
    StoreUnavailable SERVICE_UNAVAILABLE "store_unavailable"
        "The store cannot take changes at present"
        "try again later; with the same Idempotency-Key where it must not be done twice";
    TokenKeysUnavailable SERVICE_UNAVAILABLE "token_keys_unavailable"
        "Players' tokens cannot be checked at present" "the keys to check them with could not be fetched; try again later";
    Draining SERVICE_UNAVAILABLE "draining"
        "This server is about to stop" "send requests elsewhere";
    UpstreamNotFound NOT_FOUND "upstream_not_found"
        "There is no such upstream" "there is no upstream identity";
    UpstreamFailed BAD_GATEWAY "upstream_failed"
        "The upstream gave no good answer" "all attempts failed before the deadline";
    UpstreamTimeout GATEWAY_TIMEOUT "upstream_timeout"
        "The upstream gave no good answer in time" "no attempt succeeded before the deadline";
    UpstreamBusy SERVICE_UNAVAILABLE "upstream_busy"
        "Too many calls to the upstream are under way" "nothing was sent; try again in a moment";
    UpstreamUnavailable SERVICE_UNAVAILABLE "upstream_unavailable"
        "The upstream has not answered for a while" "nothing was sent; retry-after says when to try again";
}
