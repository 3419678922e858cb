//! The child process: one engine, one round, its figures on standard output.

use anyhow::Result;

use super::args::Args;
use super::fjall_store::FjallStore;
use super::lmdb_store::LmdbStore;
use super::phases;
use super::redb_store::RedbStore;
use super::store::Kind;

pub fn run(kind: Kind, args: &Args) -> Result<()> {
    let sample = match kind {
        Kind::Fjall => phases::run::<FjallStore>(args)?,
        Kind::Redb => phases::run::<RedbStore>(args)?,
        Kind::Lmdb => phases::run::<LmdbStore>(args)?,
    };
    print!("{}", sample.to_text());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::model;
    use super::super::sample::Sample;
    use super::super::store::Engine;
    use super::*;

    fn tiny<E: Engine>() -> (Sample, Args) {
        let dir = tempfile::tempdir().unwrap();
        let args = Args {
            entries: 12_345,
            batches: 20,
            dir: dir.path().to_owned(),
            ..Args::default()
        };
        (phases::run::<E>(&args).unwrap(), args)
    }

    fn agrees_with_the_model<E: Engine>() {
        let (sample, args) = tiny::<E>();
        assert_eq!(sample.digest.count, args.entries + 1);
        assert_eq!(sample.digest, model::expected(&args));
    }

    #[test]
    fn fjall_agrees_with_the_model() {
        agrees_with_the_model::<FjallStore>();
    }

    #[test]
    fn redb_agrees_with_the_model() {
        agrees_with_the_model::<RedbStore>();
    }

    #[test]
    fn lmdb_agrees_with_the_model() {
        agrees_with_the_model::<LmdbStore>();
    }
}
