"""Files that assets leave behind: how they are written, and what is said where that fails."""

import fcntl
import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from rorq_pipeline.results.artifacts import ArtifactError, json_text, project_lock, write_whole
from rorq_pipeline.results.models import BestParams
from strategy.metrics import Metrics
from tests.rorq_pipeline.results_made import METRICS, best_params


def test_json_is_indented_and_keeps_its_letters() -> None:
    assert json_text({"é": [1]}) == '{\n  "é": [\n    1\n  ]\n}\n'
    with pytest.raises(ValueError, match="JSON"):
        json_text({"a": float("nan")})


def test_a_result_cannot_be_changed_and_holds_no_number_that_json_cannot_say() -> None:
    best = best_params()
    with pytest.raises(ValidationError, match="frozen"):
        best.n_sessions = 5  # type: ignore[misc]
    with pytest.raises(ValidationError, match="finite"):
        best_params(promised_percent=float("inf"))
    with pytest.raises(ValidationError, match="valid integer"):
        best_params(n_sessions="5")


def test_its_file_is_read_as_the_asset_left_it_and_says_what_else_was_expected(
    tmp_path: Path,
) -> None:
    best = best_params()
    path = BestParams.path(best.date_range, tmp_path)
    assert path == tmp_path / "best_params" / "2023-01-03_2023-01-06.json"
    with pytest.raises(ArtifactError) as refused:
        BestParams.read(best.date_range, tmp_path)
    assert str(refused.value) == (
        f"{path}: No such file or directory; expected what the asset best_params left there; "
        "make it anew with: rorq materialize 2023-01-03_2023-01-06 --select best_params"
    )
    best.write_file(path)
    assert BestParams.read(best.date_range, tmp_path) == best
    content = json.loads(path.read_text("utf-8"))
    assert Metrics(**content["metrics"]) == METRICS


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(13, "Permission denied"), "Permission denied"),
        (OSError("no number"), "no number"),
    ],
)
def test_a_folder_that_cannot_be_written_to_is_named(
    tmp_path: Path, error: OSError, said: str
) -> None:
    def refuse(_: Path) -> None:
        raise error

    path = tmp_path / "x.json"
    with pytest.raises(ArtifactError) as refused:
        write_whole(path, refuse)
    assert str(refused.value) == (
        f"{path} cannot be written: {said}; expected a folder that this user may write to; "
        "correct its permissions, or name another with RORQ_ARTIFACTS"
    )


def test_the_lock_is_held_by_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RORQ_HOME", str(tmp_path / "new" / "project"))
    for _ in range(2):  # in a project folder that is not there yet, and again
        with project_lock("history"):
            file = tmp_path / "new" / "project" / ".rorq" / "history.lock"
            with file.open("w") as other, pytest.raises(BlockingIOError):
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
