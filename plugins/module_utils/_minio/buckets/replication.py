# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. The copies of a bucket that MinIO sends to another store: seen and ended, never begun."""

from __future__ import annotations

import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets.bucket_documents import Document, listed
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets.flavour import PLAIN_S3

ARGUMENT: dict[str, t.Any] = {"type": "bool"}


def declared(wanted: bool | None, flavour: str, where: str) -> bool | None:
    if wanted:
        raise InvalidInputError(f"{where}: replication cannot be set up here; false ends one that somebody else set up")
    if wanted is False and flavour == PLAIN_S3:
        raise InvalidInputError(
            f"{where}: replication is seen by MinIO's admin API, which the flavour s3 does not speak"
        )
    return wanted


def found(document: Document) -> bool | str:
    """Where the copies go, without the keys for it; the server removes no target that a rule needs."""
    targets = sorted(f"{each['TargetBucket']} at {each['Endpoint']}" for each in listed(document.get("Targets")))
    return f"to {', '.join(targets)}" if targets else False


def request(_wanted: bool) -> tuple[str, dict[str, t.Any]]:
    """The server removes the rules, and the targets with their keys too."""
    return "delete_bucket_replication", {}
