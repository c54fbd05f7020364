"""Work that may be done in any order, on several threads: noise is made of chunks that know nothing of each other."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import torch

_MOST = 4
"""Threads. A chunk holds Python's interpreter for about a fifth of its time: more would wait for each other."""


def each(work: Callable[..., None], jobs: Iterable[tuple[Any, ...]]) -> None:
    """Call work(*job) for every job, on as many threads as torch may use, this one among them; up to four."""
    left = deque(jobs)

    def help_out() -> None:
        while True:
            try:
                job = left.popleft()
            except IndexError:
                return
            work(*job)

    helpers = min(torch.get_num_threads(), _MOST, len(left)) - 1
    hired = [_pool(os.getpid()).submit(help_out) for _ in range(helpers)]
    try:
        help_out()
    finally:
        left.clear()  # if a job failed, no other is begun
        for helper in hired:
            if not helper.cancel():
                helper.result()


@lru_cache(maxsize=1)
def _pool(process: int) -> ThreadPoolExecutor:
    """The threads of this process: a fork begins without any."""
    return ThreadPoolExecutor(_MOST - 1, thread_name_prefix="sigmatic-noise")
