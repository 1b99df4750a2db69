"""What is refused before any server is asked."""

from __future__ import annotations

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


def test_a_server_that_does_not_answer_is_named_at_once(monkeypatch):
    utils = module("mlflow_utils")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(utils.Unreachable, match="MLflow at http://127.0.0.1:9 does not answer"):
        utils.connect()


def test_certificates_that_are_not_there_are_named(monkeypatch):
    utils = module("mlflow_utils")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", "/nowhere/ca.pem")
    with pytest.raises(utils.Unreachable, match="MLflow at https://127.0.0.1:9 cannot be asked: .*/nowhere/ca.pem"):
        utils.connect()
