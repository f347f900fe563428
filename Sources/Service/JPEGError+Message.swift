extension JPEGError {
    /// What is wrong with the image; the caller puts its name in front.
    public var message: String { message(file: "FILE") }

    /// The same of a file by its name, which the fix contains.
    public func message(file: String) -> String {
        switch self {
        case .notJPEG(.unknown): "is not a JPEG"
        case .notJPEG(.empty): "is empty"
        case .notJPEG(let kind): "is \(kind.name), not a JPEG" + (kind.fix(file).map { ": \($0)" } ?? "")
        case .truncated: "is cut off: copy it again"
        case .corrupt(let code): "is damaged (libjpeg's error \(code))"
        case .unsupported(let code):
            "is a kind of JPEG that is not read (libjpeg's error \(code)): save it as a baseline or progressive one"
        case .colourSpace(let components):
            "has \(components) colour components: only grey and RGB are read, save it as one of these"
        case .tooLarge(let size):
            "is \(size.width)x\(size.height) pixels, more than \(JPEGLimits().pixels) in all or "
                + "\(JPEGLimits().side) on a side: scale it down"
        case .tooManyScans: "has more scans than any sound image: it is damaged"
        case .arithmetic: "is coded arithmetically, which is not read: jpegtran makes a common JPEG of it"
        case .tooMuchMemory(let size):
            "is \(size.width)x\(size.height) pixels and needs more memory than is allowed: scale it down, or save it as "
                + "a baseline JPEG, not a progressive one"
        case .outOfMemory: "cannot be decoded or encoded: no memory"
        }
    }

    /// The same for an image that libjpeg decoded with that many warnings.
    public static func message(warnings: Int) -> String {
        "is damaged in places (\(warnings) \(warnings == 1 ? "warning" : "warnings") of libjpeg)"
    }
}
