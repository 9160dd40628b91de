"""Ports that pages are served on: whether one is free, and who has it."""

import errno
import socket

from strategy.errors import RorqError

_TRIED = 50  # ports after the one that is taken


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
    others = range(port + 1, min(port + 1 + _TRIED, 65536))
    free = next((other for other in others if is_free(host, other)), None)
    raise RorqError(
        f"port {port} of {host} is taken{_holder(port)}",
        expected="a free one",
        remedy=f"end that, or choose another: --port {free or 'N'}",
    )


def is_free(host: str, port: int) -> bool:
    """Tell whether a page could be served there."""
    return _refusal(host, port) is None


def _refusal(host: str, port: int) -> OSError | None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        return error
    return None


def _holder(port: int) -> str:
    import psutil  # type: ignore[import-untyped]

    try:
        for one in psutil.net_connections("tcp"):
            if one.status == psutil.CONN_LISTEN and one.laddr.port == port and one.pid:
                command = " ".join(psutil.Process(one.pid).cmdline()[:4])
                return f" by process {one.pid} ({command[:80]})"
    except psutil.Error:
        return ""
    return ""
