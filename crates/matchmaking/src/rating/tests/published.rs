//! Values that others have published, or that their programs give.

use super::*;

/// OpenSkill's own examples (the README of openskill.js, and the Python package 6.2 without its tau).
#[test]
fn weng_lin_of_two_teams() {
    let rate = |teams: &[Vec<Rating>], places: &[u32]| RatingSystem::WengLin.rate(teams, places);
    let after = rate(&new(RatingSystem::WengLin, &[1, 1]), &[1, 2]);
    let winner = (27.63523138347, 8.06550631632);
    let loser = (22.36476861653, 8.06550631632);
    assert_small(&after, &[&[winner], &[loser]], 1e-9);

    let first = vec![RatingSystem::WengLin.initial(), small(32.444, 5.123)];
    let second = vec![small(43.381, 2.421), small(25.188, 6.211)];
    let expected: [&[(f64, f64)]; 2] = [
        &[
            (28.66964843658, 8.07152078803),
            (33.83086971108, 5.06277299871),
        ],
        &[
            (43.07127480824, 2.41669004527),
            (23.14950331234, 6.13786069734),
        ],
    ];
    assert_small(&rate(&[first, second], &[1, 2]), &expected, 1e-9);

    let teams = [
        vec![RatingSystem::WengLin.initial()],
        vec![small(30.0, 4.0)],
    ];
    let expected: [&[(f64, f64)]; 2] = [
        &[(25.71010764767, 7.88674242366)],
        &[(29.83639119798, 3.97686140965)],
    ];
    assert_small(&rate(&teams, &[1, 1]), &expected, 1e-9);
}

#[test]
fn weng_lin_of_more_teams() {
    let five = new(RatingSystem::WengLin, &[1; 5]);
    let after = RatingSystem::WengLin.rate(&five, &[1, 2, 3, 4, 5]);
    let expected: [&[(f64, f64)]; 5] = [
        &[(27.66666666667, 8.29055687715)],
        &[(26.83333333333, 8.24014562978)],
        &[(25.72222222222, 8.17999667965)],
        &[(24.05555555556, 8.1117960137)],
        &[(20.72222222222, 8.1117960137)],
    ];
    assert_small(&after, &expected, 1e-9);
}

#[test]
fn weng_lin_of_teams_that_draw() {
    let teams = [
        vec![RatingSystem::WengLin.initial()],
        vec![small(30.0, 3.0)],
        vec![small(20.0, 5.0)],
        vec![small(25.0, 2.0)],
    ];
    let after = RatingSystem::WengLin.rate(&teams, &[1, 2, 2, 3]);
    let expected: [&[(f64, f64)]; 4] = [
        &[(28.96110919337, 8.14349516239)],
        &[(29.78691653869, 2.99178391813)],
        &[(20.21766507931, 4.95878451819)],
        &[(24.83171745836, 1.99863918636)],
    ];
    assert_small(&after, &expected, 1e-9);
}

/// The Python package trueskill 0.4.5. The library's normal distribution has seven digits.
#[test]
fn trueskill_of_two_teams() {
    let rate = |teams: &[Vec<Rating>], places: &[u32]| RatingSystem::Trueskill.rate(teams, places);
    let after = rate(&new(RatingSystem::Trueskill, &[1, 1]), &[1, 2]);
    let winner = (29.39583202, 7.17147558733);
    let loser = (20.60416798, 7.17147558733);
    assert_small(&after, &[&[winner], &[loser]], 1e-4);

    let teams = [
        vec![small(29.0, 3.0), small(22.0, 5.0)],
        vec![small(25.0, 2.0), small(20.0, 7.0)],
    ];
    let expected: [&[(f64, f64)]; 2] = [
        &[
            (28.14476147788, 2.93639952866),
            (19.62550970072, 4.69500088449),
        ],
        &[
            (25.38047234176, 1.98263635448),
            (24.65336796501, 6.1338308272),
        ],
    ];
    assert_small(&rate(&teams, &[2, 1]), &expected, 1e-4);

    let teams = [vec![small(30.0, 4.0)], vec![small(25.0, 6.0)]];
    let expected: [&[(f64, f64)]; 2] = [
        &[(29.07920433879, 3.61374016959)],
        &[(27.07129089084, 4.59246839832)],
    ];
    assert_small(&rate(&teams, &[1, 1]), &expected, 1e-4);
}

/// What every Glicko-2 calculator says of two new players.
#[test]
fn glicko2_of_new_players() {
    let after = RatingSystem::Glicko2.rate(&new(RatingSystem::Glicko2, &[1, 1]), &[2, 1]);
    let (loser, winner) = (after[0][0], after[1][0]);
    assert!((winner.mean - 1662.31).abs() < 0.01, "{winner:?}");
    assert!((loser.mean - 1337.69).abs() < 0.01, "{loser:?}");
    assert!((winner.deviation - 290.32).abs() < 0.01, "{winner:?}");
    assert!((winner.volatility.unwrap() - 0.06).abs() < 1e-4);
}

/// The textbook's: 400 points are ten to one.
#[test]
fn elo_of_400_points() {
    let teams = [vec![known(1900.0, 0.0)], vec![known(1500.0, 0.0)]];
    let odds = RatingSystem::Elo.win_probabilities(&teams);
    assert!((odds[0] - 10.0 / 11.0).abs() < 1e-12, "{odds:?}");
    let after = RatingSystem::Elo.rate(&teams, &[2, 1]);
    assert!((after[0][0].mean - (1900.0 - 320.0 / 11.0)).abs() < 1e-9);
    assert!((after[1][0].mean - (1500.0 + 320.0 / 11.0)).abs() < 1e-9);
    assert_eq!(after[0][0].deviation, 0.0);
}

/// Three deviations of the difference of two known players: 0.99865 of a normal distribution.
#[test]
fn trueskill_is_normal_and_weng_lin_logistic() {
    let gap = 3.0 * 250.0 * 2f64.sqrt();
    let teams = [vec![known(gap, 0.0)], vec![known(0.0, 0.0)]];
    let odds = RatingSystem::Trueskill.win_probabilities(&teams);
    assert!((odds[0] - 0.998650).abs() < 1e-6, "{odds:?}");
    let odds = RatingSystem::WengLin.win_probabilities(&teams);
    assert!(
        (odds[0] - 1.0 / (1.0 + (-3f64).exp())).abs() < 1e-12,
        "{odds:?}"
    );
}
