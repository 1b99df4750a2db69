"""What an image is named after: the name changes with all that is built in, and with nothing else."""

from __future__ import annotations

import pytest
from ansible_collections.repro.stack.plugins.lookup import image_reference


@pytest.fixture
def context(tmp_path, monkeypatch):
    monkeypatch.setattr(image_reference, "ROLES", tmp_path)
    options = {"set_options": lambda *_given, **_options: None, "get_option": lambda _lookup, _name: ""}
    for method, as_left_out in options.items():
        monkeypatch.setattr(image_reference.LookupModule, method, as_left_out)
    folder = tmp_path / "minio" / "files" / "image"
    (folder / "patches").mkdir(parents=True)
    (folder / "Dockerfile").write_text("COPY *.patch .\n")
    (folder / "fix.patch").write_text("-a\n+b\n")
    return folder


def name() -> str:
    return image_reference.LookupModule().run(["minio"])[0]


@pytest.mark.parametrize("moved", ["other.patch", "patches/fix.patch"])
def test_a_file_that_is_elsewhere_makes_another_image(context, moved):
    first = name()
    assert name() == first
    (context / "fix.patch").rename(context / moved)
    assert name() != first
    (context / moved).rename(context / "fix.patch")
    assert name() == first
