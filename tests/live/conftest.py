"""One real stack for all live tests: brought up here by the project's own site.yml, beside any other."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import docker
import pytest
import yaml
from gitea import gitea
from own_minio import Minio

__all__ = ["gitea"]

ROOT = Path(__file__).resolve().parents[2]
INVENTORY = ROOT / "tests" / "live" / "inventory"
SECRETS = INVENTORY / "group_vars" / "all" / "vault.yml"
BIN = Path(sys.executable).parent
SCRATCH = Path("/tmp/repro-stack-test")  # noqa: S108 - where the inventory puts everything


@dataclasses.dataclass(frozen=True)
class Postgres:
    socket: str
    database: str = "mlflow"


@dataclasses.dataclass(frozen=True)
class Mlflow:
    endpoint: str


@dataclasses.dataclass(frozen=True)
class Stack:
    """How to run the project's playbooks on the test stack, and what its secrets are."""

    secrets: dict[str, str]
    root: Path = SCRATCH
    project: Path = ROOT
    inventory: Path = INVENTORY
    secrets_file: Path = SECRETS

    @property
    def postgres_socket(self) -> str:
        return str(self.root / "opt" / "postgres" / "run")

    def start(self, name: str, *arguments: str, callback: str = "default") -> subprocess.Popen[str]:
        """The playbook as a process group of its own."""
        return subprocess.Popen(
            [BIN / "ansible-playbook", "-i", INVENTORY, ROOT / "playbooks" / name, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={
                **os.environ,
                "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_STDOUT_CALLBACK": callback,
            },
            start_new_session=True,
        )

    def playbook(
        self, name: str, *arguments: str, check: bool = True, callback: str = "default"
    ) -> subprocess.CompletedProcess[str]:
        """The finished run; where it failed and ``check`` is set, so does the test, with what the run printed."""
        process = self.start(name, *arguments, callback=callback)
        output, errors = process.communicate()
        if check and process.returncode != 0:
            pytest.fail(f"{name} {' '.join(arguments)} ended with {process.returncode}\n{output}\n{errors}")
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def destroy(self) -> None:
        self.playbook("teardown.yml", "-e", f"@{INVENTORY.parent / 'teardown.json'}")
        shutil.rmtree(SCRATCH, ignore_errors=True)


@pytest.fixture(scope="session")
def stack() -> t.Iterator[Stack]:
    """The test stack; REPRO_KEEP_STACK=1 leaves it there, REPRO_STACK=running then takes it as it stands."""
    if os.environ.get("REPRO_STACK") == "running":
        yield Stack(yaml.safe_load(SECRETS.read_text()))
        return
    made = Stack({})
    if not os.environ.get("REPRO_KEEP_STACK"):
        made.destroy()  # what a session that was killed left behind has other secrets
    made.playbook("secrets.yml", "-e", json.dumps({"secrets_file": str(SECRETS)}))
    made = Stack(yaml.safe_load(SECRETS.read_text()))
    made.playbook("site.yml")
    yield made
    if not os.environ.get("REPRO_KEEP_STACK"):
        made.destroy()


@pytest.fixture(scope="session")
def minio(stack: Stack) -> Minio:
    return Minio(
        endpoint="http://127.0.0.1:19000",
        access_key="administrator",
        secret_key=stack.secrets["vault_minio_administrator_password"],
        root_user=stack.secrets["vault_minio_root_user"],
        root_password=stack.secrets["vault_minio_root_password"],
    )


@pytest.fixture(scope="session")
def minio_image(stack: Stack) -> str:
    """Reference of the image that the stack built."""
    return docker.from_env().api.inspect_container("test-minio")["Config"]["Image"]


@pytest.fixture(scope="session")
def spawner_image(stack: Stack) -> str:
    """The minimal image for projects, which the site makes where the inventory names no other: Debian, Git, uv."""
    (image, *_older) = docker.from_env().images.list("repro-stack/cookiecutter_publish")
    return image.tags[0]


@pytest.fixture(scope="session")
def postgres(stack: Stack) -> Postgres:
    return Postgres(socket=stack.postgres_socket)


@pytest.fixture(scope="session")
def mlflow(stack: Stack) -> Mlflow:
    return Mlflow(endpoint="http://127.0.0.1:15000")
