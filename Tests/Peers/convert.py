"""Makes one peer's model: convert.py PEER MODEL.gguf FIXTURE.npz DIRECTORY prints what worker.py is to load.

A process of its own: converters crash, print and change the working directory.
"""

import importlib.util
import os
import subprocess
import sys

import fixture
import network


def onnx_file(model, folder):
    import onnx_writer
    path = os.path.join(folder, "network.onnx")
    onnx_writer.write(model, path)
    return path


def tflite_file(model, folder):
    import tflite_writer
    path = os.path.join(folder, "network.tflite")
    tflite_writer.write(model, path)
    return path


def ort_int8(model, image, folder):
    """Static, every operation that ONNX Runtime quantises: activations uint8, weights int8 by channel."""
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(quantization.CalibrationDataReader):
        def __init__(self):
            self.pictures = iter(fixture.calibration(image))

        def get_next(self):
            picture = next(self.pictures, None)
            return None if picture is None else {"image": picture.transpose(0, 3, 1, 2).copy()}

    prepared, path = os.path.join(folder, "prepared.onnx"), os.path.join(folder, "int8.onnx")
    quant_pre_process(onnx_file(model, folder), prepared)
    quantization.quantize_static(
        prepared, path, Reader(), quant_format=quantization.QuantFormat.QDQ, per_channel=True,
        activation_type=quantization.QuantType.QUInt8, weight_type=quantization.QuantType.QInt8)
    return path


def litert_quantised(model, image, folder, recipe):
    from ai_edge_quantizer import quantizer, recipe as recipes
    job = quantizer.Quantizer(tflite_file(model, folder))
    job.load_quantization_recipe(getattr(recipes, recipe)())
    pictures = [{"image": picture} for picture in fixture.calibration(image)]
    result = job.calibrate({"serving_default": pictures}) if job.need_calibration else None
    path = os.path.join(folder, recipe + ".tflite")
    job.quantize(result).export_model(path, overwrite=True)
    return path


def ncnn_files(model, folder, half):
    height, width = model.input_shape
    # Not imported: the module requires PyTorch, the program beside it does not.
    program = os.path.join(importlib.util.find_spec("pnnx").submodule_search_locations[0], "pnnx")
    subprocess.run(
        [program, onnx_file(model, folder), f"inputshape=[1,3,{height},{width}]", f"fp16={int(half)}"], cwd=folder,
        check=True, stdout=sys.stderr)
    path = os.path.join(folder, "network.ncnn")
    with open(path + ".param") as file:
        text = file.read()
    # A sum over one axis loses its axis on the way: array 3 of a Reduction, empty, is to be the last axis.
    with open(path + ".param", "w") as file:
        file.write(text.replace(" -23303=0 ", " -23303=1,-1 "))
    return path


def mnn_file(model, folder, *options):
    # The wheel's console scripts install packages and send statistics: this is the converter below them.
    import _tools
    path = os.path.join(folder, "network.mnn")
    _tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--modelFile", onnx_file(model, folder), "--MNNModel", path,
                       "--bizCode", "swiftlet", *options])
    return path


def main():
    peer, source, images, folder = sys.argv[1:]
    folder = os.path.abspath(folder)
    os.makedirs(folder, exist_ok=True)
    model = network.Model(source)
    image, _ = fixture.load(images)
    # Converters print to standard output, in C as well.
    answer = os.dup(1)
    os.dup2(2, 1)
    makers = {
        "ort-fp32": lambda: onnx_file(model, folder),
        "ort-int8": lambda: ort_int8(model, image, folder),
        "litert-fp32": lambda: tflite_file(model, folder),
        "litert-int8": lambda: litert_quantised(model, image, folder, "static_wi8_ai8"),
        "litert-w8": lambda: litert_quantised(model, image, folder, "dynamic_wi8_afp32"),
        "ncnn-fp32": lambda: ncnn_files(model, folder, half=False),
        "ncnn-fp16": lambda: ncnn_files(model, folder, half=True),
        "mnn-fp32": lambda: mnn_file(model, folder),
        "mnn-w8": lambda: mnn_file(model, folder, "--weightQuantBits", "8"),
    }
    path = makers[peer]()
    os.write(answer, path.encode())


main()
