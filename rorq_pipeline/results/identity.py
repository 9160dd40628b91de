"""Which published result a piece of evidence is of.

Evidence is kept beside the result and may outlive it: a range is published anew, and an old verdict
still lies there. Each piece therefore carries the identity of its result, and of the method by
which it was found.
"""

import json
from collections.abc import Mapping
from typing import Any

from strategy.errors import StudyMismatchError

Json = dict[str, Any]
EVIDENCE_VERSION = 2  # raised whenever a figure of the evidence means something else than before
_IDENTITY = ("study_name", "strategy_params", "data_fingerprint", "engine_version", "metrics")


def identity_of(best: Mapping[str, Any]) -> Json:
    """Return what makes a published result this one and no other, as JSON values."""
    named = {name: best[name] for name in _IDENTITY}
    identity: Json = json.loads(json.dumps({**named, "evidence_version": EVIDENCE_VERSION}))
    return identity


def of_result(best: Mapping[str, Any], evidence: Json | None) -> Json | None:
    """Return the evidence if it is of this result, else None."""
    return evidence if evidence is not None and evidence.get("of") == identity_of(best) else None


def require_of_result(best: Mapping[str, Any], **evidence: Mapping[str, Any]) -> None:
    """Refuse evidence of another result.

    Raises:
        StudyMismatchError: it names the asset to make again.
    """
    for asset, content in evidence.items():
        if content.get("of") != identity_of(best):
            raise StudyMismatchError(
                f"{asset} of {best['date_range']} is of another published result, or of an earlier "
                "version",
                expected="evidence of the parameters that are published now",
                remedy=f"materialize {asset} for {best['date_range']} again",
            )


def require_published_from(best: Mapping[str, Any], optimization: Mapping[str, Any]) -> None:
    """Refuse a study that the published parameters do not stem from.

    Raises:
        StudyMismatchError: it names the asset to make again.
    """
    found, expected = optimization["study_name"], best["study_name"]
    if found != expected:
        raise StudyMismatchError(
            f"the latest study of {best['date_range']} is {found}",
            expected=f"{expected}, from which its parameters were published",
            remedy=f"materialize best_params for {best['date_range']} again",
        )
