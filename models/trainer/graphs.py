"""ONNX graphs of teachers: made to take batches of any size, and to give feature maps. Needs onnx and ONNX Runtime."""
from collections.abc import Iterator

import numpy as np
import onnx
import onnxruntime

from .documents import DataError

YOLOX = "a teacher is YOLOX with COCO's 80 classes, exported to ONNX without its decoding and suppression"


def session(content: bytes, columns: int, maps: bool, threads: int) -> tuple[onnxruntime.InferenceSession, int | None]:
    """A session on an ONNX file's contents, whose outputs are YOLOX's rows of `columns` values and, with `maps`, the feature
    maps of strides 16 and 32; and the side of its input, None where any multiple of 32 will do.

    Messages of DataError are without the file's name.
    """
    model = parsed(content)
    graph = model.graph
    names = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in names]
    if len(inputs) != 1 or len(inputs[0].type.tensor_type.shape.dim) != 4 or not graph.output:
        raise DataError(f"its inputs are not one batch of images: {YOLOX}")
    del graph.output[1:]
    if maps:
        graph.output.extend(onnx.ValueInfoProto(name=name) for name in map_names(graph))
    side = inputs[0].type.tensor_type.shape.dim[2].dim_value or None
    if side is not None:
        free = onnx.ModelProto()
        free.CopyFrom(model)
        set_free(free.graph, inputs[0].name)
        opened = try_open(free, threads)
        if opened is not None and runs(opened, columns, (2, 64)):
            return opened, None
    opened = try_open(model, threads)
    if opened is None or not runs(opened, columns, (1, side or 64)):
        raise DataError(f"does not compute rows of {columns} values for an image: {YOLOX}")
    return opened, side


def parsed(content: bytes) -> onnx.ModelProto:
    try:
        model = onnx.load_from_string(content)
    except Exception as error:                  # protobuf's own kind, which differs between its versions
        raise DataError(f"is not an ONNX file, or is damaged: {YOLOX}") from error
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in model.graph.initializer):
        raise DataError("keeps its weights in other files: save it as one file")
    return model


def try_open(model: onnx.ModelProto, threads: int) -> onnxruntime.InferenceSession | None:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    known = onnxruntime.get_available_providers()
    providers = [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in known]
    try:
        return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=providers)
    except Exception:                           # ONNX Runtime's exceptions have no common kind
        return None


def runs(opened: onnxruntime.InferenceSession, columns: int, shape: tuple[int, int]) -> bool:
    """Whether images of zeros give rows of the right shape."""
    batch, side = shape
    zeros = np.zeros((batch, 3, side, side), np.float32)
    try:
        found = opened.run(None, {opened.get_inputs()[0].name: zeros})[0]
    except Exception:
        return False
    return found.shape == (batch, sum((side // stride) ** 2 for stride in (8, 16, 32)), columns)


def set_free(graph: onnx.GraphProto, name: str) -> None:
    """Takes the fixed sizes out of a graph: of its input, of what was inferred from that, and of reshapes that name a
    batch of 1."""
    for place, value in enumerate(graph.input):
        if value.name == name:
            for axis in (0, 2, 3):
                graph.input[place].type.tensor_type.shape.dim[axis].dim_param = f"axis_{axis}"
    del graph.value_info[:]
    for output in graph.output:
        if output.type.HasField("tensor_type"):
            output.type.tensor_type.ClearField("shape")
    shapes = {node.input[1] for node in graph.node if node.op_type == "Reshape" and len(node.input) > 1}
    for tensor in graph.initializer:
        if tensor.name in shapes:
            values = onnx.numpy_helper.to_array(tensor).copy()
            if values.ndim == 1 and len(values) == 3 and values[0] == 1:
                values[0] = 0                   # as many as there are
                values[2] = -1
                tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))


def map_names(graph: onnx.GraphProto) -> list[str]:
    """The tensors of strides 16 and 32 that leave the neck (PAFPN) for the heads.

    In `yolox_nano.onnx` they are 990 [B, 128, h/16, w/16] and 1024 [B, 256, h/32, w/32]. Exports number tensors as they
    like, so they are found from behind: the rows are joined from three maps, each map from boxes, objectness and classes;
    from its boxes upwards, the first Concat ends the neck's last block, which closes with a convolution and an activation.
    """
    made = {name: node for node in graph.node for name in node.output}
    found: list[str] = []
    for name in joined(made, graph.output[0].name):
        branch = first_of(made, name, "Concat")
        path = upwards(made, branch.input[0]) if branch is not None else []
        if len(path) < 4:
            raise DataError("its feature maps of strides 16 and 32 are not where YOLOX has them: use --imitate 0, or "
                            "export YOLOX as it is published")
        found.append(path[-3])
    return found[1:]


def joined(made: dict, name: str) -> list[str]:
    """The three maps that become the rows."""
    last = first_of(made, name, "Concat")
    if last is None or len(last.input) != 3:
        raise DataError("its rows are not joined from three maps: use --imitate 0, or export YOLOX as it is published")
    return list(last.input)


def first_of(made: dict, name: str, kind: str) -> onnx.NodeProto | None:
    """The first node of a kind above a tensor, along first inputs."""
    for node in ancestors(made, name):
        if node.op_type == kind:
            return node
    return None


def upwards(made: dict, name: str) -> list[str]:
    """The tensors from `name` up to the output of the first Concat, without the sigmoids of SiLUs; nothing where there is
    none."""
    path = []
    for node in ancestors(made, name):
        if node.op_type != "Sigmoid":
            path.append(node.output[0])
        if node.op_type == "Concat":
            return path
    return []


def ancestors(made: dict, name: str) -> Iterator[onnx.NodeProto]:
    """The nodes above a tensor, along first inputs. A graph with a circle ends after as many steps as it has tensors."""
    for _ in range(len(made)):
        node = made.get(name)
        if node is None or not node.input:
            return
        yield node
        name = node.input[0]
