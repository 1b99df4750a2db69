"""The server is still as blank after a dry run as it was before."""

from __future__ import annotations


def test_nothing_was_installed(host):
    assert not host.exists("docker")
    assert not host.file("/opt/repro").exists
    assert host.file("/srv").listdir() == []


def test_no_file_was_written(host):
    # Logs, and what Ansible needs to work at all, may change.
    changing = ["/var/log/*", "/var/lib/systemd/*", "*/.ansible*"]
    apart = " ".join(f"-not -path '{path}'" for path in changing)
    assert host.check_output(f"find / -xdev -type f -newercm /run/blank {apart}") == ""
