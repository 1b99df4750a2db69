"""What a project refuses, and what it proves: the gate, equal bytes, recorded runs, the registry, reproduction."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
import requests
import yaml
from workplace import KEYS, SLUG, Project

MLFLOW = "http://127.0.0.1:15000/api/2.0/mlflow"
NOWHERE = "http://127.0.0.1:9"


def api(path: str, **body: t.Any) -> dict[str, t.Any]:
    answer = requests.post(f"{MLFLOW}/{path}", json=body, timeout=30)
    answer.raise_for_status()
    return answer.json()


def python(project: Project, *argv: str, **more: str) -> tuple[int, str]:
    """Exit code and output of a module of the project."""
    done = project.run("uv", "run", "--frozen", "--no-sync", "python", "-m", *argv, check=False, **more)
    assert "Traceback" not in done.stdout, done.stdout
    return done.returncode, done.stdout


def record(project: Project) -> str:
    """The run of what the project holds now."""
    status, said = python(project, f"{SLUG}.mlflow_utils", "--required")
    assert status == 0, said
    return re.search(r"^Recorded in MLflow as run (\w+)", said, re.MULTILINE).group(1)


def change(project: Project, section: str, **values: object) -> None:
    file = project.path / "params.yaml"
    params = yaml.safe_load(file.read_text())
    params[section].update(values)
    file.write_text(yaml.safe_dump(params, sort_keys=False))


def count_of_runs() -> int:
    experiment = requests.get(f"{MLFLOW}/experiments/get-by-name", params={"experiment_name": SLUG}, timeout=30).json()
    found = api("runs/search", experiment_ids=[experiment["experiment"]["experiment_id"]], max_results=1000)
    return len(found.get("runs", []))


@pytest.fixture(scope="module")
def workshop(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A clone with figures of its own, committed and not pushed."""
    folder = tmp_path_factory.mktemp("workshop") / SLUG
    project.run("git", "clone", "--quiet", str(project.path), str(folder))
    made = Project(folder, project.environment)
    made.make("key", f"FILE={KEYS / 'alice'}")
    # as it is where people share one: no proof that the remote has anything
    made.dvc("config", "--local", "cache.dir", str(folder / ".dvc" / "cache"))
    change(made, "train", C=0.3)
    made.make("eval")
    made.commit("Try another regularisation")
    return made


@pytest.fixture
def changed(workshop: Project) -> t.Iterator[Project]:
    """The clone, for changes that are taken back."""
    yield workshop
    workshop.git("checkout", "--quiet", ".")
    workshop.dvc("checkout", "--quiet")


@pytest.fixture(scope="module")
def run(workshop: Project) -> str:
    return record(workshop)


@pytest.fixture
def foreign_run() -> t.Iterator[str]:
    """A run of another project, in the same MLflow."""
    tags = [{"key": "project", "value": "another"}]
    made = api("runs/create", experiment_id="0", run_name="of another project", tags=tags)["run"]["info"]["run_id"]
    yield made
    api("runs/delete", run_id=made)


def test_gate_stops_a_class_out_of_bounds(changed):
    change(changed, "quality", class_share={"min": 0.4, "max": 0.6})
    done = changed.make("train", check=False)
    assert done.returncode != 0
    assert "class malignant makes up 0.373 of the rows, outside quality.class_share, 0.4 to 0.6." in done.stdout
    assert "Traceback" not in done.stdout and "Running stage 'train'" not in done.stdout


def test_gate_stops_a_missing_label(changed):
    file = changed.path / "src" / SLUG / "data.py"
    file.write_text(
        file.read_text().replace("    return table\n", '    table.loc[3, "diagnosis"] = None\n    return table\n')
    )
    done = changed.make("train", check=False)
    assert done.returncode != 0
    assert "1 rows have no label (diagnosis), the first is sample 4." in done.stdout
    assert "Traceback" not in done.stdout and "Running stage 'train'" not in done.stdout


