# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. A body with secrets, encrypted with the sender's secret as MinIO's admin API wants it.

minio.crypto derives the key by Argon2, which costs each side a tenth of a second and 64 MiB. The server also takes a
key by PBKDF2 (3 ms). Whoever guesses passwords has an easier target than either in the signature of the same request.
"""

from __future__ import annotations

import functools
import hashlib
import os
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._module import library

PBKDF2_AES_GCM = b"\x02"
ITERATIONS = 8192
# The size of a chunk; a body of one is all that is needed here.
AT_MOST = 1 << 14


def sealed(content: bytes, secret_key: str) -> bytes:
    """One chunk of the format that minio.crypto describes, with a key that minio.crypto cannot derive."""
    if len(content) > AT_MOST:
        raise AssertionError(f"BUG: a body of {len(content)} bytes to encrypt")
    aes = library("Crypto.Cipher.AES", "pycryptodome")
    (salt, key), nonce = _key(secret_key), os.urandom(8)

    def cipher(chunk: int) -> t.Any:
        return aes.new(key, aes.MODE_GCM, nonce + chunk.to_bytes(4, "little"))

    last = cipher(1).update(b"\x80" + cipher(0).digest())
    encrypted, tag = last.encrypt_and_digest(content)
    return salt + PBKDF2_AES_GCM + nonce + t.cast(bytes, encrypted) + t.cast(bytes, tag)


@functools.cache
def _key(secret_key: str) -> tuple[bytes, bytes]:
    """A salt and the key derived with it: one for all bodies of a run, each of which has a nonce of its own."""
    salt = os.urandom(32)
    return salt, hashlib.pbkdf2_hmac("sha256", secret_key.encode(), salt, ITERATIONS)
