"""How often the verdict says what, by the true edge and the length of the history.

    python design/verdict_calibration.py walk POOL figures.jsonl --edge 0 --seed 1001
    python design/verdict_calibration.py test POOL figures.jsonl --edge 0 --seed 1001
    python design/verdict_calibration.py tell figures.jsonl  # the tables of verdict_calibration.md

POOL is a folder of month cells: 24 months of synthetic sessions a seed, with one edge throughout,
made where they are absent. Sessions of the generator are independent of each other, so that the
last quarter may precede the first: a history is some quarters in a row, from any of them on. `walk`
computes what the default policy chose and earned, `test` makes the selection test of each quarter
(it goes on where it stopped). `tell` judges every history with both legs. Histories of one
pool share its months: the output says how many are disjoint.

The proofs of the engine are taken as passed, and adverse fills as earning, which month cells do not
hold: the shares of `trade` are at most too high.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from optimize.choice.grid import Grid
from optimize.choice.policies import DEFAULT_POLICY
from optimize.choice.policy_history import PolicyHistory, sign_flip_p_value
from optimize.choice.rules import RULES
from optimize.choice.selection_test import block_values, selection_test
from optimize.statistics.verdict import Evidence, judge
from optimize.verdict_settings import VerdictSettings
from strategy.costs import cost_weights
from strategy.date_range import sessions_between
from strategy.market_data.sample.generate import SampleSettings, sample_session
from strategy.params import StrategyParams
from strategy.session import SessionData
from strategy.space import SearchSpace
from strategy.surface.cell_files import CellStore, month_of
from strategy.surface.cells import GridSums, SessionCell, sum_cells
from strategy.surface.compute import SurfacePlan

FIRST_DAY, LAST_DAY = date(2021, 1, 4), date(2022, 12, 30)
MONTHS_A_QUARTER = 3  # the lookback of the default policy
LENGTHS_MONTHS = (3, 12, 24)
LIMITS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2)
N_DRAWN = 1_000


class Pool:
    """The month cells of one seed and edge."""

    def __init__(self, folder: Path, edge: float, seed: int) -> None:
        self.plan = SurfacePlan.of(SearchSpace.seed(), None)
        self.grid = Grid.of(self.plan.space)
        self._name = f"edge-{edge:g}-seed-{seed}"
        self._settings = SampleSettings(seed=seed, edge=edge)
        self._store = CellStore(folder, self.plan)
        days = sessions_between(FIRST_DAY, LAST_DAY)
        self._days = {day: f"{self._name}-{day}" for day in days}
        self.months = sorted({month_of(day) for day in days})
        self.quarters = [
            self.months[start : start + MONTHS_A_QUARTER]
            for start in range(0, len(self.months), MONTHS_A_QUARTER)
        ]

    def cells(self, month: str) -> list[SessionCell]:
        """The cells of a month, made where they are absent."""
        wanted = {day: label for day, label in self._days.items() if month_of(day) == month}
        ((_, cells),) = self._store.months(self._name, wanted, self._session)
        return cells

    def _session(self, day: date) -> SessionData:
        return replace(sample_session(day, self._settings), fingerprint=self._days[day])


def walk(pool: Pool) -> dict[str, Any]:
    """The policy's P&L in each month of a quarter; its choices reach into the one before."""
    sums = {month: sum_cells(pool.plan.space, pool.cells(month)) for month in pool.months}

    def earned(before: Sequence[str], month: str) -> float:
        return _net_pnl(pool, _choice(pool, [sums[one] for one in before]), sums[month])

    by_quarter = []
    for before, quarter in zip([pool.quarters[-1], *pool.quarters], pool.quarters, strict=False):
        months = before + quarter
        by_quarter.append([earned(months[at - 3 : at], months[at]) for at in range(3, 6)])
    in_range = []
    for quarter in pool.quarters:
        total = _total([sums[month] for month in quarter])
        index = _choice(pool, [total])
        in_range.append(_in_range(pool, index, total))
    return {"net_pnl_usd": by_quarter, "in_range": in_range}


def _choice(pool: Pool, months: Iterable[GridSums]) -> int | None:
    total = _total(months)
    (choice,) = RULES[DEFAULT_POLICY.rule](
        total, pool.grid, [DEFAULT_POLICY.min_trades(total.n_sessions)]
    )
    return choice.index if choice else None


