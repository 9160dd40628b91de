"""Exact versions and configuration, and the command that makes this report again."""

from rorq_pipeline.report.data import ReportData
from rorq_pipeline.report.section import Section


def reproduce_section(data: ReportData) -> Section:
    """Everything by name; long lists are folded on the page and left out on paper."""
    limits = data.verdict.limits.model_dump() if data.verdict else {}
    made_of = data.optimization
    return Section(
        id="reproduce",
        title="Reproduce",
        context={
            "publications": [
                {
                    "number": number,
                    "published": f"{one.published_at:%Y-%m-%d %H:%M} UTC",
                    "selection": one.best.selection,
                    "return_on_risk_percent": one.best.metrics.return_on_risk_percent,
                    "total_trades": one.best.metrics.total_trades,
                    "is_shown": one.best == data.best,
                }
                for number, one in data.publications.items()
            ],
            "groups": [
                ("Versions", dict(data.versions)),
                ("Study settings", made_of.settings.model_dump(mode="json")),
                ("Configuration", made_of.fixed_params),
                ("Search space", made_of.search_space.to_json_dict()),
                ("Strategy parameters", data.best.strategy_params.to_json_dict()),
                ("Verdict limits", limits),
            ],
        },
    )
