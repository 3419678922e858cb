//! Changing the file of keys: one process at a time, and never so that a reader sees half of it.
//!
//! The new file is written beside the old one, synced, and takes its name in one step. It is its owner's
//! alone (0600); where somebody else than the owner of the old file changes it, as root does for a service,
//! the owner stays who it was, or the server could not read it any more. The lock beside it is the owner's, too.
//! Whoever owns the directory may put links into it: root must not be led elsewhere by one, so no file that is
//! opened for a change here may be one, and an owner is given to an open file and never to a path.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::key::{Key, KeyId};
use crate::keys_file::{self, FileFault};

const MODE: u32 = 0o600;

/// Why the file of keys was not changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The disk or the system refuses.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another process is changing it.
    #[error("another `agon keys` is changing {0}; try again")]
    Busy(PathBuf),
    /// What is there is not understood, and so not replaced.
    #[error("{path}: {fault}")]
    Fault {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        fault: FileFault,
    },
    /// There is no such key.
    #[error("there is no key {0}")]
    UnknownKey(KeyId),
    /// Chance gave an id that another key has.
    #[error("the id {0} is taken")]
    Taken(KeyId),
    /// The keys cannot be written as TOML.
    #[error("the keys cannot be written: {0}")]
    Form(#[from] toml::ser::Error),
}

/// The file of keys, held for a change until it is dropped.
#[derive(Debug)]
pub struct Editing {
    path: PathBuf,
    keys: Vec<Key>,
    _lock: File,
}

/// The keys of a file; none where it is missing.
///
/// # Errors
/// [`EditError::Io`], [`EditError::Fault`].
pub fn keys_in(path: &Path) -> Result<Vec<Key>, EditError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(io_error("read", path)(e)),
    };
    keys_file::read(&text).map_err(|fault| EditError::Fault {
        path: path.to_owned(),
        fault,
    })
}

impl Editing {
    /// Holds the file, which is made with its first key, and reads it. Makes its directory where it is
    /// missing.
    ///
    /// # Errors
    /// All but [`EditError::UnknownKey`] and [`EditError::Taken`].
    pub fn begin(path: &Path) -> Result<Self, EditError> {
        // Of a link the file that it leads to is replaced, and the link stays.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let dir = directory(&path);
        fs::create_dir_all(dir).map_err(io_error("make", dir))?;
        let lock = lock(&path)?;
        Ok(Editing {
            keys: keys_in(&path)?,
            path,
            _lock: lock,
        })
    }

    /// The keys that there are.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Adds a key; on disk when it returns.
    ///
    /// # Errors
    /// [`EditError::Taken`] where its id is; another one has to be tried. [`EditError::Io`].
    pub fn add(&mut self, key: Key) -> Result<(), EditError> {
        if self.keys.iter().any(|other| other.id == key.id) {
            return Err(EditError::Taken(key.id));
        }
        self.keys.push(key);
        self.write()
    }

    /// Revokes a key; on disk when it returns. One that is revoked already stays as it is.
    ///
    /// # Errors
    /// [`EditError::UnknownKey`], [`EditError::Io`].
    pub fn revoke(&mut self, id: KeyId, now_ms: i64) -> Result<&Key, EditError> {
        let at = self.keys.iter().position(|key| key.id == id);
        let at = at.ok_or(EditError::UnknownKey(id))?;
        if self.keys[at].revoked_ms.is_none() {
            self.keys[at].revoked_ms = Some(now_ms);
            self.write()?;
        }
        Ok(&self.keys[at])
    }

    fn write(&self) -> Result<(), EditError> {
        let text = keys_file::write(&self.keys)?;
        let next = beside(&self.path, ".next");
        // What a crash has left would keep its mode.
        match fs::remove_file(&next) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                return Err(io_error("replace", &next)(e));
            }
            _ => {}
        }
        let replace = || {
            let mut file = for_writing().create_new(true).open(&next)?;
            file.write_all(text.as_bytes())?;
            give_to_owner(&file, &self.path)?;
            file.sync_all()?;
            fs::rename(&next, &self.path)?;
            File::open(directory(&self.path))?.sync_all()
        };
        replace().map_err(|error| {
            // Of no use to anybody; that the change failed is what is told.
            let _ = fs::remove_file(&next);
            io_error("write", &self.path)(error)
        })
    }
}

/// How files are opened here: those that are made are their owner's alone, and a link is refused.
fn for_writing() -> OpenOptions {
    let mut options = File::options();
    let no_link = OFlags::NOFOLLOW.bits() as i32;
    options.write(true).mode(MODE).custom_flags(no_link);
    options
}

/// Gives a new file to the owner of the file of keys or, where there is none, to that of the directory.
fn give_to_owner(new: &File, keys: &Path) -> io::Result<()> {
    let owner = fs::symlink_metadata(keys).or_else(|_| fs::metadata(directory(keys)))?;
    if owner.uid() == new.metadata()?.uid() {
        return Ok(());
    }
    fchown(new, Some(owner.uid()), Some(owner.gid())).map_err(|error| {
        let owner = owner.uid();
        io::Error::new(
            error.kind(),
            format!(
                "it belongs to user {owner}, who could not read it any more; do this as that user"
            ),
        )
    })
}

