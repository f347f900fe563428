import Model
import Engine
import Foundation
import ModelFile
import Pixels
import Vision

/// A model file up to detections: read, bound to the engine, run once on a small image.
///
/// Inputs are changes to a model that is whole, since none of its size would be found by chance: for each a position in
/// two bytes, how many bytes follow, and these. The first byte of an input chooses the model and where positions count
/// from: the file's beginning, or anywhere in it.
struct ModelTarget: FuzzTarget {
    static let name = "model"
    static let longest = 512
    private static let size = ImageSize(width: 32, height: 32)

    private let models: [(whole: [UInt8], memory: UnsafeMutableRawBufferPointer)]
    private let settings: ModelSettings

    init() {
        models = ["xxs-int8", "xxs-fp16"].map { name in
            let path = "models/cards/\(name).gguf"
            guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)) else {
                fatalError("no \(path): start this in the project's root")
            }
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: data.count, alignment: 64)
            memory.copyBytes(from: data)
            return (Array(memory), memory)
        }
        settings = ModelSettings(threshold: 0.01, limit: 10, resize: .fast)
    }

    func run(_ bytes: UnsafeRawBufferPointer) throws {
        guard let first = bytes.first else { return }
        let (whole, memory) = models[Int(first & 1)]
        var place = 1
        while place + 3 <= bytes.count {
            let step = first & 2 == 0 ? 1 : max(1, memory.count >> 16)
            let position = (Int(bytes[place]) | Int(bytes[place + 1]) << 8) * step
            let count = min(Int(bytes[place + 2] & 15) + 1, bytes.count - place - 3, max(0, memory.count - position))
            for index in 0..<max(0, count) { memory[position + index] = bytes[place + 3 + index] }
            place += 3 + max(0, count)
        }
        defer { memory.copyBytes(from: whole) }
        // Cut where the second bit says so.
        let end = first & 4 == 0 ? memory.count : memory.count * Int(bytes[bytes.count - 1]) / 256
        let file = try ModelFile(borrowing: UnsafeRawBufferPointer(rebasing: memory[..<end]))
        let detector = try Model(file: file, size: Self.size, settings: settings)
        let image = Image(size: Self.size)
        image.pixels.update(repeating: 90)
        detector.load(image)
        detector.run()
        for found in detector.result().detections {
            guard found.classIndex > 0, found.classIndex < detector.description.labels.count, found.score > 0.01,
                found.score <= 1.001
            else { fatalError("a detection that no image has") }
        }
    }
}
