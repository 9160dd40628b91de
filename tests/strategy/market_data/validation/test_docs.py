"""docs/validation.md against the rules and thresholds themselves."""

from pathlib import Path

import pytest

from strategy.errors import ParameterError
from strategy.market_data.validation import RULES, Family, ValidationSettings, rules_of

TEXT = (Path(__file__).parents[4] / "docs" / "validation.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("family", Family)
def test_every_rule_is_documented_with_its_family(family: Family) -> None:
    section = TEXT.split(f"### {family}\n", 1)[1].split("\n#", 1)[0]
    documented = [line for line in section.splitlines() if line.startswith("| `")]
    assert documented == [
        f"| `{rule.name}` | {rule.severity} | {rule.meaning} | {rule.remedy} |"
        for rule in rules_of(family)
    ]


def test_every_threshold_is_documented() -> None:
    section = TEXT.split("## Thresholds\n", 1)[1]
    documented = [line for line in section.splitlines() if line.startswith("| `")]
    assert documented == [
        f"| `{name}` | {field.default} | {field.description} |"
        for name, field in ValidationSettings.model_fields.items()
    ]


def test_rule_names_are_unique() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)


@pytest.mark.parametrize(
    "values",
    [
        {"max_gap_minutes": 1},
        {"max_gap_seconds": 0},
        {"min_seconds_with_bar_fraction": 80},
        {"spike_percent": float("nan")},
    ],
)
def test_unsound_threshold_is_refused(values: dict[str, float]) -> None:
    with pytest.raises(ParameterError, match=next(iter(values))):
        ValidationSettings(**values)


def test_key_follows_the_thresholds() -> None:
    assert ValidationSettings().key == ValidationSettings().key
    assert ValidationSettings().key != ValidationSettings(max_gap_seconds=61).key
