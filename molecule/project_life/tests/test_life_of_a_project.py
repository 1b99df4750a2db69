"""From an empty folder to a reproduced model: the steps of one project, in their order."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import socket
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
import requests
import yaml
from workplace import SLUG, Project

STAGES = ["ingest", "features", "quality", "train", "evaluate"]
KEPT_BY_DVC = ["data/raw/tumours.csv", "data/processed/samples.csv", "models/model.pkl"]
MLFLOW = "http://127.0.0.1:25000/api/2.0/mlflow"


def stages_run(output: str) -> list[str]:
    return re.findall(r"^Running stage '(\w+)'", output, re.MULTILINE)


def runs(commit: str) -> list[dict[str, t.Any]]:
    """The runs that MLflow has of a commit."""
    experiments = requests.post(f"{MLFLOW}/experiments/search", json={"max_results": 1000}, timeout=30).json()
    found = requests.post(
        f"{MLFLOW}/runs/search",
        json={
            "experiment_ids": [each["experiment_id"] for each in experiments["experiments"]],
            "filter": f"tags.`git.commit` = '{commit}'",
        },
        timeout=30,
    )
    found.raise_for_status()
    return found.json().get("runs", [])


def tags(entity: dict[str, t.Any]) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in entity.get("tags", [])}


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in KEPT_BY_DVC}


def change_parameter(project: Project, **train: object) -> None:
    file = project.path / "params.yaml"
    params = yaml.safe_load(file.read_text())
    params["train"].update(train)
    file.write_text(yaml.safe_dump(params, sort_keys=False))


def test_pipeline_runs_and_is_recorded(project):
    done = project.make("data", "features", "train", "eval")
    assert stages_run(done.stdout) == STAGES
    assert all(contents(project.path).values())
    assert project.git("status", "--porcelain", "data", "models") == "", "data is DVC's, and nothing of it Git's"


def test_second_run_does_nothing(project):
    done = project.dvc("repro")
    assert stages_run(done.stdout) == []
    assert "Data and pipelines are up to date" in done.stdout


def test_commit_of_the_first_figures_passes_the_hooks(project):
    commit = project.commit("First figures")
    assert project.git("status", "--porcelain") == ""
    project.make("eval")
    assert project.git("status", "--porcelain") == "", "recording a run changes nothing"
    recorded = [tags(run["data"]) for run in runs(commit)]
    assert [each["git.dirty"] for each in recorded] == ["false"]


def test_changed_parameter_runs_what_depends_on_it(project):
    change_parameter(project, C=0.01)
    assert stages_run(project.make("eval").stdout) == ["train", "evaluate"]


def test_differences_are_named(project):
    changed = json.loads(project.dvc("params", "diff", "--json").stdout)
    assert {name: (value["old"], value["new"]) for name, value in changed["params.yaml"].items()} == {
        "train.C": (1.0, 0.01)
    }
    metrics = json.loads(project.dvc("metrics", "diff", "--json").stdout)
    assert any(value["old"] != value["new"] for file in metrics.values() for value in file.values())
    project.dvc("plots", "diff", "HEAD", "--out", "dvc_plots")
    page = (project.path / "dvc_plots" / "index.html").read_text()
    assert "Confusion of the test samples" in page and "Scores by threshold" in page
    assert project.git("status", "--porcelain", "dvc_plots") == ""


def test_push_waits_for_the_data(project, bucket):
    project.commit("Regularise more")
    refused = project.run("git", "push", "-u", "origin", "main", check=False)
    assert refused.returncode != 0
    assert "Push refused" in refused.stdout and "dvc push" in refused.stdout
    assert project.git("ls-remote", "origin") == "" and bucket.keys(f"{SLUG}/") == []
    # The data of the last commit is not enough: the one before it is pushed too.
    project.dvc("push")
    refused = project.run("git", "push", "-u", "origin", "main", check=False)
    assert "models/model.pkl of commit" in refused.stdout and "--push origin main`" in refused.stdout
    project.run("uv", "run", "python", "ci/pushed_objects.py", "--push", "origin", "main")
    project.git("push", "-u", "origin", "main")
    assert project.git("ls-remote", "origin", "main").startswith(project.git("rev-parse", "HEAD"))
    assert all(key.startswith(f"{SLUG}/dev/files/md5/") for key in bucket.keys(f"{SLUG}/"))


def test_push_of_code_alone_passes(project):
    (project.path / "docs").mkdir()
    (project.path / "docs" / "notes.md").write_text("# Notes\n")
    project.commit("Write notes")
    project.git("push")


@pytest.fixture(scope="module")
def clone(project, keys, tmp_path_factory) -> Project:
    """Bob's clone, who may only read."""
    made = project.clone(tmp_path_factory.mktemp("elsewhere") / SLUG)
    made.make("key", f"FILE={keys / 'bob'}")
    made.dvc("pull")
    return made


