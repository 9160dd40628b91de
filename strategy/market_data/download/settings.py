"""What a download is told and what it tells."""

from dataclasses import dataclass, field
from datetime import date

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from strategy.errors import DownloadError


class DownloadSettings(BaseModel):
    """How to ask the data provider. The key shows in no text form."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    api_key: SecretStr
    """The key of the data provider; sent as a header, never in a URL."""
    base_url: str | None = None
    """Another address than the official client's own."""
    requests_per_minute: int | None = Field(default=None, ge=1)
    """At most so many requests in any minute, retries included; none: no limit of ours."""
    concurrency: int = Field(default=8, ge=1, le=64)
    """Requests under way at once."""
    max_attempts: int = Field(default=8, ge=1)
    """Tries of one request before the download gives up."""
    backoff_seconds: float = Field(default=0.5, ge=0)
    """Wait before the third try; it doubles from there, up to a minute."""
    timeout_seconds: float = Field(default=30.0, gt=0)
    """Longest silence of the provider within one try."""
    ask_empty_again: bool = False
    """Ask anew for days that the provider had nothing for."""
    add_contracts: bool = False
    """Add needed contracts that a downloaded session lacks, as after widening the search."""


@dataclass(frozen=True, kw_only=True)
class DownloadProgress:
    """How far a download is."""

    day: date
    sessions_done: int
    sessions_total: int
    contracts_done: int
    contracts_total: int


@dataclass(frozen=True, kw_only=True)
class DownloadReport:
    """What became of each session that was asked for, of one underlying."""

    written: tuple[date, ...]
    kept: tuple[date, ...]
    """Cached before, or written by another process meanwhile."""
    empty: tuple[date, ...]
    """The provider has no underlying bars or no contracts that expire that day."""
    not_yet: tuple[date, ...]
    """Sessions that have not ended long enough ago."""
    requests: int
    """Sent, retries included."""
    contracts: int
    """Contracts with bars in the written sessions."""
    contracts_without_bars: int
    """Needed contracts for which the provider has no bars."""
    failed: dict[date, str] = field(default_factory=dict)
    """Sessions that the provider did not deliver, with the reason."""
    not_asked: tuple[date, ...] = ()
    """Sessions left alone because too many before them failed in a row."""

    @property
    def missing(self) -> tuple[date, ...]:
        """Sessions that another call is to bring."""
        return tuple(sorted({*self.failed, *self.not_asked}))

    def raise_for_failures(self) -> None:
        """Refuse a report with failures.

        Raises:
            DownloadError: with the first one's reason, and how many sessions are missing.
        """
        if self.missing:
            n_missing, reason = len(self.missing), next(iter(self.failed.values()))
            more = f"{n_missing} sessions are missing, the first since " if n_missing > 1 else ""
            raise DownloadError(f"{more}{reason}")
