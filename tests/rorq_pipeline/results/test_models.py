"""Every result comes back as it was written, or is refused in one line."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from optimize.choice.candidates import Candidate, Regret
from rorq_pipeline.report.index import report_entry
from rorq_pipeline.results.artifacts import Artifact, ArtifactError
from rorq_pipeline.results.models import (
    MODELS,
    BestParams,
    ComparedSelection,
    Download,
    SelectionEvidence,
    WalkForwardRecord,
)
from strategy.market_data.download.settings import DownloadReport
from strategy.params import StrategyParams
from tests.rorq_pipeline.report.fixtures import complete_data, optimization, walk_forward
from tests.rorq_pipeline.results_made import METRICS, best_params

ANEW = "make it anew with: rorq materialize 2023-01-03_2023-01-20 --select best_params"


@pytest.fixture(scope="module")
def made() -> dict[str, Artifact]:
    """One of each."""
    data = complete_data()
    report = DownloadReport(
        written=(date(2023, 1, 3),), kept=(), empty=(), not_yet=(), requests=3, contracts=20,
        contracts_without_bars=1,
    )  # fmt: skip
    results = (
        Download(report=report), optimization(), data.best, data.out_of_sample,
        data.selection_statistics, data.proofs, data.verdict, walk_forward(),
        data.matrix,
        report_entry(data, "x.html"),
    )  # fmt: skip
    return {result.ASSET: result for result in results if result is not None}


@pytest.mark.parametrize("asset", MODELS)
def test_every_result_comes_back(made: dict[str, Artifact], asset: str, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    made[asset].write_file(path)
    back = MODELS[asset].read_file(path)
    assert type(back) is type(made[asset])
    assert back.json_text() == made[asset].json_text() == path.read_text("utf-8")


def without(*names: str) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        part = content
        for name in names[:-1]:
            part = part[name]
        del part[names[-1]]

    return change


def setting(value: object, *names: str) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        part = content
        for name in names[:-1]:
            part = part[name]
        part[names[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (setting(99, "version"), "version 99; this program reads version"),
        (without("version"), "version None; this program reads version"),
        (setting(1, "new_figure"), "new_figure: Extra inputs are not permitted"),
        (setting(1, "metrics", "new_figure"), "metrics.new_figure: Unexpected keyword argument"),
        (without("n_complete_trials"), "n_complete_trials: Field required"),
        (without("counts", "valid_entries"), "counts.valid_entries: Field required"),
        (setting("12", "metrics", "total_trades"), "metrics.total_trades: Input should be a valid"),
        (setting(-1, "strategy_params", "latency_seconds"), "latency_seconds is -1"),
        # Defaults of parameters must not stand in for what a former version did not know.
        (without("strategy_params", "fill_rule"), "not all of the fields that this program writes"),
        (setting("luck", "selection"), "selection: Input should be"),
    ],
)
def test_other_files_are_refused_in_one_line(
    made: dict[str, Artifact],
    change: Callable[[dict[str, Any]], None],
    problem: str,
    tmp_path: Path,
) -> None:
    path = tmp_path / "best_params" / "2023-01-03_2023-01-20.json"
    content = json.loads(made["best_params"].json_text())
    change(content)
    path.parent.mkdir()
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ArtifactError) as caught:
        BestParams.read_file(path)
    line = str(caught.value)
    assert problem in line
    assert line.endswith(f"; {ANEW}")
    assert "\n" not in line


@pytest.mark.parametrize(
    ("asset", "names", "value"),
    [
        ("optimization", ("search_space",), None),
        ("out_of_sample", ("traded", "sessions", "trades"), None),
        ("out_of_sample", ("traded", "sessions", "trades"), [10**30]),
    ],
)
def test_another_value_in_the_place_of_a_space_or_of_sums_is_refused_in_one_line(
    made: dict[str, Artifact], asset: str, names: tuple[str, ...], value: Any, tmp_path: Path
) -> None:
    path = tmp_path / "2023-01.json"
    content = json.loads(made[asset].json_text())
    setting(value, *names)(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ArtifactError, match=rf"a value of another kind: .* --select {asset}$"):
        MODELS[asset].read_file(path)


def test_a_versions_files_stay_readable_until_it_is_raised() -> None:
    versions = {asset: model.VERSION for asset, model in MODELS.items()}
    assert versions == {
        "downloaded_sessions": 1, "optimization": 1, "best_params": 1, "out_of_sample": 3,
        "selection_statistics": 2, "proofs": 2, "verdict": 3, "walk_forward": 1,
        "walk_forward_matrix": 1, "report": 4,
    }  # fmt: skip


def test_each_step_of_the_record_has_an_identity() -> None:
    record = walk_forward()
    (first, _), fields = record.identities, dict(record)
    for identities in ((first,), (first,) * 3):
        with pytest.raises(ValueError, match=f"{len(identities)} identities, 2 steps"):
            WalkForwardRecord(**fields | {"identities": identities})


def test_the_caveat_says_first_why_nothing_is_known(made: dict[str, Artifact]) -> None:
    known = made["selection_statistics"]
    assert isinstance(known, SelectionEvidence)
    assert known.absent is None
    assert known.caveat.startswith("From ")
    assert known.model_copy(update={"absent": "too large"}).caveat == "too large"


@pytest.mark.parametrize(
    ("source", "is_synthetic"),
    [("polygon", False), ("synthetic", True), ("polygon+synthetic", False), ("yahoo", False)],
)
def test_only_generated_sessions_are_synthetic(source: str, is_synthetic: bool) -> None:
    assert best_params(source="".join(list(source))).is_synthetic is is_synthetic


NOT_ASKED = {"instead_of": None}
WITHOUT = "the search space is too large for the exact surface"
NO_TRADES = "no combination has the trades that"
NOT_WHOLE = "or the range is not of whole months that can be walked forward"
PUBLISHED = "the study's best is published"


@pytest.mark.parametrize(
    ("fields", "has_surface", "said"),
    [
        (NOT_ASKED | {"selection": "study_best"}, True, ""),
        (NOT_ASKED | {"selection": "study_best"}, False, ""),
        (NOT_ASKED | {"selection": "smooth"}, True, ""),
        (
            NOT_ASKED | {"selection": "smooth"},
            False,
            f"{WITHOUT}: smooth chose among the study's 17 best trials",
        ),
        ({"instead_of": "plateau"}, False, f"{WITHOUT} that plateau needs: {PUBLISHED}"),
        ({"instead_of": "nested"}, False, f"{WITHOUT} that nested needs: {PUBLISHED}"),
        ({"instead_of": "smooth"}, False, f"{NO_TRADES} smooth wants: {PUBLISHED}"),
        ({"instead_of": "smooth"}, True, f"{NO_TRADES} smooth wants: {PUBLISHED}"),
        ({"instead_of": "exact_best"}, True, f"{NO_TRADES} exact_best wants: {PUBLISHED}"),
        ({"instead_of": "nested"}, True, f"{NO_TRADES} nested wants, {NOT_WHOLE}: {PUBLISHED}"),
    ],
)
def test_how_a_choice_fell_short_is_one_sentence(
    fields: dict[str, Any], has_surface: bool, said: str
) -> None:
    regret = Regret(
        regret_percent_points=1.0, study_best_percent=2.0, exact_best_percent=3.0, rank=4,
        n_valid=5, n_complete_trials=6,
    )  # fmt: skip
    candidate = Candidate(
        selection="smooth", combination={}, promised_percent=1.0, return_on_risk_percent=2.0,
        total_trades=3, rank=None, n_valid=17, neighbours_mean_percent=None,
        neighbours_worst_percent=None,
    )  # fmt: skip
    smooth = ComparedSelection(
        candidate=candidate, strategy_params=StrategyParams(), metrics=METRICS
    )
    best = best_params(
        regret=regret if has_surface else None, selections={"smooth": smooth}, **fields
    )
    assert best.fallback == said


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"version": NaN}', b"[" * 100_000]
)
def test_damaged_files_are_refused_in_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "best_params" / "2023-01-03_2023-01-20.json"
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(ArtifactError, match=ANEW):
        BestParams.read_file(path)


def test_a_file_that_is_absent_says_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="No such file"):
        BestParams.read("2023-01-03_2023-01-20", tmp_path)
