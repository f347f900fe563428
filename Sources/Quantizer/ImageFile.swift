/// Why an image is skipped.
public enum ImageProblem: Error, Equatable, Sendable {
    case file(FileError)
    case jpeg(JPEGError)
}

/// The images that models are made and judged with.
public enum ImageFile {
    /// In bytes, as for the daemon.
    public static let largest = 16 << 20

    /// The bytes of the file at `path`.
    public static func contents(_ path: String) throws(ImageProblem) -> FileContents {
        do {
            return try FileContents(path: path, limit: largest)
        } catch {
            throw .file(error)
        }
    }

    /// What `body` makes of the bytes of the file at `path`.
    public static func read<Value>(
        _ path: String, _ body: (UnsafeRawBufferPointer) throws(JPEGError) -> Value
    ) throws(ImageProblem) -> Value {
        let contents = try contents(path)
        do {
            return try body(contents.bytes)
        } catch {
            throw .jpeg(error)
        }
    }
}
