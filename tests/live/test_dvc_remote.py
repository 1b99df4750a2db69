"""dvc_remote: its life, and a real DVC that pushes and pulls with nothing but the settings it wrote."""

from __future__ import annotations

import os
import subprocess
import sys
import typing as t
import uuid
from pathlib import Path

import pytest
from s3 import s3_client

RunModule = t.Callable[..., dict[str, t.Any]]
DVC = Path(sys.executable).parent / "dvc"
REMOTES = [
    {"name": "dev", "url": "s3://dvc/churn/dev", "endpointurl": "http://127.0.0.1:9000", "region": "us-east-1"},
    {"name": "prod", "url": "s3://dvc/churn/prod", "endpointurl": "http://127.0.0.1:9000", "region": "us-east-1"},
]


def command(folder: Path, *argv: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """With no keys but those of the repository."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DVC_"))}
    environment |= {"DVC_NO_ANALYTICS": "1", "HOME": str(folder.parent), "GIT_CONFIG_GLOBAL": os.devnull}
    ran = subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert not check or ran.returncode == 0, f"{argv}: {ran.stdout}{ran.stderr}"
    return ran


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "churn"
    path.mkdir()
    command(path, "git", "init", "--quiet")
    return path


def test_life(run_module: RunModule, repository: Path) -> None:
    for options in (
        {"remotes": REMOTES, "default": "dev"},
        {"remotes": [{**REMOTES[0], "jobs": 8}, REMOTES[1]], "default": "prod", "cache": {"type": ["symlink"]}},
        {
            "remotes": [{"name": "dev", "jobs": 0, "access_key": "alice", "secret_key": "secret-of-alice"}],
            "default": "",
        },
        {"remotes": [{"name": "prod", "state": "absent"}], "cache": {"type": []}},
        {"remotes": [], "purge": True},
    ):
        options = {"path": str(repository), **options}
        before = sorted((path, path.stat().st_mtime_ns) for path in (repository / ".dvc").glob("*"))
        foretold = run_module("dvc_remote", check_mode=True, **options)
        assert before == sorted((path, path.stat().st_mtime_ns) for path in (repository / ".dvc").glob("*"))
        done = run_module("dvc_remote", **options)
        assert foretold["changed"] and done["changed"]
        assert foretold["diff"] == done["diff"]
        assert "secret-of-alice" not in str(foretold) + str(done)
        for check_mode in (True, False):
            assert not run_module("dvc_remote", check_mode=check_mode, **options)["changed"]
    assert command(repository, DVC, "remote", "list").stdout == ""


@pytest.fixture
def bucket(run_module: RunModule, minio: t.Any) -> t.Iterator[dict[str, str]]:
    """A bucket, and a key that may read and write below a/dev in it."""
    name, secret = f"live-dvc-{uuid.uuid4().hex[:8]}", uuid.uuid4().hex
    server = {name: getattr(minio, name) for name in ("endpoint", "access_key", "secret_key")}
    run_module("minio_bucket", **server, name=name)
    run_module("minio_policy", **server, name=name, access=[{"bucket": name, "prefix": "a/dev", "mode": "read-write"}])
    run_module("minio_user", **server, name=name, secret=secret, policies=[name])
    yield {"name": name, "secret": secret}
    run_module("minio_user", **server, name=name, state="absent")
    run_module("minio_policy", **server, name=name, state="absent")
    run_module("minio_bucket", **server, name=name, state="absent", force=True)


def test_dvc_pushes_and_pulls_with_what_was_written(
    run_module: RunModule, repository: Path, minio: t.Any, bucket: dict[str, str]
) -> None:
    remote = {
        "name": "dev",
        "url": f"s3://{bucket['name']}/a/dev",
        "endpointurl": minio.endpoint,
        "region": "us-east-1",
    }
    own = {"access_key": bucket["name"], "secret_key": bucket["secret"]}
    run_module("dvc_remote", path=str(repository), remotes=[{**remote, "jobs": 8, **own}], default="dev")
    content = {repository / "data" / f"{number}.bin": os.urandom(1000 * number) for number in range(4)}
    for path, each in content.items():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(each)
    command(repository, DVC, "add", "--quiet", "data")
    command(repository, DVC, "push")
    assert "in sync" in command(repository, DVC, "status", "--cloud").stdout
    command(repository, "git", "add", "--all")
    command(repository, "git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "-m", "Data")
    kept = [*command(repository, "git", "ls-files").stdout.split(), command(repository, "git", "show").stdout]
    assert ".dvc/config" in kept and ".dvc/config.local" not in kept and bucket["secret"] not in kept[-1]

    # somebody else: a clone, and a key in a file as the role projects hands them out
    clone = repository.parent / "clone"
    command(repository, "git", "clone", "--quiet", repository, clone)
    key = repository.parent / "key"
    key.write_text(f"[default]\naws_access_key_id = {bucket['name']}\naws_secret_access_key = {bucket['secret']}\n")
    run_module("dvc_remote", path=str(clone), remotes=[{"name": "dev", "credentialpath": str(key)}])
    assert command(clone, "git", "status", "--short").stdout == "", "the shared configuration is as it was"
    command(clone, DVC, "pull")
    for path, each in content.items():
        assert (clone / path.relative_to(repository)).read_bytes() == each

    # verify: an object with other bytes is not taken
    s3 = s3_client(minio.endpoint, minio.access_key, minio.secret_key)
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket["name"])["Contents"]]
    s3.put_object(Bucket=bucket["name"], Key=next(key for key in keys if not key.endswith(".dir")), Body=b"corrupt")
    third = repository.parent / "third"
    command(repository, "git", "clone", "--quiet", repository, third)
    run_module("dvc_remote", path=str(third), remotes=[{"name": "dev", **own}])
    assert command(third, DVC, "pull", check=False).returncode != 0
