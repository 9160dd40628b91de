"""What the tests on cached sessions share."""

import os

import pytest


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The many small sessions of these tests need not survive a power cut."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
