"""minio_image_trial lets our image pass and names what gets through another."""

from __future__ import annotations

import docker
import pytest


@pytest.mark.parametrize("check_mode", [True, False], ids=["check", "real"])
def test_our_image_passes_and_leaves_nothing_behind(run_module, minio_image, check_mode):
    before = {each.id for each in docker.from_env().containers.list(all=True)}
    answer = run_module("minio_image_trial", image=minio_image, check_mode=check_mode)
    assert answer["image"] == minio_image and not answer["changed"]
    assert {each.id for each in docker.from_env().containers.list(all=True)} == before


def test_an_image_that_is_no_minio_is_refused(run_module, stack):
    image = docker.from_env().api.inspect_container("test-postgres")["Config"]["Image"]
    before = {each.id for each in docker.from_env().containers.list(all=True)}
    with pytest.raises(run_module.failed, match="cannot be tried"):
        run_module("minio_image_trial", image=image, wait=3)
    assert {each.id for each in docker.from_env().containers.list(all=True)} == before


def test_a_believed_attack_is_named(run_module, minio_image, monkeypatch):
    from ansible_collections.repro.stack.plugins.module_utils._minio.attacks import trial

    believed = trial.Attempt("object, presigned", 200, "")
    monkeypatch.setattr(trial, "attempts", lambda *_arguments, **_options: [believed])
    with pytest.raises(run_module.failed, match=r"believes forged requests .*object, presigned.*minio_image_accepted"):
        run_module("minio_image_trial", image=minio_image)
