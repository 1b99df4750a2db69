"""A real Gitea for tests: built once from its Go module, run on a port of loopback. Its web pages lack their assets."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import os
import re
import secrets
import shutil
import socket
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
import requests

# 1.26 has holes that 1.27.1 closed, and 1.27.2 cannot be built from modules alone: loopback and tests only.
MODULE = "code.gitea.io/gitea@v1.26.0"
CACHE = Path(__file__).resolve().parents[2] / ".cache" / "gitea" / "1.26.0"


@dataclasses.dataclass(frozen=True)
class Gitea:
    endpoint: str
    ssh_port: int
    user: str
    token: str
    password: str
    program: tuple[str, ...]

    def api(self, method: str, path: str, body: dict[str, t.Any] | None = None, **options: t.Any) -> requests.Response:
        """The answer to a call of the API as the administrator, whatever it is."""
        headers = {"Authorization": f"token {self.token}"}
        return requests.request(
            method, f"{self.endpoint}/api/v1{path}", json=body, headers=headers, timeout=30, **options
        )

    def wait_for_branch(self, repository: str, name: str = "main") -> None:
        """Until the API knows of a push, which Gitea takes note of by a queue."""
        deadline = time.monotonic() + 60
        while not self.api("GET", f"/repos/{repository}/branches/{name}").ok:
            if time.monotonic() > deadline:
                raise RuntimeError(f"Gitea does not know the branch {name} of {repository} after a minute")
            time.sleep(0.2)

    def git_environment(self) -> dict[str, str]:
        """What a test's own git needs to sign in without writing the token anywhere."""
        return {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: token {self.token}",
            "GIT_TERMINAL_PROMPT": "0",
        }


def built() -> Path:
    """The folder with the program and the files that it reads at run time; takes minutes where it is not there yet."""
    CACHE.parent.mkdir(parents=True, exist_ok=True)
    # Live tests and molecule run side by side: the second waits here and finds it.
    with CACHE.with_name(f".{CACHE.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not CACHE.exists():
            _build()
    return CACHE


def _build() -> None:
    if not shutil.which("go"):
        raise RuntimeError(f"Go is needed to build {MODULE} for the tests: put it on PATH")
    new = CACHE.with_name(f".{CACHE.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    environment = {**os.environ, "GOFLAGS": "-buildvcs=false -mod=readonly", "CGO_ENABLED": "1"}
    asked = ["go", "mod", "download", "-json", MODULE]
    described = subprocess.run(asked, env=environment, cwd="/", check=True, capture_output=True, text=True).stdout
    source = Path(next(line.split('"')[3] for line in described.splitlines() if '"Dir"' in line))
    # A copy, since a module with replacements can be built only as the main one.
    shutil.copytree(source, new / "source")
    subprocess.run(["chmod", "-R", "u+w", new], check=True)
    command = ["go", "build", "-trimpath", "-tags", "sqlite sqlite_unlock_notify", "-ldflags", "-s -w", "-o"]
    subprocess.run([*command, str(new / "gitea"), "."], env=environment, cwd=new / "source", check=True)
    for name in ("options", "public", "templates"):
        (new / "source" / name).rename(new / name)
    shutil.rmtree(new / "source")
    new.rename(CACHE)


CONFIGURATION = """
APP_NAME = Gitea of the tests
RUN_USER = {user}
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
WORK_PATH = {work}
[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {port}
ROOT_URL = http://127.0.0.1:{port}/
STATIC_ROOT_PATH = {static}
OFFLINE_MODE = true
START_SSH_SERVER = true
BUILTIN_SSH_SERVER_USER = git
SSH_LISTEN_HOST = 127.0.0.1
SSH_LISTEN_PORT = {ssh_port}
[database]
DB_TYPE = sqlite3
PATH = {work}/gitea.db
[security]
INSTALL_LOCK = true
[service]
DISABLE_REGISTRATION = true
[cron]
ENABLED = false
[indexer]
ISSUE_INDEXER_TYPE = db
[log]
LEVEL = warn
"""


@contextlib.contextmanager
def running(work: Path) -> t.Iterator[Gitea]:
    """A forge with one administrator and nothing in it; ``work`` is its empty folder."""
    program = built()
    port, ssh_port = _free_port(), _free_port()
    configuration = work / "app.ini"
    user = subprocess.run(["id", "-un"], check=True, capture_output=True, text=True).stdout.strip()
    told = {"user": user, "work": work, "port": port, "ssh_port": ssh_port, "static": program}
    configuration.write_text(CONFIGURATION.format(**told))
    command = (str(program / "gitea"), "--config", str(configuration), "--work-path", str(work))

    def call(*arguments: str) -> str:
        ran = subprocess.run([*command, *arguments], capture_output=True, text=True, cwd=work, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout.strip()

    name, password = "administrator", secrets.token_hex(16)
    call("migrate")
    created = ("admin", "user", "create", "--admin", "--username", name, "--email", f"{name}@example.org")
    call(*created, "--password", password, "--must-change-password=false")
    asked = ("admin", "user", "generate-access-token", "--username", name, "--scopes", "all", "--raw")
    [token] = [line for line in call(*asked).splitlines() if re.fullmatch("[0-9a-f]{40}", line)]
    with (work / "log.txt").open("w") as log:
        process = subprocess.Popen([*command, "web"], stdout=log, stderr=log, cwd=work)
        forge = Gitea(f"http://127.0.0.1:{port}", ssh_port, name, token, password, command)
        try:
            _wait(forge, process, work / "log.txt")
            yield forge
        finally:
            process.terminate()
            process.wait(timeout=60)


@pytest.fixture(scope="session")
def gitea(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Gitea]:
    """A forge for all tests of a session."""
    with running(tmp_path_factory.mktemp("gitea")) as forge:
        yield forge


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _wait(forge: Gitea, process: subprocess.Popen[bytes], log: Path) -> None:
    for _attempt in range(240):
        assert process.poll() is None, f"Gitea ended:\n{log.read_text()}"
        with contextlib.suppress(requests.ConnectionError):
            if forge.api("GET", "/user").status_code == 200:
                return
        time.sleep(0.25)
    raise AssertionError(f"Gitea does not answer:\n{log.read_text()}")
