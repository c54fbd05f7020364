"""docs/quality.md from what benchmarks/regret.py has measured."""

from __future__ import annotations

