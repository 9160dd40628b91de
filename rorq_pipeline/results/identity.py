"""Which published result a piece of evidence is of.

Evidence is kept beside the result and may outlive it: a range is published anew, and an old verdict
still lies there. Each piece therefore carries the identity of its result; by which method it was
found, the version of its model says.
"""

from typing import TypeVar

from rorq_pipeline.results.artifacts import anew
from rorq_pipeline.results.models import BestParams, OfResult, Optimization
from strategy.errors import StudyMismatchError

Kept = TypeVar("Kept", bound=OfResult)


def of_result(best: BestParams, evidence: Kept | None) -> Kept | None:
    """Return the evidence if it is of this result, else None."""
    return evidence if evidence is not None and evidence.of == best.identity else None


def require_of_result(best: BestParams, *evidence: OfResult) -> None:
    """Refuse evidence of another result.

    Raises:
        StudyMismatchError: it names the asset to make again.
    """
    for content in evidence:
        if content.of != best.identity:
            raise StudyMismatchError(
                f"{content.ASSET} of {best.date_range} is of another published result",
                expected="evidence of the parameters that are published now",
                remedy=anew(content.ASSET, best.date_range),
            )


def require_published_from(best: BestParams, optimization: Optimization) -> None:
    """Refuse a study that the published parameters do not stem from.

    Raises:
        StudyMismatchError: it names the asset to make again.
    """
    found, expected = optimization.study.study_name, best.study_name
    if found != expected:
        raise StudyMismatchError(
            f"the latest study of {best.date_range} is {found}",
            expected=f"{expected}, from which its parameters were published",
            remedy=anew(best.ASSET, best.date_range),
        )
