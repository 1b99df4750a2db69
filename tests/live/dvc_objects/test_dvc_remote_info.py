"""dvc_remote_info on real repositories and a real store, compared with what DVC itself says."""

from __future__ import annotations

import hashlib
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.repro.stack.plugins.module_utils._dvc import store

RunModule = t.Callable[..., dict[str, t.Any]]

RAW_1, RAW_2 = b"customer,left\n1,0\n", b"customer,left\n1,0\n2,1\n"


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@pytest.fixture
def look(run_module: RunModule, project: t.Any) -> t.Callable[..., dict[str, t.Any]]:
    """The module on the repository, with the key of a member."""

    def run(path: Path | None = None, **options: t.Any) -> dict[str, t.Any]:
        if not {"access_key", "credentials_file"} & options.keys():
            options["credentials_file"] = project.member
        told = run_module("dvc_remote_info", path=str(path or project.repository), **options)
        assert told["changed"] is False
        return told

    return run


def test_nothing_is_wrong(look: RunModule, project: t.Any) -> None:
    told = look(project.clone("fresh"), verify=True)
    assert (told["missing"], told["corrupt"], told["unknown"]) == ([], [], [])
    stored = project.stored()
    assert told["remote"] == {
        "name": "dev",
        "url": project.url(),
        "endpoint": project.minio.endpoint,
        "objects": len(stored),
        "bytes": sum(map(len, stored.values())),
    }
    workspace, *commits = told["refs"]
    assert workspace["names"] == ["workspace"] and workspace["commit"] == ""
    # a fresh clone has no branch feature of its own
    assert sorted(each["names"] for each in commits) == [["main", "origin/main", "v2"], ["origin/feature"], ["v1"]]
    of = {each["names"][-1]: each for each in told["refs"]}
    assert [of[name]["objects"] for name in ("v1", "v2", "origin/feature", "workspace")] == [5, 6, 7, 6]
    images = [b"image 0", b"image 1", b"image 2"]
    listing = next(content for name, content in stored.items() if name.endswith(".dir") and b"3.png" not in content)
    assert of["v1"]["bytes"] == sum(map(len, [RAW_1, *images, listing]))


def test_a_commit_alone(look: RunModule, project: t.Any) -> None:
    commit = project.run("git", "rev-parse", "v1^{commit}").strip()
    told = look(refs=[commit[:12]])
    assert [(each["names"], each["commit"], each["objects"]) for each in told["refs"]] == [([commit[:12]], commit, 5)]
    assert len(look(scopes=["commits"])["refs"]) == 3


def test_what_is_missing_is_named_with_who_needs_it(look: RunModule, project: t.Any) -> None:
    project.remove(md5(RAW_1))
    project.remove(md5(b"image 1"))
    told = look(refs=["v1", "v2"])
    assert told["missing"] == [
        {"md5": md5(b"image 1"), "path": "data/images/1.png", "refs": ["v1", "v2"]},
        {"md5": md5(RAW_1), "path": "data/raw.csv", "refs": ["v1"]},
    ]
    assert [each["missing"] for each in told["refs"]] == [2, 1]


def test_what_is_corrupt_is_found_by_reading_it(look: RunModule, project: t.Any) -> None:
    same_size = RAW_2.replace(b"2,1", b"2,0")
    project.put(md5(RAW_2), same_size)
    assert look()["corrupt"] == []
    told = look(refs=["v1", "v2"], verify=True)
    assert told["corrupt"] == [{"md5": md5(RAW_2), "path": "data/raw.csv", "refs": ["v2"], "found": md5(same_size)}]
    assert [each["corrupt"] for each in told["refs"]] == [0, 1]
    # DVC says so too, in its way
    assert "FAILED" in project.run("dvc", "pull", "-q", at=project.clone("pulled"), check=False)


def test_of_a_directory_without_its_list_nothing_is_known(look: RunModule, project: t.Any) -> None:
    listing = next(name for name in project.stored() if name.endswith(".dir"))
    project.remove(listing)
    told = look(project.clone("fresh"), gc=True)
    [unknown] = told["unknown"]
    assert (unknown["md5"], unknown["path"]) == (listing, "data/images")
    assert unknown in told["missing"]
    assert told["gc"]["md5"] == [] and listing in told["gc"]["blocked_by"][0]
    # whoever has it in the cache knows
    assert look(gc=True)["unknown"] == []
    # and what is there but is no list is no help
    for broken in (b"[]", b""):
        project.put(listing, broken)
        assert look(project.clone("fresh"))["unknown"] == [unknown]


