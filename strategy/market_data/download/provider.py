"""The data provider behind its official client (package massive): pages, statuses, refusals.

The client's own paging takes an answer that is no JSON for an empty one; here every page is asked
for by itself and must be whole. Nothing that is raised from here holds the key.
"""

import json
import logging
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pyarrow as pa

from strategy.errors import DownloadError
from strategy.market_data.download.answers import Quote, bars_table, chain_table, quote_row
from strategy.market_data.download.pacing import Pace
from strategy.market_data.download.settings import DownloadSettings

_log = logging.getLogger(__name__)

_GOOD_STATUSES = {"OK", "DELAYED"}  # DELAYED: the plan's data is 15 minutes old
_RETRIED_HTTP_STATUSES = (408, 429, 500, 502, 503, 504)
_PAGE_ATTEMPTS = 3  # of an answer that is not what the documentation says
_BARS_LIMIT = 50_000  # the provider's largest page
CHAIN_LIMIT = 1_000  # the provider's largest page

Row = dict[str, Any]
Query = dict[str, str]


class Provider:
    """Asks the provider; safe to use from several threads."""

    def __init__(self, settings: DownloadSettings, pace: Pace) -> None:
        """Open the official client.

        Raises:
            DownloadError: the client is not installed.
        """
        self._settings = settings
        self._pace = pace
        self._client = _open_client(settings, pace)

    def bars(self, ticker: str, day: date) -> pa.Table:
        """Return one day's one-second bars, not adjusted for splits, as strikes are not."""
        first = {"adjusted": False, "sort": "asc", "limit": _BARS_LIMIT}

        def ask(path: str, query: Query) -> Any:
            span = path.split("/")[-2:] if path else (day.isoformat(), day.isoformat())
            options = {} if path else first
            return self._client.list_aggs(
                ticker, 1, "second", *span, **options, params=query, raw=True
            )

        return bars_table(self._pages(f"the bars of {ticker} on {day}", ask), ticker)

    def chain(self, ticker: str, day: date) -> pa.Table:
        """Return the contracts that expired that day, as they were listed that day."""
        first = {
            "underlying_ticker": ticker,
            "expiration_date": day.isoformat(),
            "as_of": day.isoformat(),
            "limit": CHAIN_LIMIT,
            "sort": "ticker",
            "order": "asc",
        }

        def ask(path: str, query: Query) -> Any:
            options = {} if path else first
            return self._client.list_options_contracts(**options, params=query, raw=True)

        return chain_table(self._pages(f"the chain of {ticker} on {day}", ask), ticker, day)

    def quote(self, contract: str, first_nanoseconds: int, end_nanoseconds: int) -> Quote:
        """Return the last quote from the one moment on and before the other, UTC since 1970.

        Returns:
            What `quote_row` does; empty where the provider has none.
        """
        what = f"a quote of {contract}"

        def ask() -> Any:
            return self._client.list_quotes(
                contract,
                timestamp_gte=first_nanoseconds,
                timestamp_lt=end_nanoseconds,
                sort="timestamp",
                order="desc",
                limit=1,
                raw=True,
            )

        rows = self._page(what, ask).get("results") or []
        return quote_row(rows[0], what) if rows else {}

    def _pages(self, what: str, ask: Callable[[str, Query], Any]) -> list[Row]:
        """Follow the pages to the last one and return their rows."""
        rows: list[Row] = []
        path, query = "", Query()
        seen: set[tuple[str, str]] = set()
        while True:
            page = self._page(what, partial(ask, path, query))
            rows += page.get("results") or []
            following = page.get("next_url")
            if not following:
                return rows
            parts = urlsplit(following)
            if (parts.path, parts.query) in seen:
                raise DownloadError(
                    f"{what}: the provider's pages go round in circles",
                    remedy="try again later",
                )
            seen.add((parts.path, parts.query))
            path = parts.path
            query = {k: v for k, v in parse_qsl(parts.query) if k.lower() != "apikey"}

    def _page(self, what: str, ask: Callable[[], Any]) -> Row:
        said = ""
        for attempt in range(_PAGE_ATTEMPTS):
            if attempt:
                self._pace.pause(self._settings.backoff_seconds * 2**attempt)
            self._pace.wait_for_turn()
            page = self._decoded(what, ask)
            if isinstance(page, dict):
                status = page.get("status", "OK")
                if status in _GOOD_STATUSES and isinstance(page.get("results") or [], list):
                    return page
                said = f"status {status}: {page.get('error') or page.get('message') or ''}"
            else:
                said = "an answer that is no JSON object"
        raise DownloadError(
            f"{what}: the provider gave {self._without_key(said)}",
            expected="an answer in the documented form",
            remedy="try again later; what was fetched is kept",
        )

    def _decoded(self, what: str, ask: Callable[[], Any]) -> Any:
        """Ask once and return the decoded answer, None where it cannot be decoded."""
        import urllib3  # comes with massive, which is an extra of the installation
        from massive.exceptions import BadResponse

        try:
            return json.loads(ask().data)
        except (ValueError, urllib3.exceptions.DecodeError):
            return None
        except BadResponse as error:
            raise self._refusal(what, str(error)) from None
        except urllib3.exceptions.MaxRetryError as error:
            raise DownloadError(
                f"{what}: no answer in {self._settings.max_attempts} attempts, "
                f"{self._without_key(_reason(error))}",
                remedy="check the network and try again later, or ask more slowly with "
                "--requests-per-minute; what was fetched is kept",
            ) from None
        except urllib3.exceptions.HTTPError as error:
            raise DownloadError(
                f"{what}: {self._without_key(str(error))}",
                remedy="check the network and try again; what was fetched is kept",
            ) from None

    def _refusal(self, what: str, body: str) -> DownloadError:
        try:
            answer = json.loads(body)
            said = str(answer.get("error") or answer.get("message") or answer.get("status"))
        except (ValueError, AttributeError):
            said = body[:200]
        return DownloadError(
            f"{what}: the provider refuses, {self._without_key(said)}",
            expected="a key whose plan includes one-second bars of stocks and options, and for "
            "quotes those of options",
            remedy="check POLYGON_API_KEY and the plan; what was fetched is kept",
        )

    def _without_key(self, text: str) -> str:
        key = self._settings.api_key.get_secret_value()
        return text.replace(key, "***") if key else text


