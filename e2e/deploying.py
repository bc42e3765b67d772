"""Does what docs/deploy.md shows, word for word, on a copy of this machine: its `sh` blocks in order, in one shell.

Then somebody sets up an account by the link that the page's command has printed (e2e/first_sign_in.py).
`python -m e2e.deploying`, as root on Debian, from the top of a checkout; its HEAD is what gets installed. The copy is
an overlay in memory with process and mount namespaces of its own: accounts, packages, services and files vanish with
it. What the page takes for granted is in PRELUDE. The ports that the page names must be free. The blocks marked `bash`
are for compose, which needs an engine for containers.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

PAGE = Path("docs/deploy.md")
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
MAX_WAIT = 900  # seconds, for all of it
# Mounts the overlay $1, with the checkout $2 in it, and does the commands $3 there.
MACHINE = """
set -e
mount -t tmpfs -o size=2g tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
git clone --quiet "$2" "$1/root/srv/checkout"
mount --rbind /dev "$1/root/dev"
mount -t proc proc "$1/root/proc"
mount -t tmpfs -o mode=755 tmpfs "$1/root/run"
mount -t tmpfs -o mode=1777 tmpfs "$1/root/tmp"
exec chroot "$1/root" /bin/bash -e -o pipefail -c "$3"
"""
# The stand-in for systemd supports neither templates nor this type of unit.
SYSTEMCTL = r"""#!/bin/sh
cd /etc/systemd/system
for word; do
    case $word in
        daemon-reload) sed -i "s/^Type=exec/Type=simple/" *.service; exit 0 ;;
        *@*) sed "s/%i/${word#*@}/g" "${word%@*}@.service" > "${word%.service}.service" ;;
    esac
done
exec python3 /tmp/unpacked/usr/bin/systemctl "$@"
"""
# What a machine with an administrator has: sudo, a name and its certificate, and a systemd, for which a program stands
# in that reads the same units. PostgreSQL is started by its installation, where there is a systemd to start it.
PRELUDE = """
export DEBIAN_FRONTEND=noninteractive PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
unset ${!PG*} DATABASE_URL ENV ACCESS HOST PORT
printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d
quietly() { "$@" > /tmp/said 2>&1 || { cat /tmp/said; return 1; }; }
quietly apt-get update
quietly apt-get install -y --no-install-recommends sudo openssl curl git postgresql
(cd /tmp && quietly apt-get download systemctl && dpkg -x systemctl_*.deb unpacked)
printf '%s' "$SYSTEMCTL" > /usr/local/bin/systemctl && chmod 755 /usr/local/bin/systemctl
mkdir -p /run/lock /run/postgresql && chown postgres /run/postgresql
major=$(ls /etc/postgresql | sort -n | tail -1)
pg_ctlcluster "$major" main start
install -d -m 700 /etc/nginx/tls
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=alerts.example.com \\
  -addext subjectAltName=DNS:alerts.example.com \\
  -keyout /etc/nginx/tls/privkey.pem -out /etc/nginx/tls/fullchain.pem 2> /dev/null
echo '127.0.0.1 alerts.example.com' >> /etc/hosts
export CURL_CA_BUNDLE=/etc/nginx/tls/fullchain.pem
curl() { command curl --silent --show-error --fail-with-body "$@"; } # a refusal fails here, too
cd /srv/checkout
set -v
"""
# What the page promises about the console, after its last block.
AFTERWARDS = """
/opt/activity-alerts/current/.venv/bin/python /srv/checkout/e2e/first_sign_in.py "$LINK" http://127.0.0.1:5001 "$KEY"
"""


def blocks() -> list[str]:
    """Return the blocks of commands that the page shows for a host."""
    return BLOCK.findall(PAGE.read_text(encoding="utf-8"))


def missing() -> str | None:
    """Return what this machine lacks, or None."""
    if os.geteuid() != 0:
        return "only root can make a machine to install on: sudo make deploy.check"
    if not Path("/etc/debian_version").exists():
        return "the page is written for Debian and its like: run this on one"
    if shutil.which("unshare") is None:
        return "there is no unshare here: apt install util-linux"
    return None


def main() -> int:
    """Install, use and upgrade the service as the page says: 0 when every line of it worked."""
    console = Console(stderr=True, highlight=False)
    lack = missing()
    if lack is not None:
        console.print(lack, style="red")
        return 1
    folder = Path(tempfile.mkdtemp(prefix="machine-"))
    namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
    commands = f"SYSTEMCTL={shlex.quote(SYSTEMCTL)}\n" + PRELUDE + "\n".join(blocks()) + AFTERWARDS
    try:
        done = subprocess.run(  # noqa: S603 - ours
            [*namespaces, "/bin/bash", "-c", MACHINE, "bash", str(folder), str(Path.cwd()), commands],
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=MAX_WAIT,
        )
    finally:
        folder.rmdir()
    if done.returncode != 0:
        console.print(f"Ended with status {done.returncode}. Mend {PAGE} or what it describes.", style="red")
        return 1
    console.print(f"{PAGE} does as it says.", style="green")
    return 0


if __name__ == "__main__":
    sys.exit(main())
