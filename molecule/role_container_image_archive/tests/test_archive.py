"""All images came from the archives."""

from __future__ import annotations


def test_the_server_has_no_network(host):
    assert not host.interface("eth0").exists
    assert host.check_output("ip route show default") == ""


def test_every_image_is_one_of_the_archives(host, engine):
    archives = host.file("/var/lib/repro-stack/images").listdir()
    images = [tag for each in engine("/images/json") for tag in each["RepoTags"] or []]
    assert images != []
    assert {tag.removeprefix("repro-stack/").replace(":", "-") + ".tar" for tag in images} == set(archives)
