"""gitea_organization and gitea_repository against a real Gitea."""

from __future__ import annotations

import os
import subprocess
import typing as t
import uuid
from pathlib import Path

import pytest

RunModule = t.Callable[..., dict[str, t.Any]]


@pytest.fixture
def name() -> str:
    return f"live-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def run(run_module: RunModule, gitea: t.Any) -> RunModule:
    def run(module: str, *, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        given = {"endpoint": gitea.endpoint, "token": gitea.token} | options
        returned = run_module(module, check_mode=check_mode, **given)
        assert gitea.token not in str(returned)
        return returned

    run.failed = run_module.failed
    return run


def life(run: RunModule, module: str, steps: list[dict[str, t.Any]]) -> None:
    for options in steps:
        foretold = run(module, check_mode=True, **options)
        done = run(module, **options)
        assert foretold["changed"] and done["changed"]
        assert foretold["diff"]["before"] == done["diff"]["before"]
        for again in (run(module, check_mode=True, **options), run(module, **options)):
            assert not again["changed"]


def test_life_of_an_organization(run: RunModule, name: str) -> None:
    steps = [
        {"description": "one", "visibility": "limited"},
        {"description": "two ö", "full_name": "The platform", "visibility": "private"},
        {"description": "", "full_name": ""},
        {"state": "absent"},
    ]
    life(run, "gitea_organization", [{"name": name, **step} for step in steps])


def test_life_of_a_repository(run: RunModule, name: str, gitea: t.Any) -> None:
    run("gitea_organization", name=name)
    for owner in (name, gitea.user):
        steps = [
            {"description": "one", "private": True, "default_branch": "trunk"},
            {"description": "two ö", "private": False, "website": "https://example.org"},
            {"description": "", "website": ""},
            {"archived": True},
            {"state": "absent"},
        ]
        life(run, "gitea_repository", [{"owner": owner, "name": name, **step} for step in steps])


def test_what_is_not_mentioned_is_left_alone(run: RunModule, name: str) -> None:
    run("gitea_organization", name=name, visibility="private", description="kept")
    assert not run("gitea_organization", name=name)["changed"]
    made = run("gitea_repository", owner=name, name="a", description="kept", private=True)["repository"]
    assert run("gitea_repository", owner=name, name="a")["repository"] == made
    assert made["description"] == "kept" and made["private"]


def test_only_what_is_missing_is_made(run: RunModule, name: str, gitea: t.Any) -> None:
    run("gitea_organization", name=name)
    made = {"owner": name, "name": "a", "description": "one", "private": True, "create_only": True}
    life(run, "gitea_repository", [made])
    other = {**made, "description": "two", "private": False, "default_branch": "trunk"}
    for check_mode in (True, False):
        told = run("gitea_repository", check_mode=check_mode, **other)
        assert not told["changed"] and told["diff"]["before"] == told["diff"]["after"]
        assert (told["repository"]["description"], told["repository"]["private"]) == ("one", True)
    assert run("gitea_repository", **{**other, "create_only": False})["repository"]["description"] == "two"
    assert run("gitea_repository", **{**other, "state": "absent"})["changed"]


def test_content_is_removed_only_by_force(run: RunModule, name: str, gitea: t.Any) -> None:
    run("gitea_organization", name=name)
    assert gitea.api("POST", f"/orgs/{name}/repos", {"name": "full", "auto_init": True}).status_code == 201
    for check_mode in (True, False):
        with pytest.raises(run.failed, match=f"The repository {name}/full is not empty: force=true"):
            run("gitea_repository", owner=name, name="full", state="absent", check_mode=check_mode)
        with pytest.raises(run.failed, match=f"The organisation {name} has repositories; it was not removed"):
            run("gitea_organization", name=name, state="absent", check_mode=check_mode)
    assert run("gitea_repository", owner=name, name="full", state="absent", force=True)["changed"]
    assert run("gitea_organization", name=name, state="absent")["changed"]


def test_a_repository_of_nothing_but_a_tag_has_content(run: RunModule, name: str, gitea: t.Any, tmp_path: Path) -> None:
    """The API calls it empty until the first branch arrived."""
    run("gitea_organization", name=name)
    run("gitea_repository", owner=name, name="tagged")
    somebody = ["-c", "user.name=Eve", "-c", "user.email=eve@example.org"]
    for words in (
        ["init", "--quiet"],
        [*somebody, "commit", "--quiet", "--allow-empty", "--message=one"],
        ["push", "--quiet", f"{gitea.endpoint}/{name}/tagged", "HEAD:refs/tags/v1"],
    ):
        subprocess.run(["git", *words], cwd=tmp_path, env={**os.environ, **gitea.git_environment()}, check=True)
    with pytest.raises(run.failed, match="is not empty: force=true"):
        run("gitea_repository", owner=name, name="tagged", state="absent")


def test_what_cannot_work_is_one_sentence(run: RunModule, name: str, gitea: t.Any) -> None:
    with pytest.raises(run.failed, match=r"Gitea at .* answered 401 to GET /orgs/"):
        run("gitea_organization", name=name, token="0" * 40)
    with pytest.raises(run.failed, match=r"answered 404 to POST /orgs/.*/repos"):
        run("gitea_repository", owner=name, name="a")
    for check_mode in (True, False):
        with pytest.raises(run.failed, match=f"{gitea.user} is a user, so no organisation can have that name"):
            run("gitea_organization", name=gitea.user, check_mode=check_mode)
    assert not run("gitea_organization", name=gitea.user, state="absent")["changed"]
    with pytest.raises(run.failed, match=r"^/nowhere/ca.pem does not exist on .*certificate of https://127.0.0.1:9"):
        run("gitea_organization", name=name, endpoint="https://127.0.0.1:9", ca_path="/nowhere/ca.pem")
    with pytest.raises(run.failed, match=r"Gitea at http://127.0.0.1:9/api/v1 does not answer"):
        run("gitea_organization", name=name, endpoint="http://127.0.0.1:9", wait=0)
    with pytest.raises(run.failed, match="endpoint holds credentials"):
        run("gitea_organization", name=name, endpoint=gitea.endpoint.replace("//", "//eve:secret@"))
