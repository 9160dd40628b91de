"""Where the choice lies among all combinations."""

from rorq_pipeline.report.data import ReportData
from rorq_pipeline.report.figures.surface import (
    distribution_figure,
    heatmap_values,
    profile_figure,
)
from rorq_pipeline.report.formats import percent
from rorq_pipeline.report.section import Section
from rorq_pipeline.report.surface_view import telling_pair


def surface_section(data: ReportData) -> Section:
    """Distribution, heatmaps and profiles of the exact surface."""
    title = "Place on the surface"
    surface = data.surface
    if surface is None or not surface.n_valid:
        reason = (
            "The exact surface of all combinations was not computed for this range."
            if surface is None
            else f"No combination made the {surface.min_trades} trades that make it valid."
        )
        return Section(id="surface", title=title, absent=reason)
    chosen = data.best.metrics.return_on_risk_percent
    figures = {"distribution": distribution_figure(surface, chosen)}
    figures |= {f"profile-{name}": profile_figure(surface, name) for name in surface.dimensions}
    published = data.best.selections.get(data.best.selection)
    place = published.candidate if published else None
    return Section(
        id="surface",
        title=title,
        context={
            "surface": surface,
            "place": place,
            "better": _best_share(place.rank, place.n_valid) if place and place.rank else "",
            "first_pair": telling_pair(surface) if surface.best_by_pair else None,
        },
        figures=figures,
        values={"surface": heatmap_values(surface)},
    )


def _best_share(rank: int, n_valid: int) -> str:
    """The share of combinations that are at least as good, in percent."""
    share_percent = 100 * rank / n_valid
    return "hundredth of a percent" if share_percent < 0.01 else percent(share_percent, 2)
