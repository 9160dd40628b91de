"""The asset graph as plain text: keys, dependencies, partitions, checks, automation.

`python -m tests.rorq_pipeline.graph_snapshot` writes it anew, after a change on purpose.
"""

import json
import warnings
from pathlib import Path
from typing import Any

import dagster as dg

SNAPSHOT = Path(__file__).parent / "graph_snapshot.json"


def describe(defs: dg.Definitions) -> dict[str, Any]:
    """Everything that a user of the graph relies on."""
    graph = defs.resolve_asset_graph()
    repository = defs.get_repository_def()
    return {
        "assets": {
            key.to_user_string(): {
                "depends_on": sorted(k.to_user_string() for k in graph.get(key).parent_keys),
                "partitions": getattr(graph.get(key).partitions_def, "name", None),
                "checks": sorted(check.name for check in graph.get(key).check_keys),
                "blocking_checks": sorted(
                    check.name for check in graph.get(key).check_keys if graph.get(check).blocking
                ),
                "partitions_of_checks": sorted(
                    {
                        str(getattr(graph.get(c).partitions_def, "name", None))
                        for c in graph.get(key).check_keys
                    }
                ),
                "group": graph.get(key).group_name,
                "kinds": sorted(graph.get(key).kinds),
                "owners": sorted(graph.get(key).owners),
                "pools": sorted(graph.get(key).pools or ()),
                "backfill": str(graph.get(key).backfill_policy),
                "automation": str(graph.get(key).automation_condition),
            }
            for key in sorted(graph.get_all_asset_keys())
        },
        "jobs": sorted(name for name in repository.job_names if not name.startswith("__")),
        "sensors": {s.name: s.default_status.value for s in repository.sensor_defs},
        "schedules": {s.name: s.default_status.value for s in repository.schedule_defs},
    }


def main() -> None:
    """Write the snapshot."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from rorq_pipeline.definitions import defs

        SNAPSHOT.write_text(json.dumps(describe(defs), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