def _total(months: Iterable[GridSums]) -> GridSums:
    first, *others = months
    for other in others:
        first = first + other
    return first


def _net_pnl(pool: Pool, index: int | None, sums: GridSums) -> float:
    if index is None:
        return 0.0
    sets, exits, _ = (rows[0] for rows in pool.grid.place_of(np.array([index])))
    return float(sums.net_pnl_usd[sets, exits])


def _in_range(pool: Pool, index: int | None, sums: GridSums) -> tuple[int, float | None]:
    """Trades and return on risk of the choice in its own months."""
    if index is None:
        return 0, None
    sets, exits, stops = (rows[0] for rows in pool.grid.place_of(np.array([index])))
    percent = 100 * sums.net_pnl_usd[sets, exits] / sums.risk_usd[sets, stops]
    return int(sums.total_trades[sets, 0]), float(percent)


def tested_quarter(pool: Pool, quarter: Sequence[str]) -> dict[str, Any]:
    """The selection test of three months, as a range of them has it."""
    cells = [cell for month in quarter for cell in pool.cells(month)]
    tested = selection_test(
        block_values(
            cells,
            pool.grid,
            rule=DEFAULT_POLICY.rule,
            min_trades=DEFAULT_POLICY.min_trades(len(cells)),
            costs=cost_weights(StrategyParams(), pool.grid.space["stop_loss_percent"]),
        )
    )
    return {
        "p_value": tested.t_p_value_fraction,
        "of_the_value": tested.p_value_fraction,
        "before_costs": tested.before_costs_p_value_fraction,
        "superior_ability": tested.superior_ability_p_value_fraction,
    }


