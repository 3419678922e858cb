//! Kill -9 under the load of clients that make tickets, accept, decline and report results, again and again
//! on one data directory: whatever was acknowledged or shown is there, nobody is in two matches, and every
//! result counts once.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod checks;
mod load;
mod outage;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use testkit::App;

use checks::{every_result_counts_once, nobody_is_in_two_matches, settle};
use load::{CLIENTS, Client, Known, Trouble, clients, launch, prepare};

const ROUNDS: u64 = 12;

#[test]
fn tickets_matches_and_results_survive_kill_9() {
    let temp = tempfile::tempdir().unwrap();
    let data = temp.path().join("data");
    let known = Arc::new(Mutex::new(Known::default()));
    let mut clients = clients();
    let app = launch(&data);
    prepare(&app);
    drop(app);
    for round in 0..ROUNDS {
        let app = Arc::new(launch(&data));
        settle(&app, &known.lock().unwrap());
        let life = Duration::from_millis(150 + round * 97 % 500);
        clients = load_until_killed(&app, clients, &known, life);
    }
    let app = launch(&data);
    let known = known.lock().unwrap();
    settle(&app, &known);
    nobody_is_in_two_matches(&app, &known);
    every_result_counts_once(&app, &known);
    let (tickets, results) = (known.tickets.len(), known.results.len());
    assert!(
        results as u64 > ROUNDS && tickets > 3 * CLIENTS,
        "the load was too thin: {tickets} tickets, {results} results"
    );
}

fn load_until_killed(
    app: &Arc<App>,
    clients: Vec<Client>,
    known: &Arc<Mutex<Known>>,
    life: Duration,
) -> Vec<Client> {
    let threads = clients.into_iter().map(|mut client| {
        let (app, known) = (app.clone(), known.clone());
        std::thread::spawn(move || {
            loop {
                match client.step(&app, &known) {
                    Ok(()) => {}
                    Err(Trouble::Gone) => return client,
                    Err(Trouble::Unavailable) => panic!("the store works"),
                }
            }
        })
    });
    let threads: Vec<_> = threads.collect();
    std::thread::sleep(life);
    app.signal("KILL");
    threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect()
}
