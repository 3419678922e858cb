//! Who is what in a team: an assignment in which nobody has to be what they are not willing to be.
//!
//! First come, first cast leaves roles open that somebody else could have filled: a tank who would
//! also heal has to heal where the next can only tank. So those who are cast already change their
//! role where that lets one more be cast (augmenting paths, Kuhn 1955), which finds the most.

/// No role.
pub(super) const NO_ROLE: u8 = u8::MAX;
/// Players of a team at the most, since teams are not larger.
const MOST: usize = crate::contradictions::MAX_TEAM_SIZE;

/// An assignment of roles to the players of one team.
pub(super) struct Cast {
    /// The role of each player, or [`NO_ROLE`].
    pub(super) role: [u8; MOST],
    /// How many of them have one.
    pub(super) cast: usize,
}

/// The roles of a team and how many of each it needs.
pub(super) type Needs = [(u8, u32)];

/// The assignment with the most roles filled. `willing` has for each player the bits of the roles that
/// the player is willing to be; no more players than a team may have. O(players × roles) steps where
/// nobody has to change, at worst O(players² × roles).
pub(super) fn cast(willing: &[u64], needs: &Needs) -> Cast {
    let mut casting = Casting {
        willing,
        needs,
        open: [0; 64],
        role: [NO_ROLE; MOST],
    };
    for (role, count) in needs {
        casting.open[usize::from(*role)] += count;
    }
    let cast = (0..willing.len().min(MOST))
        .filter(|player| casting.augment(*player, &mut 0))
        .count();
    Cast {
        role: casting.role,
        cast,
    }
}

struct Casting<'a> {
    willing: &'a [u64],
    needs: &'a Needs,
    open: [u32; 64],
    role: [u8; MOST],
}

impl Casting<'_> {
    /// Finds a role for a player, moving others; `tried` has the roles that were asked for already.
    fn augment(&mut self, player: usize, tried: &mut u64) -> bool {
        for at in 0..self.needs.len() {
            let role = self.needs[at].0;
            let bit = 1_u64 << role;
            if self.willing[player] & bit == 0 || *tried & bit != 0 {
                continue;
            }
            *tried |= bit;
            if self.open[usize::from(role)] > 0 {
                self.open[usize::from(role)] -= 1;
                self.role[player] = role;
                return true;
            }
            for other in 0..self.willing.len().min(MOST) {
                if self.role[other] == role && self.augment(other, tried) {
                    self.role[player] = role;
                    return true;
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The most that can be cast, by trying everything.
    fn most(willing: &[u64], needs: &mut Vec<(u8, u32)>) -> usize {
        let Some((first, others)) = willing.split_first() else {
            return 0;
        };
        let mut best = most(others, needs);
        for at in 0..needs.len() {
            if first & 1 << needs[at].0 != 0 && needs[at].1 > 0 {
                needs[at].1 -= 1;
                best = best.max(1 + most(others, needs));
                needs[at].1 += 1;
            }
        }
        best
    }

    proptest::proptest! {
        #[test]
        fn as_many_are_cast_as_can_be(
            willing in proptest::collection::vec(0_u64..16, 0..7),
            counts in proptest::collection::vec(0_u32..3, 4),
        ) {
            let mut needs: Vec<(u8, u32)> = (0..4).zip(counts).collect();
            let made = cast(&willing, &needs);
            for (player, mask) in willing.iter().enumerate() {
                let role = made.role[player];
                assert!(role == NO_ROLE || mask & 1 << role != 0);
            }
            for (role, count) in &needs {
                let has = made.role.iter().filter(|r| *r == role).count();
                assert!(has <= *count as usize);
            }
            assert_eq!(made.role.iter().filter(|r| **r != NO_ROLE).count(), made.cast);
            assert_eq!(made.cast, most(&willing, &mut needs));
        }
    }
}
