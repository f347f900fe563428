extension CameraError {
    /// What stands for a camera's name where the user gave none.
    public static var anyCamera: String { "any camera" }

    /// What is wrong and what to do; `source` is the name the user gave, or `anyCamera`.
    public func message(source: String) -> String {
        switch self {
        case .noCamera where source.utf8.elementsEqual(Self.anyCamera.utf8): "no camera found: plug one in"
        case .cannotOpen(let error): "\(source): cannot be opened: \(errorText(error))"
        case .cannotRead(let error): "\(source): cannot be read: \(errorText(error))"
        case .unsupportedKind: "\(source): is no image, directory, MJPEG file or pipe; a camera is given with --camera"
        case .isURL where source.utf8.prefix(5).map({ $0 | 0x20 }) == Array("file:".utf8):
            "\(source): URLs are not read: give the file's path"
        case .isURL:
            "\(source): URLs are not read: fetch the image first, or pipe the video in: "
                + "ffmpeg -i \(source) -c:v mjpeg -q:v 4 -f mjpeg - gives what is read from standard input (-)"
        case .emptyDirectory(.unknown): "\(source): holds no JPEG (*.jpg, *.jpeg, *.jpe, *.jfif)"
        case .emptyDirectory(let kind):
            "\(source): holds \(kind.name) or more, but no JPEG (*.jpg, *.jpeg, *.jpe, *.jfif)"
                + (kind.fix("FILE").map { ": \($0)" } ?? "")
        case .noImages(.empty): "\(source): is empty"
        case .noImages(.unknown), .noImages(.jpeg): "\(source): holds no JPEG"
        case .noImages(let kind) where kind == .gguf || kind == .archive || kind == .pdf:
            "\(source): is \(kind.name), not a JPEG" + (kind.fix(source).map { ": \($0)" } ?? "")
        case .noImages(let kind):
            "\(source): is \(kind.name) that holds no JPEG" + (kind.fix(source).map { ": \($0)" } ?? "")
        case .noneUsable: "\(source): gave no image that can be used"
        case .tooManyImages(let limit):
            "\(source): holds more than \(limit) images: split it, or make it an MJPEG file"
        case .cannotRepeatStream: "\(source): a stream cannot be repeated: leave --loop out, or give a file"
        case .strideTooSmall(let minimum): "\(source): --stride must be at least \(minimum) for frames of that size"
        case .frameTooLarge(let limit): "\(source): a frame must have at most \(byteCount(limit)): choose a smaller --size"
        case .outOfMemory(let error): "\(source): no memory for frames: \(errorText(error))"
        case .noCamera: "\(source): no camera found: plug one in; swiftlet cameras lists what is there"
        case .noFormat: "\(source): offers no format that is read or converted here: see swiftlet cameras"
        case .formatNotOffered(let format):
            "\(source): offers no \(format.name), as [camera] format or --format wants: see swiftlet cameras"
        case .badBuffers: "\(source): its driver's buffers do not fit its format"
        case .noFrames(let time): "\(source): gives no frames for \(time / 1_000_000_000) s"
        case .noUsableFrames(let time, let bad): Self.message(source: source, unusableFor: time, last: bad.message)
        case .driver(.open, clinux_EACCES): "\(source): a camera is there and may not be opened: be in group video"
        case .driver(.open, clinux_EPERM):
            "\(source): a camera is there and may not be opened: let the service's DeviceAllow= have it"
        case .driver(_, clinux_ENOSPC):
            "\(source): not enough USB bandwidth: ask for a smaller size or MJPEG, or use another USB port"
        case .driver(_, clinux_ENOMEM): "\(source): not enough memory for its driver: ask for a smaller size"
        case .driver(_, clinux_EBUSY): "\(source): another program uses it: end that one"
        case .driver(_, clinux_ENODEV): "\(source): was unplugged"
        case .driver(let call, let error): "\(source): \(call.message): \(errorText(error))"
        }
    }

    /// A directory that has JPEGs also holds what is left out, of this kind for one.
    public static func message(source: String, alsoHolds kind: FileKind) -> String {
        "\(source): holds \(kind.name) or more too, left out" + (kind.fix("FILE").map { ": \($0)" } ?? "")
    }

    /// No frame could be used for so many nanoseconds; `last` says of the last one what it is or does.
    public static func message(source: String, unusableFor time: UInt64, last: String) -> String {
        "\(source): no frame can be used for \(time / 1_000_000_000) s: the last one \(last)"
    }

    /// Why a camera streams in another mode than the best, as the rest of a sentence about that.
    public var reasonForAnotherMode: String {
        switch self {
        case .driver(_, clinux_ENOSPC), .driver(_, clinux_ENOMEM): "not enough USB bandwidth or memory for that"
        case .driver(_, let error): "its driver refuses that: \(errorText(error))"
        default: "its driver refuses that"
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
        case .setFormat: "refuses its own format"
        case .requestBuffers, .mapBuffer, .queueBuffer: "gives no buffers"
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
        case .brokenStructure: "does not have its format's structure"
        case .tooLarge(let limit): "is larger than \(byteCount(limit))"
        case .empty: "is empty"
        case .partial(let bytes, let frame):
            "ends after \(bytes) of \(frame) bytes: --size, --stride and --format must be those of the program that writes it"
        case .noImage(let count): "does not begin within \(byteCount(count))"
        case .unreadable(clinux_ENOTSUP): "is not a regular file"
        case .wrongSize(let width, let height): "is damaged, and \(width)x\(height), which nobody asked the camera for"
        case .damaged: "came damaged from the camera"
        case .undecodable: "can't be decoded"
        case .unreadable(let error): "cannot be read: \(errorText(error))"
        }
    }
}

extension CameraNotice {
    /// What is made up for; `source` is the camera's name.
    public func message(source: String) -> String {
        switch self {
        case .flagsIgnored:
            "\(source): its driver marks every frame as damaged: those that are whole are used all the same"
        case .impossibleTime(let age):
            "\(source): its driver says that a frame is \(fixed(Double(age) / 1e9, decimals: 3)) s old, which can't be: "
                + "the time of arrival is taken instead"
        }
    }
}
