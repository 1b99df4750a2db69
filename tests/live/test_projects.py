"""Projects on the real server: each key does exactly what is declared, and is gone when its owner is."""

from __future__ import annotations

import json
import typing as t
import uuid
from pathlib import Path

import boto3
import pytest
import yaml
from ansible_collections.repro.stack.plugins.module_utils._errors import ServiceError
from ansible_collections.repro.stack.plugins.module_utils._inventory.key_files import KeyFolder, secrets
from ansible_collections.repro.stack.plugins.module_utils._minio import usage
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import Connection
from botocore.config import Config
from botocore.exceptions import ClientError
from s3 import remove_versions

RunModule = t.Callable[..., dict[str, t.Any]]

PLAYBOOK = str(Path(__file__).with_name("projects.yml"))
UNIQUE = uuid.uuid4().hex[:6]
CHURN, FACES = f"churn-{UNIQUE}", f"faces-{UNIQUE}"
ALICE, BOB, CAROL = (f"{name}.{UNIQUE}" for name in ("alice", "bob", "carol"))
DECLARED: dict[str, t.Any] = {
    "projects": [
        {"name": CHURN, "members": {ALICE: "write", BOB: "read"}, "deletion": True},
        {"name": FACES, "teams": {"vision": "write"}, "members": {BOB: "read"}},
    ],
    "projects_teams": [{"name": "vision", "members": [CAROL]}],
}


class Keys:
    """The projects of this test on the test stack, each run being one of ansible-playbook."""

    def __init__(self, stack: t.Any, minio: t.Any, scratch: Path) -> None:
        self._stack = stack
        self._minio = minio
        self._scratch = scratch
        self.folder = scratch / "keys"

    def run(self, *arguments: str, check: bool = True, playbook: str = PLAYBOOK, **changed: t.Any) -> t.Any:
        given = {**DECLARED, "projects_keys_directory": str(self.folder), "manager": UNIQUE, **changed}
        variables = self._scratch / "variables.json"
        variables.write_text(json.dumps(given))
        ran = self._stack.playbook(playbook, "-e", f"@{variables}", *arguments, check=check)
        held = secrets(self.folder, [path.name for path in self.folder.glob("[!.]*")])
        assert not [name for name, secret in held.items() if secret in ran.stdout + ran.stderr]
        return ran

    def secret(self, name: str) -> str:
        return secrets(self.folder, [name])[name]

    def client(self, name: str, secret: str | None = None, token: str | None = None, service: str = "s3") -> t.Any:
        return boto3.client(
            service,
            endpoint_url=self._minio.endpoint,
            region_name="us-east-1",
            aws_access_key_id=name,
            aws_secret_access_key=secret or self.secret(name),
            aws_session_token=token,
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 2}),
        )

    def admin(self, name: str, secret: str | None = None) -> Admin:
        connection = Connection(self._minio.endpoint, name, secret or self.secret(name), "us-east-1", True, 10.0)
        return Admin(connection, read_only=False)

    @property
    def administrator(self) -> t.Any:
        return self.client(self._minio.access_key, self._minio.secret_key)

    def works(self, name: str, secret: str | None = None) -> str:
        """What the server says to the key: ok, or its word for why not."""
        return refused(lambda: self.client(name, secret).list_objects_v2(Bucket="dvc", Prefix=f"{CHURN}/dev/")) or "ok"


def refused(request: t.Callable[[], t.Any]) -> str | None:
    """The server's word for why it does not do what is asked; None where it does."""
    try:
        request()
    except ClientError as error:
        return t.cast(str, error.response["Error"]["Code"])
    except ServiceError as error:
        return error.code
    return None


@pytest.fixture(scope="module")
def keys(stack: t.Any, minio: t.Any, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Keys]:
    made = Keys(stack, minio, tmp_path_factory.mktemp("projects"))
    made.run()
    yield made
    made.run(projects=[])
    for bucket in ("datasets", "dvc"):
        for prefix in (f"{CHURN}/", f"{FACES}/", f"_base-models/{UNIQUE}/"):
            remove_versions(made.administrator, bucket, prefix)


