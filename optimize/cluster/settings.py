"""Where the cluster is, and how long to wait for it."""

from dataclasses import dataclass
from importlib.util import find_spec

from strategy.errors import ClusterError, ParameterError

SCHEMES = ("tcp", "tls", "ws", "wss")  # as dask's schedulers listen; TLS files by dask's own config


@dataclass(frozen=True, kw_only=True)
class ClusterSettings:
    """A scheduler of `dask.distributed` that others keep; every wait has an end."""

    address: str  # such as tcp://10.0.0.5:8786
    connect_seconds: float = 60.0  # for the scheduler and a first worker, also after a loss
    silence_seconds: float = 1800.0  # longest time without a finished task

    def __post_init__(self) -> None:
        """Refuse what cannot be an address, before a name of it is looked up."""
        scheme, _, place = self.address.partition("://")
        host, _, port = place.rpartition(":")
        if scheme not in SCHEMES or not host or not port.isdigit():
            raise ParameterError(
                f"cluster {self.address!r}",
                expected=f"{', '.join(f'{one}://' for one in SCHEMES)} with host and port, such as "
                "tcp://10.0.0.5:8786",
                remedy="set RORQ_CLUSTER to what the scheduler prints, or unset it for threads",
            )


def require_installed() -> None:
    """Require dask's client, which is an extra of the installation.

    Raises:
        ClusterError: it is not installed.
    """
    if find_spec("distributed") is None:
        raise ClusterError(
            "a cluster is set, and dask's client is not installed",
            expected="the package distributed",
            remedy="make install in the checkout, or pip install -e '.[cluster]'; or unset "
            "RORQ_CLUSTER for threads",
        )
