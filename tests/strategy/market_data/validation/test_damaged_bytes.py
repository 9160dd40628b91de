"""Damaged bytes in each file: refused with a reason, or read as if nothing had happened."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from strategy.errors import CacheError
from strategy.market_data import SessionFrames, load_session, read_session_frames
from strategy.market_data.schema import CHAIN_FILE, FILE_SCHEMAS, OPTIONS_FILE, UNDERLYING_FILE
from strategy.market_data.validation import RULES_BY_NAME
from tests.strategy.market_data.sound_session import (
    DAY,
    as_arrow,
    sound_tables,
    write_tables,
)
from tests.strategy.market_data.validation.verdicts import is_refused, validated

CASES_A_FILE = 60
MANY_CASES_A_FILE = 600
FOOTER_BYTES = 3000  # where a flip hurts most: no page checksum guards it

Damage = Callable[[random.Random, bytes], bytes]


def flip_bit(rng: random.Random, data: bytes) -> bytes:
    return _flipped(data, rng.randrange(len(data)), rng)


def flip_bit_in_footer(rng: random.Random, data: bytes) -> bytes:
    return _flipped(data, len(data) - 1 - rng.randrange(min(len(data), FOOTER_BYTES)), rng)


def overwrite_block(rng: random.Random, data: bytes) -> bytes:
    start, length = rng.randrange(len(data)), rng.choice((1, 8, 64, 512))
    block = rng.choice((bytes(length), rng.randbytes(length)))
    return (data[:start] + block)[: len(data)] + data[start + length :]


def cut_end(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.choice((0, 3, 8, len(data) - 1, rng.randrange(len(data))))]


def cut_middle(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.randrange(1, 100) :]


def insert_bytes(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + rng.randbytes(rng.randrange(1, 100)) + data[start:]


DAMAGES = (flip_bit, flip_bit_in_footer, overwrite_block, cut_end, cut_middle, insert_bytes)


def _flipped(data: bytes, position: int, rng: random.Random) -> bytes:
    changed = bytearray(data)
    changed[position] ^= 1 << rng.randrange(8)
    return bytes(changed)


def same_content(one: SessionFrames, other: SessionFrames) -> bool:
    return all(
        getattr(one, name).equals(getattr(other, name))
        for name in ("underlying", "chain", "options")
    )


def check_damage(cache_dir: Path, name: str, n_cases: int) -> None:
    """Damage one file in many ways; each is refused with an error finding, or changes nothing."""
    path = write_tables(cache_dir, sound_tables()) / name
    sound, data = read_session_frames(cache_dir, "SPY", DAY), path.read_bytes()
    rng = random.Random(f"{name} {n_cases}")
    n_refused = 0
    for case in range(n_cases):
        damage = DAMAGES[case % len(DAMAGES)]
        path.write_bytes(damage(rng, data))
        report = validated(cache_dir)
        refused = is_refused(cache_dir)
        n_refused += refused
        assert refused == bool(report.errors), (case, damage.__name__, report.findings)
        assert all(finding.rule in RULES_BY_NAME for finding in report.errors)
        assert refused or same_content(sound, read_session_frames(cache_dir, "SPY", DAY)), (
            f"case {case}: {damage.__name__} of {name} passes silently"
        )
    assert n_refused > n_cases / 2


@pytest.mark.parametrize("name", FILE_SCHEMAS)
def test_damaged_bytes_are_refused_or_harmless(tmp_path: Path, name: str) -> None:
    check_damage(tmp_path, name, CASES_A_FILE)


@pytest.mark.slow
@pytest.mark.parametrize("name", FILE_SCHEMAS)
def test_many_damaged_bytes_are_refused_or_harmless(tmp_path: Path, name: str) -> None:
    check_damage(tmp_path, name, MANY_CASES_A_FILE)


@pytest.mark.parametrize("name", FILE_SCHEMAS)
def test_file_without_checksum_is_refused_or_told_as_unknown(tmp_path: Path, name: str) -> None:
    """Files of another writer have no checksum: no traceback, and never without a finding."""
    tables = sound_tables()
    folder = write_tables(tmp_path, tables)
    for other, table in tables.items():
        pq.write_table(as_arrow(other, table), folder / other, compression="none")
    data = (folder / name).read_bytes()
    fingerprint = read_session_frames(tmp_path, "SPY", DAY).fingerprint
    rng = random.Random(name)
    for _ in range(CASES_A_FILE):
        changed = rng.choice(DAMAGES)(rng, data)
        (folder / name).write_bytes(changed)
        report = validated(tmp_path)
        assert is_refused(tmp_path) == bool(report.errors)
        assert report.errors or "unknown_source" in {f.rule for f in report.warnings}
        assert changed == data or report.records[0].fingerprint != fingerprint


def test_absent_file_is_unreadable(tmp_path: Path) -> None:
    for name in FILE_SCHEMAS:
        folder = write_tables(tmp_path, sound_tables())
        (folder / name).unlink()
        (error,) = validated(tmp_path).errors
        assert (error.rule, error.file) == ("unreadable_file", name)
        assert "absent" in error.example
        assert is_refused(tmp_path)


def test_folder_without_files_is_unreadable(tmp_path: Path) -> None:
    folder = write_tables(tmp_path, sound_tables())
    shutil.rmtree(folder)
    folder.mkdir()
    assert {error.rule for error in validated(tmp_path).errors} == {"unreadable_file"}
    assert is_refused(tmp_path)


def test_file_that_is_a_folder_is_unreadable(tmp_path: Path) -> None:
    folder = write_tables(tmp_path, sound_tables())
    (folder / CHAIN_FILE).unlink()
    (folder / CHAIN_FILE).mkdir()
    (error,) = validated(tmp_path).errors
    assert (error.rule, error.file) == ("unreadable_file", CHAIN_FILE)
    assert is_refused(tmp_path)


def test_files_in_each_others_place_have_a_wrong_schema(tmp_path: Path) -> None:
    folder = write_tables(tmp_path, sound_tables())
    shutil.copy(folder / CHAIN_FILE, folder / OPTIONS_FILE)
    (error,) = validated(tmp_path).errors
    assert (error.rule, error.file) == ("wrong_schema", OPTIONS_FILE)
    assert is_refused(tmp_path)


def test_file_that_is_no_parquet_is_unreadable(tmp_path: Path) -> None:
    folder = write_tables(tmp_path, sound_tables())
    (folder / UNDERLYING_FILE).write_text("timestamp,open,high,low,close\n")
    (error,) = validated(tmp_path).errors
    assert error.rule == "unreadable_file"
    with pytest.raises(CacheError, match=r"SPY/2023-01-03/underlying\.parquet cannot be read"):
        load_session(tmp_path, "SPY", DAY)
