"""A caller lets the app run: on a thread of its own, which takes no part, and which watches those that do."""

from collections.abc import Callable

from bgdemo.simulation.baton import Baton, here
from bgdemo.simulation.calls import Call, CallEnd

_GLANCE = 0.1
"""Real seconds between two looks at whether a participant still does something."""

_GRACE = 0.05
"""Real seconds in which a thread that takes no part may still wake somebody when all are stuck."""


def drive(baton: Baton, call: Call, is_idle: Callable[[Call, float], bool]) -> CallEnd:
    """Let the app run, and return when the caller has the baton back.

    Args:
        baton: of the app.
        call: until when.
        is_idle: asked now and then, with the real seconds since; True gives up a participant that does nothing.
    """
    me = here()
    if me is None:
        return _drive(baton, call, is_idle)
    me.calls += 1
    try:
        return _drive(baton, call, is_idle)
    finally:
        me.calls -= 1


def _drive(baton: Baton, call: Call, is_idle: Callable[[Call, float], bool]) -> CallEnd:
    with baton.turn:
        with baton.mutex:
            if baton.closed:
                return CallEnd.CLOSED
            call.begin(baton.seconds)
            baton.call = call
            baton.count_anew()
            if baton.holder is None:
                baton.pass_on()
        try:
            return _result(baton, call, is_idle)
        finally:
            with baton.mutex:
                if baton.call is call:
                    baton.call = None


def _result(baton: Baton, call: Call, is_idle: Callable[[Call, float], bool]) -> CallEnd:
    stuck = False
    while True:
        if call.lock.acquire(timeout=_GRACE if stuck else _GLANCE):
            with baton.mutex:
                how, call.how = call.how, None
            assert how is not None, "a caller got the baton back without a reason"
            if how is not CallEnd.STUCK:
                return how
            stuck = True
        elif stuck and baton.holder is None:
            return CallEnd.STUCK
        else:
            stuck = False
            if is_idle(call, _GLANCE) and _take_away(baton, call):
                return CallEnd.BLOCKED


def _take_away(baton: Baton, call: Call) -> bool:
    with baton.mutex:
        culprit = baton.holder or next(iter(baton.lost), None)
        if baton.call is not call or culprit is None:
            return False
        baton.lost[culprit] = None
        call.culprit, baton.holder, baton.call = culprit, None, None
        return True
