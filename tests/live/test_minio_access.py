"""minio_access against the real server: every kind of wrong permission is found, and nothing is left behind."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
import typing as t
import uuid

import docker
import minio as minio_sdk
import pytest
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import Connection
from ansible_collections.repro.stack.plugins.module_utils._minio.permissions import permission
from s3 import s3_client

RunModule = t.Callable[..., dict[str, t.Any]]
Surprise = tuple[str, str, str, str]

SECRET, OTHER_SECRET = "a-secret-of-a-test", "another-secret-of-it"
OBJECTS = ["delete", "get", "list", "put"]
CONFIGURE = ["s3:PutBucketPolicy", "s3:PutBucketVersioning", "s3:PutLifecycleConfiguration"]
ADMINISTER = [
    "admin:AttachUserOrGroupPolicy",
    "admin:ConfigUpdate",
    "admin:CreatePolicy",
    "admin:EnableUser",
    "admin:ExportIAM",
    "admin:ImportIAM",
]


@dataclasses.dataclass
class World:
    """Two projects in one bucket, another bucket, a member of the first project, and the project's service account."""

    run_module: RunModule
    minio: t.Any
    word: str

    def __post_init__(self) -> None:
        self.bucket, self.other = f"projects-{self.word}", f"other-{self.word}"
        self.member, self.account = f"member-{self.word}", f"account-{self.word}"
        self.access = [{"bucket": self.bucket, "prefix": "churn", "mode": "read-write"}]
        self.policy_names: list[str] = []
        self.connection = {
            "endpoint": self.minio.endpoint,
            "access_key": self.minio.access_key,
            "secret_key": self.minio.secret_key,
        }
        self.s3 = s3_client(**self.connection)

    def make(self) -> None:
        self.one("minio_buckets", buckets=[{"name": self.bucket, "versioning": True}, {"name": self.other}])
        self.policy_names = [self.member, f"{self.member}-self"]
        read = [{**self.access[0], "mode": "read"}]
        self.one(
            "minio_iam",
            policies=[
                {"name": self.member, "access": self.access},
                {"name": f"{self.member}-self", "document": allow("Deny", "admin:*")},
            ],
            users=[{"name": self.member, "secret": SECRET, "policies": self.policy_names}],
            service_accounts=[{"name": self.account, "parent": self.member, "secret": SECRET, "access": read}],
        )

    def remove(self) -> None:
        absent = {"state": "absent"}
        self.one(
            "minio_iam",
            policies=[{"name": name, **absent} for name in dict.fromkeys(self.policy_names)],
            users=[{"name": self.member, **absent}],
            service_accounts=[{"name": self.account, **absent}],
        )
        self.one(
            "minio_buckets", buckets=[{"name": name, "force": True, **absent} for name in (self.bucket, self.other)]
        )

    def one(self, module: str, **options: t.Any) -> None:
        self.run_module(module, **self.connection, **options)

    def bucket_is(self, name: str, **options: t.Any) -> None:
        self.one("minio_bucket", name=name, **options)

    def policy(self, name: str, **options: t.Any) -> None:
        self.policy_names.append(name)
        self.one("minio_policy", name=name, **options)

    def user(self, **options: t.Any) -> None:
        self.one("minio_user", name=self.member, **{"secret": SECRET, **options})

    def service_account(self, **options: t.Any) -> None:
        self.one("minio_svcacct", name=self.account, parent=self.member, **{"secret": SECRET, **options})

    def admin(self, access_key: str | None = None, secret_key: str | None = None) -> Admin:
        key = (access_key or self.minio.access_key, secret_key or self.minio.secret_key)
        return Admin(Connection(self.minio.endpoint, *key, "us-east-1", True, 5.0), read_only=False)

    def declared(self) -> dict[str, t.Any]:
        member = {"name": self.member, "secret": SECRET, "access": self.access, "service_accounts": False}
        read = [{**self.access[0], "mode": "read"}]
        account = {"name": self.account, "secret": SECRET, "access": read, "service_accounts": False}
        places = [{"bucket": self.bucket, "prefix": "vision"}, {"bucket": self.bucket}, {"bucket": self.other}]
        return {"keys": [member, account], "places": places}

    def tried(self, **options: t.Any) -> dict[str, t.Any]:
        return self.run_module("minio_access", **self.connection, **{**self.declared(), **options})

    def surprises(self, **options: t.Any) -> list[Surprise]:
        """Key, operation, place and what was found, of a run that fails for exactly these."""
        with pytest.raises(self.run_module.failed) as failure:
            self.tried(**options)
        returned = failure.value.returned
        assert SECRET not in json.dumps(returned) and self.minio.secret_key not in json.dumps(returned)
        assert returned["msg"].startswith(
            f"{len(returned['surprises'])} of {returned['tried']['requests']} permissions"
        )
        assert all((each["found"], each["expected"]) != ("allowed", "allowed") for each in returned["surprises"])
        names = {self.member: "member", self.account: "account", "": "nobody"}
        places = {self.bucket: "BUCKET", self.other: "OTHER"}
        found = []
        for each in returned["surprises"]:
            bucket, slash, prefix = each["place"].partition("/")
            place = f"{places.get(bucket, bucket)}{slash}{prefix}"
            found.append((names.get(each["key"], each["key"]), each["operation"], place, each["found"]))
        return sorted(found)


