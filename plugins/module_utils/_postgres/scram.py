# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. A password against the verifier that PostgreSQL keeps of it (RFC 5802), without a login."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import stringprep
import unicodedata

VERIFIER = re.compile(
    r"SCRAM-SHA-256\$(?P<iterations>\d+):(?P<salt>[^$:]+)\$(?P<stored_key>[^$:]+):(?P<server_key>[^$:]+)"
)


def is_password_of(verifier: str | None, password: str) -> bool:
    """Whether ``verifier`` (pg_authid.rolpassword) was made from ``password``; an older kind of verifier never is."""
    found = VERIFIER.fullmatch(verifier or "")
    if found is None:
        return False
    salt = base64.b64decode(found["salt"])
    salted = hashlib.pbkdf2_hmac("sha256", prepare(password).encode(), salt, int(found["iterations"]))
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    return hmac.compare_digest(stored_key, base64.b64decode(found["stored_key"]))


def prepare(password: str) -> str:
    """SASLprep as PostgreSQL does it: a password with a forbidden character is taken as it is."""
    if password.isascii():
        return password
    mapped = "".join(
        " " if stringprep.in_table_c12(each) else each for each in password if not stringprep.in_table_b1(each)
    )
    prepared = unicodedata.normalize("NFKC", mapped)
    if not prepared or any(_forbidden(each) for each in prepared) or _mixes_directions(prepared):
        return password
    return prepared


def _forbidden(character: str) -> bool:
    tables = (
        stringprep.in_table_a1,
        stringprep.in_table_c12,
        stringprep.in_table_c21_c22,
        stringprep.in_table_c3,
        stringprep.in_table_c4,
        stringprep.in_table_c5,
        stringprep.in_table_c6,
        stringprep.in_table_c7,
        stringprep.in_table_c8,
        stringprep.in_table_c9,
    )
    return any(table(character) for table in tables)


def _mixes_directions(text: str) -> bool:
    if not any(stringprep.in_table_d1(each) for each in text):
        return False
    ends = stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])
    return not ends or any(stringprep.in_table_d2(each) for each in text)
