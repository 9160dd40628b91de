"""docs/cache_format.md says what the schemas say."""

import re
from pathlib import Path

import pytest

from strategy.market_data.integrity import CHECKSUM_KEY
from strategy.market_data.sample.generate import SampleSettings
from strategy.market_data.schema import FILE_SCHEMAS, FORMAT_VERSION_KEY, SOURCE_KEY

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "cache_format.md"


def _documented_columns(file_name):
    _, after = DOCUMENT.read_text().split(f"\n`{file_name}`\n\n", 1)
    section = after.split("\n\n", 1)[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", section, flags=re.MULTILINE)
    return dict(rows)


@pytest.mark.parametrize("file_name", list(FILE_SCHEMAS))
def test_columns_and_types_are_those_of_the_schema(file_name):
    schema = FILE_SCHEMAS[file_name]
    expected = {field.name: str(field.type) for field in schema}
    assert _documented_columns(file_name) == expected


def test_metadata_keys_are_named():
    text = DOCUMENT.read_text()
    keys = [SOURCE_KEY.decode(), FORMAT_VERSION_KEY.decode(), CHECKSUM_KEY.decode()]
    for key in (*keys, *SampleSettings().metadata, "rorq.repeats"):
        assert f"`{key}`" in text
