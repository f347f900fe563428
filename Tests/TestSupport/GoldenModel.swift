import Checkpoint
import Model
import Foundation
import ModelFile
import Pixels
import Quantizer
import Vision

/// The golden networks as model files, each imported once for all tests of this process and gone when it ends.
public enum GoldenModel: String, CaseIterable, Sendable {
    case xxs = "xxs-ssd"
    case v05 = "v2-0.5-ssd"

    /// The model file at 320x320, or at another size.
    public func path(
        _ precision: StoragePrecision = .fp32, size: ImageSize = ImageSize(width: 320, height: 320)
    ) throws -> String {
        Self.lock.lock()
        defer { Self.lock.unlock() }
        _ = Self.removal
        let name = "swiftlet-\(getpid())-\(rawValue)-\(precision.rawValue)-\(size.width)x\(size.height).gguf"
        let path = NSTemporaryDirectory() + name
        guard !Self.made.contains(path) else { return path }
        let importer = try Importer(
            try Checkpoint(path: fixture("golden/\(rawValue)/model.pt")), architecture: nil, precision: precision)
        let description = importer.description(labels: ["background"] + COCO.labels, size: size)
        try importer.write(to: path, description: description) { _, _ in }
        Self.made.append(path)
        return path
    }

    /// The model file in int8, with the ranges of a golden image.
    public func int8Path(_ run: String = "run_320x320") throws -> String {
        let full = try path()
        Self.lock.lock()
        defer { Self.lock.unlock() }
        let path = NSTemporaryDirectory() + "swiftlet-\(getpid())-\(rawValue)-int8-\(run).gguf"
        guard !Self.made.contains(path) else { return path }
        try quantizer(full, run).write(to: path)
        Self.made.append(path)
        return path
    }

    /// What `int8Path` writes, to be changed before it is written.
    public func quantizer() throws -> PlainQuantizer {
        let full = try path()
        Self.lock.lock()
        defer { Self.lock.unlock() }
        if let known = Self.quantizers[self] { return known }
        let made = try quantizer(full, "run_64x128_detail")
        Self.quantizers[self] = made
        return made
    }

    private func quantizer(_ path: String, _ run: String) throws -> PlainQuantizer {
        let file = try ModelFile(path: path)
        var settings = ModelSettings()
        settings.observing = true
        guard let tensor = try golden("\(rawValue)/\(run).safetensors")["image_u8_rgb_hwc"] else {
            throw CocoaError(.fileReadCorruptFile)
        }
        let size = ImageSize(width: tensor.shape[1], height: tensor.shape[0])
        let detector = try Model(file: file, size: size, settings: settings)
        let image = Image(size: size)
        _ = image.pixels.update(from: try tensor.bytes())
        detector.load(image)
        detector.run()
        return PlainQuantizer(detector, file: file)
    }

    private static let lock = NSLock()
    /// Guarded by `lock`.
    private nonisolated(unsafe) static var quantizers: [GoldenModel: PlainQuantizer] = [:]
    /// Guarded by `lock`.
    private nonisolated(unsafe) static var made: [String] = []
    private static let removal: Void = {
        atexit { for path in GoldenModel.made { unlink(path) } }
    }()
}
