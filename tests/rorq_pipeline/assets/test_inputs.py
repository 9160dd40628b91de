"""Assets on results of the chain while those that they can do without are not there."""

import shutil
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from rorq_pipeline.dagster_support.partitions import PARTITION_SET
from rorq_pipeline.definitions import build_definitions
from rorq_pipeline.results.models import BestParams
from tests.rorq_pipeline.chain_made import FIRST, Chain
from tests.rorq_pipeline.conftest import SMALL_SPACE, plain

pytestmark = pytest.mark.timeout(300)  # the chain is made on the way


@pytest.fixture
def remade(chain: Chain, in_chain: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make one asset anew beside the chain, from some of its results; what it tells."""
    monkeypatch.setenv("RORQ_ARTIFACTS", str(tmp_path))

    def make(asset: str, *inputs: str, **config: Any) -> dict[str, Any]:
        for name in inputs:
            file = Path(name) / f"{FIRST.key}.json"
            (tmp_path / name).mkdir()
            shutil.copy(chain.paths.artifacts / file, tmp_path / file)
        definitions = build_definitions(executor=dg.in_process_executor)
        with dg.DagsterInstance.ephemeral() as instance:
            instance.add_dynamic_partitions(PARTITION_SET, [FIRST.key])
            done = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
                instance=instance, partition_key=FIRST.key,
                asset_selection=[dg.AssetKey(asset)],
                run_config={"ops": {asset: {"config": config}}} if config else None,
            )  # fmt: skip
        (event,) = done.asset_materializations_for_node(asset)
        return plain(event.metadata)

    return make


def without(metadata: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in metadata.items() if name not in names}


def test_a_surface_needs_no_manifest(chain: Chain, remade: Any) -> None:
    made = remade("parameter_surface", search_space=SMALL_SPACE, min_trade_threshold=1)
    told = chain.told[FIRST]["parameter_surface"]
    assert without(made, "path", "seconds") == without(told, "path", "seconds")


def warnings(capfd: pytest.CaptureFixture[str]) -> list[str]:
    lines = capfd.readouterr().err.splitlines()
    return [line.rpartition(" - ")[2] for line in lines if " - WARNING - " in line]


def test_the_same_parameters_are_published_without_its_file(
    chain: Chain, remade: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    made, told = remade("best_params", "optimization"), chain.told[FIRST]["best_params"]
    assert without(made, "path") == without(told, "path")
    assert warnings(capfd) == []


def test_without_a_combination_with_enough_trades_the_studys_best_is_published(
    chain: Chain, remade: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    told = remade("best_params", "optimization", min_trades_per_session=1e6)
    fallback = "no combination has the trades that smooth wants: the study's best is published"
    assert told["fallback"] == fallback
    assert warnings(capfd) == [fallback]
    published = BestParams.read(FIRST.key, tmp_path)
    assert (published.selection, published.instead_of) == ("study_best", "smooth")
    assert published.promised_percent == published.metrics.return_on_risk_percent
    assert published.trial_params == chain.kept("optimization")["study"]["best_params"]


def test_a_verdict_needs_no_manifest(chain: Chain, remade: Any) -> None:
    told = remade("verdict", "best_params", "out_of_sample", "selection_statistics")
    assert told["decision"] == "watch"


def test_a_report_is_of_parameters_alone_where_there_is_no_more(
    chain: Chain, remade: Any, tmp_path: Path
) -> None:
    told, whole = remade("report", "optimization", "best_params"), chain.told[FIRST]["report"]
    page = (tmp_path / "report" / f"{FIRST.key}.html").read_bytes()
    assert told.pop("bytes") == len(page) < whole["bytes"]
    assert (told["page"], told["index"]) == (
        f"http://127.0.0.1:3099/{FIRST.key}.html",
        "http://127.0.0.1:3099/index.html",
    )
    assert told["equity"] == whole["equity"]
