"""The image of a project: on the minimal base of this repository, with the same pipeline, in the forge's registry."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import time
import typing as t
from pathlib import Path

import docker
import pytest
import requests
import yaml
from workplace import KEYS, SLUG, Project

CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


def docker_cli(*argv: str, **options: object) -> str:
    done = subprocess.run(
        ["docker", *argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def pushed(main: Project, spawner_image: str, gitea, tmp_path_factory) -> str:
    """The image of the last commit, after `make push`."""
    folder = tmp_path_factory.mktemp("docker")
    host = gitea.endpoint.removeprefix("http://")
    env = {"DOCKER_CONFIG": str(folder)}
    docker_cli(
        *("--config", str(folder), "login", "--username", gitea.user, "--password-stdin", host), input=gitea.token
    )
    where = f"REGISTRY={host}/{gitea.user}"
    (main.path / "not-committed.txt").write_text("of this machine\n")
    said = main.make("push", where, f"BASE_IMAGE={spawner_image}", f"CA_BUNDLE={CERTIFICATES}", **env).stdout
    (main.path / "not-committed.txt").unlink()
    assert gitea.token not in said
    image = f"{host}/{gitea.user}/{SLUG}:{main.git('rev-parse', 'HEAD')}"
    yield image
    docker.from_env().images.remove(image, force=True)
    main.git("checkout", "--quiet", ".")


def test_base_must_be_named(project):
    refused = project.make("image", check=False)
    assert refused.returncode != 0 and "make image BASE_IMAGE=" in refused.stdout
    refused = project.make("push", check=False)
    assert refused.returncode != 0 and "make push REGISTRY=" in refused.stdout


def test_image_is_in_the_registry_and_in_the_manifest(project, pushed, gitea):
    documents = list(yaml.safe_load_all((project.path / "deploy" / "manifest.yaml").read_text()))
    (container,) = documents[0]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == pushed
    (digest,) = [each["value"] for each in container["env"] if each["name"] == "CONTAINER_IMAGE_DIGEST"]
    assert f"{pushed.rpartition(':')[0]}@{digest}" in docker.from_env().images.get(pushed).attrs["RepoDigests"]
    assert project.git("diff", "--name-only") == "deploy/manifest.yaml"
    (package,) = [
        each
        for each in gitea.api("GET", f"/packages/{gitea.user}?type=container").json()
        if each["version"] == pushed.rpartition(":")[2]
    ]
    assert package["name"] == SLUG


def test_image_runs_the_same_pipeline_as_nobody_in_particular(project, pushed):
    said = docker_cli("run", "--rm", pushed, "sh", "-c", "dvc repro --force && cat metrics/evaluation.json && id -u")
    assert "Running stage 'evaluate'" in said and said.rstrip().endswith("1000")
    start = said.rindex("\n{") + 1
    made, _end = json.JSONDecoder().raw_decode(said[start:])
    recorded = json.loads((project.path / "metrics" / "evaluation.json").read_text())
    assert made.keys() == recorded.keys()
    assert all(value == pytest.approx(recorded[name], abs=0.02) for name, value in made.items())


def test_image_knows_its_commit_and_what_was_changed_in_it(project, pushed):
    says = f"python -c 'from {SLUG}.provenance import code; print(code())'"
    for before, dirty in (("true", "false"), ("echo >> params.yaml", "true"), ("rm src/*/train.py", "true")):
        said = docker_cli("run", "--rm", pushed, "sh", "-c", f"{before} && {says}")
        assert said.strip() == str({"git.commit": pushed.rpartition(":")[2], "git.dirty": dirty})


def test_image_holds_no_key_and_only_what_was_committed(pushed):
    said = docker_cli("run", "--rm", pushed, "find", f"/opt/{SLUG}", "-path", "*/.venv", "-prune", "-o", "-print")
    files = {str(Path(name).relative_to(f"/opt/{SLUG}")) for name in said.split()}
    assert "not-committed.txt" not in files and "ca-bundle.crt" not in files and "params.yaml" in files
    assert "credentialpath" not in docker_cli("run", "--rm", pushed, "cat", ".dvc/config.local")


MLFLOW = "http://127.0.0.1:15000"
SERVED = "http://127.0.0.1:8080"


@pytest.fixture
def production(main: Project, tmp_path: Path) -> t.Iterator[str]:
    """A version in Production, of a run of the commit that the image is built from."""
    clone = main.clone(tmp_path / SLUG)
    clone.make("key", f"FILE={KEYS / 'alice'}")
    clone.dvc("pull")
    clone.make("eval")
    version = re.search(r"version (\d+) of", clone.make("register").stdout)[1]
    tag = f"model/{SLUG}/Production/{version}"
    clone.git("tag", tag)
    clone.make("promote", f"TAG={tag}")
    yield version
    asked = {"name": SLUG, "version": version}
    requests.delete(f"{MLFLOW}/api/2.0/mlflow/model-versions/delete", json=asked, timeout=30).raise_for_status()


def test_image_serves_the_production_model_and_says_which_image_it_is(production, pushed, main):
    documents = list(yaml.safe_load_all((main.path / "deploy" / "manifest.yaml").read_text()))
    (container,) = documents[0]["spec"]["template"]["spec"]["containers"]
    told = {each["name"]: each["value"] for each in container["env"]}
    assert told["MLFLOW_TRACKING_URI"] == MLFLOW
    served = docker.from_env().containers.run(pushed, environment=told, network_mode="host", detach=True)
    try:
        deadline = time.monotonic() + 120
        while True:
            served.reload()
            assert served.status in ("created", "running") and time.monotonic() < deadline, served.logs().decode()
            try:
                if requests.get(f"{SERVED}/health", timeout=5).ok:
                    break
            except requests.ConnectionError:
                time.sleep(0.5)
        model = requests.get(f"{SERVED}/model", timeout=30).json()
        assert model["version"] == production and model["image"] == told["CONTAINER_IMAGE_DIGEST"]
        features = yaml.safe_load((main.path / "schemas" / "samples.yaml").read_text())["features"]
        with (main.path / "data" / "processed" / "samples.csv").open() as rows:
            sample = next(csv.DictReader(rows))
        record = {name: float(sample[name]) for name in features}
        answer = requests.post(f"{SERVED}/invocations", json={"dataframe_records": [record]}, timeout=30)
        assert answer.json() == {"predictions": [sample["diagnosis"]]}
    finally:
        served.remove(force=True)
