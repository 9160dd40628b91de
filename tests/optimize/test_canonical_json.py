import pytest

from optimize.canonical_json import canonical_json


def test_canonical_json_refuses_what_json_cannot_hold():
    assert canonical_json({"b": 1, "a": [1.5, None]}) == '{"a":[1.5,null],"b":1}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(float("nan"))
