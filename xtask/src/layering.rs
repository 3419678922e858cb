//! Which crate may depend on which; the arrows go down only.
//!
//! A test rather than a rule in `deny.toml`: that one names who may use a crate, and for a crate
//! as common as tokio it would have to name half of the ecosystem. Dependencies of tests alone are
//! free, as nothing is built from them.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::process::Command;

use serde_json::Value;

use crate::process;
use crate::workspace::metadata;

/// Every crate of the workspace and the crates of the workspace that it may use.
const MAY_USE: [(&str, &[&str]); 18] = [
    ("access", &["boards"]),
    (
        "agon",
        &[
            "access",
            "api",
            "archive",
            "boards",
            "fields",
            "hedge",
            "match-json",
            "matchmaking",
            "store-embedded",
            "store-redis",
            "upstreams",
        ],
    ),
    (
        "api",
        &[
            "access",
            "boards",
            "fields",
            "match-json",
            "matchmaking",
            "upstreams",
        ],
    ),
    ("archive", &["boards", "matchmaking"]),
    ("boards", &[]),
    ("fields", &["boards", "matchmaking"]),
    ("hedge", &[]),
    ("match-json", &["boards", "fields", "matchmaking"]),
    ("matchmaking", &["boards"]),
    ("open-loop", &[]),
    ("rank", &[]),
    (
        "store-embedded",
        &[
            "archive",
            "boards",
            "matchmaking",
            "rank",
            "store-records",
            "ticket-watches",
        ],
    ),
    ("store-records", &["boards", "matchmaking"]),
    (
        "store-redis",
        &[
            "archive",
            "boards",
            "matchmaking",
            "rank",
            "store-records",
            "ticket-watches",
        ],
    ),
    ("testkit", &["boards", "matchmaking"]),
    ("ticket-watches", &["store-records"]),
    ("upstreams", &["hedge"]),
    ("xtask", &[]),
];

/// The crates that know neither HTTP nor disk…
const PURE: [&str; 7] = [
    "archive",
    "boards",
    "fields",
    "match-json",
    "matchmaking",
    "rank",
    "store-records",
];

/// …and what they would know it by, be it directly or through others.
const IMPURE: [&str; 4] = ["axum", "fjall", "hyper", "tokio"];

/// For each package what is built from it: its dependencies, those of tests left out.
type Arrows = BTreeMap<String, BTreeSet<String>>;

fn upward_arrows(members: &Arrows) -> Vec<String> {
    let mut wrong = Vec::new();
    for (from, uses) in members {
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| name == from) else {
            wrong.push(format!("{from} is new: say in MAY_USE what it may use"));
            continue;
        };
        let inner = uses.iter().filter(|to| members.contains_key(*to));
        let refused = inner.filter(|to| !allowed.contains(&to.as_str()));
        wrong.extend(refused.map(|to| format!("{from} → {to} is not allowed")));
    }
    wrong
}

fn impure_arrows(all: &Arrows) -> Vec<String> {
    let pairs = PURE.iter().flat_map(|from| IMPURE.map(|to| (*from, to)));
    pairs
        .filter_map(|(from, to)| path(all, from, to))
        .map(|path| format!("{} is not allowed", path.join(" → ")))
        .collect()
}

/// A shortest way along the arrows.
fn path<'a>(all: &'a Arrows, from: &'a str, to: &str) -> Option<Vec<&'a str>> {
    let mut seen = BTreeSet::from([from]);
    let mut paths = VecDeque::from([vec![from]]);
    while let Some(path) = paths.pop_front() {
        let last = *path.last()?;
        if last == to {
            return Some(path);
        }
        for next in all.get(last).into_iter().flatten() {
            if seen.insert(next) {
                paths.push_back([&path[..], &[next]].concat());
            }
        }
    }
    None
}

/// The arrows as they are, for this platform: crates of other platforms may not have been
/// downloaded.
fn real_arrows() -> (Arrows, Arrows) {
    let version = process::output(Command::new("rustc").arg("-vV")).unwrap();
    let host = version.lines().find_map(|l| l.strip_prefix("host: "));
    let metadata = metadata(&["--filter-platform", host.unwrap()]).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let names = packages.iter().map(|p| (text(&p["id"]), text(&p["name"])));
    let names: BTreeMap<&str, &str> = names.collect();
    let mut all = Arrows::new();
    for node in metadata["resolve"]["nodes"].as_array().unwrap() {
        // Two versions of a crate count as one here.
        let from = all.entry(names[text(&node["id"])].to_owned()).or_default();
        let built = node["deps"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|d| is_built(d));
        from.extend(built.map(|d| names[text(&d["pkg"])].to_owned()));
    }
    let members = metadata["workspace_members"].as_array().unwrap();
    let members = members.iter().map(|id| names[text(id)].to_owned());
    (members.map(|m| (m.clone(), all[&m].clone())).collect(), all)
}

fn is_built(dependency: &Value) -> bool {
    let kinds = dependency["dep_kinds"].as_array().unwrap();
    kinds.iter().any(|k| k["kind"].as_str() != Some("dev"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn arrows(list: &[(&str, &[&str])]) -> Arrows {
    let owned = |(from, to): &(&str, &[&str])| {
        let to = to.iter().map(|t| t.to_string());
        (from.to_string(), to.collect())
    };
    list.iter().map(owned).collect()
}

#[test]
fn the_crates_use_only_what_they_may() {
    let (members, all) = real_arrows();
    // Would be missing if the reading above missed everything.
    assert!(members["agon"].contains("api"));
    assert!(path(&all, "agon", "tokio").is_some());
    let wrong = [upward_arrows(&members), impure_arrows(&all)].concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_upward_arrow_is_named() {
    let wrong = upward_arrows(&arrows(&[("boards", &["rank", "serde"]), ("rank", &[])]));
    assert_eq!(wrong, ["boards → rank is not allowed"]);
}

#[test]
fn a_crate_that_is_not_listed_is_named() {
    let wrong = upward_arrows(&arrows(&[("newcomer", &[])]));
    assert_eq!(wrong, ["newcomer is new: say in MAY_USE what it may use"]);
}

#[test]
fn an_impure_arrow_is_named_with_its_way() {
    let all = arrows(&[
        ("boards", &["serde", "helper"]),
        ("helper", &["tokio", "boards"]),
        ("agon", &["hyper"]),
    ]);
    assert_eq!(
        impure_arrows(&all),
        ["boards → helper → tokio is not allowed"]
    );
}
