"""A project on the test stack with a real DVC repository: several refs, a directory, all of it pushed to dev."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import typing as t
import uuid
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.repro.stack.plugins.module_utils._inventory.projects import Projects
from ansible_collections.repro.stack.plugins.modules import minio_iam
from s3 import remove_bucket, s3_client

SECRET = "a-secret-of-a-test"
BIN = Path(sys.executable).parent


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@dataclasses.dataclass
class Project:
    """One project of the stack: its keys, its repository and what lies in its folder of the bucket."""

    minio: t.Any
    bucket: str
    name: str
    scratch: Path
    settings: t.Mapping[str, str]

    @property
    def repository(self) -> Path:
        return self.scratch / "repository"

    @property
    def s3(self) -> t.Any:
        return s3_client(self.minio.endpoint, self.minio.access_key, self.minio.secret_key)

    def key(self, name: str, secret: str = SECRET) -> str:
        """The path of a key file as the role projects writes it."""
        file = self.scratch / f"key-{name}"
        file.write_text(
            f"[default]\naws_access_key_id = {name}\naws_secret_access_key = {secret}\nregion = us-east-1\n"
        )
        return str(file)

    @property
    def member(self) -> str:
        return self.key(f"alice-{self.name}")

    @property
    def promotion(self) -> str:
        return self.key(f"{self.name}-promotion")

    def url(self, remote: str = "dev") -> str:
        return f"s3://{self.bucket}/{self.name}/{remote}"

    def configuration(self) -> str:
        """What the module dvc_remote would write for a project."""
        remotes = "".join(
            f"['remote \"{name}\"']\n    url = {self.url(name)}\n    endpointurl = {self.minio.endpoint}\n"
            "    region = us-east-1\n    verify = true\n"
            for name in ("dev", "prod")
        )
        return f"[core]\n    remote = dev\n{remotes}"

    def run(self, *command: str, at: Path | None = None, check: bool = True) -> str:
        program = str(BIN / "dvc") if command[0] == "dvc" else command[0]
        ran = subprocess.run(
            [program, *command[1:]],
            check=False,
            cwd=at or self.repository,
            env={**os.environ, **self.settings, "AWS_SHARED_CREDENTIALS_FILE": self.member},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if check and ran.returncode:
            pytest.fail(f"{' '.join(command)} ended with {ran.returncode}\n{ran.stdout}")
        return ran.stdout if ran.returncode == 0 else f"FAILED: {ran.stdout}"

    def begin(self, at: Path) -> None:
        at.mkdir(parents=True)
        self.run("git", "init", "-q", "-b", "main", at=at)
        self.run("dvc", "init", "-q", at=at)
        (at / ".dvc" / "config").write_text(self.configuration())

    def commit(self, message: str, *tracked: str, at: Path | None = None) -> None:
        """`dvc add` what is tracked, and a commit."""
        self.run("dvc", "add", "-q", *tracked, at=at)
        self.run("git", "add", "-A", at=at)
        self.run("git", "commit", "-q", "-m", message, at=at)

    def clone(self, name: str, repository: Path | None = None) -> Path:
        """A fresh clone without any object."""
        path = self.scratch / name
        shutil.rmtree(path, ignore_errors=True)
        self.run("git", "clone", "-q", str(repository or self.repository), str(path))
        return path

    def stored(self, remote: str = "dev") -> dict[str, bytes]:
        """Every object of a remote, by its MD5 as DVC names it."""
        prefix = f"{self.name}/{remote}/files/md5/"
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return {
            each["Key"].removeprefix(prefix).replace("/", ""): self.s3.get_object(Bucket=self.bucket, Key=each["Key"])[
                "Body"
            ].read()
            for each in listed
        }

    def place(self, md5: str, remote: str = "dev") -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": f"{self.name}/{remote}/files/md5/{md5[:2]}/{md5[2:]}"}

    def put(self, md5: str, content: bytes, remote: str = "dev") -> None:
        self.s3.put_object(**self.place(md5, remote), Body=content)

    def remove(self, md5: str, remote: str = "dev") -> None:
        self.s3.delete_object(**self.place(md5, remote))

    def keep(self, objects: t.Mapping[str, bytes], remote: str = "dev") -> None:
        """Exactly these objects on the remote."""
        there = self.stored(remote)
        for key in there.keys() - objects.keys():
            self.remove(key, remote)
        for key, content in objects.items():
            if there.get(key) != content:
                self.put(key, content, remote)

    def versions(self, remote: str = "dev") -> list[tuple[str, str]]:
        told = self.s3.list_object_versions(Bucket=self.bucket, Prefix=f"{self.name}/{remote}/")
        return sorted((each["Key"], each["VersionId"]) for each in told.get("Versions", []))


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """DVC and Git as on a machine where nothing is configured."""
    scratch = tmp_path_factory.mktemp("dvc")
    (scratch / "gitconfig").write_text("[user]\n    name = A Test\n    email = test@example.org\n")
    return {
        "DVC_NO_ANALYTICS": "1",
        "DVC_GLOBAL_CONFIG_DIR": str(scratch / "global"),
        "DVC_SYSTEM_CONFIG_DIR": str(scratch / "system"),
        "DVC_SITE_CACHE_DIR": str(scratch / "site"),
        "GIT_CONFIG_GLOBAL": str(scratch / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
    }


@pytest.fixture(autouse=True)
def quiet(settings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The modules run in this process."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_SHARED_CREDENTIALS_FILE", raising=False)


@pytest.fixture(scope="session")
def bucket(minio: t.Any) -> t.Iterator[str]:
    name = f"dvc-{uuid.uuid4().hex[:6]}"
    s3 = s3_client(minio.endpoint, minio.access_key, minio.secret_key)
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    yield name
    remove_bucket(s3, name)


@pytest.fixture(scope="session")
def pushed(
    minio: t.Any, bucket: str, settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> t.Iterator[tuple[Project, dict[str, bytes]]]:
    """Tags v1 and v2, a branch, and on dev what they need; the keys are those that the stack gives to a project."""
    name = f"churn-{bucket.partition('-')[2]}"
    project = Project(minio, bucket, name, tmp_path_factory.mktemp("project"), settings)
    declared = Projects(
        [{"name": name, "members": {f"alice-{name}": "write"}}, {"name": f"other-{name}", "members": {}}],
        [],
        "datasets",
        bucket,
    )
    administrator = {"endpoint": minio.endpoint, "access_key": minio.access_key, "secret_key": minio.secret_key}
    users = [{"name": key, "secret": SECRET, "policies": each["policies"]} for key, each in declared.keys().items()]
    policies = declared.policies(console=False)
    _identities(administrator, policies, users)

    repository = project.repository
    project.begin(repository)
    images = repository / "data" / "images"
    images.mkdir(parents=True)
    (repository / "data" / "raw.csv").write_bytes(b"customer,left\n1,0\n")
    for number in range(3):
        (images / f"{number}.png").write_bytes(b"image %d" % number)
    project.commit("First", "data/raw.csv", "data/images")
    project.run("git", "tag", "-a", "v1", "-m", "The first")
    (repository / "data" / "raw.csv").write_bytes(b"customer,left\n1,0\n2,1\n")
    (images / "3.png").write_bytes(b"image 3")
    project.commit("Second", "data/raw.csv", "data/images")
    project.run("git", "tag", "v2")
    project.run("git", "switch", "-q", "-c", "feature")
    (images / "4.png").write_bytes(b"image 4")
    project.commit("An idea", "data/images")
    project.run("git", "switch", "-q", "main")
    project.run("dvc", "checkout", "-q")
    project.run("dvc", "push", "-q", "-a", "-T")
    yield project, project.stored()
    _identities(
        administrator,
        [{"name": each["name"], "state": "absent"} for each in policies],
        [{"name": each["name"], "state": "absent"} for each in users],
    )


def _identities(connection: t.Mapping[str, str], policies: t.Any, users: t.Any) -> None:
    """minio_iam, outside of any single test."""
    arguments = {**connection, "policies": policies, "users": users, "_ansible_check_mode": False}
    with patch_module_args(arguments), contextlib.redirect_stdout(io.StringIO()) as said, pytest.raises(SystemExit):
        minio_iam.main()
    told = json.loads(said.getvalue())
    assert not told.get("failed"), told["msg"]


@pytest.fixture
def project(pushed: tuple[Project, dict[str, bytes]]) -> t.Iterator[Project]:
    """The project with all objects on dev as they were pushed, and none on prod."""
    made, objects = pushed
    yield made
    made.keep(objects)
    made.keep({}, "prod")
