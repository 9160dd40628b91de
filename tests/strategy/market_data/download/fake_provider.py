"""A local HTTP server that answers as the data provider documents, with faults on request."""

import gzip
import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

KEY = "k3y-of-the-tests"
PUBLIC_HOST = "https://api.massive.com"  # what next_url names, whoever serves it
NEW_YORK = ZoneInfo("America/New_York")

Row = dict[str, Any]


def at(day: date, clock: str) -> int:
    """Milliseconds UTC of a New York wall time, such as 09:30:00."""
    moment = datetime.combine(day, time.fromisoformat(clock), NEW_YORK)
    return int(moment.astimezone(UTC).timestamp() * 1000)


def bar(t: int, price: float, volume: float = 100) -> Row:
    return {
        "v": volume,
        "vw": price,
        "o": price,
        "c": price,
        "h": price + 0.01,
        "l": price - 0.01,
        "t": t,
        "n": 3,
    }


def quote(moment_nanoseconds: int, bid: float, ask: float, **changes: Any) -> Row:
    return {
        "ask_exchange": 303,
        "ask_price": ask,
        "ask_size": 12,
        "bid_exchange": 309,
        "bid_price": bid,
        "bid_size": 7,
        "sequence_number": 1_234_567,
        "sip_timestamp": moment_nanoseconds,
        **changes,
    }


def contract(ticker: str, day: date, side: str, strike: float, **changes: Any) -> Row:
    return {
        "cfi": "OCASPS" if side == "call" else "OPASPS",
        "contract_type": side,
        "exercise_style": "american",
        "expiration_date": day.isoformat(),
        "primary_exchange": "BATO",
        "shares_per_contract": 100,
        "strike_price": int(strike) if strike == int(strike) else strike,
        "ticker": occ(ticker, day, side, strike),
        "underlying_ticker": ticker,
        **changes,
    }


def occ(ticker: str, day: date, side: str, strike: float) -> str:
    return f"O:{ticker}{day:%y%m%d}{side[0].upper()}{round(strike * 1000):08d}"


