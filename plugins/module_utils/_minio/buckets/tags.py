# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. A bucket's tags: the user's own, and the reserved one that says whose bucket it is."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets.bucket_documents import Document, listed

Tags = dict[str, str]

RESERVED = "repro.stack/"
MANAGER = RESERVED + "manager"
LIMIT = 49  # and the manager: S3 takes fifty
ALLOWED = re.compile(r"[\w+\-=.:/@ ]*")


def declared(given: t.Mapping[str, t.Any] | None, where: str) -> Tags | None:
    if given is None:
        return None
    tags = {str(key): str(value) for key, value in given.items()}
    for key, value in tags.items():
        if key.startswith(RESERVED):
            raise InvalidInputError(f"{where}: the tag {key} is reserved, tags cannot begin with {RESERVED}")
        check(key, value, where)
    if len(tags) > LIMIT:
        raise InvalidInputError(f"{where}: {len(tags)} tags, S3 takes {LIMIT}")
    return tags


def check(key: str, value: str, where: str) -> None:
    """Refuse what S3 refuses of a tag."""
    if not 1 <= len(key) <= 128 or len(value) > 256:
        raise InvalidInputError(f"{where}: the tag {key}: a key has 1 to 128 characters, a value 256 at most")
    if not ALLOWED.fullmatch(key + value):
        raise InvalidInputError(
            f"{where}: the tag {key}: only letters, digits, spaces and + - = . _ : / @ are possible"
        )


def found(document: Document) -> Tags:
    """All tags, the reserved ones too."""
    return {each["Key"]: each.get("Value", "") for each in listed((document.get("TagSet") or {}).get("Tag"))}


def own(tags: Tags) -> Tags:
    return {key: value for key, value in tags.items() if not key.startswith(RESERVED)}


def reserved(tags: Tags) -> Tags:
    return {key: value for key, value in tags.items() if key.startswith(RESERVED)}


def request(tags: Tags) -> tuple[str, dict[str, t.Any]]:
    if not tags:
        return "delete_bucket_tagging", {}
    return "put_bucket_tagging", {"Tagging": {"TagSet": [{"Key": key, "Value": tags[key]} for key in sorted(tags)]}}
