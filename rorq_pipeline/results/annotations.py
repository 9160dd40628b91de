"""The models of `rorq_pipeline.results.models` as annotations of functions that Dagster calls.

Dagster evaluates annotations when it loads the definitions, and must not import the models then:
that takes 2 s more. At run time the names here are therefore Any.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame as Table

    from rorq_pipeline.results.models import (
        BestParams,
        Optimization,
        OutOfSampleEvidence,
        Proofs,
        SelectionEvidence,
        VerdictRecord,
        WalkForwardMatrixRecord,
        WalkForwardRecord,
    )
    from strategy.surface.result import Surface
else:
    Table = Surface = BestParams = Optimization = Any
    OutOfSampleEvidence = SelectionEvidence = VerdictRecord = Proofs = Any
    WalkForwardMatrixRecord = WalkForwardRecord = Any

__all__ = [
    "BestParams",
    "Optimization",
    "OutOfSampleEvidence",
    "Proofs",
    "SelectionEvidence",
    "Surface",
    "Table",
    "VerdictRecord",
    "WalkForwardMatrixRecord",
    "WalkForwardRecord",
]
