import time

import dagster as dg
import pytest

from optimize.cluster.connection import ClusterState
from rorq_pipeline.assets.common import cluster_link, elapsed, numbers
from rorq_pipeline.project import cluster


def test_numbers_are_rounded_for_the_eye_and_what_is_not_known_is_left_out() -> None:
    assert numbers({"a": 54.21686746987952, "b": 1_234_567, "c": None, "d": 1e-9 / 3}) == {
        "a": dg.MetadataValue.float(54.2169),
        "b": dg.MetadataValue.int(1_234_567),
        "d": dg.MetadataValue.float(3.33333e-10),
    }


def test_what_took_its_time_says_how_long() -> None:
    begun = time.perf_counter() - 5
    value = elapsed(begun)["seconds"].value
    assert isinstance(value, float)
    assert 4.99 < value <= time.perf_counter() - begun + 0.001


def test_a_cluster_is_linked_where_it_shows_what_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cluster_link() == {}
    for url, link in (
        (
            "http://10.0.0.5:8787",
            {"cluster_dashboard": dg.MetadataValue.url("http://10.0.0.5:8787")},
        ),
        (None, {}),
    ):
        state = ClusterState(n_workers=2, dashboard_url=url)
        monkeypatch.setattr(cluster, "look_at_cluster", lambda state=state: state)
        assert cluster_link() == link
