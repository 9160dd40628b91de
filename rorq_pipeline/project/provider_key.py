"""The key of the data provider: from the environment, else from `config.py`."""

import os
from pathlib import Path

from pydantic import SecretStr

from optimize.database.config_file import read_config_values
from strategy.errors import DownloadError

NAME = "POLYGON_API_KEY"


def find_provider_key(project_root: Path) -> SecretStr | None:
    """Return the key; None where it is not set.

    Raises:
        ParameterError: `config.py` cannot be read, or the key in it is not a plain text.
    """
    key = os.environ.get(NAME, "").strip()
    key = key or read_config_values(project_root, (NAME,)).get(NAME, "").strip()
    return SecretStr(key) if key else None


def require_provider_key(project_root: Path) -> SecretStr:
    """Return the key.

    Raises:
        DownloadError: it is not set.
    """
    key = find_provider_key(project_root)
    if key is None:
        raise DownloadError(
            f"{NAME} is not set",
            expected="the key of the data provider (Polygon, now Massive)",
            remedy=f"set {NAME} in the environment or in config.py; without a key, "
            "`rorq sample` makes synthetic sessions",
        )
    return key
