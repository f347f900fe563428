import Files
import Vision

/// Why a picture is left out.
public enum PictureProblem: Error, Equatable, Sendable {
    case file(FileError)
    case jpeg(JPEGError)
}

/// The pictures that models are made and judged with.
public enum PictureFile {
    /// In bytes, as for the daemon.
    public static let largest = 16 << 20

    /// The bytes of the file at `path`.
    public static func contents(_ path: String) throws(PictureProblem) -> FileContents {
        do {
            return try FileContents(path: path, limit: largest)
        } catch {
            throw .file(error)
        }
    }
}
