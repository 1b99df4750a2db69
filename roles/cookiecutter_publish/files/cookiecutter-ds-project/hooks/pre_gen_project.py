"""Refuse a slug that could not be a folder, a prefix in the object store and a Python package at once."""

from __future__ import annotations

import json
import keyword
import re
import sys

SLUG = json.loads(r""" {{ cookiecutter.slug | tojson }} """)
LONGEST = 40
# What packages are imported as where that is not their own name, which the hook after this one knows.
TAKEN = {"antlr4", "attr", "boto3", "databricks", "dateutil", "dotenv", "flufl", "git", "google", "hydra", "jupyter"}
TAKEN |= {"markdown_it", "mlflow", "mpl_toolkits", "opentelemetry", "public", "py", "pylab", "rpds", "ruamel"}
TAKEN |= {"sklearn", "validate", "yaml", "zc"}
# The project's own folders, and what its tests import.
TAKEN |= {"adr", "ci", "conftest", "data", "deploy", "docs", "models", "reports", "src", "tests"}


def fault(slug: str) -> str | None:
    if not re.fullmatch(r"[a-z]([a-z0-9_]*[a-z0-9])?", slug):
        return "it must begin with a letter a-z, hold nothing but a-z, 0-9 and _, and not end with _"
    if len(slug) > LONGEST:
        return f"it has {len(slug)} characters, and {LONGEST} are the most"
    if keyword.iskeyword(slug) or keyword.issoftkeyword(slug):
        return "it is a word of the Python language, and so no name for a package"
    if slug in sys.stdlib_module_names:
        return "it is the name of a module of Python's own library, which the project would hide"
    if slug in TAKEN:
        return "it is the name of a package or folder that the project uses itself"
    return None


reason = fault(SLUG)
if reason:
    sys.exit(f"The slug {SLUG!r} cannot be used: {reason}. Start again with another slug.")
