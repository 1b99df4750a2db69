# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""S3 through the gateway against MinIO's own address in the private network, side by side in one run.

AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY name an identity that may make a bucket; the bucket is removed in the end.
Bare sockets cost next to nothing themselves, so they show the most that the gateway can take away; boto3 is what people
use. On a machine that is busy with other things every ratio comes out lower, since each hop waits for a core.
"""

from __future__ import annotations

import argparse
import functools
import multiprocessing
import os
import socket
import statistics
import sys
import time
import typing as t
import uuid
from concurrent.futures import ProcessPoolExecutor
from urllib.parse import urlsplit

import boto3
import docker
from botocore.config import Config

MIB = 1024 * 1024
TARGETS = {"GET": 0.6, "PUT": 0.8}
OPERATIONS = {"GET": "get_object", "PUT": "put_object"}
Values = dict[tuple[str, str], list[float]]


class Job(t.NamedTuple):
    method: str
    endpoint: str
    bucket: str
    key: str
    size: int


@functools.cache
def client(endpoint: str) -> t.Any:
    config = Config(signature_version="s3v4", retries={"total_max_attempts": 1})
    return boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=config)


@functools.cache
def content(size: int) -> bytes:
    return os.urandom(size)


def presigned(job: Job) -> str:
    return client(job.endpoint).generate_presigned_url(
        OPERATIONS[job.method], Params={"Bucket": job.bucket, "Key": job.key}
    )


def by_boto3(job: Job) -> None:
    s3 = client(job.endpoint)
    if job.method == "PUT":
        s3.put_object(Bucket=job.bucket, Key=job.key, Body=content(job.size))
    else:
        s3.get_object(Bucket=job.bucket, Key=job.key)["Body"].read()


def by_sockets(job: Job) -> None:
    with connect(job.endpoint) as connection:
        exchange(connection, job, presigned(job))


def exchange(connection: socket.socket, job: Job, url: str) -> None:
    parts = urlsplit(url)
    body = content(job.size) if job.method == "PUT" else b""
    head = f"{job.method} {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode())
    connection.sendall(body)
    buffer = bytearray(MIB)
    answer = b""
    while b"\r\n\r\n" not in answer:
        size = connection.recv_into(buffer)
        if not size:
            sys.exit(f"{job.method} {job.endpoint}/{job.bucket}/{job.key}: closed without an answer")
        answer += bytes(buffer[:size])
    headers, rest = answer.split(b"\r\n\r\n", 1)
    lines = headers.lower().split(b"\r\n")
    if b" 200 " not in lines[0]:
        sys.exit(f"{job.method} {job.endpoint}/{job.bucket}/{job.key}: {answer.decode(errors='replace')[:500]}")
    missing = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")) - len(rest)
    while missing > 0 and (size := connection.recv_into(buffer)):
        missing -= size
    if missing:
        sys.exit(f"{job.method} {job.endpoint}/{job.bucket}/{job.key}: {missing} bytes are missing")


def connect(endpoint: str) -> socket.socket:
    parts = urlsplit(endpoint)
    connection = socket.create_connection((parts.hostname, parts.port), timeout=120)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def large_objects(
    sides: dict[str, str], bucket: str, move: t.Callable[[Job], None], megabytes: int, parallel: int, rounds: int
) -> Values:
    """MiB/s of each method and side, one value for each round; who goes first alternates."""
    rates: Values = {}
    # spawned, since a fork would share the connections that this process holds
    with ProcessPoolExecutor(parallel, mp_context=multiprocessing.get_context("spawn")) as pool:
        for turn in range(rounds + 1):
            for method in ("PUT", "GET"):
                for name in sorted(sides, reverse=turn % 2 == 1):
                    keys = [f"large/{name}/{number}" for number in range(parallel)]
                    jobs = [Job(method, sides[name], bucket, key, megabytes * MIB) for key in keys]
                    started = time.monotonic()
                    list(pool.map(move, jobs))
                    taken = time.monotonic() - started
                    if turn:  # the first round warms up
                        rates.setdefault((method, name), []).append(megabytes * parallel / taken)
    return rates


def small_objects(sides: dict[str, str], bucket: str, count: int) -> Values:
    """Milliseconds of each request for a 4 KiB object on a connection that is kept, one after the other."""
    times: Values = {}
    for method in ("PUT", "GET"):
        kept = {name: connect(endpoint) for name, endpoint in sides.items()}
        for number in range(count):
            for name in sorted(sides, reverse=number % 2 == 1):
                job = Job(method, sides[name], bucket, f"small/{name}/{number}", 4096)
                url = presigned(job)
                started = time.monotonic()
                exchange(kept[name], job, url)
                times.setdefault((method, name), []).append((time.monotonic() - started) * 1000)
        for connection in kept.values():
            connection.close()
    return times


def show(title: str, values: Values, targets: dict[str, float]) -> None:
    print(f"\n{title:<52}{'direct':>9}{'gateway':>9}{'ratio':>7}", flush=True)
    for method in ("GET", "PUT"):
        direct, gateway = (statistics.median(values[method, name]) for name in ("direct", "gateway"))
        wanted = f"   target {targets[method]}" if method in targets else ""
        print(f"  {method:<50}{direct:>9.1f}{gateway:>9.1f}{gateway / direct:>7.2f}{wanted}", flush=True)


def bridge_address(container: str) -> str:
    networks = docker.from_env().containers.get(container).attrs["NetworkSettings"]["Networks"]
    return next(network["IPAddress"] for network in networks.values() if network["IPAddress"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", default="http://127.0.0.1:9000", help="S3 through the gateway (%(default)s)")
    parser.add_argument("--container", default="minio", help="the container of MinIO (%(default)s)")
    parser.add_argument("--megabytes", type=int, default=64, help="size of an object (%(default)s)")
    parser.add_argument("--parallel", type=int, default=4, help="transfers at a time (%(default)s)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds, of which the median counts (%(default)s)")
    parser.add_argument("--small", type=int, default=200, help="small objects (%(default)s)")
    options = parser.parse_args()

    sides = {"direct": f"http://{bridge_address(options.container)}:9000", "gateway": options.endpoint}
    bucket = f"benchmark-{uuid.uuid4().hex[:12]}"
    s3 = client(sides["direct"])
    s3.create_bucket(Bucket=bucket)
    load = f"{options.parallel} x {options.megabytes} MiB at a time"
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    try:
        for name, move in (("bare sockets", by_sockets), ("boto3", by_boto3)):
            values = large_objects(sides, bucket, move, options.megabytes, options.parallel, options.rounds)
            show(f"MiB/s, {load}, {name}", values, TARGETS)
        show("milliseconds for 4 KiB, one after the other", small_objects(sides, bucket, options.small), {})
    finally:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for found in page.get("Contents", []):
                s3.delete_object(Bucket=bucket, Key=found["Key"])
        s3.delete_bucket(Bucket=bucket)


if __name__ == "__main__":
    main()