# What each key may do where, tried with a real client: l(ist), g(et), p(ut), d(elete), (delete a) v(ersion).
ALLOWED = {
    ALICE: {f"datasets/{CHURN}/": "lgp", f"dvc/{CHURN}/dev/": "lgp", f"dvc/{CHURN}/prod/": "lg"},
    BOB: {
        **{f"datasets/{CHURN}/": "lg", f"dvc/{CHURN}/dev/": "lg", f"dvc/{CHURN}/prod/": "lg"},
        **{f"datasets/{FACES}/": "lg", f"dvc/{FACES}/dev/": "lg", f"dvc/{FACES}/prod/": "lg"},
    },
    CAROL: {f"datasets/{FACES}/": "lgp", f"dvc/{FACES}/dev/": "lgp", f"dvc/{FACES}/prod/": "lg"},
    f"{CHURN}-ci": {f"datasets/{CHURN}/": "lg", f"dvc/{CHURN}/dev/": "lg", f"dvc/{CHURN}/prod/": "lg"},
    f"{CHURN}-training": {f"datasets/{CHURN}/": "lg", f"dvc/{CHURN}/dev/": "lgp"},
    f"{CHURN}-promotion": {f"dvc/{CHURN}/dev/": "lg", f"dvc/{CHURN}/prod/": "lgp"},
    f"{CHURN}-deletion": {f"datasets/{CHURN}/": "lgdv", f"dvc/{CHURN}/dev/": "lgdv", f"dvc/{CHURN}/prod/": "lgdv"},
}
PLACES = [*ALLOWED[BOB], f"datasets/_base-models/{UNIQUE}/", "mlflow-artifacts/", f"datasets/{CHURN}"]


@pytest.mark.parametrize("name", ALLOWED)
def test_a_key_does_exactly_what_is_declared(keys: Keys, name: str) -> None:
    client, found = keys.client(name), {}
    for place in PLACES:
        bucket, _slash, prefix = place.partition("/")
        key = f"{prefix}{uuid.uuid4().hex}"
        there = {"Bucket": bucket, "Key": key}
        version = keys.administrator.put_object(**there, Body=b"x")["VersionId"]
        tried = {
            "l": lambda bucket=bucket, prefix=prefix: client.list_objects_v2(Bucket=bucket, Prefix=prefix),
            "g": lambda there=there: client.get_object(**there),
            "p": lambda there=there: client.put_object(**there, Body=b"y"),
            "d": lambda there=there: client.delete_object(**there),
            "v": lambda there=there, version=version: client.delete_object(**there, VersionId=version),
        }
        codes = {letter: refused(request) for letter, request in tried.items()}
        assert set(codes.values()) <= {None, "AccessDenied"}
        found[place] = "".join(letter for letter, code in codes.items() if code is None)
        remove_versions(keys.administrator, bucket, key)
    shared = {} if name.endswith(("-promotion", "-deletion")) else {f"datasets/_base-models/{UNIQUE}/": "lg"}
    assert {place: letters for place, letters in found.items() if letters} == {**ALLOWED[name], **shared}


def test_a_key_makes_no_other_key(keys: Keys) -> None:
    """Without a denial MinIO lets every user make service accounts and change its own secret."""
    own = keys.admin(ALICE)
    made = own.encrypted({"accessKey": f"more-{UNIQUE}", "secretKey": "a-secret-of-a-test"})
    assert refused(lambda: own.call("PUT", "add-service-account", body=made)) == "AccessDenied"
    changed = own.encrypted({"secretKey": "a-secret-of-a-test", "status": "enabled"})
    assert refused(lambda: own.call("PUT", "add-user", {"accessKey": ALICE}, body=changed)) == "AccessDenied"


