"""What people change by hand in the object store: foretold exactly, repaired exactly, and then nothing is left to do.

Every change is a call of MinIO's own APIs as its root. The server is one of its own, so that everything on it is
declared here; beside the answers of the modules, the whole state of the server is compared with what it was.
"""

from __future__ import annotations

import base64
import copy
import datetime
import io
import json
import secrets
import typing as t
import zipfile

import pytest
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import Connection
from botocore.exceptions import ClientError
from own_minio import ROOT, Minio, own_minio
from s3 import s3_client

Diff = dict[str, t.Any]

WIDE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::*"]}]}
SECRETS = {name: secrets.token_hex(12) for name in ("administrator", "team", "alice", "bob", "training", "reader")}
SETTINGS = (
    "quota",
    "get_bucket_versioning",
    "get_bucket_lifecycle_configuration",
    "get_bucket_tagging",
    "get_bucket_encryption",
    "get_bucket_notification_configuration",
    "get_bucket_policy",
    "get_object_lock_configuration",
    "get_bucket_replication",
)
HOOK = "arn:minio:sqs::hook:webhook"

IDENTITIES: dict[str, t.Any] = {
    "policies": [
        {
            "name": "administrator",
            "document": {
                "Statement": [
                    {"Effect": "Allow", "Action": ["admin:*"]},
                    {"Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::*"]},
                ]
            },
        },
        {"name": "team", "access": [{"bucket": "data", "mode": "read-write"}]},
        {"name": "look", "access": [{"bucket": "data", "prefix": "public", "mode": "read"}]},
    ],
    "users": [
        {"name": "administrator", "secret": SECRETS["administrator"], "policies": ["administrator"]},
        {"name": "team", "secret": SECRETS["team"], "policies": ["team"], "groups": ["crew"]},
        {"name": "alice", "secret": SECRETS["alice"], "policies": ["look"], "groups": ["people"]},
        {"name": "bob", "secret": SECRETS["bob"], "policies": []},
    ],
    "groups": [
        {"name": "people", "members": ["alice", "bob"], "policies": ["look"]},
        {"name": "crew", "policies": ["look"]},  # whose members are told by the users alone
    ],
    "service_accounts": [
        {
            "name": "training",
            "parent": "team",
            "secret": SECRETS["training"],
            "access": [{"bucket": "data", "mode": "read-write"}],
            "description": "trains",
        },
        {
            "name": "reader",
            "parent": "team",
            "secret": SECRETS["reader"],
            "access": [{"bucket": "data", "mode": "read"}],
        },
    ],
}
BUCKETS: list[dict[str, t.Any]] = [
    {
        "name": "data",
        "versioning": True,
        "quota": "10GiB",
        "tags": {"team": "vision", "cost": "low"},
        "keep_old_versions_days": 30,
        "replication": False,
        "lifecycle": [{"id": "scratch", "prefix": "scratch/", "expire_days": 7}],
        "encryption": {"mode": "sse-s3"},
        "notification": [{"arn": HOOK, "events": ["s3:ObjectCreated:*"], "prefix": "in/"}],
    },
    {"name": "kept", "object_lock": True, "versioning": True, "retention": {"mode": "governance", "days": 1}},
    {"name": "plain"},
]


