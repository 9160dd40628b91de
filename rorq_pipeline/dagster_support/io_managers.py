"""How assets hand values on: tables as Parquet, results as JSON, pages as HTML, never pickled.

A file's place depends on the asset and the range alone, whose partition may have a key of other
dates without sessions, so that a later command, with or without DAGSTER_HOME, finds what an earlier
one made.
"""

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from rorq_pipeline.dagster_support.failures import one_line_failures
from rorq_pipeline.dagster_support.partitions import range_of_partition
from rorq_pipeline.results.artifacts import ArtifactError, anew, artifact_path, write_whole

if TYPE_CHECKING:
    import pandas as pd

    from rorq_pipeline.results.artifacts import Artifact

# Imported where it is used: what takes long and definitions do without (design/import_times.py).


class FileIOManager(dg.ConfigurableIOManager):
    """One file an asset and partition, under `artifacts/`."""

    folder: str | None = Field(
        default=None, description="Where files lie; RORQ_ARTIFACTS or artifacts/ if empty."
    )

    @property
    @abstractmethod
    def suffix(self) -> str:
        """Ending of the files, with its dot."""

    @abstractmethod
    def write(self, path: Path, value: Any) -> None:
        """Fill the file."""

    @abstractmethod
    def read(self, path: Path) -> Any:
        """Give back what `write` was given."""

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Write the value, or leave the file as it is where the asset returned none."""
        if obj is None:
            return
        path = self._path(context)
        with one_line_failures():
            write_whole(path, lambda beside: self.write(beside, obj))
        key = range_of_partition(context).key
        told = {} if key == context.partition_key else {"canonical_key": key}
        table = _table_metadata(path) if path.suffix == ".parquet" else {}
        context.add_output_metadata({"path": dg.MetadataValue.path(path), **told, **table})

    def load_input(self, context: dg.InputContext) -> Any:
        """Read the value; None where an input that is not required was never made."""
        path = self._path(context)
        if path.exists():
            with one_line_failures():
                return self.read(path)
        if context.definition_metadata.get("required", True):
            name = context.asset_key.path[-1]
            raise dg.Failure(
                description=f"{path} is absent; expected what the asset {name} makes; make it "
                f"first with: rorq materialize {path.stem} --select {name}",
                allow_retries=False,
            )
        return None

    def _path(self, context: dg.InputContext | dg.OutputContext) -> Path:
        folder = Path(self.folder) if self.folder else None
        key = range_of_partition(context).key
        return artifact_path("/".join(context.asset_key.path), key, self.suffix, folder)


class ParquetIOManager(FileIOManager):
    """DataFrames, with their `attrs`."""

    @property
    def suffix(self) -> str:
        """Parquet's usual ending."""
        return ".parquet"

    def write(self, path: Path, value: "pd.DataFrame") -> None:
        """Write the table, compressed."""
        value.to_parquet(path, compression="zstd", index=False)

    def read(self, path: Path) -> "pd.DataFrame":
        """Read the table.

        Raises:
            ArtifactError: it is damaged.
        """
        import pandas as pd  # heavy: only where a table is read

        try:
            return pd.read_parquet(path)
        except (OSError, ValueError) as error:  # what is no Parquet is a ValueError of Arrow's
            raise ArtifactError(
                f"{path}: {str(error).splitlines()[0]}",
                expected=f"what the asset {path.parent.name} left there",
                remedy=anew(path.parent.name, path.stem),
            ) from None


class ArtifactIOManager(FileIOManager):
    """Results as JSON, each by the model of its asset."""

    @property
    def suffix(self) -> str:
        """JSON's usual ending."""
        return ".json"

    def write(self, path: Path, value: "Artifact") -> None:
        """Write all fields and the version; a number that JSON cannot say is an error."""
        path.write_text(value.json_text(), encoding="utf-8")

    def read(self, path: Path) -> "Artifact":
        """Read the file under the names it was written with.

        Raises:
            ArtifactError: it is damaged, or of another version.
        """
        from rorq_pipeline.results.models import MODELS  # heavy: only where a result is read

        return MODELS[path.parent.name].read_file(path)


class HtmlIOManager(FileIOManager):
    """Self-contained pages."""

    @property
    def suffix(self) -> str:
        """HTML's usual ending."""
        return ".html"

    def write(self, path: Path, value: str) -> None:
        """Write the page."""
        path.write_text(value, encoding="utf-8")

    def read(self, path: Path) -> str:
        """Read the page."""
        return path.read_text(encoding="utf-8")


def _table_metadata(path: Path) -> dict[str, Any]:
    """Dagster's own metadata of tables: number of rows, and columns with their types."""
    import pyarrow.parquet as pq  # heavy: only where a table is written

    footer = pq.ParquetFile(path)
    columns = [
        dg.TableColumn(one.name, str(getattr(one.type, "value_type", one.type)))
        for one in footer.schema_arrow
    ]
    return {
        "dagster/row_count": footer.metadata.num_rows,
        "dagster/column_schema": dg.TableSchema(columns=columns),
    }
