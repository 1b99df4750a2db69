"""mlflow_registered_model against the real server."""

from __future__ import annotations

import typing as t
import uuid

import pytest
import requests

RunModule = t.Callable[..., dict[str, t.Any]]


@pytest.fixture
def run(run_module: RunModule, mlflow: t.Any) -> RunModule:
    name = f"live-{uuid.uuid4().hex[:8]} é'"

    def run(*, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        given = {"endpoint": mlflow.endpoint, "name": name} | options
        return run_module("mlflow_registered_model", check_mode=check_mode, **given)

    run.failed = run_module.failed
    yield run
    run(state="absent", force=True)


def add_version(mlflow: t.Any, name: str) -> str:
    def post(path: str, **body: t.Any) -> dict[str, t.Any]:
        answer = requests.post(f"{mlflow.endpoint}/api/2.0/mlflow/{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()

    run_id = post("runs/create", experiment_id="0", start_time=0)["run"]["info"]["run_id"]
    source = f"mlflow-artifacts:/0/{run_id}/artifacts/model"
    return str(post("model-versions/create", name=name, run_id=run_id, source=source)["model_version"]["version"])


def test_life(run: RunModule) -> None:
    for options in (
        {"description": "one", "tags": {"a": "1", "b": "2"}},
        {"description": "two", "tags": {"a": "3"}},
        {"description": "", "tags": {}},
        {"state": "absent"},
    ):
        foretold = run(check_mode=True, **options)
        done = run(**options)
        assert foretold["changed"] and done["changed"]
        assert foretold["diff"]["before"] == done["diff"]["before"]
        for again in (run(check_mode=True, **options), run(**options)):
            assert not again["changed"]


def test_what_is_not_mentioned_is_left_alone(run: RunModule, mlflow: t.Any) -> None:
    made = run(description="d", tags={"a": "1"})["registered_model"]
    version = add_version(mlflow, made["name"])
    aliased = run(aliases={"champion": version})
    assert aliased["changed"]
    assert not run()["changed"]
    assert run()["registered_model"] == made | {"aliases": {"champion": version}}
    assert run(aliases={})["registered_model"]["aliases"] == {}


def test_versions_are_removed_only_by_force(run: RunModule, mlflow: t.Any) -> None:
    add_version(mlflow, run()["registered_model"]["name"])
    for check_mode in (True, False):
        with pytest.raises(run.failed, match="has versions: force=true"):
            run(state="absent", check_mode=check_mode)
    assert run(state="absent", force=True)["changed"]


def test_what_cannot_work_is_one_sentence(run: RunModule) -> None:
    with pytest.raises(run.failed, match="cannot be the name of a model"):
        run(name="a/b")
    with pytest.raises(run.failed, match="an alias needs a version"):
        run(aliases={"champion": 1})
    run()
    with pytest.raises(run.failed, match=r"MLflow at .* answered 404 .*version=7"):
        run(aliases={"champion": 7})
