"""A worker: reads combinations from a socket, writes outcomes, ends with the socket.

Started as `python -m optimize.study.worker_process SOCKET PAYLOAD` by `optimize.study.workers`,
and by nobody else. It knows neither the study nor the database.
"""

import os
import shutil
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

from optimize.study.objective import evaluate_guarded
from optimize.study.worker_payload import read_payload

READY = "ready"  # said once the objective is loaded


def main(socket_number: int, payload: Path) -> None:
    """Answer until the other side is gone; then the payload has served, for all workers."""
    try:
        objective = read_payload(payload)
    except FileNotFoundError:  # the run ended while this worker started
        return
    with Connection(socket_number) as connection, suppress(EOFError, OSError):
        connection.send(READY)
        while True:
            connection.send(evaluate_guarded(objective, connection.recv()))
    shutil.rmtree(payload.parent, ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
    os._exit(0)  # the mapped arrays need no tidying
