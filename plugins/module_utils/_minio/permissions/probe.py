# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Trying what keys may do, and comparing it with what was declared."""

from __future__ import annotations

import datetime
import typing as t
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError, UnexpectedPermissionsError
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets.anonymous import DOWNLOAD, NONE
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import Connection
from ansible_collections.repro.stack.plugins.module_utils._minio.names import NEVER, check_bucket_name, moment
from ansible_collections.repro.stack.plugins.module_utils._minio.permissions.asking import (
    ALLOWED,
    CANNOT_SIGN_IN,
    DENIED,
    NO_BUCKET,
    PARALLEL,
    UNCLEAR,
    Answer,
    Asking,
)
from ansible_collections.repro.stack.plugins.module_utils._minio.permissions.permission import (
    ACTIONS,
    GET,
    LIST,
    SIGN_IN,
    Request,
    bucket_requests,
    folder_requests,
    own_service_account_request,
    server_requests,
)
from ansible_collections.repro.stack.plugins.module_utils._minio.policies import access
from ansible_collections.repro.stack.plugins.module_utils._module import STATE

Given = t.Sequence[t.Mapping[str, t.Any]]

NAMED_IN_A_SENTENCE = 5

ARGUMENTS: dict[str, t.Any] = {
    "keys": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "no_log": False,
        "options": {
            "name": {"type": "str", "required": True},
            "secret": {"type": "str", "required": True, "no_log": True},
            "access": {**access.ARGUMENTS, "default": []},
            "administrator": {"type": "bool", "default": False},
            "enabled": {"type": "bool", "default": True},
            "expires": {"type": "str", "default": NEVER},
            "state": STATE,
            "service_accounts": {"type": "bool"},
        },
    },
    "places": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "bucket": {"type": "str", "required": True},
            "prefix": {"type": "str", "default": ""},
            "anonymous": {"type": "raw", "default": NONE},
        },
    },
}


@dataclass(frozen=True)
class Key:
    """Who asks, and what it shall be allowed."""

    name: str
    secret: str | None = field(repr=False)
    grants: Given = ()
    administrator: bool = False
    works: bool = True
    service_accounts: bool | None = None  # None: not tried


# Whoever has no key. MinIO asks a bucket's policy about nobody else.
EVERYBODY = Key("", None)


@dataclass(frozen=True)
class Place:
    bucket: str
    prefix: str
    anonymous: str | None  # None: not tried


@dataclass(frozen=True)
class Try:
    key: Key
    request: Request
    expected: bool


def probe(connection: Connection, keys: Given, places: Given) -> dict[str, t.Any]:
    """How often each answer was given; UnexpectedPermissionsError where one is not what was declared."""
    every_key = declared_keys(connection, keys)
    every_place = declared_places(places, every_key)
    asking = Asking(connection)

    def answer(each: Try) -> Answer:
        return asking.answer(each.key.name, each.key.secret, each.request)

    with ThreadPoolExecutor(max_workers=PARALLEL) as pool:
        sign_in = Request(SIGN_IN, "", "GET", "/")
        tried = [Try(key, sign_in, key.works) for key in every_key]
        answers = list(pool.map(answer, tried))
        usable = [each.key for each, got in zip(tried, answers, strict=True) if got.found == ALLOWED and each.expected]
        further = [each for key in [*usable, EVERYBODY] for each in tries(key, every_place)]
        tried += further
        answers += pool.map(answer, further)
    counts = Counter(got.found for got in answers)
    found = {"tried": {"keys": len(every_key), "requests": len(tried), **dict(sorted(counts.items()))}}
    compared = zip(tried, answers, strict=True)
    surprises = [(each, got) for each, got in compared if got.found != (ALLOWED if each.expected else DENIED)]
    surprises = [(each, got) for each, got in surprises if each.expected or got.found not in CANNOT_SIGN_IN]
    if surprises:
        told = [_told(each, got) for each, got in surprises]
        raise UnexpectedPermissionsError(_sentence(surprises, len(tried)), {**found, "surprises": told})
    return {**found, "surprises": []}


