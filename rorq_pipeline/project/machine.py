"""What a run needs of the machine, and what its refusals mean: one line with the remedy each."""

import errno
import resource

from optimize.database.disk import full_disk
from strategy.errors import ResourceError
from strategy.free_memory import MAPPED_AT_ONCE, address_limit_bytes, free_memory_bytes

NEEDED_FILES = 256  # open at once: sessions, libraries, connections; the default limit is 1024
WANTED_FILES = 4096
_MEBIBYTE, _GIBIBYTE = 2**20, 2**30
_BASE_BYTES = 1500 * _MEBIBYTE  # libraries, study, surface of the seed's space, proofs
_MAPPED_BYTES = 6 * _MEBIBYTE  # of a session, while it is mapped
_EACH_BYTES = _MEBIBYTE // 2  # of a session that is not, in what assets keep of it
_RESERVED_BYTES = 3072 * _MEBIBYTE  # of addresses: Arrow's pool, threads' stacks and heaps
_EACH_RESERVED_BYTES = 3 * _MEBIBYTE  # of addresses, a session


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


def require_memory(n_sessions: int) -> None:
    """Refuse a range whose chain would not fit.

    Raises:
        ResourceError: too little memory is free, or this shell admits too few addresses.
    """
    too_few = _too_few_addresses(chain_address_bytes(n_sessions), f" for {n_sessions} sessions")
    if too_few is not None:
        raise too_few
    free, needed = free_memory_bytes(), chain_bytes(n_sessions)
    if free < needed:
        raise ResourceError(
            f"{free / _GIBIBYTE:.1f} GiB of memory are free",
            expected=f"at least {needed / _GIBIBYTE:.1f} for {n_sessions} sessions",
            remedy="end other programs, take a shorter range, or use a machine with more memory",
        )


def chain_bytes(n_sessions: int) -> int:
    """Memory that the chain takes at its peak, about; design/memory.md has the measured ones."""
    n_mapped = min(n_sessions, MAPPED_AT_ONCE)
    return _BASE_BYTES + n_mapped * _MAPPED_BYTES + n_sessions * _EACH_BYTES


def chain_address_bytes(n_sessions: int) -> int:
    """Addresses that the chain takes, of which `ulimit -v` sets the limit, with some room."""
    return chain_bytes(n_sessions) + _RESERVED_BYTES + n_sessions * _EACH_RESERVED_BYTES


def shortage(error: BaseException) -> ResourceError | None:
    """Return what an error says about the machine in one line, or None where it says nothing."""
    if isinstance(error, MemoryError):
        too_few = _too_few_addresses(chain_address_bytes(0))
        if too_few is not None:  # libraries may not even load
            return too_few
        free = free_memory_bytes() / _GIBIBYTE
        return ResourceError(
            f"the memory does not suffice ({free:.1f} GiB are free now)",
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
    return full_disk(error)


def _too_few_addresses(needed_bytes: int, purpose: str = "") -> ResourceError | None:
    """Return the refusal where `ulimit -v` admits less."""
    admitted = address_limit_bytes()
    if admitted >= needed_bytes:
        return None
    return ResourceError(
        f"this shell admits {admitted / _GIBIBYTE:.1f} GiB of addresses (ulimit -v)",
        expected=f"at least {needed_bytes / _GIBIBYTE:.1f}{purpose}",
        remedy="lift it with: ulimit -v unlimited",
    )


def _too_few_files(limit: int) -> ResourceError:
    return ResourceError(
        f"this shell admits {limit} open files",
        expected=f"at least {NEEDED_FILES}",
        remedy="raise it with: ulimit -n 1024",
    )