def test_clone_elsewhere_has_the_same_bytes(project, clone):
    assert contents(clone.path) == contents(project.path)
    assert stages_run(clone.dvc("repro").stdout) == []


def test_key_that_may_only_read_cannot_push(clone, bucket):
    before = bucket.keys(f"{SLUG}/")
    change_parameter(clone, C=3.0)
    clone.make("eval")
    assert clone.dvc("push", check=False).returncode != 0
    assert bucket.keys(f"{SLUG}/") == before
    clone.git("checkout", "--quiet", ".")
    clone.dvc("checkout")


@pytest.fixture(scope="module")
def run(project) -> str:
    """The id of the run of the commit that was pushed."""
    project.make("eval")
    made = runs(project.git("rev-parse", "HEAD"))
    # the other clone tried something on top of the same commit
    (clean,) = [each for each in made if tags(each["data"])["git.dirty"] == "false"]
    return clean["info"]["run_id"]


def model_versions(**wanted: str) -> list[dict[str, t.Any]]:
    answer = requests.get(f"{MLFLOW}/model-versions/search", params={"filter": f"name='{SLUG}'"}, timeout=30)
    found = answer.json().get("model_versions", [])
    return [each for each in found if wanted.items() <= each.items()]


def test_model_is_registered_with_what_made_it(project, run):
    project.make("register", f"RUN={run}")
    project.make("register")  # the run of this commit is that run, and has its version
    (version,) = model_versions(run_id=run)
    assert tags(version)["git.commit"] == project.git("rev-parse", "HEAD")


def test_tag_promotes(project, clone, run):
    version = model_versions(run_id=run)[0]["version"]
    tag = f"model/{SLUG}/Production/{version}"
    project.git("tag", tag)
    project.git("push", "origin", tag)
    # As the forge's workflow does: a clone at the tag, and the tag's name.
    clone.git("fetch", "--quiet", "--tags")
    clone.git("checkout", "--quiet", tag)
    clone.make("promote", f"TAG={tag}")
    (serving,) = model_versions(current_stage="Production")
    assert serving["version"] == version
    assert clone.make("promote", "TAG=model/other/Production/1", check=False).returncode != 0
    clone.git("checkout", "--quiet", "main")


@contextlib.contextmanager
def served(project: Project) -> t.Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        ["make", "serve", f"PORT={port}"],
        cwd=project.path,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _attempt in range(360):
            with contextlib.suppress(requests.ConnectionError):
                if requests.get(f"{address}/health", timeout=5).ok:
                    break
            assert process.poll() is None, process.stdout.read()
            time.sleep(0.5)
        else:
            pytest.fail("the server was not up after three minutes")
        yield address
    finally:
        with contextlib.suppress(ProcessLookupError):
            subprocess.os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def test_production_model_answers(project, run):
    samples = (project.path / "data" / "processed" / "samples.csv").read_text().splitlines()
    with served(project) as address:
        header, row = samples[0].split(","), samples[1].split(",")
        record = {name: float(value) for name, value in zip(header, row, strict=True) if is_number(value)}
        answer = requests.post(f"{address}/invocations", json={"dataframe_records": [record]}, timeout=30)
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["predictions"]) == 1
        assert requests.post(f"{address}/invocations", json={"nothing": 1}, timeout=30).status_code == 400


def is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d*)?(e[-+]?\d+)?", text) is not None


def test_run_is_reproduced(project, run):
    assert "identical" in project.make("reproduce", f"RUN={run}").stdout


def test_damaged_object_is_not_taken_but_named_and_repaired(project, bucket, keys, run_module, tmp_path):
    outputs = yaml.safe_load((project.path / "dvc.lock").read_text())["stages"]["train"]["outs"]
    (digest,) = [each["md5"] for each in outputs if each["path"] == "models/model.pkl"]
    key = f"{SLUG}/dev/files/md5/{digest[:2]}/{digest[2:]}"
    right = bucket.read(key)
    bucket.write(key, right[:-1] + bytes([right[-1] ^ 1]))
    other = project.clone(tmp_path / SLUG)
    other.make("key", f"FILE={keys / 'bob'}")
    assert other.dvc("pull", check=False).returncode != 0
    assert not (other.path / "models" / "model.pkl").exists()

    found = run_module("dvc_remote_info", path=str(other.path), credentials_file=str(keys / "bob"), verify=True)
    assert [(each["md5"], each["path"]) for each in found["corrupt"]] == [(digest, "models/model.pkl")]
    repaired = run_module("dvc_remote_repair", path=str(project.path), credentials_file=str(keys / "alice"))
    assert [(each["path"], each["source"]) for each in repaired["restored"]] == [("models/model.pkl", "cache")]
    assert bucket.read(key) == right
    other.dvc("pull")
    assert contents(other.path) == contents(project.path)
