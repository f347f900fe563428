/// `swiftlet snapshot`: the next image of the daemon, with what was found in it.
struct Snapshot: ~Copyable {
    private let options: SnapshotOptions
    private let log: Log
    private let socket: String
    private let deadline: UInt64
    private var connection = StreamConnection()
    /// What the daemon said last of its camera.
    private var camera = ""
    /// Whether its first line has come.
    private var hasAnswer = false

    static func run(_ options: SnapshotOptions, _ log: Log) -> ExitCode {
        var snapshot = Snapshot(options, log)
        return snapshot.run()
    }

    private init(_ options: SnapshotOptions, _ log: Log) {
        self.options = options
        self.log = log
        socket = text(options.socket)
        deadline = clinux_monotonic_ns() + options.wait
    }

    private mutating func run() -> ExitCode {
        let error = connection.open(options.socket)
        guard error == 0 else {
            log.error(connectionMessage(error, socket: socket))
            return connectionExitCode(error)
        }
        while true {
            do throws(StreamLineError) {
                while let line = try connection.next() {
                    if let code = take(line) { return code }
                }
            } catch {
                return fail(.badData, "\(socket): \(error.message): is that swiftletd's socket?")
            }
            switch connection.receive(until: deadline) {
            case .end: return fail(.unavailable, "\(socket): swiftletd has closed the connection")
            case nil:
                guard hasAnswer else { return fail(.unavailable, "\(socket): swiftletd does not answer") }
                let reason = camera.isEmpty ? "" : ": \(camera)"
                let wait = fixed(Double(options.wait) / 1e9, decimals: 1)
                return fail(.unavailable, "no image within \(wait) s\(reason)")
            default: break
            }
        }
    }

    private func fail(_ code: ExitCode, _ message: String) -> ExitCode {
        log.error(message)
        return code
    }

    /// What the process ends with, once that is known.
    private mutating func take(_ line: StreamLine) -> ExitCode? {
        switch line.kind {
        case .hello:
            hasAnswer = true
            guard line.protocolVersion == StreamProtocol.version else {
                return fail(.badData, protocolMessage(line.protocolVersion, socket: socket))
            }
            guard line.offersSnapshots else {
                return fail(.unavailable, "\(socket): images are disabled (--no-snapshots, or [stream] snapshots = no)")
            }
            if let threshold = options.threshold { return ask("{\"min_score\":\(fixed(threshold, decimals: 9))}\n") }
            return ask("{\"snapshot\":true}\n")
        case .options: return ask("{\"snapshot\":true}\n")
        case .camera: camera = text(line.message)
        case .error: return fail(.unavailable, "\(socket): \(text(line.message))")
        case .end: return fail(.unavailable, "\(socket): the source has ended")
        case .snapshot: return takeImage(line)
        case .frame, .dropped, .status, .other: break
        }
        return nil
    }

    private mutating func ask(_ line: String) -> ExitCode? {
        let isSent = Array(line.utf8).withUnsafeBytes { connection.send($0) }
        return isSent ? nil : fail(.unavailable, "\(socket): swiftletd takes no request")
    }

    private mutating func takeImage(_ line: StreamLine) -> ExitCode? {
        let descriptor = connection.takeDescriptor()
        defer { if descriptor >= 0 { _ = clinux_close(descriptor) } }
        // An image that is not fetched in time is taken back.
        let maskCount = line.maskSize.width * line.maskSize.height
        guard descriptor >= 0, let bytes = Self.read(descriptor, byteCount: max(line.byteCount, line.maskOffset + maskCount))
        else {
            return ask("{\"snapshot\":true}\n")
        }
        defer { bytes.deallocate() }
        guard clinux_memfd_is_sealed(descriptor) else {
            return fail(.badData, "\(socket): sends an image that may still change: is that swiftletd's socket?")
        }
        guard let captured = line.pixels(in: UnsafeRawBufferPointer(rebasing: bytes[..<line.byteCount])) else {
            return fail(.badData, "\(socket): sends an image that is not what it says")
        }
        let classes = bytes.bindMemory(to: UInt8.self)[line.maskOffset..<line.maskOffset + maskCount]
        let mask = ClassMask(UnsafeBufferPointer(rebasing: classes), size: line.maskSize)
        if let code = write(mask, line) { return code }
        guard options.output != nil else { return .success }
        if options.isPlain, captured.format == .mjpeg, line.rotation == 0 { return writeWhole(captured.planes[0]) }
        do throws(JPEGError) {
            var image = Image()
            let rotation = Orientation(clockwise: line.rotation) ?? .upright
            if let view = captured.view {
                var turned = TurnedImage()
                image.set(turned.view(of: view, turnedUprightFrom: rotation))
            } else {
                var decoder = JPEGDecoder(rotation: rotation)
                _ = try decoder.decode(captured.planes[0], into: &image)
                guard image.size == ImageSize(width: line.width, height: line.height) else {
                    return fail(.badData, "\(socket): sends an image of another size than it says")
                }
            }
            if !options.isPlain { annotate(&image, line, mask) }
            var encoder = JPEGEncoder()
            return write(try encoder.encode(image))
        } catch {
            return fail(.badData, "the image \(error.message)")
        }
    }

