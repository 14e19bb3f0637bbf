# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-test on a clone that may lie anywhere, with the package registry as its only source.

ansible-test wants the collection in a path that ends in ansible_collections/keylink/aws, amazon.aws in the same
root, and a script that brings pip into the environments that it makes. All three are put under .cache here,
which is also the home directory of the run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from ansible_test._internal.host_configs import NativePythonConfig
from ansible_test._internal.python_requirements import get_venv_packages

HERE = Path(__file__).resolve().parents[2]
CACHE = HERE / ".cache"
HOME = CACHE / "home"
COLLECTIONS = CACHE / "ansible_collections"
TREE = COLLECTIONS / "keylink" / "aws"
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"

GET_PIP = """\
import os, sys
wheel = os.path.join(os.path.dirname(os.path.abspath(__file__)), "{wheel}")
sys.path.insert(0, wheel)
from pip._internal.cli.main import main
ours = ("pip", "--no-setuptools", "--no-wheel")
sys.exit(main(["install", "--no-index", *[a for a in sys.argv[1:] if not a.startswith(ours)], wheel]))
"""


def main() -> int:
    command, *rest = sys.argv[1:]
    copy_tree()
    prepare_pip()
    environment = {**os.environ, "HOME": str(HOME), "ANSIBLE_COLLECTIONS_PATH": str(CACHE)}
    run = [str(Path(sys.executable).with_name("ansible-test")), command, "--local", "--python", VERSION, *rest]
    return subprocess.run(run, cwd=TREE, env=environment, check=False).returncode


def copy_tree() -> None:
    """What git has, or would take, of this working copy; and amazon.aws beside it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=HERE,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    shutil.rmtree(TREE, ignore_errors=True)
    for name in filter(None, listed):
        if (HERE / name).is_file():
            (TREE / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(HERE / name, TREE / name)
    # Without a repository of its own, ansible-test would ask the one around it, which ignores .cache.
    subprocess.run(["git", "init", "--quiet"], cwd=TREE, check=True)
    amazon = COLLECTIONS / "amazon"
    amazon.unlink(missing_ok=True)
    amazon.symlink_to(Path(sysconfig.get_path("purelib"), "ansible_collections", "amazon"))


def prepare_pip() -> None:
    """The pip that this ansible-test asks for, from the package registry, where ansible-test looks for it."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    version = get_venv_packages(NativePythonConfig(version=VERSION, path=sys.executable))["pip"]
    cache = HOME / ".ansible" / "test" / "cache"
    script = cache / f"get_pip_{version.replace('.', '_')}.py"
    if not script.exists():
        cache.mkdir(parents=True, exist_ok=True)
        subprocess.run([*pip, "download", "--quiet", "--no-deps", "--dest", cache, f"pip=={version}"], check=True)
        script.write_text(GET_PIP.format(wheel=next(cache.glob(f"pip-{version}-*.whl")).name), encoding="utf-8")
    # The run has a home of its own and passes no PIP_ variables on: hand the user's settings over as a file.
    settings = subprocess.run([*pip, "config", "list"], check=True, capture_output=True, text=True).stdout
    lines = [line.partition("=") for line in settings.splitlines()]
    values = {"quiet": "1"} | {name.rpartition(".")[2]: value.strip("'\"") for name, equals, value in lines if equals}
    file = HOME / ".config" / "pip" / "pip.conf"
    file.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{name} = {value}\n".replace("\\n", "\n    ") for name, value in values.items())
    file.write_text(f"[global]\n{text}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
