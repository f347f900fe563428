import CLinux
import Camera

extension CameraError {
    /// What is wrong and what to do; `source` is the name the user gave.
    public func message(source: String) -> String {
        switch self {
        case .cannotOpen(let error): "\(source): cannot be opened: \(errorText(error))"
        case .cannotRead(let error): "\(source): cannot be read: \(errorText(error))"
        case .unsupportedKind: "\(source): is no picture, folder, MJPEG file or pipe"
        case .emptyFolder: "\(source): holds no *.jpg or *.jpeg file"
        case .tooManyPictures(let limit):
            "\(source): holds more than \(limit) pictures: split it, or make it an MJPEG file"
        case .cannotRepeatStream: "\(source): a stream cannot be repeated: leave --loop out, or give a file"
        case .outOfMemory(let error): "\(source): no memory for frames: \(errorText(error))"
        }
    }

    public var exitCode: ExitCode {
        switch self {
        case .cannotOpen(let error): error == clinux_EACCES || error == clinux_EPERM ? .noPermission : .noInput
        case .cannotRead: .ioError
        case .unsupportedKind, .emptyFolder, .tooManyPictures: .noInput
        case .cannotRepeatStream: .usage
        case .outOfMemory: .system
        }
    }
}

extension BadFrame {
    /// What was wrong with one picture, as the rest of a sentence about it.
    public var message: String {
        switch self {
        case .truncated: "is cut off"
        case .brokenStructure: "does not have a JPEG's structure"
        case .tooLarge(let limit): "is larger than \(byteCount(limit))"
        case .empty: "is empty"
        case .noPicture(let count): "does not begin within \(byteCount(count))"
        case .unreadable(clinux_ENOTSUP): "is not a regular file"
        case .unreadable(let error): "cannot be read: \(errorText(error))"
        }
    }
}
