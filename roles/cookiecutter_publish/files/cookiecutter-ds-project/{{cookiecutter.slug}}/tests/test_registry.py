"""What is refused before any server is asked."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import PACKAGE, module


@pytest.mark.parametrize(
    ("tag", "sentence"),
    [
        ("v1.0", "v1.0 is not model/<name>/<stage>/<version>."),
        (f"model/{PACKAGE}/Production/0", f"model/{PACKAGE}/Production/0 is not model/<name>/<stage>/<version>."),
        (
            f"model/{PACKAGE}/production/1",
            "production in model/{}/production/1 is no stage: None, Staging, Production, Archived.",
        ),
        (
            "model/other_model/Staging/1",
            "model/other_model/Staging/1 is about model other_model; this project's model is {}.",
        ),
    ],
)
def test_tags_that_cannot_be_followed(tag, sentence, monkeypatch):
    registry = module("registry")
    monkeypatch.delattr(registry, "connect")
    with pytest.raises(registry.Refused) as refusal:
        registry.promote(tag)
    assert str(refusal.value) == sentence.replace("{}", PACKAGE)


TAG = f"model/{PACKAGE}/Production/1"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch) -> str:
    """Its only commit, which has the tag."""
    monkeypatch.chdir(tmp_path)
    for argv in (("init", "--quiet"), ("commit", "--quiet", "--allow-empty", "--message=First"), ("tag", TAG)):
        who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        subprocess.run(["git", *who, *argv], check=True)
    return module("provenance").git("rev-parse", "HEAD")


def run_of(commit: str, dirty: str = "false") -> SimpleNamespace:
    tags = {"git.commit": commit, "git.dirty": dirty}
    return SimpleNamespace(info=SimpleNamespace(run_id="abc"), data=SimpleNamespace(tags=tags))


def test_a_tag_is_on_the_commit_that_made_the_version(repository):
    registry = module("registry")
    registry.check_origin(TAG, run_of(repository))
    for tag, run, sentence in (
        (TAG, run_of("1" * 40), f"Tag {TAG} is on commit {repository[:10]}, but the model was made of 1111111111: "),
        (TAG.replace("1", "2"), run_of(repository), f"This repository has no tag {TAG.replace('1', '2')}: `git tag "),
        (TAG, run_of(repository, "true"), f"{TAG}: run abc is of uncommitted work"),
        (TAG, run_of(""), f"{TAG}: run abc is of uncommitted work or does not say of which commit"),
    ):
        with pytest.raises(registry.Refused, match=re.escape(sentence)):
            registry.check_origin(tag, run)


def test_a_server_that_does_not_answer_is_named_at_once(monkeypatch):
    utils = module("mlflow_utils")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://somebody:secr/et@127.0.0.1:9")  # pragma: allowlist secret
    with pytest.raises(utils.Unreachable, match="MLflow at http://127.0.0.1:9 does not answer"):
        utils.connect()


def test_certificates_that_are_not_there_are_named(monkeypatch):
    utils = module("mlflow_utils")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", "/nowhere/ca.pem")
    with pytest.raises(utils.Unreachable, match="MLflow at https://127.0.0.1:9 cannot be asked: .*/nowhere/ca.pem"):
        utils.connect()
