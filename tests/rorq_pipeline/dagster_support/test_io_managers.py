import errno
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from rorq_pipeline.dagster_support.io_managers import (
    ArtifactIOManager,
    FileIOManager,
    HtmlIOManager,
    ParquetIOManager,
)
from rorq_pipeline.dagster_support.surface_io import SurfaceIOManager
from rorq_pipeline.results.artifacts import write_whole
from tests.rorq_pipeline.results_made import best_params
from tests.strategy.surface.made_surfaces import hand_made_surface

PARTITION = "2023-01-03_2023-01-31"


BEST = best_params()


def output_context(name: str = "best_params") -> dg.OutputContext:
    return dg.build_output_context(asset_key=dg.AssetKey(name), partition_key=PARTITION)


def input_context(name: str = "best_params", **metadata: object) -> dg.InputContext:
    return dg.build_input_context(
        asset_key=dg.AssetKey(name), partition_key=PARTITION, definition_metadata=metadata
    )


@pytest.mark.parametrize(
    ("manager", "value", "suffix"),
    [
        (ArtifactIOManager, BEST, ".json"),
        (HtmlIOManager, "<!doctype html><p>é</p>", ".html"),
    ],
)
def test_value_comes_back_from_a_readable_file(
    tmp_path: Path, manager: type, value: object, suffix: str
) -> None:
    io = manager(folder=str(tmp_path))
    io.handle_output(output_context(), value)
    assert (tmp_path / "best_params" / f"{PARTITION}{suffix}").is_file()
    assert io.load_input(input_context()) == value


def test_table_comes_back_with_types_and_attributes(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "n": [1, 2],
            "x": [0.1, None],
            "at": pd.to_datetime(["2023-01-03 10:00", "2023-01-04 11:00"]).tz_localize(
                "America/New_York"
            ),
        }
    )
    table.attrs = {"study_name": "s/2023", "source": "synthetic"}
    io = ParquetIOManager(folder=str(tmp_path))
    io.handle_output(output_context(), table)
    back = io.load_input(input_context())
    pd.testing.assert_frame_equal(back, table)
    assert back.attrs == table.attrs


def test_a_table_tells_dagster_its_columns_and_rows(tmp_path: Path) -> None:
    context = output_context()
    table = pd.DataFrame({"n": [1, 2, 3], "x": [0.1, 0.2, 0.3], "day": [date(2023, 1, 3)] * 3})
    ParquetIOManager(folder=str(tmp_path)).handle_output(context, table)
    told = context.consume_logged_metadata()
    assert told["dagster/row_count"].value == 3
    columns = [(one.name, one.type) for one in told["dagster/column_schema"].value.columns]
    assert columns == [("n", "int64"), ("x", "double"), ("day", "date32[day]")]


def test_a_surface_tells_dagster_its_columns_and_rows(tmp_path: Path) -> None:
    context, surface = output_context(), hand_made_surface([1.0, 3.0, 2.0])
    SurfaceIOManager(folder=str(tmp_path)).handle_output(context, surface)
    told = context.consume_logged_metadata()
    assert told["dagster/row_count"].value == surface.space.size
    columns = {one.name: one.type for one in told["dagster/column_schema"].value.columns}
    assert list(columns)[: len(surface.space)] == list(surface.space)
    assert columns["entry_window"] == "string"  # not the codes that stand for it
    assert (columns["total_trades"], columns["net_pnl_usd"]) == ("int32", "double")


def test_another_process_finds_the_file_by_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RORQ_ARTIFACTS", str(tmp_path / "elsewhere"))
    ArtifactIOManager().handle_output(output_context(), BEST)
    content = (tmp_path / "elsewhere" / "best_params" / f"{PARTITION}.json").read_text("utf-8")
    assert json.loads(content)["strategy_params"]["take_profit_percent"] == 50
    assert json.loads(content)["version"] == 1


def test_a_required_input_that_was_never_made_says_what_to_do(tmp_path: Path) -> None:
    io = ArtifactIOManager(folder=str(tmp_path))
    with pytest.raises(dg.Failure) as caught:
        io.load_input(input_context("best_params"))
    description = caught.value.description or ""
    assert f"first with: rorq materialize {PARTITION} --select best_params" in description
    assert "\n" not in description


