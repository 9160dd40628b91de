"""Which PostgreSQL to use: the PG_* group from the environment, `config.py`, or our own server.

Opening a connection belongs to `database`, running a server of our own to `embedded_postgres`.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy import URL

from optimize.database.config_file import CONFIG_FILE_NAME, read_config_values
from strategy.checked import first_finding
from strategy.errors import DatabaseSettingsError, ParameterError

GROUP = ("PG_HOST", "PG_PORT", "PG_DATABASE", "PG_USER", "PG_PASSWORD")
DRIVER = "postgresql+psycopg2"  # a bare postgresql:// means psycopg 3 since SQLAlchemy 2.1

Source = Literal["environment", "config.py", "embedded"]


class DatabaseSettings(BaseSettings):
    """Where PostgreSQL answers and who we are there. The password shows in no text form."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    host: str = Field(min_length=1)
    port: int = Field(ge=1, le=65535)
    database: str = Field(min_length=1)
    user: str = Field(min_length=1)
    password: SecretStr
    source: Source
    """Where the group was found."""
    state_dir: Path | None = None
    """The state folder of our own server, where the source is `embedded`."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what is passed, only: a group is never mixed from two places."""
        return (init_settings,)

    @classmethod
    def from_group(cls, group: Mapping[str, str], source: Source) -> Self:
        """Build from PG_* texts.

        Raises:
            DatabaseSettingsError: a name of the group is missing or its value cannot be.
        """
        missing = [name for name in GROUP if _is_missing(name, group)]
        where = "in the environment" if source == "environment" else f"in {CONFIG_FILE_NAME}"
        if missing:
            raise DatabaseSettingsError(
                f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing {where}, "
                "where other PG_ settings are set",
                expected=f"all of {', '.join(GROUP)} or none",
                remedy=f"set {' and '.join(missing)}, or unset the others to use the embedded "
                "database",
            )
        fields = {name.removeprefix("PG_").lower(): group[name] for name in GROUP}
        try:
            return cls.model_validate({**fields, "source": source})
        except ValidationError as error:
            found = first_finding(error)  # its value may be a secret
            name = f"PG_{found.name.upper()}"
            raise DatabaseSettingsError(
                f"{name} {where} is not usable: {found.said}",
                expected="a port from 1 to 65535" if name == "PG_PORT" else "a value",
                remedy=f"correct {name}",
            ) from None

    def sqlalchemy_url(self) -> URL:
        """Return the URL for SQLAlchemy; its text form hides the password."""
        return URL.create(
            DRIVER,
            username=self.user,
            password=self.password.get_secret_value(),
            host=self.host,
            port=self.port,
            database=self.database,
        )

    def environment(self) -> dict[str, str]:
        """Return the PG_* group for a child process, the password in clear."""
        return {
            "PG_HOST": self.host,
            "PG_PORT": str(self.port),
            "PG_DATABASE": self.database,
            "PG_USER": self.user,
            "PG_PASSWORD": self.password.get_secret_value(),
        }

    @property
    def address(self) -> str:
        """Name the database for messages: no password."""
        return f"{self.user}@{self.host}:{self.port}/{self.database}"


def group_from_environment() -> dict[str, str]:
    """Return the set PG_* names; a group of empty texts counts as not set."""
    group = {name: os.environ[name] for name in GROUP if name in os.environ}
    return group if any(value.strip() for value in group.values()) else {}


def group_from_config_file(project_root: Path) -> dict[str, str]:
    """Return the PG_* names that `config.py` assigns.

    Raises:
        DatabaseSettingsError: the file cannot be read, or an assignment is not a plain value.
    """
    try:
        return read_config_values(project_root, GROUP)
    except ParameterError as error:
        raise DatabaseSettingsError(
            error.found, expected=error.expected, remedy=error.remedy
        ) from None


def _is_missing(name: str, group: Mapping[str, str]) -> bool:
    if name == "PG_PASSWORD":  # an empty password is one: servers may trust an address
        return name not in group
    return not group.get(name, "").strip()
