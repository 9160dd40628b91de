"""What commands that ask a provider share: their options, and how they are interrupted."""

import os
import signal

import click
import pytest
from click.testing import CliRunner

from rorq_pipeline.cli.fetching import fetching, provider_options
from strategy.errors import DownloadError


@click.command()
@provider_options
def asking(base_url: str | None, concurrency: int, requests_per_minute: int | None) -> None:
    click.echo(f"{base_url} {concurrency} {requests_per_minute}")


def test_how_to_ask_has_defaults_and_bounds() -> None:
    shown = CliRunner().invoke(asking, ["--help"]).output
    assert " ".join(shown.split()) == (
        "Usage: asking [OPTIONS] Options: --requests-per-minute INTEGER RANGE At most so many "
        "requests in any minute; 5 on free plans. [default: no limit] [x>=1] --concurrency INTEGER "
        "RANGE Requests under way at once. [default: 8; 1<=x<=64] --help Show this message and "
        "exit."
    )
    assert CliRunner().invoke(asking, ["--base-url", "http://a"]).output == "http://a 8 None\n"


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_fetch_is_one_error_and_signals_are_as_before(
    told: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(DownloadError) as caught, fetching():
        os.kill(os.getpid(), told)
    assert str(caught.value) == (
        "interrupted; what was fetched is kept; the same command continues"
    )
    assert signal.getsignal(signal.SIGTERM) is before
    assert capsys.readouterr() == ("", "")
