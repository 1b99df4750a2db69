"""Policies of any shape: another form compares equal, another meaning does not, and a grant is no more than it says."""

from __future__ import annotations

import copy
import datetime
import json
import re
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._minio.policies import access
from ansible_collections.repro.stack.plugins.module_utils._minio.policies.policy import canonical, parsed
from ansible_collections.repro.stack.plugins.module_utils._minio.policies.policy_words import ACTIONS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# a busy machine is slow, not wrong
settings.register_profile("no-clock", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no-clock")

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


@given(documents(negated=True) | documents(bucket_policy=True, negated=True), st.data())
def test_another_form_is_the_same_policy(document: Document, data: st.DataObject) -> None:
    assert canonical(reshaped(data.draw, document)) == canonical(document)
    assert canonical(canonical(document)) == canonical(document)


@given(st.booleans().flatmap(lambda bucket: st.tuples(documents(bucket_policy=bucket), st.just(bucket))), st.data())
def test_every_form_is_taken(case: tuple[Document, bool], data: st.DataObject) -> None:
    document, bucket_policy = case
    other = reshaped(data.draw, document)
    assert parsed(other, "x", bucket_policy=bucket_policy) == canonical(document)
    as_text = json.dumps(other, default=lambda moment: moment.isoformat())
    assert parsed(as_text, "x", bucket_policy=bucket_policy) == canonical(document)


def changed_list(draw: Draw, values: t.Sequence[str], another: str) -> list[str]:
    """One more, one less, or another one."""
    shuffled = draw(st.permutations(values))
    ways = [[*shuffled, another], [*shuffled[1:], another], *([shuffled[1:]] if len(shuffled) > 1 else [])]
    return t.cast("list[str]", draw(st.sampled_from(ways)))


def changed_statement(draw: Draw, statement: Document) -> str:
    """Change one thing that a statement says; what it was."""
    action = "Action" if "Action" in statement else "NotAction"
    resource = "Resource" if "Resource" in statement else "NotResource"
    parts = ["effect", "action", "resource", "not action", "not resource", "one more condition"]
    parts += ["principal"] if "Principal" in statement else []
    parts += ["value", "operator", "key", "one condition less"] if "Condition" in statement else []
    what: str = draw(st.sampled_from(parts))
    if what == "effect":
        statement["Effect"] = {"Allow": "Deny", "Deny": "Allow"}[statement["Effect"]]
    elif what == "action":
        statement[action] = changed_list(draw, statement[action], "s3:OneMore")
    elif what == "resource":
        statement[resource] = changed_list(draw, statement[resource], f"{ARN}one-more/*")
    elif what == "not action":
        statement["NotAction" if action == "Action" else "Action"] = statement.pop(action)
    elif what == "not resource":
        statement["NotResource" if resource == "Resource" else "Resource"] = statement.pop(resource)
    elif what == "principal":
        statement["Principal"] = {"AWS": changed_list(draw, statement["Principal"]["AWS"], "carol")}
    elif what == "one more condition":
        statement.setdefault("Condition", {})["StringNotLike"] = {"aws:Referer": ["x"]}
    else:
        changed_condition(draw, statement["Condition"], what)
    return what


def changed_condition(draw: Draw, condition: Document, what: str) -> None:
    operator = draw(st.sampled_from(sorted(condition)))
    key, values = next(iter(condition[operator].items()))
    if what == "value":
        condition[operator][key] = changed_list(draw, values, "one-more")
    elif what == "operator":
        condition["StringNotEqualsIgnoreCase"] = condition.pop(operator)
    elif what == "key":
        condition[operator] = {"aws:UserAgent": values}
    else:
        del condition[operator]


@given(documents(negated=True) | documents(bucket_policy=True, negated=True), st.data())
def test_another_meaning_is_another_policy(document: Document, data: st.DataObject) -> None:
    other = copy.deepcopy(document)
    what = changed_statement(data.draw, data.draw(st.sampled_from(other["Statement"])))
    assert canonical(other) != canonical(document), what


@given(documents(), st.data())
def test_another_number_of_statements_is_another_policy(document: Document, data: st.DataObject) -> None:
    more = data.draw(statements(9, False, False))
    assert canonical({"Statement": [*document["Statement"], more]}) != canonical(document)


# access ---------------------------------------------------------------------------------------------------------------

GRANTS = st.lists(
    st.fixed_dictionaries(
        {
            "bucket": st.sampled_from(["aaa", "bbb"]),
            "prefix": st.sampled_from(["", "x", "x/", "/y/z"]),
            "mode": st.sampled_from(access.MODES),
            "delete": st.booleans(),
        }
    ),
    min_size=1,
    max_size=4,
)
KEYS = ["1", "x", "x/1", "x/deep/1", "xy/1", "y/1", "y/z", "y/z/1", "y/zz/1"]
PREFIXES = ["", "x", "x/", "x/deep/", "xy/", "y/", "y/z", "y/z/", "y/zz/"]
READING, WRITING = {"s3:GetObject"}, {"s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}


def like(pattern: str, text: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None


def permits(document: Document, action: str, resource: str, prefix: str | None = None) -> bool:
    """What a server makes of the document: an own small reading of the language, for Allow and one condition."""
    for statement in document["Statement"]:
        assert statement["Effect"] == "Allow" and "*" not in "".join(statement["Action"])
        condition = statement.get("Condition")
        assert condition is None or (set(condition), set(condition["StringLike"])) == ({"StringLike"}, {"s3:prefix"})
        inside = condition is None or (
            prefix is not None and any(like(pattern, prefix) for pattern in condition["StringLike"]["s3:prefix"])
        )
        if action in statement["Action"] and inside and any(like(each, resource) for each in statement["Resource"]):
            return True
    return False


def meant(grants: list[Document], action: str, bucket: str, name: str) -> bool:
    """The same question in the words of the grants."""
    for grant in grants:
        words = grant["prefix"].strip("/")
        if grant["bucket"] != bucket or not (words == "" or name.startswith(words + "/")):
            continue
        if (
            (action == "s3:ListBucket" and grant["mode"] != "write")
            or (action in READING and grant["mode"] in ("read", "read-write"))
            or (action in WRITING and grant["mode"] in ("write", "read-write"))
            or (action == "s3:DeleteObject" and grant["delete"])
        ):
            return True
    return False


@given(GRANTS)
def test_a_grant_is_what_its_words_say(grants: list[Document]) -> None:
    document = access.document(grants, "x")
    assert parsed(document, "x") == document
    for bucket in ("aaa", "bbb", "ccc"):
        for action in sorted(f"s3:{name}" for name in ACTIONS["s3"] - {"ListBucket", "GetBucketLocation"}):
            for key in KEYS:
                expected = meant(grants, action, bucket, key)
                assert permits(document, action, f"{ARN}{bucket}/{key}") == expected, (action, bucket, key)
            assert not permits(document, action, f"{ARN}{bucket}")
        for prefix in PREFIXES:
            expected = meant(grants, "s3:ListBucket", bucket, prefix)
            assert permits(document, "s3:ListBucket", f"{ARN}{bucket}", prefix) == expected, (bucket, prefix)
        at_all = any(grant["bucket"] == bucket for grant in grants)
        assert permits(document, "s3:GetBucketLocation", f"{ARN}{bucket}") == at_all
        assert not permits(document, "s3:GetBucketLocation", f"{ARN}{bucket}-2")


@given(GRANTS)
def test_whoever_asks_what_is_granted_hears_what_the_document_says(grants: list[Document]) -> None:
    document = access.document(grants, "x")
    folders = [{**grant, "prefix": access.folder(grant["prefix"], "x")} for grant in grants]
    for bucket in ("aaa", "bbb", "ccc"):
        for folder in ("", "x/", "xy/", "y/", "y/z/"):
            for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
                said = access.granted(folders, action, bucket, folder)
                assert said == permits(document, action, f"{ARN}{bucket}/{folder}probe")
            said = access.granted(folders, "s3:ListBucket", bucket, folder)
            assert said == permits(document, "s3:ListBucket", f"{ARN}{bucket}", folder)
