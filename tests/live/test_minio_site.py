"""The site on the object store of the test stack: changes by hand, and a trial that did not come to its end."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import Connection
from s3 import s3_client

TRIED = "Try what every key may do and what it must not"


class Hands:
    """Root's."""

    def __init__(self, minio: t.Any) -> None:
        root = Connection(minio.endpoint, minio.root_user, minio.root_password, "us-east-1", True, 10.0)
        self._admin = Admin(root, read_only=False)

    def call(self, method: str, operation: str, body: t.Any = None, /, **query: str) -> None:
        self._admin.call(method, operation, query, body=b"" if body is None else json.dumps(body).encode())

    def member(self, group: str, *users: str, remove: bool = False) -> None:
        self.call("PUT", "update-group-members", {"group": group, "members": users, "isRemove": remove})

    def attach(self, name: str, policy: str, *, group: bool = False) -> None:
        self.call(
            "PUT", "set-user-or-group-policy", policyName=policy, userOrGroup=name, isGroup="true" if group else "false"
        )

    def copy(self, bucket: str, key: dict[str, str], target: str) -> None:
        """Have the server know another store for the bucket, which is itself."""
        where = {"endpoint": "127.0.0.1:9000", "secure": False, "path": "auto", "api": "s3v4", "type": "replication"}
        body = self._admin.encrypted({**where, "sourcebucket": bucket, "targetbucket": target, "credentials": key})
        self._admin.call("PUT", "set-remote-target", {"bucket": bucket}, body=body)


@pytest.fixture
def hands(minio: t.Any) -> Hands:
    return Hands(minio)


def test_rights_that_a_group_gives_are_found(stack: t.Any, hands: Hands) -> None:
    """A member, a key of a project, and the user that owns the service accounts are in no group."""
    names = ("alice", "churn-ci", "platform")
    hands.member("boss", *names)
    try:
        hands.attach("boss", "readwrite", group=True)
        for arguments in (("--check",), ()):
            said = stack.playbook("site.yml", "--tags", "minio", "--diff", *arguments).stdout
            assert all(f"user {name}" in said for name in names) and "boss" in said
        assert "changed=0 " in stack.playbook("site.yml", "--tags", "minio").stdout
    finally:
        hands.member("boss", *names, remove=True)
        hands.member("boss", remove=True)


def test_an_administrator_that_is_narrowed_is_made_whole_by_root(stack: t.Any, minio: t.Any, hands: Hands) -> None:
    statements = [
        {"Effect": "Allow", "Action": ["admin:*"]},
        {"Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::only-this/*"]},
    ]
    hands.call("PUT", "add-canned-policy", {"Version": "2012-10-17", "Statement": statements}, name="administrator")
    hands.member("locked", "administrator")
    try:
        hands.call("PUT", "set-group-status", group="locked", status="disabled")
        said = stack.playbook("site.yml", "--tags", "minio", "--diff").stdout
        assert "policy administrator" in said and "user administrator" in said
        assert s3_client(minio.endpoint, minio.access_key, minio.secret_key).list_objects_v2(Bucket="dvc")
        assert "changed=0 " in stack.playbook("site.yml", "--tags", "minio").stdout
    finally:
        hands.member("locked", "administrator", remove=True)
        hands.member("locked", remove=True)


def test_a_bucket_that_is_copied_to_another_store_is_found(stack: t.Any, minio: t.Any, hands: Hands) -> None:
    hands.copy("datasets", {"accessKey": minio.root_user, "secretKey": minio.root_password}, "dvc")
    for arguments in (("--check",), ()):
        said = stack.playbook("site.yml", "--tags", "minio", "--diff", *arguments).stdout
        assert "replication: to dvc at 127.0.0.1:9000" in said and minio.root_password not in said
    assert "changed=0 " in stack.playbook("site.yml", "--tags", "minio").stdout


def test_a_trial_that_failed_is_made_again_by_the_next_run(stack: t.Any, hands: Hands) -> None:
    mark = stack.root / "opt" / "minio" / "untried"
    wrong = {"__minio_tried_keys": [{"name": "mlflow", "secret": "not-this-one", "access": []}]}
    hands.call("PUT", "set-user-status", accessKey="alice", status="disabled")
    assert not mark.exists()
    failed = stack.playbook("site.yml", "--tags", "minio", "-e", json.dumps(wrong), check=False)
    assert failed.returncode == 2 and TRIED in failed.stdout and mark.stat().st_mode & 0o777 == 0o600
    assert stack.playbook("site.yml", "--tags", "minio", "-e", json.dumps(wrong), check=False).returncode == 2
    foretold = stack.playbook("site.yml", "--tags", "minio", "--check").stdout
    assert "changed=0 " in foretold and mark.exists()
    again = stack.playbook("site.yml", "--tags", "minio").stdout
    assert "changed=0 " in again and "ok: [localhost]" in again.split(TRIED)[1].split("TASK")[0]
    assert not mark.exists()
    quiet = stack.playbook("site.yml", "--tags", "minio").stdout
    assert "changed=0 " in quiet and "skipping: [localhost]" in quiet.split(TRIED)[1].split("TASK")[0]


def test_an_image_that_was_not_built_here_is_tried_whatever_its_name(stack: t.Any) -> None:
    ran = stack.playbook(
        "site.yml", "--tags", "minio_preflight", "-e", "minio_image=repro-stack/minio:other", check=False
    )
    assert ran.returncode == 2 and "repro-stack/minio:other" in ran.stdout.split("Try an image")[1]