def declared_keys(connection: Connection, given: Given) -> list[Key]:
    """The keys that are given; the caller is an administrator unless it is among them."""
    keys: dict[str, Key] = {}
    now = datetime.datetime.now(datetime.UTC).isoformat()
    for item in given:
        name, where = item["name"], f"key {item['name']}"
        if name in keys:
            raise InvalidInputError(f"The {where} is given twice")
        for grant in item["access"] or ():
            check_bucket_name(grant["bucket"])
        expires = moment(item["expires"], where)
        keys[name] = Key(
            name,
            item["secret"],
            [{**grant, "prefix": access.folder(grant["prefix"], where)} for grant in item["access"] or ()],
            item["administrator"],
            item["state"] == "present" and item["enabled"] and (expires == NEVER or expires > now),
            item["service_accounts"],
        )
    caller = connection.access_key
    return [*keys.values(), *([] if caller in keys else [Key(caller, connection.secret_key, administrator=True)])]


def declared_places(given: Given, keys: t.Iterable[Key]) -> list[Place]:
    """The places that are given, and every folder that is granted to a key."""
    places: dict[tuple[str, str], Place] = {}
    anonymous: dict[str, str | None] = {}
    for item in given:
        bucket, where = item["bucket"], f"bucket {item['bucket']}"
        check_bucket_name(bucket)
        opened = item["anonymous"] if item["anonymous"] in (NONE, DOWNLOAD) else None
        if anonymous.setdefault(bucket, opened) != opened:
            raise InvalidInputError(f"The {where} cannot be open without a key and closed: say anonymous in one way")
        prefix = access.folder(item["prefix"], where)
        places[bucket, prefix] = Place(bucket, prefix, opened)
    for grant in (grant for key in keys for grant in key.grants):
        bucket, prefix = grant["bucket"], grant["prefix"]
        places.setdefault((bucket, prefix), Place(bucket, prefix, anonymous.get(bucket, NONE)))
    return list(places.values())


def tries(key: Key, places: t.Iterable[Place]) -> t.Iterator[Try]:
    """Everything that is tried with a key, and whether it must be allowed."""
    tried = [place for place in places if key.secret is not None or place.anonymous is not None]
    for place in tried:
        for request in folder_requests(place.bucket, place.prefix):
            yield Try(key, request, _granted(key, request.operation, place))
    for bucket in sorted({place.bucket for place in tried}):
        for request in bucket_requests(bucket):
            yield Try(key, request, key.administrator)
    if key.secret is None:
        return
    for request in server_requests():
        yield Try(key, request, key.administrator)
    if key.service_accounts is not None:
        yield Try(key, own_service_account_request(key.secret), key.service_accounts)


def _granted(key: Key, operation: str, place: Place) -> bool:
    if key.secret is None:
        return place.anonymous == DOWNLOAD and operation in (LIST, GET)
    return key.administrator or access.granted(key.grants, ACTIONS[operation], place.bucket, place.prefix)


def _told(each: Try, got: Answer) -> dict[str, str]:
    return {
        "key": each.key.name,
        "operation": each.request.operation,
        "place": each.request.place,
        "expected": ALLOWED if each.expected else DENIED,
        "found": got.found,
        "code": got.code,
    }


def _sentence(surprises: t.Sequence[tuple[Try, Answer]], tried: int) -> str:
    said = list(dict.fromkeys(_said(each, got) for each, got in surprises))
    more = len(said) - NAMED_IN_A_SENTENCE
    if more > 0:
        said[NAMED_IN_A_SENTENCE:] = [f"and {more} more"]
    return f"{len(surprises)} of {tried} permissions that were tried are not as declared: {'; '.join(said)}"


def _said(each: Try, got: Answer) -> str:
    who = f"the key {each.key.name}" if each.key.secret is not None else "somebody without a key"
    what = f"{each.request.operation} at {each.request.place}" if each.request.place else each.request.operation
    if got.found in CANNOT_SIGN_IN:
        return f"{who} {CANNOT_SIGN_IN[got.found]}"
    if got.found == NO_BUCKET:
        return f"the bucket {each.request.place.partition('/')[0]} does not exist"
    if got.found == UNCLEAR:
        return f"{who} got {got.code} for {what}"
    return f"{who} may not {what}" if each.expected else f"{who} may {what}"
