import Checkpoint
import Foundation
import Quantizer
import Vision

/// The golden networks as model files, each imported once for all tests of this process and gone when it ends.
public enum GoldenModel: String, CaseIterable, Sendable {
    case xxs = "xxs-ssd"
    case half = "v2-0.5-ssd"

    /// The model file at 320x320, or at another size.
    public func path(
        _ precision: Precision = .fp32, size: PictureSize = PictureSize(width: 320, height: 320)
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

    private static let lock = NSLock()
    /// Guarded by `lock`.
    private nonisolated(unsafe) static var made: [String] = []
    private static let removal: Void = {
        atexit { for path in GoldenModel.made { unlink(path) } }
    }()
}
