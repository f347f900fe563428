import CLinux
import Service
import Vision

/// Why an annotated picture was not written.
enum AnnotationError: Error {
    case jpeg(JPEGError)
    /// errno, and the name that was to be created.
    case cannotCreate(Int32, path: [UInt8])
    /// The annotated picture would take the place of the picture itself.
    case wouldOverwrite(path: [UInt8])

    var message: String {
        switch self {
        case .jpeg(let error): "cannot be annotated: it \(error.message)"
        case .cannotCreate(let error, let path): "\(text(path)): cannot be written: \(errorText(error))"
        case .wouldOverwrite(let path): "is not annotated: \(text(path)) is the picture itself, name another --annotate"
        }
    }

    var exitCode: ExitCode {
        switch self {
        case .jpeg: .badData
        case .cannotCreate: .cannotCreate
        case .wouldOverwrite: .usage
        }
    }
}

/// Draws detections into pictures and writes them as JPEGs: into one file, or into a folder under the pictures' names.
struct PictureAnnotator: ~Copyable {
    private let target: [UInt8]
    private let isFolder: Bool
    /// Of the files in the folder so far; pictures of several folders may share a name.
    private var names: Set<[UInt8]> = []
    private var decoder = JPEGDecoder()
    private var encoder = JPEGEncoder()
    private var picture = Picture()

    /// - Parameters:
    ///   - target: where to write; a folder is created if it is not there.
    ///   - single: there is one picture only, which is written to `target` unless that is a folder.
    init(target: [UInt8], single: Bool) throws(AnnotationError) {
        self.target = target
        var status = clinux_file_status()
        let exists = Self.withPath(target) { clinux_path_status($0, &status) } == 0
        isFolder = !single || target.last == UInt8(ascii: "/") || (exists && status.kind == CLINUX_FILE_FOLDER)
        guard isFolder else { return }
        let error = Self.withPath(target) { clinux_make_folder($0) }
        guard error == 0 else { throw .cannotCreate(error, path: target) }
    }

    /// Writes the JPEG in `bytes` again with what was found in it.
    mutating func write(
        _ bytes: UnsafeRawBufferPointer, _ result: PictureResult, labels: [[UInt8]]
    ) throws(AnnotationError) {
        let path = isFolder ? pathInFolder(result.name) : target
        guard !Self.same(path, result.name.path) else { throw .wouldOverwrite(path: path) }
        let encoded: UnsafeRawBufferPointer
        do throws(JPEGError) {
            _ = try decoder.decode(bytes, into: &picture)
            picture.annotate(result.detections, labels: labels)
            encoded = try encoder.encode(picture)
        } catch {
            throw .jpeg(error)
        }
        let error = Self.withPath(path) { clinux_write_file($0, encoded.baseAddress, encoded.count) }
        guard error == 0 else { throw .cannotCreate(error, path: path) }
    }

    /// The picture's own file name, with its place in an MJPEG file, and a number where the name is taken.
    private mutating func pathInFolder(_ name: PictureName) -> [UInt8] {
        let slash = UInt8(ascii: "/")
        let start = name.path.lastIndex(of: slash).map { $0 + 1 } ?? 0
        var stem = Array(name.path[start...])
        if let dot = stem.lastIndex(of: UInt8(ascii: ".")), dot > 0 { stem.removeSubrange(dot...) }
        if let frame = name.frame { stem += Array("-\(frame)".utf8) }
        var unique = stem
        var number = 2
        while names.contains(unique) {
            unique = stem + Array("-\(number)".utf8)
            number += 1
        }
        names.insert(unique)
        return target + (target.last == slash ? [] : [slash]) + unique + Array(".jpg".utf8)
    }

    private static func same(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        var first = clinux_file_status()
        var second = clinux_file_status()
        return withPath(left) { clinux_path_status($0, &first) } == 0
            && withPath(right) { clinux_path_status($0, &second) } == 0 && first.device == second.device
            && first.inode == second.inode
    }

    private static func withPath(_ path: [UInt8], _ body: (UnsafePointer<CChar>) -> Int32) -> Int32 {
        (path + [0]).withUnsafeBytes { body($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
    }
}
