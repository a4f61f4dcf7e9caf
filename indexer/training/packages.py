"""Pinned packages of npm and Debian: how they are fetched, compared with their recorded digest, and unpacked.

Every package comes through its ordinary client. What is there already is not fetched again, and a folder appears whole
or not at all, so that its presence is proof enough.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tarfile
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import IndexerError

_LAST_LINES = 20


class PackageError(IndexerError):
    """A package could not be fetched, is not the recorded one, or could not be used."""

    code = "package_unavailable"


@dataclass(frozen=True)
class Package:
    """A pinned package; `sha256` is of the archive as the registry serves it, `licence` of its pictures.

    `file` is the path of one picture inside, with `{}` for its name, where all lie in one folder.
    """

    source: str
    name: str
    version: str
    sha256: str
    file: str = ""
    licence: str = ""
    debian: bool = False

    def folder(self, cache: Path) -> Path:
        """Where the package is unpacked."""
        return cache / "packages" / re.sub(r"[^a-z0-9.+-]+", "-", f"{self.name}-{self.version}").strip("-")


def fetch(package: Package, cache: Path, is_kept: Callable[[str], bool]) -> Path:
    """Download, verify and unpack one package unless it is there; returns its folder. Raises PackageError.

    `is_kept` tells by a file's path inside the package whether it is unpacked; links never are.
    """
    folder = package.folder(cache)
    if folder.is_dir():
        return folder
    downloads = _fresh(folder.with_name(f"{folder.name}.download"))
    if package.debian:
        run("apt-get", "download", "-qq", f"{package.name}={package.version}", cwd=downloads)
    else:
        run("npm", "pack", "--loglevel=error", f"{package.name}@{package.version}", cwd=downloads)
    (archive,) = downloads.iterdir()
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != package.sha256:
        raise PackageError(f"{package.name} {package.version} has the digest {digest}, not {package.sha256}")
    unpacked = _fresh(folder.with_name(f"{folder.name}.partial"))
    if package.debian:
        whole = _fresh(downloads / "whole")
        run("dpkg-deb", "-x", str(archive), str(whole), cwd=downloads)
        _move(whole, unpacked, is_kept)
    else:
        with tarfile.open(archive) as tar:
            tar.extractall(unpacked, [item for item in tar if item.isfile() and is_kept(item.name)], filter="data")
    unpacked.rename(folder)
    shutil.rmtree(downloads)
    return folder


def install(folder: Path, wanted: Sequence[str]) -> Path:
    """Install npm packages (`name@version`), without their scripts, unless the folder is there; returns it."""
    if not folder.is_dir():
        partial = _fresh(folder.with_name(f"{folder.name}.partial"))
        options = ("--ignore-scripts", "--no-audit", "--no-fund", "--save-exact", "--loglevel=error")
        run("npm", "install", "--prefix", ".", *options, *wanted, cwd=partial)
        partial.rename(folder)
    return folder


def run(*command: str, cwd: Path, on_line: Callable[[], None] = lambda: None) -> str:
    """Run a command and return what it prints, telling of every line; raise PackageError with the last if it fails."""
    lines: list[str] = []
    try:
        with subprocess.Popen(  # noqa: S603 (the commands are this project's own)
            command, cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            for line in process.stdout or ():
                lines.append(line)
                on_line()
    except FileNotFoundError as error:
        raise PackageError(f"{command[0]} is not installed") from error
    if process.returncode:
        last = "".join(deque(lines, maxlen=_LAST_LINES)).strip()
        raise PackageError(f"{' '.join(command[:4])} failed: {last}")
    return "".join(lines)


def _move(whole: Path, target: Path, is_kept: Callable[[str], bool]) -> None:
    for path in sorted(whole.rglob("*")):
        name = path.relative_to(whole)
        if path.is_file() and not path.is_symlink() and is_kept(name.as_posix()):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            path.rename(target / name)


def _fresh(folder: Path) -> Path:
    """Make an empty folder, dropping what an interrupted run left there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
