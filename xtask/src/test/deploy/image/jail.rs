//! A program in a root that cannot be written but for one directory, as `read_only` and a volume make it.
//!
//! Mounts of its own, which go with it; then the program takes the place of all that came before, so that a signal
//! to the command is one to Agon. There is less than in a container: neither /proc nor /dev.

use std::path::Path;
use std::process::Command;

/// $1: the root, $2: the directory that can be written; then the variables.
const SCRIPT: &str = r#"
set -eu
root=$1 data=$1/$2
shift 2
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount --bind "$data" "$data"
mount -o remount,bind,rw "$data"
if touch "$root/usr/local/bin/agon" 2>/dev/null; then
    echo "the root can be written" >&2
    exit 1
fi
chroot=$(command -v chroot)
exec env -i "$@" "$chroot" --userspec=10001:10001 "$root" /usr/local/bin/agon serve --listen 127.0.0.1:0
"#;

/// Agon in this root with these variables and no others, on a port that is free.
pub(super) fn command(root: &Path, data: &str, variables: &[(String, String)]) -> Command {
    let mut command = Command::new("unshare");
    command.args([
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-c",
        SCRIPT,
        "sh",
    ]);
    command.arg(root).arg(data);
    command.args(
        variables
            .iter()
            .map(|(name, value)| format!("{name}={value}")),
    );
    command
}
