/// Why an annotated image was not written.
enum AnnotationError: Error {
    case jpeg(JPEGError)
    /// What was to be created. `isInput` stands for a directory of sources too: no image may appear among them.
    case output(OutputError, path: [UInt8])
    /// The name to write to is another kind of image's, or an image's where a directory is to be created.
    case notJPEG(path: [UInt8])

    var message: String {
        switch self {
        case .jpeg(let error): "cannot be annotated: it \(error.message)"
        case .output(.isInput, let path): "\(text(path)): is read from, so nothing is written there: name another --annotate"
        case .output(let error, let path): "\(text(path)): \(error.message)"
        case .notJPEG(let path): "\(text(path)): only JPEGs are written: name a .jpg for one image, a directory for several"
        }
    }

    var exitCode: ExitCode {
        switch self {
        case .jpeg: .badData
        case .output(let error, _): error.exitCode
        case .notJPEG: .usage
        }
    }
}

/// Draws detections or classes into images and writes them as JPEGs: into one file, or into a directory under the images' names.
/// What was annotated before is overwritten, a source never.
struct ImageAnnotator: ~Copyable {
    private let target: [UInt8]
    private let isDirectory: Bool
    private let inputs: InputFiles
    private var names = AnnotatedNames()
    private var decoder: JPEGDecoder
    private var encoder = JPEGEncoder()
    private var image = Image()

    /// - Parameters:
    ///   - target: where to write; a directory is created if it is not there.
    ///   - single: there is one image only, which is written to `target` unless that is a directory.
    ///   - rotation: what images are turned by.
    ///   - inputs: all files and directories that are read.
    init(target: [UInt8], single: Bool, rotation: Orientation, inputs: InputFiles) throws(AnnotationError) {
        decoder = JPEGDecoder(rotation: rotation)
        self.target = target
        self.inputs = inputs
        let path = terminated(target)
        var status = clinux_file_status()
        let error = clinux_status_at(clinux_working_directory, path, &status)
        let isThere = error == 0 && status.kind == CLINUX_FILE_DIRECTORY
        isDirectory = !single || target.last == slash || isThere
        let kind = isThere ? .unknown : FileKind(name: path)
        guard kind == .unknown || (kind == .jpeg && !isDirectory) else { throw .notJPEG(path: target) }
        if isDirectory {
            let error = clinux_make_directory(path)
            guard error == 0 else { throw .output(.system(error), path: target) }
        }
        if inputs.contains(path) { throw .output(.isInput, path: target) }
    }

    /// The images that follow come from another source.
    mutating func beginSource() { names.beginSource() }

    /// Writes the JPEG in `bytes` again with what was found in it.
    mutating func write(
        _ bytes: UnsafeRawBufferPointer, _ result: ImageResult, labels: [ArraySlice<UInt8>]
    ) throws(AnnotationError) {
        let path = isDirectory ? pathInDirectory(result.name) : target
        let encoded: UnsafeRawBufferPointer
        do throws(JPEGError) {
            _ = try decoder.decode(bytes, into: &image)
            image.annotate(result.found.detections, labels: labels)
            image.annotate(result.found.classes, labels: labels)
            encoded = try encoder.encode(image)
        } catch {
            throw .jpeg(error)
        }
        do throws(OutputError) {
            try OutputFile.write(encoded, to: terminated(path), inputs: inputs, kinds: .any)
        } catch {
            throw .output(error, path: path)
        }
    }

    private mutating func pathInDirectory(_ name: ImageName) -> [UInt8] {
        target + (target.last == slash ? [] : [slash]) + names.name(for: name) + bytes(".jpg")
    }
}

private let slash = UInt8(ascii: "/")