class Store:
    """The server, what is declared for it, and the hands of root."""

    def __init__(self, server: Minio, run_module: t.Any) -> None:
        endpoint, password = server.endpoint, server.secret_key
        self._endpoint = endpoint
        self._run_module = run_module
        self.password = password
        self.admin = Admin(Connection(endpoint, ROOT, password, "us-east-1", True, 20.0), read_only=False)
        self.s3 = s3_client(endpoint, ROOT, password)
        self._root = {"endpoint": endpoint, "access_key": ROOT, "secret_key": password, "wait": 20.0}

    def keep(self, *, check_mode: bool = False) -> Diff:
        """Both modules as a play runs them: what they say differed, label -> fields, or created, or removed."""
        buckets = self._run("minio_buckets", check_mode, buckets=BUCKETS, purge="all")
        identities = self._run("minio_iam", check_mode, **IDENTITIES, purge="all", manager="table")
        return {**{f"bucket {name}": fields for name, fields in buckets.items()}, **identities}

    def _run(self, module: str, check_mode: bool, **options: t.Any) -> Diff:
        answer = self._run_module(module, check_mode=check_mode, **self._root, **copy.deepcopy(options))
        before, after = answer["diff"]["before"], answer["diff"]["after"]
        assert answer["changed"] == bool(before or after)
        return {name: fields(before.get(name), after.get(name)) for name in {**before, **after}}

    def state(self) -> t.Any:
        """Everything the server can be asked about identities and buckets, secrets included."""
        with zipfile.ZipFile(io.BytesIO(self.admin.call("GET", "export-iam"))) as archive:
            exported = {name: plain(json.loads(archive.read(name))) for name in archive.namelist()}
        names = [each["Name"] for each in self.s3.list_buckets()["Buckets"]]
        return {"identities": exported} | {
            name: {operation: self._told(operation, name) for operation in SETTINGS} for name in names
        }

    def _told(self, operation: str, bucket: str) -> t.Any:
        if operation == "quota":
            return json.loads(self.admin.call("GET", "get-bucket-quota", {"bucket": bucket})).get("size")
        try:
            told = getattr(self.s3, operation)(Bucket=bucket)
        except ClientError as error:
            return error.response["Error"]["Code"]
        told.pop("ResponseMetadata")
        return plain(told)

    def call(self, method: str, operation: str, /, body: t.Any = None, encrypted: bool = False, **query: str) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        self.admin.call(method, operation, query, body=self.admin.encrypted(body) if encrypted else content)

    def entry(self, file: str, name: str) -> dict[str, t.Any]:
        with zipfile.ZipFile(io.BytesIO(self.admin.call("GET", "export-iam"))) as archive:
            return t.cast("dict[str, t.Any]", json.loads(archive.read(f"iam-assets/{file}.json"))[name])

    def write(self, file: str, name: str, entry: dict[str, t.Any]) -> None:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr(f"iam-assets/{file}.json", json.dumps({name: entry}))
        self.admin.call("PUT", "import-iam-v2", body=made.getvalue())

    def account(self, name: str, **body: t.Any) -> None:
        self.call("POST", "update-service-account", body, encrypted=True, accessKey=name)


def fields(before: t.Any, after: t.Any) -> t.Any:
    if before is None or after is None:
        return "created" if before is None else "removed"
    return {key for key in {**before, **after} if before.get(key) != after.get(key)}


def plain(value: t.Any) -> t.Any:
    """Without when it was written, without ids that the server chose, and without an order that means nothing."""
    if isinstance(value, dict):
        return {
            key: plain(each) for key, each in value.items() if key not in ("updatedAt", "UpdatedAt", "Id", "version")
        }
    if isinstance(value, str) and value.startswith(("{", "ey")):  # a policy inside a claim, with or without base64
        return plain(json.loads(value if value.startswith("{") else base64.b64decode(value)))
    if isinstance(value, list):
        return sorted(map(plain, value), key=lambda each: json.dumps(each, sort_keys=True))
    return value


def differences(before: t.Any, after: t.Any, where: str = "") -> t.Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {**before, **after}:
            yield from differences(before.get(key), after.get(key), f"{where}/{key}")
    elif before != after:
        yield f"{where}: {before!r} became {after!r}"


@pytest.fixture(scope="module")
def server(minio_image: str) -> t.Iterator[Minio]:
    settings = {
        "MINIO_KMS_SECRET_KEY": "table:MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=",
        "MINIO_NOTIFY_WEBHOOK_ENABLE_hook": "on",
        "MINIO_NOTIFY_WEBHOOK_ENDPOINT_hook": "http://127.0.0.1:9000/minio/health/live",
    }
    with own_minio(minio_image, **settings) as made:
        yield made


