//! Submissions while the master of another room is away: nothing is made whose answer cannot be told.

use boards::{
    Attributes, BoardId, BoardStore, Change, Changed, DisplayName, Outcome, Player, PlayerId,
    Score, Submission,
};
use testkit::RedisCluster;
use tokio::time::{sleep, timeout};

use super::*;
use crate::core::Core;

/// A player whose room a server has that is asked for.
fn player(core: &Core, cluster: &RedisCluster, is_on: impl Fn(usize) -> bool) -> PlayerId {
    let ids = (0..200).map(|n| PlayerId::from_bytes([n; 16]));
    let master_of = |id: &PlayerId| {
        let key = core.layout.key(core.layout.of_player(*id), b"players");
        cluster.master_of(&String::from_utf8(key).unwrap())
    };
    ids.into_iter().find(|id| is_on(master_of(id))).unwrap()
}

async fn submit(store: &RedisStore, id: PlayerId) -> Result<Outcome, StoreError> {
    let submit = Change::Submit {
        board: BoardId::global(),
        submission: Submission::new(id, Score::new(1.0).unwrap()),
    };
    match store.change(submit, None, 5).await?.changed {
        Changed::Submitted(outcome) => Ok(outcome),
        other => panic!("{other:?}"),
    }
}

async fn until(store: &RedisStore, is_ready: bool) {
    let changed = async {
        while store.is_ready() != is_ready {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(30), changed).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_is_not_counted() {
    let cluster = RedisCluster::start();
    let mut options = Options::new(cluster.url().parse().unwrap());
    options.patience = Duration::from_secs(30);
    let store = open(&options).await;
    let away = cluster.masters()[1];
    let id = player(&store.core, &cluster, |master| master != away);
    let ada = Player {
        id,
        display_name: DisplayName::parse("Ada").unwrap(),
        country: None,
        attributes: Attributes::default(),
    };
    let put = Change::PutPlayers(vec![ada]);
    store.change(put, None, 5).await.unwrap();
    assert_eq!(submit(&store, id).await.unwrap().score.get(), 1.0);
    // Less than it takes until another server is the master.
    options.patience = Duration::from_millis(500);
    let hasty = open(&options).await;
    cluster.kill(away);
    until(&hasty, false).await;
    let refused = submit(&hasty, id).await;
    assert!(
        matches!(refused, Err(StoreError::Unavailable { .. })),
        "{refused:?}"
    );
    until(&store, true).await;
    assert_eq!(submit(&store, id).await.unwrap().score.get(), 2.0);
}
