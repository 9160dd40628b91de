"""What memory is left for sessions, and the refusal of a range that would not fit.

Only sessions that cannot be mapped from a prepared file take memory that is the process's own.
"""

import resource
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from strategy.errors import RangeTooLongError

SESSION_BYTES = 8 * 1024**2  # of an aligned session, an upper bound: SPY has about 6 MB
_CGROUP = Path("/sys/fs/cgroup")


def require_memory(n_sessions: int) -> None:
    """Refuse to hold so many sessions if that is more than what is free.

    Raises:
        RangeTooLongError: it says how much they take and how much there is.
    """
    needed_bytes, free = n_sessions * SESSION_BYTES, free_bytes()
    if needed_bytes > free:
        raise RangeTooLongError(
            f"{n_sessions} sessions take about {needed_bytes / 1024**3:.1f} GiB in memory",
            expected=f"at most {free / 1024**3:.1f} GiB, which is what is free",
            remedy="let the project keep prepared sessions on disk, or take a shorter range",
        )


def free_bytes() -> int:
    """What this process can still take: of the machine, its container, and `ulimit -v`."""
    free: list[int] = [psutil.virtual_memory().available, free_address_bytes()]
    try:
        limit = (_CGROUP / "memory.max").read_text().strip()
        if limit != "max":
            free.append(int(limit) - int((_CGROUP / "memory.current").read_text()))
    except (OSError, ValueError):  # no container, or an older kernel
        pass
    return max(min(free), 0)


def free_address_bytes() -> int:
    """What `ulimit -v` leaves to this process; 2**62 where it sets no limit."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return 1 << 62
    used: int = psutil.Process().memory_info().vms
    return max(limit - used, 0)
