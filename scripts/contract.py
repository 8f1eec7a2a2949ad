"""Builds `localloop/contract/data` from Twilio's OpenAPI documents: `uv run python scripts/contract.py FOLDER|--npm`.

The documents come with the npm package `@twilio/cli-core`; `--npm` fetches it with `npm pack`. A new release of
Twilio's API is this command and a diff to read.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from localloop.contract import files
from localloop.contract.derive import assemble, patches

PACKAGE = "@twilio/cli-core"
INSIDE_PACKAGE = Path("package/src/services/twilio-api")
CONTRACT = Path(__file__).resolve().parent.parent / "localloop" / "contract"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("documents", nargs="?", type=Path, help="folder with the twilio_*.json documents")
    parser.add_argument(
        "--npm", action="store_true", help=f"take the documents from the npm package {PACKAGE}"
    )
    given = parser.parse_args()
    if given.npm == (given.documents is not None):
        parser.error("give a folder of documents, or --npm")
    with tempfile.TemporaryDirectory() as scratch:
        return build(_from_npm(Path(scratch)) if given.npm else given.documents)


def _from_npm(scratch: Path) -> Path:
    subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=scratch, check=True, timeout=300)
    archive = next(scratch.glob("*.tgz"))
    with tarfile.open(archive) as packed:
        packed.extractall(scratch, filter="data")
    return scratch / INSIDE_PACKAGE


def build(documents: Path) -> int:
    corrections = patches.read(CONTRACT / "patches")
    apis = assemble.derive(documents, corrections)
    unspent = corrections.unspent()
    for patch in unspent:
        about = [*patch.resources, *patch.kinds, *patch.paths, *patch.operations]
        print(f"corrects nothing any more: {', '.join(about)}: {patch.reason}", file=sys.stderr)
    if unspent:
        return 1
    data = CONTRACT / "data"
    written = {f"{api.prefix}.json": files.write(api) for api in apis}
    for stale in {file.name for file in data.glob("*.json")} - written.keys():
        (data / stale).unlink()
    for name, content in written.items():
        (data / name).write_bytes(content)
    print(f"{len(written)} APIs, {sum(map(len, written.values())) / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
