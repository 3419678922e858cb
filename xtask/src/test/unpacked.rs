//! Programs of Debian packages that are unpacked into the build directory and not installed: the package would start a
//! service, which nobody has asked for and which the tests could be mistaken about.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::debian;
use crate::process;
use crate::workspace::Workspace;

/// A package, and those of its programs that are called.
pub(crate) struct Unpacked {
    pub(crate) package: &'static str,
    /// Where the package has them.
    pub(crate) place: &'static str,
    pub(crate) programs: &'static [&'static str],
    /// Has a program say that it is well.
    pub(crate) asked: &'static str,
}

impl Unpacked {
    /// Where a program is once it is unpacked; or the machine's own, where that has it.
    pub(crate) fn program(&self, workspace: &Workspace, name: &str) -> PathBuf {
        let ours = self.dir(workspace).join(self.place).join(name);
        if ours.exists() {
            return ours;
        }
        self.of_machine(name).unwrap_or(ours)
    }

    /// Unpacks it unless it is there.
    pub(crate) fn install(&self, workspace: &Workspace) -> Result<()> {
        let package = self.package;
        let works = |name: &&str| {
            let mut program = Command::new(self.program(workspace, name));
            process::succeeds(program.arg(self.asked))
        };
        if self.programs.iter().all(works) {
            println!("{package} is there");
            return Ok(());
        }
        let dir = self.dir(workspace);
        if dir.exists() {
            fs::remove_dir_all(&dir)?;
        }
        debian::unpack(package, &dir)
    }

    fn dir(&self, workspace: &Workspace) -> PathBuf {
        workspace.target("tools").join(self.package)
    }

    /// On the path, or where the package has it: administrators' programs are on the path of few.
    fn of_machine(&self, name: &str) -> Option<PathBuf> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let of_package = PathBuf::from("/").join(self.place);
        let places = std::env::split_paths(&path).chain([of_package]);
        places
            .map(|dir| dir.join(name))
            .find(|place| place.is_file())
    }
}