@pytest.mark.parametrize("manager", [ArtifactIOManager, ParquetIOManager, SurfaceIOManager])
def test_a_damaged_input_says_what_to_do_in_one_line(
    tmp_path: Path, manager: type[FileIOManager]
) -> None:
    io = manager(folder=str(tmp_path))
    path = tmp_path / "best_params" / f"{PARTITION}{io.suffix}"
    path.parent.mkdir()
    path.write_text("{}")
    with pytest.raises(dg.Failure) as caught:
        io.load_input(input_context())
    description = caught.value.description or ""
    assert f"rorq materialize {PARTITION} --select best_params" in description
    assert "\n" not in description
    assert not caught.value.allow_retries


def test_an_input_that_is_not_required_is_none(tmp_path: Path) -> None:
    io = ArtifactIOManager(folder=str(tmp_path))
    assert io.load_input(input_context(required=False)) is None


def test_none_leaves_the_former_file(tmp_path: Path) -> None:
    io = ArtifactIOManager(folder=str(tmp_path))
    io.handle_output(output_context(), BEST)
    io.handle_output(output_context(), None)
    assert io.load_input(input_context()) == BEST


@pytest.mark.parametrize(
    "change",
    [
        {"trial_params": {"take_profit_percent": float("nan")}},
        {"profit_shares": replace(BEST.profit_shares, largest_day_fraction=float("inf"))},
        {"metrics": replace(BEST.metrics, net_pnl_usd=float("nan"))},
    ],
)
def test_a_failed_write_leaves_the_former_file_and_no_other(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    io = ArtifactIOManager(folder=str(tmp_path))
    io.handle_output(output_context(), BEST)
    wrong = BEST.model_copy(update=change)
    with pytest.raises(ValueError, match="JSON"):
        io.handle_output(output_context(), wrong)
    assert io.load_input(input_context()) == BEST
    assert [path.name for path in (tmp_path / "best_params").iterdir()] == [f"{PARTITION}.json"]


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.ENOSPC, "no space is left on the disk"), (errno.EACCES, "name another with RORQ_")],
)
def test_a_value_that_cannot_be_written_says_what_to_do_and_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(HtmlIOManager, "write", refuse)
    with pytest.raises(dg.Failure) as caught:
        HtmlIOManager(folder=str(tmp_path)).handle_output(output_context(), "page")
    assert said in (caught.value.description or "")
    assert not caught.value.allow_retries


def test_a_file_is_never_seen_half_written(tmp_path: Path) -> None:
    target = tmp_path / "value.txt"
    target.write_text("old")

    def write(beside: Path) -> None:
        beside.write_text("new")
        assert target.read_text() == "old"

    write_whole(target, write)
    assert target.read_text() == "new"


@pytest.mark.parametrize(
    ("partition", "said"),
    [
        (None, "the run is of no backtest range"),  # "Execute all" above a list of checks
        ("../../etc_2023-01-03_2023-01-31", "ticker '../../etc'"),
        ("January", "date range 'January'"),
    ],
)
def test_a_run_of_no_range_says_so_in_one_line(
    tmp_path: Path, partition: str | None, said: str
) -> None:
    context = dg.build_input_context(asset_key=dg.AssetKey("best_params"), partition_key=partition)
    with pytest.raises(dg.Failure) as refused:
        ArtifactIOManager(folder=str(tmp_path)).load_input(context)
    assert said in (refused.value.description or "")
    assert "\n" not in (refused.value.description or "")
    assert not refused.value.allow_retries


def test_other_dates_of_the_same_sessions_are_the_same_file(tmp_path: Path) -> None:
    io = HtmlIOManager(folder=str(tmp_path))
    key = "QQQ_2023-01-01_2023-01-31"
    out = dg.build_output_context(asset_key=dg.AssetKey("report"), partition_key=key)
    io.handle_output(out, "page")
    assert (tmp_path / "report" / "QQQ_2023-01-03_2023-01-31.html").read_text() == "page"
    assert out.consume_logged_metadata()["canonical_key"].value == "QQQ_2023-01-03_2023-01-31"
    own = dg.build_input_context(
        asset_key=dg.AssetKey("report"), partition_key="QQQ_2023-01-03_2023-01-31"
    )
    assert io.load_input(own) == "page"