def allow(effect: str, *actions: str, resources: t.Sequence[str] = ()) -> dict[str, t.Any]:
    statement = {"Effect": effect, "Action": list(actions)}
    if resources:
        statement["Resource"] = [f"arn:aws:s3:::{resource}" for resource in resources]
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.fixture
def world(run_module: RunModule, minio: t.Any) -> t.Iterator[World]:
    made = World(run_module, minio, uuid.uuid4().hex[:8])
    try:
        made.make()
        yield made
    finally:
        made.remove()


def test_what_is_as_declared(world: World) -> None:
    for check_mode in (True, False):
        found = world.run_module("minio_access", check_mode=check_mode, **world.connection, **world.declared())
        assert not found["changed"] and found["surprises"] == []
        # three keys: sign in, four places, two buckets, the server; two service accounts; the same places without a key
        requests = 3 * (1 + 4 * 4 + 2 * 3 + 6) + 2 + 4 * 4 + 2 * 3
        # each signs in; the administrator may do everything, the member three things in its folder, the account two
        allowed = 3 + (4 * 4 + 2 * 3 + 6) + 3 + 2
        assert found["tried"] == {"keys": 3, "requests": requests, "allowed": allowed, "denied": requests - allowed}


# Wrong permissions ----------------------------------------------------------------------------------------------------


def _more(world: World, **options: t.Any) -> None:
    world.policy(f"{world.member}-more", **options)
    world.user(policies=[world.member, f"{world.member}-self", f"{world.member}-more"])


def delete_is_allowed(world: World) -> list[Surprise]:
    _more(world, access=[{**world.access[0], "delete": True}])
    return [("member", "delete", "BUCKET/churn/", "allowed")]


def other_prefix_is_reached(world: World) -> list[Surprise]:
    _more(world, access=[{"bucket": world.bucket, "prefix": "vision", "mode": "read"}])
    return [("member", operation, "BUCKET/vision/", "allowed") for operation in ("get", "list")]


def other_prefix_is_reached_by_a_wildcard(world: World) -> list[Surprise]:
    _more(world, document=allow("Allow", "s3:PutObject", resources=[f"{world.bucket}/v*"]))
    return [("member", "put", "BUCKET/vision/", "allowed")]


def other_bucket_is_reached(world: World) -> list[Surprise]:
    _more(world, access=[{"bucket": world.other, "mode": "write"}])
    return [("member", "put", "OTHER/", "allowed")]


def policy_is_widened(world: World) -> list[Surprise]:
    world.policy(world.member, document=allow("Allow", "s3:*", resources=["*"]))
    found = [("member", "delete", "BUCKET/churn/", "allowed")]
    for place in ("BUCKET/", "BUCKET/vision/", "OTHER/"):
        found += [("member", operation, place, "allowed") for operation in OBJECTS]
    return found + [("member", operation, place, "allowed") for operation in CONFIGURE for place in ("BUCKET", "OTHER")]


def policy_of_a_service_account_is_dropped(world: World) -> list[Surprise]:
    admin = world.admin()
    body = admin.encrypted({"newDescription": "the server drops the policy of an update that does not name it"})
    admin.call("POST", "update-service-account", {"accessKey": world.account}, body=body)
    return [("account", "put", "BUCKET/churn/", "allowed")]


def grant_is_missing(world: World) -> list[Surprise]:
    world.policy(world.member, access=[{**world.access[0], "mode": "list"}])
    found = [("account", "get", "BUCKET/churn/", "denied")]
    return found + [("member", operation, "BUCKET/churn/", "denied") for operation in ("get", "put")]


