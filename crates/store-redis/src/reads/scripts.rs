//! The scripts of readings, each of several files: what they share stands in front.

use crate::script::Script;

const ORDER: &str = include_str!("../lua/order.lua");
const CUT: &str = include_str!("../lua/cut.lua");
const VIEW: &str = include_str!("../lua/read_view.lua");
const TIERS: &str = include_str!("../lua/read_tiers.lua");
const ABOVE: &str = include_str!("../lua/read_above.lua");

/// All of them. What each is asked and answers is at the top of its file.
pub(crate) struct ReadScripts {
    pub(super) boards: Script,
    pub(super) players: Script,
    pub(super) window: Script,
    pub(super) counts: Script,
    pub(super) samples: Script,
    pub(super) stats: Script,
    pub(super) tier_list: Script,
}

impl ReadScripts {
    pub(crate) fn new() -> Self {
        let of_view = |rest: &[&str]| Script::reading(&[&[ORDER, CUT, VIEW], rest].concat());
        ReadScripts {
            boards: Script::reading(&[ORDER, CUT, include_str!("../lua/read_boards.lua")]),
            players: of_view(&[TIERS, ABOVE, include_str!("../lua/read_players.lua")]),
            window: of_view(&[TIERS, ABOVE, include_str!("../lua/read_window.lua")]),
            counts: of_view(&[include_str!("../lua/read_counts.lua")]),
            samples: of_view(&[include_str!("../lua/read_samples.lua")]),
            stats: of_view(&[include_str!("../lua/read_stats.lua")]),
            tier_list: Script::reading(&[ORDER, TIERS, include_str!("../lua/read_tier_list.lua")]),
        }
    }
}
