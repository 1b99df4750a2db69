"""A run that is killed at any point is completed by the next, and nothing is lost."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess

import docker
import pytest
from s3 import s3_client


@pytest.fixture
def store(minio):
    return s3_client(minio.endpoint, minio.access_key, minio.secret_key, retries={"total_max_attempts": 1})


def test_a_killed_run_is_completed_by_the_next(stack, store):
    store.put_object(Bucket="datasets", Key="kept", Body=b"as it was")
    engine = docker.from_env()
    for seconds in (3, 7, 11):
        for service in ("gateway", "minio"):
            with contextlib.suppress(docker.errors.NotFound):
                engine.api.remove_container(f"test-{service}", force=True)
        (stack.root / "opt" / "gateway" / "nginx.conf").write_text("by hand\n")
        running = stack.start("site.yml")
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(seconds)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        stack.playbook("site.yml")
        assert store.get_object(Bucket="datasets", Key="kept")["Body"].read() == b"as it was"
    assert "changed=0 " in stack.playbook("site.yml").stdout