def temporary(keys: Keys, name: str) -> t.Any:
    asked = {"RoleArn": "arn:aws:iam::000000000000:role/any", "RoleSessionName": "test", "DurationSeconds": 86400}
    given = keys.client(name, service="sts").assume_role(**asked)["Credentials"]
    return keys.client(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def as_user(request: t.Any, **_event: t.Any) -> None:
    """Claim in a header what the condition of the policy asks for."""
    request.headers["principaltype"] = "User"


@pytest.mark.parametrize("name", [ALICE, f"{CHURN}-training"])
def test_temporary_credentials_which_would_survive_a_new_secret_open_nothing(keys: Keys, name: str) -> None:
    client, listed = temporary(keys, name), {"Bucket": "dvc", "Prefix": f"{CHURN}/dev/"}
    assert refused(lambda: client.list_objects_v2(**listed)) == "AccessDenied"
    client.meta.events.register("before-sign.s3", as_user)
    assert refused(lambda: client.list_objects_v2(**listed)) == "AccessDenied"


def test_a_second_run_changes_nothing_and_the_files_stay(keys: Keys) -> None:
    before = {path.name: path.read_bytes() for path in keys.folder.iterdir()}
    assert set(before) == {".gitignore", *ALLOWED, f"{FACES}-ci", f"{FACES}-training", f"{FACES}-promotion"}
    assert keys.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in keys.folder.iterdir()} == {0o600}
    assert "changed=0 " in keys.run().stdout
    assert {path.name: path.read_bytes() for path in keys.folder.iterdir()} == before


def test_a_dry_run_says_what_would_come_and_go_and_does_nothing(keys: Keys) -> None:
    before = {path.name: path.read_bytes() for path in keys.folder.iterdir()}
    dave = f"dave.{UNIQUE}"
    projects = [{**DECLARED["projects"][0], "members": {ALICE: "read", dave: "write"}}, DECLARED["projects"][1]]
    said = keys.run("--check", "--diff", projects=projects).stdout
    assert f"user {dave}" in said and f"user {ALICE}" in said and "changed=2 " in said
    assert {path.name: path.read_bytes() for path in keys.folder.iterdir()} == before
    assert keys.works(dave, "any-secret-at-all") == "InvalidAccessKeyId"


def test_a_member_who_is_removed_has_no_key_after_that_run(keys: Keys) -> None:
    bob, alice = keys.secret(BOB), keys.secret(ALICE)
    churn = {**DECLARED["projects"][0], "members": {ALICE: "write"}, "deletion": False}
    deletion = keys.secret(f"{CHURN}-deletion")
    keys.run(projects=[churn])
    assert keys.works(BOB, bob) == "InvalidAccessKeyId"
    assert keys.works(f"{CHURN}-deletion", deletion) == "InvalidAccessKeyId"
    assert keys.works(ALICE) == "ok" and keys.secret(ALICE) == alice
    assert {path.name for path in keys.folder.iterdir()} == {
        ".gitignore",
        ALICE,
        *(f"{CHURN}-{m}" for m in ("ci", "training", "promotion")),
    }
    policies = json.loads(keys.admin("administrator", keys._minio.secret_key).call("GET", "list-canned-policies"))
    assert not [name for name in policies if FACES in name or name == f"project.{CHURN}.deletion"]
    keys.run()
    assert keys.works(BOB) == "ok" and keys.secret(BOB) != bob, "who comes back gets a new secret"


def test_a_key_that_was_handed_over_stays_and_is_issued_again_on_request(keys: Keys) -> None:
    handed_over, bob = keys.secret(ALICE), keys.secret(BOB)
    (keys.folder / ALICE).unlink()
    assert "changed=0 " in keys.run().stdout
    assert keys.works(ALICE, handed_over) == "ok" and not (keys.folder / ALICE).exists()
    said = keys.run("--check", "--diff", projects_reissue=[ALICE]).stdout
    assert ALICE in said and "different from the declared one" in said and BOB not in said
    assert not (keys.folder / ALICE).exists()
    keys.run(projects_reissue=[ALICE])
    assert keys.works(ALICE, handed_over) == "SignatureDoesNotMatch" and keys.works(ALICE) == "ok"
    assert keys.secret(BOB) == bob


