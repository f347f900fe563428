import Model
import Engine
import Foundation
import ModelFile
import Pixels
import TestSupport
import Testing
import Vision

/// A model that runs is not the file any more: neither what others do to the file nor what the engine gives back of it
/// changes a prediction.
@Suite struct ModelInMemoryTests {
    private static let size = ImageSize(width: 64, height: 96)

    private static func predictions(_ detector: Model) -> [Float] {
        var random = SeededGenerator(seed: 11)
        for index in detector.engine.inputBytes.indices {
            detector.engine.inputBytes[index] = UInt8.random(in: 0...255, using: &random)
        }
        for index in detector.engine.input.indices {
            detector.engine.input[index] = Float.random(in: -1...1, using: &random)
        }
        detector.run()
        let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: detector.engine.predictionCount)
        defer { values.deallocate() }
        detector.engine.copyPredictions(to: values)
        return Array(values)
    }

    @Test(arguments: ["shipped", "int8", "fp16", "fp32"]) func nothingThatHappensToTheFileIsSeen(precision: String) throws {
        let model = GoldenModel.xxs
        let original =
            switch precision {
            // Of which an engine gives back much: weights come before all else.
            case "shipped": fixture("../../models/cards/xxs-int8.gguf")
            case "int8": try model.int8Path("run_64x128_detail")
            case "fp16": try model.path(.fp16)
            default: try model.path()
            }
        let bytes = try Data(contentsOf: URL(fileURLWithPath: original))
        // Memory that the caller keeps: nothing of it is given back.
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        let expected = Self.predictions(
            try Model(
                file: try ModelFile(borrowing: UnsafeRawBufferPointer(copy)), size: Self.size,
                settings: ModelSettings()))

        let path = NSTemporaryDirectory() + "swiftlet-replaced-\(UUID().uuidString).gguf"
        defer { unlink(path) }
        try bytes.write(to: URL(fileURLWithPath: path))
        let detector = try Model(path: path, size: Self.size, settings: ModelSettings())
        #expect(Self.predictions(detector) == expected)
        // As rsync --inplace, scp and cp write.
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.write(contentsOf: Data(repeating: 0x55, count: bytes.count))
        try file.synchronize()
        #expect(Self.predictions(detector) == expected)
        try file.truncate(atOffset: 0)
        #expect(Self.predictions(detector) == expected)
    }
}
