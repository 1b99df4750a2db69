"""Policies: what compares equal, and what is refused with a sentence."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._minio.policies import access
from ansible_collections.repro.stack.plugins.module_utils._minio.policies.policy import (
    canonical,
    grants_everything,
    parsed,
    size,
)

Document = dict[str, t.Any]

GOOD = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"}
LIST = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::a"}
KMS = {"Effect": "Allow", "Action": "kms:CreateKey", "Resource": "arn:minio:kms:::mine-*"}
NOON = datetime.datetime(2027, 1, 31, 12, tzinfo=datetime.UTC)


def condition(operator: str, key: str, *values: t.Any) -> Document:
    return {"Condition": {operator: {key: list(values)}}}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"Principal": "*"}, {"Principal": {"AWS": "*"}}),
        ({"Principal": {"AWS": ["a", "b", "a"]}}, {"Principal": {"AWS": ["b", "a"]}}),
        ({"Resource": "*"}, {"Resource": ["**"]}),
        ({"NotAction": "s3:*"}, {"NotAction": ["s3:*", "s3:*"]}),
        ({"NotResource": "x"}, {"NotResource": ["x"]}),
        ({"Sid": "one"}, {"Sid": "two"}),
        ({"Condition": {}}, {"Condition": {"StringLike": {}}}),
        ({"Condition": None}, {}),
        (condition("StringEquals", "s3:prefix", 5, True), condition("StringEquals", "s3:prefix", "true", "5")),
        (condition("Bool", "aws:SecureTransport", False), condition("Bool", "aws:SecureTransport", "false")),
        (condition("Null", "s3:prefix", "True"), condition("Null", "s3:prefix", "1", True)),
        (condition("NumericLessThan", "s3:max-keys", 5), condition("NumericLessThan", "s3:max-keys", "+05")),
        (condition("IpAddress", "aws:SourceIp", "1.2.3.4"), condition("IpAddress", "aws:SourceIp", "1.2.3.4/32")),
        (
            condition("NotIpAddress", "aws:SourceIp", "10.9.8.7/8"),
            condition("NotIpAddress", "aws:SourceIp", "10.0.0.0/8"),
        ),
        (
            condition("DateLessThan", "aws:CurrentTime", "2027-01-31T14:00:00+02:00"),
            condition("DateLessThan", "aws:CurrentTime", NOON),
        ),
    ],
)
def test_another_form_is_the_same_policy(one: Document, other: Document) -> None:
    assert canonical({"Statement": [{**GOOD, **one}]}) == canonical({"Statement": {**GOOD, **other}})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"Principal": "*"}, {}),
        ({"Principal": {"AWS": "*"}}, {"Principal": {"Service": "*"}}),
        ({"Action": "s3:getobject"}, {"Action": "s3:GetObject"}),
        ({"Resource": "arn:aws:s3:::a/x"}, {"Resource": "arn:aws:s3:::a/X"}),
        (condition("Bool", "aws:SecureTransport", "True"), condition("Bool", "aws:SecureTransport", True)),
        (condition("StringEquals", "s3:prefix", "05"), condition("StringEquals", "s3:prefix", "5")),
        (condition("StringLike", "s3:prefix", "x"), condition("ForAllValues:StringLike", "s3:prefix", "x")),
        (condition("StringLike", "s3:prefix", ""), {}),
    ],
)
def test_what_minio_tells_apart_is_not_the_same(one: Document, other: Document) -> None:
    assert canonical({"Statement": [{**GOOD, **one}]}) != canonical({"Statement": [{**GOOD, **other}]})


def test_a_statement_that_is_there_twice_counts_once() -> None:
    once = canonical({"Version": "2012-10-17", "Statement": [GOOD, LIST]})
    assert canonical({"Statement": [{**LIST, "Sid": "x"}, GOOD, LIST], "ID": "y"}) == once
    assert len(once["Statement"]) == 2


def test_the_order_of_keys_has_no_meaning() -> None:
    """It must not decide in which order the statements are compared, either."""

    def statement(resource: str, *conditions: tuple[str, tuple[str, ...]]) -> Document:
        keys = {operator: dict.fromkeys(keys, resource) for operator, keys in conditions}
        return {"Effect": "Allow", "Action": "s3:*", "Condition": keys, "Resource": resource}

    forward = [("StringLike", ("aws:Referer", "s3:prefix")), ("StringNotLike", ("aws:Referer", "s3:prefix"))]
    keys_turned = [(operator, keys[::-1]) for operator, keys in forward]
    for turned in (keys_turned, forward[::-1], keys_turned[::-1]):
        for first, second in (("a", "b"), ("b", "a")):
            one = {"Statement": [statement(first, *forward), statement(second, *forward)]}
            other = {"Statement": [statement(first, *forward), statement(second, *turned)]}
            assert canonical(one) == canonical(other)
            assert canonical({"Statement": [*one["Statement"], *other["Statement"]]}) == canonical(one)


@pytest.mark.parametrize(
    "statement",
    [
        {**GOOD, "Action": ["s3:Get*", "s3:PutObjec?"]},
        {**GOOD, "Action": "s3:ListBucket"},
        {**GOOD, "Action": "s3:*", "Resource": "arn:aws:s3:::a"},
        {**GOOD, "Resource": "*"},
        {**GOOD, "Resource": "arn:aws:s3:::a*"},
        {**GOOD, "Resource": "arn:aws:s3:::${aws:username}/*"},
        {"Effect": "Deny", "Action": "s3:*", "NotResource": ["arn:aws:s3:::a", "arn:aws:s3:::a/*"]},
        {"Effect": "Allow", "Action": ["admin:ServerInfo", "admin:*"]},
        {"Effect": "Allow", "Action": "admin:*", "Resource": ["arn:aws:s3:::*"]},
        {"Effect": "Allow", "Action": "admin:CreateUser", **condition("IpAddress", "aws:SourceIp", "10.0.0.0/8")},
        {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity"},
        KMS,
        {"Effect": "Allow", "Action": "kms:*"},
        {**GOOD, **condition("StringEquals", "s3:ExistingObjectTag/stage", "public")},
        {**LIST, "Action": "s3:List*", **condition("StringLike", "s3:prefix", "x/*")},
        {**GOOD, "Action": "s3:*", **condition("StringLike", "s3:prefix", "x/*")},
        {**GOOD, **condition("DateLessThan", "aws:CurrentTime", NOON)},
        {**GOOD, **condition("BinaryEquals", "aws:Referer", "YQ==")},
        {**GOOD, "Action": "s3:PutObject", **condition("StringLike", "s3:x-amz-server-side-encryption", "AES*")},
        {**GOOD, "Action": "s3:PutObject", **condition("Null", "s3:x-amz-server-side-encryption", True)},
        {**GOOD, "Action": "s3:PutObject", **condition("StringNotEquals", "s3:x-amz-server-side-encryption", "AES256")},
    ],
)
def test_what_works_is_taken(statement: Document) -> None:
    document = {"Version": datetime.date(2012, 10, 17), "Statement": statement}
    assert parsed(document, "policy x")["Version"] == "2012-10-17"


def mistakes(*cases: tuple[Document, str]) -> list[tuple[Document, str]]:
    return [({"Statement": [statement]}, said) for statement, said in cases]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{", "is not JSON"),
        ({}, "at least one Statement"),
        ([], "at least one Statement"),
        ({"Statement": []}, "at least one Statement"),
        ({"Version": "2008-10-17", "Statement": [GOOD]}, "must be 2012-10-17, not 2008-10-17"),
        ({"Statement": [GOOD], "Statements": []}, "unknown part Statements; the nearest is Statement"),
        ({"Statement": ["x"]}, "statement 1 of the policy is not a mapping"),
        ({"Statement": [GOOD, {**GOOD, "Effect": "allow"}]}, "statement 2 .* needs the Effect Allow or Deny"),
        *mistakes(
            ({**GOOD, "Actions": "s3:*"}, "unknown part Actions; the nearest is Action"),
            ({**GOOD, "Action": []}, "needs an Action"),
            ({**GOOD, "Action": [{"x": "y"}]}, "Action is a text or a list of texts"),
            ({"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}, "NotAction.*nobody.*name the actions"),
            ({**GOOD, "Principal": "*"}, "only the policy of a bucket can have"),
            ({**GOOD, "Action": "s3:GetObjects"}, "there is no action s3:GetObjects; the nearest is s3:GetObject"),
            ({**GOOD, "Action": "s3:getobject"}, "nearest is s3:GetObject"),
            ({**GOOD, "Action": "s3:Foo*"}, "there is no action s3:Foo."),
            ({**GOOD, "Action": "s3:Get[O]bject"}, "there is no action"),
            ({**GOOD, "Action": "ec2:Start"}, "does not start with s3:"),
            ({**GOOD, "Action": "S3:GetObject"}, "does not start with s3:"),
            ({"Effect": "Allow", "Action": "admin:ServerInfos"}, "nearest is admin:ServerInfo"),
            ({"Effect": "Allow", "Action": "admin:Get*"}, "there is no action admin:Get.; the nearest is admin:Get"),
            ({"Effect": "Allow", "Action": "sts:*"}, "nearest is sts:AssumeRoleWithWebIdentity"),
            ({**KMS, "Action": "kms:CreateKeys"}, "nearest is kms:CreateKey"),
            ({**GOOD, "Action": "*"}, "MinIO ignores the Resource of the action .: write s3:"),
            ({**GOOD, "Action": ["s3:GetObject", "admin:Heal"]}, "has admin:Heal and s3:GetObject: MinIO would ignore"),
            ({**GOOD, "Resource": []}, "names no Resource"),
            ({**GOOD, "NotResource": "arn:aws:s3:::b/*"}, "both Resource and NotResource"),
            ({**GOOD, "Resource": "datasets/*"}, "the resource datasets/. does not start with arn:aws:s3:::"),
            ({**GOOD, "Resource": "*a/*"}, "does not start with arn:aws:s3:::"),
            ({**GOOD, "Resource": "arn:aws:s3:::"}, "matches nothing"),
            ({**GOOD, "Resource": "arn:aws:s3:::/a"}, "matches nothing"),
            ({**KMS, "Resource": "arn:minio:kms:::a/b"}, "matches nothing"),
            ({**KMS, "Resource": "arn:aws:s3:::a"}, "does not start with arn:minio:kms:::"),
            (
                {"Effect": "Allow", "Action": "admin:SetBucketQuota", "Resource": "arn:aws:s3:::a"},
                "MinIO ignores the Resource of admin:SetBucketQuota",
            ),
            (
                {**GOOD, "Resource": "arn:aws:s3:::a"},
                "s3:GetObject never matches arn:aws:s3:::a: name objects, such as arn:aws:s3:::bucket/.",
            ),
            ({**GOOD, "Resource": "arn:aws:s3:::a/"}, "s3:GetObject never matches"),
            (
                {**LIST, "Resource": "arn:aws:s3:::a/x/*"},
                "s3:ListBucket never matches arn:aws:s3:::a/x/.: name the bucket, such as arn:aws:s3:::bucket$",
            ),
            ({**GOOD, "Condition": "x"}, "Condition is a mapping"),
            ({**GOOD, "Condition": {"StringLike": "x"}}, "Condition is a mapping"),
            ({**LIST, **condition("StringLikes", "s3:prefix", "x")}, "operator StringLikes; the nearest is StringLike"),
            ({**LIST, **condition("StringLikeIfExists", "s3:prefix", "x")}, "no condition operator StringLikeIfExists"),
            ({**GOOD, **condition("ForAnyValue:IpAddress", "aws:SourceIp", "1.2.3.4")}, "no condition operator"),
            ({**LIST, **condition("StringLike", "s3:prefixes", "x")}, "key s3:prefixes for s3; the nearest is s3:pref"),
            ({**GOOD, **condition("IpAddress", "aws:sourceip", "1.2.3.4")}, "the nearest is aws:SourceIp"),
            ({**KMS, **condition("StringLike", "s3:prefix", "x")}, "no condition key s3:prefix for kms"),
            ({**GOOD, **condition("StringLike", "s3:prefix", "x")}, "s3:GetObject knows no condition key s3:prefix"),
            (
                {**LIST, **condition("StringLike", "s3:prefix/x", "x")},
                "key s3:prefix/x never .*, it must be s3:prefix$",
            ),
            ({**GOOD, **condition("StringLike", "s3:ExistingObjectTag", "x")}, "s3:ExistingObjectTag/ with the name"),
            ({**GOOD, **condition("IpAddress", "aws:Referer", "1.2.3.4")}, "can only be about aws:SourceIp"),
            ({**GOOD, **condition("DateLessThan", "aws:EpochTime", NOON)}, "can only be about aws:CurrentTime or"),
            ({**LIST, **condition("StringLike", "s3:prefix")}, "condition StringLike of s3:prefix needs a value"),
            ({**LIST, **condition("StringLike", "s3:prefix", None)}, "needs a value"),
            ({**LIST, **condition("StringLike", "s3:prefix", ["x"])}, "needs a value"),
            ({**LIST, **condition("NumericEquals", "s3:max-keys", 5, 6)}, "takes one value only"),
            ({**LIST, **condition("NumericEquals", "s3:max-keys", 5.5)}, "is 5.5, which must be a whole number"),
            ({**GOOD, **condition("Bool", "aws:SecureTransport", "True")}, "is True, which must be true or false"),
            ({**LIST, **condition("Null", "s3:prefix", "yes")}, "is yes, which must be true or false"),
            ({**GOOD, **condition("DateLessThan", "aws:CurrentTime", "2027-01-31")}, "must be a time such as 2027-01"),
            (
                {**GOOD, **condition("DateLessThan", "aws:CurrentTime", "2027-13-31T00:00:00Z")},
                "must be a time such as",
            ),
            ({**GOOD, **condition("IpAddress", "aws:SourceIp", "10.0.0")}, "must be an IPv4 address or a network"),
            ({**GOOD, **condition("IpAddress", "aws:SourceIp", "2001:db8::1")}, "must be an IPv4 address or a network"),
            ({**GOOD, **condition("IpAddress", "aws:SourceIp", "10.0.0.0/255.0.0.0")}, "must be an IPv4 address"),
            ({**GOOD, **condition("BinaryEquals", "aws:Referer", "?")}, "must be base64"),
            (
                {**GOOD, **condition("StringEquals", "s3:x-amz-server-side-encryption", "aes")},
                "is aes, which must be AES256 or aws:kms",
            ),
        ),
    ],
)
def test_a_mistake_gets_a_sentence(document: t.Any, said: str) -> None:
    with pytest.raises(InvalidInputError, match=f"^policy x.*{said}"):
        parsed(document, "policy x")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (GOOD, "needs a Principal"),
        ({**GOOD, "Principal": "alice"}, "needs a Principal"),
        ({**GOOD, "Principal": {"Service": "x"}}, "needs a Principal"),
        ({**GOOD, "Principal": {"AWS": []}}, "needs a Principal"),
        ({**GOOD, "Principal": {"AWS": [1]}}, "AWS is a text or a list of texts"),
        ({**GOOD, "Principal": "*", "Action": "s3:ListBucket"}, "s3:ListBucket never matches"),
    ],
)
def test_the_policy_of_a_bucket_names_a_principal(statement: Document, said: str) -> None:
    assert parsed({"Statement": {**GOOD, "Principal": "*"}}, "bucket a", bucket_policy=True)
    assert parsed({"Statement": {**GOOD, "Principal": {"AWS": "alice"}}}, "bucket a", bucket_policy=True)
    with pytest.raises(InvalidInputError, match=f"^bucket a.*{said}"):
        parsed({"Statement": [statement]}, "bucket a", bucket_policy=True)


def test_an_administrator_is_known_by_the_policy() -> None:
    everything = [{"Effect": "Allow", "Action": ["admin:*"]}, {**GOOD, "Action": "s3:*", "Resource": "arn:aws:s3:::*"}]
    assert grants_everything({"Statement": everything})
    assert not grants_everything({"Statement": None})
    assert not grants_everything({"Statement": everything[:1]})
    assert not grants_everything({"Statement": [*everything, {**GOOD, "Effect": "Deny"}]})
    for narrowed in (
        {"Resource": ["arn:aws:s3:::only-this/*"]},
        {"Resource": None, "NotResource": ["arn:aws:s3:::not-this/*"]},
        {"Resource": ["arn:aws:s3:::a*"], "Action": ["s3:*", "admin:*"]},
        {"Condition": {"StringEquals": {"s3:prefix": ["a"]}}},
    ):
        assert not grants_everything({"Statement": [everything[0], {**everything[1], **narrowed}]})
    for whole in ("*", "**", ["arn:aws:s3:::only-this/*", "arn:aws:s3:::*"]):
        assert grants_everything({"Statement": [everything[0], {**everything[1], "Resource": whole}]})


def test_size_counts_as_the_server_does() -> None:
    assert size({"a": "b"}) == len('{"a":"b"}')
    assert size({"a": "<&é\u2028"}) == len('{"a":"') + 6 + 6 + 2 + 6 + len('"}')
    assert size({"Resource": ["*"]}) == len('{"Resource":["**"]}')


# access ---------------------------------------------------------------------------------------------------------------


def test_a_folder_does_not_reach_its_neighbour() -> None:
    assert access.folder("churn", "x") == access.folder("/churn/", "x") == "churn/"
    assert access.folder("", "x") == access.folder("/", "x") == ""
    for wild in ("*", "a?", "${aws:username}"):
        with pytest.raises(InvalidInputError, match=r"may not contain"):
            access.folder(wild, "x")


@pytest.mark.parametrize("prefix", ["a//b", "a/../b", "./a", "a/."])
def test_a_folder_is_one_that_can_be(prefix: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^x: the prefix .* is no folder that MinIO could hold"):
        access.folder(prefix, "x")
