//! `agon keys`: keys made, listed and revoked, in a file that a running server keeps up with.
//!
//! A new secret is all that goes to standard output, so that a script can take it from there; what a person
//! should know besides goes to standard error. It is shown this once: nothing here could show it again.

use std::path::PathBuf;
use std::time::Duration;

use access::{
    EditError, Editing, Key, KeyId, NewKey, RANDOM_BYTES, Scope, Secret, id_of, time_text,
};
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::cli::{StoreArgs, print};
use crate::clock::now_ms;

/// Ids are eight digits: of some thousand keys, a new one has an old one's once in a million times.
const TRIES: usize = 8;
/// Longer than anybody means; what is meant is no end.
const MAX_LIFE: Duration = Duration::from_secs(100 * 365 * 86_400);

/// What to do with keys.
#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a key and print its secret, this once
    Create(CreateArgs),
    /// List the keys, revoked ones too; never their secrets
    List(ListArgs),
    /// Take a key back: within a second a running server refuses it
    Revoke(RevokeArgs),
}

/// A key to be made.
#[derive(Args)]
pub(crate) struct CreateArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Who it is for. Keys of one name count as one caller, so that a new one can take an old one's place
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    name: String,
    /// What it is good for: read, submit, match, upstream or admin; more than once, or with commas between
    #[arg(long, value_name = "SCOPE", required = true, value_delimiter = ',', value_parser = parse_scope)]
    scope: Vec<Scope>,
    /// For how long, such as 90d; for ever otherwise
    #[arg(long, value_name = "TIME", value_parser = parse_life)]
    expires: Option<Duration>,
}

/// Which keys to list.
#[derive(Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// A key to be revoked.
#[derive(Args)]
pub(crate) struct RevokeArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Its id, the eight digits behind `agon_`; or its secret, where that is what was found
    #[arg(value_name = "ID", value_parser = parse_id)]
    id: KeyId,
}

fn parse_name(text: &str) -> Result<String, &'static str> {
    access::fault_of_name(text).map_or_else(|| Ok(text.to_owned()), Err)
}

fn parse_scope(text: &str) -> Result<Scope, &'static str> {
    text.trim().parse()
}

fn parse_life(text: &str) -> Result<Duration, &'static str> {
    let life = humantime::parse_duration(text).ok();
    let life = life.filter(|life| !life.is_zero() && *life <= MAX_LIFE);
    life.ok_or("expected a time such as 90d or 12h, at most 100 years")
}

/// Takes a whole secret for the id in it: whoever finds one where it must not be has nothing else.
fn parse_id(text: &str) -> Result<KeyId, &'static str> {
    let id = id_of(text).or_else(|| KeyId::parse(text));
    id.ok_or("expected the eight digits behind agon_")
}

/// Does what is asked.
pub(crate) fn run(command: KeysCommand) -> anyhow::Result<()> {
    match command {
        KeysCommand::Create(args) => create(args),
        KeysCommand::List(args) => list(&args),
        KeysCommand::Revoke(args) => revoke(&args),
    }
}

fn create(args: CreateArgs) -> anyhow::Result<()> {
    let path = args.store.keys_path()?;
    let now_ms = now_ms();
    let mut editing = Editing::begin(&path)?;
    let first = editing.keys().is_empty();
    let same = others_of(editing.keys(), &args.name, now_ms);
    let new = NewKey {
        expires_ms: args.expires.map(|life| now_ms + life.as_millis() as i64),
        scopes: args.scope.into_iter().collect(),
        name: args.name,
    };
    let secret = add(&mut editing, &new, now_ms)?;
    let (id, scopes, path) = (secret.id(), new.scopes, path.display());
    eprintln!(
        "key {id} ({}: {scopes}) is in {path}; its secret is shown this once",
        new.name
    );
    if first {
        eprintln!(
            "it is the first one: from now on all requests need a key, also after it is revoked"
        );
    }
    for id in same {
        eprintln!("{id} has this name too; `agon keys revoke {id}` once nobody uses it any more");
    }
    print(secret.expose())
}

fn add(editing: &mut Editing, new: &NewKey, now_ms: i64) -> anyhow::Result<Secret> {
    for _ in 0..TRIES {
        let mut random = [0; RANDOM_BYTES];
        getrandom::fill(&mut random).context("the system gives no chance")?;
        let secret = Secret::of(random);
        match editing.add(new.clone().with(&secret, now_ms)) {
            Err(EditError::Taken(_)) => {}
            Err(error) => return Err(error.into()),
            Ok(()) => return Ok(secret),
        }
    }
    bail!("too many keys: no free id was found")
}

