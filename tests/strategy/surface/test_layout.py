"""A dimension that the kernel has no axis for is searched exactly all the same."""

import subprocess
import sys

import numpy as np

from strategy.surface.layout import EXIT_AXES, RISK_AXIS, in_public_order, in_stored_order
from tests.strategy.surface.made_surfaces import SPACE


def test_a_line_more_in_the_search_space_is_a_dimension_of_everything() -> None:
    command = [sys.executable, "-m", "tests.strategy.surface.tenth_dimension"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.stdout == "agreed\n", result.stderr


def test_stored_and_public_order_are_inverse() -> None:
    public = np.arange(SPACE.size, dtype=float).reshape(SPACE.shape)
    stored = in_stored_order(public, SPACE)
    again = in_public_order(stored.reshape(*stored.shape[:3], -1), SPACE)
    assert np.array_equal(again[0], public)
    stops = stored[:, :, :, 0, :, 0]
    risk = in_public_order(np.ascontiguousarray(stops), SPACE, (RISK_AXIS,))[0]
    held = {name: 0 for name in EXIT_AXES if name != RISK_AXIS}
    at_first = tuple(held.get(name, slice(None)) for name in SPACE)
    assert np.array_equal(risk[at_first], public[at_first])
    assert (np.diff(risk, axis=SPACE.axis("take_profit_percent")) == 0).all()
