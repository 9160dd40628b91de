"""Where a browser finds a report, and Optuna's pages; file:// links are refused by browsers."""

import os

from strategy.errors import ParameterError

REPORTS_PORT_NAME = "RORQ_REPORTS_PORT"  # one a project, where two are worked in at once
_REPORTS_PORT = 3099  # of 127.0.0.1, served by `rorq dev`
_PORTS = range(1024, 65536)
DASHBOARD_PORT = 8080  # of 127.0.0.1, served by `rorq dashboard`
DASHBOARD_ADDRESS = f"http://127.0.0.1:{DASHBOARD_PORT}/dashboard"


def reports_port() -> int:
    """Return the port of 127.0.0.1 that `rorq dev` serves the reports on.

    Raises:
        ParameterError: what is set is no port.
    """
    found = os.environ.get(REPORTS_PORT_NAME, "").strip() or str(_REPORTS_PORT)
    if not (found.isascii() and found.isdigit() and int(found) in _PORTS):
        raise ParameterError(
            f"{REPORTS_PORT_NAME} is {found!r}",
            expected=f"a port from {_PORTS[0]} to {_PORTS[-1]}",
            remedy=f"correct {REPORTS_PORT_NAME}, or unset it",
        )
    return int(found)


def report_address(name: str) -> str:
    """Return the address of a range's report, or of the index."""
    return f"http://127.0.0.1:{reports_port()}/{name}.html"
