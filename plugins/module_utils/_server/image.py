# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Building a container image with the engine's own builder."""

from __future__ import annotations

import collections
import re
import time
import typing as t
from pathlib import Path

from ansible_collections.repro.stack.plugins.module_utils._errors import StackError
from ansible_collections.repro.stack.plugins.module_utils._module import library
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Outcome

KEPT_LINES = 30
# Carried by the build stages of our contexts, which would stay behind as nameless images of gigabytes.
BUILD_STAGE = "repro.stack.stage=build"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def build(name: str, path: str, build_args: t.Mapping[str, str], progress_file: str) -> Outcome:
    """Build ``path`` as ``name``; raises StackError with the last lines of the log."""
    docker = library("docker")
    started = time.monotonic()
    progress = Path(progress_file)
    last: collections.deque[str] = collections.deque(maxlen=KEPT_LINES)
    step = "sending the context"
    engine = docker.from_env(timeout=3600)
    arguments = {key: str(value) for key, value in build_args.items()}
    for event in engine.api.build(path=path, tag=name, buildargs=arguments, rm=True, forcerm=True, decode=True):
        if "error" in event:
            log = "\n".join(last)
            raise StackError(f"The image {name} cannot be built ({step}): {event['error'].strip()}\n{log}")
        for line in filter(None, map(str.strip, COLOURS.sub("", event.get("stream", "")).splitlines())):
            last.append(line)
            if line.startswith("Step "):
                step = line
            _tell(progress, started, step, line)
    engine.images.prune(filters={"dangling": True, "label": BUILD_STAGE})
    made = engine.images.get(name)
    return Outcome(None, {"id": made.id, "seconds": round(time.monotonic() - started)}, changed=True)


def _tell(progress: Path, started: float, step: str, line: str) -> None:
    detail = "" if line == step else f" | {line[:80]}"
    scratch = progress.with_name(f".{progress.name}.new")
    scratch.write_text(f"{time.monotonic() - started:.0f} s, {step[:80]}{detail}\n")
    scratch.replace(progress)
