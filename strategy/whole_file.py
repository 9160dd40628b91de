"""written_whole: a file that a reader sees as it was or as it is now, never half of it.

Not for secrets: those are `optimize.database.server.home.write_atomically`'s, closed to others from
their first byte on.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a file beside `path` to fill; it takes the place of `path` when the block ends well.

    After an error the former file stands. Folders that are absent are made; anyone may read.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(
        prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent
    )
    os.close(descriptor)
    beside = Path(name)
    try:
        yield beside
        beside.chmod(0o644)  # mkstemp's are closed to others
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
