"""Asset checks, one module a subject."""

import dagster as dg

from rorq_pipeline.checks.data import cache_is_recent, validation_checks
from rorq_pipeline.checks.honesty import proofs
from rorq_pipeline.checks.results import result_checks
from rorq_pipeline.checks.statistics import earns_out_of_sample, selection_checks, worth_trading

CHECKS: tuple[dg.AssetChecksDefinition, ...] = (
    validation_checks,
    result_checks,
    proofs,
    selection_checks,
    earns_out_of_sample,
    worth_trading,
    cache_is_recent,
)

__all__ = ["CHECKS"]
