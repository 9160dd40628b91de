"""Sessions from the data provider: underlying seconds, chain, bars of the needed contracts.

`download_sessions` is the one call, and `estimate_download` says what it will take. What the
provider's answers mean is in `answers`, how it is asked in `provider` and `pacing`, what is kept
between interrupted runs in `staging`.
"""

from strategy.market_data.download.estimate import DownloadEstimate, estimate_download
from strategy.market_data.download.pacing import Pace
from strategy.market_data.download.sessions import download_sessions
from strategy.market_data.download.settings import (
    DownloadProgress,
    DownloadReport,
    DownloadSettings,
)

__all__ = [
    "DownloadEstimate",
    "DownloadProgress",
    "DownloadReport",
    "DownloadSettings",
    "Pace",
    "download_sessions",
    "estimate_download",
]
