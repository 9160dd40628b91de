"""The refusal of a range that memory would not hold.

Only sessions that cannot be mapped from a prepared file take memory that is the process's own.
"""

from strategy.errors import RangeTooLongError
from strategy.free_memory import free_bytes

SESSION_BYTES = 8 * 1024**2  # of an aligned session, an upper bound: SPY has about 6 MB


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