@pytest.fixture
def store(server: Minio, run_module: t.Any) -> Store:
    """As declared, whatever a test that failed left behind."""
    made = Store(server, run_module)
    made.keep()
    assert made.keep() == {}
    return made


class Mutation(t.NamedTuple):
    name: str
    by_hand: t.Callable[[Store], object]
    found: Diff | None = None  # nothing: it is no drift


def bucket(operation: str, name: str = "data", **arguments: t.Any) -> t.Callable[[Store], object]:
    return lambda store: getattr(store.s3, operation)(Bucket=name, **arguments)


def call(
    method: str, operation: str, /, body: t.Any = None, encrypted: bool = False, **query: str
) -> t.Callable[[Store], object]:
    return lambda store: store.call(method, operation, body, encrypted, **query)


def account(name: str, keep_policy: bool = True, **body: t.Any) -> t.Callable[[Store], object]:
    def change(store: Store) -> None:
        policy = {"newPolicy": store.entry("svcaccts", name)["sessionPolicy"]} if keep_policy else {}
        store.account(name, **{**policy, **body})

    return change


def parent_changed(store: Store) -> None:
    entry = store.entry("svcaccts", "reader")
    store.write("svcaccts", "reader", {**entry, "parent": "bob", "claims": {**entry["claims"], "parent": "bob"}})


def reshaped(store: Store) -> None:
    """The same policy: other order, a single value in place of a list, a name for a statement."""
    document = store.entry("policies", "look")
    for number, statement in enumerate(document["Statement"]):
        statement["Sid"] = f"by hand {number}"
        statement["Action"] = statement["Action"][::-1] if len(statement["Action"]) > 1 else statement["Action"][0]
    document["Statement"].reverse()
    store.call("PUT", "add-canned-policy", document, name="look")


def lifecycle_shortened(store: Store) -> None:
    rules = store.s3.get_bucket_lifecycle_configuration(Bucket="data")["Rules"]
    for rule in rules:
        rule.get("Expiration", {}).update({"Days": 1} if "Days" in rule.get("Expiration", {}) else {})
    store.s3.put_bucket_lifecycle_configuration(Bucket="data", LifecycleConfiguration={"Rules": rules})


def copied(store: Store) -> None:
    """To another bucket, which for the server is another store like any."""
    key = {"accessKey": ROOT, "secretKey": store.password}
    target = {
        **{"sourcebucket": "data", "targetbucket": "kept", "endpoint": "127.0.0.1:9000", "credentials": key},
        **{"secure": False, "path": "auto", "type": "replication", "api": "s3v4"},
    }
    told = store.admin.call("PUT", "set-remote-target", {"bucket": "data"}, body=store.admin.encrypted(target))
    rule = {
        **{"ID": "all", "Status": "Enabled", "Priority": 1, "Filter": {"Prefix": ""}},
        **{"DeleteMarkerReplication": {"Status": "Disabled"}, "Destination": {"Bucket": json.loads(told)}},
    }
    store.s3.put_bucket_replication(Bucket="data", ReplicationConfiguration={"Role": "", "Rules": [rule]})


def opened(action: str) -> dict[str, str]:
    statement = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "arn:aws:s3:::plain/*"}
    return {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}


SOON = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
FOREIGN = {"policy": WIDE, "targetUser": "team", "accessKey": "foreign", "secretKey": "foreign-secret"}
NO_RULES: dict[str, t.Any] = {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}
LONGER = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 9}}}

