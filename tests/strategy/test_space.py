import json
import math
from collections.abc import Callable
from datetime import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategy.errors import ParameterError
from strategy.space import SearchSpace, parse_entry_window, strategy_params

SEED = SearchSpace.seed()


def test_the_seed_has_the_published_grid() -> None:
    sizes = dict(zip(SEED, SEED.shape, strict=True))
    published = {
        "entry_window": 5,
        "stretch_threshold": 11,
        "reclaim_percentage": 5,
        "cooldown_period_seconds": 6,
        "take_profit_percent": 8,
        "stop_loss_percent": 8,
        "max_trade_duration_seconds": 6,
        "strikes_depth": 1,
        "option_selection_mode": 2,
    }
    assert math.prod(published.values()) == 1_267_200
    assert all(sizes[name] >= size for name, size in published.items())
    assert math.prod(sizes.values()) == SEED.size


@given(st.integers(0, SEED.size - 1))
def test_index_and_combination_are_inverse(index: int) -> None:
    combination = SEED.combination(index)
    assert tuple(combination) == SEED.names
    assert SEED.index_of(combination) == index


def test_the_last_dimension_counts_fastest() -> None:
    assert SEED.combination(0)["option_selection_mode"] == "itm"
    assert SEED.combination(1)["option_selection_mode"] == "otm"
    assert SEED.combination(2)["max_trade_duration_seconds"] == 120


def test_a_combination_becomes_strategy_parameters() -> None:
    combination = {
        **SEED.combination(0),
        "entry_window": "12:00-15:00",
        "stretch_threshold": 0.003,
        "reclaim_percentage": 0.7,
    }
    params = SEED.strategy_params(combination, {"latency_seconds": 3})
    assert (params.entry_start_time, params.entry_end_time) == (time(12), time(15))
    assert params.reclaim_threshold == 0.7 * 0.003
    assert params.latency_seconds == 3


def test_a_toml_file_replaces_single_dimensions(tmp_path: Path) -> None:
    path = tmp_path / "space.toml"
    path.write_text('strikes_depth = [1, 2]\nentry_window = ["10:00-11:00"]\n')
    space = SearchSpace.from_toml(path)
    assert space["strikes_depth"] == (1, 2)
    assert space["take_profit_percent"] == SEED["take_profit_percent"]
    assert space.size == SEED.size // 5 * 2
    assert space == SEED.replacing(strikes_depth=[1, 2], entry_window=["10:00-11:00"])


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: SEED.replacing(take_profit=[1]), "take_profit"),
        (lambda: SEED.replacing(take_profit_percent=[]), "take_profit_percent"),
        (lambda: SEED.replacing(take_profit_percent=[25, 25]), "take_profit_percent"),
        (lambda: SEED.replacing(take_profit_percent=[50, 25]), "take_profit_percent"),
        (lambda: SEED.replacing(take_profit_percent=["25"]), "take_profit_percent"),
        (lambda: SEED.replacing(stop_loss_percent=[25]), "stop_loss_percent"),
        (lambda: SEED.replacing(reclaim_percentage=[0.5, 1.5]), "reclaim_percentage"),
        (lambda: SEED.replacing(entry_window=["all day"]), "entry_window"),
        (lambda: SEED.replacing(option_selection_mode=["deep"]), "option_selection_mode"),
        (lambda: SEED.combination(SEED.size), "index"),
        (lambda: SEED.index_of({**SEED.combination(0), "strikes_depth": 4}), "strikes_depth"),
        (lambda: strategy_params(SEED.combination(0), {"strikes_depth": 2}), "strikes_depth"),
    ],
)
def test_a_bad_space_names_the_dimension(make: Callable[[], object], named: str) -> None:
    with pytest.raises(ParameterError, match=named) as caught:
        make()
    assert caught.value.remedy


def test_an_absent_or_broken_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="cannot be read"):
        SearchSpace.from_toml(tmp_path / "none.toml")
    (tmp_path / "broken.toml").write_text("strikes_depth = [1,")
    with pytest.raises(ParameterError, match="is no TOML"):
        SearchSpace.from_toml(tmp_path / "broken.toml")
    (tmp_path / "latin.toml").write_bytes(b"# \xe9t\xe9\n")
    with pytest.raises(ParameterError, match="is no TOML"):
        SearchSpace.from_toml(tmp_path / "latin.toml")


def test_equal_numbers_are_one_space_however_they_are_written() -> None:
    whole = SearchSpace.from_mapping({"take_profit_percent": [25, 50], "strikes_depth": [1]})
    pointed = SearchSpace.from_mapping(
        {"take_profit_percent": [25.0, 50.0], "strikes_depth": [1.0]}
    )
    assert json.dumps(pointed.to_json_dict()) == json.dumps(whole.to_json_dict())
    with pytest.raises(ParameterError, match="repeats"):
        SearchSpace.from_mapping({"take_profit_percent": [25, 25.0]})


def test_fixed_parameters_are_all_that_are_not_searched() -> None:
    fixed = SEED.all_fixed_params({"exchange_fee_per_contract": 0.05})
    assert fixed["exchange_fee_per_contract"] == 0.05
    assert fixed["contracts_per_trade"] == 1
    assert fixed["late_entry_cutoff_time"] == "15:54:00"
    searched = "entry_start_time entry_end_time reclaim_threshold stretch_threshold strikes_depth"
    assert not fixed.keys() & set(searched.split())
    with pytest.raises(ParameterError, match="slipage"):
        SEED.all_fixed_params({"slipage": 0.05})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("entry_window", "12:00-09:30"),
        ("stretch_threshold", 1.5),
        ("reclaim_percentage", 1.5),
        ("cooldown_period_seconds", 0),
        ("take_profit_percent", -5),
        ("stop_loss_percent", 50),
        ("max_trade_duration_seconds", 60.5),
        ("strikes_depth", 0),
        ("option_selection_mode", "deep"),
    ],
)
def test_a_value_that_the_strategy_does_not_admit_is_refused(name: str, value: Any) -> None:
    alias = "entry_start_time" if name == "entry_window" else name
    with pytest.raises(ParameterError, match=alias):
        SEED.replacing(**{name: (value,)})
    with pytest.raises(ParameterError, match=name):
        SEED.replacing(**{name: ()})


def test_an_entry_window_is_two_times() -> None:
    assert parse_entry_window("09:30-10:30:15") == (time(9, 30), time(10, 30, 15))
    for text in ("09:30", "9:30-10:30", "25:00-26:00", 3, None):
        with pytest.raises(ParameterError, match="entry_window"):
            parse_entry_window(text)


def test_a_recorded_space_of_another_version_is_refused() -> None:
    recorded = SEED.to_json_dict()
    assert SearchSpace.from_json_dict(recorded) == SEED
    del recorded["strikes_depth"]
    with pytest.raises(ParameterError, match="without strikes_depth"):
        SearchSpace.from_json_dict(recorded)