@pytest.mark.parametrize("handed_over", [False, True], ids=["with its file", "handed over"])
def test_an_account_that_was_removed_by_hand_comes_back(
    keys: Keys, run_module: RunModule, minio: t.Any, handed_over: bool
) -> None:
    connection = {"endpoint": minio.endpoint, "access_key": minio.access_key, "secret_key": minio.secret_key}
    before = keys.secret(BOB)
    run_module("minio_user", **connection, name=BOB, state="absent")
    if handed_over:
        (keys.folder / BOB).unlink()
    keys.run()
    assert keys.works(BOB) == "ok" and (keys.secret(BOB) == before) is not handed_over


def test_a_secret_that_was_changed_by_hand_is_set_back(keys: Keys, run_module: RunModule, minio: t.Any) -> None:
    connection = {"endpoint": minio.endpoint, "access_key": minio.access_key, "secret_key": minio.secret_key}
    run_module("minio_user", **connection, name=BOB, secret="another-secret-of-a-test", policies=["readonly"])
    said = keys.run("--check", "--diff").stdout
    assert f"user {BOB}" in said and "different from the declared one" in said and "changed=1 " in said
    keys.run()
    assert keys.works(BOB, "another-secret-of-a-test") == "SignatureDoesNotMatch" and keys.works(BOB) == "ok"


def test_a_run_that_ended_between_file_and_account_is_completed_by_the_next(keys: Keys, minio: t.Any) -> None:
    dave = f"dave.{UNIQUE}"
    made = KeyFolder(keys.folder, "whose other files are not looked at", minio.endpoint, "us-east-1")
    made.keep({dave: []}, reissue=[], users=list, check_mode=False)
    secret = keys.secret(dave)
    projects = [{**DECLARED["projects"][0], "members": {**DECLARED["projects"][0]["members"], dave: "read"}}]
    keys.run(projects=[*projects, DECLARED["projects"][1]])
    assert keys.secret(dave) == secret and keys.works(dave) == "ok"
    keys.run()
    assert keys.works(dave, secret) == "InvalidAccessKeyId"


def test_a_secret_of_the_vault_takes_precedence_and_has_no_file(keys: Keys) -> None:
    given = f"of-the-vault-{uuid.uuid4().hex}"
    ran = keys.run(vault_projects_keys={ALICE: given})
    assert given not in ran.stdout and keys.works(ALICE, given) == "ok" and not (keys.folder / ALICE).exists()
    keys.run(projects_reissue=[ALICE])
    assert keys.works(ALICE, given) == "SignatureDoesNotMatch" and keys.works(ALICE) == "ok"


def test_people_may_use_the_console_where_it_is_on_and_machines_never(keys: Keys) -> None:
    keys.run(projects_console=True)
    listed = {"Bucket": "dvc", "Prefix": f"{CHURN}/dev/"}
    assert refused(lambda: temporary(keys, ALICE).list_objects_v2(**listed)) is None
    assert refused(lambda: temporary(keys, f"{CHURN}-training").list_objects_v2(**listed)) == "AccessDenied"
    keys.run()


# How much is stored


