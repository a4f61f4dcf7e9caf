"""The pinned packages that the evaluation pictures come from, and how they are fetched and unpacked.

Every package comes through its ordinary client, is compared with its recorded digest, and only the kinds of files that
are looked at are unpacked. What is there already is not fetched again.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

KEPT = (".png", ".cfg", ".txt", "icons.json", "package.json", "LICENSE", "copyright")


class PackageError(Exception):
    """A package could not be fetched, or is not the recorded one."""


@dataclass(frozen=True)
class Package:
    """A pinned package of npm or Debian; `sha256` is of the archive, `licence` of its pictures."""

    source: str
    name: str
    version: str
    sha256: str
    licence: str
    debian: bool = False

    def folder(self, cache: Path) -> Path:
        """Where the package is unpacked."""
        return cache / "packages" / re.sub(r"[^a-z0-9.+-]+", "-", f"{self.name}-{self.version}").strip("-")


# fmt: off
PACKAGES = {
    package.source: package
    for package in (
        Package(
            "openmoji", "@iconify-json/openmoji", "1.2.29",
            "03181e2c156cab35cf4a62f1f7886bd971d59212e75ac3f189d5a4cae3930fc5", "CC BY-SA 4.0"),
        Package(
            "fxemoji", "@iconify-json/fxemoji", "1.2.2",
            "f3e72b3c59d05e1db03b7e308d55c0d05bd7ba3f625a90da1b79313c12858eef", "Apache-2.0"),
        Package(
            "emojione", "@iconify-json/emojione", "1.2.3",
            "26a14f44284407e8bcde91799388dca2bfd91dbcd55a97f425524a1c5b73610e", "CC BY 4.0"),
        Package(
            "streamline", "@iconify-json/streamline-emojis", "1.2.4",
            "5dac87c876b322500989828c5823143e0100d78881627a2e4081a4b897cbfdbc", "CC BY 4.0"),
        Package(
            "wesnoth", "wesnoth-1.16-data", "1:1.16.9-1",
            "1012b964bd412a6770685e3324ae3b61e176caff7846192d1ee63d55cd621e26",
            "GPL-2+, in part CC BY-SA 4.0", debian=True),
        Package(
            "supertux", "supertux-data", "0.6.3-2",
            "a6ad8865972f1dbb5e7b49f4e1b381dd16a68f3028a3502cfeaca2400285d27f",
            "GPL-2+ or CC BY-SA 3.0", debian=True),
        Package(
            "tuxpaint", "tuxpaint-stamps-default", "2022.06.04-1",
            "6db6c1bfc870a47f1499d6203b083522eacb57c5f9c87d468f2e92eb6d9d5f34",
            "GPL-2+, in part public domain", debian=True),
        Package(
            "flare", "flare-game", "1.14-1",
            "4ab6a8298276013d35a0806257e130d992761af1b749041433b409c3dafec508",
            "CC BY-SA 3.0", debian=True),
        Package(
            "pokerth", "pokerth-data", "1.1.2-2",
            "31d05d13544d970134a59b6934a81a3264983b58da92a8890fd4ac04648d3f78",
            "AGPL-3+, avatars in part CC BY or public domain", debian=True),
    )
}
# fmt: on
AVATAR_PACKAGES = {
    "@dicebear/core": "9.4.3",
    "@dicebear/avataaars": "9.4.3",
    "@dicebear/bottts": "9.4.3",
    "@dicebear/fun-emoji": "9.4.3",
    "@dicebear/thumbs": "9.4.3",
    "animal-avatar-generator": "1.2.0",
}
AVATAR_LICENCES = {
    "avataaars": "free for personal and commercial use, Pablo Stanley",
    "bottts": "free for personal and commercial use, Pablo Stanley",
    "fun-emoji": "CC BY 4.0, Davis Uche",
    "thumbs": "CC0 1.0, DiceBear",
    "animals": "MIT, Roman Lukashik",
}


def fetch(package: Package, cache: Path) -> Path:
    """Download, verify and unpack one package unless it is there; returns its folder. Raises PackageError."""
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
        _keep(whole, unpacked)
    else:
        with tarfile.open(archive) as tar:
            tar.extractall(unpacked, [item for item in tar if item.name.endswith(KEPT)], filter="data")
    shutil.rmtree(downloads)
    unpacked.rename(folder)
    return folder


def toolbox(cache: Path) -> Path:
    """Install the avatar generators unless they are there; returns their folder. Raises PackageError."""
    folder = cache / "packages" / "avatars"
    if folder.is_dir():
        return folder
    partial = _fresh(folder.with_name("avatars.partial"))
    wanted = [f"{name}@{version}" for name, version in AVATAR_PACKAGES.items()]
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--save-exact", "--loglevel=error")
    run("npm", "install", "--prefix", ".", *options, *wanted, cwd=partial)
    partial.rename(folder)
    return folder


def run(*command: str, cwd: Path) -> str:
    """Run a command and return what it prints; raise PackageError with its last words if it fails."""
    try:
        done = subprocess.run(command, cwd=cwd, text=True, capture_output=True, check=False)  # noqa: S603 (our own)
    except FileNotFoundError as error:
        raise PackageError(f"{command[0]} is not installed") from error
    if done.returncode:
        raise PackageError(f"{' '.join(command[:4])} failed: {(done.stderr or done.stdout)[-600:].strip()}")
    return done.stdout


def _keep(whole: Path, target: Path) -> None:
    """Move the files that are looked at, and leave sounds, maps and links behind."""
    for path in sorted(whole.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.name.endswith(KEPT):
            place = target / path.relative_to(whole)
            place.parent.mkdir(parents=True, exist_ok=True)
            path.rename(place)


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