@dataclass
class FakeProvider:
    """What the provider has, what it is to do wrong, and what it was asked."""

    bars: dict[tuple[str, date], list[Row]] = field(default_factory=dict)
    chains: dict[tuple[str, date], list[Row]] = field(default_factory=dict)
    quotes: dict[str, list[Row]] = field(default_factory=dict)
    """Contract -> quotes in the order of time."""
    status: str = "OK"
    page_size: int = 50_000
    delay_seconds: float = 0.0
    faults: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Path fragment -> faults to come, one a request; a last `always …` stays."""
    requests: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    url: str = ""
    guard: Any = field(default_factory=threading.Lock)

    def asked(self, fragment: str) -> int:
        return sum(fragment in path for path, _, _ in self.requests)

    def next_fault(self, path: str) -> str:
        with self.guard:
            for fragment, queue in self.faults.items():
                if fragment in path and queue:
                    if queue[0].startswith("always "):
                        return queue[0].removeprefix("always ")
                    return queue.pop(0)
        return ""

    def add_session(
        self, ticker: str, day: date, prices: list[float], close_clock: str = "16:00:00"
    ) -> None:
        """One bar every 150 seconds from the open, and some outside the session."""
        first = at(day, "09:30:00")
        rows = [bar(first + 150_000 * i, price) for i, price in enumerate(prices)]
        outside = [at(day, "08:00:00"), first - 1000, at(day, close_clock) + 1000]
        rows += [bar(t, 900.0) for t in outside] + [bar(at(day, close_clock), prices[-1])]
        self.bars[ticker, day] = sorted(rows, key=lambda row: row["t"])
        strikes = [380 + i for i in range(11)]
        self.chains[ticker, day] = [
            contract(ticker, day, side, strike) for side in ("call", "put") for strike in strikes
        ]
        for row in self.chains[ticker, day]:
            self.bars[row["ticker"], day] = [
                bar(first + 1000 * i, 1.0 + i / 100) for i in (1, 5, 9)
            ] + [bar(at(day, close_clock) + 5000, 9.0)]


@contextmanager
def serve(provider: FakeProvider) -> Iterator[FakeProvider]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer(self, provider)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer(handler: BaseHTTPRequestHandler, provider: FakeProvider) -> None:
    parts = urlsplit(handler.path)
    query = dict(parse_qsl(parts.query))
    with provider.guard:
        provider.requests.append((parts.path, query, dict(handler.headers)))
    threading.Event().wait(provider.delay_seconds)
    if handler.headers.get("Authorization") != f"Bearer {KEY}":
        told = handler.headers.get("Authorization", "")
        send(handler, 401, {"status": "ERROR", "error": f"Unknown API Key {told}"})
        return
    fault = provider.next_fault(parts.path)
    if fault:
        misbehave(handler, fault)
        return
    segments = parts.path.split("/")
    if parts.path.startswith("/v2/aggs/ticker/"):
        send(handler, 200, bars_answer(provider, segments, query))
    elif parts.path == "/v3/reference/options/contracts":
        send(handler, 200, chain_answer(provider, query))
    elif parts.path.startswith("/v3/quotes/"):
        send(handler, 200, quotes_answer(provider, segments[3], query))
    else:
        send(handler, 404, {"status": "NOT_FOUND", "message": "page not found"})


def bars_answer(provider: FakeProvider, segments: list[str], query: dict[str, str]) -> Row:
    ticker, first, last = segments[4], segments[8], segments[9]
    if "cursor" in query:
        day_text, start_text = query["cursor"].split("_")
        assert first == start_text, "the page's own path is asked for"
    else:
        day_text, start_text = first, "0"
        assert first == last
        assert query["sort"] == "asc"
    day = date.fromisoformat(day_text)
    rows = provider.bars.get((ticker, day), [])
    start = int(start_text)
    page = rows[start : start + min(int(query.get("limit", 50_000)), provider.page_size)]
    result: Row = {
        "ticker": ticker,
        "queryCount": len(rows),
        "resultsCount": len(page),
        "adjusted": False,
        "status": provider.status,
        "request_id": "a" * 32,
        "count": len(page),
    }
    if page:  # an empty answer has no results at all
        result["results"] = page
    after = start + len(page)
    if after < len(rows):
        path = f"/v2/aggs/ticker/{ticker}/range/1/second/{after}/{last}"
        result["next_url"] = f"{PUBLIC_HOST}{path}?cursor={day_text}_{after}"
    return result


def chain_answer(provider: FakeProvider, query: dict[str, str]) -> Row:
    if "cursor" in query:
        ticker, day_text, start_text = query["cursor"].split("_")
    else:
        ticker, day_text, start_text = query["underlying_ticker"], query["as_of"], "0"
        assert query["expiration_date"] == day_text
    rows = provider.chains.get((ticker, date.fromisoformat(day_text)), [])
    start = int(start_text)
    page = rows[start : start + min(int(query.get("limit", 10)), provider.page_size)]
    result: Row = {"status": provider.status, "request_id": "b" * 32}
    if rows:
        result["results"] = page
    after = start + len(page)
    if after < len(rows):
        path = "/v3/reference/options/contracts"
        result["next_url"] = f"{PUBLIC_HOST}{path}?cursor={ticker}_{day_text}_{after}"
    return result


def quotes_answer(provider: FakeProvider, contract: str, query: dict[str, str]) -> Row:
    assert (query["sort"], query["order"]) == ("timestamp", "desc")
    first, end = int(query["timestamp.gte"]), int(query["timestamp.lt"])
    rows = [
        row
        for row in reversed(provider.quotes.get(contract, []))
        if first <= row["sip_timestamp"] < end
    ]
    result: Row = {"status": provider.status, "request_id": "d" * 32, "results": rows[:1]}
    if len(rows) > 1:
        result["next_url"] = f"{PUBLIC_HOST}/v3/quotes/{contract}?cursor=1"
    return result


def misbehave(handler: BaseHTTPRequestHandler, fault: str) -> None:
    kind, _, detail = fault.partition(" ")
    if kind.isdigit():
        headers = {"Retry-After": detail} if detail and kind == "429" else {}
        body = {"status": "ERROR", "request_id": "c", "error": detail or "as the test wants"}
        send(handler, int(kind), body, headers)
    elif kind == "garbage":
        send_bytes(handler, 200, b"<html>busy</html>")
    elif kind == "status":
        send(handler, 200, {"status": detail, "error": "as the test wants"})
    elif kind == "json":
        send(handler, 200, json.loads(detail))
    elif kind == "truncated":
        handler.send_response(200)
        handler.send_header("Content-Length", "5000")
        handler.end_headers()
        handler.wfile.write(b'{"status": "OK", "results": [')
        handler.close_connection = True
    else:
        raise AssertionError(fault)


def send(
    handler: BaseHTTPRequestHandler,
    status: int,
    body: Any,
    headers: dict[str, str] | None = None,
) -> None:
    send_bytes(handler, status, json.dumps(body).encode(), headers)


def send_bytes(
    handler: BaseHTTPRequestHandler,
    status: int,
    body: bytes,
    headers: dict[str, str] | None = None,
) -> None:
    packed = gzip.compress(body)
    handler.send_response(status)
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.send_header("Content-Encoding", "gzip")
    handler.send_header("Content-Length", str(len(packed)))
    handler.end_headers()
    handler.wfile.write(packed)
