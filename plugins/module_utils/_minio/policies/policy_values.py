# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Values of conditions in the one form in which MinIO gives them back."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import re
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._minio.policies import policy_words as words

TRUE, FALSE = ("1", "t", "T", "TRUE", "true", "True"), ("0", "f", "F", "FALSE", "false", "False")


def canonical(operator: str, values: t.Iterable[t.Any]) -> list[str]:
    """Sorted, each once, as texts; what the operator cannot read stays as it is."""
    read, _wanted = READERS.get(operator, _AS_IT_IS)
    found = set()
    for value in values:
        written = text(value)
        try:
            found.add(read(written))
        except ValueError:
            found.add(written)
    return sorted(found)


def fault(operator: str, key: str, values: t.Sequence[t.Any]) -> str | None:
    """What is wrong with values that MinIO refuses, or takes and never matches."""
    if not values or any(value is None or isinstance(value, (dict, list)) for value in values):
        return "needs a value or a list of values"
    if operator in ONE_ONLY and len(canonical(operator, values)) > 1:
        return "takes one value only"
    exact = words.VALUES_OF_KEY.get(key) if "Equals" in operator else None
    read, wanted = READERS.get(operator, _AS_IT_IS)
    for value in map(text, values):
        if exact and value not in exact:
            return f"is {value}, which must be {' or '.join(exact)}"
        try:
            read(value)
        except ValueError:
            return f"is {value}, which must be {wanted}"
    return None


def text(value: t.Any) -> str:
    """A value as YAML and JSON may have read it."""
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


def _number(value: str) -> str:
    if not re.fullmatch(r"[+-]?[0-9]+", value):
        raise ValueError
    return str(int(value))


def _truth(value: str) -> str:
    if value not in TRUE + FALSE:
        raise ValueError
    return "true" if value in TRUE else "false"


def _boolean(value: str) -> str:
    # MinIO takes True and 1 as well, and compares them with the request's true
    if value not in ("true", "false"):
        raise ValueError
    return value


def _moment(value: str) -> str:
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", value, re.ASCII):
        raise ValueError
    try:
        read = datetime.datetime.fromisoformat(value).astimezone(datetime.UTC)
    except OverflowError as error:
        raise ValueError from error
    return read.strftime("%Y-%m-%dT%H:%M:%SZ")


def _network(value: str) -> str:
    # MinIO reads any single address as /32, an IPv6 one too
    network = ipaddress.ip_network(value if "/" in value else f"{value}/32", strict=False)
    if not re.fullmatch(r"[0-9.]+(/[0-9]+)?|[0-9a-fA-F:.]+/[0-9]+", value) or value.lower().startswith("::ffff:"):
        raise ValueError
    return str(network)


def _base64(value: str) -> str:
    base64.b64decode(value, validate=True)
    return value


Reader = tuple[t.Callable[[str], str], str]
_AS_IT_IS: Reader = (str, "")
READERS: dict[str, Reader] = {
    **dict.fromkeys(words.NUMERIC, (_number, "a whole number")),
    **dict.fromkeys(words.DATE, (_moment, "a time such as 2027-01-31T00:00:00Z")),
    **dict.fromkeys(words.NETWORK, (_network, "an IPv4 address or a network such as 10.0.0.0/8 or 2001:db8::/64")),
    "Null": (_truth, "true or false"),
    "Bool": (_boolean, "true or false"),
    **{operator: (_base64, "base64") for operator in words.OPERATORS if operator.endswith("BinaryEquals")},
}
ONE_ONLY = words.NUMERIC | words.DATE | {"Null", "Bool"}
