"""mlflow_model_version against the real server: promotion by number, run and Git tag."""

from __future__ import annotations

import typing as t
import uuid

import pytest
import requests

RunModule = t.Callable[..., dict[str, t.Any]]


class Registry:
    """Somebody else's client."""

    def __init__(self, endpoint: str) -> None:
        self._api = f"{endpoint}/api/2.0/mlflow/"
        self.model = f"live-{uuid.uuid4().hex[:8]}"
        self.post("registered-models/create", name=self.model)

    def post(self, path: str, method: str = "POST", **body: t.Any) -> dict[str, t.Any]:
        answer = requests.request(method, self._api + path, json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def run(self, **tags: str) -> str:
        tags = [{"key": key.replace("__", "."), "value": value} for key, value in tags.items()]
        return self.post("runs/create", experiment_id="0", start_time=0, tags=tags)["run"]["info"]["run_id"]

    def version(self, run_id: str | None = None, **tags: str) -> str:
        run_id = run_id or self.run()
        answer = self.post(
            "model-versions/create",
            name=self.model,
            run_id=run_id,
            source=f"mlflow-artifacts:/0/{run_id}/artifacts/model",
            tags=[{"key": key, "value": value} for key, value in tags.items()],
        )
        return str(answer["model_version"]["version"])

    def stages(self) -> dict[str, str]:
        answer = requests.get(
            self._api + "model-versions/search", params={"filter": f"name='{self.model}'"}, timeout=10
        ).json()
        return {str(each["version"]): each["current_stage"] for each in answer["model_versions"]}


@pytest.fixture
def registry(mlflow: t.Any) -> t.Iterator[Registry]:
    registry = Registry(mlflow.endpoint)
    yield registry
    registry.post("registered-models/delete", "DELETE", name=registry.model)


@pytest.fixture
def run(run_module: RunModule, mlflow: t.Any, registry: Registry) -> RunModule:
    def run(*, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        given = {"endpoint": mlflow.endpoint, "name": registry.model} | options
        return run_module("mlflow_model_version", check_mode=check_mode, **given)

    run.failed = run_module.failed
    return run


def test_life(run: RunModule, registry: Registry) -> None:
    registry.version()
    for options in (
        {"stage": "Staging"},
        {"stage": "Production", "alias": "champion"},
        {"alias": "challenger"},
        {"stage": "Archived"},
        {"stage": "None"},
    ):
        foretold = run(version=1, check_mode=True, **options)
        done = run(version=1, **options)
        assert foretold["changed"] and done["changed"]
        assert foretold["diff"] == done["diff"]
        for again in (run(version=1, check_mode=True, **options), run(version=1, **options)):
            assert not again["changed"]


def test_promotion_supersedes_what_was_there(run: RunModule, registry: Registry) -> None:
    for _attempt in range(3):
        registry.version()
    run(version=1, stage="Production", alias="champion")
    run(version=3, stage="Production", archive_existing=False)
    assert registry.stages() == {"1": "Production", "2": "None", "3": "Production"}
    promoted = run(version=2, stage="Production", alias="champion")
    assert promoted["diff"]["before"]["others_in_stage"] == ["1", "3"]
    assert promoted["diff"]["before"]["aliases"] == {"champion": "1"}
    assert promoted["model_version"]["aliases"] == {"champion": "2"}
    assert registry.stages() == {"1": "Archived", "2": "Production", "3": "Archived"}


def test_a_second_version_in_production_is_drift(run: RunModule, registry: Registry) -> None:
    registry.version()
    registry.version()
    run(version=1, stage="Production")
    registry.post("model-versions/transition-stage", name=registry.model, version="2", stage="Production")
    repaired = run(version=1, stage="Production")
    assert repaired["changed"] and repaired["diff"]["before"]["others_in_stage"] == ["2"]
    assert registry.stages() == {"1": "Production", "2": "Archived"}


def test_the_version_that_a_run_made_is_promoted(run: RunModule, registry: Registry) -> None:
    registry.version()
    run_id = registry.run()
    number = registry.version(run_id)
    promoted = run(run_id=run_id, stage="Staging")["model_version"]
    assert (promoted["version"], promoted["run_id"]) == (number, run_id)


@pytest.mark.parametrize("tag", ["git_tag", "git__tag", "mlflow__source__git__commit"])
def test_the_version_whose_run_records_the_git_tag_is_promoted(run: RunModule, registry: Registry, tag: str) -> None:
    registry.version(registry.run(**{tag: "another"}))
    number = registry.version(registry.run(**{tag: "abc123"}))
    assert run(git_tag="abc123", stage="Staging")["model_version"]["version"] == number


def test_the_version_that_records_the_git_tag_itself_is_promoted(run: RunModule, registry: Registry) -> None:
    registry.version(registry.run(git__tag="v1"))
    number = registry.version(git_tag="v1")
    assert run(git_tag="v1", stage="Staging")["model_version"]["version"] == number


def test_the_git_tag_of_a_promotion_says_it_all(run: RunModule, registry: Registry) -> None:
    registry.version()
    promoted = run(name=None, git_tag=f"model/{registry.model}/Production/1")["model_version"]
    assert (promoted["name"], promoted["version"], promoted["stage"]) == (registry.model, "1", "Production")


def test_none_or_many_are_refused(run: RunModule, registry: Registry) -> None:
    run_id = registry.run(git__tag="v1")
    registry.version(run_id)
    registry.version(run_id)
    for options, sentence in (
        ({"version": 7}, "has no version 7"),
        ({"git_tag": "v9"}, "has no version from Git tag or commit v9"),
        ({"run_id": run_id}, "more than one version made by run .*: 1, 2"),
        ({"git_tag": "v1"}, "more than one version from Git tag or commit v1: 1, 2"),
        ({"name": "no-such-model", "version": 1}, "(no registered model|has no version)"),
        ({"version": 1, "run_id": run_id}, "mutually exclusive"),
    ):
        for check_mode in (True, False):
            with pytest.raises(run.failed, match=sentence):
                run(stage="Staging", check_mode=check_mode, **options)
    assert set(registry.stages().values()) == {"None"}
