"""The predecessor's cache folder: which files belong to which session.

`spy/SPY_2023-01-03.pkl` is the underlying, `chain/SPY_chain_2023-01-03.pkl` the contracts that
expire on the day, `option/2023-01-03_OSPY230103C00380000.pkl` one contract's bars. Beside them lie
empty files that end in `.lock`, left behind by whoever asked for the file.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from strategy.errors import LegacyImportError

_DATE = r"(?P<date>\d{4}-\d{2}-\d{2})"
_TICKER = r"(?P<ticker>[A-Z][A-Z0-9.]{0,15})"
_CONTRACT = r"O(?P<contract>(?P<root>[A-Z][A-Z0-9]{0,15}?)\d{6}[CP]\d{8})"
_FILE_NAMES = {
    "spy": re.compile(rf"{_TICKER}_{_DATE}\.pkl(?P<lock>\.lock)?"),
    "chain": re.compile(rf"{_TICKER}_chain_{_DATE}\.pkl(?P<lock>\.lock)?"),
    "option": re.compile(rf"{_DATE}_{_CONTRACT}\.pkl(?P<lock>\.lock)?"),
}  # folder -> names of its files


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing about one file or session that the user should know."""

    subject: str  # spy/SPY_2023-01-06.pkl.lock, or SPY 2023-01-06
    message: str
    is_error: bool

    def __str__(self) -> str:
        return f"{self.subject}: {self.message}"


@dataclass(kw_only=True)
class LegacySession:
    """The files of one session."""

    ticker: str
    date: date
    underlying: Path | None = None
    chain: Path | None = None
    options: dict[str, Path] = field(default_factory=dict)  # contract ticker -> file


@dataclass(frozen=True, kw_only=True)
class LegacyFolder:
    """What a scan found: sessions in order of date, and what is no data."""

    sessions: list[LegacySession]
    findings: list[Finding]


def scan_legacy_folder(folder: Path | str) -> LegacyFolder:
    """Sort the files of the predecessor's cache by session, without opening any.

    Raises:
        LegacyImportError: `folder` is no such cache.
    """
    folder = Path(folder)
    if not any((folder / name).is_dir() for name in _FILE_NAMES):
        raise LegacyImportError(
            f"{folder} holds none of the folders {', '.join(_FILE_NAMES)}",
            expected="the cache folder of the predecessor",
            remedy="give the folder that these lie in",
        )
    sessions: dict[tuple[date, str], LegacySession] = {}
    findings: list[Finding] = []
    options: list[tuple[date, str, str, Path]] = []
    for kind, path, match in _files(folder, findings):
        day = date.fromisoformat(match["date"])
        if kind == "option":
            options.append((day, match["root"], f"O:{match['contract']}", path))
            continue
        ticker = match["ticker"]
        session = sessions.setdefault((day, ticker), LegacySession(ticker=ticker, date=day))
        setattr(session, "underlying" if kind == "spy" else "chain", path)
    _hand_out_options(options, sessions, findings)
    return LegacyFolder(sessions=[sessions[key] for key in sorted(sessions)], findings=findings)


def _files(folder: Path, findings: list[Finding]) -> Iterator[tuple[str, Path, "re.Match[str]"]]:
    """Data files by kind; what is none becomes a finding."""
    for kind, pattern in _FILE_NAMES.items():
        for path in sorted((folder / kind).glob("*")):
            subject = f"{kind}/{path.name}"
            match = pattern.fullmatch(path.name)
            if match is None or not _is_date(match["date"]) or not path.is_file():
                findings.append(_note(subject, "not a file of the predecessor's cache"))
            elif match["lock"] is None:
                yield kind, path, match
            elif not path.with_suffix("").exists():
                findings.append(_note(subject, "a lock without data: asked for, but never stored"))


def _hand_out_options(
    options: list[tuple[date, str, str, Path]],
    sessions: dict[tuple[date, str], LegacySession],
    findings: list[Finding],
) -> None:
    """Give each contract to the session of its day and underlying."""
    by_root = {(day, ticker.replace(".", "")): s for (day, ticker), s in sessions.items()}
    for day, root, contract, path in options:
        session = by_root.get((day, root))
        if session is None:
            findings.append(_note(f"option/{path.name}", f"no underlying {root} on {day}"))
        else:
            session.options[contract] = path


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _note(subject: str, message: str) -> Finding:
    return Finding(subject=subject, message=message, is_error=False)