def test_folders_are_counted_with_their_old_versions_page_by_page(
    keys: Keys, run_module: RunModule, minio: t.Any
) -> None:
    client = keys.client(f"{CHURN}-training")
    prefix = f"{CHURN}/dev/counted/"
    names = ["a b", "a+b", "ä&<>", "100%", "c/d", "plain"]
    for name in names:
        for size in (3, 4):
            client.put_object(Bucket="dvc", Key=prefix + name, Body=b"x" * size)
    told = {"bucket": "dvc", "prefix": prefix, "size": 7 * len(names), "versions": 2 * len(names)}
    asked = Connection(minio.endpoint, minio.access_key, minio.secret_key, "us-east-1", True, 10.0)
    for page in (1, 2, 5, 1000):
        assert usage.folder(asked, "dvc", prefix, page=page) == told
    connection = {"endpoint": minio.endpoint, "access_key": minio.access_key, "secret_key": minio.secret_key}
    empty = {"bucket": "datasets", "prefix": f"{CHURN}/nothing/"}
    found = run_module(
        "minio_info", **connection, gather=["disk"], folders=[{"bucket": "dvc", "prefix": prefix}, empty]
    )
    assert found["folders"] == [told, {**empty, "size": 0, "versions": 0}]
    assert 0 < found["disk"]["free"] < found["disk"]["size"]
    with pytest.raises(run_module.failed, match=r"refused to list no-such-bucket: NoSuchBucket"):  # type: ignore[attr-defined]
        run_module("minio_info", **connection, gather=[], folders=[{"bucket": "no-such-bucket"}])


def test_a_limit_that_is_passed_is_a_line_of_the_play_s_end(keys: Keys) -> None:
    client = keys.client(ALICE)
    client.put_object(Bucket="datasets", Key=f"{CHURN}/large", Body=b"x" * 3000)
    churn = {**DECLARED["projects"][0], "usage_limit": "2KiB"}
    ran = keys.run(projects=[churn, DECLARED["projects"][1]], projects_usage_limit="1GiB", projects_free_disk="1PiB")
    said = [line for line in (ran.stdout + ran.stderr).splitlines() if line.startswith("[WARNING]: test: ")]
    assert len(said) == 2 and f"the project {CHURN} holds " in said[0] and "; its limit is 2 KiB" in said[0]
    assert "the object store has " in said[1] and "there should be 1024 TiB" in said[1]
    quiet = keys.run(projects_usage_limit="1GiB", projects_free_disk="1KiB")
    assert "[WARNING]: test: " not in quiet.stdout + quiet.stderr


# The whole way, as the site does it


def test_the_site_keeps_projects_and_the_stack_s_own_identities_in_one_task(keys: Keys, stack: t.Any) -> None:
    """Beside those of the inventory, which the other tests rely on."""
    inventory = yaml.safe_load((stack.inventory / "group_vars" / "all" / "main.yml").read_text())
    lab, erin = f"lab-{UNIQUE}", f"erin.{UNIQUE}"
    projects = [*inventory["projects"], {"name": lab, "members": {erin: "write"}}]
    folder = keys.folder.with_name("keys of the site")
    changed = {"projects": projects, "projects_teams": [], "projects_keys_directory": str(folder)}
    keys.run("--tags", "projects", playbook="site.yml", **changed)
    secret, listed = secrets(folder, [erin])[erin], {"Bucket": "dvc", "Prefix": f"{lab}/dev/"}
    assert refused(lambda: keys.client(erin, secret).list_objects_v2(**listed)) is None
    again = keys.run("--tags", "projects", playbook="site.yml", **changed).stdout
    assert "changed=0 " in again and again.count("Keep the identities") == 1
    ran = stack.playbook("site.yml", "--tags", "projects")
    assert keys.works(erin, secret) == "InvalidAccessKeyId"
    assert "Unable to parse" not in ran.stdout + ran.stderr, "Ansible reads the files of keys as an inventory"


def test_the_site_refuses_what_cannot_be_before_anything_is_changed(keys: Keys) -> None:
    buckets = [{"name": name} for name in ("datasets", "mlflow-artifacts")]
    expiring = {"name": "dvc", "lifecycle": [{"id": "old", "expire_days": 30}]}
    ran = keys.run(
        "--tags",
        "projects",
        playbook="site.yml",
        check=False,
        minio_buckets=[*buckets, expiring],
        projects_reissue=["bbo"],
    )
    assert ran.returncode == 2
    assert "minio_buckets: dvc: the lifecycle rule old removes data that commits refer to" in ran.stdout
    assert "projects_reissue: the key bbo is not known" in ran.stdout