def test_outcome_is_recorded_once_with_what_made_it(workshop, run):
    before = count_of_runs()
    assert record(workshop) == run
    assert count_of_runs() == before
    found = requests.get(f"{MLFLOW}/runs/get", params={"run_id": run}, timeout=30).json()["run"]["data"]
    tags = {tag["key"]: tag["value"] for tag in found["tags"]}
    lock = yaml.safe_load((workshop.path / "dvc.lock").read_text())["stages"]
    assert tags["git.commit"] == workshop.git("rev-parse", "HEAD") and tags["git.dirty"] == "false"
    outputs = {each["path"]: each["md5"] for stage in lock.values() for each in stage["outs"]}
    assert {f"dvc.{path}": md5 for path, md5 in outputs.items()}.items() <= tags.items()
    assert tags["data.hash"] == outputs["data/raw/tumours.csv"]
    assert {"dvc.lock", "python.lock", "python.version", "model.sha256", "machine.cpu"} <= set(tags)
    params = {param["key"]: param["value"] for param in found["params"]}
    assert params["train.C"] == "0.3" and params["features.test_share"] == "0.25"
    measured = json.loads((workshop.path / "metrics" / "evaluation.json").read_text())
    figures = {metric["key"]: metric["value"] for metric in found["metrics"]}
    assert {name: figures[f"evaluation.{name}"] for name in measured} == measured


def test_stale_outcome_is_not_recorded(changed):
    change(changed, "train", C=0.5)
    status, said = python(changed, f"{SLUG}.mlflow_utils")
    assert status == 1 and said.strip() == "Not up to date: train. Run `make eval`."


def test_pipeline_does_without_a_server(workshop):
    workshop.make("eval", MLFLOW_TRACKING_URI=NOWHERE)
    sentence = f"MLflow at {NOWHERE} does not answer (ConnectionError)."
    status, said = python(workshop, f"{SLUG}.mlflow_utils", MLFLOW_TRACKING_URI=NOWHERE)
    assert status == 0 and said.startswith(sentence)
    status, said = python(workshop, f"{SLUG}.mlflow_utils", "--required", MLFLOW_TRACKING_URI=NOWHERE)
    assert status == 1 and said.startswith(sentence)


def test_uncommitted_work_is_neither_registered_nor_reproduced(changed):
    change(changed, "train", C=0.7)
    changed.make("eval", CONTAINER_IMAGE_DIGEST="sha256:of-an-image")
    dirty = record(changed)
    found = requests.get(f"{MLFLOW}/runs/get", params={"run_id": dirty}, timeout=30).json()["run"]["data"]
    assert {"key": "container.digest", "value": "sha256:of-an-image"} in found["tags"]
    for argv in ((), ("--run", dirty)):
        status, said = python(changed, f"{SLUG}.registry", "register", *argv)
        assert status == 1 and "so nobody could build" in said
    status, said = python(changed, f"{SLUG}.reproduce", dirty)
    assert status == 2 and "is of uncommitted work: no commit holds what made it." in said
    said = changed.make("register", f"RUN={dirty}", "ALLOW_DIRTY=1").stdout
    assert f"made by run {dirty}" in said, said
    version = re.search(r"version (\d+) of", said).group(1)
    said = changed.make("promote", f"TAG=model/{SLUG}/Staging/{version}", check=False).stdout
    assert f"run {dirty} is of uncommitted work" in said and stage(version) == "None", said
    requests.delete(f"{MLFLOW}/model-versions/delete", json={"name": SLUG, "version": version}, timeout=30)


def test_what_cannot_be_tried_says_so(workshop, run, foreign_run):
    for run_id, sentence in (
        ("0" * 32, "MLflow has no run"),
        (foreign_run, f"Run {foreign_run} is of another, not of {SLUG}."),
        (run, "The data of this commit cannot be pulled (`make doctor` says more): ERROR: failed to pull"),
    ):
        status, said = python(workshop, f"{SLUG}.reproduce", run_id)
        assert status == 2 and sentence in said, said
    api("runs/set-tag", run_id=run, key="git.commit", value="1" * 40)
    status, said = python(workshop, f"{SLUG}.reproduce", run)
    api("runs/set-tag", run_id=run, key="git.commit", value=workshop.git("rev-parse", "HEAD"))
    assert status == 2 and f"Commit {'1' * 40} is neither in this repository nor at its origin: fatal: " in said
    status, said = python(workshop, f"{SLUG}.reproduce", run, MLFLOW_TRACKING_URI=NOWHERE)
    assert status == 2 and f"MLflow at {NOWHERE} does not answer" in said
    status, said = python(workshop, f"{SLUG}.registry", "register", "--run", foreign_run)
    assert status == 1 and f"Run {foreign_run} is of another, not of {SLUG}." in said


