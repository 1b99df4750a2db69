"""dvc_promote with the keys that the stack gives to a project: from dev to prod, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.repro.stack.plugins.module_utils._dvc import store

RunModule = t.Callable[..., dict[str, t.Any]]

RAW_1 = b"customer,left\n1,0\n"
PATHS_OF_V1 = ["data/images", "data/images/0.png", "data/images/1.png", "data/images/2.png", "data/raw.csv"]


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@pytest.fixture
def promote(run_module: RunModule, project: t.Any) -> RunModule:
    """The module in a fresh clone, with the key that is made for it."""
    clone = project.clone("to-promote")

    def run(ref: str = "v1", path: Path = clone, **options: t.Any) -> dict[str, t.Any]:
        options = {"credentials_file": project.promotion, **options}
        return run_module("dvc_promote", path=str(path), ref=ref, **options)

    return run


def test_life_of_a_promotion(promote: RunModule, project: t.Any) -> None:
    foretold = promote(check_mode=True)
    assert foretold["changed"] is True and [each["path"] for each in foretold["copied"]] == PATHS_OF_V1
    assert project.stored("prod") == {}

    done = promote()
    assert done["changed"] is True and done["copied"] == foretold["copied"]
    assert {each["was"] for each in done["copied"]} == {"missing"}
    there = project.stored("prod")
    assert done["promotion"] == {"objects": 5, "bytes": sum(map(len, there.values())), "missing": {}, "corrupt": {}}
    # exactly what v1 needs, as DVC finds for itself
    clone = project.clone("consumer")
    project.run("git", "switch", "-q", "--detach", "v1", at=clone)
    project.run("dvc", "pull", "-q", "-r", "prod", at=clone)
    assert (clone / "data" / "raw.csv").read_bytes() == RAW_1
    assert {path.name: path.read_bytes() for path in (clone / "data" / "images").iterdir()} == {
        f"{number}.png": b"image %d" % number for number in range(3)
    }
    assert md5(b"image 3") not in there

    versions = project.versions("prod")
    for check_mode in (True, False):
        again = promote(check_mode=check_mode)
        assert (again["changed"], again["copied"]) == (False, [])
    assert project.versions("prod") == versions

    more = promote("v2")
    assert [each["path"] for each in more["copied"]] == ["data/images", "data/images/3.png", "data/raw.csv"]
    assert {**there}.items() <= project.stored("prod").items()


def test_the_list_of_a_directory_comes_after_its_files(promote: RunModule, project: t.Any) -> None:
    promote(jobs=2)
    told = project.s3.list_objects_v2(Bucket=project.bucket, Prefix=f"{project.name}/prod/")["Contents"]
    last = max(told, key=lambda each: each["LastModified"])
    assert last["Key"].endswith(".dir")


def test_a_promotion_that_was_cut_goes_on(promote: RunModule, project: t.Any) -> None:
    promote()
    project.remove(md5(b"image 2"), "prod")
    versions = project.versions("prod")
    done = promote()
    assert [each["path"] for each in done["copied"]] == ["data/images/2.png"]
    assert len(project.versions("prod")) == len(versions) + 1


def test_a_promotion_that_is_killed_goes_on_where_it_was(promote: RunModule, project: t.Any) -> None:
    many = project.clone("many")
    (many / "data" / "many").mkdir()
    for number in range(200):
        (many / "data" / "many" / str(number)).write_text(f"one of many: {number}")
    project.commit("Many", "data/many", at=many)
    project.run("dvc", "push", "-q", "data/many.dvc", at=many)
    (listing,) = [name for name, content in project.stored().items() if b"199" in content and name.endswith(".dir")]
    before = set(project.versions("prod"))

    options = {"path": str(many), "ref": "HEAD", "credentials_file": project.promotion, "jobs": 1}
    module = [sys.executable, "-m", "ansible_collections.repro.stack.plugins.modules.dvc_promote"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(module, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment) as killed:
        killed.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode())
        killed.stdin.close()
        while len(set(project.versions("prod")) - before) < 10 and killed.poll() is None:
            time.sleep(0.01)
        killed.kill()
    assert killed.returncode == -signal.SIGKILL
    cut = set(project.versions("prod")) - before
    assert 10 <= len(cut) < 200 and listing not in project.stored("prod")

    done = promote("HEAD", path=many)
    made = set(project.versions("prod")) - before
    assert done["promotion"]["missing"] == {} and listing in project.stored("prod")
    assert cut < made and len(made) == len({key for key, _version in made}), "something was copied twice"


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("fault", ["missing", "corrupt"])
def test_what_is_not_whole_at_the_source_is_not_promoted(
    promote: RunModule, run_module: RunModule, project: t.Any, fault: str, check_mode: bool
) -> None:
    if fault == "missing":
        project.remove(md5(b"image 1"))
    else:
        project.put(md5(b"image 1"), b"imagE 1")
    with pytest.raises(run_module.failed) as failure:
        promote(check_mode=check_mode)
    named = f"data/images/1.png (MD5 {md5(b'image 1')}) is {fault} on {project.url('dev')}: nothing was copied"
    assert str(failure.value) == named
    assert project.stored("prod") == {}


@pytest.mark.parametrize("stored", [None, b"[]", b""])
def test_a_directory_without_its_list_is_not_promoted(
    promote: RunModule, run_module: RunModule, project: t.Any, stored: bytes | None
) -> None:
    listing = next(
        name for name, content in project.stored().items() if b"0.png" in content and b"3.png" not in content
    )
    if stored is None:
        project.remove(listing)
    else:
        project.put(listing, stored)
    with pytest.raises(run_module.failed) as failure:
        promote()
    assert str(failure.value) == (
        f"The list of the directory data/images (MD5 {listing}) is missing or corrupt on {project.url()}: "
        "nothing was copied"
    )
    assert project.stored("prod") == {}


def test_what_is_corrupt_at_the_destination_is_replaced(promote: RunModule, project: t.Any) -> None:
    promote()
    project.put(md5(RAW_1), b"something else", "prod")
    assert promote(verify=False)["changed"] is False
    assert promote(check_mode=True)["copied"] == [
        {"md5": md5(RAW_1), "path": "data/raw.csv", "was": "corrupt", "source": "dev"}
    ]
    assert promote()["changed"] is True
    assert project.stored("prod")[md5(RAW_1)] == RAW_1


def test_large_objects_go_in_parts(promote: RunModule, project: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an object that was uploaded in parts: its tag in the store is no MD5 of the whole."""
    monkeypatch.setattr(store, "LARGE_COPY", 5 << 20)
    content = bytes(range(256)) * (12 << 12)
    clone = project.clone("large")
    (clone / "large.bin.dvc").write_text(f"outs:\n- md5: {md5(content)}\n  hash: md5\n  path: large.bin\n")
    project.run("git", "add", "large.bin.dvc", at=clone)
    project.run("git", "commit", "-q", "-m", "Large", at=clone)

    place = project.place(md5(content))
    upload = {**place, "UploadId": project.s3.create_multipart_upload(**place)["UploadId"]}
    parts = [
        {"PartNumber": n, "ETag": project.s3.upload_part(**upload, PartNumber=n, Body=part)["ETag"]}
        for n, part in ((1, content[: 6 << 20]), (2, content[6 << 20 :]))
    ]
    project.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert md5(content) in {each["md5"] for each in promote("HEAD", clone)["copied"]}
    assert project.stored("prod")[md5(content)] == content
    assert promote("HEAD", clone)["changed"] is False