def grant_is_for_another_folder(world: World) -> list[Surprise]:
    world.policy(world.member, access=[{**world.access[0], "prefix": "churn/inside"}])
    found = [("account", operation, "BUCKET/churn/", "denied") for operation in ("get", "list")]
    return found + [("member", operation, "BUCKET/churn/", "denied") for operation in ("get", "list", "put")]


def bucket_can_be_opened(world: World) -> list[Surprise]:
    _more(world, document=allow("Allow", "s3:PutBucketPolicy", resources=[world.other]))
    return [("member", "s3:PutBucketPolicy", "OTHER", "allowed")]


def bucket_can_be_emptied_by_a_rule(world: World) -> list[Surprise]:
    _more(world, document=allow("Allow", "s3:PutLifecycleConfiguration", resources=[world.bucket]))
    return [("member", "s3:PutLifecycleConfiguration", "BUCKET", "allowed")]


def bucket_is_open_to_everybody(world: World) -> list[Surprise]:
    world.bucket_is(world.other, anonymous="download")
    return [("nobody", operation, "OTHER/", "allowed") for operation in ("get", "list")]


def everybody_may_write(world: World) -> list[Surprise]:
    actions = ["s3:PutObject", "s3:DeleteObject"]
    document = allow("Allow", *actions, resources=[f"{world.bucket}/vision/*"])
    document["Statement"][0]["Principal"] = "*"
    world.bucket_is(world.bucket, anonymous=document)
    return [("nobody", operation, "BUCKET/vision/", "allowed") for operation in ("delete", "put")]


def member_is_an_administrator(world: World) -> list[Surprise]:
    world.user(policies=["consoleAdmin"])
    found = [("member", "delete", "BUCKET/churn/", "allowed")]
    for place in ("BUCKET/", "BUCKET/vision/", "OTHER/"):
        found += [("member", operation, place, "allowed") for operation in OBJECTS]
    found += [("member", operation, place, "allowed") for operation in CONFIGURE for place in ("BUCKET", "OTHER")]
    more = [*ADMINISTER, "make a service account of its own"]
    return found + [("member", operation, "the server", "allowed") for operation in more]


def account_of_root_has_an_implied_policy(world: World) -> list[Surprise]:
    """The recipe `svcacct add local admin --access-key …` makes a full administrator."""
    world.one("minio_svcacct", name=world.account, state="absent")
    admin = world.admin(world.minio.root_user, world.minio.root_password)
    admin.call("PUT", "add-service-account", body=admin.encrypted({"accessKey": world.account, "secretKey": SECRET}))
    found = [("account", operation, "BUCKET/churn/", "allowed") for operation in ("delete", "put")]
    for place in ("BUCKET/", "BUCKET/vision/", "OTHER/"):
        found += [("account", operation, place, "allowed") for operation in OBJECTS]
    found += [("account", operation, place, "allowed") for operation in CONFIGURE for place in ("BUCKET", "OTHER")]
    more = [*ADMINISTER, "make a service account of its own"]
    return found + [("account", operation, "the server", "allowed") for operation in more]


def one_right_of_an_administrator(action: str) -> t.Callable[[World], list[Surprise]]:
    def give(world: World) -> list[Surprise]:
        world.policy(f"{world.member}-more", document=allow("Allow", action))
        world.user(policies=[world.member, f"{world.member}-more"])
        own = ("member", "make a service account of its own", "the server", "allowed")
        return [("member", action, "the server", "allowed"), own]

    give.__name__ = action
    return give


def service_accounts_can_be_made(world: World) -> list[Surprise]:
    world.user(policies=[world.member])
    return [("member", "make a service account of its own", "the server", "allowed")]


def user_is_disabled(world: World) -> list[Surprise]:
    world.user(enabled=False)
    found = [("account", operation, "BUCKET/churn/", "denied") for operation in ("get", "list")]
    return [*found, ("member", "sign in", "", "disabled")]


def account_is_disabled(world: World) -> list[Surprise]:
    world.service_account(enabled=False)
    return [("account", "sign in", "", "disabled")]


def secret_is_another(world: World) -> list[Surprise]:
    world.user(secret=OTHER_SECRET)
    return [("member", "sign in", "", "wrong secret")]


def account_is_gone(world: World) -> list[Surprise]:
    world.one("minio_svcacct", name=world.account, state="absent")
    return [("account", "sign in", "", "unknown")]


