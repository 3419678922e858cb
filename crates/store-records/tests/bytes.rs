//! The bytes of records: another byte is another format of data directories and of Redis.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use boards::{Changed, Guard, PlayerId};
use matchmaking::{
    Backfill, BackfillState, Match, MatchId, MatchState, OpenSeat, QueueChanged, QueueId,
    QueuedTicket, Rating, Role, Ticket, TicketId, TicketPlayer, TicketState,
};
use store_records::{
    Answer, BackfillLine, EndKind, MatchLine, QueueNumber, Rated, TicketLine, digest, json,
};

const TICKET: &str = r#"{"queue":"duel","ticket":{"id":"t1","players":[{"id":"07070707-0707-0707-0707-070707070707","rating":{"mean":1500.1,"deviation":350.0},"roles":["tank"],"latencies_ms":{},"attributes":{}}],"priority":-2,"avoid":[]},"created_at_ms":5,"expires_at_ms":60005,"state":{"status":"matched","match_id":"03030303-0303-0303-0303-030303030303","at_ms":9}}"#;
const MATCH: &str = r#"{"id":"03030303-0303-0303-0303-030303030303","queue":"duel","created_at_ms":8,"state":{"status":"running","since_ms":9},"teams":[],"region":null,"rating_spread":0.5,"team_gap":0.0,"win_probabilities":[0.25,0.75],"longest_wait_ms":3}"#;
const BACKFILL: &str = r#"{"id":"b1","queue":"duel","match_id":"03030303-0303-0303-0303-030303030303","created_at_ms":10,"open":[{"team":1,"role":null}],"filled_by":["t1"],"state":"open"}"#;
const DIGEST: [u8; 16] = [0xd1; 16];

fn duel() -> QueueId {
    QueueId::parse("duel").unwrap()
}

fn match_id() -> MatchId {
    MatchId::from_bytes([3; 16])
}

fn name(text: &str) -> TicketId {
    TicketId::parse(text).unwrap()
}

fn ticket() -> TicketLine {
    let player = TicketPlayer {
        id: PlayerId::from_bytes([7; 16]),
        rating: Rating {
            mean: 1500.1,
            deviation: 350.0,
            volatility: None,
        },
        roles: vec![Role::parse("tank").unwrap()],
        latencies_ms: BTreeMap::new(),
        attributes: BTreeMap::new(),
    };
    let ticket = Ticket {
        id: name("t1"),
        players: vec![player],
        priority: -2,
        avoid: Vec::new(),
    };
    let (match_id, at_ms) = (match_id(), 9);
    let queued = QueuedTicket::made(duel(), ticket, 60_000, 5);
    TicketLine {
        made: 0x0102_0304_0506_0708,
        digest: DIGEST,
        version: 0x1112_1314_1516_1718,
        ticket: Arc::new(queued.turned(TicketState::Matched { match_id, at_ms })),
    }
}

fn a_match() -> MatchLine {
    MatchLine {
        queue: QueueNumber(0x2122_2324),
        version: 0x1112_1314_1516_1718,
        of: Arc::new(Match {
            id: match_id(),
            queue: duel(),
            created_at_ms: 8,
            state: MatchState::Running { since_ms: 9 },
            teams: Vec::new(),
            region: None,
            rating_spread: 0.5,
            team_gap: 0.0,
            win_probabilities: vec![0.25, 0.75],
            longest_wait_ms: 3,
        }),
    }
}

fn backfill() -> BackfillLine {
    let open = OpenSeat {
        team: 1,
        role: None,
    };
    BackfillLine {
        made: 0x0102_0304_0506_0708,
        digest: DIGEST,
        backfill: Arc::new(Backfill {
            id: name("b1"),
            queue: duel(),
            match_id: match_id(),
            created_at_ms: 10,
            open: vec![open],
            filled_by: vec![name("t1")],
            state: BackfillState::Open,
        }),
    }
}

fn bytes(head: &str, json: &str) -> Vec<u8> {
    let digits: Vec<u8> = head.bytes().filter(|digit| *digit != b' ').collect();
    let digit = |digit: u8| u8::try_from(char::from(digit).to_digit(16).unwrap()).unwrap();
    let head = digits
        .chunks(2)
        .map(|two| digit(two[0]) << 4 | digit(two[1]));
    head.chain(json.bytes()).collect()
}