fn others_of(keys: &[Key], name: &str, now_ms: i64) -> Vec<KeyId> {
    let same = keys.iter().filter(|k| k.name == name && k.is_valid(now_ms));
    same.map(|key| key.id).collect()
}

fn revoke(args: &RevokeArgs) -> anyhow::Result<()> {
    let path = args.store.keys_path()?;
    let mut editing = Editing::begin(&path)?;
    let key = editing.revoke(args.id, now_ms())?;
    eprintln!(
        "key {} ({}) is revoked; a running server refuses it within a second",
        key.id, key.name
    );
    Ok(())
}

/// A key as it is listed.
#[derive(Serialize)]
struct Listed {
    id: String,
    name: String,
    scopes: Vec<&'static str>,
    state: &'static str,
    created: String,
    expires: Option<String>,
    revoked: Option<String>,
}

fn list(args: &ListArgs) -> anyhow::Result<()> {
    let keys = access::keys_in(&args.store.keys_path()?)?;
    let now_ms = now_ms();
    let listed: Vec<Listed> = keys.iter().map(|key| listed(key, now_ms)).collect();
    if args.json {
        return print(&serde_json::to_string_pretty(&listed)?);
    }
    if listed.is_empty() {
        eprintln!("there are no keys");
        return Ok(());
    }
    print(&table(&listed))
}

fn listed(key: &Key, now_ms: i64) -> Listed {
    Listed {
        id: key.id.to_string(),
        name: key.name.clone(),
        scopes: key.scopes.iter().map(Scope::as_str).collect(),
        state: match key.revoked_ms {
            Some(_) => "revoked",
            None if key.is_valid(now_ms) => "good",
            None => "expired",
        },
        created: time_text(key.created_ms),
        expires: key.expires_ms.map(time_text),
        revoked: key.revoked_ms.map(time_text),
    }
}

fn table(keys: &[Listed]) -> String {
    let head = ["ID", "NAME", "SCOPES", "STATE", "CREATED", "EXPIRES"].map(str::to_owned);
    let day = |time: &str| time.chars().take(16).collect::<String>().replace('T', " ");
    let row = |key: &Listed| {
        [
            key.id.clone(),
            key.name.clone(),
            key.scopes.join(","),
            key.state.to_owned(),
            day(&key.created),
            key.expires.as_deref().map_or("never".to_owned(), day),
        ]
    };
    let rows: Vec<[String; 6]> = std::iter::once(head).chain(keys.iter().map(row)).collect();
    let width = |n: usize| rows.iter().map(|r| r[n].chars().count()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    let line = |row: &[String; 6]| {
        let cells = row
            .iter()
            .zip(widths)
            .map(|(cell, w)| format!("{cell:<w$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

impl StoreArgs {
    fn keys_path(&self) -> anyhow::Result<PathBuf> {
        let settings = self.all_settings()?;
        let path = settings.access.keys_path(&settings.store);
        path.context(
            "setting access.keys_file: expected a file; with a store on Redis there is no \
             directory of data that keys could be in",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_read() {
        assert_eq!(parse_life("90d"), Ok(Duration::from_secs(90 * 86_400)));
        for bad in ["", "90", "0s", "200years", "-1d"] {
            assert!(parse_life(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_scope(" admin"), Ok(Scope::Admin));
        assert!(parse_scope("all").is_err());
        for good in ["0123abcd", "agon_0123abcd_x_y"] {
            assert_eq!(parse_id(good).unwrap().as_str(), "0123abcd");
        }
        assert!(parse_id("0123ABCD").is_err() && parse_id("agon_0123abcd").is_err());
    }

    #[test]
    fn a_table_has_its_columns_below_each_other() {
        let new = NewKey {
            name: "game server".to_owned(),
            scopes: [Scope::Submit, Scope::Read].into_iter().collect(),
            expires_ms: Some(1_795_534_200_000),
        };
        let key = new.with(&Secret::of([1; RANDOM_BYTES]), 0);
        let table = table(&[listed(&key, 0), listed(&key, i64::MAX)]);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(
            lines,
            [
                "ID        NAME         SCOPES       STATE    CREATED           EXPIRES",
                "01010101  game server  read,submit  good     1970-01-01 00:00  2026-11-24 15:30",
                "01010101  game server  read,submit  expired  1970-01-01 00:00  2026-11-24 15:30",
            ]
        );
    }
}
