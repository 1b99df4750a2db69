"""Only the gateway can be reached, and only from the server itself."""

from __future__ import annotations

import socket

import pytest


def test_nothing_listens_beyond_loopback(host):
    listening = [line.split()[3] for line in host.check_output("ss -Hltn").splitlines()]
    assert [address for address in listening if not address.startswith(("127.0.0.", "[::1]"))] == []


def test_only_the_gateway_publishes_ports(containers):
    bound = {each["Name"]: each["HostConfig"]["PortBindings"] for each in containers}
    published = {name: ports for name, ports in bound.items() if ports}
    assert published == {
        "/gateway": {
            "9000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "9000"}],
            "5000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "5000"}],
            "3000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "3000"}],
        }
    }


@pytest.mark.parametrize("port", [9000, 9001, 5000, 3000, 5432])
def test_another_machine_is_refused(host, port):
    (address,) = (each for each in host.interface("eth0").addresses if "." in each)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address, port), timeout=5)