TABLE = [
    Mutation("policy widened", call("PUT", "add-canned-policy", WIDE, name="look"), {"policy look": {"document"}}),
    Mutation("policy reshaped, same meaning", reshaped),
    Mutation("policy added", call("PUT", "add-canned-policy", WIDE, name="foreign"), {"policy foreign": "removed"}),
    Mutation(
        "policy detached from a user",
        call("PUT", "set-user-or-group-policy", policyName="", userOrGroup="alice", isGroup="false"),
        {"user alice": {"policies"}},
    ),
    Mutation(
        "policy attached to a user",
        call("PUT", "set-user-or-group-policy", policyName="readwrite", userOrGroup="bob", isGroup="false"),
        {"user bob": {"policies"}},
    ),
    Mutation(
        "user disabled", call("PUT", "set-user-status", accessKey="bob", status="disabled"), {"user bob": {"enabled"}}
    ),
    Mutation(
        "user's secret changed",
        call("PUT", "add-user", {"secretKey": "by-hand-secret", "status": "enabled"}, encrypted=True, accessKey="bob"),
        {"user bob": {"secret"}},
    ),
    Mutation(
        "user added",
        call("PUT", "add-user", {"secretKey": "by-hand-secret", "status": "enabled"}, encrypted=True, accessKey="eve"),
        {"user eve": "removed"},
    ),
    Mutation(
        "user of a group removed",
        call("DELETE", "remove-user", accessKey="bob"),
        {"user bob": "created", "group people": {"members"}},
    ),
    Mutation(
        "rights widened through another group",
        call("PUT", "update-group-members", {"group": "crew", "members": ["alice"], "isRemove": False}),
        {"user alice": {"groups"}},
    ),
    Mutation(
        "user taken out of a group that only the user names",
        call("PUT", "update-group-members", {"group": "crew", "members": ["team"], "isRemove": True}),
        {"user team": {"groups"}},
    ),
    Mutation(
        "parent removed, and its accounts with it",
        call("DELETE", "remove-user", accessKey="team"),
        {"user team": "created", "service account training": "created", "service account reader": "created"},
    ),
    Mutation(
        "group member added",
        call("PUT", "update-group-members", {"group": "people", "members": ["team"], "isRemove": False}),
        {"group people": {"members"}},
    ),
    Mutation(
        "group member removed",
        call("PUT", "update-group-members", {"group": "people", "members": ["bob"], "isRemove": True}),
        {"group people": {"members"}},
    ),
    Mutation(
        "group disabled",
        call("PUT", "set-group-status", group="people", status="disabled"),
        {"group people": {"enabled"}},
    ),
    Mutation(
        "group's policy widened",
        call("PUT", "set-user-or-group-policy", policyName="look,readwrite", userOrGroup="people", isGroup="true"),
        {"group people": {"policies"}},
    ),
    Mutation(
        "group added",
        call("PUT", "update-group-members", {"group": "others", "members": ["bob"], "isRemove": False}),
        {"group others": "removed"},
    ),
    Mutation("account disabled", account("reader", newStatus="off"), {"service account reader": {"enabled"}}),
    Mutation(
        "account's policy dropped", account("reader", False, newDescription=""), {"service account reader": {"policy"}}
    ),
    Mutation("account's policy widened", account("reader", newPolicy=WIDE), {"service account reader": {"policy"}}),
    Mutation(
        "account's secret changed",
        account("reader", newSecretKey="by-hand-secret"),
        {"service account reader": {"secret"}},
    ),
    Mutation("account's parent changed", parent_changed, {"service account reader": {"parent"}}),
    Mutation("account's expiry set", account("reader", newExpiration=SOON), {"service account reader": {"expires"}}),
    Mutation(
        "account's description changed",
        account("training", newDescription="by hand"),
        {"service account training": {"description"}},
    ),
    Mutation(
        "account removed",
        call("DELETE", "delete-service-account", accessKey="reader"),
        {"service account reader": "created"},
    ),
    Mutation(
        "foreign account added",
        call("PUT", "add-service-account", FOREIGN, encrypted=True),
        {"service account foreign": "removed"},
    ),
    Mutation(
        "administrator's account of root added",
        call("PUT", "add-service-account", {**FOREIGN, "targetUser": ROOT}, encrypted=True),
        {"service account foreign": "removed"},
    ),
    Mutation(
        "versioning suspended",
        bucket("put_bucket_versioning", VersioningConfiguration={"Status": "Suspended"}),
        {"bucket data": {"versioning"}},
    ),
    Mutation(
        "quota raised",
        call("PUT", "set-bucket-quota", {"quota": 2**40, "size": 2**40, "quotatype": "hard"}, bucket="data"),
        {"bucket data": {"quota"}},
    ),
    Mutation("quota removed", call("PUT", "set-bucket-quota", {}, bucket="data"), {"bucket data": {"quota"}}),
    Mutation("lifecycle removed", bucket("delete_bucket_lifecycle"), {"bucket data": {"lifecycle"}}),
    Mutation("lifecycle shortened", lifecycle_shortened, {"bucket data": {"lifecycle"}}),
    Mutation(
        "tag changed",
        bucket(
            "put_bucket_tagging",
            Tagging={"TagSet": [{"Key": "team", "Value": "audio"}, {"Key": "cost", "Value": "low"}]},
        ),
        {"bucket data": {"tags"}},
    ),
    Mutation("tags removed", bucket("delete_bucket_tagging"), {"bucket data": {"tags"}}),
    Mutation("encryption removed", bucket("delete_bucket_encryption"), {"bucket data": {"encryption"}}),
    Mutation(
        "notification removed",
        bucket("put_bucket_notification_configuration", NotificationConfiguration={}),
        {"bucket data": {"notification"}},
    ),
    Mutation(
        "opened to everybody",
        bucket("put_bucket_policy", "plain", **opened("s3:GetObject")),
        {"bucket plain": {"anonymous"}},
    ),
    Mutation("copied to another store", copied, {"bucket data": {"replication"}}),
    Mutation("bucket removed", bucket("delete_bucket", "plain"), {"bucket plain": "created"}),
    Mutation("bucket added", bucket("create_bucket", "foreign"), {"bucket foreign": "removed"}),
    Mutation(
        "retention removed", bucket("put_object_lock_configuration", "kept", **NO_RULES), {"bucket kept": {"retention"}}
    ),
    Mutation(
        "retention lengthened",
        bucket("put_object_lock_configuration", "kept", ObjectLockConfiguration=LONGER),
        {"bucket kept": {"retention"}},
    ),
]


