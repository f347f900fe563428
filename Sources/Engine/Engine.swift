import CLinux

/// A network prepared to run: weights bound, every buffer placed in one arena, every kernel call laid out.
///
/// The model file decides about the precision: a file with int8 weights runs in int8, one with fp16 weights in fp16,
/// any other in fp32, the reference.
/// `run()` allocates nothing. Not thread-safe: one thread calls it.
public final class Engine {
    /// The network's output: the rows of its output tensor without gaps.
    public enum Predictions {
        case fp32(UnsafeBufferPointer<Float>)
        /// IEEE half precision.
        case fp16(UnsafeBufferPointer<UInt16>)
    }

    /// What was prepared, at the size of its input.
    public let graph: Graph
    /// What activations are stored in; follows from the model file.
    public let precision: Precision
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
    /// In bytes: the lower bound of any arrangement of the same buffers.
    public let arenaLowerBound: Int

    /// More than any board has cores; bounds scratch memory, of which each thread has its own.
    public static let maximumThreadCount = 64
    /// One for each processor that this process may use.
    public static var defaultThreads: Int { min(Int(clinux_processor_count()), maximumThreadCount) }

    /// Owns what the steps point to.
    let program: Program
    /// nil when one thread does it all.
    private let pool: ThreadPool?

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
        precondition((1...Self.maximumThreadCount).contains(threads))
        self.graph = graph
        let stored = Precision(running: file)
        precision = stored == .fp16 && observing ? .fp32 : stored
        if let path {
            let available = KernelPath.available(for: precision)
            guard available.contains(path) else { throw .kernelPath(available: available) }
            self.path = path
        } else {
            self.path = try KernelPath.chosen(for: precision)
        }
        program = try Program(
            graph, file: file, precision, path: self.path, threads: threads, observing: observing, pixels: pixels)
        arenaByteCount = program.arenaByteCount
        arenaLowerBound = program.arenaLowerBound
        let first = program.maps[graph.input.index]!, last = program.maps[graph.output.index]!
        let inputCount = graph.shape(graph.input).count, outputCount = graph.shape(graph.output).count
        let isSingle = precision == .fp32
        input = UnsafeMutableBufferPointer(start: isSingle ? first.floats(0) : nil, count: isSingle ? inputCount : 0)
        inputBytes = UnsafeMutableBufferPointer(start: isSingle ? nil : first.pixels, count: isSingle ? 0 : inputCount)
        predictions =
            isSingle
            ? .fp32(UnsafeBufferPointer(start: last.floats(0), count: outputCount))
            : .fp16(UnsafeBufferPointer(start: last.halves(0), count: outputCount))
        pool = threads > 1 ? try ThreadPool(program.schedule, size: threads) : nil
        // Reading the file and planning took much more than what is left of them.
        clinux_trim_heap()
    }

    /// The output of an fp32 network; empty in other precisions.
    public var output: UnsafeBufferPointer<Float> {
        if case .fp32(let values) = predictions { return values }
        return UnsafeBufferPointer(start: nil, count: 0)
    }

    /// Values in `predictions`, whatever their precision.
    public var predictionCount: Int {
        switch predictions {
        case .fp32(let values): values.count
        case .fp16(let values): values.count
        }
    }

    /// Copies the predictions of any precision to `values`, which has room for exactly `predictionCount`.
    public func copyPredictions(to values: UnsafeMutableBufferPointer<Float>) {
        precondition(values.count == predictionCount)
        switch predictions {
        case .fp32(let source): _ = values.update(from: source)
        case .fp16(let source): f16_to_f32__scalar(source.count, source.baseAddress, values.baseAddress)
        }
    }

    /// How the model file stores weights: "fp32", "fp16" or "int8".
    public var storedPrecision: StaticString {
        program.hasHalfPrecisionWeights ? Precision.fp16.name : precision.name
    }

    /// Computes the predictions from the input.
    public func run() {
        if let pool {
            pool.run()
        } else {
            for index in 0..<program.schedule.count { program.schedule.run(index, part: 0, of: 1) }
        }
    }

    /// Runs an int8 network on the calling thread alone, and after each step shows the tensor that it made, whose
    /// memory later steps reuse. What stays inside a band is not shown. In other precisions it runs and shows nothing.
    public func run(showing show: (StoredMap) -> Void) {
        guard precision == .int8 else { return run() }
        for index in 0..<program.schedule.count {
            program.schedule.run(index, part: 0, of: 1)
            show(program.stored[index])
        }
    }

    /// Runs an fp32 network on the calling thread alone, and after each step shows the tensor that it made. What is
    /// changed in it is what later steps read. In other precisions it runs and shows nothing.
    public func run(after step: (TensorID, MapView) -> Void) {
        guard precision == .fp32 else { return run() }
        for index in 0..<program.schedule.count {
            program.schedule.run(index, part: 0, of: 1)
            let output = program.lowering.calls[index].output
            step(output, view(output)!)
        }
    }

    /// The memory of `tensor` of an fp32 network, or nil if fusion left it out. Holds the tensor's values after a run
    /// only if the engine observes.
    public func view(_ tensor: TensorID) -> MapView? {
        guard precision == .fp32, let map = program.maps[tensor.index] else { return nil }
        return MapView(pointer: map.floats(0), shape: map.shape, stride: map.stride)
    }
}

/// A map of an fp32 network in the arena; `stride` is the distance between its rows in elements.
public struct MapView {
    /// The first row; valid as long as the engine that owns the arena.
    public var pointer: UnsafeMutablePointer<Float>
    /// [height, width, channels]; a row is one pixel's channels.
    public var shape: MapShape
    /// At least the channels: more where the map is a part of a concatenation.
    public var stride: Int
}
