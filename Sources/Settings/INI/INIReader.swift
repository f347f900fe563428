/// What reads one kind of INI file, and collects its mistakes.
public protocol INIReader {
    /// Bytes of the largest file.
    static var sizeLimit: Int { get }

    /// Reads the text of a file.
    static func read(_ text: UnsafeRawBufferPointer) -> Self
}

extension INIReader {
    /// Reads the file at `path`. Throws where it cannot be read, is larger than `sizeLimit`, or changes meanwhile; what
    /// is wrong inside it is for the reader to tell.
    public static func read(path: UnsafePointer<CChar>) throws(FileError) -> Self {
        let file = try FileContents(path: path, limit: sizeLimit)
        return withExtendedLifetime(file) { read($0.bytes) }
    }
}
