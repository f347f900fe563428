/// Why an annotated image was not written.
enum AnnotationError: Error {
    case jpeg(JPEGError)
    /// What was to be created. `isInput` stands for a directory of sources too: no image may appear among them.
    case output(OutputError, path: [UInt8])
    /// The name to write to is another kind of image's, or an image's where a directory is to be created.
    case wrongKind(ImageTarget.Kind, path: [UInt8])

    var message: String {
        switch self {
        case .jpeg(let error): "cannot be annotated: it \(error.message)"
        case .output(.isInput, let path): "\(text(path)): is read from, so nothing is written there: name another OUT"
        case .output(let error, let path): "\(text(path)): \(error.message)"
        case .wrongKind(let kind, let path):
            "\(text(path)): only \(kind.name)s are written: name a \(kind.ending) for one image, a directory for several"
        }
    }

    var exitCode: ExitCode {
        switch self {
        case .jpeg: .badData
        case .output(let error, _): error.exitCode
        case .wrongKind: .usage
        }
    }
}

/// Where an image goes for each that is read: into one file, or into a directory under the images' names. What was written
/// there before is overwritten, a source never.
struct ImageTarget: ~Copyable {
    enum Kind {
        /// What was found, drawn into the image.
        case jpeg
        /// A mask.
        case png

        var name: StaticString { self == .jpeg ? "JPEG" : "PNG" }
        var ending: StaticString { self == .jpeg ? ".jpg" : ".png" }
    }

    /// All files and directories that are read.
    let inputs: InputFiles
    private let target: [UInt8]
    private let kind: Kind
    private let isDirectory: Bool
    private var names = AnnotatedNames()

    /// - Parameters:
    ///   - target: where to write; a directory is created if it is not there.
    ///   - single: there is one image only, which is written to `target` unless that is a directory.
    init(_ target: [UInt8], _ kind: Kind, single: Bool, inputs: InputFiles) throws(AnnotationError) {
        self.target = target
        self.kind = kind
        self.inputs = inputs
        let path = terminated(target)
        var status = clinux_file_status()
        let error = clinux_status_at(clinux_working_directory, path, &status)
        let isThere = error == 0 && status.kind == CLINUX_FILE_DIRECTORY
        isDirectory = !single || target.last == slash || isThere
        let found = isThere ? .unknown : FileKind(name: path)
        let isOutput = target == [UInt8(ascii: "-")]
        let fits = !isOutput && found == .unknown || (found == (kind == .jpeg ? .jpeg : .png) && !isDirectory)
        guard fits else { throw .wrongKind(kind, path: target) }
        if isDirectory {
            let error = clinux_make_directory(path)
            guard error == 0 else { throw .output(.system(error), path: target) }
        }
        if inputs.contains(path) { throw .output(.isInput, path: target) }
    }

    /// The images that follow come from another source.
    mutating func beginSource() { names.beginSource() }

    /// Writes what belongs to an image that was read.
    mutating func write(
        for name: ImageName, _ body: (UnsafePointer<CChar>, InputFiles) throws(OutputError) -> Void
    ) throws(AnnotationError) {
        let path =
            isDirectory ? target + (target.last == slash ? [] : [slash]) + names.name(for: name) + bytes(kind.ending) : target
        do throws(OutputError) {
            try body(terminated(path), inputs)
        } catch {
            throw .output(error, path: path)
        }
    }
}

/// Draws into images what was found in them, and encodes them as JPEGs.
struct ImageAnnotator: ~Copyable {
    private var decoder: JPEGDecoder
    private var encoder = JPEGEncoder()
    private var image = Image()

    /// - Parameter rotation: what images are turned by.
    init(rotation: Orientation) { decoder = JPEGDecoder(rotation: rotation) }

    /// The JPEG in `bytes` again with what was found in it; valid until the next call.
    mutating func annotate(
        _ bytes: UnsafeRawBufferPointer, _ found: ModelResult, labels: [ArraySlice<UInt8>]
    ) throws(AnnotationError) -> UnsafeRawBufferPointer {
        do throws(JPEGError) {
            _ = try decoder.decode(bytes, into: &image)
            if let mask = found.mask {
                image.tint(mask, with: found.segments.map { ($0.classIndex, labels[Int($0.classIndex)]) })
            }
            image.annotate(found.detections, labels: labels)
            image.annotate(found.classes, labels: labels)
            image.annotate(found.segments, labels: labels)
            return try encoder.encode(image)
        } catch {
            throw .jpeg(error)
        }
    }
}

private let slash = UInt8(ascii: "/")
