//! A board as a plain list: every rule spelled out, nothing fast.

use boards::{Country, NewPlayer, Player, PlayerId, Score};

/// The board `global` as it ought to be: points add up, most points first, ties to who was first.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// Best first.
    lines: Vec<ModelLine>,
    clock: u64,
}

/// A player's line in the model.
#[derive(Clone, Debug)]
pub struct ModelLine {
    /// Whose it is.
    pub player: Player,
    /// Its points.
    pub score: Score,
    /// When it reached them, by a clock that ticks with every change.
    reached: u64,
}

impl Model {
    /// The lines, best first.
    pub fn lines(&self) -> &[ModelLine] {
        &self.lines
    }

    /// The lines of one country, best first, each with its rank among all.
    pub fn of_country(&self, country: Country) -> Vec<(u64, &ModelLine)> {
        let ranked = self.lines.iter().zip(1..).map(|(line, rank)| (rank, line));
        ranked
            .filter(|(_, line)| line.player.country == Some(country))
            .collect()
    }

    /// A player's rank and line.
    pub fn find(&self, id: PlayerId) -> Option<(u64, &ModelLine)> {
        let at = self.lines.iter().position(|line| line.player.id == id)?;
        Some((at as u64 + 1, &self.lines[at]))
    }

    /// Creates players, or says which of them are there already.
    ///
    /// # Errors
    /// The places of the duplicates.
    pub fn create(&mut self, players: &[NewPlayer]) -> Result<(), Vec<usize>> {
        let known = |n: &usize| {
            let id = players[*n].player.id;
            self.find(id).is_some() || players[..*n].iter().any(|p| p.player.id == id)
        };
        let duplicates: Vec<usize> = (0..players.len()).filter(known).collect();
        if !duplicates.is_empty() {
            return Err(duplicates);
        }
        for NewPlayer { player, score } in players {
            self.put(player.clone(), *score);
        }
        Ok(())
    }

    /// Adds to a player's points; returns the rank before and after. `None`: no such player, or a
    /// sum that is no finite double.
    pub fn submit(&mut self, id: PlayerId, score: Score) -> Option<(u64, u64)> {
        let (before, line) = self.find(id)?;
        let sum = line.score.checked_add(score)?;
        if sum != line.score {
            let line = self.lines.remove(before as usize - 1);
            self.put(line.player, sum);
        }
        Some((before, self.find(id)?.0))
    }

    fn put(&mut self, player: Player, score: Score) {
        self.clock += 1;
        self.lines.push(ModelLine {
            player,
            score,
            reached: self.clock,
        });
        self.lines
            .sort_by(|a, b| b.score.cmp(&a.score).then(a.reached.cmp(&b.reached)));
    }
}
