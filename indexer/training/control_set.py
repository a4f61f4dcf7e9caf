"""Make the control set of the embedded model: `python -m indexer.training.control_set [--cache DIR]`.

Collects the pictures (control_pictures.py), computes their signals through the very pipeline that uploads go through,
and writes them beside the model. To be run again whenever the model or a recipe changes.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from rich.progress import Progress

from indexer import control
from indexer.backends import embedded
from indexer.backends.runtime import open_runtime
from indexer.training.control_pictures import collect


def main() -> None:
    """Collect, measure, save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "lora-screening" / "control")
    cache: Path = parser.parse_args().cache
    pictures = [(picture.style, picture.path) for picture in collect(cache)]
    with tempfile.TemporaryDirectory() as folder, Progress() as progress:
        network = Path(folder) / "vision.onnx"
        spec = embedded.export(network)
        backend = open_runtime(network, spec)
        task = progress.add_task("signals of the control set", total=len(pictures))
        found = control.measure(pictures, spec, backend, lambda done: progress.update(task, completed=done))
    target = embedded.FOLDER / control.FILE
    control.save(found, target)
    print(f"{target.name}: {len(found)} of {len(pictures)} pictures, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
