"""What holds for all tests."""

import signal

# A shell starts its background jobs with Ctrl-C ignored, and what they start inherits it; the tests send Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
