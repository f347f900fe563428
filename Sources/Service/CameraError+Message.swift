extension CameraError {
    /// What stands for a camera's name where the user gave none.
    public static var anyCamera: String { "any camera" }

    /// What is wrong and what to do; `source` is the name the user gave, or `anyCamera`.
    public func message(source: String) -> String {
        switch self {
        case .noCamera where source.utf8.elementsEqual(Self.anyCamera.utf8): "no camera found: plug one in"
        case .cannotOpen(let error): "\(source): \(errorText(error))"
        case .cannotRead(let error): "\(source): \(errorText(error))"
        case .unsupportedKind: "\(source): not a JPEG, directory, MJPEG file or pipe; name a camera with --camera"
        case .isURL where source.utf8.prefix(5).map({ $0 | 0x20 }) == Array("file:".utf8):
            "\(source): URLs are not supported: name the file by its path"
        case .isURL:
            "\(source): URLs are not supported: fetch the image first, or pipe the video in: "
                + "ffmpeg -i \(source) -c:v mjpeg -q:v 4 -f mjpeg - writes what --source - reads"
        case .emptyDirectory(.unknown): "\(source): contains no JPEG (*.jpg, *.jpeg, *.jpe, *.jfif)"
        case .emptyDirectory(let kind):
            "\(source): contains \(kind.name), but no JPEG (*.jpg, *.jpeg, *.jpe, *.jfif)"
                + (kind.fix("FILE").map { ": \($0)" } ?? "")
        case .noImages(.empty): "\(source): is empty"
        // Bytes of bright pixels pass for text.
        case .noImages(let kind) where (kind == .unknown || kind == .text) && source.utf8.elementsEqual("-".utf8):
            "-: contains no JPEG; for raw frames, swiftletd needs --format and --size"
        case .noImages(.unknown), .noImages(.jpeg): "\(source): contains no JPEG"
        case .noImages(let kind) where kind == .gguf || kind == .archive || kind == .pdf:
            "\(source): is \(kind.name), not a JPEG" + (kind.fix(source).map { ": \($0)" } ?? "")
        case .noImages(let kind):
            "\(source): is \(kind.name) that contains no JPEG" + (kind.fix(source).map { ": \($0)" } ?? "")
        case .noneUsable: "\(source): no usable images"
        case .tooManyImages(let limit):
            "\(source): contains more than \(limit) images: split it, or make it an MJPEG file"
        case .cannotRepeatStream: "\(source): a stream cannot be repeated: omit --loop, or name a file"
        case .strideTooSmall(let minimum): "\(source): --stride must be at least \(minimum) for frames of that size"
        case .frameTooLarge(let limit): "\(source): a frame must have at most \(byteCount(limit)): choose a smaller --size"
        case .outOfMemory(let error): "\(source): out of memory allocating frame buffers: \(errorText(error))"
        case .noCamera: "\(source): no camera found: plug one in; swiftlet cameras lists what is there"
        case .noFormat: "\(source): no supported pixel format: see swiftlet cameras"
        case .formatNotOffered(let format):
            "\(source): does not offer \(format.name), which [camera] format or --format requires: see swiftlet cameras"
        case .badBuffers: "\(source): its driver's buffers do not match its format"
        case .noFrames(let time): "\(source): no frames for \(time / 1_000_000_000) s"
        case .noUsableFrames(let time, let bad): Self.message(source: source, unusableFor: time, last: bad.message)
        case .driver(.open, clinux_EACCES): "\(source): permission denied: add this user to group video"
        case .driver(.open, clinux_EPERM):
            "\(source): permission denied by the service manager: add the device to DeviceAllow="
        case .driver(_, clinux_ENOSPC):
            "\(source): not enough USB bandwidth: choose a smaller size or MJPEG, or use another USB port"
        case .driver(_, clinux_ENOMEM): "\(source): out of memory in its driver: choose a smaller size"
        case .driver(_, clinux_EBUSY): "\(source): device busy: close the program that is using it"
        case .driver(_, clinux_ENODEV): "\(source): was unplugged"
        case .driver(let call, let error): "\(source): \(call.message): \(errorText(error))"
        }
    }

    /// A directory of JPEGs also contains files that are skipped, one of this kind.
    public static func message(source: String, alsoHolds kind: FileKind) -> String {
        "\(source): also contains \(kind.name), skipped" + (kind.fix("FILE").map { ": \($0)" } ?? "")
    }

    /// No frame was usable for that many nanoseconds; `last` says of the last one what it is or does.
    public static func message(source: String, unusableFor time: UInt64, last: String) -> String {
        "\(source): no usable frame for \(time / 1_000_000_000) s: the last one \(last)"
    }

    /// Why a camera streams in another mode than the best, as the rest of a sentence about that.
    public var reasonForAnotherMode: String {
        switch self {
        case .driver(_, clinux_ENOSPC), .driver(_, clinux_ENOMEM): "not enough USB bandwidth or memory"
        case .driver(_, let error): "its driver rejects it: \(errorText(error))"
        default: "its driver rejects it"
        }
    }

    /// What a program ends with that cannot do without the source.
    public var exitCode: ExitCode {
        switch self {
        case .cannotOpen(let error): error == clinux_EACCES || error == clinux_EPERM ? .noPermission : .noInput
        case .cannotRead: .ioError
        case .unsupportedKind, .isURL, .emptyDirectory, .tooManyImages: .noInput
        case .noImages, .noneUsable: .badData
        case .cannotRepeatStream, .strideTooSmall, .frameTooLarge: .usage
        case .noCamera, .noFormat, .formatNotOffered: .noInput
        case .driver(.open, clinux_EACCES), .driver(.open, clinux_EPERM): .noPermission
        case .driver, .badBuffers, .noFrames, .noUsableFrames: .ioError
        case .outOfMemory: .system
        }
    }
}

extension DriverCall {
    /// What failed, as the rest of a sentence about a camera.
    var message: StaticString {
        switch self {
        case .open: "cannot be opened"
        case .setFormat: "rejects a format that it advertised"
        case .requestBuffers, .mapBuffer, .queueBuffer: "provides no buffers"
        case .start: "does not start"
        case .stop: "does not stop"
        case .dequeue, .wait: "stopped with an error"
        }
    }
}

extension BadFrame {
    /// What was wrong with one image, as the rest of a sentence about it.
    public var message: String {
        switch self {
        case .truncated: "is cut off"
        case .brokenStructure: "does not match its format"
        case .tooLarge(let limit): "is larger than \(byteCount(limit))"
        case .empty: "is empty"
        case .partial(let bytes, let frame):
            "ends after \(bytes) of \(frame) bytes: --size, --stride and --format must be those of the program that writes it"
        case .noImage(let count): "does not begin within \(byteCount(count))"
        case .unreadable(clinux_ENOTSUP): "is not a regular file"
        case .wrongSize(let width, let height): "is damaged, and \(width)x\(height), not the size that was requested"
        case .damaged: "was flagged as damaged by the driver"
        case .undecodable: "cannot be decoded"
        case .unreadable(let error): "cannot be read: \(errorText(error))"
        }
    }
}

extension CameraNotice {
    /// What is made up for; `source` is the camera's name.
    public func message(source: String) -> String {
        switch self {
        case .flagsIgnored:
            "\(source): its driver flags every frame as damaged: complete frames are used anyway"
        case .impossibleTime(let age):
            "\(source): its driver reports a frame that is \(fixed(Double(age) / 1e9, decimals: 3)) s old, which is impossible: "
                + "using the time of arrival instead"
        }
    }
}