def test_keys_of_their_own_for_each_remote(promote: RunModule, project: t.Any) -> None:
    """Neither key alone could do it, so that the objects pass through this machine."""
    clone = project.clone("two-keys")
    keys = {"dev": project.key(f"{project.name}-training"), "prod": project.promotion}
    local = "".join(f"['remote \"{name}\"']\n    credentialpath = {file}\n" for name, file in keys.items())
    (clone / ".dvc" / "config.local").write_text(local)
    assert len(promote(path=clone, credentials_file=None)["copied"]) == 5
    assert len(project.stored("prod")) == 5


def test_who_may_not_promote(promote: RunModule, run_module: RunModule, project: t.Any) -> None:
    with pytest.raises(run_module.failed) as failure:
        promote(credentials_file=project.member)
    assert f"The key alice-{project.name} could not write {project.url('prod')}/files/md5/" in str(failure.value)
    assert "AccessDenied" in str(failure.value)
    with pytest.raises(run_module.failed) as failure:
        promote(credentials_file=project.key(f"other-{project.name}-promotion"))
    assert f"could not read {project.url()}/files/md5/" in str(failure.value)
    assert project.stored("prod") == {}


def test_what_cannot_be_promoted(promote: RunModule, run_module: RunModule, project: t.Any, tmp_path: Path) -> None:
    with pytest.raises(run_module.failed, match="has no commit, branch or tag v9"):
        promote("v9")
    with pytest.raises(run_module.failed, match=f"dev and dev are both {project.url()}"):
        promote(destination="dev")
    clone = project.clone("unfinished")
    (clone / "dvc.yaml").write_text("stages:\n  train:\n    cmd: 'true'\n    outs: [model.pkl]\n")
    project.run("git", "add", "dvc.yaml", at=clone)
    project.run("git", "commit", "-q", "-m", "A stage", at=clone)
    with pytest.raises(run_module.failed, match=r"at HEAD has outputs without a hash \(model.pkl\): commit what dvc"):
        promote("HEAD", clone)
    project.run("git", "rm", "-q", "-r", "dvc.yaml", "data", at=clone)
    project.run("git", "commit", "-q", "-m", "No data", at=clone)
    with pytest.raises(run_module.failed, match="there is nothing to promote"):
        promote("HEAD", clone)