@pytest.mark.parametrize(
    "by_hand",
    [
        delete_is_allowed,
        other_prefix_is_reached,
        other_prefix_is_reached_by_a_wildcard,
        other_bucket_is_reached,
        policy_is_widened,
        policy_of_a_service_account_is_dropped,
        grant_is_missing,
        grant_is_for_another_folder,
        bucket_can_be_opened,
        bucket_can_be_emptied_by_a_rule,
        bucket_is_open_to_everybody,
        everybody_may_write,
        member_is_an_administrator,
        account_of_root_has_an_implied_policy,
        *map(one_right_of_an_administrator, ADMINISTER),
        service_accounts_can_be_made,
        user_is_disabled,
        account_is_disabled,
        secret_is_another,
        account_is_gone,
    ],
    ids=lambda by_hand: by_hand.__name__,
)
def test_a_wrong_permission_is_found(world: World, by_hand: t.Callable[[World], list[Surprise]]) -> None:
    expected = sorted(by_hand(world))
    assert world.surprises() == expected


def test_keys_that_must_not_work(world: World) -> None:
    """What is declared disabled, expired or absent is a surprise as long as it works, and none afterwards."""
    member, account = world.declared()["keys"]
    for declared in ({"enabled": False}, {"expires": "2020-01-01T00:00:00Z"}, {"state": "absent"}):
        keys = [member, {**account, **declared}]
        assert world.surprises(keys=keys) == [("account", "sign in", "", "allowed")]
    world.service_account(enabled=False)
    assert world.tried(keys=[member, {**account, "enabled": False}])["tried"]["disabled"] == 1
    world.one("minio_svcacct", name=world.account, state="absent")
    assert world.tried(keys=[member, {**account, "state": "absent"}])["tried"]["unknown"] == 1


def test_what_everybody_must_be_allowed(world: World) -> None:
    places = [{"bucket": world.other, "anonymous": "download"}]
    denied = [("nobody", operation, "OTHER/", "denied") for operation in ("get", "list")]
    assert world.surprises(places=places) == denied
    world.bucket_is(world.other, anonymous="download")
    assert world.tried(places=places)["surprises"] == []
    document = {"Statement": [{"Effect": "Allow"}]}
    assert world.tried(places=[{"bucket": world.other, "anonymous": document}])["surprises"] == []


def test_a_bucket_that_is_gone(world: World) -> None:
    world.bucket_is(world.other, state="absent", force=True)
    with pytest.raises(world.run_module.failed, match=f"the bucket {world.other} does not exist"):
        world.tried()


def test_the_caller_may_be_any_key(world: World) -> None:
    key = {"access_key": world.member, "secret_key": SECRET}
    assert world.run_module("minio_access", **{**world.connection, **key, **world.declared()})["tried"]["keys"] == 2
    with pytest.raises(world.run_module.failed, match=f"the key {world.member} may not list at {world.other}/;"):
        world.run_module("minio_access", **{**world.connection, **key}, places=[{"bucket": world.other}])


def test_a_sentence_names_the_first_few(world: World) -> None:
    world.policy(world.member, document=allow("Allow", "s3:*", resources=["*"]))
    with pytest.raises(world.run_module.failed) as failure:
        world.tried()
    assert len(failure.value.returned["surprises"]) == 19
    assert str(failure.value) == (
        f"19 of {failure.value.returned['tried']['requests']} permissions that were tried are not as declared: "
        f"the key {world.member} may list at {world.bucket}/vision/; the key {world.member} may get at "
        f"{world.bucket}/vision/; the key {world.member} may put at {world.bucket}/vision/; the key {world.member} may "
        f"delete at {world.bucket}/vision/; the key {world.member} may list at {world.bucket}/; and 14 more"
    )


def test_odd_folders(world: World) -> None:
    """A signature covers the path as it is sent."""
    folder = "a b/ü+&=%2F~'(!)"
    access = [{"bucket": world.bucket, "prefix": folder, "mode": "read-write", "delete": True}]
    world.policy(world.member, access=access)
    world.service_account(access=access)
    keys = [{**key, "access": access} for key in world.declared()["keys"]]
    found = world.tried(keys=keys, places=[{"bucket": world.bucket}])
    # administrator: two places, the bucket, the server; two keys: four in their folder; all sign in
    assert found["tried"]["allowed"] == 3 + (4 * 2 + 3 + 6) + 4 + 4