@pytest.mark.parametrize("mutation", TABLE, ids=lambda mutation: mutation.name.replace(" ", "-").replace("'", ""))
def test_drift_is_foretold_and_repaired(mutation: Mutation, store: Store) -> None:
    before = store.state()
    mutation.by_hand(store)
    changed = store.state()
    assert changed != before
    found = mutation.found or {}
    assert store.keep(check_mode=True) == found
    assert store.state() == changed
    assert store.keep() == found
    assert store.keep() == {}
    if found:
        assert list(differences(before, store.state())) == []


def test_a_lock_that_cannot_be_repaired_is_named(store: Store) -> None:
    """Object lock is fixed when a bucket is made: nothing is removed to get it back."""
    store.s3.delete_bucket(Bucket="kept")
    store.s3.create_bucket(Bucket="kept")
    try:
        for check_mode in (True, False):
            with pytest.raises(Exception, match="bucket kept: object_lock is False and cannot become True"):
                store.keep(check_mode=check_mode)
    finally:
        store.s3.delete_bucket(Bucket="kept")
    assert store.keep() == {"bucket kept": "created"}


def test_the_wrong_keys_do_nothing(store: Store) -> None:
    """What the table relies on: a key that was cut off is cut off at once."""
    store.call("PUT", "set-user-status", accessKey="team", status="disabled")
    limited = s3_client(store.s3.meta.endpoint_url, "team", SECRETS["team"])
    with pytest.raises(ClientError):
        limited.list_objects_v2(Bucket="data")
    store.keep()
    assert limited.list_objects_v2(Bucket="data")["KeyCount"] == 0
