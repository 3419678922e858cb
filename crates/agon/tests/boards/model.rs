//! Agon does over HTTP what the plain store does, with a kill -9 on the way.

use proptest::prelude::*;
use testkit::ReferenceStore;
use testkit::conformance::{self, Step, steps};

use super::http_store::HttpStore;
use super::sayable::sayable;

/// Comparing all that can be seen takes some thousand requests: before the crash, after it, at the end.
const AT_THE_END: usize = usize::MAX;

async fn take(store: &HttpStore, reference: &ReferenceStore, steps: &[Step], segments: bool) {
    let steps = sayable(steps, segments);
    conformance::run_comparing(store, reference, &steps, AT_THE_END).await;
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        max_shrink_iters: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn does_over_http_what_the_reference_does(
        first in steps(30), then in steps(30), segments in any::<bool>()
    ) {
        let store = HttpStore::start();
        let reference = ReferenceStore::new(0);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            take(&store, &reference, &first, segments).await;
            store.crash();
            conformance::compare(&store, &reference).await;
            take(&store, &reference, &then, segments).await;
        });
    }
}
