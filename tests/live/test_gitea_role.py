"""Gitea by the role: the whole site with it on, what it must be and must not tell, and the site without it again."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import shutil
import subprocess
import tarfile
import typing as t
import uuid
from pathlib import Path

import docker
import gitea
import pytest
import requests
import yaml
from sessions import execute_sql

ADDRESS = "http://127.0.0.1:13000"
TEMPLATE = "platform/cookiecutter-ds-project"
OLD = "repro-stack-test/gitea:1.26.0"
# The same program, which says that it is newer: what the role goes by.
NEW = "repro-stack-test/gitea:1.27.2"
ADMINISTRATOR = "gitea : configure | Keep the administrator"
SERVICES = ("gateway", "postgres", "minio", "mlflow", "gitea")
# with what the rootless image of Gitea has too
DOCKERFILE = """
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
RUN apt-get update && apt-get install --yes --no-install-recommends curl
COPY gitea /opt/gitea
ARG SAYS
RUN printf '#!/bin/sh\\n[ "$1" = --version ] && echo "gitea version %s built with go" && exit\\n' "$SAYS" \
        > /usr/local/bin/gitea \
    && echo 'exec /opt/gitea/gitea "$@"' >> /usr/local/bin/gitea && chmod 0755 /usr/local/bin/gitea
