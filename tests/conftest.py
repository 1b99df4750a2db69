"""What every test of a module shares."""

from __future__ import annotations

from run_module import run_module

__all__ = ["run_module"]
