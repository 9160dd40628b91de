"""A surface as a Parquet file: one row a combination, in index order, with its values and sums.

The sums by block are not stored: computing the surface again takes less time than reading them.
"""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from strategy.errors import CorruptFileError
from strategy.space import SearchSpace
from strategy.surface.result import Surface, SurfaceSums
from strategy.whole_file import written_whole

_HEADER_KEY = b"rorq.surface"
_SUM_COLUMNS = ("total_trades", "missing_entries", "winners", "net_pnl_usd", "risk_usd")


def write_surface(surface: Surface, path: Path | str) -> None:
    """Write the totals of a surface; the file appears whole or not at all."""
    positions = np.indices(surface.shape, np.int16, sparse=True)
    columns = {
        name: pa.DictionaryArray.from_arrays(
            pa.array(np.broadcast_to(rows, surface.shape).ravel()), pa.array(surface.space[name])
        )
        for name, rows in zip(surface.space, positions, strict=True)
    }
    for name in _SUM_COLUMNS:
        columns[name] = pa.array(getattr(surface, name).ravel())
    objective = surface.return_on_risk_percent.ravel()
    columns["return_on_risk_percent"] = pa.array(objective.astype(np.float32))
    header = {
        "dimensions": surface.space.to_json_dict(),
        "fixed_params": surface.fixed_params,
        "engine_version": surface.engine_version,
        "data_fingerprint": surface.data_fingerprint,
        "session_dates": [day.isoformat() for day in surface.session_dates],
    }
    table = pa.table(columns).replace_schema_metadata({_HEADER_KEY: json.dumps(header).encode()})
    with written_whole(Path(path)) as beside:
        pq.write_table(table, beside, compression="zstd", write_page_checksum=True)


def read_surface(path: Path | str) -> Surface:
    """Read what `write_surface` wrote, as a surface of one block.

    Raises:
        CorruptFileError: the file is absent, damaged, or no surface.
    """
    try:
        table = pq.read_table(path, columns=list(_SUM_COLUMNS), page_checksum_verification=True)
        return _surface(table, json.loads(table.schema.metadata[_HEADER_KEY]))
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise CorruptFileError(
            f"{Path(path).name} is no readable surface ({type(error).__name__})",
            expected="a Parquet file that a surface was written to",
            remedy="compute the surface again",
        ) from None


def _surface(table: pa.Table, header: Mapping[str, Any]) -> Surface:
    space = SearchSpace.from_json_dict(header["dimensions"])
    totals = {name: table[name].to_numpy().reshape(space.shape) for name in _SUM_COLUMNS}
    dates = tuple(date.fromisoformat(text) for text in header["session_dates"])
    return Surface(
        space=space,
        fixed_params=header["fixed_params"],
        engine_version=header["engine_version"],
        data_fingerprint=header["data_fingerprint"],
        session_dates=dates,
        block_of_session=(0,) * len(dates),
        sums=SurfaceSums.from_totals(space, totals),
    )