def test_gc_lists_what_dvc_would_remove(look: RunModule, project: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two repositories in one place: each needs what the other would remove."""
    monkeypatch.setattr(store, "PAGE", 2)  # many pages, without a million objects
    reports = project.scratch / "reports"
    project.begin(reports)
    (reports / "report.txt").write_bytes(b"a report")
    (reports / "raw.csv").write_bytes(RAW_1)
    project.commit("Reports", "report.txt", "raw.csv", at=reports)
    project.run("dvc", "push", "-q", at=reports)
    project.put(md5(b"nobody's"), b"nobody's")
    old = f"{project.name}/dev/{md5(b'old')[:2]}/{md5(b'old')[2:]}"
    project.s3.put_object(Bucket=project.bucket, Key=old, Body=b"old")
    project.s3.put_object(Bucket=project.bucket, Key=f"{project.name}/dev/runs/ab/abcd/1234", Body=b"a run cache")

    alone = look(gc=True, scopes=["tags"])["gc"]
    said = project.run("dvc", "gc", "--cloud", "--dry", "--force", "-T", "-r", "dev")
    removed = {"".join(line.split("/")[-2:]) for line in said.splitlines() if f"/{project.name}/dev/" in line}
    assert {*alone["md5"]} == removed, said
    assert {md5(b"a report"), md5(b"nobody's"), md5(b"old"), md5(b"image 4")} <= {*alone["md5"]}

    together = look(gc=True, repositories=[str(reports)])["gc"]
    assert sorted(together["md5"]) == sorted([md5(b"nobody's"), md5(b"old")])
    assert (together["objects"], together["bytes"], together["blocked_by"]) == (2, len(b"nobody'sold"), [])


def test_a_shallow_clone_does_not_decide_what_goes(look: RunModule, run_module: RunModule, project: t.Any) -> None:
    shallow = project.scratch / "shallow"
    project.run("git", "clone", "-q", "--depth=1", f"file://{project.repository}", str(shallow))
    with pytest.raises(run_module.failed, match=f"{shallow} is a shallow clone"):
        look(shallow, gc=True)
    with pytest.raises(run_module.failed, match=f"{shallow} is a shallow clone"):
        look(gc=True, repositories=[str(shallow)])


def test_objects_of_dvc_2(look: RunModule, project: t.Any) -> None:
    """They lie elsewhere, and the MD5 of a text is that of its lines as Unix ends them."""
    clone = project.clone("old")
    text = b"a line\r\nanother\r\n"
    named = md5(text.replace(b"\r\n", b"\n"))
    (clone / "old.txt.dvc").write_text(f"outs:\n- md5: {named}\n  size: {len(text)}\n  path: old.txt\n")
    place = {"Bucket": project.bucket, "Key": f"{project.name}/dev/{named[:2]}/{named[2:]}"}
    assert look(clone, refs=["workspace"])["missing"] == [{"md5": named, "path": "old.txt", "refs": ["workspace"]}]
    project.s3.put_object(**place, Body=text)
    told = look(clone, refs=["workspace"], verify=True)
    assert (told["missing"], told["corrupt"]) == ([], [])
    project.s3.put_object(**place, Body=text + b"!")
    assert [each["md5"] for each in look(clone, refs=["workspace"], verify=True)["corrupt"]] == [named]
    project.s3.delete_object(**place)


def test_what_does_not_belong_on_the_remote_is_not_missed(look: RunModule, project: t.Any) -> None:
    clone = project.clone("stages")
    (clone / "dvc.yaml").write_text(
        "stages:\n"
        "  train:\n"
        "    cmd: 'true'\n"
        "    outs:\n"
        "    - never-made.pkl\n"
        "    - kept-here.pkl: {push: false}\n"
        "    - approved.pkl: {remote: prod}\n"
        "    metrics:\n"
        "    - metrics.json: {cache: false}\n"
    )
    hashes = {"kept-here.pkl": md5(b"kept"), "approved.pkl": md5(b"approved"), "metrics.json": md5(b"{}")}
    outputs = "".join(
        f"    - path: {path}\n      hash: md5\n      md5: {value}\n      size: 1\n" for path, value in hashes.items()
    )
    (clone / "dvc.lock").write_text(f"schema: '2.0'\nstages:\n  train:\n    cmd: 'true'\n    outs:\n{outputs}")
    told = look(clone, refs=["workspace"])
    assert told["missing"] == []
    assert told["refs"][0]["without_hash"] == ["never-made.pkl"]
    on_prod = look(clone, refs=["workspace"], remote="prod")
    assert [each["path"] for each in on_prod["missing"]] == ["approved.pkl", "data/images", "data/raw.csv"]
    assert [each["path"] for each in on_prod["unknown"]] == ["data/images"]


def test_what_was_imported_from_another_repository_is_not_missed(look: RunModule, project: t.Any) -> None:
    """DVC brings it from there, and pushes it nowhere."""
    clone = project.clone("importing")
    (clone / "imported.csv.dvc").write_text(
        "frozen: true\n"
        "deps:\n- path: data.csv\n  repo:\n    url: https://example.org/other.git\n"
        f"    rev_lock: {'a' * 40}\n"
        f"outs:\n- md5: {md5(b'of another')}\n  hash: md5\n  size: 10\n  path: imported.csv\n"
    )
    told = look(clone, refs=["workspace"])
    assert told["missing"] == [] and told["refs"][0]["without_hash"] == []
    assert told["refs"][0]["objects"] == look(clone, refs=["v2"])["refs"][0]["objects"]


def test_commits_from_before_the_folder_of_the_repository(
    look: RunModule, run_module: RunModule, project: t.Any
) -> None:
    """A repository of DVC in a folder of one of Git: older commits do not have the folder, or have it without DVC."""
    top = project.scratch / "top"
    below = top / "churn"
    top.mkdir()
    project.run("git", "init", "-q", "-b", "main", at=top)
    for name, file in (("v0", top / "README.md"), ("v1", below / "README.md")):
        file.parent.mkdir(exist_ok=True)
        file.write_text(name)
        project.run("git", "add", "-A", at=top)
        project.run("git", "commit", "-q", "-m", name, at=top)
        project.run("git", "tag", name, at=top)
    project.run("dvc", "init", "-q", "--subdir", at=below)
    (below / ".dvc" / "config").write_text(project.configuration())
    (below / "raw.csv").write_bytes(RAW_1)
    project.commit("Data", "raw.csv", at=below)

    told = look(below, gc=True)["refs"]
    assert {(*each["names"],): each["objects"] for each in told} == {
        ("workspace",): 1,
        ("main",): 1,
        ("v0",): 0,
        ("v1",): 0,
    }
    assert sorted(each["objects"] for each in look(below, scopes=["commits"])["refs"]) == [0, 0, 1]
    with pytest.raises(run_module.failed, match=f"{below} cannot be read at v0: Commit .* does not contain a DVC repo"):
        look(below, refs=["v0"], scopes=["tags"])


def test_many_objects_are_listed_and_few_are_asked_for(
    look: RunModule, project: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.remove(md5(RAW_2))
    few = look(project.repository, refs=["v2"])
    monkeypatch.setattr(store, "FEW", 0)
    monkeypatch.setattr(store, "PAGE", 1)
    assert look(project.repository, refs=["v2"]) == few
    assert few["remote"]["objects"] == 5


def test_progress_and_threads(look: RunModule, project: t.Any, tmp_path: Path) -> None:
    look(verify=True, jobs=1, progress_file=str(tmp_path / "progress"))
    [line] = (tmp_path / "progress").read_text().splitlines()
    assert f"verifying {project.url()}" in line
    assert [path.name for path in tmp_path.iterdir()] == ["progress"]


# Keys


def test_the_key_is_found_as_dvc_finds_it(
    look: RunModule, run_module: RunModule, project: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = project.clone("keys")
    nothing: dict[str, t.Any] = {"credentials_file": None, "refs": ["v1"]}
    with pytest.raises(run_module.failed, match="There is no key"):
        look(clone, **nothing)
    local = clone / ".dvc" / "config.local"
    local.write_text(f"['remote \"dev\"']\n    credentialpath = {project.member}\n")
    assert look(clone, **nothing)["missing"] == []
    local.write_text(f"['remote \"dev\"']\n    access_key_id = alice-{project.name}\n    secret_access_key = wrong\n")
    with pytest.raises(run_module.failed, match="SignatureDoesNotMatch"):
        look(clone, **nothing)
    assert look(clone, refs=["v1"])["missing"] == []
    assert (
        look(clone, refs=["v1"], access_key=f"alice-{project.name}", secret_key="a-secret-of-a-test")["missing"] == []
    )
    local.unlink()
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", project.member)
    assert look(clone, **nothing)["missing"] == []
    # an option counts more than what the environment says
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    assert look(clone, refs=["v1"])["missing"] == []
    with pytest.raises(run_module.failed, match="The key nobody could not"):
        look(clone, **nothing)


def test_a_repository_of_somebody_else_stays_theirs(look: RunModule, project: t.Any) -> None:
    """Ansible mostly runs as root; DVC's own temporary files must not."""
    clone = project.clone("theirs")
    everything = [clone, *clone.rglob("*")]
    for path in everything:
        os.chown(path, 12345, 12345, follow_symlinks=False)
    assert look(clone)["missing"] == []
    assert {path.lstat().st_uid for path in clone.rglob("*")} == {12345}
    assert {*clone.rglob("*")} - {*everything} == {clone / ".dvc" / "tmp", clone / ".dvc" / "tmp" / "btime"}


# Bad input


def test_a_key_of_another_project_says_what_it_may_not_do(
    look: RunModule, run_module: RunModule, project: t.Any
) -> None:
    name = f"other-{project.name}-ci"
    with pytest.raises(run_module.failed) as failure:
        look(credentials_file=project.key(name), gc=True)
    assert f"The key {name} could not list {project.url()}/" in str(failure.value)
    assert "AccessDenied" in str(failure.value)


def test_a_bucket_that_does_not_exist(look: RunModule, run_module: RunModule, project: t.Any) -> None:
    clone = project.clone("nowhere")
    config = clone / ".dvc" / "config"
    config.write_text(config.read_text().replace(project.bucket, "no-such-bucket-anywhere"))
    administrator = {"access_key": project.minio.access_key, "secret_key": project.minio.secret_key}
    with pytest.raises(run_module.failed, match=r"s3://no-such-bucket-anywhere/.*NoSuchBucket"):
        look(clone, gc=True, **administrator)
    # a few files are asked for one by one
    (clone / "data" / "images.dvc").unlink()
    with pytest.raises(run_module.failed, match=r"could not list s3://no-such-bucket-anywhere/.*NoSuchBucket"):
        look(clone, refs=["workspace"], **administrator)


def test_no_server(look: RunModule, run_module: RunModule) -> None:
    with pytest.raises(run_module.failed, match=r"S3 at http://127.0.0.1:9 does not answer"):
        look(endpoint="http://127.0.0.1:9", wait=1)


def test_too_few_jobs(look: RunModule, run_module: RunModule) -> None:
    with pytest.raises(run_module.failed, match="jobs is 0"):
        look(jobs=0)


def test_unknown_names(look: RunModule, run_module: RunModule, project: t.Any) -> None:
    with pytest.raises(run_module.failed, match=f"{project.repository} has no commit, branch or tag v9"):
        look(refs=["v9"])
    with pytest.raises(run_module.failed, match=f"{project.repository} has no remote production, but dev, prod"):
        look(remote="production")


def test_what_is_no_dvc_repository(look: RunModule, run_module: RunModule, project: t.Any, tmp_path: Path) -> None:
    with pytest.raises(
        run_module.failed, match=f"{tmp_path} is not a DVC repository: there is no directory .dvc in it"
    ):
        look(tmp_path)
    project.run("dvc", "init", "-q", "--no-scm", at=tmp_path)
    (tmp_path / ".dvc" / "config").write_text(project.configuration().replace("[core]", "[core]\n    no_scm = true"))
    with pytest.raises(run_module.failed, match=f"{tmp_path} is not a Git repository"):
        look(tmp_path)
    assert look(tmp_path, scopes=["workspace"])["refs"][0]["objects"] == 0


def test_a_pipeline_that_cannot_be_read(look: RunModule, run_module: RunModule, project: t.Any) -> None:
    clone = project.clone("broken")
    (clone / "dvc.yaml").write_text("stages: [\n")
    with pytest.raises(run_module.failed, match=f"{clone} cannot be read in its workspace: .*dvc.yaml"):
        look(clone)


def test_a_remote_that_is_not_in_s3(look: RunModule, run_module: RunModule, project: t.Any) -> None:
    clone = project.clone("local")
    (clone / ".dvc" / "config").write_text("[core]\n    remote = disk\n['remote \"disk\"']\n    url = /srv/disk\n")
    with pytest.raises(run_module.failed, match=f"The remote disk of {clone} is /srv/disk: only objects of s3://"):
        look(clone)
    (clone / ".dvc" / "config").write_text("")
    with pytest.raises(run_module.failed, match=f"{clone} has no default remote: name one of none at all"):
        look(clone)
