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


def check_bucket_name(name: str) -> None:
    """Refuse a name that S3 would refuse, saying why."""
    fault = bucket_fault(name)
    if fault:
        raise InvalidInputError(f"The bucket name {name} is not possible: {fault}")


def check_user(name: str, secret_key: str | None, where: str) -> None:
    """Refuse what MinIO refuses of a user's key pair."""
    if len(name) < 3 or name != name.strip() or set("=,") & set(name):
        raise InvalidInputError(f"{where}: an access key has 3 characters or more, no = or comma, no space at its ends")
    if secret_key is not None and len(secret_key.encode()) < 8:
        raise InvalidInputError(f"{where}: the secret key is too short, MinIO wants at least 8 characters")
    if secret_key is not None and repr(secret_key)[1:-1] != secret_key:
        # Ansible cannot hide it where it writes a whole list of identities to the server's system log
        raise InvalidInputError(
            f"{where}: the secret key holds a backslash, a control character or both kinds of quotes, choose another"
        )


def check_service_account(name: str, secret_key: str | None, where: str) -> None:
    """The same for a service account. An import deletes an existing account before it finds its new values illegal."""
    check_user(name, secret_key, where)
    if len(name.encode()) > 20:
        raise InvalidInputError(f"{where}: the access key of a service account has at most 20 characters")
    if secret_key is not None and len(secret_key.encode()) > 40:
        raise InvalidInputError(f"{where}: the secret key of a service account has at most 40 characters")


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
