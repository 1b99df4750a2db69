# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Names and numbers that S3 and MinIO refuse, found before anything was asked of a server."""

from __future__ import annotations

import datetime
import re

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._inventory.names import bucket_fault

UNITS = {unit: 1024**power for power, unit in enumerate(("B", "KiB", "MiB", "GiB", "TiB", "PiB"))}
UNITS.update({unit: 1000**power for power, unit in enumerate(("B", "KB", "MB", "GB", "TB", "PB"))})
NEVER = "never"
# A file's name has at most 255 bytes, and MinIO adds .json to it.
NAME_LIMIT = 250
SITE_REPLICATION = "site-replicator-0"


def check_bucket_name(name: str) -> None:
    """Refuse a name that S3 would refuse, saying why."""
    fault = bucket_fault(name)
    if fault:
        raise InvalidInputError(f"The bucket name {name} is not possible: {fault}")


def check_name(name: str, where: str) -> None:
    """Refuse what MinIO refuses of the name of a policy or group."""
    if not name or "," in name:
        raise InvalidInputError(f"{where}: a name is not empty and has no comma")
    _check_file_name(name, where)


def check_user(name: str, secret_key: str | None, where: str) -> None:
    """Refuse what MinIO refuses of a user's key pair."""
    if len(name.encode()) < 3 or set("=,") & set(name):
        raise InvalidInputError(f"{where}: an access key has 3 characters or more, no = and no comma")
    _check_file_name(name, where)
    _check_secret_key(secret_key, where)


def check_service_account(name: str, secret_key: str | None, where: str) -> None:
    """The same for a service account. An import deletes an existing account before it finds its new values illegal."""
    if not 3 <= len(name.encode()) <= 20 or set("=,") & set(name):
        raise InvalidInputError(
            f"{where}: the access key of a service account has 3 to 20 characters, no = and no comma"
        )
    if name == SITE_REPLICATION:
        raise InvalidInputError(f"{where}: MinIO keeps that name for itself")
    _check_file_name(name, where)
    _check_secret_key(secret_key, where)
    if secret_key is not None and len(secret_key.encode()) > 40:
        raise InvalidInputError(f"{where}: the secret key of a service account has at most 40 characters")


def _check_file_name(name: str, where: str) -> None:
    """MinIO keeps each identity in a file of its name, and serves some that it cannot find or remove again."""
    if name != name.strip() or not name.isprintable():
        raise InvalidInputError(f"{where}: a name has no space at its ends and no control characters")
    if {"", ".", ".."} & set(name.split("/")):
        raise InvalidInputError(f"{where}: a name has no slash at its ends and no empty, . or .. between slashes")
    if len(name.encode()) > NAME_LIMIT:
        raise InvalidInputError(f"{where}: a name has at most {NAME_LIMIT} bytes")


def _check_secret_key(secret_key: str | None, where: str) -> None:
    if secret_key is None:
        return
    if len(secret_key.encode()) < 8:
        raise InvalidInputError(f"{where}: the secret key is too short, MinIO wants at least 8 characters")
    if repr(secret_key)[1:-1] != secret_key:
        # Ansible cannot hide it where it writes a whole list of identities to the server's system log
        raise InvalidInputError(
            f"{where}: the secret key holds a backslash, a control character or both kinds of quotes, choose another"
        )


def bytes_of(quota: str, where: str) -> int:
    """10GiB, "500 MB" or a number of bytes; 0 is no limit."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", str(quota).strip())
    units = {unit.lower(): factor for unit, factor in UNITS.items()}
    unit = (found[2] or "B").lower() if found else ""
    if not found or unit not in units:
        raise InvalidInputError(f"{where}: the quota {quota} is not a size such as 10GiB, 500MB or a number of bytes")
    return int(float(found[1]) * units[unit])


def moment(expires: str, where: str) -> str:
    """A point in time in UTC as the server writes it; the word never (or nothing) means no expiry."""
    if expires in ("", NEVER):
        return NEVER
    try:
        read = datetime.datetime.fromisoformat(str(expires))
    except ValueError as error:
        raise InvalidInputError(f"{where}: {expires} is not a time such as 2027-01-31T00:00:00Z, or never") from error
    if read.tzinfo is None:
        read = read.replace(tzinfo=datetime.UTC)
    return read.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
