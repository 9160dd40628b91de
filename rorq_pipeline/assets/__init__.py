"""The asset graph, one module an asset: read config, make one call into the domain, tell."""

import dagster as dg

from rorq_pipeline.assets.best_params import best_params
from rorq_pipeline.assets.downloaded_sessions import downloaded_sessions
from rorq_pipeline.assets.optimization import optimization
from rorq_pipeline.assets.out_of_sample import out_of_sample
from rorq_pipeline.assets.parameter_surface import parameter_surface
from rorq_pipeline.assets.report import report
from rorq_pipeline.assets.selection_statistics import selection_statistics
from rorq_pipeline.assets.validated_cache import validated_cache
from rorq_pipeline.assets.verdict import verdict
from rorq_pipeline.assets.walk_forward import walk_forward
from rorq_pipeline.assets.walk_forward_matrix import walk_forward_matrix

ASSETS: tuple[dg.AssetsDefinition, ...] = (
    downloaded_sessions,
    validated_cache,
    optimization,
    parameter_surface,
    best_params,
    out_of_sample,
    selection_statistics,
    walk_forward,
    walk_forward_matrix,
    verdict,
    report,
)

__all__ = ["ASSETS"]
