"""What the service is made of, as `make sbom` writes it."""

import json
import subprocess
from pathlib import Path

from packaging.requirements import Requirement

REPOSITORY = Path(__file__).parents[3]


def test_the_bill_of_materials_names_the_lock(tmp_path: Path) -> None:
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
