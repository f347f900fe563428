import Arena
import CKernels
import CLinux
import ModelFile

/// A network prepared to run: weights bound, every buffer placed in one arena, every kernel call laid out.
///
/// The model file decides about the precision: a file with int8 weights runs in int8, one with fp16 weights in fp16,
/// any other in fp32, the reference.
/// `run()` allocates nothing. Not thread-safe: one thread calls it.
public final class Engine {
    /// The network's output: the rows of its output tensor without gaps.
    public enum Predictions {
        case single(UnsafeBufferPointer<Float>)
        /// IEEE half precision.
        case half(UnsafeBufferPointer<UInt16>)
    }

    /// What was prepared, at the size of its input.
    public let graph: Graph
    /// What activations are stored in; follows from the model file.
    public let arithmetic: Arithmetic
    /// The kernels that run it.
    public let path: KernelPath
    /// The input of an fp32 network, [height, width, channels], to be filled before `run()`, which overwrites it. Empty
    /// in other precisions.
    public let input: UnsafeMutableBufferPointer<Float>
    /// The input of an int8 or fp16 network, [height, width, 3]: channel values of 0...255 in the network's order, to
    /// be filled before `run()`, which overwrites it. Empty in fp32.
    public let inputBytes: UnsafeMutableBufferPointer<UInt8>
    /// The network's output, valid until the next `run()`.
    public let predictions: Predictions
    /// The size of the arena in bytes.
    public let arenaByteCount: Int
    /// In bytes: the least that any arrangement of the same buffers needs.
    public let arenaLowerBound: Int

    /// More than any board has cores; bounds scratch memory, of which each thread has its own.
    public static let mostThreads = 64
    /// One for each processor that this process may use.
    public static var defaultThreads: Int { min(Int(clinux_processor_count()), mostThreads) }

    enum Program {
        case float(FloatProgram)
        case half(HalfProgram)
        case int8(Int8Program)
    }

    /// Owns what the steps point to.
    let program: Program
    let schedule: Schedule
    /// nil when one thread does it all.
    private let team: ThreadTeam?

    /// Prepares `graph` with the tensors of `file`, for `threads` (1...64) threads, of which the caller of `run()` is
    /// one; the output does not depend on their number. `path` is one of `KernelPath.available`; nil takes what
    /// SWIFTLET_PATH names, and otherwise the fastest. With `observing`, a file with fp16 weights runs in fp32, too,
    /// and every intermediate tensor of an fp32 network can be read after a run; that takes more memory and forgoes
    /// fusion.
    /// `pixels` is what an fp16 network's input bytes stand for.
    public init(
        graph: Graph, file: ModelFile, threads: Int = 1, path: KernelPath? = nil, observing: Bool = false,
        pixels: PixelScaling = .unit
    ) throws(EngineError) {
        precondition((1...Self.mostThreads).contains(threads))
        self.graph = graph
        let stored = Arithmetic(running: file)
        arithmetic = stored == .half && observing ? .single : stored
        if let path {
            let available = KernelPath.available(for: arithmetic)
            guard available.contains(path) else { throw .kernelPath(available: available) }
            self.path = path
        } else {
            self.path = try KernelPath.chosen(for: arithmetic)
        }
        switch arithmetic {
        case .single:
            let float = try FloatProgram(graph, file: file, threads: threads, observing: observing)
            program = .float(float)
            schedule = float.schedule
            let inputView = float.views[graph.input.index]!, outputView = float.views[graph.output.index]!
            input = UnsafeMutableBufferPointer(start: inputView.pointer, count: inputView.shape.count)
            inputBytes = UnsafeMutableBufferPointer(start: nil, count: 0)
            predictions = .single(UnsafeBufferPointer(start: outputView.pointer, count: outputView.shape.count))
            arenaByteCount = float.arenaByteCount
            arenaLowerBound = float.arenaLowerBound
        case .half:
            let half = try HalfProgram(
                graph, file: file, kernels: self.path.halfKernels!, pixels: pixels, threads: threads)
            program = .half(half)
            schedule = half.schedule
            input = UnsafeMutableBufferPointer(start: nil, count: 0)
            inputBytes = half.input
            predictions = .half(half.output)
            arenaByteCount = half.arenaByteCount
            arenaLowerBound = half.arenaLowerBound
        case .int8:
            let int8 = try Int8Program(graph, file: file, kernels: self.path.int8Kernels!, threads: threads)
            program = .int8(int8)
            schedule = int8.schedule
            input = UnsafeMutableBufferPointer(start: nil, count: 0)
            inputBytes = int8.input
            predictions = .half(int8.output)
            arenaByteCount = int8.arenaByteCount
            arenaLowerBound = int8.arenaLowerBound
        }
        team = threads > 1 ? try ThreadTeam(schedule, size: threads) : nil
        // Reading the file and planning took much more than what is left of them.
        clinux_trim_heap()
    }

    /// The output of an fp32 network; empty in other precisions.
    public var output: UnsafeBufferPointer<Float> {
        if case .single(let values) = predictions { return values }
        return UnsafeBufferPointer(start: nil, count: 0)
    }

    /// Values in `predictions`, whatever their precision.
    public var predictionCount: Int {
        switch predictions {
        case .single(let values): values.count
        case .half(let values): values.count
        }
    }

    /// Copies the predictions of any precision to `values`, which has room for exactly `predictionCount`.
    public func copyPredictions(to values: UnsafeMutableBufferPointer<Float>) {
        precondition(values.count == predictionCount)
        switch predictions {
        case .single(let source): _ = values.update(from: source)
        case .half(let source): f16_to_f32__scalar(source.count, source.baseAddress, values.baseAddress)
        }
    }

    /// How the model file stores weights: "fp32", "fp16" or "int8".
    public var storedPrecision: StaticString {
        if case .float(let float) = program, float.hasHalfPrecisionWeights { return Arithmetic.half.name }
        return arithmetic.name
    }

    /// Computes the predictions from the input.
    public func run() {
        if let team {
            team.run()
        } else {
            for index in schedule.steps.indices { schedule.steps[index].run(part: 0, of: 1) }
        }
    }

    /// Runs an int8 network on the calling thread alone, and after each step shows the tensor that it made, whose
    /// memory later steps reuse. What stays inside a band is not shown. In other precisions it runs and shows nothing.
    public func run(showing show: (StoredMap) -> Void) {
        guard case .int8(let int8) = program else { return run() }
        for index in schedule.steps.indices {
            schedule.steps[index].run(part: 0, of: 1)
            show(int8.stored[index])
        }
    }

    /// Runs an fp32 network on the calling thread alone, and after each step shows the tensor that it made. What is
    /// changed in it is what later steps read. In other precisions it runs and shows nothing.
    public func run(after step: (TensorID, MapView) -> Void) {
        guard case .float(let float) = program else { return run() }
        for index in schedule.steps.indices {
            schedule.steps[index].run(part: 0, of: 1)
            let output = float.outputs[index]
            step(output, float.views[output.index]!)
        }
    }

    /// The memory of `tensor` of an fp32 network, or nil if fusion left it out. Holds the tensor's values after a run
    /// only if the engine observes.
    public func view(_ tensor: TensorID) -> MapView? {
        if case .float(let float) = program { return float.views[tensor.index] }
        return nil
    }
}
