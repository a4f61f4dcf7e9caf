"""The pinned packages that the evaluation pictures come from."""

from __future__ import annotations

from pathlib import Path

from indexer.training import packages
from indexer.training.packages import Package

KEPT = (".png", ".cfg", ".txt", "icons.json", "package.json", "LICENSE", "copyright")


# fmt: off
PACKAGES = {
    package.source: package
    for package in (
        Package(
            "openmoji", "@iconify-json/openmoji", "1.2.29",
            "03181e2c156cab35cf4a62f1f7886bd971d59212e75ac3f189d5a4cae3930fc5", licence="CC BY-SA 4.0"),
        Package(
            "fxemoji", "@iconify-json/fxemoji", "1.2.2",
            "f3e72b3c59d05e1db03b7e308d55c0d05bd7ba3f625a90da1b79313c12858eef", licence="Apache-2.0"),
        Package(
            "emojione", "@iconify-json/emojione", "1.2.3",
            "26a14f44284407e8bcde91799388dca2bfd91dbcd55a97f425524a1c5b73610e", licence="CC BY 4.0"),
        Package(
            "streamline", "@iconify-json/streamline-emojis", "1.2.4",
            "5dac87c876b322500989828c5823143e0100d78881627a2e4081a4b897cbfdbc", licence="CC BY 4.0"),
        Package(
            "wesnoth", "wesnoth-1.16-data", "1:1.16.9-1",
            "1012b964bd412a6770685e3324ae3b61e176caff7846192d1ee63d55cd621e26",
            licence="GPL-2+, in part CC BY-SA 4.0", debian=True),
        Package(
            "supertux", "supertux-data", "0.6.3-2",
            "a6ad8865972f1dbb5e7b49f4e1b381dd16a68f3028a3502cfeaca2400285d27f",
            licence="GPL-2+ or CC BY-SA 3.0", debian=True),
        Package(
            "tuxpaint", "tuxpaint-stamps-default", "2022.06.04-1",
            "6db6c1bfc870a47f1499d6203b083522eacb57c5f9c87d468f2e92eb6d9d5f34",
            licence="GPL-2+, in part public domain", debian=True),
        Package(
            "flare", "flare-game", "1.14-1",
            "4ab6a8298276013d35a0806257e130d992761af1b749041433b409c3dafec508",
            licence="CC BY-SA 3.0", debian=True),
        Package(
            "pokerth", "pokerth-data", "1.1.2-2",
            "31d05d13544d970134a59b6934a81a3264983b58da92a8890fd4ac04648d3f78",
            licence="AGPL-3+, avatars in part CC BY or public domain", debian=True),
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


def fetch(package: Package, cache: Path) -> None:
    """Fetch one package; only the kinds of files that are looked at are unpacked. Raises PackageError."""
    packages.fetch(package, cache, lambda name: name.endswith(KEPT))


def toolbox(cache: Path) -> Path:
    """Install the avatar generators unless they are there; returns their folder. Raises PackageError."""
    wanted = [f"{name}@{version}" for name, version in AVATAR_PACKAGES.items()]
    return packages.install(cache / "packages" / "avatars", wanted)
