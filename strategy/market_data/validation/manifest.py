"""The manifest: one row a session, as a DataFrame that survives Parquet, and back to records.

Lists and findings are JSON text. The manifest's version is a column; a manifest of another version
is not taken over, its sessions are validated again.
"""

import json
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

import pandas as pd

from strategy.errors import CorruptFileError
from strategy.market_data.validation.findings import Finding
from strategy.market_data.validation.record import SessionRecord

MANIFEST_VERSION = 2

_TIMES = ("first_bar_utc", "last_bar_utc")
_TIME_TYPE = "datetime64[ms, UTC]"
_TYPES = {str: "str", int: "int64", float: "float64", bool: "bool"}
_DERIVED = ("manifest_version", "errors", "warnings")
_FIELDS = tuple(field.name for field in fields(SessionRecord))
MANIFEST_COLUMNS = (*_FIELDS, *_DERIVED)


def manifest_of(records: Iterable[SessionRecord]) -> pd.DataFrame:
    """One row a record, with `MANIFEST_COLUMNS`."""
    rows = [_row(record) for record in records]
    frame = pd.DataFrame(rows, columns=list(MANIFEST_COLUMNS))
    types = {f.name: _TYPES[f.type] for f in fields(SessionRecord) if f.type in _TYPES}
    types |= dict.fromkeys(_TIMES, _TIME_TYPE) | dict.fromkeys(_DERIVED, "int64")
    return frame.astype(types | dict.fromkeys(("missing_contracts", "findings"), "str"))


def records_of(manifest: pd.DataFrame) -> list[SessionRecord]:
    """The records of a manifest; none if it is of another version.

    Raises:
        CorruptFileError: it says that it is of this version and is not.
    """
    if (
        "manifest_version" not in manifest
        or (manifest["manifest_version"] != MANIFEST_VERSION).any()
    ):
        return []
    try:
        return [_record(row) for row in manifest[list(_FIELDS)].to_dict("records")]
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptFileError(
            f"the manifest cannot be read ({type(error).__name__}: {error})",
            expected=f"a manifest of version {MANIFEST_VERSION}",
            remedy="remove it; the sessions are then validated again",
        ) from None


def _row(record: SessionRecord) -> dict[str, Any]:
    values = {name: getattr(record, name) for name in (*_FIELDS, "errors", "warnings")}
    values["missing_contracts"] = json.dumps(record.missing_contracts)
    values["findings"] = json.dumps([finding.to_json_dict() for finding in record.findings])
    return {**values, "manifest_version": MANIFEST_VERSION}


def _record(row: dict[Any, Any]) -> SessionRecord:
    times = {name: None if pd.isna(row[name]) else row[name].to_pydatetime() for name in _TIMES}
    findings = tuple(Finding.from_json_dict(values) for values in json.loads(row["findings"]))
    missing = tuple(json.loads(row["missing_contracts"]))
    return SessionRecord(**{**row, **times, "findings": findings, "missing_contracts": missing})
