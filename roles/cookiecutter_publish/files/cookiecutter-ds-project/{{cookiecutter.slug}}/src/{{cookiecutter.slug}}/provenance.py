"""Where a result comes from: Git, DVC's lock, the Python lock, the container, the machine."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote
from xml.etree import ElementTree

import yaml

from . import MODEL, PROJECT, Refused

LOCK = Path("dvc.lock")
# In an image, which has no repository: the commit that it was made of, then sha256sum's lines for its files. By the Dockerfile.
ARCHIVED = Path(".archived")
PATIENCE = 20


def git(*arguments: str, required: bool = False) -> str:
    """What the program says; where it fails nothing or, if it is required, why."""
    if not shutil.which("git"):
        raise Refused("There is no program git here, so nothing says which commit this is.")
    said = subprocess.run(["git", *arguments], capture_output=True, text=True)
    if required and said.returncode != 0:
        raise Refused(f"Git does not say which commit this is: {said.stderr.strip()}")
    return said.stdout.strip() if said.returncode == 0 else ""


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def stages(lock: Path = LOCK) -> dict[str, Any]:
    """Each stage with the hashes of what it read and wrote and the parameters it ran with."""
    return yaml.safe_load(lock.read_text())["stages"]


def outputs(lock: Path = LOCK) -> dict[str, str]:
    """The hash of every output of the pipeline, and of the data it starts from."""
    found = {}
    for stage in stages(lock).values():
        found |= {each["path"]: each["md5"] for each in stage.get("deps", []) if each["path"].startswith("data/")}
        found |= {each["path"]: each["md5"] for each in stage.get("outs", [])}
    return dict(sorted(found.items()))


def data_hash(hashes: dict[str, str]) -> str:
    """The hash of the raw data: DVC's own where it is one file or folder, else one over all of them."""
    raw = {path: value for path, value in hashes.items() if path.startswith("data/raw/")}
    if len(raw) == 1:
        return next(iter(raw.values()))
    return hashlib.md5("".join(f"{value}  {path}\n" for path, value in raw.items()).encode()).hexdigest()


def without_password(text: str) -> str:
    """Without the user and the password that an address in it may hold, whatever somebody put into a password."""
    return re.sub(r"(https?://)\S*@", r"\1", text)


def archived() -> dict[str, str]:
    """The commit of an image, and whether its files still are that commit's: none changed, none removed, no code added."""
    if not ARCHIVED.is_file():
        return {"git.commit": "", "git.dirty": "true"}
    commit, *lines = ARCHIVED.read_text().splitlines()
    told = {Path(name): digest for digest, name in (line.split(maxsplit=1) for line in lines)}
    here = {path for path in (LOCK, *Path("src").rglob("*.py")) if path.is_file()}
    same = here <= told.keys() and all(path.is_file() and sha256(path) == digest for path, digest in told.items())
    return {"git.commit": commit, "git.dirty": "false" if same else "true"}


def code() -> dict[str, str]:
    """The commit, and whether anything differs from it."""
    here = Path.cwd()
    if any((folder / ".git").exists() for folder in (here, *here.parents)):
        changed = git("status", "--porcelain", required=True)
        return {
            "git.commit": git("rev-parse", "HEAD"),
            "git.branch": git("branch", "--show-current"),
            "git.dirty": "true" if changed else "false",
            "git.repository": without_password(git("remote", "get-url", "origin")),
        }
    return archived()


def cpu() -> str:
    """The processor's name, since numerical libraries choose their code by it."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


def gpu() -> dict[str, str]:
    """Names, driver and CUDA version of NVIDIA's cards; nothing where there are none."""
    if not shutil.which("nvidia-smi"):
        return {}
    try:
        said = subprocess.run(["nvidia-smi", "-q", "-x"], capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return {"gpu.unknown": f"nvidia-smi did not answer within {PATIENCE} s"}
    if said.returncode != 0:
        return {"gpu.unknown": f"nvidia-smi ended with {said.returncode}"}
    machine = ElementTree.fromstring(said.stdout)
    return {
        "gpu.names": ", ".join(name.text or "" for name in machine.iter("product_name")),
        "gpu.driver": machine.findtext("driver_version", ""),
        "gpu.cuda": machine.findtext("cuda_version", ""),
    }


def tag_of(path: str) -> str:
    """The tag that names an output. MLflow refuses = or % in it, so these are :3D and :25 there."""
    return "dvc." + quote(path, safe="/ ").replace("~", "%7E").replace("%", ":")


def path_of(tag: str) -> str:
    return unquote(tag.removeprefix("dvc.").replace(":", "%"))


def tags() -> dict[str, str]:
    """All of it, as tags of a run."""
    hashes = outputs()
    found = {
        "project": PROJECT,
        **code(),
        "dvc.lock": sha256(LOCK),
        "data.hash": data_hash(hashes),
        **{tag_of(path): value for path, value in hashes.items()},
        "model.sha256": sha256(MODEL),
        "python.version": platform.python_version(),
        "python.lock": sha256(Path("uv.lock")) if Path("uv.lock").is_file() else "",
        "container.digest": os.environ.get("CONTAINER_IMAGE_DIGEST", ""),
        "machine.cpu": cpu(),
        **gpu(),
    }
    return {name: value for name, value in found.items() if value}
