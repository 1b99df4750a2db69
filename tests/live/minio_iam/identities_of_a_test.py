"""One team of identities for one test, and every way that a test may look at them or change them."""

from __future__ import annotations

import dataclasses
import datetime
import io
import json
import typing as t
import uuid
import zipfile

from ansible.module_utils.common import warnings
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import Connection
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identities import Identities
from botocore.exceptions import ClientError
from s3 import s3_client

RunModule = t.Callable[..., dict[str, t.Any]]

SECRET, OTHER_SECRET = "a-secret-of-a-test", "another-secret-of-it"
READ = [{"bucket": "test-bucket", "mode": "read"}]
WRITE = [{"bucket": "test-bucket", "mode": "read-write"}]


def refusal(error: ClientError) -> str:
    return t.cast(str, error.response["Error"]["Code"])


def in_days(days: int) -> str:
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclasses.dataclass
class Iam:
    """A user in a group, a policy attached to both, a service account of the user."""

    run_module: RunModule
    minio: t.Any
    word: str = dataclasses.field(default_factory=lambda: uuid.uuid4().hex[:8])

    def __post_init__(self) -> None:
        self.user, self.policy, self.group = (f"{kind}-{self.word}" for kind in ("user", "policy", "group"))
        self.account = f"account-{self.word}"

    @property
    def labels(self) -> set[str]:
        return {
            f"policy {self.policy}",
            f"user {self.user}",
            f"group {self.group}",
            f"service account {self.account}",
        }

    # modules

    def connection(self) -> dict[str, str]:
        return {
            "endpoint": self.minio.endpoint,
            "access_key": self.minio.access_key,
            "secret_key": self.minio.secret_key,
        }

    def apply(self, check_mode: bool = False, **kinds: t.Any) -> dict[str, t.Any]:
        warnings._global_warnings.clear()  # this process is many modules
        return self.run_module("minio_iam", check_mode=check_mode, **{**self.connection(), **kinds})

    def one(self, module: str, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        return self.run_module(module, check_mode=check_mode, **self.connection(), **options)

    def declared(self, **account: t.Any) -> dict[str, t.Any]:
        own = {"name": self.account, "parent": self.user, "secret": SECRET, "access": READ}
        return {
            "policies": [{"name": self.policy, "access": WRITE}],
            "users": [{"name": self.user, "secret": SECRET, "policies": [self.policy]}],
            "groups": [{"name": self.group, "members": [self.user], "policies": [self.policy]}],
            "service_accounts": [{**own, **account}],
        }

    def gone(self) -> dict[str, t.Any]:
        return {
            "policies": [{"name": self.policy, "state": "absent"}],
            "users": [{"name": self.user, "state": "absent"}],
            "groups": [{"name": self.group, "state": "absent"}],
            "service_accounts": [{"name": self.account, "state": "absent"}],
        }

    # the server itself

    def admin(self, root: bool = False) -> Admin:
        key = (self.minio.root_user, self.minio.root_password) if root else None
        access_key, secret_key = key or (self.minio.access_key, self.minio.secret_key)
        return Admin(Connection(self.minio.endpoint, access_key, secret_key, "us-east-1", True, 5.0), read_only=False)

    def call(self, method: str, name: str, query: t.Mapping[str, str] | None = None, body: t.Any = None) -> None:
        self.admin().call(method, name, query, body=b"" if body is None else json.dumps(body).encode())

    def by_hand(self, **entries: t.Any) -> None:
        """Import something behind the modules' back."""
        Identities(self.admin()).import_now(entries)

    def update_account(self, **body: t.Any) -> None:
        kept = {"newPolicy": self.entry()["sessionPolicy"], **body}
        admin = self.admin()
        body = {key: value for key, value in kept.items() if value is not None}
        admin.call("POST", "update-service-account", {"accessKey": self.account}, body=admin.encrypted(body))

    def update_group(self, *members: str, remove: bool) -> None:
        body = {"group": self.group, "members": members, "isRemove": remove}
        self.call("PUT", "update-group-members", body=body)

    def exported(self, file: str) -> dict[str, t.Any]:
        with zipfile.ZipFile(io.BytesIO(self.admin().call("GET", "export-iam"))) as archive:
            return json.loads(archive.read(f"iam-assets/{file}.json"))

    def entry(self) -> dict[str, t.Any]:
        return self.exported("svcaccts")[self.account]

    def s3(self, access_key: str, secret_key: str) -> t.Any:
        return s3_client(self.minio.endpoint, access_key, secret_key, retries={"total_max_attempts": 1})

    def answer(self, access_key: str, secret_key: str) -> str:
        """What the server says to a key that lists a bucket: NoSuchBucket or AccessDenied, as it may or may not."""
        try:
            self.s3(access_key, secret_key).list_objects_v2(Bucket="test-bucket")
        except ClientError as error:
            return refusal(error)
        return "a list"
