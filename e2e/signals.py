"""Ends a program that has its own service: on a signal or a timeout it cleans up first."""

import signal

INTERRUPTED = 130


def end_on_signal(seconds: int) -> None:
    """Let SIGTERM, and an alarm after some seconds, end this program as Ctrl-C does; ignore later signals."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)

    def end(number: int, _: object) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt(signal.Signals(number).name)

    for each in signals:
        signal.signal(each, end)
    signal.alarm(seconds)
