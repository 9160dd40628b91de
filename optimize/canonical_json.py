"""One text for equal values, for keys and digests."""

import json
from typing import Any

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and without spaces; equal values give equal texts."""
    return _ENCODER.encode(value)
