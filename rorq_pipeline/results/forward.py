"""The walk-forward record as of a range, from the published parameters of all ranges before it.

What an earlier record holds of the same choice on the same data is not traded again, so that a
further month costs that month alone.
"""

from collections.abc import Iterable, Mapping

from optimize.statistics import (
    SessionSums,
    WalkForwardStep,
    in_order,
    plan_walk_forward,
    trade_sessions,
    walk_forward,
)
from optimize.statistics.walk_forward import PlannedStep
from rorq_pipeline.project.resources import MarketData
from rorq_pipeline.results.artifacts import ArtifactError
from rorq_pipeline.results.models import BestParams, StepIdentity, WalkForwardRecord
from rorq_pipeline.results.published import sessions_of_study
from strategy.backtest import ENGINE_VERSION
from strategy.backtest_range import BacktestRange
from strategy.errors import DateRangeError, RorqError

Choices = Mapping[BacktestRange, BestParams]


def record_walk_forward(
    best: BestParams, market_data: MarketData, date_range: BacktestRange
) -> WalkForwardRecord:
    """Trade each range's choice in the next, up to `date_range`, whose choice is `best`.

    What cannot be read now, or was traded by other rules, is left out and named.
    """
    before, unread = _published_before(date_range, best)
    choices, others = _comparable({date_range: best, **before}, best)
    left_out = [*unread, *others]
    known = _known_sessions(choices)
    steps: list[WalkForwardStep] = []
    identities: list[StepIdentity] = []
    for planned in plan_walk_forward(choices):
        identity = _identity(planned, choices)
        try:
            sessions = known.get(identity.model_dump_json()) or _traded(
                planned, choices, market_data
            )
        except RorqError as error:
            left_out.append(f"{planned.chosen_in} in {planned.traded_in}: {error}")
            continue
        identities.append(identity)
        steps.append(_step(planned, choices, sessions))
    return WalkForwardRecord(
        record=walk_forward(steps, [choices[one].trial_params for one in in_order(choices)]),
        identities=tuple(identities),
        left_out=tuple(left_out),
    )


def renewed_record(date_range: BacktestRange, market_data: MarketData) -> WalkForwardRecord | None:
    """Make a range's record again if it is not of the choices that are published now, and keep it.

    Ranges are often published out of order, the latest first, and some of them again.

    Returns:
        The record, None where the range has no published parameters.
    """
    if not BestParams.path(date_range.key).exists():
        return None
    record = record_walk_forward(BestParams.read(date_range.key), market_data, date_range)
    kept = WalkForwardRecord.path(date_range.key)
    if not kept.exists() or kept.read_bytes() != record.json_text().encode():
        record.write_file(kept)
    return record


def _published_before(
    date_range: BacktestRange, best: BestParams
) -> tuple[dict[BacktestRange, BestParams], list[str]]:
    """Read what is published of the ranges that end before this one: real, or else synthetic.

    Returns:
        Published parameters by range, and why some could not be read.
    """
    found, unread = {}, []
    for path in sorted(BestParams.path(date_range.key).parent.glob("*.json")):
        try:
            other = BacktestRange.parse(path.stem)
            content = BestParams.read_file(path)
        except DateRangeError:
            continue  # some other file
        except ArtifactError as error:
            unread.append(str(error))
            continue
        alike = (other.ticker, content.is_synthetic) == (date_range.ticker, best.is_synthetic)
        # What lies under other dates of the same sessions gives way to the range's own.
        own = path.stem == other.key or other not in found
        if other.end_date < date_range.end_date and alike and own:
            found[other] = content
    return found, unread


def _comparable(
    choices: Choices, best: BestParams
) -> tuple[dict[BacktestRange, BestParams], list[str]]:
    """Leave out choices with other fixed parameters: their dollars are no part of one curve."""
    expected = best.fixed_params
    kept, left_out = {}, []
    for date_range, choice in choices.items():
        fixed = choice.fixed_params
        name = next((one for one in sorted(expected) if fixed[one] != expected[one]), None)
        if name is None:
            kept[date_range] = choice
        else:
            left_out.append(
                f"{date_range}: published with {name} {fixed[name]}, "
                f"the latest with {expected[name]}"
            )
    return kept, left_out


def _identity(planned: PlannedStep, choices: Choices) -> StepIdentity:
    """What the trades of a step follow from."""
    return StepIdentity(
        strategy_params=choices[planned.chosen_in].strategy_params,
        engine_version=ENGINE_VERSION,
        data_fingerprint=choices[planned.traded_in].data_fingerprint,
        first_session=planned.dates[0],
    )


def _step(planned: PlannedStep, choices: Choices, sessions: SessionSums) -> WalkForwardStep:
    chosen = choices[planned.chosen_in]
    return WalkForwardStep(
        chosen_in=planned.chosen_in.key,
        traded_in=planned.traded_in.key,
        params=chosen.trial_params,
        in_sample_return_on_risk_percent=chosen.metrics.return_on_risk_percent,
        sessions=sessions,
    )


def _known_sessions(choices: Iterable[BacktestRange]) -> dict[str, SessionSums]:
    """What the records that were kept for any of the ranges say of their steps' sessions."""
    known = {}
    for date_range in choices:
        try:
            kept = WalkForwardRecord.read(date_range.key)
        except ArtifactError:  # absent, damaged, or of another version: its steps are traded again
            continue
        for identity, step in zip(kept.identities, kept.record.steps, strict=True):
            known[identity.model_dump_json()] = step.sessions
    return known


def _traded(planned: PlannedStep, choices: Choices, market_data: MarketData) -> SessionSums:
    """Trade one range's choice on those sessions of the next that are cached.

    Raises:
        RorqError: the next range's data cannot be read, or is not what it was published on.
    """
    data = sessions_of_study(choices[planned.traded_in], market_data, planned.traded_in)
    n_before = sum(session.date not in planned.dates for session in data)
    later = data[n_before:]  # planned dates are the last ones; a slice holds none of them
    params = choices[planned.chosen_in].strategy_params
    return trade_sessions(params, later)[1] if later else SessionSums.empty()
