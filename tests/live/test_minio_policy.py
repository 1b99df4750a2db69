"""Policy documents and the real server: what it gives back is no drift, and what it takes too easily is refused."""

from __future__ import annotations

import dataclasses
import json
import typing as t
import uuid

import pytest
from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError, ServiceError
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import Connection
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identities import Identities
from ansible_collections.repro.stack.plugins.module_utils._minio.policies import policy, policy_words
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from own_minio import Minio, own_minio
from policy_shapes import documents, reshaped
from s3 import s3_client

RunModule = t.Callable[..., dict[str, t.Any]]
Document = dict[str, t.Any]

SECRET = "a-secret-of-a-test"
ARN = "arn:aws:s3:::"
GET = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{ARN}mine/*"}
LIST = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"{ARN}mine"}
ADMIN = {"Effect": "Allow", "Action": "admin:GetUser"}


def condition(operator: str, key: str, *values: t.Any) -> Document:
    return {"Condition": {operator: {key: list(values)}}}


SHAPES: dict[str, list[Document]] = {
    "single values": [GET],
    "lists": [{**GET, "Action": ["s3:PutObject", "s3:GetObject"], "Resource": [f"{ARN}mine/b/*", f"{ARN}mine/a/*"]}],
    "twice": [GET, LIST, {**GET, "Sid": "again"}, {**LIST, "Action": ["s3:ListBucket", "s3:ListBucket"]}],
    "wildcards": [{**GET, "Action": ["s3:Get*", "s3:PutObjec?"], "Resource": [f"{ARN}mine*", f"{ARN}a/?/*"]}],
    "any resource": [{**GET, "Resource": "*"}],
    "any resource of S3": [{**GET, "Resource": f"{ARN}*"}],
    "excluded resource": [{"Effect": "Deny", "Action": "s3:*", "NotResource": [f"{ARN}mine", f"{ARN}mine/*"]}],
    "variable": [{**GET, "Resource": f"{ARN}mine/${{aws:username}}/*"}],
    "signs": [{**GET, "Resource": f"{ARN}mine/<&> 'é\u2028\\\"/*"}],
    "administrator": [{**ADMIN, "Action": ["admin:*"]}, {**ADMIN, "Action": "kms:*"}, {**GET, "Action": "s3:*"}],
    "administration of a network": [{**ADMIN, **condition("IpAddress", "aws:SourceIp", "10.0.0.0/8")}],
    "keys of KMS": [{**ADMIN, "Action": "kms:CreateKey", "Resource": "arn:minio:kms:::mine-*"}],
    "web identity": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRoleWithWebIdentity",
            **condition("NumericLessThan", "sts:DurationSeconds", "3600"),
        }
    ],
    "prefixes": [{**LIST, **condition("StringLike", "s3:prefix", "b/*", "a/*", "")}],
    "numbers and booleans as texts": [{**LIST, **condition("StringEquals", "s3:prefix", 5, True, "05")}],
    "qualified": [{**GET, **condition("ForAnyValue:StringLike", "aws:groups", "a", "b*")}],
    "all values": [{**GET, **condition("ForAllValues:StringEquals", "aws:groups", "a")}],
    "number": [{**LIST, **condition("NumericLessThanEquals", "s3:max-keys", "+0100")}],
    "boolean": [{**GET, **condition("Bool", "aws:SecureTransport", False)}],
    "null": [{**LIST, **condition("Null", "s3:prefix", "True")}],
    "moment": [{**GET, **condition("DateLessThan", "aws:CurrentTime", "2030-01-31T12:00:00.25+02:00")}],
    "addresses": [{**GET, **condition("NotIpAddress", "aws:SourceIp", "1.2.3.4", "10.9.8.7/8", "2001:DB8::1/64")}],
    "binary": [{**GET, **condition("BinaryEquals", "aws:Referer", "YQ==", "/+8=")}],
    "tag": [{**GET, **condition("StringEquals", "s3:ExistingObjectTag/some stage", "public")}],
    "two conditions": [
        {
            **LIST,
            "Condition": {
                "StringLike": {"s3:prefix": "a/*", "aws:UserAgent": ["x*", "*y"]},
                "StringNotEquals": {"s3:prefix": ["a/secret/", "a/hidden/"]},
                "Bool": {"aws:SecureTransport": ["true"]},
            },
        }
    ],
    "only encrypted": [
        {
            **GET,
            "Effect": "Deny",
            "Action": "s3:PutObject",
            "Condition": {
                "Null": {"s3:x-amz-server-side-encryption": "true"},
                "StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"},
            },
        }
    ],
    "no condition": [{**GET, "Condition": {"StringLike": {}}}],
}


@dataclasses.dataclass
class Server:
    """A MinIO for these tests alone: some of what they store leaves no other identity readable."""

    endpoint: str
    user: str
    password: str
    run_module: RunModule

    def options(self) -> dict[str, str]:
        return {"endpoint": self.endpoint, "access_key": self.user, "secret_key": self.password}

    def admin(self) -> Admin:
        return Admin(Connection(self.endpoint, self.user, self.password, "us-east-1", True, 5.0), read_only=False)

    def s3(self, access_key: str, secret_key: str) -> t.Any:
        return s3_client(self.endpoint, access_key, secret_key, retries={"total_max_attempts": 1})

    def import_by_hand(self, file: str, name: str, entry: Document) -> None:
        stored = Identities(self.admin())
        stored.put(file, name, entry)
        stored.send()

    def check(self, document: Document) -> None:
        self.admin().call("PUT", "add-canned-policy", {"name": "checked"}, body=json.dumps(document).encode())

    def policy(self, name: str, document: t.Any, check_mode: bool = False) -> bool:
        options = {**self.options(), "name": name, "document": document}
        return t.cast(bool, self.run_module("minio_policy", check_mode=check_mode, **options)["changed"])

    def service_account(self, policy: t.Any, check_mode: bool = False) -> bool:
        options = {**self.options(), "name": "account", "parent": "parent", "secret": SECRET, "policy": policy}
        return t.cast(bool, self.run_module("minio_svcacct", check_mode=check_mode, **options)["changed"])


@pytest.fixture(scope="module")
def own_server(minio_image: str) -> t.Iterator[Minio]:
    with own_minio(minio_image) as made:
        yield made


@pytest.fixture
def server(own_server: Minio, run_module: RunModule) -> Server:
    made = Server(own_server.endpoint, own_server.access_key, own_server.secret_key, run_module)
    parent = {"name": "parent", "secret": SECRET, "policies": []}
    run_module("minio_user", **made.options(), **parent)
    return made


# There and back -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_what_was_written_is_read_as_declared(server: Server, shape: str) -> None:
    document = {"Statement": SHAPES[shape]}
    assert server.policy("mine", document)
    for other in (document, json.dumps(document), {"Id": "x", "Statement": SHAPES[shape][::-1]}):
        assert not server.policy("mine", other, check_mode=True)
        assert not server.policy("mine", other)
    server.run_module("minio_policy", **server.options(), name="mine", state="absent")


def test_what_was_written_into_an_account_is_read_as_declared(server: Server) -> None:
    for shape, statements in SHAPES.items():
        document = {"Statement": statements}
        assert server.service_account(document), shape
        assert not server.service_account(json.dumps(document)), shape


@pytest.mark.parametrize("shape", SHAPES)
def test_the_server_s_own_check_finds_nothing_wrong(server: Server, shape: str) -> None:
    """An import skips it for policies, and stops half-way at it for service accounts."""
    document = policy.parsed({"Statement": SHAPES[shape]}, shape)
    server.check(document)


def test_what_is_taken_the_server_takes_and_gives_back(server: Server) -> None:
    """Documents of any shape, by the server's own check and in its own words."""

    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
    @given(documents(), st.data())
    def there_and_back(document: Document, data: st.DataObject) -> None:
        sent = policy.parsed(reshaped(data.draw, document), "policy checked")
        server.check(sent)
        told = json.loads(server.admin().call("GET", "info-canned-policy", {"name": "checked"}))
        assert policy.canonical(told) == sent

    there_and_back()


def test_the_server_knows_every_word_of_ours(server: Server) -> None:
    actions = [
        {"Effect": "Allow", "Action": [f"{service}:{name}" for name in sorted(names)]}
        for service, names in policy_words.ACTIONS.items()
    ]
    actions[0]["Resource"] = "*"
    listing = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}
    values = {"s3:x-amz-copy-source": "bucket/key"}
    keys = [
        {**listing, "Action": f"s3:{action}", **condition("StringLike", key, values.get(key, "x"))}
        for key, names in policy_words.ACTIONS_OF_KEY.items()
        for action in names
    ]
    keys += [
        {**listing, **condition("StringLike", key, "x")} for key in policy_words.KEYS["s3"] - policy_words.OF_ACTIONS
    ]
    keys += [{**ADMIN, **condition("StringLike", key, "x")} for key in policy_words.KEYS["admin"]]
    right = dict.fromkeys(policy_words.STRING | policy_words.QUALIFIED, "x")
    right |= {operator: "eA==" for operator in right if operator.endswith("BinaryEquals")}
    right |= dict.fromkeys(policy_words.NUMERIC, "1") | dict.fromkeys(policy_words.DATE, "2030-01-31T12:00:00Z")
    operators = [{**listing, **condition(operator, "aws:CurrentTime", value)} for operator, value in right.items()]
    statements = [*actions, *keys, *operators]
    for first in range(0, len(statements), 50):
        server.check({"Version": policy.VERSION, "Statement": statements[first : first + 50]})
    with pytest.raises(ServiceError, match="unsupported action 's3:GetObjekt'"):
        server.check({"Version": policy.VERSION, "Statement": [{**GET, "Action": "s3:GetObjekt"}]})


def test_the_size_of_a_policy_is_what_the_server_counts(server: Server) -> None:
    def sized(size: int) -> Document:
        statements = [{**GET, "Resource": "*"}, *SHAPES["signs"], *SHAPES["prefixes"]]
        document = policy.canonical({"Statement": [*statements, {**GET, "Action": "s3:PutObject", "Resource": ARN}]})
        filling = "x" * (size - policy.size(document))
        return policy.canonical(
            {"Statement": [*statements, {**GET, "Action": "s3:PutObject", "Resource": ARN + filling}]}
        )

    entry = {
        "parent": "parent",
        "accessKey": "sized",
        "secretKey": SECRET,
        "claims": {"accessKey": "sized", "parent": "parent", "sa-policy": "embedded-policy"},
        "status": "on",
    }
    server.import_by_hand("svcaccts", "sized", {**entry, "sessionPolicy": sized(4096)})
    with pytest.raises(ServiceError, match="did not import sized"):
        server.import_by_hand("svcaccts", "sized", {**entry, "sessionPolicy": sized(4097)})


# Traps ----------------------------------------------------------------------------------------------------------------


def refused(document: Document, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        policy.parsed(document, "policy mine")


@pytest.fixture
def reads(server: Server) -> t.Callable[[Document], list[str]]:
    """What somebody with only this policy, imported as it is, can read or list of two buckets."""
    word = uuid.uuid4().hex[:8]
    owner, mine, other = server.s3(server.user, server.password), f"mine-{word}", f"other-{word}"
    for bucket in (mine, other):
        owner.create_bucket(Bucket=bucket)
        owner.put_object(Bucket=bucket, Key="x/1", Body=b"x")

    def read(statement: Document) -> list[str]:
        resource = statement["Resource"].replace("mine", mine)
        document = {"Version": policy.VERSION, "Statement": [{**statement, "Resource": resource}]}
        server.import_by_hand("policies", word, document)
        user = {"name": f"reader-{word}", "secret": SECRET, "policies": [word]}
        server.run_module("minio_user", **server.options(), **user)
        client = server.s3(f"reader-{word}", SECRET)
        attempts: dict[str, t.Callable[[], t.Any]] = {
            "mine": lambda: client.get_object(Bucket=mine, Key="x/1"),
            "other": lambda: client.get_object(Bucket=other, Key="x/1"),
            "list mine": lambda: client.list_objects_v2(Bucket=mine),
            "list mine x": lambda: client.list_objects_v2(Bucket=mine, Prefix="x/"),
            "administrator": lambda: Admin(
                Connection(server.endpoint, f"reader-{word}", SECRET, "us-east-1", True, 5.0), read_only=True
            ).call("GET", "export-iam"),
        }
        allowed = []
        for name, attempt in attempts.items():
            try:
                attempt()
            except (ClientError, ServiceError) as error:
                assert "AccessDenied" in str(error)
            else:
                allowed.append(name)
        return allowed

    return read


@pytest.mark.parametrize(
    ("action", "allowed", "said"),
    [
        ("*", ["mine", "other", "list mine", "list mine x", "administrator"], "MinIO ignores the Resource"),
        (["s3:GetObject", "admin:GetUser"], ["mine", "other"], "MinIO would ignore its Resource"),
        (["s3:GetObject", "sts:AssumeRoleWithWebIdentity"], ["mine", "other"], "MinIO would ignore its Resource"),
    ],
)
def test_a_resource_that_the_server_ignores_is_refused(
    reads: t.Callable[[Document], list[str]], action: t.Any, allowed: list[str], said: str
) -> None:
    statement = {**GET, "Action": action}
    assert reads(statement) == allowed
    refused({"Statement": [statement]}, said)


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ({**GET, "Resource": f"{ARN}mine"}, []),
        ({**LIST, "Resource": f"{ARN}mine/x/*"}, []),
        ({**LIST, "Resource": f"{ARN}mine/*"}, ["list mine", "list mine x"]),
        (LIST, ["list mine", "list mine x"]),
        (GET, ["mine"]),
        ({**GET, "Action": "s3:getobject"}, []),
        ({**GET, **condition("StringLike", "s3:prefix", "*")}, []),
        ({**LIST, **condition("StringLike", "s3:prefix", "x/*")}, ["list mine x"]),
        ({**GET, **condition("DateGreaterThan", "aws:EpochTime", "2020-01-01T00:00:00Z")}, []),
        ({**GET, **condition("DateGreaterThan", "aws:CurrentTime", "2020-01-01T00:00:00Z")}, ["mine"]),
    ],
)
def test_only_what_never_matches_is_refused(
    reads: t.Callable[[Document], list[str]], statement: Document, allowed: list[str]
) -> None:
    assert reads(statement) == allowed
    if allowed:
        policy.parsed({"Statement": [statement]}, "policy mine")
    else:
        refused({"Statement": [statement]}, "never match|there is no action|knows no|can only be about")


def test_a_policy_after_which_nobody_can_read_the_others_is_refused(server: Server) -> None:
    admin = server.admin()
    document = {"Version": policy.VERSION, "Statement": [{"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}]}
    with pytest.raises(Exception, match="policy poison: statement 1 of the policy has NotAction"):
        server.policy("poison", document)
    admin.call("PUT", "add-canned-policy", {"name": "poison"}, body=json.dumps(document).encode())
    try:
        with pytest.raises(ServiceError, match="empty actions not allowed"):
            admin.call("GET", "export-iam")
    finally:
        admin = server.admin()  # the server closed the other connection
        admin.call("DELETE", "remove-canned-policy", {"name": "poison"})
    assert "poison" not in Identities(admin).of("policies")


def test_a_principal_would_be_forgotten_and_is_refused(server: Server) -> None:
    document = {"Version": policy.VERSION, "Statement": [{**GET, "Principal": "*"}]}
    server.import_by_hand("policies", "principal", document)
    assert "Principal" not in Identities(server.admin()).of("policies")["principal"]["Statement"][0]
    refused(document, "only the policy of a bucket can have")
