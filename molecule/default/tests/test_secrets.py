"""No secret is where somebody could read it who should not."""

from __future__ import annotations

import json
import urllib.parse

import pytest

USERS = {"gateway": 5004, "minio": 5002, "mlflow": 5003, "postgres": 5001}
SEARCH = ["grep", "-rslF", "--exclude=*.tar", "-f", "-"]
PLACES = ["/etc", "/home", "/opt", "/root", "/run"]


@pytest.fixture
def patterns(secrets) -> str:
    """Each secret as it is and as it stands in an address, one a line. A user's name is none."""
    plain = [value for name, value in secrets.items() if not name.endswith("_user")]
    return "\n".join(plain + [urllib.parse.quote(value, safe="") for value in plain])


def test_an_ordinary_user_finds_none(as_user, patterns):
    elsewhere = ["/srv", "/tmp", "/var"]  # noqa: S108 - looked into, not written to
    assert as_user("nobody", *SEARCH, *elsewhere, *PLACES, given=patterns) == ""


def test_files_with_secrets_are_for_their_service_alone(host, as_user, patterns):
    found = as_user("root", *SEARCH, *PLACES, given=patterns)
    assert "/opt/minio/root_password" in found.splitlines()
    for path in found.splitlines():
        file = host.file(path)
        assert (path, oct(file.mode), file.uid) == (path, "0o600", USERS.get(path.split("/")[2]))


def test_docker_inspect_shows_none(engine, containers, patterns):
    images = [engine(f"/images/{each['Id']}/json") for each in engine("/images/json")]
    shown = json.dumps([containers, images], ensure_ascii=False)
    assert [each for each in patterns.splitlines() if each in shown] == []


def test_no_process_was_given_one(host, as_user, patterns):
    processes = filter(str.isdigit, host.check_output("ls /proc").split())
    places = [f"/proc/{process}/{place}" for process in processes for place in ("cmdline", "environ")]
    assert as_user("root", "grep", "-slaF", "-f", "-", *places, given=patterns) == ""


def test_no_log_has_one(host, as_user, logs, patterns):
    said = host.check_output("journalctl --no-pager") + "".join(logs.values())
    assert [line[:100] for line in said.splitlines() if any(each in line for each in patterns.splitlines())] == []
    assert as_user("root", *SEARCH, "/var/log", given=patterns) == ""


def test_directories_are_closed(host):
    there = [service for service in USERS if host.file(f"/opt/{service}").exists]
    assert "minio" in there
    for service in there:
        assert host.file(f"/opt/{service}").uid == USERS[service]
        assert host.check_output("find /opt/%s -type f -perm /077", service) == ""
    for path in ("/srv/minio", "/srv/postgres"):
        assert not host.file(path).exists or host.file(path).mode & 0o007 == 0
