"""mlflow_experiment against the real server."""

from __future__ import annotations

import typing as t
import uuid

import pytest
import requests

RunModule = t.Callable[..., dict[str, t.Any]]


@pytest.fixture
def run(run_module: RunModule, mlflow: t.Any) -> RunModule:
    name = f"live-{uuid.uuid4().hex[:8]} é/'\""

    def run(*, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        given = {"endpoint": mlflow.endpoint, "name": name} | options
        return run_module("mlflow_experiment", check_mode=check_mode, **given)

    run.failed = run_module.failed
    yield run
    run(state="absent")


def test_life(run: RunModule) -> None:
    for options in ({"tags": {"a": "1", "n": 2}}, {"tags": {"a": "3"}}, {"tags": {}}, {"state": "absent"}):
        foretold = run(check_mode=True, **options)
        done = run(**options)
        assert foretold["changed"] and done["changed"]
        assert foretold["diff"]["before"] == done["diff"]["before"]
        for again in (run(check_mode=True, **options), run(**options)):
            assert not again["changed"]


def test_tags_that_are_not_mentioned_are_left_alone(run: RunModule) -> None:
    run(tags={"a": "1"})
    assert not run()["changed"]
    assert run()["experiment"]["tags"] == {"a": "1"}


def test_mlflows_own_tags_are_left_alone_unless_named(run: RunModule) -> None:
    run(tags={"mlflow.note.content": "a note"})
    assert not run(tags={})["changed"]
    assert run(tags={"mlflow.note.content": "another"})["changed"]
    assert run(tags={"mlflow.note.content": "another"})["experiment"]["tags"] == {"mlflow.note.content": "another"}


def test_a_deleted_experiment_is_restored_with_its_runs(run: RunModule, mlflow: t.Any) -> None:
    name = run(tags={"a": "1"})["experiment"]["name"]
    api = f"{mlflow.endpoint}/api/2.0/mlflow/experiments"
    before = requests.get(f"{api}/get-by-name", params={"experiment_name": name}, timeout=10).json()["experiment"]
    requests.post(f"{api}/delete", json={"experiment_id": before["experiment_id"]}, timeout=10).raise_for_status()
    restored = run(tags={"a": "1"})
    assert restored["changed"]
    assert restored["diff"]["before"]["lifecycle_stage"] == "deleted"
    after = requests.get(f"{api}/get-by-name", params={"experiment_name": name}, timeout=10).json()["experiment"]
    assert after["experiment_id"] == before["experiment_id"]
    assert not run(tags={"a": "1"})["changed"]


def test_artifacts_go_through_the_server_and_their_place_is_fixed(run: RunModule) -> None:
    assert run()["experiment"]["artifact_location"].startswith("mlflow-artifacts:/")
    for check_mode in (True, False):
        with pytest.raises(run.failed, match=r"artifact_location is .* and cannot become 's3://elsewhere'"):
            run(artifact_location="s3://elsewhere", check_mode=check_mode)


def test_what_cannot_work_is_one_sentence(run: RunModule) -> None:
    with pytest.raises(run.failed, match=r"MLflow at http://127\.0\.0\.1:1 does not answer"):
        run(endpoint="http://127.0.0.1:1", wait=0)
    with pytest.raises(run.failed, match="name cannot be empty"):
        run(name="")
