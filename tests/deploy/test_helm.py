"""deploy/helm-values.yaml against the names of the chart's schema, and Dagster's own checks.

The chart is in no package registry: the names are those of the models that its schema is made
from, of release 1.13, as far as the values use them.
"""

import re
from pathlib import Path
from typing import Any

import yaml
from dagster import Field
from dagster._config import process_config
from dagster._core.run_coordinator import QueuedRunCoordinator
from dagster_k8s import K8sRunLauncher

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "deploy" / "helm-values.yaml").read_text()
VALUES: dict[str, Any] = yaml.safe_load(TEXT)
NAMES = {
    (): "dagsterWebserver dagster-user-deployments postgresql generatePostgresqlPasswordSecret "
    "generateCeleryConfigSecret rabbitmq redis flower ingress imagePullSecrets computeLogManager "
    "scheduler runLauncher pythonLogs dagsterDaemon busybox migrate telemetry serviceAccount "
    "global retention concurrency additionalInstanceConfig",
    ("postgresql",): "image enabled postgresqlHost postgresqlUsername postgresqlPassword "
    "postgresqlDatabase postgresqlParams postgresqlScheme service",
    ("dagsterWebserver",): "dbStatementTimeout dbPoolRecycle logLevel volumeMounts volumes "
    "pathPrefix replicaCount image nameOverride service workspace env envConfigMaps envSecrets "
    "podSecurityContext securityContext resources",
    ("dagsterDaemon",): "volumeMounts volumes enabled image runCoordinator heartbeatTolerance env "
    "envConfigMaps envSecrets podSecurityContext resources runMonitoring runRetries sensors",
    ("dagster-user-deployments",): "enabled enableSubchart imagePullSecrets deployments",
    ("dagster-user-deployments", "deployments", 0): "name image port dagsterApiGrpcArgs "
    "codeServerArgs includeConfigInLaunchedRuns env envConfigMaps envSecrets podSecurityContext "
    "securityContext resources livenessProbe readinessProbe startupProbe volumeMounts volumes",
    ("runLauncher",): "type config",
    ("runLauncher", "config", "k8sRunLauncher"): "image imagePullPolicy jobNamespace "
    "loadInclusterConfig kubeconfigFile envConfigMaps envSecrets envVars volumeMounts volumes "
    "labels failPodOnRunFailure runK8sConfig",
    ("global",): "postgresqlSecretName dagsterHome serviceAccountName celeryConfigSecretName",
}  # fmt: skip


def at(path: tuple[Any, ...]) -> Any:
    value: Any = VALUES
    for key in path:
        value = value[key]
    return value


def test_every_name_is_one_of_the_charts() -> None:
    for path, names in NAMES.items():
        assert set(at(path)) <= set(names.split()), path


def test_dagster_takes_launcher_and_coordinator() -> None:
    launcher = at(("runLauncher", "config", "k8sRunLauncher"))
    given = {
        **{snake(name): value for name, value in launcher.items()},
        "service_account_name": "rorq",
        "instance_config_map": "rorq-instance",
        "dagster_home": "/opt/dagster/dagster_home",
    }
    require_taken(K8sRunLauncher, given)
    (queue,) = at(("dagsterDaemon", "runCoordinator", "config")).values()
    limits = queue["tagConcurrencyLimits"]
    require_taken(
        QueuedRunCoordinator,
        {"max_concurrent_runs": queue["maxConcurrentRuns"], "tag_concurrency_limits": limits},
    )
    own = yaml.safe_load((ROOT / "dagster.yaml").read_text())
    assert own["concurrency"]["runs"]["tag_concurrency_limits"] == limits
    storage = own["storage"]["postgres"]["postgres_db"]
    database = VALUES["postgresql"]
    assert (database["postgresqlScheme"], database["postgresqlParams"]) == (
        storage["scheme"], storage["params"],
    )  # fmt: skip


def test_all_run_one_image_as_no_root_and_no_password_is_in_the_file() -> None:
    (deployment,) = at(("dagster-user-deployments", "deployments"))
    assert deployment["image"] == VALUES["dagsterWebserver"]["image"]
    assert deployment["image"] == VALUES["dagsterDaemon"]["image"]
    assert deployment["podSecurityContext"]["runAsUser"] == 10001  # as in the Containerfile
    assert not re.search(r"password:\s*\S", TEXT, re.IGNORECASE)
    secret = VALUES["global"]["postgresqlSecretName"]
    assert [one["name"] for one in deployment["envSecrets"]] == [secret]


def require_taken(kind: Any, config: dict[str, Any]) -> None:
    result = process_config(Field(kind.config_type()).config_type, config)
    assert result.success, result.errors


def snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", lambda found: "_" + found[1].lower(), name)
