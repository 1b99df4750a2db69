# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""S3 through the gateway against MinIO without one, side by side in one run.

"direct" is MinIO's own address in the private network, which nobody but this server reaches. "published" is what a
server without a gateway has: a MinIO whose port Docker publishes on loopback, so that each byte passes Docker's own
proxy, as it does on its way to the gateway. It is a second server from the same image, in the same network, with an
empty volume and a key of its own; it ends with this program, or within the hour.

AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY name an identity that may make a bucket; the bucket is removed in the end.
Bare sockets cost next to nothing themselves, so they show the most that the gateway can take away; boto3 is what people
use. A ratio is the median of the rounds' ratios, with the middle half of them in brackets. All hops share the cores: a
machine that is busy with other things spreads the ratios and lowers them.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import multiprocessing
import os
import secrets
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
from botocore.exceptions import BotoCoreError, ClientError

MIB = 1024 * 1024
TARGETS = {"GET": 0.6, "PUT": 0.8}
OPERATIONS = {"GET": "get_object", "PUT": "put_object"}
Values = dict[tuple[str, str], list[float]]


class Side(t.NamedTuple):
    endpoint: str
    access_key: str | None = None  # else that of the environment
    secret_key: str | None = None


class Job(t.NamedTuple):
    method: str
    side: Side
    bucket: str
    key: str
    size: int


@functools.cache
def client(side: Side) -> t.Any:
    return boto3.client(
        "s3",
        endpoint_url=side.endpoint,
        aws_access_key_id=side.access_key,
        aws_secret_access_key=side.secret_key,
        region_name="us-east-1",
        config=Config(signature_version="s3v4", retries={"total_max_attempts": 1}),
    )


@functools.cache
def content(size: int) -> bytes:
    return os.urandom(size)


def presigned(job: Job) -> str:
    return client(job.side).generate_presigned_url(
        OPERATIONS[job.method], Params={"Bucket": job.bucket, "Key": job.key}
    )


def by_boto3(job: Job) -> None:
    s3 = client(job.side)
    if job.method == "PUT":
        s3.put_object(Bucket=job.bucket, Key=job.key, Body=content(job.size))
    else:
        s3.get_object(Bucket=job.bucket, Key=job.key)["Body"].read()


def by_sockets(job: Job) -> None:
    with connect(job.side) as connection:
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
            sys.exit(f"{job.method} {job.side.endpoint}/{job.bucket}/{job.key}: closed without an answer")
        answer += bytes(buffer[:size])
    headers, rest = answer.split(b"\r\n\r\n", 1)
    lines = headers.lower().split(b"\r\n")
    if b" 200 " not in lines[0]:
        sys.exit(f"{job.method} {job.side.endpoint}/{job.bucket}/{job.key}: {answer.decode(errors='replace')[:500]}")
    missing = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")) - len(rest)
    while missing > 0 and (size := connection.recv_into(buffer)):
        missing -= size
    if missing:
        sys.exit(f"{job.method} {job.side.endpoint}/{job.bucket}/{job.key}: {missing} bytes are missing")


def connect(side: Side) -> socket.socket:
    parts = urlsplit(side.endpoint)
    connection = socket.create_connection((parts.hostname, parts.port), timeout=120)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def large_objects(
    sides: dict[str, Side], bucket: str, move: t.Callable[[Job], None], megabytes: int, parallel: int, rounds: int
) -> Values:
    """MiB/s of each method and side, one value for each round; who goes first changes."""
    rates: Values = {}
    # spawned, since a fork would share the connections that this process holds
    with ProcessPoolExecutor(parallel, mp_context=multiprocessing.get_context("spawn")) as pool:
        for turn in range(rounds + 1):
            for method in ("PUT", "GET"):
                for name in in_turn(sides, turn):
                    keys = [f"large/{name}/{number}" for number in range(parallel)]
                    jobs = [Job(method, sides[name], bucket, key, megabytes * MIB) for key in keys]
                    started = time.monotonic()
                    list(pool.map(move, jobs))
                    taken = time.monotonic() - started
                    if turn:  # the first round warms up
                        rates.setdefault((method, name), []).append(megabytes * parallel / taken)
    return rates


def in_turn(sides: dict[str, Side], turn: int) -> list[str]:
    names = list(sides)
    first = turn % len(names)
    return names[first:] + names[:first]


