import pytest

from strategy.whole_file import written_whole


def test_the_new_file_takes_the_place_of_the_former_when_it_is_whole(tmp_path):
    path = tmp_path / "folder" / "artifact.json"
    with written_whole(path) as beside:
        beside.write_text("one")
        assert not path.exists()
        assert (beside.parent, beside.suffix) == (path.parent, ".json")
    with written_whole(path) as beside:
        beside.write_text("two")
        assert path.read_text() == "one"
    assert path.read_text() == "two"
    assert path.stat().st_mode & 0o777 == 0o644
    assert [p.name for p in path.parent.iterdir()] == ["artifact.json"]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_after_an_error_the_former_file_stands_alone(tmp_path, error):
    path = tmp_path / "artifact.json"
    path.write_text("one")

    def write_half():
        with written_whole(path) as beside:
            beside.write_text("tw")
            raise error

    with pytest.raises(error):
        write_half()
    assert path.read_text() == "one"
    assert [p.name for p in tmp_path.iterdir()] == ["artifact.json"]