def histories(figures: Mapping[str, Any], n_months: int) -> list[tuple[PolicyHistory, int]]:
    """What the policy earned after its first quarter, and the quarter that is the range."""
    earned, found = figures["net_pnl_usd"], []
    for last in range(len(earned)):
        traded = [last - back for back in reversed(range(n_months // MONTHS_A_QUARTER - 1))]
        usd = [value for quarter in traded for value in earned[quarter]]
        names = [f"{number}" for number in range(len(usd))]
        found.append((PolicyHistory.of(DEFAULT_POLICY, names, usd), last))
    return found


def judged(
    figures: Mapping[str, Any],
    p_values: Mapping[int, float],
    n_months: int,
    settings: VerdictSettings,
) -> Counter[str]:
    """Decisions over the histories; a range without a selection test is judged without it."""
    decisions: Counter[str] = Counter()
    for history, quarter in histories(figures, n_months):
        trades, percent = figures["in_range"][quarter]
        evidence = Evidence(
            total_trades=trades,
            return_on_risk_percent=percent,
            overfitting_fraction=None,
            loss_fraction=None,
            deflated_sharpe_fraction=None,
            superior_ability_p_value=None,
            out_of_sample_traded_sessions=0,
            out_of_sample_return_on_risk_percent=None,
            out_of_sample_low_percent=None,
            out_of_sample_high_percent=None,
            adverse_fills_return_on_risk_percent=1.0,
            no_look_ahead=True,
            replay_agrees=True,
            selection_test_p_value=p_values.get(quarter),
            policy_p_value=history.p_value_fraction,
            policy_loss_p_value=history.loss_p_value_fraction,
            policy_months=len(history.months),
            policy_usd_a_month=history.usd_a_month,
        )
        decisions[judge(evidence, settings).decision] += 1
    return decisions


def months_test(months: npt.NDArray[np.float64], n_months: int, limit: float) -> float:
    """Share of p-values at most the limit, of as many months drawn with replacement."""
    drawn = np.random.default_rng(0).choice(months, (N_DRAWN, n_months))
    return float(np.mean([(sign_flip_p_value(row) or 1.0) <= limit for row in drawn]))


def tell(lines: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """The document."""
    walks = {(one["edge"], one["seed"]): one for one in lines if one["kind"] == "walk"}
    tests: dict[tuple[float, int], dict[int, float]] = {key: {} for key in walks}
    for one in lines:
        if one["kind"] == "test":
            tests[one["edge"], one["seed"]][one["quarter"]] = one["p_value"]
    yield from _told_shares(walks, tests)
    yield from _told_months(walks)
    yield from _told_tests(tests)
    yield from _told_curve(walks, tests)


def _told_shares(walks: Mapping[Any, Any], tests: Mapping[Any, Any]) -> Iterable[str]:
    yield "| edge | seed | months | disjoint histories | ranges tested | trade | watch | reject |"
    yield "|---:|---:|---:|---:|---:|---:|---:|---:|"
    for (edge, seed), figures in sorted(walks.items()):
        p_values = tests[edge, seed]
        for n_months in LENGTHS_MONTHS:
            found = judged(figures, p_values, n_months, VerdictSettings())
            shares = [_share(found[one], found.total()) for one in ("trade", "watch", "reject")]
            disjoint = len(figures["in_range"]) * MONTHS_A_QUARTER // n_months
            row = [f"{edge:g}", seed, n_months, disjoint, len(p_values), *shares]
            yield _row(row)


def _told_months(walks: Mapping[Any, Any]) -> Iterable[str]:
    yield f"""
The policy's months, and the share of p-values of its history at most 0.025 where {N_DRAWN}
histories are drawn from these months with replacement: as they are (power), and with their mean set
to zero (level):

| edge | USD a month | ± | spread | months > 0 | power, 9 months | 21 | level, 9 months | 21 |
|---:|---:|---:|---:|---:|---:|---:|---:|---:|"""
    for (edge, _), figures in sorted(walks.items()):
        earned = np.array([usd for values in figures["net_pnl_usd"] for usd in values])
        money = (earned.mean(), earned.std(ddof=1) / np.sqrt(len(earned)), earned.std(ddof=1))
        shares = [(earned > 0).mean()]
        for months in (earned, earned - earned.mean()):
            shares += [months_test(months, n_months, 0.025) for n_months in (9, 21)]
        cells = [*(f"{usd:.0f}" for usd in money), *(f"{share:.3f}" for share in shares)]
        yield _row([f"{edge:g}", *cells])


def _told_tests(tests: Mapping[Any, Any]) -> Iterable[str]:
    yield "\nP-values of the selection test, a quarter each:\n"
    for (edge, seed), p_values in sorted(tests.items()):
        told = ", ".join(f"{value:.3f}" for _, value in sorted(p_values.items()))
        yield f"- edge {edge:g}, seed {seed}: {told or 'none measured'}"


def _told_curve(walks: Mapping[Any, Any], tests: Mapping[Any, Any]) -> Iterable[str]:
    yield "\nShare of `trade` as the limit of both legs moves:\n"
    yield _row(["edge", "months", *(f"{limit:g}" for limit in LIMITS)])
    yield "|" + "---:|" * (2 + len(LIMITS))
    for (edge, seed), figures in sorted(walks.items()):
        for n_months in LENGTHS_MONTHS:
            shares = []
            for limit in LIMITS:
                settings = VerdictSettings(selection_test_to_trade=limit, policy_to_trade=limit)
                found = judged(figures, tests[edge, seed], n_months, settings)
                shares.append(_share(found["trade"], found.total()))
            yield _row([f"{edge:g}", n_months, *shares])


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2f}" if whole else "-"


def _row(values: Iterable[object]) -> str:
    return f"| {' | '.join(str(value) for value in values)} |"


def main() -> None:
    """Run the subcommand of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("walk", "test"):
        command = commands.add_parser(name)
        command.add_argument("pool", type=Path)
        command.add_argument("figures", type=Path)
        command.add_argument("--edge", type=float, required=True)
        command.add_argument("--seed", type=int, required=True)
        command.add_argument("--quarters", type=int, default=8, help="test the first so many")
    commands.add_parser("tell").add_argument("figures", type=Path)
    given = parser.parse_args()
    lines = _lines(given.figures)
    if given.command == "tell":
        sys.stdout.writelines(f"{line}\n" for line in tell(lines))
        return
    key = {"kind": given.command, "edge": given.edge, "seed": given.seed}
    pool = Pool(given.pool, given.edge, given.seed)
    if given.command == "walk":
        _append(given.figures, key | walk(pool))
        return
    done = [one["quarter"] for one in lines if key.items() <= one.items()]
    for number, quarter in enumerate(pool.quarters[: given.quarters]):
        if number not in done:
            _append(given.figures, key | {"quarter": number} | tested_quarter(pool, quarter))


def _lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _append(path: Path, line: Mapping[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
