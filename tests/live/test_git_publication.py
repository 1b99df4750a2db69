"""git_publication against a real Gitea over HTTP, as a user who has only a token."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import typing as t
import uuid
from pathlib import Path

import pytest
from ansible_collections.repro.stack.plugins.module_utils._git.folder import fill_in, read_folder

BIN = Path(sys.executable).parent
ROOT = Path(__file__).resolve().parents[2]
RunModule = t.Callable[..., dict[str, t.Any]]


@pytest.fixture(scope="module")
def organization(gitea: t.Any) -> str:
    name = f"publish-{uuid.uuid4().hex[:8]}"
    assert gitea.api("POST", "/orgs", {"username": name}).status_code == 201
    return name


@pytest.fixture
def repository(gitea: t.Any, organization: str) -> str:
    """owner/name of an empty one."""
    name = f"template-{uuid.uuid4().hex[:8]}"
    body = {"name": name, "private": True, "auto_init": False, "default_branch": "main"}
    assert gitea.api("POST", f"/orgs/{organization}/repos", body).status_code == 201
    return f"{organization}/{name}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "template"
    (made / "{{cookiecutter.slug}}").mkdir(parents=True)
    answers = {"slug": "churn", "_version": "1.0.0", "_endpoint": "unset"}
    (made / "cookiecutter.json").write_text(json.dumps(answers))
    (made / "{{cookiecutter.slug}}" / "README.md").write_text("# {{cookiecutter.slug}} at {{cookiecutter._endpoint}}\n")
    return made


@pytest.fixture
def publish(run_module: RunModule, gitea: t.Any, repository: str, folder: Path) -> RunModule:
    def run(*, check_mode: bool = False, values: dict[str, t.Any] | None = None, **options: t.Any) -> dict[str, t.Any]:
        tree = read_folder(str(folder))
        version = fill_in(tree, str(folder), values or {})["_version"]
        given = {"url": f"{gitea.endpoint}/{repository}", "username": gitea.user, "password": gitea.token}
        given |= {"archive": tree.pack(), "version": version, **options}
        returned = run_module("git_publication", check_mode=check_mode, **given)
        assert gitea.token not in str(returned)
        return returned

    run.failed = run_module.failed
    return run


def git(gitea: t.Any, where: Path, *arguments: str) -> str:
    somebody = {"GIT_AUTHOR_NAME": "Eve", "GIT_AUTHOR_EMAIL": "eve@example.org"}
    somebody |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in somebody.items()}
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, **somebody, **gitea.git_environment()}
    ran = subprocess.run(["git", "-C", where, *arguments], env=environment, capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def refs(gitea: t.Any, repository: str, tmp_path: Path) -> str:
    return git(gitea, tmp_path, "ls-remote", f"{gitea.endpoint}/{repository}")


def test_life(publish: RunModule, gitea: t.Any, repository: str, folder: Path, tmp_path: Path) -> None:
    assert publish(check_mode=True)["changed"] and refs(gitea, repository, tmp_path) == ""
    first = publish(values={"_endpoint": "http://a"})
    assert first["changed"] and first["publication"]["tag"] == "v1.0.0"
    started = time.monotonic()
    assert not publish(values={"_endpoint": "http://a"})["changed"]
    took = time.monotonic() - started
    assert publish(values={"_endpoint": "http://b"})["publication"]["tag"] == "v1.0.0+1"

    gitea.wait_for_branch(repository)
    assert gitea.api("GET", f"/repos/{repository}").json()["default_branch"] == "main"
    tags = {tag["name"]: tag["commit"]["sha"] for tag in gitea.api("GET", f"/repos/{repository}/tags").json()}
    assert set(tags) == {"v1.0.0", "v1.0.0+1"} and tags["v1.0.0"] == first["commit"]
    history = gitea.api("GET", f"/repos/{repository}/commits").json()
    assert [commit["parents"] != [] for commit in history] == [True, False]
    print(f"an unchanged template took {took:.2f} s")


def test_the_token_is_in_no_argument_and_no_file(publish: RunModule, gitea: t.Any, tmp_path: Path) -> None:
    """What the processes of a run look like to another user of the machine."""
    seen: list[str] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
                except OSError:
                    continue
            time.sleep(0.005)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        publish()
        publish(values={"_endpoint": "x"})
    finally:
        done.set()
        watching.join()
    assert any("git" in line and "push" in line for line in seen), "the push was not seen at all"
    assert not [line for line in seen if gitea.token in line]
    with pytest.raises(publish.failed):
        publish(url=f"http://x:{gitea.token}@127.0.0.1:1/a/b")


def test_a_wrong_token_is_said_and_not_shown(publish: RunModule, gitea: t.Any, repository: str) -> None:
    with pytest.raises(publish.failed, match=rf"{repository} cannot be read: .*Authentication failed") as failure:
        publish(password="not-the-token-of-anybody")
    assert "not-the-token" not in str(failure.value.returned)
    with pytest.raises(publish.failed, match=r"cannot be read: .*not found"):
        publish(url=f"{gitea.endpoint}/{repository}-missing")


def test_a_token_that_may_only_read_publishes_nothing(
    publish: RunModule, gitea: t.Any, repository: str, tmp_path: Path
) -> None:
    made = gitea.api("POST", f"/users/{gitea.user}/tokens", {"name": uuid.uuid4().hex, "scopes": ["read:repository"]})
    if made.status_code == 401:  # tokens are made with the password alone
        import requests

        made = requests.post(
            f"{gitea.endpoint}/api/v1/users/{gitea.user}/tokens",
            json={"name": uuid.uuid4().hex, "scopes": ["read:repository"]},
            auth=(gitea.user, gitea.password),
            timeout=30,
        )
    reading = made.json()["sha1"]
    assert publish(password=reading, check_mode=True)["changed"]
    with pytest.raises(publish.failed, match="Nothing was published to"):
        publish(password=reading)
    assert refs(gitea, repository, tmp_path) == ""


def test_a_foreign_commit_stops_the_run(publish: RunModule, gitea: t.Any, repository: str, tmp_path: Path) -> None:
    publish()
    clone = tmp_path / "clone"
    git(gitea, tmp_path, "clone", "--quiet", f"{gitea.endpoint}/{repository}", str(clone))
    (clone / "cookiecutter.json").write_text("{}")
    git(gitea, clone, "commit", "--quiet", "--all", "--message", "Improve")
    git(gitea, clone, "push", "--quiet")
    foreign = git(gitea, clone, "rev-parse", "HEAD")
    before = refs(gitea, repository, tmp_path)
    for check_mode in (True, False):
        with pytest.raises(publish.failed, match=rf"holds the commit {foreign} by Eve <eve@example.org>"):
            publish(check_mode=check_mode, values={"_endpoint": "x"})
    assert refs(gitea, repository, tmp_path) == before
    assert publish(accept=[foreign])["changed"] and not publish(accept=[foreign])["changed"]


def test_a_repository_that_gitea_began_is_foreign(
    publish: RunModule, gitea: t.Any, organization: str, tmp_path: Path
) -> None:
    assert gitea.api("POST", f"/orgs/{organization}/repos", {"name": "begun", "auto_init": True}).status_code == 201
    before = refs(gitea, f"{organization}/begun", tmp_path)
    with pytest.raises(publish.failed, match=f"/begun holds the commit [0-9a-f]{{40}} by {gitea.user}"):
        publish(url=f"{gitea.endpoint}/{organization}/begun")
    assert refs(gitea, f"{organization}/begun", tmp_path) == before


def test_a_protected_tag_leaves_the_branch_where_it_was(
    publish: RunModule, gitea: t.Any, repository: str, tmp_path: Path
) -> None:
    """Both or neither, by Gitea's own refusal."""
    publish()
    before = refs(gitea, repository, tmp_path)
    other = {"username": f"keeper-{uuid.uuid4().hex[:8]}", "password": uuid.uuid4().hex, "must_change_password": False}
    gitea.api("POST", "/admin/users", {**other, "email": f"{other['username']}@example.org"}).raise_for_status()
    rule = {"name_pattern": "v1.0.0+*", "whitelist_usernames": [other["username"]]}
    protected = gitea.api("POST", f"/repos/{repository}/tag_protections", rule)
    assert protected.status_code == 201, protected.text
    with pytest.raises(publish.failed, match="Nothing was published"):
        publish(values={"_endpoint": "x"})
    assert refs(gitea, repository, tmp_path) == before
    gitea.api("DELETE", f"/repos/{repository}/tag_protections/{protected.json()['id']}")
    assert publish(values={"_endpoint": "x"})["publication"]["tag"] == "v1.0.0+1"


