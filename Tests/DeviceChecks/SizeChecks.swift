import Engine
import Model
import ModelFile
import Pixels
import Vision

/// Sizes that are too much for a board, or for its integers: they are rejected, on boards of 32 bits too.
public enum SizeChecks {
    /// Maps as large as a graph may have, more of them at once than any board holds: no plan takes it.
    public static func largestNetwork(_ check: inout Check) {
        let side = ModelDescription.inputSides.upperBound, name = Name("layer")
        for isSeparable in [false, true] {
            var graph = Graph(input: MapShape(height: side, width: side, channels: 3))
            let stem = graph.convolution3x3(graph.input, name, channels: 256, .silu)
            let tokens = graph.unfold(graph.pointwise(stem, name, channels: 255), name)
            let seen = isSeparable ? graph.separableAttention(tokens, name) : graph.attention(tokens, heads: 1, name)
            let branches = (0..<5).map { _ in graph.pointwise(stem, name, channels: 256) }
            var sum = graph.pointwise(graph.fold(seen, like: stem, name), name, channels: 256)
            for branch in branches { sum = graph.add(sum, graph.depthwise3x3(branch, name), name) }
            for branch in branches { sum = graph.add(sum, branch, name) }
            graph.output = sum
            var total: Int64 = 0
            for node in graph.nodes { total += graph.multiplyAccumulates(node) }
            check.expect(total > Int64(UInt32.max), "\(total) multiply-accumulates")
            for precision in [Precision.fp32, .fp16, .int8] {
                for threads in [1, Engine.maximumThreadCount] {
                    let plan = try? MemoryPlan(graph, precision: precision, threads: threads)
                    check.expect(plan == nil, "\(precision.name) with \(threads) threads has a plan")
                }
            }
        }
    }

    /// A large image of one colour is of that colour at the network's size too, by the tables of every resize.
    public static func largeImage(_ check: inout Check) {
        let size = ImageSize(width: 4000, height: 3000), target = ImageSize(width: 640, height: 416)
        let image = Image(size: size)
        image.pixels.update(repeating: 77)
        let tensor = UnsafeMutableBufferPointer<Float>.allocate(capacity: target.width * target.height * 3)
        defer { tensor.deallocate() }
        for rule in [ResizeRule.fast, .bilinearOpenCV, .bicubicPillow] {
            var ingest = Ingest(format: InputFormat(size: target, channelOrder: .rgb, scale: 1), rule: rule)
            tensor.update(repeating: 0)
            ingest.fill(tensor, from: image)
            check.expect(tensor.allSatisfy { $0 == 77 }, "a resize changes the colour")
            tensor.update(repeating: 0)
            ingest.fill(tensor, from: image.view)
            check.expect(tensor.allSatisfy { $0 == 77 }, "a resize of channels changes the colour")
        }
    }

    /// A whole number in a model file is what it is, or rejected where this processor has none that large.
    public static func largestNumber(_ check: inout Check) {
        // A header with one entry: "n", of type uint32.
        var bytes: [UInt8] = Array("GGUF".utf8) + [3, 0, 0, 0] + [UInt8](repeating: 0, count: 8)
        bytes += [1, 0, 0, 0, 0, 0, 0, 0] + [1, 0, 0, 0, 0, 0, 0, 0, UInt8(ascii: "n")]
        bytes += [4, 0, 0, 0] + [0xFF, 0xFF, 0xFF, 0xFF]
        let aligned = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
        defer { aligned.deallocate() }
        aligned.copyBytes(from: bytes)
        var found: Int64?
        do throws(ModelFileError) {
            let file = try ModelFile(borrowing: UnsafeRawBufferPointer(aligned))
            found = Int64(try file.integer(Name("n"), in: 0...Int.max))
        } catch {
            check.expect(error == .outOfRange(key: Name("n")), "rejected for another reason")
        }
        check.expect(found == Int(exactly: UInt32.max).map { Int64($0) }, "read as another number")
    }
}
