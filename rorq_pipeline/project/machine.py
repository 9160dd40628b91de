"""What a run needs of the machine, and what its refusals mean: one line with the remedy each."""

import errno
import resource
from pathlib import Path

from strategy.errors import ResourceError

NEEDED_FILES = 256  # open at once: sessions, libraries, connections; the default limit is 1024
WANTED_FILES = 4096
NEEDED_GIBIBYTES = 1.0  # a chain of one month takes 0.7 at its peak
_GIBIBYTE = 2**30
_ADDRESSES_GIBIBYTES = 8.0  # addresses, not memory: libraries, threads and mapped files


def require_files() -> None:
    """Raise the limit of open files as far as is allowed.

    Raises:
        ResourceError: it stays too low.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
    if 0 <= soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    if 0 <= soft < NEEDED_FILES:
        raise _too_few_files(soft)


def require_memory() -> None:
    """Refuse a run that would not fit.

    Raises:
        ResourceError: too little memory is free, or this shell admits too little.
    """
    too_few = _too_few_addresses()
    if too_few is not None:
        raise too_few
    free = _free_gibibytes()
    if free is not None and free < NEEDED_GIBIBYTES:
        raise ResourceError(
            f"{free:.1f} GiB of memory are free",
            expected=f"at least {NEEDED_GIBIBYTES:.0f} for a run",
            remedy="end other programs, or use a machine with more memory",
        )


def shortage(error: BaseException) -> ResourceError | None:
    """Return what an error says about the machine in one line, or None where it says nothing."""
    if isinstance(error, MemoryError):
        too_few = _too_few_addresses()
        if too_few is not None:  # libraries may not even load
            return too_few
        free = _free_gibibytes()
        told = "" if free is None else f" ({free:.1f} GiB are free now)"
        return ResourceError(
            f"the memory does not suffice{told}",
            expected="enough for the range and the search space",
            remedy="take a shorter range or a smaller search space, or end other programs; the "
            "same command then goes on",
        )
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOSPC, errno.EDQUOT):
        place = getattr(error, "filename", None)
        return ResourceError(
            f"no space is left on the disk{f' of {place}' if place else ''}",
            expected="room for artifacts, cache and database, some 100 MB",
            remedy="free space (rorq doctor shows what there is); the same command then goes on",
        )
    if number in (errno.EMFILE, errno.ENFILE):
        return _too_few_files(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    return None


def _too_few_addresses() -> ResourceError | None:
    """Return the refusal where `ulimit -v` admits too little."""
    addresses, _ = resource.getrlimit(resource.RLIMIT_AS)
    if addresses == resource.RLIM_INFINITY or addresses >= _ADDRESSES_GIBIBYTES * _GIBIBYTE:
        return None
    return ResourceError(
        f"this shell admits {addresses / _GIBIBYTE:.1f} GiB of addresses (ulimit -v)",
        expected=f"at least {_ADDRESSES_GIBIBYTES:.0f}",
        remedy="lift it with: ulimit -v unlimited",
    )


def _too_few_files(limit: int) -> ResourceError:
    return ResourceError(
        f"this shell admits {limit} open files",
        expected=f"at least {NEEDED_FILES}",
        remedy="raise it with: ulimit -n 1024",
    )


def _free_gibibytes() -> float | None:
    """Memory that can be had without swapping; None where the system does not say."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) / 2**20
    except OSError:
        return None
    return None
