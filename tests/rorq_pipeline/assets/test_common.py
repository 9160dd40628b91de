import dagster as dg

from rorq_pipeline.assets.common import numbers


def test_numbers_are_rounded_for_the_eye_and_what_is_not_known_is_left_out() -> None:
    assert numbers({"a": 54.21686746987952, "b": 1_234_567, "c": None, "d": 1e-9 / 3}) == {
        "a": dg.MetadataValue.float(54.2169),
        "b": dg.MetadataValue.int(1_234_567),
        "d": dg.MetadataValue.float(3.33333e-10),
    }
