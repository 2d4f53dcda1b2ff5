"""The files that docs/growing.md shows are whole, and name settings and roles that there are."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from bot.operations.agreement import MUST_AGREE
from bot.runtime.roles import Role, parse_roles
from bot.settings import ENV_PREFIX, Settings
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "growing.md").read_text("utf-8")
COMPOSE, KUBERNETES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def roles_of(arguments: list[str]) -> Iterator[Role]:
    if "--roles" in arguments:
        assert arguments[0] == "run"
        yield from parse_roles(arguments[arguments.index("--roles") + 1].split(","))


def test_the_compose_file_has_every_role_once_and_one_open_port() -> None:
    file: dict[str, Any] = yaml.safe_load(COMPOSE)
    services = file["services"]
    roles = [role for each in services.values() for role in roles_of(each.get("command") or [])]
    assert sorted(roles) == sorted(Role)
    ports = [port for each in services.values() for port in each.get("ports", [])]
    assert ports == ["127.0.0.1:8080:8080"]
    named = {
        volume.partition(":")[0] for each in services.values() for volume in each.get("volumes", [])
    }
    assert named == file["volumes"].keys()
    for each in services.values():
        assert set(each.get("depends_on", [])) <= services.keys()
        assert each["image"]


def test_the_deployments_choose_their_own_containers() -> None:
    kinds = [each for each in yaml.safe_load_all(KUBERNETES) if each["kind"] == "Deployment"]
    assert kinds
    for each in kinds:
        labels = each["spec"]["template"]["metadata"]["labels"]
        assert each["spec"]["selector"]["matchLabels"] == labels == each["metadata"]["labels"]
        (container,) = each["spec"]["template"]["spec"]["containers"]
        assert [*roles_of(container["args"])] == [labels["role"]]


def test_variables_are_settings_and_what_must_agree_is_named() -> None:
    named = {name.lower() for name in re.findall(rf"\b{ENV_PREFIX}([A-Z_]+[A-Z])\b", PAGE)}
    assert named <= Settings.model_fields.keys()
    assert MUST_AGREE.keys() <= named


@pytest.mark.parametrize("role", Role)
def test_every_role_has_its_row(role: Role) -> None:
    assert f"\n| `{role}` |" in PAGE
