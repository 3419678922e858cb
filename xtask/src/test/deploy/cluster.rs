//! What several nodes need around them, as it runs: nginx with the shipped configuration in front of nodes that fail and
//! of nodes that are real, and the Redis Cluster with its own scripts. The tests are in `deploy/tests`.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::{Skipped, is_there};
use crate::process;
use crate::test::unpacked::Unpacked;
use crate::test::{python, tools};
use crate::workspace::Workspace;

/// Debian's own.
pub(crate) const NGINX: Unpacked = Unpacked {
    package: "nginx",
    place: "usr/sbin",
    programs: &["nginx"],
    asked: "-v",
};

const TESTS: &str = "deploy/tests";
const OF_NGINX: [&str; 2] = ["test_nginx", "test_nginx_agon"];
const OF_REDIS: [&str; 1] = ["test_redis_cluster"];

/// Several times what they take on a machine that is busy.
const LIMIT: Duration = Duration::from_secs(8 * 60);

/// Whether they do what the files say.
pub(super) fn check(workspace: &Workspace, binary: &Path) -> Result<Skipped> {
    let nginx = NGINX.program(workspace, "nginx");
    tools::require(&nginx)?;
    let variables = [("PROGRAM_NGINX", nginx.as_path()), ("PROGRAM_AGON", binary)];
    run(workspace, &OF_NGINX, &variables)?;
    if !is_there("redis-server", "--version") || !is_there("redis-cli", "--version") {
        return Ok(vec!["no redis-server to make a cluster of".to_owned()]);
    }
    run(workspace, &OF_REDIS, &[])?;
    Ok(Vec::new())
}

fn run(workspace: &Workspace, modules: &[&str], variables: &[(&str, &Path)]) -> Result<()> {
    let python = python::program(workspace, "python");
    tools::require(&python)?;
    let mut command = workspace.command(python);
    command.current_dir(workspace.path(TESTS));
    // No compiled files in the source tree, and no proxy on the way to this machine.
    command.arg("-B").env("no_proxy", "127.0.0.1");
    command.envs(variables.iter().copied());
    command.args(["-m", "unittest"]).args(modules);
    process::run_within(&mut command, LIMIT)
}
