//! buildah with a storage of its own below the build directory, so that it neither meets nor leaves images of the
//! machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::test::deploy::scratch;
use crate::workspace::Workspace;

/// A storage, and the containers in it.
pub(super) struct Buildah<'w> {
    workspace: &'w Workspace,
    dir: PathBuf,
}

impl<'w> Buildah<'w> {
    /// An empty storage; an error where this machine does not let buildah do its work.
    pub(super) fn start(workspace: &'w Workspace) -> Result<Self> {
        // A run that was ended in the middle may have left mounts, and what is mounted is not removed.
        let dir = workspace.target("deploy/buildah");
        if dir.exists() {
            let buildah = Buildah {
                workspace,
                dir: dir.clone(),
            };
            process::output(&mut buildah.command(&["rm", "--all"])).ok();
        }
        scratch(workspace, "buildah")?;
        let buildah = Buildah { workspace, dir };
        let container = buildah.container("scratch")?;
        buildah.mount(&container)?;
        process::output(&mut buildah.command(&["rm", &container]))?;
        Ok(buildah)
    }

    /// A command on this storage, at the root of the workspace. It needs no kernel's help to lay files upon files.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.workspace.command("buildah");
        command.args(["--storage-driver", "vfs", "--root"]);
        command.arg(self.dir.join("storage"));
        command.arg("--runroot").arg(self.dir.join("run"));
        command.args(arguments);
        command
    }

    /// A new container of an image; its name.
    pub(super) fn container(&self, image: &str) -> Result<String> {
        let name = process::output(&mut self.command(&["from", "--pull-never", image]))?;
        Ok(name.trim().to_owned())
    }

    /// Where a container's files are seen.
    pub(super) fn mount(&self, container: &str) -> Result<PathBuf> {
        let path = process::output(&mut self.command(&["mount", container]))?;
        Ok(Path::new(path.trim()).to_owned())
    }

    /// A program in a container, with variables `NAME=value` beside those of the image.
    pub(super) fn run(&self, container: &str, variables: &[&str], program: &[&str]) -> Command {
        let mut command = self.command(&["run", "--isolation", "chroot"]);
        for variable in variables {
            command.args(["--env", variable]);
        }
        command.args([container, "--"]).args(program);
        command
    }

    /// Leaves nothing.
    pub(super) fn remove(self) -> Result<()> {
        process::output(&mut self.command(&["rm", "--all"]))?;
        let dir = self.dir;
        fs::remove_dir_all(&dir).with_context(|| format!("cannot remove {}", dir.display()))
    }
}
