import Files
import Foundation
import Quantizer
import Service

/// What commands read whole.
enum InputFile {
    /// Lends the bytes of a regular file of at most `limit` bytes.
    static func read<Value>(
        _ path: String, limit: Int, _ body: (UnsafeRawBufferPointer) throws -> Value
    ) throws -> Value {
        let contents: FileContents
        do {
            contents = try FileContents(path: path, limit: limit)
        } catch {
            throw Failure(description: "\(path): \(error.message)", code: error.exitCode.rawValue)
        }
        return try body(contents.bytes)
    }
}

extension PictureFile {
    /// Whether a file begins as JPEGs do.
    static func isJPEG(_ path: String) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
        return (try? FileHandle(forReadingAtPath: path)?.read(upToCount: 2)) == Data([0xFF, 0xD8])
    }
}

extension PictureProblem {
    /// What is wrong with the picture; the caller puts its name in front.
    var message: String {
        switch self {
        case .file(let error): error.message
        case .jpeg(let error): error.message
        }
    }
}
