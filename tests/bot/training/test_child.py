"""The training process beside the bot."""

import json
import sys

import psutil
import pytest

from bot.training.child import TrainingLimits, train_in_child

LIMITS = TrainingLimits(seconds=60, memory_mb=2000, min_labels=1)
_SAYS_ITS_PRIORITY = """
import json, sys, psutil
sys.stdin.readline()
result = {"version": "v", "promote": False, "reason": "", "evidence": psutil.Process().nice()}
print(json.dumps({"result": result}))
"""


@pytest.mark.skipif(psutil.WINDOWS, reason="priorities are numbers on Unix")
async def test_training_gives_way_to_everything_else() -> None:
    async def on_step(step: dict[str, object]) -> None:
        pytest.fail(json.dumps(step))

    last = await train_in_child([sys.executable, "-c", _SAYS_ITS_PRIORITY], {}, LIMITS, on_step)
    assert last["result"]["evidence"] == 15 > psutil.Process().nice()
