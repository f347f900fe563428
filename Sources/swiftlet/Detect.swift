/// Where an image came from.
struct ImageName {
    /// As one would open it.
    var path: [UInt8]
    /// Its place in an MJPEG file, from 0.
    var frame: UInt64?

    init(_ source: UnsafePointer<CChar>) { path = bytes(source) }

    init(_ name: FrameName, of source: UnsafePointer<CChar>, _ kind: FileSource.Kind) {
        path = bytes(source)
        switch name {
        case .index(let index): frame = index
        case .file(let file):
            guard kind == .directory else { return }
            if path.last != UInt8(ascii: "/") { path.append(UInt8(ascii: "/")) }
            path.append(contentsOf: file)
        }
    }

    var text: String { Service.text(path) + (frame.map { " frame \($0)" } ?? "") }
}

/// What was found in one image.
struct ImageResult {
    var name: ImageName
    /// Upright.
    var size: ImageSize
    var inferenceNanoseconds: UInt64
    /// Valid while the image is being reported.
    var found: ModelResult
}

/// `swiftlet detect`: images in, detections out. An image that cannot be read is reported, and the next one follows.
struct Detect: ~Copyable {
    private let detector: Model
    private let log: Log
    private let output: Output
    private var report: Report
    private var annotator: ImageAnnotator
    /// Where drawn images and masks go, where they are wanted.
    private var drawn: ImageTarget?
    private var masks: ImageTarget?
    private var code = ExitCode.success

    /// One of the two ways to show results.
    private enum Report {
        case table(DetectionTable)
        case json
    }

    static func run(_ options: DetectOptions, _ log: Log) -> ExitCode {
        let model = options.model!
        let detector: Model
        do throws(ModelError) {
            detector = try Model(path: model, settings: options.settings)
        } catch {
            log.error(error.message(model: text(model), classThresholds: options.settings.classThresholds))
            return error.exitCode
        }
        let kind = detector.description.task.kind
        if options.masks != nil, kind != .segmentation {
            log.error("--mask needs a segmenter, and the task of \(text(model)) is \(kind.word)")
            return .usage
        }
        if options.isInstalled, detector.limit == nil { detector.limit = kind.defaultLimit }
        var detect = Detect(detector, options, log)
        if !options.isJSON { detect.makeTable(for: options.sources) }
        for source in options.sources { detect.read(source, of: options) }
        return detect.code
    }

    private init(_ detector: Model, _ options: DetectOptions, _ log: Log) {
        self.detector = detector
        self.log = log
        output = Output(log: log)
        report = .json
        annotator = ImageAnnotator(rotation: options.settings.rotation)
    }

    /// A table that is wide enough for the names of all images.
    private mutating func makeTable(for sources: [UnsafePointer<CChar>]) {
        var table = DetectionTable(detector.description)
        for source in sources {
            table.makeRoom(for: ImageName(source))
            var status = clinux_file_status()
            // Others are opened once, when their turn comes: a pipe's bytes are gone then.
            guard clinux_path_status(source, &status) == 0, status.kind == CLINUX_FILE_DIRECTORY,
                let directory = try? FileSource(path: source, repeats: false, interrupt: -1)
            else { continue }
            directory.forEachName { table.makeRoom(for: ImageName(.file($0), of: source, directory.kind)) }
        }
        report = .table(table)
    }

    private mutating func read(_ path: UnsafePointer<CChar>, of options: DetectOptions) {
        do throws(CameraError) {
            let source = try FileSource(path: path, repeats: false, interrupt: -1)
            if source.otherKind != .unknown {
                log.warning(CameraError.message(source: text(path), alsoHolds: source.otherKind))
            }
            let isSingle = options.sources.count == 1 && source.kind == .image
            if let path = options.annotate, drawn == nil { drawn = target(path, .jpeg, options, single: isSingle) }
            if let path = options.masks, masks == nil { masks = target(path, .png, options, single: isSingle) }
            drawn?.beginSource()
            masks?.beginSource()
            while true {
                switch try source.next() {
                case .frame(let frame): process(frame, ImageName(frame.name, of: path, source.kind))
                case .bad(let reason, let name):
                    skip(ImageName(name, of: path, source.kind), reason.message, reason.exitCode)
                case .ended, .interrupted, .passEnded, .changed, .noticed: return
                }
            }
        } catch {
            log.error(error.message(source: text(path)))
            fail(error.exitCode)
        }
    }

    private mutating func process(_ frame: Frame, _ name: ImageName) {
        do throws(JPEGError) {
            let warnings = try detector.load(jpeg: frame.pixels.planes[0])
            if warnings > 0 { log.warning("\(name.text): \(JPEGError.message(warnings: warnings))") }
        } catch {
            skip(name, error.message(file: Service.text(name.path)), error == .outOfMemory ? .system : .badData)
            return
        }
        let started = clinux_monotonic_ns()
        detector.run()
        let inference = clinux_monotonic_ns() - started
        let result = ImageResult(
            name: name, size: detector.imageSize, inferenceNanoseconds: inference, found: detector.result())
        show(result)
        let labels = detector.description.labels
        do throws(AnnotationError) {
            if drawn != nil {
                let image = try annotator.annotate(frame.pixels.planes[0], result.found, labels: labels)
                try drawn?.write(for: name) { path, inputs throws(OutputError) in
                    try OutputFile.write(image, to: path, inputs: inputs, kinds: .any)
                }
            }
            if let mask = result.found.mask {
                try masks?.write(for: name) { path, inputs throws(OutputError) in
                    let colours = ClassMask.colours(of: labels[...])
                    try IndexedPNG.write(mask, size: result.size, colours: colours, to: path, inputs: inputs)
                }
            }
        } catch {
            log.error("\(name.text): \(error.message)")
            fail(error.exitCode)
        }
    }

    private mutating func show(_ result: ImageResult) {
        switch report {
        case .table(var table):
            output.write(table.rows(result))
            report = .table(table)
        case .json: writeJSON(result, detector.description, to: output)
        }
    }

    private func target(
        _ path: UnsafePointer<CChar>, _ kind: ImageTarget.Kind, _ options: DetectOptions, single: Bool
    ) -> ImageTarget {
        var inputs = InputFiles()
        inputs.insert(options.model!)
        for source in options.sources {
            // One that cannot be read is reported when its turn comes.
            guard let read = try? FileIdentity.read(by: source) else { continue }
            for identity in read { inputs.insert(identity) }
        }
        do throws(AnnotationError) {
            return try ImageTarget(bytes(path), kind, single: single, inputs: inputs)
        } catch {
            log.error(error.message)
            error.exitCode.exit()
        }
    }

    private mutating func skip(_ name: ImageName, _ reason: String, _ code: ExitCode) {
        log.error("\(name.text): \(reason)")
        fail(code)
    }

    /// The first failure decides what the process ends with.
    private mutating func fail(_ code: ExitCode) {
        if self.code == .success { self.code = code }
    }
}

extension BadFrame {
    fileprivate var exitCode: ExitCode {
        if case .unreadable = self { return .noInput }
        return .badData
    }
}