# Nothing is left behind -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["plain", "versioned", "suspended", "locked", "full"])
def test_nothing_is_left_behind(world: World, kind: str) -> None:
    _leave_nothing_behind(world, kind)


def test_the_second_obstacle_is_enough(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permission, "ONLY_TRY", {})
    _leave_nothing_behind(world, "versioned")


def _leave_nothing_behind(world: World, kind: str) -> None:
    """Everybody may do everything here, so that every request gets as far as it can."""
    bucket = f"left-{kind}-{world.word}"
    kept = "churn/kept"
    options: dict[str, t.Any] = {"versioning": kind not in ("plain", "full"), "object_lock": kind == "locked"}
    world.bucket_is(bucket, **options)
    upload = world.s3.create_multipart_upload(Bucket=bucket, Key="churn/upload")["UploadId"]
    try:
        for content in (b"one", b"two"):
            world.s3.put_object(Bucket=bucket, Key=kept, Body=content)
        if kind == "suspended":
            options["versioning"] = False
        document = allow("Allow", "s3:*", resources=[bucket, f"{bucket}/*"])
        document["Statement"][0]["Principal"] = "*"
        world.bucket_is(bucket, **options, anonymous=document, **({"quota": "1B"} if kind == "full" else {}))
        if kind == "locked":
            rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
            world.s3.put_object_lock_configuration(
                Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
            )
        world.user(policies=["consoleAdmin"])
        before = _state(world, bucket)
        key = {"name": world.member, "secret": SECRET, "administrator": True, "service_accounts": True}
        places = [{"bucket": bucket, "prefix": "churn"}, {"bucket": bucket}]
        with pytest.raises(world.run_module.failed) as failure:
            world.tried(keys=[key], places=places)
        surprises = failure.value.returned["surprises"]
        assert {each["key"] for each in surprises} == {""}, "somebody without a key may do as much"
        assert len(surprises) == 2 * 4 + 3
        assert _state(world, bucket) == before
    finally:
        world.s3.abort_multipart_upload(Bucket=bucket, Key="churn/upload", UploadId=upload)
        world.bucket_is(bucket, state="absent", force=True)


def _state(world: World, bucket: str) -> dict[str, t.Any]:
    """All that the requests of a probe are about, as the server tells it."""
    listed = world.s3.list_object_versions(Bucket=bucket)
    asked = {
        "uploads": world.s3.list_multipart_uploads(Bucket=bucket),
        "versioning": world.s3.get_bucket_versioning(Bucket=bucket),
    }
    for answer in asked.values():
        answer.pop("ResponseMetadata")
    info = world.run_module("minio_info", **world.connection)
    (found,) = [each for each in info["buckets"] if each["name"] == bucket]
    identities = {kind: info[kind] for kind in ("policies", "users", "service_accounts")}
    mine = {kind: [each for each in items if world.word in each["name"]] for kind, items in identities.items()}
    probed = [each["name"] for items in identities.values() for each in items if each["name"].startswith("probe-")]
    shown = {**found, "size": None, "objects": None}  # of the server's last scan, whenever that was
    versions = [{**each, "LastModified": None} for each in listed["Versions"]]
    return {**asked, "versions": versions, "markers": listed.get("DeleteMarkers"), **shown, **mine, "probed": probed}


def test_nobody_who_listens_hears_of_it(world: World) -> None:
    """MinIO tells listeners even of the deletion of an object that never was."""
    heard: list[str] = []
    # past the gateway, which holds a stream back until it is worth sending
    networks = docker.from_env().containers.get("test-minio").attrs["NetworkSettings"]["Networks"].values()
    client = minio_sdk.Minio(
        f"{next(iter(networks))['IPAddress']}:9000",
        access_key=world.minio.access_key,
        secret_key=world.minio.secret_key,
        secure=False,
        region="us-east-1",
    )

    def listen() -> None:
        events = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectAccessed:*")
        with client.listen_bucket_notification(world.other, events=events) as told:
            for event in told:
                heard.extend(record["s3"]["object"]["key"] for record in event["Records"])
                if "last" in heard:
                    return

    def until_heard(key: str) -> None:
        """The server sends an event when a few more are there."""
        for _attempt in range(100):
            if key in heard:
                return
            world.s3.delete_object(Bucket=world.other, Key=key)
            time.sleep(0.1)
        pytest.fail(f"nothing was heard of {key}")

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    until_heard("first")
    world.tried(places=[{"bucket": world.other}])
    until_heard("last")
    assert set(heard) == {"first", "last"}
