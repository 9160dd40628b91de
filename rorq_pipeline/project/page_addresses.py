"""Where a browser finds a report, and Optuna's pages; file:// links are refused by browsers."""

REPORTS_PORT = 3099  # of 127.0.0.1, served by `rorq dev`
DASHBOARD_PORT = 8080  # of 127.0.0.1, served by `rorq dashboard`
DASHBOARD_ADDRESS = f"http://127.0.0.1:{DASHBOARD_PORT}/dashboard"


def report_address(name: str) -> str:
    """Return the address of a range's report, or of the index."""
    return f"http://127.0.0.1:{REPORTS_PORT}/{name}.html"
