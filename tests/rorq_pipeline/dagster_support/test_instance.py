import pytest
from pydantic import SecretStr

from optimize.database.settings import DatabaseSettings
from rorq_pipeline.dagster_support.instance import instance_environment
from rorq_pipeline.project.paths import ProjectPaths
from strategy.errors import DatabaseSettingsError


def settings(name: str) -> DatabaseSettings:
    return DatabaseSettings(
        host="h", port=1, database=name, user="u", password=SecretStr("p"), source="environment"
    )


@pytest.mark.parametrize("name", ["a%20b", "a?b", "%41"])
def test_a_database_name_that_dagster_would_read_otherwise_is_refused(
    project: ProjectPaths, name: str
) -> None:
    with pytest.raises(DatabaseSettingsError, match="takes for a part of a URL"):
        instance_environment(project, settings(name))


@pytest.mark.parametrize("name", ["100%", "a b", "a/b", "ünï", "a+b"])
def test_other_database_names_are_passed_on(project: ProjectPaths, name: str) -> None:
    assert instance_environment(project, settings(name))["PG_DATABASE"] == name
