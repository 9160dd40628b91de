"""Asset checks, one module a subject."""

import dagster as dg

from rorq_pipeline.checks.results import result_checks

CHECKS: tuple[dg.AssetChecksDefinition, ...] = (result_checks,)

__all__ = ["CHECKS"]
