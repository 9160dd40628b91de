"""Pickles that would run code are refused by name, and nothing of them ran."""

import pickle
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategy.errors import LegacyImportError
from strategy.market_data.legacy.frame import read_legacy_frame
from strategy.market_data.legacy.unpickling import Recorder, read_records
from tests.strategy.market_data.legacy import legacy_folder


class _Call:
    """Pickles as a call."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def _text(value):
    """A short text as protocol 4 writes it."""
    content = value.encode()
    return b"\x8c" + bytes([len(content)]) + content


def _named_call(module, name, argument, protocol=4):
    """A pickle that calls module.name with one text."""
    if protocol == 0:
        return f"c{module}\n{name}\n(S'{argument}'\ntR.".encode()
    return b"\x80\x04" + _text(module) + _text(name) + b"\x93" + _text(argument) + b"\x85R."


NAMES = [
    ("os", "system"),
    ("posix", "system"),
    ("builtins", "eval"),
    ("builtins", "exec"),
    ("builtins", "getattr"),
    ("builtins", "__import__"),
    ("builtins", "open"),
    ("__builtin__", "eval"),
    ("subprocess", "Popen"),
    ("subprocess", "check_output"),
    ("copyreg", "_reconstructor"),
    ("copyreg", "__newobj__"),
    ("functools", "partial"),
    ("functools", "reduce"),
    ("operator", "attrgetter"),
    ("operator", "methodcaller"),
    ("importlib", "import_module"),
    ("numpy", "load"),
    ("numpy", "fromfile"),
    ("numpy", "memmap"),
    ("numpy", "save"),
    ("numpy.core.multiarray", "fromfile"),
    ("numpy._core.multiarray", "fromfile"),
    ("numpy._core.numeric", "load"),
    ("numpy.f2py.crackfortran", "myeval"),
    ("numpy.testing._private.utils", "runstring"),
    ("pandas", "read_pickle"),
    ("pandas", "eval"),
    ("pandas.core.frame", "DataFrame.to_pickle"),
    ("pandas.core.frame", "DataFrame.query"),
    ("pandas.core.frame", "DataFrame.__init__.__globals__"),
    ("numpy", "ndarray.tofile"),
    ("numpy", "dtype.__class__"),
    ("numpy._core.multiarray", "_reconstruct.__class__"),
    ("builtins", "slice.__class__"),
    ("datetime", "sys.modules"),
    ("pytz", "open_resource"),
    ("pytz", "_p.__globals__"),
    ("pandas.core.frame ", "DataFrame"),
    ("pandas", "core.frame.DataFrame"),
]


@pytest.mark.parametrize("protocol", [0, 4])
@pytest.mark.parametrize(("module", "name"), NAMES)
def test_names_that_are_not_admitted_are_refused(tmp_path, module, name, protocol):
    path = tmp_path / "x.pkl"
    path.write_bytes(_named_call(module, name, str(tmp_path / "ran"), protocol))
    with pytest.raises(LegacyImportError) as caught:
        read_records(path)
    assert f"asks for {module}.{name}" in str(caught.value).replace("  ", " ") or " " in module
    assert list(tmp_path.iterdir()) == [path]


def _ran(tmp_path):
    return (tmp_path / "ran").exists()


def _attacks(marker):
    import functools
    import operator
    import os
    import subprocess

    touch = f"touch {marker}"
    write = f"open({marker!r}, 'w').close()"
    yield _Call(os.system, touch)
    yield _Call(eval, write)
    yield _Call(exec, write)
    yield _Call(subprocess.Popen, ["touch", marker])
    yield _Call(open, marker, "w")
    yield _Call(map, functools.partial(os.system, touch), [1])
    yield _Call(operator.methodcaller("touch"), Path(marker))


@pytest.mark.parametrize("number", range(7))
@pytest.mark.parametrize("place", ["alone", "in a cell", "in attrs", "as a column name"])
def test_calls_hidden_in_a_table_do_not_run(tmp_path, number, place):
    attack = list(_attacks(str(tmp_path / "ran")))[number]
    frame = legacy_folder.chain_frame()
    if place == "in a cell":
        frame.loc[0, "cfi"] = attack
    elif place == "in attrs":
        frame.attrs["note"] = attack
    elif place == "as a column name":
        frame = frame.rename(columns={"cfi": attack})
    path = tmp_path / "x.pkl"
    path.write_bytes(pickle.dumps(attack if place == "alone" else frame, protocol=5))
    with pytest.raises(LegacyImportError, match="asks for"):
        read_legacy_frame(path)
    assert not _ran(tmp_path)


def test_nothing_is_imported(tmp_path, monkeypatch):
    (tmp_path / "trap_module.py").write_text("from pathlib import Path\nPath('ran').touch()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "x.pkl"
    for content in (_named_call("trap_module", "x", ""), b"ctrap_module\nx\n."):
        path.write_bytes(content)
        with pytest.raises(LegacyImportError, match=r"asks for trap_module\.x"):
            read_records(path)
    assert "trap_module" not in sys.modules
    assert not _ran(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"(ios\nsystem\n.",  # instance of a named class
        b"(cos\nsystem\nS'x'\no.",  # the same, through the stack
        b"Pos.system\n.",  # persistent id
        b"\x80\x02\x82\x01.",  # registered extension
        b"\x80\x04" + _text("numpy") + _text("ndarray") + b"\x93N}" + _text("__setstate__")
        + _text("x") + b"s\x86b.",  # set an attribute of an admitted class
        b"\x80\x04" + _text("numpy") + _text("dtype") + b"\x93)\x81N}" + _text("role")
        + _text("table") + b"s\x86b.",  # and of an instance, through its state
        b"\x80\x04" + _text("numpy") + _text("ndarray") + b"\x93}b.",  # state for a class
        b"\x80\x04]" + _text("numpy") + _text("ndarray") + b"\x93\x85R.",  # call a list
        b"\x80\x04r\xff\xff\xff\x7f.",  # a memo of two thousand million places
        b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.",  # more bytes than there can be
        b"(" * 100_000 + b".",
        b"]" * 2 + b"a" * 50_000 + b".",
        b"N.",
        b"\x80\x04.",
        b"\x80\xff.",
    ],
)  # fmt: skip
def test_other_doors_of_the_format_are_shut(tmp_path, content):
    path = tmp_path / "x.pkl"
    path.write_bytes(content)
    with pytest.raises(LegacyImportError):
        read_legacy_frame(path)


def test_admitted_names_only_note_what_they_are_given(tmp_path):
    path = tmp_path / "x.pkl"
    path.write_bytes(_named_call("numpy._core.numeric", "_frombuffer", "any text"))
    record = read_records(path)
    assert isinstance(record, Recorder)
    assert (record.role, record.arguments) == ("array of bytes", ("any text",))
    with pytest.raises(TypeError, match="fixed"):
        record.arguments = ()
    with pytest.raises(TypeError, match="fixed"):
        type(record).role = "table"


FRAMES = [
    legacy_folder.underlying_frame(),
    legacy_folder.chain_frame(),
    legacy_folder.option_frame(),
]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("scratch") / "x.pkl"


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(FRAMES), st.data())
def test_every_truncation_is_refused(scratch, frame, data):
    content = pickle.dumps(frame, protocol=5)
    scratch.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(LegacyImportError):
        read_legacy_frame(scratch)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(FRAMES), st.data())
def test_flipped_bytes_give_a_table_or_a_refusal(scratch, frame, data):
    content = bytearray(pickle.dumps(frame, protocol=5))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    scratch.write_bytes(content)
    with suppress(LegacyImportError):
        assert read_legacy_frame(scratch).columns.size