    /// The file's bytes, once read, and its only copy; nil where it does not have them all.
    private static func read(_ descriptor: Int32, byteCount: Int) -> UnsafeMutableRawBufferPointer? {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 64)
        var count = 0
        while count < byteCount {
            var got = 0
            let error = clinux_read_at(descriptor, bytes.baseAddress! + count, byteCount - count, UInt64(count), &got)
            guard error == 0, got > 0 else {
                bytes.deallocate()
                return nil
            }
            count += got
        }
        return bytes
    }

    private func annotate(_ image: inout Image, _ line: StreamLine, _ mask: ClassMask) {
        let labels = Self.labels(line)
        var detections: [Detection] = [], classes: [ClassScore] = []
        func fraction(_ side: Double, _ length: Int) -> Float { Float(side / Double(length)) }
        for found in line.classes ?? line.detections {
            guard line.classes == nil else {
                classes.append(ClassScore(classIndex: Int32(found.classIndex), score: Float(found.score)))
                continue
            }
            detections.append(
                Detection(
                    classIndex: Int32(found.classIndex), score: Float(found.score),
                    box: Box(
                        left: fraction(found.left, line.width), top: fraction(found.top, line.height),
                        right: fraction(found.right, line.width), bottom: fraction(found.bottom, line.height))))
        }
        if mask.size.width > 0 { image.tint(mask, with: classes.map { ($0.classIndex, labels[Int($0.classIndex)]) }) }
        detections.withUnsafeBufferPointer { image.annotate($0, labels: labels) }
        classes.withUnsafeBufferPointer { image.annotate($0, labels: labels) }
    }

    /// By class. They come with what was found: the hello line may leave some out.
    private static func labels(_ line: StreamLine) -> [ArraySlice<UInt8>] {
        var labels = [ArraySlice<UInt8>](repeating: [], count: StreamLineReader.maximumClasses)
        for found in line.classes ?? line.detections { labels[found.classIndex] = ArraySlice(found.label) }
        return labels
    }

    /// The mask's file; nil where none is asked for, or it is written.
    private func write(_ mask: ClassMask, _ line: StreamLine) -> ExitCode? {
        guard let target = options.mask else { return nil }
        guard mask.size.width > 0 else { return fail(.unavailable, "\(socket): gives no mask: its model is no segmenter") }
        let colours = ClassMask.colours(of: Self.labels(line)[..<256])
        do throws(OutputError) {
            try IndexedPNG.write(
                mask, size: ImageSize(width: line.width, height: line.height), colours: colours, to: target,
                inputs: InputFiles())
            return nil
        } catch {
            return fail(error.exitCode, "\(text(target)): \(error.message)")
        }
    }

    /// Not all that show images make up for an end marker that a camera skips.
    private func writeWhole(_ jpeg: UnsafeRawBufferPointer) -> ExitCode {
        let end: [UInt8] = [0xFF, 0xD9]
        if jpeg.suffix(2).elementsEqual(end) { return write(jpeg) }
        return (Array(jpeg) + end).withUnsafeBytes { write($0) }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) -> ExitCode {
        let target = options.output!
        if equal(target, "-") {
            Output(log: log).write(bytes)
            return .success
        }
        do throws(OutputError) {
            try OutputFile.write(bytes, to: target, inputs: InputFiles(), kinds: .any)
            return .success
        } catch {
            return fail(error.exitCode, "\(text(target)): \(error.message)")
        }
    }
}