"""


@dataclasses.dataclass(frozen=True)
class Forge:
    """How to run the site with Gitea on, and as whom to speak to it; ``printed`` is all that the runs have printed."""

    stack: t.Any = dataclasses.field(repr=False)
    variables: Path
    secrets: dict[str, str] = dataclasses.field(repr=False)
    printed: list[str] = dataclasses.field(repr=False)

    def play(
        self, *arguments: str, name: str = "site.yml", check: bool = True, callback: str = "ansible.posix.json"
    ) -> subprocess.CompletedProcess[str]:
        ran = self.stack.playbook(name, "-e", f"@{self.variables}", *arguments, check=check, callback=callback)
        self.printed.append(ran.stdout + ran.stderr)
        return ran

    def site(self, *arguments: str) -> set[str]:
        """The names of the tasks that changed something."""
        plays = json.loads(self.play("--diff", *arguments).stdout)["plays"]
        return {
            task["task"]["name"].removeprefix("repro.stack.")
            for play in plays
            for task in play["tasks"]
            for host in task["hosts"].values()
            if host.get("changed")
        }

    def api(self, method: str, path: str, body: t.Any = None, *, user: str = "administrator", password: str = ""):
        auth = (user, password or self.secrets["vault_gitea_administrator_password"])
        return requests.request(method, f"{ADDRESS}/api/v1{path}", json=body, auth=auth, timeout=60)


def git(where: Path, *arguments: str) -> str:
    variables = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0"}
    ran = subprocess.run(["git", "-C", where, *arguments], env=variables, capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def engine() -> docker.DockerClient:
    return docker.from_env()


def started(*names: str) -> dict[str, tuple[str, str]]:
    found = {name: engine().api.inspect_container(f"test-{name}") for name in names}
    return {name: (each["Id"], each["State"]["StartedAt"]) for name, each in found.items()}


@pytest.fixture(scope="module")
def images(spawner_image: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    context = tmp_path_factory.mktemp("image")
    shutil.copytree(gitea.built(), context / "gitea")
    (context / "Dockerfile").write_text(DOCKERFILE)
    for name in (OLD, NEW):
        arguments = ["--build-arg", f"BASE_IMAGE={spawner_image}", "--build-arg", f"SAYS={name.partition(':')[2]}"]
        ran = subprocess.run(
            ["docker", "build", *arguments, "--tag", name, context], capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.fixture(scope="module")
def declared(stack: t.Any, images: None, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Forge]:
    """An inventory with Gitea on, and nothing done yet. Afterwards the stack is as it was."""
    folder = tmp_path_factory.mktemp("declared")
    stack.playbook("secrets.yml", "-e", json.dumps({"secrets_file": str(folder / "vault.yml")}))
    made = yaml.safe_load((folder / "vault.yml").read_text())
    secrets = {name: value for name, value in made.items() if "gitea" in name}
    assert len(secrets) == 3
    places = {
        "gitea_container": "test-gitea",
        "gitea_config_directory": str(stack.root / "opt" / "gitea"),
        "gitea_data_directory": str(stack.root / "srv" / "gitea"),
        # the released program brings its pages with it
        "gitea_settings": {"server": {"STATIC_ROOT_PATH": "/opt/gitea"}},
    }
    (folder / "variables.json").touch(0o600)
    (folder / "variables.json").write_text(json.dumps({"gitea_image": NEW, **places, **secrets}))
    yield Forge(stack, folder / "variables.json", secrets, [])
    stack.playbook("site.yml")
    for name in ("test-gitea", "test-gitea-version"):
        for container in engine().containers.list(all=True, filters={"name": f"^{name}$"}):
            container.remove(force=True)
    for path in (stack.root / "opt" / "gitea", stack.root / "srv" / "gitea"):
        shutil.rmtree(path, ignore_errors=True)
    execute_sql(stack.postgres_socket, "DROP DATABASE IF EXISTS gitea WITH (FORCE)", "DROP ROLE IF EXISTS gitea")


@pytest.fixture(scope="module")
def forge(declared: Forge) -> Forge:
    """Gitea is there, by one run of the site; what it found is what an older inventory left."""
    changed = declared.site()
    assert {"service_container : Run test-gitea", ADMINISTRATOR} <= changed
    assert not any("test-minio" in name or "test-mlflow" in name for name in changed)
    return declared


def test_an_old_image_is_refused_before_anything_is_changed(declared: Forge) -> None:
    before = started("gateway", "postgres")
    image = ("-e", json.dumps({"gitea_image": OLD}))
    refused = declared.play(*image, check=False, callback="default")
    assert refused.returncode != 0
    assert f"The image {OLD} says that it is gitea version 1.26.0" in " ".join(refused.stdout.split())
    assert "changed=0 " in refused.stdout and started("gateway", "postgres") == before
    # a run of this one check
    accepted = ("-e", json.dumps({"gitea_image_accepted": OLD}))
    assert declared.site(*image, *accepted, "--tags", "gitea_preflight") == set()
    assert declared.site("--tags", "gitea_preflight") == set()


def test_the_next_run_changes_and_restarts_nothing(forge: Forge) -> None:
    before = started(*SERVICES)
    assert forge.site() == set()
    assert started(*SERVICES) == before


def test_the_administrator_signs_in_and_nobody_registers(forge: Forge) -> None:
    assert forge.api("GET", "/user").json()["is_admin"]
    assert {user["login"] for user in forge.api("GET", "/admin/users").json()} == {"administrator"}
    assert forge.api("GET", "/user", password="guessed-by-somebody").status_code == 401
    somebody = {"user_name": "eve", "email": "eve@example.org", "password": "a-good-one-1", "retype": "a-good-one-1"}
    requests.post(f"{ADDRESS}/user/sign_up", data=somebody, timeout=60)
    assert forge.api("GET", "/users/eve").status_code == 404
    assert requests.get(f"{ADDRESS}/user/sign_up", timeout=60).status_code in (403, 404) or "disabled" in (
        requests.get(f"{ADDRESS}/user/sign_up", timeout=60).text
    )


def test_its_database_is_owned_by_its_role(forge: Forge) -> None:
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'gitea'"
    assert execute_sql(forge.stack.postgres_socket, owner) == [("gitea",)]


def test_everybody_clones_the_template(forge: Forge, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", f"{ADDRESS}/{TEMPLATE}", "clone")
    answers = json.loads((tmp_path / "clone" / "cookiecutter.json").read_text())
    assert answers["_git_forge"] == ADDRESS
    assert answers["_container_registry"] == "127.0.0.1:13000/platform"
    with pytest.raises(subprocess.CalledProcessError):
        git(tmp_path / "clone", "push", "origin", "HEAD:refs/heads/by-somebody")


def test_an_image_is_pushed_and_pulled(forge: Forge) -> None:
    asked = requests.get(f"{ADDRESS}/v2/", timeout=60)
    assert asked.status_code == 401 and f'realm="{ADDRESS}/v2/token"' in asked.headers["WWW-Authenticate"]
    identity = {"username": "administrator", "password": forge.secrets["vault_gitea_administrator_password"]}
    name = f"127.0.0.1:13000/platform/tried-{uuid.uuid4().hex[:8]}"
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        large = tarfile.TarInfo("large")
        large.size = 20_000_000
        archive.addfile(large, io.BytesIO(os.urandom(large.size)))
    engine().api.import_image_from_data(content.getvalue(), repository=name, tag="1")
    try:
        said = engine().images.push(name, tag="1", auth_config=identity)
        assert "error" not in said, said
        digest = engine().images.get(f"{name}:1").attrs["RepoDigests"]
        engine().images.remove(f"{name}:1")
        assert engine().images.pull(name, tag="1", auth_config=identity).attrs["RepoDigests"] == digest
    finally:
        for image in engine().images.list(name):
            engine().images.remove(image.id, force=True)


def test_nothing_secret_is_shown(forge: Forge) -> None:
    file = forge.stack.root / "opt" / "gitea" / "app.ini"
    assert (file.stat().st_mode & 0o777, file.stat().st_uid) == (0o600, 5005)
    content = file.read_text()
    shown = {
        "inspect": json.dumps(engine().api.inspect_container("test-gitea")),
        "log": engine().containers.get("test-gitea").logs().decode(),
        "runs": "\n".join(forge.printed),
    }
    made_of = [
        line.split("`")[1] for line in content.splitlines() if line.startswith(("INTERNAL_TOKEN", "JWT_", "LFS_JWT"))
    ]
    assert len(made_of) == 3 and len(shown["runs"]) > 1000
    for secret in [*forge.secrets.values(), *made_of]:
        assert [where for where, text in shown.items() if secret in text] == []
    running = engine().api.inspect_container("test-gitea")
    assert running["HostConfig"]["ReadonlyRootfs"] and running["Config"]["User"] == "5005:5005"
    assert not running["HostConfig"]["PortBindings"]


def test_a_password_changed_by_hand_is_repaired_and_nothing_else(forge: Forge) -> None:
    before = started(*SERVICES)
    by_hand = {"source_id": 0, "login_name": "administrator", "password": "changed-by-hand-1"}
    assert forge.api("PATCH", "/admin/users/administrator", by_hand).status_code == 200
    assert forge.api("GET", "/user").status_code == 401
    assert forge.site() == {ADMINISTRATOR}
    assert forge.api("GET", "/user").json()["is_admin"]
    assert forge.api("GET", "/user", password="changed-by-hand-1").status_code == 401
    assert started(*SERVICES) == before


def test_the_account_of_an_interrupted_repair_is_removed(forge: Forge) -> None:
    left = {"username": "repro.stack-repair", "email": "x@noreply.invalid", "password": "nobody-knows-1"}
    assert forge.api("POST", "/admin/users", left).status_code == 201
    chosen = ("--tags", "gitea")
    assert forge.site("--check", *chosen) == {ADMINISTRATOR}
    assert forge.api("GET", "/users/repro.stack-repair").status_code == 200
    assert forge.site(*chosen) == {ADMINISTRATOR}
    assert {user["login"] for user in forge.api("GET", "/admin/users").json()} == {"administrator"}
    assert forge.site(*chosen) == set()


def test_a_right_that_was_taken_away_is_given_back(forge: Forge) -> None:
    eve = {"username": "eve", "email": "eve@example.org", "password": "a-good-one-1", "must_change_password": False}
    assert forge.api("POST", "/admin/users", eve).status_code == 201
    right = {"source_id": 0, "login_name": "eve", "admin": True}
    assert forge.api("PATCH", "/admin/users/eve", right).status_code == 200
    taken = {"source_id": 0, "login_name": "administrator", "admin": False}
    taking = forge.api("PATCH", "/admin/users/administrator", taken, user="eve", password="a-good-one-1")
    assert taking.status_code == 200, taking.text
    assert not forge.api("GET", "/user").json()["is_admin"]
    chosen = ("--tags", "gitea")
    assert forge.site("--check", *chosen) == {ADMINISTRATOR}
    assert not forge.api("GET", "/user").json()["is_admin"]
    assert forge.site(*chosen) == {ADMINISTRATOR}
    assert {user["login"] for user in forge.api("GET", "/admin/users").json()} == {"administrator", "eve"}
    assert forge.api("DELETE", "/admin/users/eve").status_code == 204
    assert forge.site(*chosen) == set()


def test_an_account_that_was_removed_is_made_again_by_the_module(forge: Forge, run_module: t.Any) -> None:
    """In process, so that what it returns is seen in whole."""
    account = {
        "endpoint": ADDRESS,
        "container": "test-gitea",
        "name": f"second-{uuid.uuid4().hex[:8]}",
        "password": 'it\'s `a` "good" one: 1%',
        "email": "second@example.org.invalid",
    }
    for check_mode in (True, False):
        made = run_module("gitea_administrator", check_mode=check_mode, **account)
        assert made["changed"] and account["password"] not in json.dumps(made)
    assert not run_module("gitea_administrator", **account)["changed"]
    assert forge.api("DELETE", f"/admin/users/{account['name']}").status_code == 204
    with pytest.raises(run_module.failed, match="Gitea's program in the container no-such-container cannot be run"):
        run_module("gitea_administrator", **{**account, "container": "no-such-container"})


def test_the_other_modules_sign_in_by_a_password(forge: Forge, run_module: t.Any) -> None:
    name = f"live-{uuid.uuid4().hex[:8]}"
    password = forge.secrets["vault_gitea_administrator_password"]
    given = {"endpoint": ADDRESS, "username": "administrator", "password": password, "name": name}
    assert run_module("gitea_organization", **given)["changed"]
    assert run_module("gitea_repository", owner=name, **given)["changed"]
    assert run_module("gitea_repository", owner=name, state="absent", **given)["changed"]
    assert run_module("gitea_organization", state="absent", **given)["changed"]
    with pytest.raises(run_module.failed, match="mutually exclusive: token"):
        run_module("gitea_organization", token="0" * 40, **given)


def test_down_takes_it_down_and_without_it_the_static_repository_is_back(forge: Forge, tmp_path: Path) -> None:
    forge.play(name="teardown.yml", callback="default")
    assert not {f"test-{name}" for name in SERVICES} & {each.name for each in engine().containers.list()}
    forge.stack.playbook("site.yml")
    assert requests.get(f"{ADDRESS}/{TEMPLATE}/HEAD", timeout=60).text == "ref: refs/heads/main\n"
    git(tmp_path, "clone", "--quiet", f"{ADDRESS}/{TEMPLATE}", "clone")
    assert not json.loads((tmp_path / "clone" / "cookiecutter.json").read_text())["_git_forge"]
