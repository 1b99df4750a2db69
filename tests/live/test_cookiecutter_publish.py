"""The published template: from the gateway's files without a forge, and on a real Gitea by the role."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import sys
import typing as t
import uuid
from pathlib import Path

import pytest
import requests

BIN = Path(sys.executable).parent
ADDRESS = "http://127.0.0.1:13000/platform/cookiecutter-ds-project"
LOOK = "cookiecutter_publish : Look at the repository on the forge"
PUBLISH = "cookiecutter_publish : Publish the template"
ORGANIZATION = "cookiecutter_publish : repository | Have the organisation"
REPOSITORY = "cookiecutter_publish : repository | Have the repository"
SETTINGS = "cookiecutter_publish : settings | Have the repository as declared"
ROLE = ("site.yml", "--tags", "cookiecutter_publish")
TEMPLATE = Path(__file__).resolve().parents[2] / "roles" / "cookiecutter_publish" / "files" / "cookiecutter-ds-project"
ENVIRONMENT = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0"}


def git(where: Path, *arguments: str, **environment: str) -> str:
    variables = {**ENVIRONMENT, **environment}
    ran = subprocess.run(["git", "-C", where, *arguments], env=variables, capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def bake(address: str, where: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """As a data scientist does it, but without the hooks, which have tests of their own."""
    home = where / f"home-{uuid.uuid4().hex[:8]}"
    home.mkdir()
    command = [BIN / "cookiecutter", address, "--no-input", "--accept-hooks", "no", "--output-dir", where]
    variables = {**ENVIRONMENT, "HOME": str(home), **environment}
    return subprocess.run(
        [*command, "project_name=Churn"],
        env=variables,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=where,
        check=False,
    )


@pytest.fixture
def executed(stack: t.Any) -> t.Callable[..., dict[str, t.Any]]:
    """The role alone; what each task that was not skipped returned."""

    def run(*arguments: str) -> dict[str, t.Any]:
        chosen = ("--tags", "cookiecutter_publish", "--diff", *arguments)
        ran = stack.playbook("site.yml", *chosen, callback="ansible.posix.json")
        return {
            task["task"]["name"].removeprefix("repro.stack."): host
            for play in json.loads(ran.stdout)["plays"]
            for task in play["tasks"]
            for host in task["hosts"].values()
            if not host.get("skipped")
        }

    return run


@pytest.fixture
def publish(executed: t.Any) -> t.Callable[..., set[str]]:
    """The names of the tasks that changed something."""
    return lambda *arguments: {name for name, host in executed(*arguments).items() if host.get("changed")}


def of_the_role(tasks: t.Mapping[str, t.Any]) -> set[str]:
    return {name for name in tasks if name.startswith("cookiecutter_publish : ")}


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("ending", ["", ".git"])
def test_a_project_starts_from_the_gateway(tmp_path: Path, ending: str) -> None:
    address = ADDRESS + ending
    made = bake(f"git+{address}", tmp_path)
    assert made.returncode == 0, made.stdout + made.stderr
    assert (tmp_path / "churn" / "pyproject.toml").is_file()
    git(tmp_path, "clone", "--quiet", address, "clone")
    answers = json.loads((tmp_path / "clone" / "cookiecutter.json").read_text())
    assert answers["_mlflow_tracking_uri"] == "http://127.0.0.1:15000"
    assert answers["_s3_endpoint"] == "http://127.0.0.1:19000"
    tags = git(tmp_path / "clone", "tag", "--points-at", "HEAD").splitlines()
    assert [tag.partition("+")[0] for tag in tags] == [f"v{answers['_version']}"]


def test_an_unchanged_template_is_one_task(publish: t.Any, executed: t.Any) -> None:
    publish()
    for arguments in (("--check",), ()):
        tasks = executed(*arguments)
        assert of_the_role(tasks) == {PUBLISH} and not tasks[PUBLISH]["changed"]


@pytest.mark.usefixtures("stack")
def test_the_gateway_gives_out_what_a_clone_asks_for_and_nothing_else(stack: t.Any) -> None:
    assert requests.get(f"{ADDRESS}/HEAD", timeout=10).text == "ref: refs/heads/main\n"
    assert requests.head(f"{ADDRESS}/info/refs?service=git-upload-pack", timeout=10).status_code == 200
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert requests.request(method, f"{ADDRESS}/info/refs", timeout=10).status_code in (403, 405)
    secret = stack.root / "srv" / "secret"
    link = stack.root / "srv" / "git" / "platform" / "cookiecutter-ds-project" / "objects" / "info" / "packs"
    for path in ("", "/", "/config", "/hooks/", "/objects/", "/description", "/refs/heads/main", "/info/exclude"):
        assert requests.get(ADDRESS + path, timeout=10).status_code == 404, path
    for path in ("/", "/platform/", "/platform/cookiecutter-ds-project/../../secret/x/HEAD", "/%2e%2e/%2e%2e/etc/HEAD"):
        connection = http.client.HTTPConnection("127.0.0.1", 13000, timeout=10)
        connection.request("GET", path)  # as it stands, which requests would not send
        assert connection.getresponse().status in (400, 404), path
    secret.write_text("not for the world")
    kept = link.read_bytes() if link.exists() else None
    try:
        link.unlink(missing_ok=True)
        link.symlink_to(secret)
        assert requests.get(f"{ADDRESS}/objects/info/packs", timeout=10).status_code in (403, 404)
    finally:
        link.unlink()
        if kept is not None:
            link.write_bytes(kept)
        secret.unlink()


def at(gitea: t.Any, owner: str, **more: t.Any) -> tuple[str, str]:
    """The forge in the words of an inventory."""
    given = {
        "cookiecutter_publish_forge": gitea.endpoint,
        "cookiecutter_publish_owner": owner,
        "cookiecutter_publish_user": gitea.user,
        "vault_cookiecutter_publish_token": gitea.token,
    }
    return ("-e", json.dumps(given | more))


def test_the_forge_gets_the_template(
    publish: t.Any, executed: t.Any, stack: t.Any, gitea: t.Any, tmp_path: Path
) -> None:
    owner = f"platform-{uuid.uuid4().hex[:8]}"
    forge = at(gitea, owner)
    address = f"{gitea.endpoint}/{owner}/cookiecutter-ds-project"
    assert publish(*forge, "--check") == {ORGANIZATION, REPOSITORY}
    assert gitea.api("GET", f"/orgs/{owner}").status_code == 404
    assert publish(*forge) == {ORGANIZATION, REPOSITORY, PUBLISH}
    for arguments in (("--check",), ()):
        tasks = executed(*forge, *arguments)
        assert of_the_role(tasks) == {LOOK, PUBLISH} and not any(host.get("changed") for host in tasks.values())

    made = bake(f"git+{address}", tmp_path)
    assert made.returncode == 0, made.stdout + made.stderr
    gitea.wait_for_branch(f"{owner}/cookiecutter-ds-project")
    answers = json.loads(gitea.api("GET", f"/repos/{owner}/cookiecutter-ds-project/raw/cookiecutter.json").text)
    assert answers["_git_forge"] == gitea.endpoint

    # other values are the same version with another content
    spawner = ("-e", "cookiecutter_publish_spawner_image=registry.example.org/spawner:1")
    assert publish(*forge, *spawner, "--check") == publish(*forge, *spawner) == {PUBLISH}
    tags = {tag["name"] for tag in gitea.api("GET", f"/repos/{owner}/cookiecutter-ds-project/tags").json()}
    assert tags == {f"v{answers['_version']}", f"v{answers['_version']}+1"}

    # by hand: who sees it, a description, and a commit in the browser
    gitea.api("PATCH", f"/repos/{owner}/cookiecutter-ds-project", {"private": True, "description": "x"})
    assert publish(*forge, *spawner, "--check") == publish(*forge, *spawner) == {SETTINGS}
    assert gitea.api("GET", f"/repos/{owner}/cookiecutter-ds-project").json()["private"] is False
    assert publish(*forge, *spawner) == set()
    change = {"content": "", "message": "By hand"}
    made = gitea.api("POST", f"/repos/{owner}/cookiecutter-ds-project/contents/by-hand", change).json()["commit"]["sha"]
    arguments = (*ROLE, *forge, *spawner)
    refused = stack.playbook(*arguments, check=False)
    assert refused.returncode != 0 and made in refused.stdout and f"by {gitea.user}" in refused.stdout
    assert publish(*forge, *spawner, "-e", json.dumps({"cookiecutter_publish_accept": [made]})) == {PUBLISH}

    wrong = ("-e", json.dumps({"vault_cookiecutter_publish_token": "0" * 40}))
    refused = stack.playbook(*arguments, *wrong, check=False)
    assert refused.returncode != 0 and "answered 401" in refused.stdout + refused.stderr
    assert gitea.token not in refused.stdout + refused.stderr


def test_a_private_repository_of_somebody_stays_as_it_is(stack: t.Any, gitea: t.Any) -> None:
    owner = f"platform-{uuid.uuid4().hex[:8]}"
    address = f"/repos/{owner}/cookiecutter-ds-project"
    theirs = {"name": "cookiecutter-ds-project", "private": True, "auto_init": True, "default_branch": "trunk"}
    gitea.api("POST", "/orgs", {"username": owner, "visibility": "private"}).raise_for_status()
    gitea.api("POST", f"/orgs/{owner}/repos", {**theirs, "description": "Ours"}).raise_for_status()
    gitea.wait_for_branch(f"{owner}/cookiecutter-ds-project", "trunk")

    def state() -> dict[str, t.Any]:
        found = gitea.api("GET", address).json()
        told = {key: found[key] for key in ("private", "description", "default_branch")}
        return told | {"branches": gitea.api("GET", f"{address}/branches").json()}

    before = state()
    assert (before["private"], before["description"], before["default_branch"]) == (True, "Ours", "trunk")
    for arguments in (("--check",), ()):
        refused = stack.playbook(*ROLE, *at(gitea, owner), *arguments, check=False)
        assert refused.returncode != 0 and "which is not of repro.stack on" in refused.stdout, refused.stdout
        assert state() == before
    assert gitea.api("GET", f"/orgs/{owner}").json()["visibility"] == "private"


def test_nothing_is_made_for_a_template_that_cannot_be_published(stack: t.Any, gitea: t.Any, tmp_path: Path) -> None:
    owner = f"platform-{uuid.uuid4().hex[:8]}"
    broken = tmp_path / "broken"
    shutil.copytree(TEMPLATE, broken)
    answers = (broken / "cookiecutter.json").read_text()
    (broken / "cookiecutter.json").write_text(answers.replace(",", "", 1))
    for folder, sentence in ((broken, f"{broken}/cookiecutter.json, line "), (tmp_path / "none", "does not exist")):
        for arguments in (("--check",), ()):
            given = at(gitea, owner, cookiecutter_publish_folder=str(folder))
            refused = stack.playbook(*ROLE, *given, *arguments, check=False)
            assert refused.returncode != 0 and sentence in refused.stdout, refused.stdout
            assert gitea.api("GET", f"/orgs/{owner}").status_code == 404


def test_a_user_is_no_organisation(publish: t.Any, stack: t.Any, gitea: t.Any) -> None:
    """Whose repository is made by hand."""
    forge = at(gitea, gitea.user)
    for arguments in (("--check",), ()):
        refused = stack.playbook(*ROLE, *forge, *arguments, check=False)
        assert refused.returncode != 0 and f"{gitea.user} is a user, so no organisation can have" in refused.stdout
    gitea.api("POST", "/user/repos", {"name": "cookiecutter-ds-project", "private": True}).raise_for_status()
    by_hand = (*forge, "-e", json.dumps({"cookiecutter_publish_api": False}))
    assert publish(*by_hand) == {PUBLISH}
    assert publish(*by_hand) == set()


def test_any_other_git_server_gets_it_too(publish: t.Any, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "templates.git")
    where = ("-e", json.dumps({"cookiecutter_publish_url": f"file://{tmp_path}/templates.git"}))
    assert publish(*where) == {PUBLISH}
    assert publish(*where) == set()
    assert git(tmp_path / "templates.git", "log", "--format=%s").startswith("Publish version ")
