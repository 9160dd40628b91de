import json
import subprocess
import sys

import dagster as dg
import pytest

from rorq_pipeline.automation.settings import AutomationSettings
from rorq_pipeline.checks.data import FAMILIES
from rorq_pipeline.definitions import build_definitions, defs
from strategy.errors import ParameterError
from strategy.market_data.validation import Family
from tests.rorq_pipeline.graph_snapshot import SNAPSHOT, describe

HEAVY = ("numba", "pandas", "pyarrow", "optuna", "psycopg2", "matplotlib", "exchange_calendars")


def test_the_graph_is_as_it_was() -> None:
    expected = json.loads(SNAPSHOT.read_text("utf-8"))
    assert describe(defs) == expected, "if on purpose: python -m tests.rorq_pipeline.graph_snapshot"


def test_definitions_load_with_everything_that_they_name() -> None:
    dg.Definitions.validate_loadable(defs)


def test_loading_the_definitions_imports_nothing_heavy_and_touches_nothing() -> None:
    program = (
        "import sys, rorq_pipeline.definitions;"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    environment = {"PATH": "/usr/bin", "RORQ_HOME": "/nowhere", "PG_HOST": "refused.invalid"}
    answer = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


def test_every_asset_says_what_it_is() -> None:
    graph = defs.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description, key
        assert node.owners, key
        assert node.kinds, key
        assert node.code_version, key
        assert node.tags.get("stage"), key
        assert node.group_name != "default", key


def test_every_knob_of_the_launchpad_is_described() -> None:
    for job_name in ("optimize_range", "validate_only", "single_backtest"):
        job = defs.resolve_job_def(job_name)
        for node in job.all_node_defs:
            schema = node.config_schema.config_type
            for name, field in getattr(schema, "fields", {}).items():
                assert field.description, f"{node.name}.{name}"


def test_every_step_of_the_chain_is_tried_again_where_its_process_is_lost() -> None:
    nodes = defs.resolve_job_def("optimize_range").nodes
    assert "validation_checks" in {node.name for node in nodes}
    assert {node.name: node.definition.retry_policy for node in nodes} == {
        node.name: dg.RetryPolicy(max_retries=3, delay=5.0) for node in nodes
    }


def test_there_is_a_check_for_every_family_of_validation_rules() -> None:
    assert set(FAMILIES) == {str(family) for family in Family}


def test_overrides_go_through_the_same_door() -> None:
    custom = build_definitions(
        automation=AutomationSettings(quiet_seconds=1.5, sensor_interval_seconds=7), sensors=[]
    )
    assert custom.sensors == []


def test_automation_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RORQ_RANGE_RULE", "week")
    assert AutomationSettings.from_environment().range_rule.value == "week"
    monkeypatch.setenv("RORQ_RANGE_RULE", "fortnight")
    with pytest.raises(ParameterError, match="RORQ_RANGE_RULE is 'fortnight'"):
        AutomationSettings.from_environment()
