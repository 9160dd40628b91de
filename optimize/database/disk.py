"""A full disk of the server, told by its error code: no driver is imported, to load fast."""

from strategy.errors import ResourceError

_DISK_FULL = "53100"  # PostgreSQL, appendix "Error Codes"


def full_disk(error: BaseException) -> ResourceError | None:
    """Return what a driver's error says of the server's disk, or None where that is not full."""
    if getattr(getattr(error, "orig", error), "pgcode", None) != _DISK_FULL:
        return None
    return ResourceError(
        "no space is left on the disk of the database",
        expected="room for trials and Dagster's events, some 100 MB",
        remedy="free space there (rorq db status says where it is); the same command then goes on",
    )