fn lock(path: &Path) -> Result<File, EditError> {
    let path_of_lock = beside(path, ".lock");
    let file = open_lock(&path_of_lock, path).map_err(io_error("open", &path_of_lock))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(EditError::Busy(path.to_owned())),
        Err(TryLockError::Error(e)) => Err(io_error("lock", &path_of_lock)(e)),
    }
}

/// Opens the lock, or makes it for the owner of the keys. One that is there keeps its owner: a second name of
/// another file would give that away.
fn open_lock(lock: &Path, keys: &Path) -> io::Result<File> {
    match for_writing().create_new(true).open(lock) {
        Ok(file) => {
            let given = give_to_owner(&file, keys);
            given.inspect_err(|_| drop(fs::remove_file(lock)))?;
            Ok(file)
        }
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => for_writing().open(lock),
        Err(e) => Err(e),
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    }
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> EditError {
    let path = path.to_owned();
    move |source| EditError::Io {
        action,
        path,
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::key::{NewKey, Secret};
    use crate::scope::Scope;

    fn key(n: u8) -> Key {
        let new = NewKey {
            name: n.to_string(),
            scopes: [Scope::Read].into_iter().collect(),
            expires_ms: None,
        };
        new.with(&Secret::of([n; 36]), 0)
    }

    fn names(path: &Path) -> Vec<String> {
        keys_in(path).unwrap().into_iter().map(|k| k.name).collect()
    }

    #[test]
    fn keys_are_added_and_revoked_on_disk() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/keys.toml");
        assert!(names(&path).is_empty());
        let mut editing = Editing::begin(&path).unwrap();
        editing.add(key(1)).unwrap();
        editing.add(key(2)).unwrap();
        assert_eq!(names(&path), ["1", "2"]);
        assert!(matches!(editing.add(key(1)), Err(EditError::Taken(_))));
        editing.revoke(key(1).id, 7).unwrap();
        assert_eq!(editing.revoke(key(1).id, 8).unwrap().revoked_ms, Some(7));
        assert_eq!(keys_in(&path).unwrap()[0].revoked_ms, Some(7));
        let unknown = editing.revoke(key(3).id, 7);
        assert!(matches!(unknown, Err(EditError::UnknownKey(_))));
        assert_eq!(keys_in(&path).unwrap(), editing.keys());
    }

    #[test]
    fn the_file_is_its_owners_alone_and_a_link_stays_one() {
        let dir = tempfile::tempdir().unwrap();
        let (path, link) = (dir.path().join("keys.toml"), dir.path().join("link.toml"));
        fs::write(&path, "version = 1\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        fs::write(dir.path().join("keys.toml.next"), "left by a crash").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        Editing::begin(&link).unwrap().add(key(1)).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, MODE);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(names(&path), ["1"]);
        assert!(!dir.path().join("keys.toml.next").exists());
    }

    #[test]
    fn a_link_in_the_place_of_the_lock_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.toml");
        let elsewhere = dir.path().join("elsewhere");
        for there in [false, true] {
            if there {
                fs::write(&elsewhere, "kept").unwrap();
            }
            let lock = beside(&path, ".lock");
            let _ = fs::remove_file(&lock);
            std::os::unix::fs::symlink(&elsewhere, &lock).unwrap();
            let refused = Editing::begin(&path).unwrap_err();
            assert!(matches!(refused, EditError::Io { .. }), "{refused}");
            assert_eq!(elsewhere.exists(), there);
        }
    }

    /// The owner of a directory, who is not who works on it. Only root can give files away; others are
    /// refused, and leave nothing behind that the owner could not open.
    #[test]
    fn what_is_made_for_another_user_is_that_users() {
        const SERVICE: u32 = 54_321;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.toml");
        if std::os::unix::fs::chown(dir.path(), Some(SERVICE), Some(SERVICE)).is_err() {
            let refused = give_to_owner(&tempfile::tempfile().unwrap(), Path::new("/keys"));
            assert!(refused.unwrap_err().to_string().contains("user 0"));
            return;
        }
        Editing::begin(&path).unwrap().add(key(1)).unwrap();
        for made in [path.clone(), beside(&path, ".lock")] {
            let made = fs::symlink_metadata(made).unwrap();
            let owner = (made.uid(), made.gid(), made.mode() & 0o777);
            assert_eq!(owner, (SERVICE, SERVICE, MODE));
        }
    }

    #[test]
    fn two_at_once_are_refused_and_what_is_not_understood_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.toml");
        let first = Editing::begin(&path).unwrap();
        assert!(matches!(Editing::begin(&path), Err(EditError::Busy(_))));
        drop(first);
        fs::write(&path, "version = 2\n").unwrap();
        assert!(matches!(
            Editing::begin(&path),
            Err(EditError::Fault { .. })
        ));
        assert_eq!(fs::read_to_string(&path).unwrap(), "version = 2\n");
    }
}
