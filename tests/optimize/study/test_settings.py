from pathlib import Path

import pytest
from pydantic import ValidationError

from optimize.study.settings import StudySettings
from strategy.errors import ParameterError


def test_defaults_are_those_of_the_design():
    settings = StudySettings()
    assert settings.study_name == "vwap_reclaim"
    assert (settings.n_trials, settings.n_startup_trials, settings.n_ei_candidates) == (200, 25, 48)
    assert (settings.min_trade_threshold, settings.max_attempt_limit) == (10, 2000)
    assert settings.enable_persistence
    assert (settings.workers, settings.sampler, settings.shared) == (1, "tpe", False)


@pytest.mark.parametrize(
    ("knob", "message"),
    [
        ({"n_trials": 0}, r"n_trials is 0; expected greater than or equal to 1 \(Trials to"),
        ({"sampler": "gp"}, "sampler is 'gp'; expected 'tpe' or 'random'"),
        ({"study_name": "a/b"}, "study_name is 'a/b'"),
        ({"shared": True, "enable_persistence": False}, "must not delete their study"),
        ({"n_trails": 5}, "unknown study setting 'n_trails'; expected one of study_name, n_trials"),
    ],
)
def test_a_wrong_knob_is_one_line_with_the_remedy(knob, message):
    with pytest.raises(ParameterError, match=message) as error:
        StudySettings(**knob)
    assert "\n" not in str(error.value)


def test_settings_are_frozen_and_every_knob_is_described():
    with pytest.raises(ValidationError):
        StudySettings().n_trials = 5
    assert all(field.description for field in StudySettings.model_fields.values())


def test_the_documentation_names_every_knob():
    text = (Path(__file__).parents[3] / "docs" / "study.md").read_text()
    assert [name for name in StudySettings.model_fields if f"`{name}`" not in text] == []
