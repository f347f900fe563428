// Prints image, label, score and box of each detection of swiftletd: detections [SOCKET [MIN_SCORE]]
//
//     swiftc -O detections.swift

import FoundationEssentials
import Glibc

/// What this program reads of a line of any type; an unknown type has none of it.
struct Line: Decodable {
    struct Detection: Decodable {
        var label: String
        var score: Double?
        /// Of the image: what a segmenter's classes have in place of a score.
        var share: Double?
        /// A classifier's classes have none.
        var box_px: [Double]?
    }

    /// A file's name, or a number.
    enum Image: Decodable, CustomStringConvertible {
        case file(String)
        case index(UInt64)

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let index = try? value.decode(UInt64.self) {
                self = .index(index)
            } else {
                self = .file(try value.decode(String.self))
            }
        }

        var description: String {
            switch self {
            case .file(let name): name
            case .index(let index): "\(index)"
            }
        }
    }

    var type: String
    var `protocol`: Int?
    var message: String?
    var picture: Image?
    var detections: [Detection]?
}

/// What a classifier's or a segmenter's frame has in place of detections. Other lines have a field of that name, too.
struct ClassifierFrame: Decodable {
    var classes: [Line.Detection]
}

/// The longest line is hello, of at most 256 KiB.
let lineLimit = 256 << 10

func fail(_ code: Int32, _ message: String) -> Never {
    fputs("\(message)\n", stderr)
    exit(code)
}

func connected(to path: String) -> Int32? {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    let outcome = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
    return descriptor >= 0 && outcome == 0 ? descriptor : nil
}

func show(_ bytes: ArraySlice<UInt8>, minimum: Double) {
    guard let line = try? JSONDecoder().decode(Line.self, from: Data(bytes)) else {
        fail(76, "swiftletd: sent something that is no line of its protocol")
    }
    if line.type == "error" { fail(76, "swiftletd: \(line.message ?? "")") }
    if line.type == "hello", line.protocol != 1 { fail(76, "swiftletd: speaks a protocol other than 1") }
    var list = line.detections ?? []
    if line.type == "frame", line.detections == nil {
        list = (try? JSONDecoder().decode(ClassifierFrame.self, from: Data(bytes)))?.classes ?? []
    }
    // Frames that were under way before the request are complete: hence the comparison.
    for found in list {
        guard let score = found.score ?? found.share, score >= minimum else { continue }
        let box = (found.box_px ?? []).map { "\t\($0)" }.joined()
        print("\(line.picture.map { "\($0)" } ?? "")\t\(found.label)\t\(score)\(box)")
    }
    fflush(stdout)
}

let arguments = CommandLine.arguments
let path = arguments.count > 1 ? arguments[1] : "/run/swiftlet/swiftlet.sock"
guard let minimum = Double(arguments.count > 2 ? arguments[2] : "0.5") else {
    fail(64, "usage: detections [SOCKET [MIN_SCORE]]")
}
guard let stream = connected(to: path) else {
    fail(69, "no swiftletd at \(path) (\(String(cString: strerror(errno)))): start it, or name its socket")
}
let request = Array("{\"min_score\":\(minimum)}\n".utf8)
// A daemon that is gone already is found by the next call.
_ = send(stream, request, request.count, Int32(MSG_NOSIGNAL))

var waiting: [UInt8] = []
var piece = [UInt8](repeating: 0, count: 64 << 10)
while true {
    let count = recv(stream, &piece, piece.count, 0)
    if count < 0, errno == EINTR { continue }
    // The end: the source's, or the daemon's.
    guard count > 0 else { break }
    waiting += piece[..<count]
    var start = 0
    while let end = waiting[start...].firstIndex(of: UInt8(ascii: "\n")) {
        show(waiting[start..<end], minimum: minimum)
        start = end + 1
    }
    waiting.removeFirst(start)
    if waiting.count > lineLimit { fail(76, "swiftletd: sent a line that is too long") }
}
