# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Where DVC keeps an object below a remote or a cache: its key there is its whole identity.

DVC 3 keeps what has the MD5 abcdef... under files/md5/ab/cdef..., DVC 2 under ab/cdef...; a directory is an object
whose name ends with .dir and whose content lists its files.
"""

from __future__ import annotations

import re

# DVC 2 took the MD5 of a text file after it had turned its line ends into those of Unix.
ALGORITHM = "md5"
OLD_ALGORITHM = "md5-dos2unix"
FOLDER = "files/md5/"
DIRECTORY = ".dir"
KEY = re.compile(r"(files/md5/)?[0-9a-f]{2}/[0-9a-f]{30}(\.dir)?")

DIGITS = "0123456789abcdef"
# Together all objects, and parts of about the same size, so that they can be listed side by side.
PARTS = tuple(FOLDER + digit for digit in DIGITS)
# Those of DVC 2 lie beside files/, which must not be listed a second time.
OLD_PARTS = (*DIGITS[:-1], *(f"f{digit}" for digit in DIGITS))


def key_of(algorithm: str, md5: str) -> str:
    """The key of what DVC calls ``md5``, with its .dir if it is a directory."""
    return f"{FOLDER if algorithm == ALGORITHM else ''}{md5[:2]}/{md5[2:]}"


def md5_of(key: str) -> str:
    """What DVC calls the object, with the .dir of a directory."""
    return "".join(key.split("/")[-2:])


def digest_of(key: str) -> str:
    """What the content of the object must hash to."""
    return md5_of(key).removesuffix(DIRECTORY)


def algorithm_of(key: str) -> str:
    return ALGORITHM if key.startswith(FOLDER) else OLD_ALGORITHM


def is_directory(key: str) -> bool:
    return key.endswith(DIRECTORY)


def is_object(key: str) -> bool:
    """Whether DVC could have put it there; a run cache and what others put there are no objects."""
    return KEY.fullmatch(key) is not None
