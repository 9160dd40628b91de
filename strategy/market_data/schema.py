"""The three files of a cached session: their names, columns, types and metadata.

Prices are US dollars per share, times are the UTC start of the second, in milliseconds.
"""

import pyarrow as pa

FORMAT_VERSION = "1"
SOURCE_KEY = b"rorq.source"
FORMAT_VERSION_KEY = b"rorq.format_version"

POLYGON = "polygon"
LEGACY = "legacy"
SYNTHETIC = "synthetic"
UNKNOWN = "unknown"  # files written before sources were recorded
SOURCES = (POLYGON, LEGACY, SYNTHETIC, UNKNOWN)

# Beyond these a number is damage, not a trade: damaged bytes decode to huge numbers mostly.
MAX_PRICE_USD = 1e8  # per share; the dearest share on an exchange costs less than a hundredth
MAX_VOLUME = 1e12  # shares in a second; no company has as many

UNDERLYING_FILE = "underlying.parquet"
CHAIN_FILE = "chain.parquet"
OPTIONS_FILE = "options.parquet"
QUOTES_FILE = "quotes.parquet"  # may be absent; no part of a session's fingerprint

# A file that states more is not read: it would take the memory of all that runs here.
MAX_ROWS = {
    UNDERLYING_FILE: 86_400,  # one a second of a day
    CHAIN_FILE: 100_000,  # contracts; the largest chains have some 10,000
    OPTIONS_FILE: 20_000_000,  # 850 contracts that trade in every second
    QUOTES_FILE: 20_000_000,
}
FETCH_AGAIN = "remove its folder, then fetch the session again with `rorq download RANGE`"
MAX_FILE_BYTES = 2_000_000_000

_BAR_FIELDS = [
    pa.field("timestamp", pa.timestamp("ms", tz="UTC")),
    pa.field("open", pa.float64()),
    pa.field("high", pa.float64()),
    pa.field("low", pa.float64()),
    pa.field("close", pa.float64()),
    pa.field("volume", pa.float64()),  # fractional shares exist
    pa.field("vwap", pa.float64()),  # may be null
    pa.field("trades", pa.int64()),  # may be null
]

UNDERLYING_SCHEMA = pa.schema(_BAR_FIELDS)
OPTIONS_SCHEMA = pa.schema([pa.field("ticker", pa.string()), *_BAR_FIELDS])
CHAIN_SCHEMA = pa.schema(
    [
        pa.field("ticker", pa.string()),
        pa.field("underlying_ticker", pa.string()),
        pa.field("contract_type", pa.string()),  # call or put
        pa.field("exercise_style", pa.string()),
        pa.field("expiration_date", pa.date32()),
        pa.field("strike_price", pa.float64()),
        pa.field("shares_per_contract", pa.int64()),
        pa.field("primary_exchange", pa.string()),
        pa.field("cfi", pa.string()),
    ]
)

FILE_SCHEMAS = {
    UNDERLYING_FILE: UNDERLYING_SCHEMA,
    CHAIN_FILE: CHAIN_SCHEMA,
    OPTIONS_FILE: OPTIONS_SCHEMA,
}

# The quote of a contract in force at the end of the second that `timestamp` names.
QUOTES_SCHEMA = pa.schema(
    [
        pa.field("ticker", pa.string()),
        pa.field("timestamp", pa.timestamp("ms", tz="UTC")),
        pa.field("quoted_at", pa.timestamp("ns", tz="UTC")),  # null, as the rest: no quote
        pa.field("bid", pa.float64()),
        pa.field("ask", pa.float64()),
        pa.field("bid_size", pa.float64()),  # contracts
        pa.field("ask_size", pa.float64()),  # contracts
    ]
)
