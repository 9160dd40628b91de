"""Which published result a piece of evidence is of.

Evidence is kept beside the result and may outlive it: a range is published anew, and an old verdict
still lies there. Each piece therefore carries the identity of its result.
"""

import json
from collections.abc import Mapping
from typing import Any

from strategy.errors import StudyMismatchError

Json = dict[str, Any]
_IDENTITY = ("study_name", "strategy_params", "data_fingerprint", "engine_version", "metrics")


def identity_of(best: Mapping[str, Any]) -> Json:
    """Return what makes a published result this one and no other, as JSON values."""
    identity: Json = json.loads(json.dumps({name: best[name] for name in _IDENTITY}))
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
                f"{asset} of {best['date_range']} is of another published result",
                expected="evidence of the parameters that are published now",
                remedy=f"materialize {asset} for {best['date_range']} again",
            )
