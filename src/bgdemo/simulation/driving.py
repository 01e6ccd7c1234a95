"""A caller lets the app run: on a thread of its own, which takes no part, and which watches those that do."""

from collections.abc import Callable

from bgdemo.simulation.baton import Baton
from bgdemo.simulation.calls import Call, Verdict

_GLANCE = 0.1
"""Real seconds between two looks at whether a participant still does something."""

_GRACE = 0.05
"""Real seconds in which a thread that takes no part may still wake somebody when all are stuck."""


def drive(baton: Baton, call: Call, is_idle: Callable[[Call, float], bool]) -> Verdict:
    """Let the app run, and return when the caller has the baton back.

    Args:
        baton: of the app.
        call: until when.
        is_idle: asked now and then, with the real seconds since; True gives up a participant that does nothing.
    """
    with baton.turn:
        with baton.mutex:
            if baton.over:
                return Verdict.OVER
            call.begin(baton.seconds)
            baton.call = call
            baton.count_anew()
            if baton.holder is None:
                baton.pass_on()
        try:
            while not call.lock.acquire(timeout=_GLANCE):
                if is_idle(call, _GLANCE) and _take_away(baton, call):
                    return Verdict.BLOCKED
            return _verdict(baton, call)
        finally:
            with baton.mutex:
                if baton.call is call:
                    baton.call = None


def _verdict(baton: Baton, call: Call) -> Verdict:
    while True:
        with baton.mutex:
            verdict, call.verdict = call.verdict, None
        assert verdict is not None, "a caller got the baton back without a verdict"
        if verdict is not Verdict.STUCK or not call.lock.acquire(timeout=_GRACE):
            return verdict


def _take_away(baton: Baton, call: Call) -> bool:
    with baton.mutex:
        culprit = baton.holder or next(iter(baton.lost), None)
        if baton.call is not call or culprit is None:
            return False
        baton.lost[culprit] = None
        call.culprit, baton.holder, baton.call = culprit, None, None
        return True
