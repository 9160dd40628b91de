"""The walk-forward record as of a range, from the published parameters of all ranges before it.

A step that an earlier record holds, of the same choice on the same data, is taken from there, so
that a further month costs that month alone.
"""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rorq_pipeline.artifacts import artifact_path
from rorq_pipeline.resources import MarketData
from strategy.errors import CacheError, DateRangeError

if TYPE_CHECKING:
    from optimize.statistics import WalkForwardStep
    from optimize.statistics.walk_forward import PlannedStep
    from strategy.date_range import DateRange

Json = dict[str, Any]


def record_walk_forward(
    best: Mapping[str, Any], market_data: MarketData, date_range: "DateRange"
) -> Json:
    """Trade each range's choice in the next, up to `date_range`, whose choice is `best`.

    Steps whose data cannot be read now, or is of another kind, are left out and named.
    """
    from optimize.statistics import plan_walk_forward, walk_forward

    choices = {date_range: dict(best), **_published_before(date_range, best)}
    known = _known_steps(choices)
    steps: list[WalkForwardStep] = []
    identities: list[Json] = []
    left_out: list[str] = []
    for planned in plan_walk_forward(choices):
        identity = _identity(planned, choices)
        try:
            step = known.get(_key(identity)) or _traded(planned, choices, market_data)
        except CacheError as error:
            left_out.append(f"{planned.chosen_in} in {planned.traded_in}: {error}")
            continue
        steps.append(step)
        identities.append(identity)
    record = walk_forward(steps)
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


def _published_before(date_range: "DateRange", best: Mapping[str, Any]) -> "dict[DateRange, Json]":
    """Read the published parameters of the ranges that end before this one, of the same kind."""
    from strategy.date_range import DateRange

    folder = artifact_path("best_params", date_range.key, ".json").parent
    found = {}
    for path in sorted(folder.glob("*.json")):
        try:
            other = DateRange.parse(path.stem)
        except DateRangeError:
            continue  # some other file
        content: Json = json.loads(path.read_text(encoding="utf-8"))
        alike = all(content.get(name) == best[name] for name in ("ticker", "source"))
        if other.end_date < date_range.end_date and alike:
            found[other] = content
    return found


def _identity(planned: "PlannedStep", choices: "Mapping[DateRange, Json]") -> Json:
    """What a step follows from."""
    chosen, traded = choices[planned.chosen_in], choices[planned.traded_in]
    return {
        "strategy_params": chosen["strategy_params"],
        "engine_version": traded["engine_version"],
        "data_fingerprint": traded["data_fingerprint"],
        "first_session": planned.dates[0].isoformat(),
    }


def _key(identity: Json) -> str:
    return json.dumps(identity, sort_keys=True)


def _known_steps(choices: "Iterable[DateRange]") -> "dict[str, WalkForwardStep]":
    """Steps of the records that were kept for any of the ranges."""
    from optimize.statistics import SessionSums, WalkForwardStep

    known = {}
    for date_range in choices:
        path = artifact_path("walk_forward", date_range.key, ".json")
        content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"steps": []}
        for step in content["steps"]:
            known[_key(step["identity"])] = WalkForwardStep(
                chosen_in=step["chosen_in"],
                traded_in=step["traded_in"],
                params=step["params"],
                in_sample_return_on_risk_percent=step["in_sample_return_on_risk_percent"],
                sessions=SessionSums.from_json_dict(step["sessions"]),
            )
    return known


def _traded(
    planned: "PlannedStep", choices: "Mapping[DateRange, Json]", market_data: MarketData
) -> "WalkForwardStep":
    """Trade one range's choice on those sessions of the next that are cached."""
    from optimize.statistics import SessionSums, WalkForwardStep, trade_sessions
    from strategy.params import StrategyParams

    chosen = choices[planned.chosen_in]
    later = [s for s in market_data.load(planned.traded_in) if s.date in planned.dates]
    params = StrategyParams.from_json_dict(chosen["strategy_params"])
    sums = trade_sessions(params, later)[1] if later else SessionSums.empty()
    return WalkForwardStep(
        chosen_in=planned.chosen_in.key,
        traded_in=planned.traded_in.key,
        params=chosen["trial_params"],
        in_sample_return_on_risk_percent=chosen["metrics"]["return_on_risk_percent"],
        sessions=sums,
    )
