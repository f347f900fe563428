"""Writes small ONNX files in YOLOX's form. Needs onnx."""
from pathlib import Path

import numpy as np
import onnx

CHANNELS = 6                                    # of the maps that leave the neck


def yolox(path: Path, fixed: int | None = 64, columns: int = 85, joint: str = "Concat", seed: int = 0) -> Path:
    """Writes a tiny network with YOLOX's inputs, outputs and head, and random weights, as PyTorch exports it: for one image
    of fixed size. `joint` ends its neck, a Concat in YOLOX."""
    random = np.random.default_rng(seed)
    nodes, weights = [], []

    def add(kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        nodes.append(onnx.helper.make_node(kind, inputs, [output], **attributes))
        return output

    def convolution(source: str, outputs: int, name: str, scale: float = 1.0) -> str:
        inputs = (6 if joint == "Concat" else 3) if source.startswith("joined") else CHANNELS
        weights.append(onnx.numpy_helper.from_array(
            (random.normal(size=(outputs, inputs, 1, 1)) * scale).astype(np.float32), name + ".w"))
        return add("Conv", [source, name + ".w"], name)

    def silu(source: str) -> str:
        return add("Mul", [source, add("Sigmoid", [source], source + ".gate")], source + ".silu")

    rows = []
    source = add("Mul", ["images", "small"], "scaled")
    weights.append(onnx.numpy_helper.from_array(np.float32(1 / 64), "small"))
    for level, stride in enumerate((8, 16, 32)):
        step = 8 if level == 0 else 2
        source = add("AveragePool", [source], f"pool{level}", kernel_shape=[step, step], strides=[step, step])
        both = add(joint, [source, source], f"joined{level}", **({"axis": 1} if joint == "Concat" else {}))
        neck = silu(convolution(both, CHANNELS, f"neck{level}"))
        stem = silu(convolution(neck, CHANNELS, f"stem{level}"))
        box = convolution(stem, 4, f"box{level}", 0.3)
        objectness = add("Sigmoid", [convolution(stem, 1, f"object{level}")], f"objectness{level}")
        classes = add("Sigmoid", [convolution(stem, columns - 5, f"class{level}")], f"classes{level}")
        branch = add("Concat", [box, objectness, classes], f"branch{level}", axis=1)
        weights.append(onnx.numpy_helper.from_array(np.array([1, columns, -1], np.int64), f"shape{level}"))
        rows.append(add("Reshape", [branch, f"shape{level}"], f"rows{level}"))
    count = sum(((fixed or 64) // stride) ** 2 for stride in (8, 16, 32))
    add("Transpose", [add("Concat", rows, "all", axis=2)], "output", perm=[0, 2, 1])
    side = fixed or "side"
    graph = onnx.helper.make_graph(
        nodes, "yolox", [onnx.helper.make_tensor_value_info("images", onnx.TensorProto.FLOAT, [1, 3, side, side])],
        [onnx.helper.make_tensor_value_info("output", onnx.TensorProto.FLOAT, [1, count, columns])], weights)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 11)], ir_version=7)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path
