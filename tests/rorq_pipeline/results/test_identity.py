"""Evidence and studies are held to the published result that they are of."""

from typing import Any

import pytest

from rorq_pipeline.results.identity import of_result, require_of_result, require_published_from
from strategy.errors import StudyMismatchError
from tests.rorq_pipeline.report import fixtures
from tests.rorq_pipeline.results_made import best_params

RANGE = "2023-01-03_2023-01-06"


@pytest.mark.parametrize("changes", [{}, {"promised_percent": 1.0}, {"n_sessions": 9}])
def test_evidence_is_of_a_result_with_the_same_parameters_data_and_figures(
    changes: dict[str, Any],
) -> None:
    evidence = fixtures.out_of_sample(best_params())
    same = best_params(**changes)
    assert of_result(same, evidence) is evidence
    require_of_result(same, evidence)


@pytest.mark.parametrize(
    "changes",
    [{"study_name": "another"}, {"data_fingerprint": "ef" * 32}, {"engine_version": "2"}],
)
def test_evidence_of_another_result_names_the_asset_to_make_anew(changes: dict[str, Any]) -> None:
    best = best_params()
    own, other = fixtures.out_of_sample(best), fixtures.proofs(best_params(**changes))
    assert of_result(best, other) is None
    with pytest.raises(StudyMismatchError) as refused:
        require_of_result(best, own, other)
    assert str(refused.value) == (
        f"proofs of {RANGE} is of another published result; expected evidence of the parameters "
        f"that are published now; make it anew with: rorq materialize {RANGE} --select proofs"
    )


def test_no_evidence_is_of_no_result() -> None:
    assert of_result(best_params(), None) is None


@pytest.mark.parametrize("name", ["a study before it", "z study after it"])
def test_parameters_of_another_study_are_refused(name: str) -> None:
    study = fixtures.optimization()
    with pytest.raises(StudyMismatchError) as refused:
        require_published_from(best_params(study_name=name), study)
    assert str(refused.value) == (
        f"the latest study of {RANGE} is {study.study.study_name}; expected {name}, from which its "
        f"parameters were published; make it anew with: rorq materialize {RANGE} --select "
        "best_params"
    )
    require_published_from(best_params(study_name="".join(study.study.study_name)), study)
