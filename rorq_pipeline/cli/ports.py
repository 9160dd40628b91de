"""Ports that pages are served on: whether one is free, and who has it."""

import errno
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import click

from strategy.errors import RorqError

_EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104  nothing is served there
F = TypeVar("F", bound=Callable[..., Any])


def address_options(port: int) -> Callable[[F], F]:
    """Add where to listen: --port, by default this one, and --host, by default loopback."""
    ports = click.option("--port", type=click.IntRange(1, 65535), default=port, show_default=True)
    hosts = click.option(
        "--host", default="127.0.0.1", show_default=True, help="Address to listen on."
    )
    return lambda command: ports(hosts(command))


def require_free_port(host: str, port: int) -> None:
    """Look before a page is served there.

    Raises:
        RorqError: the port is taken, by whom if that can be seen, or the host is not ours.
    """
    refusal = _refusal(host, port)
    if refusal is None:
        return
    if refusal.errno != errno.EADDRINUSE:
        raise RorqError(
            f"cannot listen on {host}:{port}: {refusal.strerror or refusal}",
            expected="an address of this machine and a port from 1024",
            remedy="choose others with --host and --port",
        )
    free = next((other for other in range(port + 1, 65536) if is_free(host, other)), "N")
    raise RorqError(
        f"port {port} of {host} is taken{_holder(host, port)}",
        expected="a free one",
        remedy=f"end that, or choose another: --port {free}",
    )


def is_free(host: str, port: int) -> bool:
    """Tell whether a page could be served there."""
    return _refusal(host, port) is None


def _refusal(host: str, port: int) -> OSError | None:
    try:
        (family, kind, protocol, _, address), *_ = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, True)
            probe.bind(address)
            probe.listen()
    except OSError as error:
        return error
    return None


def _holder(host: str, port: int) -> str:
    import psutil  # type: ignore[import-untyped]

    asked = {address[0] for *_, address in socket.getaddrinfo(host, port)}
    with suppress(psutil.Error):
        for one in psutil.net_connections("tcp"):
            is_there = one.status == psutil.CONN_LISTEN and one.laddr.port == port
            meets = asked & _EVERYWHERE or one.laddr.ip in asked | _EVERYWHERE
            if is_there and meets and one.pid:
                command = " ".join(psutil.Process(one.pid).cmdline()[:4])
                return f" by process {one.pid} ({command[:80]})"
    return ""