#[test]
fn tickets() {
    let line = ticket();
    let head = "01 0102030405060708 1112131415161718 d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1";
    let alone = bytes(head, TICKET);
    assert_eq!(line.to_bytes(&[]), alone);
    assert_eq!(TicketLine::read(&alone), Some((line.clone(), [])));
    let beside = bytes(&format!("{head} abcd"), TICKET);
    assert_eq!(line.to_bytes(&[0xab, 0xcd]), beside);
    assert_eq!(TicketLine::read(&beside), Some((line, [0xab, 0xcd])));
    assert_eq!(TicketLine::read::<0>(&beside), None);
    assert_eq!(TicketLine::read::<2>(&alone), None);
}

#[test]
fn matches() {
    let expected = bytes("01 21222324 1112131415161718", MATCH);
    assert_eq!(a_match().to_bytes(), expected);
    assert_eq!(MatchLine::read(&expected), Some(a_match()));
}

#[test]
fn backfills() {
    let head = "01 0102030405060708 d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1";
    let expected = bytes(head, BACKFILL);
    assert_eq!(backfill().to_bytes(), expected);
    assert_eq!(BackfillLine::read(&expected), Some(backfill()));
}

#[test]
fn ratings() {
    let end = "0000000000000003 ffffffffffffffff";
    let without = format!("01 00 4097700000000000 3fe0000000000000 {end}");
    let with = format!("01 01 4097700000000000 3fe0000000000000 3fb0000000000000 {end}");
    for (head, volatility) in [(without, None), (with, Some(0.0625))] {
        let rated = Rated {
            rating: Rating {
                mean: 1500.0,
                deviation: 0.5,
                volatility,
            },
            matches: 3,
            rated_at_ms: -1,
        };
        let expected = bytes(&head, "");
        assert_eq!(rated.to_bytes(), expected);
        assert_eq!(Rated::read(&expected), Some(rated));
        assert_eq!(Rated::read(&expected[..expected.len() - 1]), None);
        assert_eq!(Rated::read(&[&expected[..], &[0]].concat()), None);
    }
    let strange = bytes(
        &format!("01 02 4097700000000000 3fe0000000000000 {end}"),
        "",
    );
    assert_eq!(Rated::read(&strange), None, "flags that nobody knows");
    let infinite = bytes(
        &format!("01 00 7ff0000000000000 3fe0000000000000 {end}"),
        "",
    );
    assert_eq!(Rated::read(&infinite), None);
}

#[test]
fn what_is_no_record_is_not_read() {
    assert_eq!(Rated::read(&[]), None);
    assert_eq!(TicketLine::read::<0>(&[1; 40]), None);
    assert_eq!(MatchLine::read(&[2; 40]), None, "of another version");
    assert_eq!(BackfillLine::read(&[1]), None);
    let cut_off = &MATCH[..MATCH.len() - 1];
    let cut_off = bytes("01 21222324 1112131415161718", cut_off);
    assert_eq!(MatchLine::read(&cut_off), None);
}

#[test]
fn answers() {
    let guard = Guard {
        key: [0xa1; 16],
        request: [2; 16],
    };
    let request = "[2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2]";
    let of_boards = Answer::of_boards(guard, Changed::Done, 5);
    let expected = format!(r#"{{"request":{request},"at_ms":5,"changed":"Done"}}"#);
    assert_eq!(of_boards.to_bytes(), expected.as_bytes());
    assert_eq!(Answer::read(expected.as_bytes()), Some(of_boards));
    let put = QueueChanged::Put { created: true };
    // Of before there were versions, and of now.
    for (number, version) in [(0, ""), (7, r#","version":7"#)] {
        let of_queues = Answer::of_queues(guard, put.clone(), number, -5);
        let put = r#"{"Put":{"created":true}}"#;
        let expected = format!(r#"{{"request":{request},"at_ms":-5{version},"of_queues":{put}}}"#);
        assert_eq!(of_queues.to_bytes(), expected.as_bytes());
        assert_eq!(Answer::read(expected.as_bytes()), Some(of_queues));
    }
}

/// Letters and numbers that are parts of keys.
#[test]
fn parts_of_keys() {
    let kinds = [EndKind::Ticket, EndKind::Backfill, EndKind::Match];
    assert_eq!(kinds.map(EndKind::letter), *b"tbm");
    assert_eq!(
        kinds.map(|kind| EndKind::of(kind.letter())),
        kinds.map(Some)
    );
    assert_eq!(EndKind::of(b'x'), None);
    assert_eq!(json(&QueueNumber(12)), b"12");
}

/// The first half of the SHA-256 of the request's JSON, `"a"`.
#[test]
fn digests() {
    let expected = bytes("ac8d8342bbb2362d13f0a559a3621bb4", "");
    assert_eq!(digest(&"a").to_vec(), expected);
    assert_ne!(digest(&"a"), digest(&"b"));
}
