"""From the records of a pickled pandas table to its columns, without any code of the pickle.

The layout is that of pandas 1.1 to 2: a table has blocks of columns of one type, each with the
places of its columns, and two axes, of which the first names the columns.
"""

import math
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from strategy.errors import LegacyImportError
from strategy.market_data.legacy.unpickling import Recorder, read_records

_PLAIN_TYPES = frozenset(f"{kind}{size}" for kind in "iuf" for size in (1, 2, 4, 8)) | {"b1"}
_TIME_UNITS = frozenset({"s", "ms", "us", "ns"})


class _UnexpectedLayoutError(ValueError):
    """The records are not those of a pandas table."""


def read_legacy_frame(path: Path) -> pd.DataFrame:
    """Read one pickled table; times with a zone come as UTC.

    Raises:
        LegacyImportError: the file is damaged, not admitted, or holds something else.
    """
    records = read_records(path)
    try:
        return _table(records)
    except (_UnexpectedLayoutError, LookupError, TypeError, ValueError, OverflowError) as error:
        reason = " ".join(str(error).split())[:120]
        raise LegacyImportError(
            f"{path.parent.name}/{path.name} holds no table that can be read ({reason})",
            expected="a pandas table of numbers, texts and times",
            remedy="remove it, and fetch its session again",
        ) from None


def _table(record: Any) -> pd.DataFrame:
    state = _require(record, "table").state
    manager = state["_mgr"] if "_mgr" in state else state["_data"]
    blocks, axes = _blocks_and_axes(_require(manager, "blocks"))
    names = _index_values(axes[0])
    columns: dict[str, Any] = {}
    for values, places in blocks:
        rows, row_numbers = _block_rows(values), _places(places, len(names))
        if len(rows) != len(row_numbers):
            raise _UnexpectedLayoutError("a block with other columns than it has places")
        columns |= {str(names[i]): row for i, row in zip(row_numbers, rows, strict=True)}
    lengths = {len(column) for column in columns.values()}
    if len(lengths) > 1 or len(columns) != len(names):
        raise _UnexpectedLayoutError("columns that are missing or of unequal length")
    return pd.DataFrame({str(name): columns[str(name)] for name in names})


def _blocks_and_axes(manager: Recorder) -> tuple[list[tuple[Any, Any]], Any]:
    """Blocks as (values, places), and the axes, of pandas 1.3 and later, else of earlier ones."""
    if manager.arguments:
        blocks, axes = manager.arguments[:2]
        records = [_require(block, "block").arguments for block in blocks]
        return [(arguments[0], arguments[1]) for arguments in records], axes
    stored = manager.state[3]["0.14.1"]
    return [(block["values"], block["mgr_locs"]) for block in stored["blocks"]], stored["axes"]


def _block_rows(record: Any) -> list[Any]:
    """Columns of a block, each one-dimensional."""
    if isinstance(record, Recorder) and record.role == "times":
        return _zoned_times(record)
    values = _array(record)
    return list(values) if values.ndim == 2 else [values]


def _zoned_times(record: Recorder) -> list[pd.DatetimeIndex]:
    state = record.state if record.state is not None else record.arguments[2]
    parts = [part for part in state if isinstance(part, Recorder)]
    zoned = any(part.role == "zoned time type" for part in parts)
    (values,) = (_array(part) for part in parts if part.role.startswith("array"))
    if not zoned:
        raise _UnexpectedLayoutError("times without a time zone")
    rows = list(values) if values.ndim == 2 else [values]
    return [pd.DatetimeIndex(row, tz="UTC") for row in rows]


def _array(record: Any) -> npt.NDArray[Any]:
    if _is(record, "array of bytes"):
        content, number_type, shape, order = record.arguments
        return _from_bytes(content, _number_type(number_type), shape, str(order))
    state = _require(record, "array").state
    _, shape, number_type, is_fortran, content = state
    order = "F" if is_fortran else "C"
    if _type_code(number_type) == "O8":
        return _objects(content, shape, order)
    return _from_bytes(content, _number_type(number_type), shape, order)


def _from_bytes(
    content: Any, number_type: np.dtype[Any], shape: Any, order: str
) -> npt.NDArray[Any]:
    if not isinstance(content, bytes | bytearray) or order not in ("C", "F"):
        raise _UnexpectedLayoutError("an array without its bytes")
    values = np.frombuffer(bytes(content), dtype=number_type)
    return _shaped(values, shape, order)


def _objects(content: Any, shape: Any, order: str) -> npt.NDArray[Any]:
    values = np.empty(len(content), dtype=object)
    values[:] = [_plain_value(value) for value in content]
    return _shaped(values, shape, order)


def _shaped(values: npt.NDArray[Any], shape: Any, order: str) -> npt.NDArray[Any]:
    sizes = tuple(int(size) for size in (shape if isinstance(shape, tuple) else (shape,)))
    if len(sizes) not in (1, 2) or min(sizes) < 0 or math.prod(sizes) != values.size:
        raise _UnexpectedLayoutError(f"an array of {values.size} values and the shape {sizes}")
    return values.reshape(sizes, order="F" if order == "F" else "C")


def _plain_value(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if _is(value, "date"):
        stored = value.arguments[0]
        return date(stored[0] * 256 + stored[1], stored[2], stored[3])
    if _is(value, "number"):
        number_type, content = value.arguments
        return np.frombuffer(bytes(content), dtype=_number_type(number_type))[0]
    raise _UnexpectedLayoutError(f"a cell of type {getattr(value, 'role', type(value).__name__)}")


def _number_type(record: Any) -> np.dtype[Any]:
    code = _type_code(record)
    byte_order = record.state[1] if record.state is not None else "|"
    if byte_order not in ("<", ">", "=", "|"):
        raise _UnexpectedLayoutError(f"the byte order {byte_order!r}")
    if code in _PLAIN_TYPES:
        return np.dtype(f"{byte_order}{code}")
    if code == "M8":
        unit = bytes(record.state[-1][1][0]).decode("ascii")
        if unit in _TIME_UNITS:
            return np.dtype(f"{byte_order}M8[{unit}]")
    raise _UnexpectedLayoutError(f"the type {code!r}")


def _type_code(record: Any) -> str:
    return str(_require(record, "number type").arguments[0])


def _places(record: Any, n_columns: int) -> list[int]:
    if _is(record, "slice"):
        return list(range(*slice(*record.arguments).indices(n_columns)))
    return [int(place) for place in _array(record)]


def _index_values(record: Any) -> list[Any]:
    _, state = _require(record, "index").arguments
    return list(_array(state["data"]))


def _is(record: Any, role: str) -> bool:
    return isinstance(record, Recorder) and record.role == role


def _require(record: Any, role: str) -> Recorder:
    if not _is(record, role):
        found = record.role if isinstance(record, Recorder) else type(record).__name__
        raise _UnexpectedLayoutError(f"{found or 'nothing'} where a {role} was expected")
    found_record: Recorder = record
    return found_record
