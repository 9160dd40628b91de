"""Stops the embedded server when the last process that uses it has ended, killed ones included.

A small process of its own: it waits for the users' lock, which every user shares and which the
kernel takes back from a killed process. Run as `python -m optimize.database.server.watcher`.
"""

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

# Imported where it is used: whoever starts the server waits until this process has forked.

_ROOT = Path(__file__).resolve().parents[3]


def ensure_watcher(state_dir: Path, folder: Path, bin_dir: Path) -> None:
    """Start the watcher unless there is one; call it under the start lock, with a lease held."""
    descriptor = os.open(state_dir / "watcher.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        # The child keeps our descriptor, and with it the lock: there is never a moment without.
        job = {"state_dir": str(state_dir), "folder": str(folder), "bin_dir": str(bin_dir)}
        with (state_dir / "watcher.log").open("ab") as log:
            subprocess.run(  # noqa: S603
                [sys.executable, "-m", __name__, json.dumps({**job, "lock": descriptor})],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                cwd=_ROOT,
                pass_fds=(descriptor,),
                check=True,
            )
    finally:
        os.close(descriptor)


def main() -> None:
    """Detach, wait for the last user to end, stop the server unless it is to be kept."""
    if os.fork() != 0:
        os._exit(0)
    os.setsid()
    job = json.loads(sys.argv[1])
    state_dir = Path(job["state_dir"])
    users = os.open(state_dir / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
    from optimize.database.server.home import home_of
    from optimize.database.server.process import stop

    os.chdir("/")
    fcntl.flock(users, fcntl.LOCK_EX)
    if not (state_dir / "keep").exists():
        stop(home_of(Path(job["folder"]), Path(job["bin_dir"])))
    # The watcher's own lock goes first: who finds the users' lock free may start a new watcher.
    os.close(job["lock"])
    os.close(users)


if __name__ == "__main__":
    main()
