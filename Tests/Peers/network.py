"""The detection networks, read from a model file of ours and handed to a writer of another runtime's format.

What is written down here is what Sources/Quantizer/Networks says; a writer (onnx_writer, tflite_writer) knows how its format
expresses each operation. Maps have batch 1; tokens are pixels by their position in a 2x2 patch.
"""

import numpy as np
from gguf import GGUFReader


class Model:
    """Metadata and tensors of a GGUF file; tensors as float32, the outermost dimension first."""

    def __init__(self, path):
        reader = GGUFReader(path)
        self.fields = reader.fields
        self.tensors = {}
        for tensor in reader.tensors:
            if tensor.data.dtype not in (np.float32, np.float16):
                raise ValueError(f"{path}: {tensor.name} is {tensor.tensor_type.name}: give a model file of floats")
            self.tensors[tensor.name] = np.array(tensor.data, dtype=np.float32)

    def __getitem__(self, key):
        return self.fields[key].contents()

    @property
    def head_count(self):
        """Of the first multi-head attention, whose only attribute it is; 0 where there is none."""
        kinds, kind, counts = self["graph.kinds"], self["graph.kind"], self["graph.attribute_counts"]
        for index, number in enumerate(kind):
            if kinds[number] == "attention":
                return self["graph.attributes"][sum(counts[:index])]
        return 0

    def depth(self, prefix):
        """The number of layers whose names are the prefix and a number."""
        return len({name[len(prefix):].split(".")[0] for name in self["graph.names"] if name.startswith(prefix)})

    def weight(self, name):
        return self.tensors[name + ".weight"]

    def bias(self, name):
        return self.tensors.get(name + ".bias")

    @property
    def input_shape(self):
        """Height and width."""
        return self["input.height"], self["input.width"]


def build(model, w):
    """Calls writer `w` for every operation. Its output is [1, R, 4 + classes], box offsets first."""
    height, width = model.input_shape
    if height % 32 or width % 32:
        raise ValueError("sides that are no multiples of 32 need resizes that are not written down here")
    x = w.convolution3x3(w.input(height, width), "encoder.conv_1", 2, "silu")
    x = inverted_residual(w, x, "encoder.layer_1.0", 1)
    for index in range(model.depth("encoder.layer_2.")):
        x = inverted_residual(w, x, f"encoder.layer_2.{index}", 1 if index else 2)
    outputs = []
    block = multi_head_block if model.head_count else separable_block
    for index in range(3):
        layer = f"encoder.layer_{index + 3}"
        x = inverted_residual(w, x, layer + ".0", 2)
        x = block(w, x, layer + ".1", model, model.depth(layer + ".1.global_rep.") - 1)
        outputs.append(x)
    head(w, outputs[1], outputs[2], model)


def inverted_residual(w, x, name, stride):
    y = w.pointwise(x, name + ".block.exp_1x1", "silu")
    y = w.depthwise3x3(y, name + ".block.conv_3x3", stride, "silu")
    y = w.pointwise(y, name + ".block.red_1x1")
    return w.add(y, x) if stride == 1 and w.channels(x) == w.channels(y) else y


def multi_head_block(w, x, name, model, depth):
    local = w.depthwise3x3(x, name + ".local_rep.conv_3x3", 1, "silu")
    local = w.pointwise(local, name + ".local_rep.conv_1x1")
    tokens = w.unfold(local)
    for index in range(depth):
        layer = f"{name}.global_rep.{index}"
        y = w.layer_norm(tokens, layer + ".pre_norm_mha.0")
        y = w.linear(y, layer + ".pre_norm_mha.1.qkv_proj")
        y = w.attention(y, model.head_count)
        tokens = w.add(w.linear(y, layer + ".pre_norm_mha.1.out_proj"), tokens)
        y = w.layer_norm(tokens, layer + ".pre_norm_ffn.0")
        y = w.linear(y, layer + ".pre_norm_ffn.1", "silu")
        tokens = w.add(w.linear(y, layer + ".pre_norm_ffn.4"), tokens)
    tokens = w.layer_norm(tokens, f"{name}.global_rep.{depth}")
    y = w.pointwise(w.fold(tokens, local), name + ".conv_proj", "silu")
    y = w.pointwise(w.concatenate(local, y), name + ".fusion", "silu")
    return w.add(y, x)


def separable_block(w, x, name, model, depth):
    local = w.depthwise3x3(x, name + ".local_rep.0", 1, "silu")
    local = w.pointwise(local, name + ".local_rep.1")
    tokens = w.unfold_channels(local)
    for index in range(depth):
        layer = f"{name}.global_rep.{index}"
        y = w.group_norm(tokens, layer + ".pre_norm_attn.0")
        y = w.pointwise(y, layer + ".pre_norm_attn.1.qkv_proj")
        y = w.separable_attention(y)
        tokens = w.add(w.pointwise(y, layer + ".pre_norm_attn.1.out_proj"), tokens)
        y = w.group_norm(tokens, layer + ".pre_norm_ffn.0")
        y = w.pointwise(y, layer + ".pre_norm_ffn.1", "silu")
        tokens = w.add(w.pointwise(y, layer + ".pre_norm_ffn.3"), tokens)
    tokens = w.group_norm(tokens, f"{name}.global_rep.{depth}")
    y = w.pointwise(w.concatenate(w.fold_channels(tokens, local), local), name + ".conv_proj")
    return w.add(y, x)


def head(w, stride16, stride32, model):
    features = [stride16, stride32]
    for stride in (64, 128, 256):
        y = w.depthwise3x3(features[-1], f"extra_layers.os_{stride}.dw_conv", 2)
        features.append(w.pointwise(y, f"extra_layers.os_{stride}.pw_conv", "relu"))
    features.append(w.pointwise(w.mean(features[-1]), "extra_layers.os_-1.1", "relu"))
    levels = []
    for level, x in enumerate(features):
        name = f"ssd_heads.{level}"
        if name + ".proj_layer.weight" in model.tensors:
            x = w.pointwise(x, name + ".proj_layer", "relu")
        predictor = name + ".loc_cls_layer"
        if level < 5:
            x = w.depthwise3x3(x, predictor + ".dw_conv", 1)
            predictor += ".pw_conv"
        levels.append(w.pointwise(x, predictor))
    w.output(levels, 4 + len(model["labels"]))
