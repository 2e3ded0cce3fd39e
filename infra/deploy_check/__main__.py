#!/usr/bin/env python3
"""Deploys the template, with the compiled functions, to an emulator on this machine, and sees orders through it.

    python infra/deploy_check --binaries DIR --sam PROGRAM --emulator PROGRAM --faults PROGRAM

Everything listens on this machine alone and ends with the check. `.ci/run deploy` calls it with what it installed.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import processes as local  # noqa: E402
from cloud import Cloud  # noqa: E402
from recorder import Recorder  # noqa: E402
from story import Story  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]

NOT_PROVED = [
    "schema registry and gradual deployment (the emulator has neither; both stand behind a parameter)",
    "alarms that ring, the dashboard, encryption, backups, TLS-only policies, log retention at work",
    "Shopify's partner bus (no partner source can be made; its event is handed to the binary by functions/tests)",
    "the doors' throttling, and the refusal of a refresh token that was replaced (the shops here have none)",
    "arm64 (the code is the same; the binaries here are for this machine)",
    "the deletion of the table's data: the table is kept by the template",
]


def lay_out(folder, binaries):
    """The template beside its code, as a build leaves it: `target/lambda/<function>/bootstrap`."""
    shutil.copy(ROOT / "template.yaml", folder)
    for source in sorted((ROOT / "functions/src/bin").glob("*.rs")):
        place = folder / "target/lambda" / source.stem
        place.mkdir(parents=True)
        bootstrap = place / "bootstrap"
        shutil.copy(binaries / source.stem, bootstrap)
        subprocess.run(["strip", str(bootstrap)], check=True)
        bootstrap.chmod(0o755)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("binaries", "sam", "emulator", "faults"):
        parser.add_argument(f"--{name}", required=True, type=pathlib.Path)
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs")
    arguments = parser.parse_args()
    began = time.monotonic()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-deploy-"))
    running = local.Processes(folder)
    emulator, recorded, faults, behind = (local.free_port() for _ in range(4))
    recorder = None
    try:
        lay_out(folder, arguments.binaries)
        recorder = Recorder(recorded, f"http://127.0.0.1:{emulator}", behind)
        local.start_emulator(running, arguments.emulator, emulator, f"http://127.0.0.1:{recorded}")
        local.start_faults(running, arguments.faults, faults, f"http://127.0.0.1:{behind}")
        amazon = local.start_sandbox(running, "amazon", arguments.binaries / "weir-amazon")
        shopify = local.start_sandbox(running, "shopify", arguments.binaries / "weir-shopify")
        bigcommerce = local.start_sandbox(running, "bigcommerce", arguments.binaries / "weir-bigcommerce")
        cloud = Cloud(emulator, arguments.sam, folder)
        Story(cloud, recorder, (amazon, shopify, bigcommerce), f"http://127.0.0.1:{faults}").tell()
        print("\nnot proved here:")
        print("\n".join(f"  {line}" for line in NOT_PROVED))
        print(f"\ndeploy check passed in {time.monotonic() - began:.0f} s")
        return 0
    except Exception:
        traceback.print_exc()
        print(f"\ndeploy check FAILED after {time.monotonic() - began:.0f} s; logs in {folder}")
        arguments.keep = True
        return 1
    finally:
        if recorder:
            recorder.close()
        running.end()
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
