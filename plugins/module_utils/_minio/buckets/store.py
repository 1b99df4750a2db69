# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. How the buckets of a store are read and written: with MinIO's admin API, or by S3 alone."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets.bucket_documents import (
    Asked,
    Documents,
    Exported,
)
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets.flavour import PLAIN_S3
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import Connection
from ansible_collections.repro.stack.plugins.module_utils._minio.mark import Mark
from ansible_collections.repro.stack.plugins.module_utils._minio.s3 import S3


@dataclass(frozen=True)
class Store:
    """``admin`` is None where nothing but S3 is spoken."""

    s3: S3
    admin: Admin | None
    documents: Documents


def open_store(
    connection: Connection, flavour: str, *, ahead: bool, read_only: bool, mark: Mark | None = None
) -> Store:
    """``ahead`` reads all buckets at once, where that is possible."""
    s3 = S3(connection, read_only=read_only, mark=mark)
    if flavour == PLAIN_S3:
        return Store(s3, None, Asked(s3))
    admin = Admin(connection, read_only=read_only, mark=mark)
    return Store(s3, admin, Exported(admin, ahead=ahead))
