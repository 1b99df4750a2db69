# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Names and addresses that a service would refuse, or that would mean something else there."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import parse_qs, unquote, urlsplit

SCHEMES = ("postgresql", "postgres")
SCHEME = re.compile(r"[a-z][a-z0-9+]*")
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]*[a-z0-9]")
BUCKET_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
BUCKET_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
ACCOUNT = re.compile(r"[a-z][a-z0-9-]*")
PROJECT = re.compile(r"[a-z]([a-z0-9_-]*[a-z0-9])?")
KEY = re.compile(r"[a-z][a-z0-9._-]*")
DATABASE = re.compile(r"[a-z_][a-z0-9_-]*")
OWNER = re.compile(r"[^\W\d][\w-]*")
RESERVED_ROLES = ("none", "public")
HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")


def bucket_fault(name: str) -> str | None:
    """Why S3 refuses the name, or None."""
    if not 3 <= len(name) <= 63:
        return f"it has {len(name)} characters instead of 3 to 63"
    if not BUCKET.fullmatch(name):
        return "only lower-case letters, digits, dots and dashes are allowed, a letter or digit at both ends"
    if any(pair in name for pair in ("..", ".-", "-.")):
        return "a dot stands beside another dot or a dash"
    if re.fullmatch(r"\d+\.\d+\.\d+\.\d+", name):
        return "it looks like an IP address"
    if name == "minio":
        return "MinIO keeps that name for itself"
    for part in (*BUCKET_PREFIXES, *BUCKET_SUFFIXES):
        if (part in BUCKET_PREFIXES and name.startswith(part)) or (part in BUCKET_SUFFIXES and name.endswith(part)):
            return f"S3 keeps names with {part} for itself"
    return None


def account_fault(name: str) -> str | None:
    """Why the name cannot be an access key and part of a variable's name, or None."""
    if not 3 <= len(name) <= 20:
        return f"it has {len(name)} characters instead of 3 to 20"
    if not ACCOUNT.fullmatch(name):
        return "it has 3 to 20 characters, only lower-case letters, digits and dashes, and begins with a letter"
    return None


def project_fault(name: str) -> str | None:
    """Why the name cannot be a folder, and part of the names of keys and policies, or None."""
    if len(name) > 40:
        return f"it has {len(name)} characters instead of 40 at most"
    if not PROJECT.fullmatch(name):
        return (
            "only lower-case letters, digits, dashes and underscores are allowed, "
            "it begins with a letter and ends with a letter or digit"
        )
    return None


def key_fault(name: str) -> str | None:
    """Why the name cannot be an access key and the name of a file, or None."""
    if not 3 <= len(name) <= 64:
        return f"it has {len(name)} characters instead of 3 to 64"
    if not KEY.fullmatch(name):
        return "only lower-case letters, digits, dots, dashes and underscores are allowed, and it begins with a letter"
    return None


def database_fault(name: str) -> str | None:
    """Why the name cannot be a database and the role that owns it, or None."""
    if not DATABASE.fullmatch(name):
        return "only lower-case letters, digits, dashes and underscores are allowed, and it begins with a letter"
    if len(name) > 63:
        return "PostgreSQL cuts names after 63 characters"
    if name.startswith("pg_") or name in ("postgres", "template0", "template1", "root"):
        return "PostgreSQL or its administration uses that name"
    return None


def role_fault(name: str) -> str | None:
    """Why PostgreSQL cannot have a role of that name, or why a line about it would mean something else, or None."""
    if not name.isprintable() or '"' in name:
        return "a line break, a control character or a double quote would spoil the file pg_hba.conf"
    if name.startswith("/"):
        return "the file pg_hba.conf would take it for a pattern, which fits other roles too"
    if not 0 < len(name.encode()) <= 63:
        return "PostgreSQL takes names of 1 to 63 bytes"
    if name in RESERVED_ROLES:
        return "PostgreSQL keeps that name for itself"
    return None


def owner_fault(name: str) -> str | None:
    """Why the name cannot be a role that is made here, and part of a variable's name, or None."""
    if fault := role_fault(name):
        return fault
    if not OWNER.fullmatch(name):
        return "only letters, digits, dashes and underscores are allowed, and it begins with a letter"
    if name.startswith("pg_"):
        return "PostgreSQL keeps names with pg_ for itself"
    return None


def is_host_name(name: str) -> bool:
    return HOST_NAME.fullmatch(name) is not None and ".." not in name and len(name) <= 253


def is_loopback(address: str) -> bool:
    """Whether it is an IPv4 loopback address; a host name may lead anywhere tomorrow."""
    try:
        return ipaddress.IPv4Address(address).is_loopback
    except ValueError:
        return False


def dsn_user(text: str) -> str | None:
    """Who logs in by a connection string, or None where it does not say so."""
    try:
        return unquote(urlsplit(text).username or "") or None
    except ValueError:
        return None


def dsn_database(text: str) -> str:
    """The database of a connection string, or ValueError with the reason, which holds no part of the password."""
    scheme, separator, _rest = text.partition("://")
    if not separator or not SCHEME.fullmatch(scheme):
        raise ValueError(f"is not of the form {SCHEMES[0]}://user:password@host:port/database")
    if scheme not in SCHEMES:
        raise ValueError(
            f"begins with {scheme}://, but only {SCHEMES[0]}:// leads to PostgreSQL, without a driver's name"
        )
    try:
        parts = urlsplit(text)
        unclear = parts.port == 0 or parts.netloc.count("@") > 1 or parts.path.count("/") > 1 or parts.fragment
    except ValueError:
        unclear = True
    if unclear:
        raise ValueError("cannot be parsed; write /, ?, #, @ and : in the password percent-encoded")
    if not parts.hostname and "host" not in parse_qs(parts.query):
        raise ValueError("names no host")
    return unquote(parts.path.removeprefix("/")) or "postgres"
