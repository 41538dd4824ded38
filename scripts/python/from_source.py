"""Builds the wheel of a checkout, for `pip install .` and for pre-commit: maturin's backend, with Z3 fetched first.

scripts/bootstrap puts the pinned libz3 where the linker looks for it; the wheel gets it in its data folder, so that the
installed program finds it in `../lib`. scripts/release packs a program that is built already, and needs none of this.
"""

import shutil
import subprocess
from pathlib import Path

import maturin
from maturin import get_requires_for_build_sdist, get_requires_for_build_wheel  # noqa: F401

ROOT = Path(__file__).resolve().parent.parent.parent


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    subprocess.run([str(ROOT / "scripts/bootstrap")], check=True)
    library = ROOT / "target/wheel/data/lib"
    shutil.rmtree(library.parent.parent, ignore_errors=True)
    library.mkdir(parents=True)
    # The library under the name by which the program asks for it.
    found = sorted(path for path in (ROOT / "third_party/z3/lib").iterdir() if ".so." in path.name or path.suffix == ".dylib")
    shutil.copy(found[-1], library)
    return maturin.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory, config_settings=None):
    return maturin.build_sdist(sdist_directory, config_settings)
