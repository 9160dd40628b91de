"""Start a command of the image; Dagster's own find project and database, as with `rorq dev`.

`rorq …` is started as it is. Anything else, such as `dagster-webserver`, is given DAGSTER_HOME and
PG_*, once the database answers and has the schema that Dagster's tables stand in.
"""

import os
import sys

from optimize.database.connect import ensure_database
from rorq_pipeline.dagster_support.instance import instance_environment
from rorq_pipeline.project.paths import ProjectPaths
from strategy.errors import RorqError


def main(command: list[str]) -> None:
    """Take the place of this process by the command."""
    if command[0] != "rorq":
        paths = ProjectPaths.resolve()
        try:
            os.environ.update(instance_environment(paths, ensure_database(paths.root)))
        except RorqError as error:
            sys.exit(str(error))
    os.execvp(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
