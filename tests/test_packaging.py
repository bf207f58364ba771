"""What is told beside the code is true of it: settings, pins, migrations, targets."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SHOP = PROJECT["project"]["dependencies"]
PINS = {
    "requirements.txt": SHOP,
    "requirements-dev.txt": SHOP + PROJECT["dependency-groups"]["dev"],
}


def settings_read() -> set[str]:
    """Return the variables that the settings read, by their source."""
    tree = ast.parse((ROOT / "shopsite" / "settings.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    readers = {"env", "os.environ", "env.ENVIRON"}
    return {
        call.args[0].value
        for call in calls
        if isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
        and ast.unparse(call.func).rpartition(".")[0] in readers | {""}
        and re.fullmatch("[A-Z_]+", call.args[0].value)
    }


def test_every_setting_is_explained() -> None:
    text = (ROOT / ".env.example").read_text()
    explained = re.findall(r"^(?:# .+\n)+#([A-Z_]+)=", text, re.MULTILINE)
    assert len(explained) == len(set(explained))
    assert set(explained) == settings_read()
    assert {"SECRET_KEY", "KAFKA_TOPIC", "LOCAL_DIR"} <= settings_read()


def test_the_example_sets_nothing() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    assert not [line for line in lines if line and not line.startswith("#")]


def pins(file: str) -> dict[str, list[Requirement]]:
    """Return what a requirements file pins, by name."""
    text = (ROOT / file).read_text().replace("\\\n", " ")
    found: dict[str, list[Requirement]] = {}
    for line in filter(lambda line: line and not line.lstrip().startswith("#"), text.splitlines()):
        pinned, *hashes = line.split(" --hash=sha256:")
        assert hashes, f"{pinned} has no hash"
        requirement = Requirement(pinned)
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


@pytest.mark.parametrize("file", PINS)
def test_what_is_wanted_is_pinned(file: str) -> None:
    pinned = pins(file)
    for text in PINS[file]:
        wanted = Requirement(text)
        found = pinned[canonicalize_name(wanted.name)]
        for pin in found:
            (only,) = pin.specifier
            assert only.operator == "=="
            assert wanted.specifier.contains(only.version, prereleases=True), f"{pin} for {wanted}"


@pytest.mark.parametrize("file", PINS)
def test_pins_name_no_place(file: str) -> None:
    text = (ROOT / file).read_text()
    assert not re.findall(r"://|--index|--find-links|(?<![\w.])/\w+", text)


def test_developers_have_what_the_shop_has() -> None:
    shop, developers = pins("requirements.txt"), pins("requirements-dev.txt")
    assert {name: list(map(str, found)) for name, found in shop.items()} == {
        name: list(map(str, found)) for name, found in developers.items() if name in shop
    }


@pytest.mark.django_db
def test_models_have_their_migrations(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("makemigrations", check=True, dry_run=True)
    assert "No changes detected" in capsys.readouterr().out


# What a make that runs these tests hands on to one that they run.
OF_MAKE = ("MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS", "MAKELEVEL", "VENV", "PYTHON", "PORT")


def make(*arguments: str, path: str = os.environ["PATH"]) -> subprocess.CompletedProcess[str]:
    """Run make in the project's folder."""
    return subprocess.run(
        ["make", *arguments],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if k not in OF_MAKE} | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_make_alone_tells_every_target() -> None:
    told = make().stdout
    targets = re.findall(r"^\.PHONY: ([a-z-]+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert re.findall(r"^make ([a-z-]+) +\S", told, re.MULTILINE) == targets
    assert {"demo", "test", "test-kafka", "kafka"} <= set(targets)


@pytest.mark.parametrize("python", ["", "no-such-python"])
def test_without_python_a_sentence_says_what_to_do(tmp_path: Path, python: str) -> None:
    done = make("demo", f"VENV={tmp_path / 'venv'}", f"PYTHON={python}")
    assert done.returncode != 0
    assert "Python" in done.stderr
    assert not (tmp_path / "venv" / ".made").exists()


def test_an_old_python_is_passed_over(tmp_path: Path) -> None:
    for name in ("python3.13", "python3.12", "python3.11"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "python3").symlink_to(sys.executable)
    venv, path = tmp_path / "venv", f"{tmp_path}:{os.environ['PATH']}"
    assert f"python3 -m venv {venv}" in make("--dry-run", "kafka", f"VENV={venv}", path=path).stdout


def test_containers_run_the_shop() -> None:
    described = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert {"kafka", "mongodb", "setup", "web", "consumer"} <= described["services"].keys()
    images = [service.get("image", "") for service in described["services"].values()]
    assert not [image for image in images if image.endswith(":latest")]
