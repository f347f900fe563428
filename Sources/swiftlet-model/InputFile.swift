import Foundation

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

extension InputFile {
    /// A regular file to be read piece by piece; never waits for one that is none.
    static func open(_ path: String) throws -> FileHandle {
        let descriptor = Foundation.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else {
            throw Failure.noInput("\(path): \(String(cString: strerror(errno)))")
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Failure.noInput("\(path): is not a regular file: name a regular file")
        }
        return file
    }
}

extension ImageFile {
    /// Whether a file begins as JPEGs do.
    static func isJPEG(_ path: String) -> Bool {
        (try? InputFile.open(path).read(upToCount: 2)) == Data([0xFF, 0xD8])
    }
}

extension ImageProblem {
    /// What is wrong with the image; the caller puts its name in front.
    var message: String {
        switch self {
        case .file(let error): error.message
        case .jpeg(let error): error.message
        }
    }
}
