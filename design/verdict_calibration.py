"""How often the verdict says what, by the true edge and the length of the history.

    python design/verdict_calibration.py pool.jsonl [more.jsonl] > tables.md

Reads the months that `verdict_pool.py` made. A history is so many months in a row, of which the
last three are the range; one ends with every month. The policy has the months after its first
three; the range its own figures, under adverse fills and at quotes, and its selection test. All of
it goes through the verdict as it is shipped, with the proofs taken as passed, which they are or the
engine is at fault. Histories of one seed share months: standard errors are those of as many
histories as fit beside each other, as if the others added nothing.
"""

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from optimize.choice.policies import DEFAULT_POLICY, FORMER_POLICY, Policy, all_policies
from optimize.choice.policy_history import PolicyHistory
from optimize.statistics.betting import (
    account,
    gain_p_value,
    loss_p_value,
    most_gained,
    returns_at_stake,
)
from optimize.statistics.verdict import Evidence, judge
from optimize.verdict_settings import VerdictSettings
from strategy.space import SearchSpace

LENGTHS_MONTHS = (3, 12, 24)
RANGE_MONTHS = 3
LIMITS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2)
POLICIES = all_policies(("exact_best", "smooth"), (1, 2, 3, 6), (10, 30, 100))  # of the pool
N_DRAWN = 2_000
N_POOLS = 50
FOLLOWED_MONTHS, LEAST_DAYS = 3, 5
KEPT = (0.0, 0.1, 0.25, 0.4, 0.5)
MIN_QUARTERS, MIN_MONTHS = 8, 24
DECAYING, LOST, CYCLE_MONTHS = "decaying", "lost", 24
FULL_EDGE = 0.5  # of one that is lost, before
Lines = Sequence[Mapping[str, Any]]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class History:
    """What a range at its end would know of the policy."""

    policy: PolicyHistory
    range: Mapping[str, Any]


def histories(lines: Lines, n_months: int) -> Iterator[History]:
    """Every history of a seed; `lines` are its months in order."""
    for last in range(n_months - 1, len(lines)):
        if lines[last]["range"] is not None:
            traded = lines[last - n_months + 1 + RANGE_MONTHS : last + 1]
            yield History(policy=policy_of(traded), range=lines[last]["range"])


def policy_of(lines: Lines) -> PolicyHistory:
    """The default policy's record of these months."""
    if not lines:
        return PolicyHistory.unknown(DEFAULT_POLICY, "too few months")
    returns, bounds = np.concatenate([bets(line) for line in lines], axis=1)
    earned = [sum(line["held"][0]["net_pnl_usd"]) if line["held"][0] else 0.0 for line in lines]
    names = [str(line["number"]) for line in lines]
    return PolicyHistory.of(DEFAULT_POLICY, names, earned, returns, bounds)


def bets(line: Mapping[str, Any]) -> FloatArray:
    """Returns at stake of a month's sessions and their bounds, (2, n_sessions)."""
    held = line["held"][0] if line["held"] else None
    if held is None:
        return np.stack([np.zeros(line["n_sessions"]), np.ones(line["n_sessions"])])
    money = (np.array(held["net_pnl_usd"]), np.array(held["risk_usd"]))
    returns = returns_at_stake(*money, held["stop_loss_percent"])
    # No combination of the seed's grid takes its profit beyond the stake.
    largest = max(float(percent) for percent in SearchSpace.seed()["take_profit_percent"])
    return np.stack([returns, np.full_like(returns, most_gained(largest))])


def evidence_of(history: History) -> Evidence:
    """What the verdict looks at, on the day after the range."""
    found, policy = history.range, history.policy
    return Evidence(
        total_trades=found.get("trades", 0),
        return_on_risk_percent=found.get("return_on_risk_percent"),
        promised_percent=found.get("promised_percent"),
        overfitting_fraction=None,
        loss_fraction=None,
        deflated_sharpe_fraction=None,
        superior_ability_p_value=None,
        out_of_sample_traded_sessions=0,
        out_of_sample_return_on_risk_percent=None,
        out_of_sample_gain_p_value=None,
        out_of_sample_loss_p_value=None,
        adverse_fills_return_on_risk_percent=found.get("adverse_percent"),
        at_quotes_return_on_risk_percent=found.get("quotes_percent"),
        has_quotes=True,
        no_look_ahead=True,
        replay_agrees=True,
        selection_test_p_value=found["selection_test_p_value"],
        sessions_with_holes=0,
        policy_months=len(policy.months),
        policy_usd_a_month=policy.usd_a_month,
        policy_p_value=policy.p_value_fraction,
        policy_loss_p_value=policy.loss_p_value_fraction,
    )


