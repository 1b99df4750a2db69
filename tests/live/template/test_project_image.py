"""The image of a project: on the minimal base of this repository, with the same pipeline, in the forge's registry."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import docker
import pytest
import yaml
from workplace import SLUG, Project

CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


def docker_cli(*argv: str, **options: object) -> str:
    done = subprocess.run(
        ["docker", *argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def spawner(stack) -> str:
    """The minimal image that the site makes where the inventory names no other."""
    (image, *_older) = docker.from_env().images.list("repro-stack/cookiecutter_publish")
    return image.tags[0]


@pytest.fixture(scope="module")
def pushed(project: Project, spawner: str, gitea, tmp_path_factory) -> str:
    """The image of the last commit, after `make push`."""
    folder = tmp_path_factory.mktemp("docker")
    host = gitea.endpoint.removeprefix("http://")
    env = {"DOCKER_CONFIG": str(folder)}
    docker_cli(
        *("--config", str(folder), "login", "--username", gitea.user, "--password-stdin", host), input=gitea.token
    )
    where = f"REGISTRY={host}/{gitea.user}"
    (project.path / "not-committed.txt").write_text("of this machine\n")
    said = project.make("push", where, f"BASE_IMAGE={spawner}", f"CA_BUNDLE={CERTIFICATES}", **env).stdout
    (project.path / "not-committed.txt").unlink()
    assert gitea.token not in said
    image = f"{host}/{gitea.user}/{SLUG}:{project.git('rev-parse', 'HEAD')}"
    yield image
    docker.from_env().images.remove(image, force=True)
    project.git("checkout", "--quiet", ".")


def test_base_must_be_named(project):
    refused = project.make("image", check=False)
    assert refused.returncode != 0 and "make image BASE_IMAGE=" in refused.stdout
    refused = project.make("push", check=False)
    assert refused.returncode != 0 and "make push REGISTRY=" in refused.stdout


def test_image_is_in_the_registry_and_in_the_manifest(project, pushed, gitea):
    documents = list(yaml.safe_load_all((project.path / "deploy" / "manifest.yaml").read_text()))
    (container,) = documents[0]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == pushed
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


def test_image_holds_no_key_and_only_what_was_committed(pushed):
    said = docker_cli("run", "--rm", pushed, "find", f"/opt/{SLUG}", "-path", "*/.venv", "-prune", "-o", "-print")
    files = {str(Path(name).relative_to(f"/opt/{SLUG}")) for name in said.split()}
    assert "not-committed.txt" not in files and "ca-bundle.crt" not in files and "params.yaml" in files
    assert "credentialpath" not in docker_cli("run", "--rm", pushed, "cat", ".dvc/config.local")
