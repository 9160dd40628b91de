"""Ports that pages are served on."""

import socket
from collections.abc import Iterator

import pytest

from rorq_pipeline.cli.ports import require_free_port
from strategy.errors import RorqError
from tests.machine import free_port


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that this process listens on, with a free one behind it."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_free_port_is_nothing_to_tell(taken: int) -> None:
    require_free_port("127.0.0.1", free_port())


def test_a_taken_port_is_told_with_its_holder_and_the_next_free_one(taken: int) -> None:
    with pytest.raises(RorqError) as refused:
        require_free_port("127.0.0.1", taken)
    told = str(refused.value)
    assert told.startswith(f"port {taken} of 127.0.0.1 is taken by process ")
    assert "expected a free one" in told
    free = int(told.rpartition("--port ")[2])
    assert taken < free <= taken + 50
    require_free_port("127.0.0.1", free)


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(RorqError, match=r"cannot listen on 192\.0\.2\.1:3000: .*--host and --port"):
        require_free_port("192.0.2.1", 3000)
