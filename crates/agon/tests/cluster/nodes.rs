//! Three nodes that can be killed and started again where they were.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Mutex;

use testkit::{App, Launch, Scrape};

pub const NODES: usize = 3;

pub struct Nodes {
    launches: Vec<Launch>,
    addresses: Vec<SocketAddr>,
    running: Vec<Mutex<Option<App>>>,
}

impl Nodes {
    pub fn start(url: &str) -> Self {
        let addresses: Vec<SocketAddr> = (0..NODES).map(|_| free_address()).collect();
        let launch = |at: &SocketAddr| {
            Launch::node(env!("CARGO_BIN_EXE_agon"), url)
                .set("STORE__DURABILITY", "replicas")
                .set("STORE__WAIT_REPLICAS", "1")
                .set("MATCHMAKING__INTERVAL", "200ms")
                .set("MATCHMAKING__SETTLE", "20ms")
                .set("SERVER__TRUSTED_PROXIES", "127.0.0.1")
                .listen(*at)
        };
        let launches: Vec<Launch> = addresses.iter().map(launch).collect();
        let start = |launch: &Launch| Mutex::new(Some(launch.clone().start()));
        Nodes {
            running: launches.iter().map(start).collect(),
            launches,
            addresses,
        }
    }

    /// Where they listen, all their time.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.addresses.clone()
    }

    pub fn kill(&self, node: usize) {
        self.running[node].lock().unwrap().take().unwrap().kill();
    }

    pub fn restart(&self, node: usize) {
        let app = self.launches[node].clone().start();
        *self.running[node].lock().unwrap() = Some(app);
    }

    /// Sends a node a signal.
    pub fn signal(&self, node: usize, name: &str) {
        self.running[node]
            .lock()
            .unwrap()
            .as_ref()
            .unwrap()
            .signal(name);
    }

    /// Looks at each that runs.
    pub fn each(&self, look: impl Fn(&App)) {
        for running in &self.running {
            running.lock().unwrap().iter().for_each(&look);
        }
    }

    /// The node that forms matches at present.
    pub fn leader(&self) -> Option<usize> {
        (0..NODES).find(|node| {
            let running = self.running[*node].lock().unwrap();
            running
                .as_ref()
                .is_some_and(|app| Scrape::of(app).value("agon_redis_queues_led", &[]) > 0.0)
        })
    }
}

pub fn free_address() -> SocketAddr {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    TcpListener::bind(any).unwrap().local_addr().unwrap()
}
