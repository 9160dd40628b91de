"""Import of the predecessor's cache: pickled pandas tables become sessions of this one.

The predecessor stores the underlying filled to every second: a second without a trade repeats the
bar before it. A repeat counts its volume again in the running VWAP, so repeats are dropped, unless
the predecessor's own numbers are to be had again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

import pandas as pd
import pyarrow as pa

from strategy.errors import CacheError, DateRangeError, LegacyImportError
from strategy.market_data.alignment import align_session
from strategy.market_data.layout import session_folder, session_source
from strategy.market_data.legacy.files import Finding, LegacySession, scan_legacy_folder
from strategy.market_data.legacy.tables import chain_table, option_bars, underlying_bars
from strategy.market_data.mirror import is_partial, mirror_of
from strategy.market_data.schema import (
    CHAIN_FILE,
    FILE_SCHEMAS,
    LEGACY,
    OPTIONS_FILE,
    SYNTHETIC,
    UNDERLYING_FILE,
)
from strategy.market_data.writing import write_session

Outcome = Literal["written", "kept", "refused"]
_REPEATS_KEY = "rorq.repeats"


@dataclass(kw_only=True)
class ImportedSession:
    """What became of one session."""

    ticker: str
    date: date
    outcome: Outcome = "refused"
    underlying_bars: int = 0
    repeats_dropped: int = 0  # bars of the underlying that repeated the one before
    contracts: int = 0  # with bars
    option_bars: int = 0
    fills_dropped: int = 0  # option rows that the predecessor itself marks as filled


@dataclass(kw_only=True)
class ImportSummary:
    """What became of a whole folder."""

    sessions: list[ImportedSession] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def errors(self) -> list[Finding]:
        """Files and sessions that could not be imported."""
        return [finding for finding in self.findings if finding.is_error]


def import_legacy(
    folder: Path | str,
    cache_dir: Path | str,
    *,
    keep_repeats: bool = False,
    on_start: Callable[[int], None] | None = None,
    on_session: Callable[[ImportedSession], None] | None = None,
) -> ImportSummary:
    """Import every session of the predecessor's cache that the cache does not hold yet.

    A file that cannot be read or is not admitted becomes a finding: a contract is left out, and a
    session without a sound underlying or chain is refused.

    Args:
        folder: the predecessor's cache, with the folders spy, chain and option.
        cache_dir: the cache to write to.
        keep_repeats: keep the underlying's filled seconds, as the predecessor counted them.
        on_start: called once with the number of sessions.
        on_session: called with each session when it is done.

    Raises:
        LegacyImportError: `folder` is no such cache.
        CacheError: the cache cannot be written to.
    """
    scan = scan_legacy_folder(folder)
    summary = ImportSummary(findings=list(scan.findings))
    if on_start is not None:
        on_start(len(scan.sessions))
    if mirror := mirror_of(cache_dir):
        for ticker in sorted({files.ticker for files in scan.sessions}):
            mirror.refresh(ticker)
    for files in scan.sessions:
        done = _import_session(files, cache_dir, keep_repeats, summary.findings)
        summary.sessions.append(done)
        if on_session is not None:
            on_session(done)
    return summary


def _import_session(
    files: LegacySession, cache_dir: Path | str, keep_repeats: bool, findings: list[Finding]
) -> ImportedSession:
    done = ImportedSession(ticker=files.ticker, date=files.date)
    folder = session_folder(cache_dir, files.ticker, files.date)
    if folder.exists() and session_source(folder) != SYNTHETIC and not is_partial(folder):
        done.outcome = "kept"
        return done
    try:
        frames = _read_session(files, keep_repeats, done, findings)
        _require_sound(files, frames)
    except (CacheError, DateRangeError) as error:
        _refuse(f"{files.ticker} {files.date}", error, findings)
        return done
    done.outcome = "written" if _write(files, frames, cache_dir, keep_repeats) else "kept"
    return done


def _read_session(
    files: LegacySession, keep_repeats: bool, done: ImportedSession, findings: list[Finding]
) -> dict[str, pd.DataFrame]:
    """Read the three tables of a session, and count into `done`."""
    if files.underlying is None or files.chain is None:
        missing = "underlying" if files.underlying is None else "chain"
        raise LegacyImportError(
            f"no {missing} stored",
            expected="a file in spy and one in chain",
            remedy="fetch the session with `rorq download RANGE`",
        )
    underlying, done.repeats_dropped = underlying_bars(files.underlying, keep_repeats=keep_repeats)
    chain = chain_table(files.chain)
    contracts = []
    for ticker, path in sorted(files.options.items()):
        try:
            bars, fills = option_bars(path, ticker)
        except LegacyImportError as error:
            _refuse(f"{files.ticker} {files.date}", error, findings)
            continue
        done.fills_dropped += fills
        if bars.empty:
            message = "no bars"
            findings.append(Finding(subject=f"option/{path.name}", message=message, is_error=False))
        else:
            contracts.append(bars)
    options = pd.concat(contracts) if contracts else FILE_SCHEMAS[OPTIONS_FILE].empty_table()
    if isinstance(options, pa.Table):
        options = options.to_pandas()
    done.underlying_bars, done.contracts = len(underlying), len(contracts)
    done.option_bars = len(options)
    return {UNDERLYING_FILE: underlying, CHAIN_FILE: chain, OPTIONS_FILE: options}


def _require_sound(files: LegacySession, frames: dict[str, pd.DataFrame]) -> None:
    """Refuse what the engine would refuse, before anything is written."""
    align_session(
        frames[UNDERLYING_FILE],
        frames[CHAIN_FILE],
        frames[OPTIONS_FILE],
        ticker=files.ticker,
        day=files.date,
        source=LEGACY,
        fingerprint="",
    )


def _write(
    files: LegacySession,
    frames: dict[str, pd.DataFrame],
    cache_dir: Path | str,
    keep_repeats: bool,
) -> bool:
    tables = {
        name: pa.Table.from_pandas(frames[name], schema, preserve_index=False)
        for name, schema in FILE_SCHEMAS.items()
    }
    try:
        return write_session(
            cache_dir,
            files.ticker,
            files.date,
            tables,
            source=LEGACY,
            extra_metadata={_REPEATS_KEY: "kept" if keep_repeats else "dropped"},
        )
    except OSError as error:
        raise CacheError(
            f"session {files.ticker} {files.date} cannot be written to {cache_dir} "
            f"({error.strerror})",
            expected="a folder that can be written to, with room for 2 MB a session",
            remedy="free space or correct the permissions, then run the command again",
        ) from error


def _refuse(subject: str, error: Exception, findings: list[Finding]) -> None:
    findings.append(Finding(subject=subject, message=str(error), is_error=True))
