"""Month records of the walk-forward matrix as files, and one sum over the oldest months.

`FOLDER/TICKER/IDENTITY/2023-01.npz` is a record; the identity is a hash of what its cells depend
on and of the policies. A file appears whole or not at all; one that is damaged or of other data
counts as absent. The folder may be removed at any time; it is kept below a size, the identities
used longest ago go first.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from optimize.choice.policies import Policy
from optimize.choice.walk_forward_matrix import Chains, MonthRecord
from strategy.derived_files import DAMAGE, keep_below, mark_used
from strategy.surface.cell_files import plan_identity
from strategy.surface.cells import GridSums
from strategy.surface.compute import SurfacePlan
from strategy.whole_file import written_whole

FORMAT_VERSION = 1  # grows whenever a rule would choose otherwise, or a record holds something else
MAX_FOLDER_BYTES = 1024**3  # a decade of records and the sum take some 30 MiB
_SUM_FILE = "sum.npz"
_RECORD_NAMES = {field.name for field in fields(MonthRecord)}
_SUM_NAMES = {"month", "chain", *(field.name for field in fields(GridSums))}


class MatrixFiles:
    """The records of one plan, one ticker and one list of policies."""

    def __init__(
        self, folder: Path | str, ticker: str, plan: SurfacePlan, policies: Sequence[Policy]
    ) -> None:
        identity = [FORMAT_VERSION, plan_identity(plan), [p.to_json_dict() for p in policies]]
        digest = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:12]
        self._root = Path(folder)
        self._folder = self._root / ticker / digest
        mark_used(self._folder)

    def record(self, month: str, chain: str) -> MonthRecord | None:
        """Return a month's record of just this data."""
        values = _read(self._folder / f"{month}.npz", _RECORD_NAMES)
        if values is None or str(values["chain"]) != chain:
            return None
        plain = {
            "month": str(values["month"]),
            "chain": chain,
            "dates": tuple(date.fromisoformat(str(day)) for day in values["dates"]),
        }
        return MonthRecord(**values | plain)

    def keep(self, record: MonthRecord) -> None:
        """Keep a month's record."""
        values = {field.name: getattr(record, field.name) for field in fields(MonthRecord)}
        values["dates"] = [day.isoformat() for day in record.dates]
        _write(self._folder / f"{record.month}.npz", values)

    def running_sum(self, chains: Chains) -> tuple[str, GridSums] | None:
        """Return the sum of all months up to one of these, of just this data."""
        values = _read(self._folder / _SUM_FILE, _SUM_NAMES)
        if values is None:
            return None
        month, chain = str(values.pop("month")), str(values.pop("chain"))
        if chains.get(month) != chain:
            return None
        return month, GridSums(**values | {"n_sessions": int(values["n_sessions"])})

    def keep_running_sum(self, month: str, chain: str, sums: GridSums) -> None:
        """Keep the sum of all months up to this one."""
        values = {field.name: getattr(sums, field.name) for field in fields(GridSums)}
        _write(self._folder / _SUM_FILE, {"month": month, "chain": chain, **values})
        keep_below(self._root, MAX_FOLDER_BYTES, spared=self._folder)


def _read(path: Path, names: set[str]) -> dict[str, Any] | None:
    """Return the arrays of a file, whose checksums hold; None where they are not those named."""
    try:
        with path.open("rb") as file:  # which np.load would leave open where it is damaged
            values = dict(np.load(file))
    except DAMAGE:
        return None
    return values if set(values) == names else None


def _write(path: Path, values: Mapping[str, Any]) -> None:
    with written_whole(path) as beside, beside.open("wb") as file:
        np.savez(file, **values)
