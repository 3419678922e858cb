//! Transactions that are too large for one script: in their room they are made or refused as a whole all the same.

use super::*;

/// More than three scripts take in tests.
const FIELDS: usize = 150;

fn fields(room: u16) -> Vec<At> {
    (0..FIELDS).map(|n| at(room, &format!("f{n}"))).collect()
}

/// One that sets all fields of a room, counts up and adds to a sorted set, and asks how many it has.
async fn large<'c>(core: &'c Core, value: &str) -> Tx<'c> {
    let mut tx = core.begin();
    tx.fetch(fields(0)).await.unwrap();
    for at in fields(0) {
        tx.set(at, value.as_bytes().to_vec());
    }
    let key = b"v".to_vec();
    tx.also(Room(0), Write::Incr { key });
    for n in 0..70_u8 {
        let (key, score, member) = (b"set".to_vec(), 1.0, vec![n]);
        tx.also(Room(0), Write::ZAdd { key, score, member });
    }
    let (key, of) = (b"set".to_vec(), Counted::All);
    tx.count(Room(0), Count { key, of });
    tx
}

async fn values(core: &Core, room: u16) -> Vec<Option<String>> {
    let mut tx = core.begin();
    tx.peek(fields(room)).await.unwrap();
    let texts = fields(room)
        .into_iter()
        .map(|at| Some(String::from_utf8(tx.known(&at)?).unwrap()));
    texts.collect()
}

fn is_clean(server: &RedisServer) -> bool {
    let none = |suffix: &str| {
        let pattern = format!("{{agon:*}}:{suffix}");
        server.command(&["KEYS", &pattern]) == Value::Array(vec![])
    };
    ["locks", "open", "tx:*"].into_iter().all(none)
}

#[tokio::test]
async fn it_is_made_or_refused_as_a_whole() {
    let server = RedisServer::start();
    let nodes = nodes(&server, 1, 2).await;
    let (one, two) = (&*nodes[0].core, &*nodes[1].core);
    let late = large(two, "late").await;
    let made = large(one, "first").await.commit().await.unwrap();
    assert_eq!(made, Commit::Made(vec![70]));
    assert_eq!(values(two, 0).await, vec![Some("first".to_owned()); FIELDS]);
    assert_eq!(server.text(&["GET", "{agon:0}:v"]), "1");
    assert!(is_clean(&server));
    assert_eq!(late.commit().await.unwrap(), Commit::Conflict);
    // One record alone that is another is enough.
    let late = large(two, "late").await;
    set(one, &[(at(0, &format!("f{}", FIELDS - 1)), "other")]).await;
    assert_eq!(late.commit().await.unwrap(), Commit::Conflict);
    let now = values(one, 0).await;
    assert_eq!(
        now[..FIELDS - 1],
        vec![Some("first".to_owned()); FIELDS - 1]
    );
    assert!(is_clean(&server));
}

/// Prepares three shares of room 1 of a transaction that room 0 would decide, each with a field.
async fn leave_shares(core: &Core) {
    let key = core.layout.key(Room(1), b"things");
    for (name, field) in [("0.big", "f0"), ("0.big#1", "f1"), ("0.big#2", "f2")] {
        let word = |text: &str| text.as_bytes().to_vec();
        let mut part = wire::Part::default();
        part.records.push(wire::Checked {
            key: key.clone(),
            field: Some(word(field)),
            expected: wire::Expected::Read(None),
        });
        let command = vec![word("HSET"), key.clone(), word(field), word("left")];
        part.commands.push(command);
        let words: [&[u8]; 3] = [b"prepare", name.as_bytes(), &part.to_bytes()];
        core.commit_script(Room(1), &words).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_decided_and_left_is_applied_in_order() {
    let server = RedisServer::start();
    let nodes = nodes(&server, 2, 2).await;
    let core = &*nodes[0].core;
    leave_shares(core).await;
    let empty = wire::Part::default().to_bytes();
    let decide: [&[u8]; 4] = [b"decide", b"0.big", &empty, b"1,1#1,1#2"];
    core.commit_script(Room(0), &decide).await.unwrap();
    let mut tx = core.begin();
    tx.fetch([at(1, "f2")]).await.unwrap();
    tx.set(at(1, "f2"), b"new".to_vec());
    assert_eq!(tx.commit().await.unwrap(), Commit::Conflict);
    let left = Some("left".to_owned());
    assert_eq!(values(core, 1).await[..3], vec![left; 3]);
    sweep(&nodes[1].core, Layout::CONTROL).await.unwrap();
    assert!(is_clean(&server));
}

/// Nobody changes what has been written while something of it has not: it would be written over, or stand twice.
#[tokio::test]
async fn nothing_is_let_go_before_all_is_written() {
    let server = RedisServer::start();
    let nodes = nodes(&server, 1, 2).await;
    let (one, two) = (&*nodes[0].core, &*nodes[1].core);
    for n in [0, FIELDS / 2, FIELDS - 1] {
        commit::leave_decided(large(one, "large").await).await;
        let meets = [(at(0, &format!("f{n}")), "new")];
        assert_eq!(set(two, &meets).await, Commit::Conflict);
        let mut expected = vec![Some("large".to_owned()); FIELDS];
        assert_eq!(values(two, 0).await, expected, "all is written by then");
        assert_eq!(server.text(&["ZCARD", "{agon:0}:set"]), "70");
        assert_eq!(set(two, &meets).await, Commit::Made(vec![]));
        sweep(two, Room(0)).await.unwrap();
        expected[n] = Some("new".to_owned());
        assert_eq!(values(two, 0).await, expected, "and stays so");
        assert!(is_clean(&server));
    }
}

#[tokio::test]
async fn what_is_undecided_and_left_is_ended_share_by_share() {
    let server = RedisServer::start();
    let nodes = nodes(&server, 2, 2).await;
    let core = &*nodes[0].core;
    leave_shares(core).await;
    for name in ["0.big", "0.big#1", "0.big#2"] {
        let old = ["ZINCRBY", "{agon:1}:open", "-60000", name];
        server.command(&old);
    }
    let meets = [(at(1, "f1"), "new")];
    assert_eq!(set(core, &meets).await, Commit::Conflict, "ended by this");
    assert_eq!(set(core, &meets).await, Commit::Made(vec![]));
    let empty = wire::Part::default().to_bytes();
    let decide: [&[u8]; 4] = [b"decide", b"0.big", &empty, b"1,1#1,1#2"];
    let late = core.commit_script(Room(0), &decide).await.unwrap();
    assert_eq!(crate::replies::read(&late), crate::replies::Reply::Changed);
    sweep(&nodes[1].core, Room(1)).await.unwrap();
    assert_eq!(
        values(core, 1).await[..3],
        [None, Some("new".to_owned()), None]
    );
    assert!(is_clean(&server));
}
