import Engine
import ModelFile
import Networks
import Vision

/// A model file's network, ready to run; what a detector adds is the way in for pictures and out for detections.
public struct LoadedNetwork {
    /// What the model file says; `input.size` is the file's own, `format.size` the one it runs at.
    public let description: ModelDescription
    /// At the size of `format`.
    public let network: DetectionNetwork
    /// Prepared and not yet run.
    public let engine: Engine
    /// What the network wants its input to be, at the size that it runs at.
    public let format: InputFormat

    /// The largest number of values that a network may put out: 256 MiB of fp32.
    private static let largestOutputCount = 1 << 26

    /// Reads the model at `path` and prepares it at its own size.
    public init(path: UnsafePointer<CChar>, threads: Int) throws(DetectorError) {
        try self.init(file: try Self.file(path), inputSize: nil, threads: threads, path: nil, observing: false)
    }

    init(
        file: ModelFile, inputSize: PictureSize?, threads: Int, path: KernelPath?, observing: Bool
    ) throws(DetectorError) {
        do {
            description = try ModelDescription(file)
        } catch {
            throw .model(error)
        }
        var format = description.input
        if let inputSize {
            guard DetectionNetwork.inputSides.contains(inputSize.width),
                DetectionNetwork.inputSides.contains(inputSize.height)
            else { throw .inputSize(inputSize) }
            format.size = inputSize
        }
        self.format = format
        network = DetectionNetwork(
            backbone: description.backbone, head: description.head, height: format.size.height,
            width: format.size.width)
        guard network.graph.shape(network.graph.output).count <= Self.largestOutputCount else {
            throw .inputSize(format.size)
        }
        do {
            engine = try Engine(
                graph: network.graph, file: file, threads: threads, path: path, observing: observing,
                pixels: PixelScaling(format))
        } catch {
            throw .engine(error)
        }
    }

    static func file(_ path: UnsafePointer<CChar>) throws(DetectorError) -> ModelFile {
        do {
            return try ModelFile(path: path, forOneEngine: true)
        } catch {
            throw .model(error)
        }
    }
}
