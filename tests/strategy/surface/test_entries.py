"""The entries of all sets against a walk second by second that looks at one set."""

from random import Random

import numpy as np
import pytest

from strategy.kernels.codes import ABOVE, BELOW
from strategy.kernels.surface_entries import collect_entries, find_runs

N_SECONDS = 400
WINDOWS = [(0, 90), (-5, N_SECONDS + 50), (60, 60), (200, 390)]
STRETCHES = [0.25, 0.5, 0.125]  # powers of two, so that prices meet the thresholds exactly
PARTS = [1.0, 0.5, 0.0]
COOLDOWNS = [1, 7, 300]


def prices_of(random: Random, n_unknown: int) -> tuple[np.ndarray, np.ndarray]:
    """A close that steps by halves around an average of 8, both unknown at first."""
    distance, distances = 0.0, []
    for _ in range(N_SECONDS):
        step = random.choice((-1.0, -0.5, 0.0, 0.5, 1.0))
        distance += step if abs(distance + step) <= 5 else -step
        distances.append(distance)
    close = 8 + np.array(distances)
    average = np.full(N_SECONDS, 8.0)
    close[: n_unknown // 2] = np.nan
    average[:n_unknown] = np.nan
    return close, average


def is_stretch(close: float, average: float, threshold: float, side: int) -> bool:
    if side == BELOW:
        return close < average * (1 - threshold)
    return close > average * (1 + threshold)


def is_reclaim(close: float, average: float, threshold: float, side: int) -> bool:
    if side == BELOW:
        return close >= average * (1 - threshold)
    return close <= average * (1 + threshold)


def entries_of(close, average, window, stretch, reclaim, cooldown, cutoff):  # type: ignore[no-untyped-def]
    found = []
    for side in (BELOW, ABOVE):
        latest = None
        for i in range(max(window[0], 0), min(window[1], N_SECONDS - 1) + 1):
            if not is_stretch(close[i], average[i], stretch, side):
                continue
            if latest is not None and i - latest < cooldown:
                continue
            latest = i
            for j in range(i + 1, min(i + cooldown, N_SECONDS - 1) + 1):
                if is_reclaim(close[j], average[j], reclaim, side):
                    if j < cutoff:
                        found.append((j, side))
                    break
    return found


@pytest.mark.parametrize("seed", range(12))
def test_every_set_has_the_entries_of_a_walk_second_by_second(seed: int) -> None:
    random = Random(seed)
    close, average = prices_of(random, n_unknown=random.choice((0, 1, 40)))
    cutoff = random.choice((150, N_SECONDS + 100))
    reclaims = np.array([[part * stretch for part in PARTS] for stretch in STRETCHES])
    seconds, sides, offsets, entries = collect_entries(
        close, average, *np.array(WINDOWS).T.copy(), np.array(STRETCHES), reclaims,
        np.array(COOLDOWNS), cutoff,
    )  # fmt: skip
    pairs = list(zip(seconds.tolist(), sides.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs) > 5
    row = 0
    for window in WINDOWS:
        for stretch, of_stretch in zip(STRETCHES, reclaims, strict=True):
            for reclaim in of_stretch:
                for cooldown in COOLDOWNS:
                    found = [pairs[entry] for entry in entries[offsets[row] : offsets[row + 1]]]
                    assert found == entries_of(
                        close, average, window, stretch, reclaim, cooldown, cutoff
                    )
                    row += 1
    assert row == len(offsets) - 1


def test_prices_that_are_never_known_have_no_runs() -> None:
    nothing = np.full(5, np.nan)
    offsets, starts, ends = find_runs(nothing, nothing, BELOW, np.array([0.0, 0.1]))
    assert offsets.tolist() == [0, 0, 0]
    assert (len(starts), len(ends)) == (0, 0)


def test_the_plain_twin_finds_the_same_runs() -> None:
    close, average = prices_of(Random(3), n_unknown=2)
    levels = np.array([0.0, 0.125, 0.25, 0.5])
    for side in (BELOW, ABOVE):
        plain = find_runs.py_func(close, average, side, levels)
        for ours, other in zip(find_runs(close, average, side, levels), plain, strict=True):
            assert np.array_equal(ours, other)
