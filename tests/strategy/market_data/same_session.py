"""Whether two sessions are the same, bit for bit."""

from dataclasses import fields

import numpy as np

from strategy.session import SessionData


def is_same_session(one: SessionData, other: SessionData) -> bool:
    """Every field: arrays by dtype, shape and bytes, so that NaN equals itself."""
    pairs = [(getattr(one, f.name), getattr(other, f.name)) for f in fields(SessionData)]
    return all(
        (left.dtype, left.shape, left.tobytes()) == (right.dtype, right.shape, right.tobytes())
        if isinstance(left, np.ndarray)
        else left == right and type(left) is type(right)
        for left, right in pairs
    )
