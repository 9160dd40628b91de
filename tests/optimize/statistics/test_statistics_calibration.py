import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from optimize.statistics import Evidence, judge
from optimize.verdict_settings import VerdictSettings

ROOT = Path(__file__).resolve().parents[3]
CHOICES = ["exact best", "best of 200 random", "exact best with 30 trades or more"]


@pytest.fixture(scope="module")
def calibration() -> ModuleType:
    path = ROOT / "design" / "statistics_calibration.py"
    spec = importlib.util.spec_from_file_location("statistics_calibration", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_one_small_data_set_is_judged_and_told(calibration):
    line = calibration.simulate(1, 0.0, 8, 4)
    assert list(line["choices"]) == CHOICES
    text = "\n".join(calibration.tell([line]))
    assert "## Edge 0: 1 data sets" in text
    assert "8 sessions to search, 4 that follow." in text


@pytest.mark.calibration
@pytest.mark.timeout(1800)
def test_noise_is_not_called_promising_and_an_edge_is_found(calibration):
    noise, edge = (
        [calibration.simulate(seed, strength, 16, 8) for seed in range(9001, 9007)]
        for strength in (0.0, 2.0)
    )
    for name in CHOICES:
        decisions = {
            label: [judge(Evidence(**line["choices"][name]["evidence"])).decision for line in lines]
            for label, lines in (("noise", noise), ("edge", edge))
        }
        assert decisions["noise"].count("trade") == 0
        assert decisions["edge"].count("reject") <= 1
        overfitting = {
            label: [line["choices"][name]["evidence"]["overfitting_fraction"] for line in lines]
            for label, lines in (("noise", noise), ("edge", edge))
        }
        assert 0.35 < np.mean(overfitting["noise"]) < 0.65
        after_costs = [line["choices"][name]["after_costs_fraction"] for line in noise]
        assert np.mean(overfitting["noise"]) < np.mean(after_costs) - 0.05
        assert np.mean(overfitting["edge"]) < 0.1


def test_the_documentation_tells_every_limit_with_its_default():
    text = (ROOT / "docs" / "honesty.md").read_text(encoding="utf-8")
    rows = [row for row in text.splitlines() if row.startswith("|")]
    for name, field in VerdictSettings.model_fields.items():
        (row,) = [row for row in rows if f"`{name}`" in row]
        before = row.split(f"(`{name}`)")[0]
        assert f"{field.default:g}" in before.split("|")[-1], name
