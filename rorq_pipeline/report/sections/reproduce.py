"""Exact versions and configuration, and the command that makes this report again."""

from rorq_pipeline.report.data import ReportData
from rorq_pipeline.report.section import Section


def reproduce_section(data: ReportData) -> Section:
    """Everything by name; long lists are folded on the page and left out on paper."""
    limits = data.verdict.limits if data.verdict else {}
    return Section(
        id="reproduce",
        title="Reproduce",
        context={
            "groups": [
                ("Versions", dict(data.versions)),
                ("Study settings", dict(data.knobs)),
                ("Configuration", dict(data.configuration)),
                ("Search space", dict(data.search_space)),
                ("Strategy parameters", data.params.to_json_dict()),
                ("Verdict limits", dict(limits)),
            ],
        },
    )
