/// `swiftlet bench --frames`: how long a frame takes to become the network's input.
struct InputBench {
    private static var cameraSize: ImageSize { ImageSize(width: 640, height: 480) }

    private let name: String
    private let options: BenchOptions
    private let detector: Model
    private let input: ImageInput
    private let log: Log

    /// - Parameter kind: a pixel format's name or the path of a JPEG.
    static func run(_ kind: UnsafePointer<CChar>, _ options: BenchOptions, _ log: Log) -> ExitCode {
        let model = options.model!
        let detector: Model, input: ImageInput
        do throws(ModelError) {
            detector = try Model(
                path: model, settings: ModelSettings(threshold: 0.5, resize: .fast, threads: 1))
            input = try detector.makeImageInput()
        } catch {
            log.error(error.message(model: text(model)))
            return error.exitCode
        }
        let bench = InputBench(
            name: text(kind), options: options, detector: detector, input: input, log: log)
        for format in PixelFormat.allCases where format != .mjpeg && equalIgnoringCase(kind, format.name) {
            return bench.time(format)
        }
        return bench.time(path: kind)
    }

    /// Frames whose bytes do not matter to the speed.
    private func time(_ format: PixelFormat) -> ExitCode {
        let size = Self.cameraSize
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        var image = PixelBuffer(PixelShape(format: format, size: size), planes: [nothing, nothing, nothing])
        var buffers: [UnsafeMutableRawBufferPointer] = []
        defer { for buffer in buffers { buffer.deallocate() } }
        for plane in 0..<format.planeCount {
            let bytes = UnsafeMutableRawBufferPointer.allocate(
                byteCount: image.shape.rowBytes[plane] * format.rows(plane: plane, height: size.height), alignment: 64)
            for index in 0..<bytes.count { bytes[index] = UInt8(truncatingIfNeeded: index) }
            buffers.append(bytes)
            image.planes[plane] = UnsafeRawBufferPointer(bytes)
        }
        guard let view = image.view else { preconditionFailure("every format but MJPEG has pixels") }
        return time(from: size) { _ = input.load(view, into: detector.input) }
    }

    private func time(path: UnsafePointer<CChar>) -> ExitCode {
        do throws(CameraError) {
            var status = clinux_file_status()
            if clinux_status_at(clinux_working_directory, path, &status) == 0, status.kind == CLINUX_FILE_STREAM {
                log.error("\(name): \(FileError.notRegularFile.message)")
                return .noInput
            }
            let source = try FileSource(path: path, repeats: false, interrupt: -1)
            switch try source.next() {
            case .frame(let frame):
                // The bytes are the source's.
                return withExtendedLifetime(source) { time(jpeg: frame.pixels.planes[0]) }
            case .bad(let reason, _): log.error("\(name): \(reason.message)")
            case .ended, .passEnded, .interrupted, .changed, .noticed: log.error("\(name): contains no JPEG")
            }
            return .badData
        } catch {
            log.error("\(error.message(source: name)); --frames takes yuyv, uyvy, nv12, yuv420, rgb24, bgr24, grey or a JPEG")
            return error.exitCode
        }
    }

    private func time(jpeg: UnsafeRawBufferPointer) -> ExitCode {
        do throws(JPEGError) {
            let size = try input.load(jpeg: jpeg, into: detector.input).size
            return time(from: size) { _ = try? input.load(jpeg: jpeg, into: detector.input) }
        } catch {
            log.error("\(name): \(error.message)")
            return .badData
        }
    }

    private func time(from size: ImageSize, _ load: () -> Void) -> ExitCode {
        let times = RunTimes(runs: options.runs, run: load)
        report(size, times.wall, times.processor)
        return .success
    }

    private func report(_ size: ImageSize, _ wall: Samples, _ processor: Samples) {
        let output = Output(log: log)
        let target = detector.format.size
        let memory = ProcessMemory()
        if options.isJSON {
            var json = JSONWriter(capacity: 4096 + 6 * name.utf8.count)
            func milliseconds(_ key: StaticString, _ nanoseconds: UInt64) {
                json.decimal(key, Double(nanoseconds) / 1e6, decimals: 3)
            }
            json.beginObject()
            json.string("frames", Array(name.utf8))
            for (key, value) in [
                ("frame_width_px" as StaticString, size.width), ("frame_height_px", size.height),
                ("width_px", target.width), ("height_px", target.height), ("runs", wall.count),
            ] {
                json.integer(key, value)
            }
            milliseconds("min_ms", wall.minimum)
            milliseconds("median_ms", wall.median)
            milliseconds("max_ms", wall.maximum)
            milliseconds("cpu_ms", processor.median)
            json.key("peak_resident_bytes")
            if let peak = memory.peak { json.integer(peak) } else { json.null() }
            json.endObject()
            return output.write(&json)
        }
        func milliseconds(_ nanoseconds: UInt64) -> String { fixed(Double(nanoseconds) / 1e6, decimals: 3) }
        output.row("frames", "\(name), \(size.width)x\(size.height) to \(target.width)x\(target.height)")
        output.row(
            "run",
            "median \(milliseconds(wall.median)) ms, minimum \(milliseconds(wall.minimum)), maximum "
                + "\(milliseconds(wall.maximum)) of \(wall.count) runs")
        output.row("processor", "\(milliseconds(processor.median)) ms")
    }
}
