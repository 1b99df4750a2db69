"""dvc_remote_repair: what was damaged by hand comes back from a cache or another remote, and only if that is right."""

from __future__ import annotations

import hashlib
import typing as t
from pathlib import Path

import pytest

RunModule = t.Callable[..., dict[str, t.Any]]

RAW_1, RAW_2 = b"customer,left\n1,0\n", b"customer,left\n1,0\n2,1\n"


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@pytest.fixture
def repair(run_module: RunModule, project: t.Any) -> RunModule:
    def run(path: Path | None = None, **options: t.Any) -> dict[str, t.Any]:
        options = {"credentials_file": project.member, **options}
        return run_module("dvc_remote_repair", path=str(path or project.repository), **options)

    return run


@pytest.fixture
def damaged(project: t.Any) -> dict[str, dict[str, t.Any]]:
    """One object is corrupt, one is missing, and so is the list of the directory at v2."""
    listing = next(
        name for name, content in project.stored().items() if b"3.png" in content and b"4.png" not in content
    )
    project.put(md5(RAW_1), b"something else")
    project.remove(md5(b"image 1"))
    project.remove(listing)
    return {
        "data/images": {"md5": listing, "path": "data/images", "was": "missing"},
        "data/images/1.png": {"md5": md5(b"image 1"), "path": "data/images/1.png", "was": "missing"},
        "data/raw.csv": {"md5": md5(RAW_1), "path": "data/raw.csv", "was": "corrupt"},
    }


def test_from_the_cache(repair: RunModule, project: t.Any, pushed: t.Any, damaged: dict[str, t.Any]) -> None:
    expected = [{**each, "source": "cache"} for each in damaged.values()]
    found, versions = project.stored(), project.versions()
    foretold = repair(check_mode=True)
    assert foretold["changed"] is True and foretold["restored"] == expected
    assert (project.stored(), project.versions()) == (found, versions)
    done = repair()
    assert done["changed"] is True and done["restored"] == expected
    assert done["diff"]["before"]["corrupt"] == {md5(RAW_1): "data/raw.csv"}
    assert sorted(done["diff"]["before"]["missing"].values()) == ["data/images", "data/images/1.png"]
    assert done["replica"] == {**done["diff"]["after"], "missing": {}, "corrupt": {}}
    assert project.stored() == pushed[1]
    for check_mode in (True, False):
        again = repair(check_mode=check_mode)
        assert (again["changed"], again["restored"]) == (False, [])


def test_a_clone_repairs_from_another_remote_what_it_never_had(
    repair: RunModule, project: t.Any, pushed: t.Any, damaged: dict[str, t.Any]
) -> None:
    project.keep(pushed[1], "prod")
    done = repair(project.clone("bare"), sources=["cache", "prod"])
    assert done["restored"] == [{**each, "source": "prod"} for each in damaged.values()]
    assert project.stored() == pushed[1]


def test_a_source_that_is_wrong_too_is_not_used(
    repair: RunModule, run_module: RunModule, project: t.Any, pushed: t.Any, damaged: dict[str, t.Any]
) -> None:
    """All that can be had is brought back; the rest is named."""
    project.keep({**pushed[1], md5(RAW_1): b"wrong there too"}, "prod")
    clone = project.clone("unlucky")
    cached = clone / ".dvc" / "cache" / "files" / "md5" / md5(RAW_1)[:2] / md5(RAW_1)[2:]
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"wrong in the cache")
    reason = (
        f"data/raw.csv (MD5 {md5(RAW_1)}) is corrupt in the cache and corrupt on {project.url('prod')}: "
        f"{project.url()} still needs it; all else was put right"
    )
    with pytest.raises(run_module.failed) as failure:
        repair(clone, sources=["cache", "prod"])
    assert str(failure.value) == reason
    assert project.stored() == {**pushed[1], md5(RAW_1): b"something else"}
    foretold = repair(clone, sources=["cache", "prod"], check_mode=True)
    assert foretold["restored"] == [{**damaged["data/raw.csv"], "source": ""}]
    # as long as nobody needs it, nothing is wrong
    assert repair(clone, sources=["cache", "prod"], refs=["v2"])["changed"] is False


def test_what_is_missing_is_found_without_reading(repair: RunModule, project: t.Any, damaged: dict[str, t.Any]) -> None:
    done = repair(verify=False)
    assert [each["path"] for each in done["restored"]] == ["data/images", "data/images/1.png"]
    assert project.stored()[md5(RAW_1)] == b"something else"


@pytest.mark.parametrize("stored", [b"{}", b""])
def test_a_list_that_is_no_list(
    repair: RunModule, project: t.Any, pushed: t.Any, damaged: dict[str, t.Any], stored: bytes
) -> None:
    project.put(damaged["data/images"]["md5"], stored)
    assert repair()["restored"][0] == {**damaged["data/images"], "was": "corrupt", "source": "cache"}
    assert project.stored() == pushed[1]


def test_who_may_not_write(repair: RunModule, run_module: RunModule, project: t.Any, damaged: dict[str, t.Any]) -> None:
    found = project.stored()
    with pytest.raises(run_module.failed) as failure:
        repair(credentials_file=project.key(f"{project.name}-ci"))
    assert f"The key {project.name}-ci could not write {project.url()}/files/md5/" in str(failure.value)
    assert "AccessDenied" in str(failure.value)
    assert project.stored() == found


def test_bad_sources(repair: RunModule, run_module: RunModule, project: t.Any) -> None:
    with pytest.raises(run_module.failed, match=f"dev is {project.url()} itself, which is to be repaired"):
        repair(sources=["dev"])
    with pytest.raises(run_module.failed, match=f"{project.repository} has no remote backup, but dev, prod"):
        repair(sources=["backup"])
