//! What holds for all rules and all pools.

use std::collections::BTreeMap;
use std::time::Duration;

use matchmaking::{Clock, Formation, RatingSystem, Reason, Rules, Waiting, form, violations};
use proptest::prelude::*;

use crate::exhaustive::Possible;
use crate::generate::{pool, rules, waiting};

/// Each ticket is in one place, and every match keeps the rules.
pub fn keeps_the_rules(rules: &Rules, waiting: &[Waiting<'_>], made: &Formation) {
    let mut places: BTreeMap<usize, usize> = BTreeMap::new();
    let matched = made.matches.iter().flat_map(|m| &m.teams);
    let matched = matched.flat_map(|team| team.tickets.clone());
    let filled = made.filled.iter().map(|f| f.ticket);
    let left = made.unmatched.iter().map(|u| u.ticket);
    for ticket in matched.chain(filled).chain(left) {
        *places.entry(ticket).or_default() += 1;
    }
    assert!(places.keys().copied().eq(0..waiting.len()), "{places:?}");
    assert!(places.values().all(|times| *times == 1), "{places:?}");
    assert!(made.unmatched.is_sorted_by_key(|u| u.ticket));
    for one in &made.matches {
        let wrong = violations(rules, waiting, one);
        assert!(wrong.is_empty(), "{wrong:?} in {one:?}");
    }
}

/// The tickets that are left, as bits.
pub fn left(made: &Formation) -> u32 {
    made.unmatched.iter().fold(0, |set, u| set | 1 << u.ticket)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn every_match_keeps_every_rule(rules in rules(), pool in pool(40)) {
        let waiting = waiting(&pool);
        let made = form(&rules, RatingSystem::WengLin, &[], &waiting);
        keeps_the_rules(&rules, &waiting, &made);
        prop_assert_eq!(&made, &form(&rules, RatingSystem::WengLin, &[], &waiting));
    }

    #[test]
    fn no_match_is_left_that_could_be_made(rules in rules(), pool in pool(8)) {
        let waiting = waiting(&pool);
        let made = form(&rules, RatingSystem::WengLin, &[], &waiting);
        keeps_the_rules(&rules, &waiting, &made);
        let possible = Possible::of(&rules, &waiting);
        let left = left(&made);
        for set in possible.matches.keys() {
            prop_assert!(set & !left != 0, "{set:b} of {left:b} is left by {made:?}");
        }
    }

    #[test]
    fn who_comes_first_is_in_a_match_if_in_any(rules in rules(), pool in pool(7)) {
        let waiting = waiting(&pool);
        let made = form(&rules, RatingSystem::WengLin, &[], &waiting);
        let possible = Possible::of(&rules, &waiting);
        let all = (1 << pool.len()) - 1;
        let first = (0..pool.len())
            .filter(|ticket| possible.has_match_of(*ticket, all))
            .max_by_key(|t| (pool[*t].0.priority, pool[*t].1, std::cmp::Reverse(*t)));
        if let Some(first) = first {
            let priority = pool[first].0.priority;
            let same = pool.iter().filter(|(ticket, _)| ticket.priority == priority);
            let is_fixed = rules.teams.iter().all(|team| team.min_size == team.max_size);
            if is_fixed || same.count() == 1 {
                prop_assert!(left(&made) & 1 << first == 0, "{first} is left by {made:?}");
            }
        }
    }

    #[test]
    fn waiting_longer_takes_no_match_away(rules in rules(), pool in pool(7), more in 0..60_u64) {
        let rules = Rules { clock: Clock::Oldest, ..rules };
        let before = waiting(&pool);
        let later: Vec<Waiting<'_>> = before
            .iter()
            .map(|w| Waiting { waited: w.waited + Duration::from_secs(more), ..*w })
            .collect();
        let (possible, still) = (Possible::of(&rules, &before), Possible::of(&rules, &later));
        prop_assert!(possible.matches.keys().all(|set| still.matches.contains_key(set)));
        let made = form(&rules, RatingSystem::WengLin, &[], &before);
        for mut one in made.matches {
            one.longest_wait += Duration::from_secs(more);
            prop_assert_eq!(violations(&rules, &later, &one), Vec::<String>::new());
        }
        let all = (1 << pool.len()) - 1;
        for one in form(&rules, RatingSystem::WengLin, &[], &later).unmatched {
            let had = possible.has_match_of(one.ticket, all);
            prop_assert!(!had || one.reason == Reason::ServedLater, "{one:?}");
        }
    }
}
