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
        case .corrupt(let code): "is damaged (libjpeg error \(code))"
        case .unsupported(let code):
            "is an unsupported kind of JPEG (libjpeg error \(code)): save it as a baseline or progressive JPEG"
        case .colourSpace(let components):
            "has \(components) colour components: only grey and RGB are supported: save it as one of these"
        case .tooLarge(let size):
            "is \(size.width)x\(size.height) pixels, more than \(JPEGLimits().pixels) in all or "
                + "\(JPEGLimits().side) on a side: scale it down"
        case .tooManyScans: "has too many scans: probably corrupt"
        case .arithmetic: "uses arithmetic coding, which is not supported: convert it with jpegtran"
        case .tooMuchMemory(let size):
            "is \(size.width)x\(size.height) pixels and needs too much memory to decode: scale it down, or save it as "
                + "a baseline JPEG, not a progressive one"
        case .outOfMemory: "cannot be decoded or encoded: out of memory"
        }
    }

    /// The same for an image that libjpeg decoded with that many warnings.
    public static func message(warnings: Int) -> String {
        "is damaged (libjpeg: \(warnings) warning\(warnings == 1 ? "" : "s"))"
    }
}
