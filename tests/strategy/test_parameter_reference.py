from pathlib import Path

from strategy.parameter_reference import parameter_reference
from strategy.params import StrategyParams

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_documented_parameters_are_those_of_the_code() -> None:
    assert (DOCS / "parameters.md").read_text(encoding="utf-8") == parameter_reference()


def test_every_parameter_has_a_row_with_its_meaning_and_default() -> None:
    text = parameter_reference()
    for name, field in StrategyParams.model_fields.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{name}` |"))
        assert field.description
        assert field.description in row
        assert row.endswith(f"| `{field.default}` |")
    assert "| `stop_loss_percent` |" in text
    assert "number ≥ -100, < 0" in text
