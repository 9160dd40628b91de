"""What stands where a session's file should be, and is none: refused by what it is, not read."""

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from strategy.errors import CorruptFileError
from strategy.market_data import load_session
from strategy.market_data.layout import list_sessions, session_folder, session_source
from strategy.market_data.reader import read_file
from strategy.market_data.schema import SOURCE_KEY, UNDERLYING_FILE, UNDERLYING_SCHEMA
from tests.strategy.market_data.sound_session import DAY, sound_tables, write_tables

pytestmark = pytest.mark.timeout(20)
N_ROWS = 86_401


def pipe(path: Path) -> None:
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def folder(path: Path) -> None:
    path.mkdir()


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(3_000_000_000)


def crowded(path: Path) -> None:
    """Few bytes, more rows than a day has seconds."""
    zeros = pa.array(np.zeros(N_ROWS, "int64"))
    columns = [zeros.view(field.type) for field in UNDERLYING_SCHEMA]
    schema = UNDERLYING_SCHEMA.with_metadata({SOURCE_KEY: b"polygon"})
    pq.write_table(pa.table(columns, schema=schema), path)


ODD = [
    (pipe, "is a named pipe, not a file"),
    (endless, "is a device, not a file"),
    (folder, "is a folder, not a file"),
    (sparse, "has 3,000,000,000 bytes, more than the 2,000,000,000 of any session"),
    (crowded, "states 86,401 rows; expected at most 86,400 in a session"),
]


@pytest.mark.parametrize(("put", "said"), ODD)
def test_what_is_no_session_file_is_refused_before_it_is_read(
    tmp_path: Path, put: Callable[[Path], None], said: str
) -> None:
    write_tables(tmp_path, sound_tables())
    path = session_folder(tmp_path, "SPY", DAY) / UNDERLYING_FILE
    path.unlink()
    put(path)
    with pytest.raises(CorruptFileError, match=said):
        read_file(path)
    with pytest.raises(CorruptFileError, match=said):
        load_session(tmp_path, "SPY", DAY)
    assert session_source(path.parent) == "polygon"  # what can be read says


def test_a_link_in_a_circle_hides_no_other_session(tmp_path: Path) -> None:
    write_tables(tmp_path, sound_tables())
    other = date(2023, 1, 9)
    loop = session_folder(tmp_path, "SPY", other)
    loop.symlink_to(loop.name)
    assert list_sessions(tmp_path, "SPY") == sorted([DAY, other])
    with pytest.raises(CorruptFileError, match=f"SPY/{other}/{UNDERLYING_FILE} Too many levels"):
        load_session(tmp_path, "SPY", other)
    load_session(tmp_path, "SPY", DAY)
