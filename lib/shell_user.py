"""Who types a command: the system's user and machine, for an audit."""

import os
import pwd
import socket


def shell_user() -> str:
    """Return who runs this program, such as `ann@alerts-1`; behind sudo also who called it: `ann as activity@alerts-1`.

    Nobody proves it: whoever may write the environment or has the account may be anybody. It tells colleagues apart.
    """
    user, caller = _account(), os.environ.get("SUDO_USER", "")
    who = f"{caller} as {user}" if caller and caller != user else user
    return "".join(each for each in f"{who}@{socket.gethostname()}" if each.isprintable())[:200]


def _account() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())  # in a container, most accounts have no name
