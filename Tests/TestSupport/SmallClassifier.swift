import Engine
import Foundation
import Model
import ModelFile
import Pixels
import Quantizer
import Vision

/// A classifier with random weights: two convolutions, the mean over all pixels, a linear layer.
public struct SmallClassifier {
    public static let size = ImageSize(width: 64, height: 48)

    public var description: ModelDescription
    public var graph: Graph

    /// - Parameter isPooled: false leaves a map of logits.
    public init(classes: Int = 16, isPooled: Bool = true) {
        description = ModelDescription(
            name: Array("small".utf8), family: Array("test".utf8), input: InputFormat(size: Self.size, channelOrder: .rgb),
            resize: .bilinearOpenCV, task: .classification,
            labels: (0..<classes).map { ArraySlice("class \($0)".utf8) })
        graph = Graph(
            input: MapShape(height: Self.size.height, width: Self.size.width, channels: 3), keepsAll: true)
        var x = graph.convolution3x3(graph.input, Name("stem"), channels: 16, .silu)
        x = graph.convolution3x3(x, Name("body"), channels: 32, .silu)
        if isPooled { x = graph.mean(x, Name("pool")) }
        graph.output = graph.pointwise(x, Name("classifier"), channels: classes, origin: .linear)
    }

    /// A segmenter of the same layers: its logits are a map of a quarter of the input's sides.
    public static func segmenter(classes: Int = 6, upsampling: Upsampling = .alignedEdges) -> SmallClassifier {
        var made = SmallClassifier(classes: classes, isPooled: false)
        made.description.task = .segmentation(SegmentationDescription(upsampling: upsampling))
        return made
    }

    /// Writes the model file; `half` stores matrices as fp16.
    public func write(to path: String, half: Bool = false) throws {
        var random = SeededGenerator(seed: 4), layouts: [GGUFWriter.Layout] = []
        for node in graph.nodes {
            guard let shape = graph.weightShape(node) else { continue }
            layouts.append(
                .init(name: node.name.appending(".weight"), shape: shape, storageType: half ? .float16 : .float32))
            layouts.append(
                .init(
                    name: node.name.appending(".bias"), shape: TensorShape(graph.shape(node.output).channels),
                    storageType: .float32))
        }
        let metadata =
            try [(Name("general.file_type"), .integer(half ? 1 : 0))] + description.metadata() + graph.metadata
        try GGUFWriter.write(to: path, metadata: metadata, layouts: layouts) { index in
            // A segmenter without biases tells colours apart: its masks have several classes.
            let scale: Float = description.task.kind == .segmentation && index % 2 == 1 ? 0 : 1
            let values = (0..<layouts[index].shape.count).map { _ in Float(random.integer(-1000...1000)) / 2000 * scale }
            return layouts[index].storageType == .float16
                ? values.map { Float16($0).bitPattern }.withUnsafeBytes { Data($0) } : values.withUnsafeBytes { Data($0) }
        }
    }

    /// Noise in that size.
    public static func image(seed: UInt64) -> Image {
        var random = SeededGenerator(seed: seed)
        let image = Image(size: size)
        for index in image.pixels.indices { image.pixels[index] = UInt8(random.integer(0...255)) }
        return image
    }
}
