"""How the exact surface is handed on: its totals as Parquet, a row a combination."""

from pathlib import Path
from typing import TYPE_CHECKING

from rorq_pipeline.dagster_support.io_managers import FileIOManager
from rorq_pipeline.results.artifacts import ArtifactError, anew
from strategy.errors import CorruptFileError

if TYPE_CHECKING:
    from strategy.surface.result import Surface

# Imported where it is used: what takes long and definitions do without (design/import_times.py).


class SurfaceIOManager(FileIOManager):
    """Surfaces, without their sums by block."""

    @property
    def suffix(self) -> str:
        """Parquet's usual ending."""
        return ".parquet"

    def write(self, path: Path, value: "Surface") -> None:
        """Write the totals."""
        from strategy.surface.store import write_surface

        write_surface(value, path)

    def read(self, path: Path) -> "Surface":
        """Read the totals as a surface of one block."""
        from strategy.surface.store import read_surface  # heavy: only where a surface is read

        try:
            return read_surface(path)
        except CorruptFileError as error:
            raise ArtifactError(
                f"{path}: {error.found}",
                expected=error.expected,
                remedy=anew(path.parent.name, path.stem),
            ) from None
