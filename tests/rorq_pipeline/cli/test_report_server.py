"""Reports over http on loopback: the pages of one folder, to read, and nothing else."""

import http.client
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rorq_pipeline.cli.report_server import report_server
from tests.machine import free_port, wait_until


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    folder = tmp_path / "report"
    (folder / "inner.html").mkdir(parents=True)
    (folder / "index.html").write_text("the index")
    (folder / "QQQ_2023-01-03_2023-01-31.html").write_text("a report")
    (folder / "2023-01-03_2023-01-31.json").write_text("{}")
    (tmp_path / "secret.html").write_text("secret")
    (folder / "linked.html").symlink_to(tmp_path / "secret.html")
    (folder / "inner.html" / "secret.html").write_text("secret")
    (folder / "inward.html").symlink_to(folder / "inner.html" / "secret.html")
    (folder / ".hidden.html").write_text("hidden")
    server = report_server(folder, 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def asked(port: int, path: str, method: str = "GET", host: str | None = None) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path, headers={"Host": host or f"127.0.0.1:{port}"})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_the_pages_of_the_folder_are_served(port: int) -> None:
    assert asked(port, "/") == (200, "the index")
    assert asked(port, "/index.html") == (200, "the index")
    assert asked(port, "/QQQ_2023-01-03_2023-01-31.html#verdict")[0] == 404  # no fragment is sent
    assert asked(port, "/QQQ_2023-01-03_2023-01-31.html?a=b") == (200, "a report")
    assert asked(port, "/?a=b") == (200, "the index")
    assert asked(port, "/", host=f"localhost:{port}") == (200, "the index")


def test_a_head_is_an_answer_without_the_page(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"HEAD / HTTP/1.0\r\nHost: localhost\r\n\r\n")
        with connection.makefile("rb") as answer:
            first, *headers, last = answer.read().split(b"\r\n")
    assert (first, last) == (b"HTTP/1.0 200 OK", b"")
    assert b"Content-Length: 9" in headers


@pytest.mark.parametrize(
    "path",
    ["/absent.html", "/2023-01-03_2023-01-31.json", "/../secret.html", "/%2e%2e/secret.html",
     "/linked.html", "/inward.html", "/.hidden.html", "/inner.html", "/inner.html/",
     "//etc/passwd", "/.", "*"],
)  # fmt: skip
def test_everything_else_is_not_there(port: int, path: str) -> None:
    status, text = asked(port, path)
    assert status == 404
    assert "secret" not in text
    assert "QQQ" not in text  # no listing


def test_a_foreign_name_and_other_methods_are_refused(port: int) -> None:
    assert asked(port, "/", host="evil.example")[0] == 404
    for method in ("POST", "PUT", "DELETE"):
        assert asked(port, "/", method)[0] == 501


def test_it_ends_with_what_started_it(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("the index")
    port = free_port()
    code = (
        "import subprocess, sys, time\n"
        "server = subprocess.Popen([sys.executable, '-m', 'rorq_pipeline.cli.report_server', "
        f"{str(tmp_path)!r}, '{port}'])\n"
        "input()"
    )
    starter = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    try:
        wait_until(lambda: answers(port), seconds=10)
    finally:
        starter.communicate(b"\n", timeout=10)
    wait_until(lambda: not answers(port), seconds=10)


def answers(port: int) -> bool:
    try:
        return asked(port, "/") == (200, "the index")
    except OSError:
        return False