def test_ssh(publish: RunModule, gitea: t.Any, repository: str, tmp_path: Path, monkeypatch: t.Any) -> None:
    """With the key and the known hosts of a user, which a test must not have in the home folder."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    key = {"title": uuid.uuid4().hex, "key": (tmp_path / "key.pub").read_text()}
    assert gitea.api("POST", "/user/keys", key).status_code == 201
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    options = f"-F none -i {tmp_path}/key -o UserKnownHostsFile={tmp_path}/known_hosts"
    program.write_text(f'#!/bin/sh\nexec /usr/bin/ssh {options} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    given = {"url": f"ssh://git@127.0.0.1:{gitea.ssh_port}/{repository}", "username": None, "password": None}
    with pytest.raises(publish.failed, match=r"cannot be read: .*Host key verification failed"):
        publish(**given)
    scanned = subprocess.run(["ssh-keyscan", "-p", str(gitea.ssh_port), "127.0.0.1"], capture_output=True, check=True)
    (tmp_path / "known_hosts").write_bytes(scanned.stdout)
    assert publish(**given)["changed"] and not publish(**given)["changed"]
    assert not publish()["changed"]


def test_a_run_that_is_killed_in_the_middle_is_completed(
    publish: RunModule, gitea: t.Any, repository: str, folder: Path, tmp_path: Path
) -> None:
    """By the task as a playbook runs it, which is also how the action plugin is tried; nothing is ever half there."""
    (folder / "large").write_bytes(os.urandom(8 * 1024 * 1024))
    task = {"url": f"{gitea.endpoint}/{repository}", "username": gitea.user, "password": gitea.token}
    task |= {"folder": str(folder), "values": {"_endpoint": "http://a"}}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [{"repro.stack.git_publication": task}]}
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    command = [BIN / "ansible-playbook", tmp_path / "play.yml", "--diff"]
    command += ["-e", json.dumps({"ansible_python_interpreter": sys.executable})]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}

    def run(kill_at: str | None) -> tuple[int, str]:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT) as process:
            while kill_at and process.poll() is None:
                for path in Path("/proc").glob("[0-9]*/cmdline"):
                    try:
                        words = path.read_bytes().decode(errors="replace").split("\0")
                        if kill_at in words and repository in " ".join(words):
                            os.kill(int(path.parent.name), 9)
                    except OSError:
                        continue
                time.sleep(0.005)
            return process.wait(), process.stdout.read()

    interrupted, said = run("push")
    assert interrupted != 0 and "Nothing was published" in said
    assert refs(gitea, repository, tmp_path) == ""
    completed, said = run(None)
    assert completed == 0 and "changed=1" in said and gitea.token not in said and "cookiecutter.json" in said
    assert len(refs(gitea, repository, tmp_path).splitlines()) == 4
    again, said = run(None)
    assert again == 0 and "changed=0" in said
