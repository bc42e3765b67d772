"""What the service is made of, as `make sbom` writes it and `make audit` asks about it."""

import json
import os
import subprocess
import sys
from pathlib import Path

from packaging.requirements import Requirement

REPOSITORY = Path(__file__).parents[3]


def test_the_bill_of_materials_lists_the_locked_packages(tmp_path: Path) -> None:
    written = tmp_path / "new" / "sbom.cdx.json"
    made = subprocess.run(  # noqa: S603  # our own Makefile
        ["/usr/bin/make", "--no-print-directory", "sbom", f"SBOM={written}"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert made.stdout.endswith(f"Written: {written}\n")
    assert made.stderr == ""
    bill = json.loads(written.read_text())
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == "activity-alerts"
    lines = (REPOSITORY / "requirements.txt").read_text().splitlines()
    locked = {Requirement(line.rstrip(" \\")).name for line in lines if line[:1].isalnum()}
    components = bill["components"]
    assert {component["name"] for component in components} == locked
    assert all(component["version"] and component["externalReferences"][0]["hashes"] for component in components)


def test_a_failed_audit_is_not_reported_as_clean() -> None:
    nowhere = {**os.environ, "https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
    for name in ("no_proxy", "NO_PROXY"):
        nowhere.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-m", "lib.install.audit"],
        cwd=REPOSITORY,
        env=nowhere,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.splitlines()[-1][:12]) == (2, "not audited:")
