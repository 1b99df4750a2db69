"""Policies: equal meaning compares equal, another meaning does not, and mistakes get a sentence."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._minio import access
from ansible_collections.repro.stack.plugins.module_utils._minio.policy import (
    ACTIONS,
    canonical,
    grants_everything,
    parsed,
    size,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# a busy machine is slow, not wrong
settings.register_profile("no-clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no-clock")

NAMES = st.sampled_from([f"s3:{name}" for name in ACTIONS] + ["s3:*", "s3:Get*"])
RESOURCES = st.sampled_from([f"arn:aws:s3:::{name}" for name in ("a", "a/*", "b", "b/x/*", "*")])
VALUES = st.lists(st.sampled_from(["x/*", "y/*", "", "10.0.0.0/8"]), min_size=1, max_size=3, unique=True)
CONDITIONS = st.dictionaries(
    st.sampled_from(["StringLike", "StringEquals", "IpAddress"]),
    st.dictionaries(st.sampled_from(["s3:prefix", "aws:SourceIp"]), VALUES, min_size=1),
    min_size=1,
    max_size=2,
)


def lists(elements: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(elements, min_size=1, max_size=4, unique=True)


STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"]), "Action": lists(NAMES), "Resource": lists(RESOURCES)},
    optional={"Condition": CONDITIONS},
)
DOCUMENTS = st.lists(STATEMENTS, min_size=1, max_size=4).map(
    lambda statements: {"Version": "2012-10-17", "Statement": statements}
)


def reshaped(draw: t.Callable[[t.Any], t.Any], value: t.Any) -> t.Any:
    """The same value in another order, with single values out of their lists and some values twice."""
    if isinstance(value, dict):
        keys = draw(st.permutations(sorted(value)))
        return {key: reshaped(draw, value[key]) for key in keys}
    if isinstance(value, list):
        items = [reshaped(draw, each) for each in draw(st.permutations(value))]
        if len(items) == 1 and draw(st.booleans()):
            return items[0]
        return items + items[:1] if draw(st.booleans()) else items
    return value


@given(DOCUMENTS, st.data())
def test_another_form_is_the_same_policy(document: dict[str, t.Any], data: st.DataObject) -> None:
    other = reshaped(data.draw, document)
    if data.draw(st.booleans()):
        del other["Version"]
    for number, statement in enumerate(other["Statement"] if isinstance(other["Statement"], list) else []):
        if data.draw(st.booleans()):
            statement["Sid"] = f"statement{number}"
    other["Id"] = "anything"
    assert canonical(other) == canonical(document)
    assert parsed(json.dumps(other), "x") == canonical(document)


@given(DOCUMENTS)
def test_canonical_is_stable(document: dict[str, t.Any]) -> None:
    assert canonical(canonical(document)) == canonical(document)


@given(DOCUMENTS, st.data())
def test_another_meaning_is_another_policy(document: dict[str, t.Any], data: st.DataObject) -> None:
    changed = json.loads(json.dumps(document))
    statement = data.draw(st.sampled_from(changed["Statement"]))
    how = data.draw(st.sampled_from(["effect", "action", "resource", "condition", "statement"]))
    if how == "effect":
        statement["Effect"] = {"Allow": "Deny", "Deny": "Allow"}[statement["Effect"]]
    elif how == "action":
        statement["Action"].append("s3:OneMore")
    elif how == "resource":
        statement["Resource"].append("arn:aws:s3:::one-more")
    elif how == "condition":
        statement.setdefault("Condition", {})["Null"] = {"s3:prefix": ["true"]}
    else:
        changed["Statement"].append({"Effect": "Deny", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::one-more"]})
    same_set = {json.dumps(each, sort_keys=True) for each in canonical(changed)["Statement"]} == {
        json.dumps(each, sort_keys=True) for each in canonical(document)["Statement"]
    }
    assert (canonical(changed) == canonical(document)) == same_set
    if len(document["Statement"]) == 1:
        assert canonical(changed) != canonical(document)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"Principal": "*"}, {"Principal": {"AWS": "*"}}),
        ({"Principal": {"AWS": ["*"]}}, {"Principal": {"AWS": "*"}}),
        (
            {"Condition": {"Bool": {"aws:SecureTransport": False}}},
            {"Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        ),
        (
            {"Condition": {"NumericLessThan": {"s3:max-keys": 5}}},
            {"Condition": {"NumericLessThan": {"s3:max-keys": ["5"]}}},
        ),
        ({"Condition": {}}, {}),
    ],
)
def test_values_of_another_type_are_the_same(one: dict[str, t.Any], other: dict[str, t.Any]) -> None:
    base = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"}
    assert canonical({"Statement": [{**base, **one}]}) == canonical({"Statement": [{**base, **other}]})


GOOD = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{", "is not JSON"),
        ({}, "at least one Statement"),
        ([], "at least one Statement"),
        ({"Statement": []}, "at least one Statement"),
        ({"Version": "2008-10-17", "Statement": [GOOD]}, "must be 2012-10-17, not 2008-10-17"),
        ({"Statement": ["x"]}, "statement 1 of the policy is not a mapping"),
        ({"Statement": [GOOD, {**GOOD, "Effect": "allow"}]}, "statement 2 .* needs the Effect Allow or Deny"),
        ({"Statement": [{**GOOD, "Actions": "s3:*"}]}, "unknown part Actions"),
        ({"Statement": [{**GOOD, "Action": []}]}, "needs either Action or NotAction"),
        ({"Statement": [{**GOOD, "NotAction": "s3:*"}]}, "needs either Action or NotAction"),
        ({"Statement": [{**GOOD, "Action": "s3:GetObjects"}]}, "nearest is s3:GetObject"),
        ({"Statement": [{**GOOD, "Action": "ec2:Start"}]}, "does not start with s3:"),
        ({"Statement": [{**GOOD, "Resource": []}]}, "names no Resource"),
        ({"Statement": [{**GOOD, "Resource": "datasets/*"}]}, "the resource datasets/. does not start with"),
    ],
)
def test_a_mistake_gets_a_sentence(document: t.Any, said: str) -> None:
    with pytest.raises(InvalidInputError, match=f"^policy x.*{said}"):
        parsed(document, "policy x")


def test_an_administrator_is_known_by_the_policy() -> None:
    everything = [{"Effect": "Allow", "Action": ["admin:*"]}, {**GOOD, "Action": "s3:*", "Resource": "arn:aws:s3:::*"}]
    assert grants_everything({"Statement": everything})
    assert not grants_everything({"Statement": None})
    assert not grants_everything({"Statement": everything[:1]})
    assert not grants_everything({"Statement": [*everything, {**GOOD, "Effect": "Deny"}]})


def test_size_counts_as_the_server_does() -> None:
    assert size({"a": "b"}) == len('{"a":"b"}')
    assert size({"a": "<&é"}) == len('{"a":"') + 6 + 6 + 2 + len('"}')


# access ---------------------------------------------------------------------------------------------------------------


def granted(document: dict[str, t.Any], action: str) -> set[str]:
    return {
        resource
        for statement in document["Statement"]
        if action in statement["Action"]
        for resource in statement["Resource"]
    }


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "bucket": st.sampled_from(["aaa", "bbb", "ccc"]),
                "prefix": st.sampled_from(["", "x", "x/", "/y/z"]),
                "mode": st.sampled_from(access.MODES),
                "delete": st.booleans(),
            }
        ),
        min_size=1,
        max_size=6,
    )
)
def test_a_grant_contains_what_it_says(grants: list[dict[str, t.Any]]) -> None:
    document = access.document(grants, "x")
    assert parsed(document, "x") == document

    def objects(*modes: str) -> set[str]:
        return {
            f"arn:aws:s3:::{each['bucket']}/{access.folder(each['prefix'], '')}*"
            for each in grants
            if each["mode"] in modes
        }

    assert granted(document, "s3:GetObject") == objects("read", "read-write")
    assert granted(document, "s3:PutObject") == objects("write", "read-write")
    deleting = [each for each in grants if each["delete"]]
    assert granted(document, "s3:DeleteObject") == {
        f"arn:aws:s3:::{each['bucket']}/{access.folder(each['prefix'], '')}*" for each in deleting
    }
    assert granted(document, "s3:GetBucketLocation") == {f"arn:aws:s3:::{each['bucket']}" for each in grants}
    listing = [each for each in grants if each["mode"] != "write"]
    assert granted(document, "s3:ListBucket") == {f"arn:aws:s3:::{each['bucket']}" for each in listing}
    for statement in document["Statement"]:
        if "s3:ListBucket" in statement["Action"] and "Condition" not in statement:
            whole = {f"arn:aws:s3:::{each['bucket']}" for each in listing if not each["prefix"]}
            assert set(statement["Resource"]) <= whole


def test_a_folder_does_not_reach_its_neighbour() -> None:
    assert access.folder("churn", "x") == access.folder("/churn/", "x") == "churn/"
    assert access.folder("", "x") == access.folder("/", "x") == ""
    for wild in ("*", "a?", "${aws:username}"):
        with pytest.raises(InvalidInputError, match=r"may not contain"):
            access.folder(wild, "x")
