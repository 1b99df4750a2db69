"""Policy documents of any shape, and each of them in other forms: what Hypothesis draws in several tests."""

from __future__ import annotations

import copy
import datetime
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._minio.policies.policy_words import ACTIONS
from hypothesis import strategies as st

Document = dict[str, t.Any]
Draw = t.Callable[[t.Any], t.Any]

ARN = "arn:aws:s3:::"
# Every value in its canonical form: (operator, key, possible values, how many at most)
CONDITIONS = [
    ("StringLike", "s3:prefix", ("x/*", "", "${aws:username}/*"), 3),
    ("StringEquals", "s3:prefix", ("x/", "5", "true"), 3),
    ("ForAnyValue:StringLike", "aws:groups", ("a", "b*"), 2),
    ("ForAllValues:StringEquals", "aws:groups", ("a", "b"), 2),
    ("NumericLessThan", "s3:max-keys", ("5", "-5", "1000"), 1),
    ("NumericEquals", "s3:max-keys", ("0", "1"), 1),
    ("Bool", "aws:SecureTransport", ("true", "false"), 1),
    ("Null", "s3:prefix", ("true", "false"), 1),
    ("DateLessThan", "aws:CurrentTime", ("2027-01-31T12:00:00Z", "2027-02-01T00:30:00Z"), 1),
    ("IpAddress", "aws:SourceIp", ("10.0.0.0/8", "1.2.3.4/32", "2001:db8::/64"), 3),
    ("NotIpAddress", "aws:SourceIp", ("192.168.0.0/16",), 1),
]
OTHER_FORMS: dict[str, list[t.Any]] = {
    "5": [5, "+5", "05"],
    "-5": [-5, "-05"],
    "1000": [1000, "+1000"],
    "0": [0, "00"],
    "1": [1, "01"],
    "true": [True],
    "false": [False],
    "2027-01-31T12:00:00Z": [
        "2027-01-31T14:00:00+02:00",
        "2027-01-31T12:00:00.000Z",
        datetime.datetime(2027, 1, 31, 12, tzinfo=datetime.UTC),
    ],
    "2027-02-01T00:30:00Z": ["2027-01-31T19:30:00-05:00"],
    "10.0.0.0/8": ["10.1.2.3/8"],
    "1.2.3.4/32": ["1.2.3.4"],
    "2001:db8::/64": ["2001:DB8:0::1/64"],
    "192.168.0.0/16": ["192.168.255.1/16"],
}
NULL_FORMS = {"true": ["True", "1", "t", "TRUE", "T"], "false": ["False", "0", "f", "FALSE", "F"]}


def some(values: t.Sequence[str], most: int = 3) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True)


@st.composite
def conditions(draw: Draw) -> Document:
    chosen = draw(st.lists(st.sampled_from(CONDITIONS), max_size=3, unique=True))
    made: Document = {}
    for operator, key, values, most in chosen:
        made.setdefault(operator, {})[key] = draw(some(values, most))
    return made


@st.composite
def statements(draw: Draw, number: int, bucket_policy: bool, negated: bool) -> Document:
    """One that no other of the document equals, even when one part of it is changed: each names a bucket of its own."""
    condition = draw(conditions())
    listing = ["s3:ListBucket", "s3:ListBucketVersions", "s3:List*", "s3:*"]
    anything = [*listing, *sorted(f"s3:{name}" for name in ACTIONS["s3"]), "s3:Get*", "s3:PutObjec?"]
    prefixed = any("s3:prefix" in keys or "s3:max-keys" in keys for keys in condition.values())
    made = {
        "Effect": draw(st.sampled_from(["Allow", "Deny"])),
        draw(st.sampled_from(["Action", "NotAction"])) if negated else "Action": draw(
            some(listing if prefixed else anything)
        ),
        draw(st.sampled_from(["Resource", "NotResource"])): [
            f"{ARN}mine-{number}",
            f"{ARN}mine-{number}/*",
            *draw(some([f"{ARN}a", f"{ARN}a/*", f"{ARN}b/x/*", "*"])),
        ],
    }
    if condition:
        made["Condition"] = condition
    if bucket_policy:
        made["Principal"] = {"AWS": draw(some(["*", "alice", "bob"], 2))}
    return made


@st.composite
def documents(draw: Draw, bucket_policy: bool = False, negated: bool = False) -> Document:
    count = draw(st.integers(1, 3))
    made = [draw(statements(number, bucket_policy, negated)) for number in range(count)]
    return {"Version": "2012-10-17", "Statement": made}


def in_any_order(draw: Draw, values: list[t.Any]) -> t.Any:
    """Another order, one of them twice, or the only one without its list."""
    shuffled = draw(st.permutations(values))
    if len(shuffled) == 1 and draw(st.booleans()):
        return shuffled[0]
    return shuffled + shuffled[:1] if draw(st.booleans()) else shuffled


def in_another_form(draw: Draw, operator: str, value: str) -> t.Any:
    if operator.endswith(("StringEquals", "StringLike")):
        return {"5": 5, "true": True}.get(value, value) if draw(st.booleans()) else value
    more = NULL_FORMS[value] if operator == "Null" else []
    return draw(st.sampled_from([value, *OTHER_FORMS[value], *more]))


def reshaped(draw: Draw, document: Document) -> Document:
    made = copy.deepcopy(document)
    for statement in made["Statement"]:
        for part in ("Action", "NotAction", "Resource", "NotResource"):
            if part in statement:
                statement[part] = in_any_order(draw, statement[part])
        for operator, keys in statement.get("Condition", {}).items():
            for key, values in keys.items():
                # two forms of one value count as one
                keys[key] = in_any_order(draw, [in_another_form(draw, operator, value) for value in values])
        if "Principal" in statement:
            names = in_any_order(draw, statement["Principal"]["AWS"])
            statement["Principal"] = "*" if names == "*" and draw(st.booleans()) else {"AWS": names}
        if draw(st.booleans()):
            statement["Sid"] = draw(st.sampled_from(["", "one", "two"]))
        if "Condition" not in statement and draw(st.booleans()):
            statement["Condition"] = draw(st.sampled_from([{}, {"StringLike": {}}, None]))
    made["Statement"] = in_any_order(draw, [keys_in_any_order(draw, each) for each in made["Statement"]])
    if draw(st.booleans()):
        del made["Version"]
    if draw(st.booleans()):
        made[draw(st.sampled_from(["Id", "ID"]))] = "anything"
    return made


def keys_in_any_order(draw: Draw, value: t.Any) -> t.Any:
    if not isinstance(value, dict):
        return value
    return {key: keys_in_any_order(draw, value[key]) for key in draw(st.permutations(list(value)))}
