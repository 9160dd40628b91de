"""The walk-forward record as of a range, from the published parameters of all ranges before it.

What an earlier record holds of the same choice on the same data is not traded again, so that a
further month costs that month alone.
"""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rorq_pipeline.dagster_support.resources import MarketData
from rorq_pipeline.results.artifacts import (
    ArtifactError,
    artifact_path,
    json_text,
    read_object,
    write_whole,
)
from rorq_pipeline.results.published import fixed_params, sessions_of_study
from strategy.errors import DateRangeError, RorqError

if TYPE_CHECKING:
    from optimize.statistics import SessionSums
    from optimize.statistics.walk_forward import PlannedStep
    from strategy.backtest_range import BacktestRange

Json = dict[str, Any]


def record_walk_forward(
    best: Mapping[str, Any], market_data: MarketData, date_range: "BacktestRange"
) -> Json:
    """Trade each range's choice in the next, up to `date_range`, whose choice is `best`.

    What cannot be read now, or was traded by other rules, is left out and named.
    """
    from optimize.statistics import WalkForwardStep, in_order, plan_walk_forward, walk_forward

    before, unread = _published_before(date_range, best)
    choices, others = _comparable({date_range: dict(best), **before}, best)
    left_out = [*unread, *others]
    known = _known_sessions(choices)
    steps: list[WalkForwardStep] = []
    identities: list[Json] = []
    for planned in plan_walk_forward(choices):
        chosen = choices[planned.chosen_in]
        identity = _identity(planned, choices)
        try:
            sessions = known.get(_key(identity)) or _traded(planned, choices, market_data)
        except RorqError as error:
            left_out.append(f"{planned.chosen_in} in {planned.traded_in}: {error}")
            continue
        identities.append(identity)
        steps.append(
            WalkForwardStep(
                chosen_in=planned.chosen_in.key,
                traded_in=planned.traded_in.key,
                params=chosen["trial_params"],
                in_sample_return_on_risk_percent=chosen["metrics"]["return_on_risk_percent"],
                sessions=sessions,
            )
        )
    record = walk_forward(steps, [choices[one]["trial_params"] for one in in_order(choices)])
    equity = record.equity()
    told = record.to_json_dict()
    return {
        **told,
        "steps": [
            {**step_told, "identity": identity, "sessions": step.sessions.to_json_dict()}
            for step_told, identity, step in zip(told["steps"], identities, steps, strict=True)
        ],
        "left_out": left_out,
        "equity_usd": equity["equity_usd"].tolist(),
        "session_dates": [day.isoformat() for day in equity["session_date"]],
    }


def renewed_record(date_range: "BacktestRange", market_data: MarketData) -> Json | None:
    """Make a range's record again if it is not of the choices that are published now, and keep it.

    Ranges are often published out of order, the latest first, and some of them again.

    Returns:
        The record, None where the range has no published parameters.
    """
    path = artifact_path("best_params", date_range.key, ".json")
    if not path.exists():
        return None
    record = record_walk_forward(read_object(path), market_data, date_range)
    text = json_text(record)
    kept = artifact_path("walk_forward", date_range.key, ".json")
    if not kept.exists() or kept.read_text(encoding="utf-8") != text:
        write_whole(kept, lambda beside: beside.write_text(text, encoding="utf-8"))
    return record


def _published_before(
    date_range: "BacktestRange", best: Mapping[str, Any]
) -> "tuple[dict[BacktestRange, Json], list[str]]":
    """Read what is published of the ranges that end before this one: real, or else synthetic.

    Returns:
        Published parameters by range, and why some could not be read.
    """
    from strategy.backtest_range import BacktestRange
    from strategy.market_data.schema import SYNTHETIC

    folder = artifact_path("best_params", date_range.key, ".json").parent
    found, unread = {}, []
    for path in sorted(folder.glob("*.json")):
        try:
            other = BacktestRange.parse(path.stem)
            content = read_object(path)
        except DateRangeError:
            continue  # some other file
        except ArtifactError as error:
            unread.append(str(error))
            continue
        alike = other.ticker == date_range.ticker and (content.get("source") == SYNTHETIC) == (
            best["source"] == SYNTHETIC
        )
        # What lies under other dates of the same sessions gives way to the range's own.
        own = path.stem == other.key or other not in found
        if other.end_date < date_range.end_date and alike and own:
            found[other] = content
    return found, unread


def _comparable(
    choices: "Mapping[BacktestRange, Json]", best: Mapping[str, Any]
) -> "tuple[dict[BacktestRange, Json], list[str]]":
    """Leave out choices with other fixed parameters: their dollars are no part of one curve."""
    expected = fixed_params(best)
    kept, left_out = {}, []
    for date_range, choice in choices.items():
        fixed = fixed_params(choice)
        other = sorted(
            name for name in fixed.keys() | expected.keys() if fixed.get(name) != expected.get(name)
        )
        if other:
            name = other[0]
            left_out.append(
                f"{date_range}: published with {name} {fixed.get(name)}, "
                f"the latest with {expected.get(name)}"
            )
        else:
            kept[date_range] = choice
    return kept, left_out


def _identity(planned: "PlannedStep", choices: "Mapping[BacktestRange, Json]") -> Json:
    """What the trades of a step follow from."""
    from strategy.backtest import ENGINE_VERSION

    return {
        "strategy_params": choices[planned.chosen_in]["strategy_params"],
        "engine_version": ENGINE_VERSION,
        "data_fingerprint": choices[planned.traded_in]["data_fingerprint"],
        "first_session": planned.dates[0].isoformat(),
    }


def _key(identity: Json) -> str:
    return json.dumps(identity, sort_keys=True)


def _known_sessions(choices: "Iterable[BacktestRange]") -> "dict[str, SessionSums]":
    """What the records that were kept for any of the ranges say of their steps' sessions."""
    from optimize.statistics import SessionSums

    known = {}
    for date_range in choices:
        path = artifact_path("walk_forward", date_range.key, ".json")
        try:
            steps = read_object(path)["steps"]
        except ArtifactError:  # absent, or damaged: then its steps are traded again
            continue
        for step in steps:
            known[_key(step["identity"])] = SessionSums.from_json_dict(step["sessions"])
    return known


def _traded(
    planned: "PlannedStep", choices: "Mapping[BacktestRange, Json]", market_data: MarketData
) -> "SessionSums":
    """Trade one range's choice on those sessions of the next that are cached.

    Raises:
        RorqError: the next range's data cannot be read, or is not what it was published on.
    """
    from optimize.statistics import SessionSums, trade_sessions
    from strategy.params import StrategyParams

    data = sessions_of_study(choices[planned.traded_in], market_data, planned.traded_in)
    later = [session for session in data if session.date in planned.dates]
    params = StrategyParams.from_json_dict(choices[planned.chosen_in]["strategy_params"])
    return trade_sessions(params, later)[1] if later else SessionSums.empty()