def _reason(error: Any) -> str:
    """Say what failed last: the provider's status, or what the network did."""
    text = str(error.reason or error)
    return text.rsplit(">: ", maxsplit=1)[-1]


def _last_reason(retries: Any) -> str:
    """Say what the network did to the last attempt."""
    history = retries.history
    return str(history[-1].error).rsplit(": ", maxsplit=1)[-1][:120] if history else "no connection"


def _open_client(settings: DownloadSettings, pace: Pace) -> Any:
    try:
        from massive import RESTClient
        from urllib3.util.retry import Retry
    except ImportError:
        raise DownloadError(
            "the data provider's client is not installed",
            expected="the package massive",
            remedy="make install in the checkout, or pip install -e '.[download]'",
        ) from None

    class PacedRetry(Retry):
        """Waits as the provider asks or longer and longer, and then for its turn."""

        def sleep(self, response: Any = None) -> None:
            asked = self.get_retry_after(response) if response is not None else None
            seconds = asked or self.get_backoff_time()
            said = f"HTTP {response.status}" if response is not None else _last_reason(self)
            _log.warning("no answer yet (%s): asking again in %.0f s", said, seconds)
            pace.pause(seconds)
            pace.wait_for_turn()

    retries = PacedRetry(
        total=settings.max_attempts - 1,
        status_forcelist=_RETRIED_HTTP_STATUSES,
        backoff_factor=settings.backoff_seconds,
        backoff_max=60,
        backoff_jitter=settings.backoff_seconds / 2,
        redirect=0,
    )
    return RESTClient(
        api_key=settings.api_key.get_secret_value(),
        connect_timeout=settings.timeout_seconds,
        read_timeout=settings.timeout_seconds,
        maxsize=settings.concurrency,
        **({"base": settings.base_url.rstrip("/")} if settings.base_url else {}),
        connection_pool_kw={"retries": retries},
    )
