"""Runs one peer's model on one thread: worker.py PEER FILE FIXTURE.npz.

A line of JSON on standard output answers "load", then each "run N", then "end" on standard input. Only the runtime's
own work is timed, not the copies in and out of Python.
"""

import json
import os
import sys
import time

import numpy as np

import fixture


def memory(key):
    """Bytes of this process by /proc/self/status."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith(key + ":"))


class Ort:
    def __init__(self, _):
        import onnxruntime
        self.library = onnxruntime

    def load(self, path, image):
        options = self.library.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = self.library.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.image = image.transpose(0, 3, 1, 2).copy()

    def run(self):
        self.output, = self.session.run(None, {"image": self.image})


class LiteRT:
    def __init__(self, _):
        from ai_edge_litert import interpreter
        self.library = interpreter

    def load(self, path, image):
        self.interpreter = self.library.Interpreter(model_path=path, num_threads=1)
        self.interpreter.allocate_tensors()
        details = self.interpreter.get_input_details()[0]
        if details["dtype"] != np.float32:
            scale, zero = details["quantization"]
            limits = np.iinfo(details["dtype"])
            image = np.clip(np.rint(image / scale) + zero, limits.min, limits.max).astype(details["dtype"])
        self.input, self.image = details["index"], image

    def prepare(self):
        self.interpreter.set_tensor(self.input, self.image)

    def run(self):
        self.interpreter.invoke()

    def finish(self):
        details = self.interpreter.get_output_details()[0]
        output = self.interpreter.get_tensor(details["index"])
        if output.dtype != np.float32:
            scale, zero = details["quantization"]
            output = (output.astype(np.float32) - zero) * np.float32(scale)
        self.output = output


class NCNN:
    def __init__(self, peer):
        import ncnn
        self.library, self.precise = ncnn, peer.endswith("fp32")

    def load(self, path, image):
        self.net = self.library.Net()
        self.net.opt.num_threads = 1
        if self.precise:
            for option in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage"):
                setattr(self.net.opt, option, False)
        if self.net.load_param(path + ".param") or self.net.load_model(path + ".bin"):
            raise RuntimeError("ncnn does not load its own conversion")
        # Neither matrices made of arrays nor results own their memory.
        self.array = image[0].transpose(2, 0, 1).copy()
        self.image = self.library.Mat(self.array)

    def run(self):
        self.extractor = self.net.create_extractor()
        self.extractor.input("in0", self.image)
        self.result = self.extractor.extract("out0")

    def finish(self):
        self.output = np.array(self.result[1])[None]


class MNN:
    def __init__(self, _):
        import MNN
        self.library = MNN

    def load(self, path, image):
        library = self.library
        self.interpreter = library.Interpreter(path)
        self.session = self.interpreter.createSession({"backend": "CPU", "numThread": 1, "precision": "high"})
        shape = (1, 3, *image.shape[1:3])
        self.image = library.Tensor(
            shape, library.Halide_Type_Float, image.transpose(0, 3, 1, 2).copy(), library.Tensor_DimensionType_Caffe)

    def prepare(self):
        self.interpreter.getSessionInput(self.session, "image").copyFrom(self.image)

    def run(self):
        self.interpreter.runSession(self.session)

    def finish(self):
        tensor = self.interpreter.getSessionOutput(self.session, "predictions")
        shape = tensor.getShape()
        host = self.library.Tensor(
            shape, self.library.Halide_Type_Float, np.empty(shape, np.float32), self.library.Tensor_DimensionType_Caffe)
        tensor.copyToHostTensor(host)
        self.output = np.array(host.getNumpyData()).reshape(shape)


def main():
    peer, path, images = sys.argv[1:]
    # Runtimes print to standard output, in C as well.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(**fields):
        print(json.dumps(fields), file=answers, flush=True)

    image, reference = fixture.load(images)
    runtime = {"ort": Ort, "litert": LiteRT, "ncnn": NCNN, "mnn": MNN}[peer.split("-")[0]](peer)
    prepare, finish = (getattr(runtime, name, lambda: None) for name in ("prepare", "finish"))
    for line in sys.stdin:
        command = line.split()
        if command[0] == "load":
            # The most memory so far is forgotten: importing is not what is measured.
            with open("/proc/self/clear_refs", "w") as file:
                file.write("5")
            before = memory("VmRSS")
            start = time.perf_counter()
            runtime.load(path, image)
            answer(load_ms=(time.perf_counter() - start) * 1e3)
        elif command[0] == "run":
            wall, processor = [], []
            for _ in range(int(command[1])):
                prepare()
                processor_start, start = time.process_time_ns(), time.perf_counter_ns()
                runtime.run()
                end, processor_end = time.perf_counter_ns(), time.process_time_ns()
                wall.append((end - start) / 1e6)
                processor.append((processor_end - processor_start) / 1e6)
            answer(wall_ms=wall, cpu_ms=processor)
        else:
            growth = memory("VmHWM") - before
            finish()
            if runtime.output.shape != reference.shape:
                raise RuntimeError(f"the output is {list(runtime.output.shape)}, not {list(reference.shape)}")
            error = runtime.output.astype(np.float64) - reference
            answer(growth_bytes=growth, error=float(np.sqrt((error ** 2).mean()) / reference.std()))


main()
