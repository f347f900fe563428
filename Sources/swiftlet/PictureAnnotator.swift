import CLinux
import Camera
import Service
import Vision

/// Why an annotated picture was not written.
enum AnnotationError: Error {
    case jpeg(JPEGError)
    /// errno, and the name that was to be created.
    case cannotCreate(Int32, path: [UInt8])
    /// The annotated picture would take the place of a source, or appear among its pictures.
    case wouldOverwrite(path: [UInt8])

    var message: String {
        switch self {
        case .jpeg(let error): "cannot be annotated: it \(error.message)"
        case .cannotCreate(let error, let path): "\(text(path)): cannot be written: \(errorText(error))"
        case .wouldOverwrite(let path): "\(text(path)): is read from, so nothing is written there: name another --annotate"
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
/// What was annotated before is overwritten, a source never.
struct PictureAnnotator: ~Copyable {
    private let target: [UInt8]
    private let isFolder: Bool
    private let sources: Set<FileIdentity>
    private var names = AnnotatedNames()
    private var decoder = JPEGDecoder()
    private var encoder = JPEGEncoder()
    private var picture = Picture()

    /// - Parameters:
    ///   - target: where to write; a folder is created if it is not there.
    ///   - single: there is one picture only, which is written to `target` unless that is a folder.
    ///   - sources: all files and folders that are read.
    init(target: [UInt8], single: Bool, sources: Set<FileIdentity>) throws(AnnotationError) {
        self.target = target
        self.sources = sources
        var status = clinux_file_status()
        let error = Self.withPath(target) { clinux_status_at(clinux_working_folder, $0, &status) }
        isFolder = !single || target.last == slash || (error == 0 && status.kind == CLINUX_FILE_FOLDER)
        if isFolder {
            let error = Self.withPath(target) { clinux_make_folder($0) }
            guard error == 0 else { throw .cannotCreate(error, path: target) }
        }
        try check(target)
    }

    /// The pictures that follow come from another source.
    mutating func beginSource() { names.beginSource() }

    private func check(_ path: [UInt8]) throws(AnnotationError) {
        let identity = (path + [0]).withUnsafeBytes {
            FileIdentity(path: $0.baseAddress!.assumingMemoryBound(to: CChar.self))
        }
        if let identity, sources.contains(identity) { throw .wouldOverwrite(path: path) }
    }

    /// Writes the JPEG in `bytes` again with what was found in it.
    mutating func write(
        _ bytes: UnsafeRawBufferPointer, _ result: PictureResult, labels: [[UInt8]]
    ) throws(AnnotationError) {
        let path = isFolder ? pathInFolder(result.name) : target
        try check(path)
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

    private mutating func pathInFolder(_ name: PictureName) -> [UInt8] {
        target + (target.last == slash ? [] : [slash]) + names.name(for: name) + bytes(".jpg")
    }

    private static func withPath(_ path: [UInt8], _ body: (UnsafePointer<CChar>) -> Int32) -> Int32 {
        (path + [0]).withUnsafeBytes { body($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
    }
}

private let slash = UInt8(ascii: "/")
