import pytest

from optimize.choice.candidates import SELECTIONS, compare_selections, measure_regret
from strategy.surface.cells import GridSums
from strategy.surface.compute import compute_surface
from strategy.surface.result import Surface
from tests.strategy.surface.made_surfaces import FIRST_VALUES, hand_made_surface, made_sessions

OBJECTIVE = [10.0, 90.0, 0.0, 40.0, 60.0, 50.0]  # along take_profit_percent 10 to 15


def test_all_selections_side_by_side() -> None:
    surface = hand_made_surface(OBJECTIVE)
    study_best = surface.space.combination(3)
    candidates = compare_selections(
        surface, sums_of(surface), study_best, min_trades=5, place_min_trades=5
    )
    assert tuple(candidates) == SELECTIONS
    found = {
        name: (c.combination["take_profit_percent"], c.return_on_risk_percent, c.rank, c.n_valid)
        for name, c in candidates.items()
        if c is not None
    }
    # Smoothed once, 10 90 0 40 60 50 are 110/3 47.5 32.5 35 52.5 160/3; twice, the best is the last
    # with 2/3 160/3 + 1/3 52.5.
    assert found == {
        "study_best": (13, 40.0, 4, 6),
        "exact_best": (11, 90.0, 1, 6),
        "plateau": (15, 50.0, 3, 6),
        "smooth": (15, 50.0, 3, 6),
    }
    promised = {name: c.promised_percent for name, c in candidates.items() if c is not None}
    assert promised == pytest.approx(
        {"study_best": 40.0, "exact_best": 90.0, "plateau": 55.0, "smooth": 320 / 9 + 17.5}
    )
    assert candidates["exact_best"] is not None
    assert candidates["exact_best"].neighbours_mean_percent == 5.0
    assert candidates["exact_best"].neighbours_worst_percent == 0.0


def test_regret_in_points_and_rank() -> None:
    surface = hand_made_surface(OBJECTIVE)
    regret = measure_regret(
        surface, surface.space.combination(4), min_trades=5, n_complete_trials=200
    )
    assert regret is not None
    assert (regret.regret_percent_points, regret.rank, regret.n_valid) == (30.0, 2, 6)
    assert "30.00 percent points below the exact best of 90.00%, rank 2 of 6" in regret.text
    assert regret.n_complete_trials == 200


def test_the_exact_best_has_no_regret() -> None:
    surface = hand_made_surface(OBJECTIVE)
    regret = measure_regret(
        surface, surface.space.combination(1), min_trades=5, n_complete_trials=1
    )
    assert regret is not None
    assert (regret.regret_percent_points, regret.rank) == (0.0, 1)


@pytest.mark.parametrize("min_trades", [11, 10**9])
def test_without_valid_combinations_there_is_nothing_to_compare(min_trades: int) -> None:
    surface = hand_made_surface(OBJECTIVE)
    best = surface.space.combination(1)
    assert measure_regret(surface, best, min_trades=min_trades, n_complete_trials=9) is None
    candidates = compare_selections(
        surface, sums_of(surface), None, min_trades=min_trades, place_min_trades=min_trades
    )
    assert set(candidates.values()) == {None}
    assert measure_regret(surface, None, min_trades=5, n_complete_trials=0) is None


def test_one_least_of_trades_decides_all_places() -> None:
    surface = two_sets_surface(trades=(12, 100), net_pnl_usd=(70.0, 40.0))
    few, many = (surface.space.combination(index) for index in (0, 1))

    def places(place_min_trades: int) -> list[tuple[float, int | None, int]]:
        found = compare_selections(
            surface, sums_of(surface), few, min_trades=90, place_min_trades=place_min_trades
        )
        study_best, exact_best = found["study_best"], found["exact_best"]
        assert study_best is not None
        assert exact_best is not None
        assert exact_best.combination == many  # the only one with 90 trades
        return [(c.return_on_risk_percent, c.rank, c.n_valid) for c in (study_best, exact_best)]

    assert places(10) == [(70.0, 1, 2), (40.0, 2, 2)]
    assert places(15) == [(70.0, None, 1), (40.0, 1, 1)]
    regret = measure_regret(surface, few, min_trades=10, n_complete_trials=1)
    assert regret is not None
    assert (regret.rank, regret.n_valid) == (1, 2)


def two_sets_surface(trades: tuple[int, int], net_pnl_usd: tuple[float, float]) -> Surface:
    """Two cooldowns, each with its number of trades and 100 USD of risk."""
    space = FIRST_VALUES.replacing(cooldown_period_seconds=(30, 600))
    surface = compute_surface(space, None, made_sessions(15)[:1])
    surface.sums.total_trades[0, :, 0] = trades
    surface.sums.net_pnl_usd[0, :, 0, 0] = net_pnl_usd
    surface.sums.risk_usd[:] = 100.0
    return surface


def sums_of(surface: Surface) -> GridSums:
    """The sums of a surface of one block, as one session: `lower_bound` has no spread to see."""
    sums = surface.sums
    n_sets = sums.total_trades.size
    net_pnl = sums.net_pnl_usd.reshape(n_sets, -1)
    return GridSums(
        n_sessions=1,
        total_trades=sums.total_trades.reshape(n_sets, 1),
        risk_usd=sums.risk_usd.reshape(n_sets, -1),
        net_pnl_usd=net_pnl,
        session_pnl_squared=net_pnl**2,
    )
