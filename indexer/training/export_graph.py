"""Make the weightless ONNX graph of the embedded model: `python -m indexer.training.export_graph`.

Needs the extra `indexer`. To be run again when the architecture changes, not when only the weights do.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import onnx

from indexer.backends import embedded, open_clip


def main() -> None:
    """Export the vision tower, drop every initializer that is a weight of the safetensors file, save the rest."""
    model, _ = open_clip.load(f"local-dir:{embedded.FOLDER}", "")
    weights = set(model.visual.state_dict())
    side = int(model.visual.image_size[0])
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "vision.onnx"
        open_clip.export_tower(model.visual, side, whole, optimise=False)
        graph = onnx.load(whole)
    kept = [item for item in graph.graph.initializer if item.name not in weights]
    del graph.graph.initializer[:]
    graph.graph.initializer.extend(kept)
    # The exporter notes source lines and paths of the machine it ran on; they are no part of the network.
    for node in graph.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    del graph.graph.value_info[:]
    del graph.graph.metadata_props[:]
    target = embedded.FOLDER / embedded.GRAPH
    onnx.save(graph, target)
    print(
        f"{target.name}: {target.stat().st_size} bytes, {len(embedded.missing_weights(graph.graph))} weights left out"
    )


if __name__ == "__main__":
    main()