def small_objects(sides: dict[str, Side], bucket: str, count: int) -> Values:
    """Milliseconds of each request for a 4 KiB object on a connection that is kept, one after the other."""
    times: Values = {}
    for method in ("PUT", "GET"):
        kept = {name: connect(side) for name, side in sides.items()}
        for number in range(count):
            for name in in_turn(sides, number):
                job = Job(method, sides[name], bucket, f"small/{name}/{number}", 4096)
                url = presigned(job)
                started = time.monotonic()
                exchange(kept[name], job, url)
                times.setdefault((method, name), []).append((time.monotonic() - started) * 1000)
        for connection in kept.values():
            connection.close()
    return times


def show(title: str, values: Values, targets: dict[str, float]) -> None:
    print(f"\n{title:<46}{'direct':>9}{'published':>11}{'gateway':>9}   {'of direct':<18}of published", flush=True)
    for method in ("GET", "PUT"):
        direct, published, gateway = (values[method, name] for name in ("direct", "published", "gateway"))
        medians = [statistics.median(each) for each in (direct, published, gateway)]
        ratios = f"{ratio(gateway, direct):<18}{ratio(gateway, published):<18}"
        wanted = f"target {targets[method]}" if method in targets else ""
        figures = "{:>9.1f}{:>11.1f}{:>9.1f}".format(*medians)
        print(f"  {method:<44}{figures}   {ratios}{wanted}".rstrip(), flush=True)


def ratio(values: list[float], others: list[float]) -> str:
    ratios = [value / other for value, other in zip(values, others, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return f"{middle:.2f} ({low:.2f}-{high:.2f})"


def network_of(container: t.Any) -> tuple[str, str]:
    """Name of its network, and its address there."""
    networks = container.attrs["NetworkSettings"]["Networks"]
    return next((name, network["IPAddress"]) for name, network in networks.items() if network["IPAddress"])


@contextlib.contextmanager
def published(model: t.Any) -> t.Iterator[Side]:
    """A second MinIO, like the given one, whose port Docker publishes on loopback."""
    access_key, secret_key = secrets.token_hex(8), secrets.token_hex(16)
    container = model.client.containers.run(
        model.image.id,
        ["1h", "minio", "server", "/data", "--address", ":9000"],
        entrypoint="timeout",
        name=f"benchmark-{secrets.token_hex(4)}",
        environment={"MINIO_ROOT_USER": access_key, "MINIO_ROOT_PASSWORD": secret_key},
        network=network_of(model)[0],
        ports={"9000/tcp": ("127.0.0.1", None)},
        volumes=["/data"],
        init=True,
        mem_limit=model.attrs["HostConfig"]["Memory"],
        cap_drop=["ALL"],
        security_opt=["no-new-privileges:true"],
        auto_remove=True,
        detach=True,
    )
    try:
        container.reload()
        port = container.ports["9000/tcp"][0]["HostPort"]
        yield Side(f"http://127.0.0.1:{port}", access_key, secret_key)
    finally:
        container.remove(force=True, v=True)


def make_bucket(side: Side, name: str) -> None:
    """The server may have been started a moment ago."""
    deadline = time.monotonic() + 60
    while True:
        try:
            client(side).create_bucket(Bucket=name)
        except (BotoCoreError, ClientError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return


def remove_bucket(side: Side, name: str) -> None:
    s3 = client(side)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name):
        for found in page.get("Contents", []):
            s3.delete_object(Bucket=name, Key=found["Key"])
    s3.delete_bucket(Bucket=name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", default="http://127.0.0.1:9000", help="S3 through the gateway (%(default)s)")
    parser.add_argument("--container", default="minio", help="the container of MinIO (%(default)s)")
    parser.add_argument("--megabytes", type=int, default=64, help="size of an object (%(default)s)")
    parser.add_argument("--parallel", type=int, default=4, help="transfers at a time (%(default)s)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds, of which the median counts (%(default)s)")
    parser.add_argument("--small", type=int, default=200, help="small objects (%(default)s)")
    options = parser.parse_args()

    minio = docker.from_env().containers.get(options.container)
    direct = Side(f"http://{network_of(minio)[1]}:9000")
    bucket = f"benchmark-{uuid.uuid4().hex[:12]}"
    load = f"{options.parallel} x {options.megabytes} MiB at a time"
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with published(minio) as other:
        make_bucket(other, bucket)
        make_bucket(direct, bucket)
        sides = {"direct": direct, "published": other, "gateway": Side(options.endpoint)}
        try:
            for name, move in (("bare sockets", by_sockets), ("boto3", by_boto3)):
                values = large_objects(sides, bucket, move, options.megabytes, options.parallel, options.rounds)
                show(f"MiB/s, {load}, {name}", values, TARGETS)
            show("milliseconds for 4 KiB, one after the other", small_objects(sides, bucket, options.small), {})
        finally:
            remove_bucket(direct, bucket)


if __name__ == "__main__":
    main()
