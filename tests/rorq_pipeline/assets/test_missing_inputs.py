"""What assets make of a chain's results while inputs that they can do without are not there."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from rorq_pipeline.assets import ASSETS
from rorq_pipeline.dagster_support.partitions import BACKTEST_RANGE, PARTITION_SET
from rorq_pipeline.definitions import RESOURCES
from tests.rorq_pipeline.chain_made import FIRST, Chain
from tests.rorq_pipeline.conftest import plain

pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("in_chain")]
