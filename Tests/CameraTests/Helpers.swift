import Foundation
import Pixels

@testable import Camera

/// A directory that goes away with its owner.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("camera-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let file = path + "/" + name
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        return file
    }
}

/// A frame event with its own copy of what was lent.
enum Seen: Equatable {
    case frame([UInt8], name: String, sequence: UInt64)
    case bad(BadFrame, name: String)
    case passEnded, ended, interrupted, other

    init(_ event: SourceEvent) {
        switch event {
        case .frame(let frame):
            self = .frame(Array(frame.pixels.planes[0]), name: Seen.name(frame.name), sequence: frame.sequence)
        case .bad(let fault, let name): self = .bad(fault, name: Seen.name(name))
        case .passEnded: self = .passEnded
        case .ended: self = .ended
        case .interrupted: self = .interrupted
        case .changed, .noticed: self = .other
        }
    }

    var image: [UInt8]? {
        guard case .frame(let bytes, _, _) = self else { return nil }
        return bytes
    }

    private static func name(_ name: FrameName) -> String {
        switch name {
        case .file(let bytes): String(decoding: bytes, as: UTF8.self)
        case .index(let index): "\(index)"
        }
    }
}

extension FileSource {
    /// Everything up to the end.
    func all() throws -> [Seen] {
        var seen: [Seen] = []
        while true {
            let event = Seen(try next())
            if event == .ended { return seen }
            seen.append(event)
        }
    }
}
