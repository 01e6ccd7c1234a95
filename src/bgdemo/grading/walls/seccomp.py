"""Linux's seccomp: calls of the kernel that no answer needs, and that lead out of its process, are refused."""

import ctypes
import errno
import os
import platform
import sys
from collections.abc import Iterable, Iterator

Instruction = tuple[int, int, int, int]
"""Code, jump if true, jump if false, constant: of the kernel's packet filters."""

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
"""Where a filter finds what is called."""
_OTHER_ABI = 0x40000000
_SET_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER = 38, 22, 2

_MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""The kernel's name for a machine, and the column of its numbers below."""

_REFUSED = {
    "socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201),
    "sendmsg": (46, 211), "sendmmsg": (307, 269),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438), "userfaultfd": (323, 282), "perf_event_open": (298, 241), "bpf": (321, 280),
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430), "mount_setattr": (442, 442),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "semget": (64, 190),
    "msgget": (68, 186), "mq_open": (240, 180), "truncate": (76, 45),
}  # fmt: skip
"""The network; other processes' memory; other roots; what stays when a process has ended, and is in no folder; and
what Landlock lets through before its version 3."""

_PRETENDED = {
    "chmod": (90, None), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, None), "lchown": (94, None),
    "fchownat": (260, 54), "utime": (132, None), "utimes": (235, None), "futimesat": (261, None),
    "utimensat": (280, 88), "setxattr": (188, 5), "lsetxattr": (189, 6), "removexattr": (197, 14),
    "lremovexattr": (198, 15),
}  # fmt: skip
"""Said to be done, and not done: Landlock lets them through for any file of the same user, and copying a file asks
for them."""

_FALLOCATE, _CLONE, _CLONE3, _SENDTO, _IOCTL = (285, 47), (56, 220), (435, 435), (44, 206), (16, 29)
_NEW_NAMESPACES = 0x7E020000
_TYPE_FOR_ANOTHER = 0x5412

_OF_A_PROCESS = {
    "prlimit": (302, 261, 0), "setpriority": (141, 140, 1), "sched_setaffinity": (203, 122, 0),
    "sched_setscheduler": (144, 119, 0), "sched_setattr": (314, 274, 0), "ioprio_set": (251, 30, 1),
}  # fmt: skip
"""Refused for any process but the one that calls, which is 0; with the place of the argument that names it."""

_SIGNALS = {"kill": (62, 129), "tgkill": (234, 131), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240)}
_SIGNALS_TO_ANY = {"tkill": (200, 130), "pidfd_send_signal": (424, 424)}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def restrict(*, signals: bool) -> bool:
    """Refuse such calls to this process and to all that it will start.

    Args:
        signals: refuse to signal any other process, too, which Landlock cannot do before its version 6.

    Returns:
        False where it cannot be done.
    """
    if sys.platform != "linux" or platform.machine() not in _MACHINES:
        return False
    architecture, column = _MACHINES[platform.machine()]
    own = os.getpid() if signals else None
    content = b"".join(
        code.to_bytes(2, sys.byteorder) + bytes([yes, no]) + constant.to_bytes(4, sys.byteorder)
        for code, yes, no, constant in _filter(architecture, column, own)
    )
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    program = _Program(len(content) // 8, content)
    return bool(libc.prctl(_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) == 0)


def _filter(architecture: int, column: int, own: int | None) -> Iterator[Instruction]:
    yield from [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, architecture), _refuse(errno.ENOSYS)]
    yield from [(_LOAD, 0, 0, _NUMBER), (_AT_LEAST, 0, 1, _OTHER_ABI), _refuse(errno.ENOSYS)]
    for numbers in _REFUSED.values():
        yield from _where(numbers[column], [_refuse(errno.EACCES)])
    for number in (numbers[column] for numbers in _PRETENDED.values()):
        yield from _where(number, [_refuse(0)]) if number is not None else ()
    yield from _where(_FALLOCATE[column], [_refuse(errno.EOPNOTSUPP)])  # the C library writes the file then, countably
    yield from _where(_CLONE3[column], [_refuse(errno.ENOSYS)])  # it calls clone then, whose flags can be seen
    yield from _where(_CLONE[column], [_argument(0), (_ANY_BIT, 0, 1, _NEW_NAMESPACES), *_refuse_or_allow()])
    yield from _where(_IOCTL[column], [_argument(1), (_EQUAL, 0, 1, _TYPE_FOR_ANOTHER), *_refuse_or_allow()])
    address = [_argument(4), (_EQUAL, 0, 2, 0), _argument(4, upper=True), (_EQUAL, 1, 0, 0)]
    yield from _where(_SENDTO[column], [*address, *_refuse_or_allow()])
    for *process, place in _OF_A_PROCESS.values():
        yield from _where(process[column], _unless(place, 0))
    if own is not None:
        for numbers in _SIGNALS.values():
            yield from _where(numbers[column], _unless(0, own))
        for numbers in _SIGNALS_TO_ANY.values():
            yield from _where(numbers[column], [_refuse(errno.EPERM)])
    yield _RETURN, 0, 0, _ALLOW


def _where(number: int, then: Iterable[Instruction]) -> Iterator[Instruction]:
    """Instructions for one call of the kernel, which end in a verdict; all others pass them by."""
    instructions = list(then)
    yield _EQUAL, 0, len(instructions), number
    yield from instructions


def _unless(place: int, value: int) -> list[Instruction]:
    return [_argument(place), (_EQUAL, 1, 0, value), *_refuse_or_allow()]


def _argument(place: int, *, upper: bool = False) -> Instruction:
    return _LOAD, 0, 0, _ARGUMENTS + 8 * place + 4 * upper


def _refuse_or_allow() -> list[Instruction]:
    return [_refuse(errno.EPERM), (_RETURN, 0, 0, _ALLOW)]


def _refuse(number: int) -> Instruction:
    return _RETURN, 0, 0, _ERROR | number