def tell(pool: Mapping[tuple[str, int], Lines]) -> Iterator[str]:
    """All tables."""
    by_edge: dict[str, list[Lines]] = defaultdict(list)
    for (edge, _), lines in sorted(pool.items()):
        by_edge[edge].append(lines)
    yield from told_pool(pool)
    lasting = {edge: seeds for edge, seeds in by_edge.items() if edge != LOST}
    yield from told_decisions(lasting)
    yield from told_drawn(lasting)
    yield from told_decay(lasting)
    yield from told_legs(lasting)
    yield from told_curve(lasting)
    yield from told_level(lasting)
    yield from told_looks(lasting)
    yield from told_after(by_edge)
    yield from told_rules(lasting)
    yield from told_policies(lasting)


def told_pool(pool: Mapping[tuple[str, int], Lines]) -> Iterator[str]:
    """What there is."""
    yield "\n| edge | seed | months | ranges | generator |\n|---:|---:|---:|---:|---:|"
    for (edge, seed), lines in sorted(pool.items()):
        n_ranges = sum(line["range"] is not None for line in lines)
        yield row([edge, seed, len(lines), n_ranges, lines[0]["generator"]])


def told_decisions(by_edge: Mapping[str, Sequence[Lines]]) -> Iterator[str]:
    """Shares of trade, watch and reject."""
    yield "\n| edge | months | histories | beside each other | trade | watch | reject |"
    yield "|---:|---:|---:|---:|---:|---:|---:|"
    for edge, seeds in by_edge.items():
        for n_months in LENGTHS_MONTHS:
            found = [h for lines in seeds for h in histories(lines, n_months)]
            beside = sum(len(lines) // n_months for lines in seeds)
            counted = Counter(judge(evidence_of(one)).decision for one in found)
            shares = [share(counted[d], len(found), beside) for d in ("trade", "watch", "reject")]
            yield row([edge, n_months, len(found), beside, *shares])


@dataclass(frozen=True, eq=False, kw_only=True)
class Quarter:
    """What the policy did in three months, and what a range of them knows of its choice."""

    bets: FloatArray  # (2, n_sessions)
    earned: tuple[float, ...]  # USD by month
    range: Mapping[str, Any]


def quarters(lines: Lines) -> list[Quarter]:
    """The quarters of a seed after the first, whose months nothing was chosen for."""
    found = []
    for last in range(2 * RANGE_MONTHS - 1, len(lines), RANGE_MONTHS):
        months = lines[last - RANGE_MONTHS + 1 : last + 1]
        policy = policy_of(months)
        every = np.concatenate([bets(line) for line in months], axis=1)
        found.append(Quarter(bets=every, earned=policy.net_pnl_usd, range=lines[last]["range"]))
    return found


def drawn_history(pool: Sequence[Quarter], n_months: int, random: np.random.Generator) -> History:
    """A history of quarters drawn with replacement; the last one is the range."""
    n_traded = n_months // RANGE_MONTHS - 1
    taken = [pool[number] for number in random.integers(0, len(pool), max(n_traded, 1))]
    if not n_traded:
        return History(
            policy=PolicyHistory.unknown(DEFAULT_POLICY, "no month was traded"),
            range=taken[-1].range,
        )
    earned = [usd for quarter in taken for usd in quarter.earned]
    every = np.concatenate([quarter.bets for quarter in taken], axis=1)
    names = [str(number) for number in range(len(earned))]
    policy = PolicyHistory.of(DEFAULT_POLICY, names, earned, every[0], every[1])
    return History(policy=policy, range=taken[-1].range)


def told_drawn(by_edge: Mapping[str, Sequence[Lines]]) -> Iterator[str]:
    """Shares over drawn histories, with the standard error that the quarters there are leave."""
    yield f"""
Histories of quarters drawn with replacement ({N_DRAWN:,} a row; sessions of the generator do not
depend on those of other months). The standard error is that of the quarters: they are drawn anew
{N_POOLS} times, and the shares with them.

| edge | months | quarters | trade | watch | reject |
|---:|---:|---:|---:|---:|---:|"""
    random = np.random.default_rng(1)
    for edge, seeds in by_edge.items():
        pool = [quarter for lines in seeds for quarter in quarters(lines)]
        if edge == DECAYING or len(pool) < MIN_QUARTERS:
            continue
        for n_months in LENGTHS_MONTHS:
            found = _drawn_shares(pool, n_months, N_DRAWN, random)
            others = [
                _drawn_shares(
                    [pool[at] for at in random.integers(0, len(pool), len(pool))],
                    n_months,
                    N_DRAWN // 10,
                    random,
                )
                for _ in range(N_POOLS)
            ]
            errors = np.std(others, axis=0, ddof=1)
            told = [f"{one:.3f} ± {error:.3f}" for one, error in zip(found, errors, strict=True)]
            yield row([edge, n_months, len(pool), *told])


def _drawn_shares(
    pool: Sequence[Quarter], n_months: int, n_drawn: int, random: np.random.Generator
) -> list[float]:
    counted = Counter(
        judge(evidence_of(drawn_history(pool, n_months, random))).decision for _ in range(n_drawn)
    )
    return [counted[decision] / n_drawn for decision in ("trade", "watch", "reject")]


def told_decay(by_edge: Mapping[str, Sequence[Lines]]) -> Iterator[str]:
    """What is said while an edge goes, by months since it was whole."""
    if DECAYING not in by_edge:
        return
    yield f"""
The decaying edge, by the months since it was whole ({CYCLE_MONTHS} months apart; half is left after
two). The last column is what the policy earned in the months of the range.

| months since | histories | trade at 3 months | trade at 12 months | USD a month |
|---:|---:|---:|---:|---:|"""
    seeds = by_edge[DECAYING]
    for first in range(0, CYCLE_MONTHS, 6):
        ages = range(first, first + 6)
        ends = [(x, n) for x in seeds for n in range(2, len(x)) if n % CYCLE_MONTHS in ages]
        shares = []
        for n_months in (3, 12):
            seen = [one for x, n in ends for one in _ending_at(x, n, n_months)]
            trade = [judge(evidence_of(one)).decision == "trade" for one in seen]
            shares.append(f"{sum(trade)} of {len(trade)}")
        months = [line for x, n in ends for line in x[max(n - 2, RANGE_MONTHS) : n + 1]]
        usd = [sum(m["held"][0]["net_pnl_usd"]) if m["held"][0] else 0.0 for m in months]
        yield row([f"{first + 1} to {first + 6}", len(ends), *shares, f"{np.mean(usd):.0f}"])


def _ending_at(lines: Lines, last: int, n_months: int) -> list[History]:
    return [*histories(lines[: last + 1], n_months)][-1:] if last + 1 >= n_months else []


def told_legs(by_edge: Mapping[str, Sequence[Lines]]) -> Iterator[str]:
    """What carries and what stops."""
    limits = VerdictSettings()
    yield (
        "\n| edge | months | selection test carries | history carries | history loses "
        "| adverse fills earn | quotes earn |\n|---:|---:|---:|---:|---:|---:|---:|"
    )
    for edge, seeds in by_edge.items():
        for n_months in LENGTHS_MONTHS:
            seen = [evidence_of(h) for lines in seeds for h in histories(lines, n_months)]
            beside = sum(len(lines) // n_months for lines in seeds)
            columns = (
                [(e.selection_test_p_value or 1.0) <= limits.selection_test_to_trade for e in seen],
                [_at_most(e.policy_p_value, limits.policy_to_trade) for e in seen],
                [_at_most(e.policy_loss_p_value, limits.policy_to_reject) for e in seen],
                [(e.adverse_fills_return_on_risk_percent or 0.0) > 0 for e in seen],
                [(e.at_quotes_return_on_risk_percent or 0.0) > 0 for e in seen],
            )
            told = [share(sum(column), len(seen), beside) for column in columns]
            yield row([edge, n_months, *told])


def told_curve(by_edge: Mapping[str, Sequence[Lines]]) -> Iterator[str]:
    """True against false `trade`, as the limit of each leg moves."""
    yield "\nShare of `trade` as the limit of both legs moves:\n"
    yield row(["edge", "months", *(f"{limit:g}" for limit in LIMITS)])
    yield "|" + "---:|" * (2 + len(LIMITS))
    for edge, seeds in by_edge.items():
        for n_months in LENGTHS_MONTHS:
            seen = [evidence_of(h) for lines in seeds for h in histories(lines, n_months)]
            shares = []
            for limit in LIMITS:
                settings = VerdictSettings(selection_test_to_trade=limit, policy_to_trade=limit)
                n_trade = sum(judge(one, settings).decision == "trade" for one in seen)
                shares.append(f"{n_trade / len(seen):.2f}" if seen else "-")
            yield row([edge, n_months, *shares])


def told_level(by_edge: Mapping[str, Sequence[Lines]]) -> Iterator[str]:
    """The second leg where sessions earn nothing on average, and the test's p-values."""
    yield f"""
Histories of as many months drawn with replacement, {N_DRAWN:,} of each: the share whose account
stands at {1 / VerdictSettings().policy_to_trade:g} at the end; and, with the mean of the returns
set to zero, the same and the share that ever does at the end of a month:

| edge | USD a month | ± | spread | months > 0 | 9 months | 21 | 9, mean 0 | 21 | ever in 21 |
|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"""
    for edge, seeds in by_edge.items():
        traded = [line for lines in seeds for line in lines[RANGE_MONTHS:]]
        earned = np.array([sum(x["held"][0]["net_pnl_usd"]) if x["held"][0] else 0 for x in traded])
        money = (earned.mean(), earned.std(ddof=1) / np.sqrt(len(earned)), earned.std(ddof=1))
        returns = [bets(line)[0] for line in traded]
        every = np.concatenate(returns)
        centred = [np.where(one != 0, one - every[every != 0].mean(), 0.0) for one in returns]
        cells = [f"{usd:.0f}" for usd in money] + [f"{(earned > 0).mean():.2f}"]
        cells += [f"{carried(returns, n)[0]:.3f}" for n in (9, 21)]
        level = [carried(centred, n) for n in (9, 21)]
        yield row([edge, *cells, *(f"{at_end:.3f}" for at_end, _ in level), f"{level[1][1]:.3f}"])
    yield "\nP-values of the selection test:\n"
    yield "| edge | ranges | least | at most 0.025 | 0.05 | 0.1 | 0.5 | median |"
    yield "|---:|---:|---:|---:|---:|---:|---:|---:|"
    for edge, seeds in by_edge.items():
        ranges = [x["range"] for lines in seeds for x in lines if x["range"] is not None]
        values = np.array([one["selection_test_p_value"] or 1.0 for one in ranges])
        if len(values):
            below = [f"{(values <= limit).mean():.2f}" for limit in (0.025, 0.05, 0.1, 0.5)]
            least, median = f"{values.min():.3f}", f"{np.median(values):.3f}"
            yield row([edge, len(values), least, *below, median])


def carried(months: Sequence[FloatArray], n_months: int) -> tuple[float, float]:
    """Share of drawn histories whose account carries at the end, and at any month's end."""
    needed, random = 1.0 / VerdictSettings().policy_to_trade, np.random.default_rng(0)
    at_end = ever = 0
    for _ in range(N_DRAWN):
        drawn = [months[number] for number in random.integers(0, len(months), n_months)]
        accounts = [account(np.concatenate(drawn[: n + 1])) for n in range(n_months)]
        at_end += accounts[-1] >= needed
        ever += max(accounts) >= needed
    return at_end / N_DRAWN, ever / N_DRAWN


def told_looks(by_edge: Mapping[str, Sequence[Lines]]) -> Iterator[str]:
    """What is out of sample, looked at every day, where nothing is earned on average."""
    yield """
The default's choices in the three months after, looked at every day from the fifth session on, with
the mean set to zero: the share of choices (they overlap) of which some day says that they earn.

| edge | choices | bootstrap interval above zero | account at 20 |
|---:|---:|---:|---:|"""
    random = np.random.default_rng(0)
    for edge, seeds in by_edge.items():
        paths = [path for lines in seeds for path in followed(lines)]
        if edge == DECAYING or not paths:
            continue
        net_pnl, risk, returns = np.concatenate(paths, axis=1)
        ratio, mean = net_pnl.sum() / risk.sum(), returns[risk > 0].mean()
        by_interval = by_account = 0
        for pnl, risked, earned in paths:
            flat = np.where(risked > 0, earned - mean, 0.0)
            days = range(LEAST_DAYS, len(pnl) + 1)
            by_account += any(gain_p_value(flat[:day]) <= 0.05 for day in days)
            by_interval += any(
                _interval_is_above(pnl[:day] - ratio * risked[:day], risked[:day], random)
                for day in days
            )
        shares = [f"{found / len(paths):.2f}" for found in (by_interval, by_account)]
        yield row([edge, len(paths), *shares])


def followed(lines: Lines) -> Iterator[FloatArray]:
    """Net P&L, risk and return at stake of each choice's next sessions, (3, n_sessions)."""
    for months in months_after(lines).values():
        yield np.concatenate(months, axis=1)


def months_after(lines: Lines) -> Mapping[int, Sequence[FloatArray]]:
    """The same by month, of the choice that a month's end made, by its place among the lines."""
    found: dict[int, list[FloatArray]] = {}
    for last in range(-1, len(lines) - FOLLOWED_MONTHS):
        months = lines[last + 1 : last + 1 + FOLLOWED_MONTHS]
        held = [x["held"][a] if len(x["held"]) > a else None for a, x in enumerate(months)]
        if all(held):
            found[last] = []
            for one in filter(None, held):
                money = (np.array(one["net_pnl_usd"]), np.array(one["risk_usd"]))
                earned_at_stake = returns_at_stake(*money, one["stop_loss_percent"])
                found[last].append(np.stack([*money, earned_at_stake]))
    return found


def told_after(by_edge: Mapping[str, Sequence[Lines]]) -> Iterator[str]:
    """What becomes of a `trade` as sessions follow, by how much of the promise they must keep."""
    yield """
What a history that was `trade` is called once one, two and three months have followed it, and the
share that is not `trade` on some day until then; then the share that is `trade` at the end as that
of the promise moves which must be kept. Errors are of as many as fit beside each other:
"""
    columns = [f"at {limit:g}" for limit in KEPT]
    yield row(
        ["edge", "months", "after", "histories", "trade", "watch", "reject", "some day", *columns]
    )
    yield "|---:" * (8 + len(KEPT)) + "|"
    for edge, seeds in by_edge.items():
        for length in LENGTHS_MONTHS[:2]:
            found = [
                (history, following[last])
                for lines in seeds
                for following in [months_after(lines)]
                for known in [_until_lost(lines, by_edge) if edge == LOST else lines]
                for last, history in enumerate(histories(known, length), start=length - 1)
                if last in following and judge(evidence_of(history)).decision == "trade"
            ]
            if len(found) < MIN_MONTHS:
                continue
            n_months = sum(len(lines) for lines in seeds)
            for n_after in range(1, FOLLOWED_MONTHS + 1):
                paths = [(h, np.concatenate(m[:n_after], axis=1)) for h, m in found]
                known = [after(h, path) for h, path in paths]
                counted = Counter(judge(one).decision for one in known)
                beside = len(known) * (n_months // (length + n_after)) // n_months
                counts = [counted[decision] for decision in ("trade", "watch", "reject")]
                counts.append(sum(_wavers(h, path) for h, path in paths))
                shares = [share(part, len(known), max(1, beside)) for part in counts]
                stay = [
                    sum(judge(one, limits).decision == "trade" for one in known) / len(known)
                    for limits in (VerdictSettings(promise_kept_to_trade=x) for x in KEPT)
                ]
                curve = [f"{fraction:.2f}" for fraction in stay]
                yield row([edge, length, n_after, len(known), *shares, *curve])


def _until_lost(lines: Lines, by_edge: Mapping[str, Sequence[Lines]]) -> Lines:
    """The same months as they were before the edge was lost; without them, no history."""
    whole = {one[0]["seed"]: one for one in by_edge.get(f"{FULL_EDGE:g}", ())}
    return whole.get(lines[0]["seed"], ())[: len(lines)]


def _wavers(history: History, sessions: FloatArray) -> bool:
    """Whether a `trade` is something else on some day."""
    return any(
        judge(after(history, sessions[:, :day])).decision != "trade"
        for day in range(LEAST_DAYS, sessions.shape[1] + 1)
    )


def after(history: History, sessions: FloatArray) -> Evidence:
    """What the verdict looks at once these sessions have followed."""
    net_pnl, risk, returns = sessions
    largest = max(float(percent) for percent in SearchSpace.seed()["take_profit_percent"])
    risked = risk.sum() or np.nan
    return replace(
        evidence_of(history),
        out_of_sample_traded_sessions=int((risk > 0).sum()),
        out_of_sample_return_on_risk_percent=100 * net_pnl.sum() / risked,
        out_of_sample_gain_p_value=gain_p_value(returns),
        out_of_sample_loss_p_value=loss_p_value(returns, most_gained(largest)),
    )


def _interval_is_above(pnl: FloatArray, risk: FloatArray, random: np.random.Generator) -> bool:
    """Whether the 90 percent interval by drawing days lies above zero."""
    if (risk > 0).sum() < LEAST_DAYS:
        return False
    drawn = random.integers(0, len(pnl), (300, len(pnl)))
    return bool(np.quantile(pnl[drawn].sum(axis=1), 0.05) > 0)


def told_rules(by_edge: Mapping[str, Sequence[Lines]]) -> Iterator[str]:
    """The default against the former rule, month by month."""
    yield f"""
What is published by default ({DEFAULT_POLICY.label} in 21 sessions) against what was before
({FORMER_POLICY.label}: the exact form of a study's best of one month), on the same months; standard
errors of the differences by month:

| edge | months | USD a month | before | difference | months > 0 | before | difference |
|---:|---:|---:|---:|---:|---:|---:|---:|"""
    for edge, seeds in by_edge.items():
        new, old = (np.array(earned(seeds, policy)) for policy in (DEFAULT_POLICY, FORMER_POLICY))
        money, wins = (new, old), ((new > 0).astype(float), (old > 0).astype(float))
        cells = [edge, len(new)]
        for (one, other), form in ((money, "{:.0f}"), (wins, "{:.2f}")):
            difference = one - other
            error = difference.std(ddof=1) / np.sqrt(len(difference))
            cells += [form.format(one.mean()), form.format(other.mean())]
            cells.append(f"{form.format(difference.mean())} ± {form.format(error)}")
        yield row(cells)


def told_policies(by_edge: Mapping[str, Sequence[Lines]]) -> Iterator[str]:
    """USD a month of every policy of the pool, on the months that all have."""
    yield "\nUSD a month, standard error, and share of months above zero:\n"
    yield row(["policy", *(f"edge {edge}" for edge in by_edge)])
    yield "|---|" + "---:|" * len(by_edge)
    for policy in POLICIES:
        cells = []
        for seeds in by_edge.values():
            values = np.array(earned(seeds, policy, first=6))
            if not len(values):
                cells.append("-")
                continue
            error = values.std(ddof=1) / np.sqrt(len(values))
            cells.append(f"{values.mean():.0f} ± {error:.0f}, {(values > 0).mean():.2f}")
        yield row([policy.label, *cells])


def earned(seeds: Sequence[Lines], policy: Policy, first: int = RANGE_MONTHS) -> list[float]:
    """Net P&L of each month from the first that is counted on, USD."""
    column = POLICIES.index(policy)
    months = [line["policies"][column] for lines in seeds for line in lines[first:]]
    return [0.0 if month is None else month[3] for month in months]


def share(part: int, whole: int, beside: int) -> str:
    """A share with its standard error; of none or all, the bound that holds in 95 of 100."""
    if not whole or not beside:
        return "-"
    fraction = part / whole
    if part in (0, whole):
        bound = 1.0 - 0.05 ** (1.0 / beside)
        return f"{fraction:.2f} ({'<' if part == 0 else '>'} {abs(fraction - bound):.2f})"
    return f"{fraction:.2f} ± {np.sqrt(fraction * (1 - fraction) / beside):.2f}"


def row(values: Iterable[object]) -> str:
    """A line of a table."""
    return f"| {' | '.join(str(value) for value in values)} |"


def _at_most(value: float | None, limit: float) -> bool:
    return value is not None and value <= limit


def main() -> None:
    """Print the tables of these files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("pools", type=Path, nargs="+")
    pool: dict[tuple[str, int], list[Mapping[str, Any]]] = defaultdict(list)
    for path in parser.parse_args().pools:
        for text in path.read_text(encoding="utf-8").splitlines():
            line = json.loads(text)
            pool[line["edge"], line["seed"]].append(line)
    for lines in pool.values():
        lines.sort(key=lambda line: int(line["number"]))
    enough = {key: lines for key, lines in pool.items() if len(lines) >= MIN_MONTHS}
    sys.stdout.writelines(f"{line}\n" for line in tell(enough))


if __name__ == "__main__":
    main()
