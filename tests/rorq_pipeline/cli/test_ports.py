"""Ports that pages are served on."""

import random
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest
from click.testing import Result

from rorq_pipeline.cli.ports import is_free, require_free_port
from strategy.errors import RorqError

Rorq = Callable[..., Result]
PORT = 21_000


@pytest.fixture
def host() -> str:
    """An address of loopback that is this test's own."""
    return f"127.{random.randint(1, 254)}.{random.randint(0, 255)}.{random.randint(1, 200)}"


@contextmanager
def listening(host: str, *ports: int) -> Iterator[None]:
    with ExitStack() as stack:
        for port in ports:
            stack.enter_context(socket.create_server((host, port)))
        yield


@contextmanager
def process_listening(host: str, *words: str) -> Iterator[int]:
    """A process that holds PORT; its id."""
    with socket.create_server((host, PORT)) as server:
        process = subprocess.Popen(words, pass_fds=[server.fileno()])
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def refused(host: str, port: int) -> str:
    with pytest.raises(RorqError) as told:
        require_free_port(host, port)
    return str(told.value)


def test_a_free_port_is_nothing_to_tell(host: str) -> None:
    require_free_port(host, PORT)
    assert is_free(host, PORT)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["sleep", "60", "1", "2", "3"], "sleep 60 1 2"),
        (["sleep", "0" * 100 + "60"], "sleep " + "0" * 74),
    ],
)
def test_a_taken_port_is_told_with_its_holder(host: str, words: list[str], shown: str) -> None:
    others = [PORT + step for step in range(-8, 9) if step]
    with process_listening(host, *words) as pid, listening(host, *others), ExitStack() as stack:
        for last in range(201, 209):  # connections of this process from the same port elsewhere
            client = stack.enter_context(closing(socket.socket()))
            client.bind((f"{host.rpartition('.')[0]}.{last}", PORT))
            client.connect((host, PORT + 1))
        assert not is_free(host, PORT)
        assert refused(host, PORT) == (
            f"port {PORT} of {host} is taken by process {pid} ({shown}); "
            f"expected a free one; end that, or choose another: --port {PORT + 9}"
        )


def test_who_has_the_port_at_another_address_is_not_named(host: str) -> None:
    other = f"{host.rpartition('.')[0]}.250"
    with socket.create_server((host, PORT)), process_listening(other, "sleep", "60") as pid:
        assert f"process {pid} " not in refused(host, PORT)
        assert f"process {pid} " in refused(other, PORT)
    with socket.create_server(("127.0.0.1", 0)) as server:  # whoever it is, it is in the way
        assert "is taken by process" in refused("0.0.0.0", server.getsockname()[1])


@pytest.mark.parametrize(("taken", "proposed"), [([65_534], "65535"), ([65_534, 65_535], "N")])
def test_no_port_is_proposed_that_there_is_not(host: str, taken: list[int], proposed: str) -> None:
    with listening(host, *taken):
        assert refused(host, 65_534).rpartition(": ")[2] == f"--port {proposed}"


def test_a_port_whose_last_connection_has_just_ended_is_free(host: str) -> None:
    with socket.create_server((host, PORT)) as server:
        client = socket.create_connection((host, PORT))
        server.accept()[0].close()  # who closes first has its port waiting for a minute
        client.recv(1)
        client.close()
    assert is_free(host, PORT)


def test_an_address_of_another_machine_is_told() -> None:
    assert refused("192.0.2.1", 3000) == (
        "cannot listen on 192.0.2.1:3000: Cannot assign requested address; expected an address of "
        "this machine and a port from 1024; choose others with --host and --port"
    )


def test_a_name_of_no_machine_is_told() -> None:
    told = refused("no.such.host.invalid", 3000)
    assert told.startswith("cannot listen on no.such.host.invalid:3000: ")
    assert "None" not in told


@pytest.mark.parametrize("command", ["dev", "dashboard"])
def test_a_port_is_one_from_1_to_65535(rorq: Rorq, command: str) -> None:
    codes = [
        rorq(command, "--host", "192.0.2.1", "--port", port).exit_code
        for port in ("0", "1", "65535", "65536")
    ]
    assert codes == [2, 1, 1, 2]  # 1: the address is not ours


@pytest.mark.parametrize(("command", "port"), [("dev", 3000), ("dashboard", 8080)])
def test_help_tells_where_pages_are_by_default(rorq: Rorq, command: str, port: int) -> None:
    told = " ".join(rorq(command, "--help").output.split())
    assert f" --port INTEGER RANGE [default: {port}; 1<=x<=65535] --host TEXT " in told
    assert " Address to listen on. [default: 127.0.0.1] " in told
