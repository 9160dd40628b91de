"""What memory this process can still take: of the machine, its container, and its own limit."""

import resource
from pathlib import Path

# Imported where it is used: psutil, which a command's help does without (design/import_times.py).

MAPPED_AT_ONCE = 64  # sessions of a range: a quarter, 350 MB, a file handle each
_CGROUP = Path("/sys/fs/cgroup")
_NO_LIMIT = 1 << 62


def free_bytes() -> int:
    """Memory and addresses together: what arrays of the process's own can take."""
    return min(free_memory_bytes(), free_address_bytes())


def free_memory_bytes() -> int:
    """What the machine has without swapping, and the container admits."""
    import psutil  # type: ignore[import-untyped]

    free: list[int] = [psutil.virtual_memory().available]
    try:
        limit = (_CGROUP / "memory.max").read_text().strip()
        if limit != "max":
            free.append(int(limit) - int((_CGROUP / "memory.current").read_text()))
    except (OSError, ValueError):  # no container, or an older kernel
        pass
    return max(min(free), 0)


def free_address_bytes() -> int:
    """What `ulimit -v` leaves to this process; 2**62 where it sets no limit."""
    import psutil

    limit = address_limit_bytes()
    if limit == _NO_LIMIT:
        return limit
    used: int = psutil.Process().memory_info().vms
    return max(limit - used, 0)


def address_limit_bytes() -> int:
    """What `ulimit -v` admits in all; 2**62 where it sets no limit."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return _NO_LIMIT if limit == resource.RLIM_INFINITY else limit
