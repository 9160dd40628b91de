"""deploy/compose.yaml against the Compose specification, and what an operator relies on in it."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyOptions

from tests.deploy.filled_in import filled_in

FOLDER = Path(__file__).parents[2] / "deploy"
TEXT = (FOLDER / "compose.yaml").read_text()


def as_compose_reads_it(text: str) -> dict[str, Any]:
    options = PyOptions()
    options.apply_merge = True
    compose = options.from_yaml(filled_in(text, {"RORQ_DB_PASSWORD": "x"}))
    compose.validate()
    content: dict[str, Any] = compose.to_dict()
    return content


def test_it_is_valid_and_the_validator_would_notice_faults() -> None:
    services = as_compose_reads_it(TEXT)["services"]
    assert sorted(services) == ["code", "daemon", "postgres", "web"]
    for right, wrong in (
        ("cap_drop", "cap_dropp"),
        ("interval: 10s", "interval: soon"),
        ("  database:\n  project:\n", "  database:\n"),
    ):
        assert right in TEXT
        with pytest.raises(ValueError, match=wrong.split(":")[0].strip()[:8] + "|project|soon"):
            as_compose_reads_it(TEXT.replace(right, wrong))


def test_the_page_alone_is_reached_and_from_this_host_alone() -> None:
    ports = {
        n: one["ports"]
        for n, one in as_compose_reads_it(TEXT)["services"].items()
        if "ports" in one
    }
    assert ports == {"web": ["127.0.0.1:3000:3000"]}


def test_there_is_no_password_in_it_and_none_is_started_without() -> None:
    assert not re.search(r"PASSWORD: (?!\$\{RORQ_DB_PASSWORD:\?)", TEXT)
    with pytest.raises(KeyError, match=r"set it in deploy/\.env"):
        filled_in(TEXT, {})
    example = (FOLDER / "example.env").read_text()
    named = set(re.findall(r"^(?:# )?(\w+)=", example, re.MULTILINE))
    assert named == set(re.findall(r"\$\{(\w+)", TEXT))
    assert "/deploy/.env" in (FOLDER.parent / ".gitignore").read_text().splitlines()


def test_each_waits_for_what_it_needs_and_is_locked_down() -> None:
    services = as_compose_reads_it(TEXT)["services"]
    needs = {name: list(one.get("depends_on", ())) for name, one in services.items()}
    assert needs == {"postgres": [], "code": ["postgres"], "web": ["code"], "daemon": ["code"]}
    for name in ("code", "web", "daemon"):
        one = services[name]
        assert (one["read_only"], one["cap_drop"]) == (True, ["ALL"]), name
        assert one["image"] == services["web"]["image"]
    assert "healthcheck" in services["code"]  # the web server's is the image's own


def test_web_server_and_daemon_load_what_the_code_server_serves() -> None:
    workspace = yaml.safe_load((FOLDER / "workspace.yaml").read_text())
    (server,) = (entry["grpc_server"] for entry in workspace["load_from"])
    code = as_compose_reads_it(TEXT)["services"]["code"]["command"]
    assert (server["host"], str(server["port"])) == ("code", code[code.index("--port") + 1])
    assert server["location_name"] == code[code.index("--location-name") + 1]
