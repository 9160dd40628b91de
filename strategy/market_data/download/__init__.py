"""Sessions from the data provider: underlying seconds, chain, bars of the needed contracts.

`download_sessions` is the one call. What the provider's answers mean is in `answers`, how it is
asked in `provider` and `pacing`, what is kept between interrupted runs in `staging`.
"""

from strategy.market_data.download.sessions import download_sessions
from strategy.market_data.download.settings import (
    DownloadProgress,
    DownloadReport,
    DownloadSettings,
)

__all__ = ["DownloadProgress", "DownloadReport", "DownloadSettings", "download_sessions"]
