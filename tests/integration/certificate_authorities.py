"""Certificate authorities for tests, and the certificates that they sign; nothing else trusts them."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


@dataclass(frozen=True, slots=True)
class Certified:
    """A server's certificate and its key."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority in its own folder; clients that trust it trust `certificate`."""

    folder: Path

    @property
    def certificate(self) -> Path:
        return self.folder / "ca.pem"

    def certify(self, name: str) -> Certified:
        """Make a certificate for a host of that name: `localhost`, and no address."""
        key, request, certificate = (self.folder / f"{name}.{end}" for end in ("key", "csr", "pem"))
        openssl("req", *KEY, "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        (self.folder / "names").write_text(f"subjectAltName=DNS:{name}\n")
        authority: list[str | Path] = [
            "-CA",
            self.certificate,
            "-CAkey",
            self.folder / "ca.key",
            "-CAcreateserial",
            "-days",
            "2",
        ]
        openssl("x509", "-req", "-in", request, "-out", certificate, *authority, "-extfile", self.folder / "names")
        key.chmod(0o600)
        return Certified(certificate, key)


def new_authority(folder: Path) -> Authority:
    folder.mkdir()
    openssl(
        "req", "-x509", *KEY, "-subj", "/CN=test", "-days", "2", "-keyout", folder / "ca.key", "-out", folder / "ca.pem"
    )
    return Authority(folder)


def openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)  # noqa: S603, S607