def test_difference_is_found_and_no_run_is_made(workshop, run):
    workshop.dvc("push")
    before = count_of_runs()
    api("runs/set-tag", run_id=run, key="model.sha256", value="0" * 64)
    status, said = python(workshop, f"{SLUG}.reproduce", run)
    digest = re.search(rf"model sha256 +{'0' * 64} +(\w+) +DIFFERS$", said, re.MULTILINE).group(1)
    assert status == 1 and said.count("DIFFERS") == 1, "every other byte is the same, of data, model and figures"
    assert f"Run {run}: DIFFERENT." in said
    status, refusal = python(workshop, f"{SLUG}.registry", "register", "--run", run)
    assert status == 1 and "is not the one that the run recorded." in refusal
    api("runs/set-tag", run_id=run, key="model.sha256", value=digest)
    assert count_of_runs() == before


@pytest.fixture
def versions(workshop: Project, run: str, foreign_run: str) -> t.Iterator[list[str]]:
    """Two versions of the project's model, and one that says it is, of another project's run."""
    status, said = python(workshop, f"{SLUG}.registry", "register", "--run", run)
    assert status == 0, said
    first = re.search(r"version (\d+) of", said).group(1)
    made = [first]
    for run_id in (run, foreign_run):
        body = {"name": SLUG, "run_id": run_id, "source": f"runs:/{run_id}/model"}
        made.append(api("model-versions/create", **body)["model_version"]["version"])
    yield made
    for version in made:
        requests.delete(f"{MLFLOW}/model-versions/delete", json={"name": SLUG, "version": version}, timeout=30)


def stage(version: str) -> str:
    asked = {"name": SLUG, "version": version}
    found = requests.get(f"{MLFLOW}/model-versions/get", params=asked, timeout=30).json()
    return found["model_version"]["current_stage"]


def alias(name: str) -> str | None:
    asked = {"name": SLUG, "alias": name}
    found = requests.get(f"{MLFLOW}/registered-models/alias", params=asked, timeout=30).json()
    return found.get("model_version", {}).get("version")


def test_tags_move_versions_and_nothing_else_does(workshop, versions):
    first, second, foreign = versions

    def promote(to: str, version: str, commit: str = "HEAD") -> tuple[int, str]:
        tag = f"model/{SLUG}/{to}/{version}"
        workshop.git("tag", "--force", tag, commit)
        return python(workshop, f"{SLUG}.registry", "promote", f"refs/tags/{tag}")

    status, said = promote("Staging", first, "HEAD^")
    assert status == 1 and f", but the model was made of {workshop.git('rev-parse', 'HEAD')[:10]}: " in said, said
    assert stage(first) == "None"

    assert promote("Staging", first)[0] == 0
    assert (stage(first), alias("staging")) == ("Staging", first)
    assert promote("Production", first)[0] == 0
    assert (stage(first), alias("staging"), alias("production")) == ("Production", None, first)
    status, said = promote("Production", second)
    assert status == 0 and f"Version {second} of {SLUG}: None -> Production; archived: {first}" in said
    assert (stage(first), stage(second), alias("production")) == ("Archived", "Production", second)
    assert "is in Production already." in promote("Production", second)[1]
    for version, sentence in (
        ("9999", f"Model {SLUG} has no version 9999."),
        (foreign, f"is of another, not of {SLUG}."),
    ):
        status, said = promote("Production", version)
        assert status == 1 and sentence in said, said
    # as a promotion that was killed half-way leaves it
    api("registered-models/alias", name=SLUG, alias="staging", version=second)
    assert promote("Production", second)[0] == 0
    assert (alias("staging"), alias("production")) == (None, second)
    assert promote("None", second)[0] == 0
    assert (stage(second), alias("production")) == ("None", None)


def test_nothing_in_production_is_not_served(workshop):
    status, said = python(workshop, f"{SLUG}.serve", "--stage", "Staging", "--port", "1")
    assert status == 1 and f"No version of {SLUG} is in Staging" in said
