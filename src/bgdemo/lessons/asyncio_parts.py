"""Notebook 06: where the parts of asyncio come from, and what a task costs: asked before a patch, and after it."""

import asyncio
import time


def parts() -> dict[str, str]:
    loop, policy = type(asyncio.get_running_loop()), type(asyncio.get_event_loop_policy())
    names = ("Task", "Future", "run", "get_event_loop")
    found = {f"asyncio.{name}": getattr(asyncio, name) for name in names}
    for name in ("run_until_complete", "run_forever", "_run_once", "_check_running"):
        found[f"loop.{name}"] = getattr(loop, name)
    found["policy.get_event_loop"] = policy.get_event_loop
    return {name: part.__module__ for name, part in found.items()}


async def nothing() -> None:
    pass


async def seconds_for_tasks() -> float:
    rounds = []
    for _ in range(10):
        begun = time.perf_counter()
        for _ in range(2_000):
            await asyncio.create_task(nothing())
        rounds.append(time.perf_counter() - begun)
    return min(rounds)  # the round that was disturbed least
