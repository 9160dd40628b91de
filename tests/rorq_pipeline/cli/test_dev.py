"""`rorq dev` looks before it starts anything."""

import socket
import sys

import pytest
from click.testing import CliRunner

from rorq_pipeline.cli.main import main


def test_a_taken_port_is_said_with_its_holder_and_a_free_one() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        result = CliRunner().invoke(main, ["dev", "--port", str(port)])
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"port {port} of 127.0.0.1 is taken by process" in result.stderr
    assert sys.executable.rsplit("/", 1)[-1] in result.stderr
    proposed = int(result.stderr.rsplit("--port ", 1)[1])
    with socket.socket() as free:
        free.bind(("127.0.0.1", proposed))


@pytest.mark.parametrize("host", ["203.0.113.7", "no.such.host.invalid"])
def test_an_address_of_another_machine_is_one_line(host: str) -> None:
    result = CliRunner().invoke(main, ["dev", "--host", host, "--port", "3999"])
    assert result.exit_code == 1
    assert f"cannot listen on {host}:3999" in result.stderr
