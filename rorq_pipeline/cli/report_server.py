"""The reports of a folder over http on loopback, for browsers that refuse file:// links.

`python -m rorq_pipeline.cli.report_server FOLDER PORT`, as `rorq dev` starts it, ends with the
process that started it. Served are the pages that lie in the folder itself, by name, to read; there
is no listing and nothing else.
"""

import os
import re
import sys
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_PAGE = re.compile(r"/([A-Za-z0-9][A-Za-z0-9_.-]*\.html)?(\?.*)?")
_LOCAL = re.compile(r"(127\.0\.0\.1|localhost)(:\d+)?")
_LOOK_SECONDS = 1.0


def report_server(folder: Path, port: int) -> ThreadingHTTPServer:
    """Listen on 127.0.0.1; port 0 takes a free one."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.wfile.write(self.do_HEAD())

        def do_HEAD(self) -> bytes:
            page = _page(folder, self.path)
            # Another site's name that is led here must not read the pages in its own name.
            if page is None or not _LOCAL.fullmatch(self.headers.get("Host", "")):
                self.send_error(HTTPStatus.NOT_FOUND)
                return b""
            content = page.read_bytes()
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-cache")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            return content

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  its name
            """Say nothing in the terminal of `rorq dev`."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def _page(folder: Path, address: str) -> Path | None:
    """The page that an address names; None for everything that is none."""
    found = _PAGE.fullmatch(address)
    if found is None:
        return None
    page = folder / (found[1] or "index.html")
    is_own = page.is_file() and page.resolve().parent == folder.resolve()
    return page if is_own else None


def main() -> None:
    """Serve until the process that started this one is gone."""
    parent = os.getppid()
    server = report_server(Path(sys.argv[1]), int(sys.argv[2]))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)


if __name__ == "__main__":
    main()
