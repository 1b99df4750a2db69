# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. What a store may be asked: MinIO has an admin API, any other speaks S3 alone."""

from __future__ import annotations

import typing as t

MINIO, PLAIN_S3 = "minio", "s3"

ARGUMENT: dict[str, t.Any] = {"type": "str", "choices": [MINIO, PLAIN_S3], "default": MINIO}
