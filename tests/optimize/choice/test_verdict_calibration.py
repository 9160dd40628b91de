"""The calibration of the verdict: which months a history has, and what is told of them."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "design" / "verdict_calibration.py"


@pytest.fixture(scope="module")
def calibration() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verdict_calibration", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["verdict_calibration"] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


def line(number: int) -> dict[str, Any]:
    """A month of one session that made a quarter of the 40 USD at stake."""
    held = {
        "stop_loss_percent": -50,
        "trades": [2],
        "net_pnl_usd": [10.0],
        "risk_usd": [20.0],
    }
    in_range = {
        "selection_test_p_value": 0.9,
        "trades": 90,
        "return_on_risk_percent": 5.0,
        "adverse_percent": 1.0,
        "quotes_percent": 2.0,
    }
    return {
        "generator": "3",
        "edge": "0.2",
        "seed": 1,
        "number": number,
        "n_sessions": 1,
        "policies": [[0, 1.0, 2, 10.0, 20.0]] * 24,
        "held": [held] if number else [],
        "range": in_range if number % 3 == 2 else None,
    }


def test_a_history_has_the_months_after_its_lookback(calibration: ModuleType) -> None:
    lines = [line(number) for number in range(24)]
    found = list(calibration.histories(lines, 12))
    assert [one.policy.months[-1] for one in found] == ["11", "14", "17", "20", "23"]
    assert found[0].policy.months == tuple(str(number) for number in range(3, 12))
    grown = sum((1 + stake / 4) ** 9 for stake in (0.25, 0.5, 0.75, 0.95)) / 4
    assert found[0].policy.account_usd == pytest.approx(grown)
    assert found[0].policy.usd_a_month == 10.0
    assert [len(one.policy.months) for one in calibration.histories(lines, 3)] == [0] * 8
    evidence = calibration.evidence_of(found[0])
    assert (evidence.policy_months, evidence.selection_test_p_value) == (9, 0.9)


def test_tables_are_told(calibration: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "N_DRAWN", 20)
    monkeypatch.setattr(calibration, "N_POOLS", 2)
    monkeypatch.setattr(calibration, "MIN_QUARTERS", 7)
    text = "\n".join(calibration.tell({("0.2", 1): [line(number) for number in range(24)]}))
    # The account stands at (1.0625**21 + 1.125**21 + 1.1875**21 + 1.2375**21) / 4 = 35 of 40 USD.
    assert "| 0.2 | 24 | 1 | 1 | 0.00 (< 0.95) | 1.00 (> 0.05) | 0.00 (< 0.95) |" in text
    assert "| smooth, 3 months, 30 trades | 10 ± 0, 1.00 |" in text
