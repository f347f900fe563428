import CV4L

/// Cameras by Video4Linux: memory-mapped streaming of single-planar and multi-planar devices.
public struct V4L2Driver: CaptureDriver {
    /// One is worked on, one is filled, one waits to be. More would only hold frames that a newer one replaces, in memory
    /// of the driver's: 600 kB each for 640x480.
    private static let bufferCount: UInt32 = 3
    /// A device that comes belongs to root alone until its rights are set: one that rejects so often does not wait for
    /// them.
    private static let maximumRejections = 5
    private static var errorsOfRights: [Int32] { [clinux_EACCES, clinux_EPERM] }

    private struct Buffer {
        var planes = InlineArray<3, UnsafeRawBufferPointer>(repeating: UnsafeRawBufferPointer(start: nil, count: 0))
        /// Of the last frame in it.
        var byteCounts = InlineArray<3, Int>(repeating: 0)
    }

    private let selector: CameraSelector
    private var request: CaptureRequest
    private let interrupt: Int32
    /// -1 where the system lets no more directories be watched: cameras are then found by trying.
    private var watch: Int32 = -1
    private var descriptor: Int32 = -1
    /// Modes that are tried one after the other where the bus or memory does not suffice.
    private static let maximumAttempts = 32
    /// The same where a driver rejects what it offers: some take seconds for that.
    private static let maximumRejectedModes = 4
    /// Attempts in a row that found no camera but one without permission.
    private var rejections = 0
    /// The best mode where the driver rejects it though it offers it, and how often in a row. One that was just plugged in
    /// may need a moment.
    private var rejected: (mode: CaptureMode?, count: Int) = (nil, 0)
    private static let minimumRejections = 3
    private var usesPlanes = false
    private var format = clinux_v4l2_format()
    private var pixelFormat = PixelFormat.yuyv
    private var colour = ColourEncoding.bt601(isFullRange: false)
    private var buffers: [Buffer] = []
    /// For frames of a format that is not read here.
    private var converter: FrameConverter?

    /// - Parameter interrupt: a descriptor that ends every wait once it is readable; -1 for none.
    public init(_ selector: CameraSelector, _ request: CaptureRequest, interrupt: Int32) {
        self.selector = selector
        self.request = request
        self.interrupt = interrupt
        _ = clinux_watch_directory("/dev", &watch)
    }

    /// Nanoseconds of CLOCK_MONOTONIC.
    public var monotonicTime: UInt64 { clinux_monotonic_ns() }
    /// Nanoseconds since 1970 (CLOCK_REALTIME).
    public var realTime: UInt64 { clinux_realtime_ns() }
    /// Of the request.
    public var rate: Double? {
        get { request.rate }
        set { request.rate = newValue }
    }

    // MARK: - Opening

    /// Looks through all devices, which takes milliseconds, and starts the wanted one in the best mode that the USB bus
    /// and memory suffice for. What the driver offers and keeps rejecting is given up too. Throws `noCamera` where it is not there, `noFormat`, `formatNotOffered`, `badBuffers`, or
    /// the `driver` call that failed.
    public mutating func open() throws(CameraError) -> OpenCamera {
        let list = DeviceList(request: request)
        guard let chosen = list.chosen(by: selector) else {
            rejections = list.rejection == nil ? 0 : rejections + 1
            if let error = list.rejection, rejections >= Self.maximumRejections || !Self.errorsOfRights.contains(error) {
                throw .driver(.open, error)
            }
            throw .noCamera
        }
        rejections = 0
        let device = list.devices[chosen]
        var modes = device.modes
        let best = request.best(of: modes).map { modes[$0] }
        var next = best
        var failure: CameraError?
        var rejectedModes = 0
        for _ in 0..<Self.maximumAttempts {
            guard let wanted = next else { break }
            var mode = wanted
            do throws(CameraError) {
                try start(device, &mode)
                if failure == nil { rejected = (nil, 0) }
                return OpenCamera(
                    identity: device.identity, mode: mode, givenUp: failure == nil ? nil : best, rejection: failure)
            } catch {
                guard error.isOfMeans || error.isOfMode else { throw error }
                let first = failure ?? error
                failure = first
                if error.isOfMeans {
                    next = request.lighter(than: wanted, of: &modes)
                    continue
                }
                if rejectedModes == 0 { rejected = (best, rejected.mode == best ? rejected.count + 1 : 1) }
                rejectedModes += 1
                guard rejected.count >= Self.minimumRejections, rejectedModes < Self.maximumRejectedModes else { throw first }
                modes.removeAll { $0.isLike(wanted) }
                next = request.best(of: modes).map { modes[$0] }
            }
        }
        if let failure { throw failure }
        guard let format = request.format, !device.modes.isEmpty else { throw .noFormat }
        throw .formatNotOffered(format)
    }

    /// `mode` becomes what the driver granted. Nothing is open after an error.
    mutating func start(_ device: DeviceList.Device, _ mode: inout CaptureMode) throws(CameraError) {
        let error = clinux_v4l2_open(device.identity.path, &descriptor)
        guard error == 0 else { throw .driver(.open, error) }
        usesPlanes = device.usesPlanes
        do throws(CameraError) {
            try set(&mode)
            try makeBuffers()
            try enqueueAll()
            try start()
        } catch {
            close()
            throw error
        }
    }

    /// Sets the format and interval; `mode` becomes what the driver granted.
    private mutating func set(_ mode: inout CaptureMode) throws(CameraError) {
        format = clinux_v4l2_format()
        format.fourcc = mode.fourcc
        format.width = UInt32(mode.width)
        format.height = UInt32(mode.height)
        let error = clinux_v4l2_set_format(descriptor, usesPlanes, &format)
        guard error == 0 else { throw .driver(.setFormat, error) }
        let (width, height) = (Int(clamping: format.width), Int(clamping: format.height))
        let granted = mode.isConverted ? mode.format : PixelFormat(fourcc: format.fourcc)
        guard let granted else { throw .noFormat }
        guard ModeLister.sides.contains(width), ModeLister.sides.contains(height) else { throw .badBuffers }
        guard format.plane_count == 1 || Int(clamping: format.plane_count) == granted.planeCount else {
            throw .badBuffers
        }
        if mode.isConverted { try makeConverter(for: mode) }
        pixelFormat = granted
        colour = ColourEncoding(
            colourSpace: format.colour_space, encoding: format.encoding, quantisation: format.quantisation)
        mode.format = granted
        mode.fourcc = format.fourcc
        (mode.width, mode.height) = (width, height)
        guard mode.intervalNumerator > 0 else { return }
        var interval = clinux_v4l2_interval()
        (interval.numerator, interval.denominator) = (mode.intervalNumerator, mode.intervalDenominator)
        // Not all drivers can; the camera then runs at its own rate.
        if clinux_v4l2_set_interval(descriptor, usesPlanes, &interval) == 0, interval.numerator > 0 {
            mode.intervalNumerator = interval.numerator
            mode.intervalDenominator = interval.denominator
        }
    }

    private mutating func makeConverter(for mode: CaptureMode) throws(CameraError) {
        // What was set is what libv4l found.
        guard format.fourcc == mode.fourcc, format.plane_count == 1, format.width % 2 == 0, format.height % 2 == 0,
            let converter = FrameConverter(descriptor: descriptor)
        else { throw .noFormat }
        try converter.prepare(
            cv4l_format(
                fourcc: format.fourcc, width: format.width, height: format.height,
                row_bytes: format.planes.0.row_bytes, byte_count: format.planes.0.byte_count))
        self.converter = converter
    }

    private mutating func makeBuffers() throws(CameraError) {
        var count = Self.bufferCount
        let error = clinux_v4l2_request_buffers(descriptor, usesPlanes, &count)
        guard error == 0 else { throw .driver(.requestBuffers, error) }
        // One is worked on, one is filled. Linux gives at most 32.
        guard (2...32).contains(count) else { throw .badBuffers }
        for index in 0..<count {
            buffers.append(Buffer())
            for plane in 0..<format.plane_count {
                var address: UnsafeRawPointer?
                var size = 0
                let error = clinux_v4l2_map(descriptor, usesPlanes, index, plane, &address, &size)
                guard error == 0 else { throw .driver(.mapBuffer, error) }
                buffers[Int(index)].planes[Int(plane)] = UnsafeRawBufferPointer(start: address, count: size)
            }
        }
    }

    private func enqueueAll() throws(CameraError) {
        for index in buffers.indices { try enqueue(index) }
    }

    private func start() throws(CameraError) {
        let error = clinux_v4l2_start(descriptor, usesPlanes)
        guard error == 0 else { throw .driver(.start, error) }
    }

    /// Also undoes an `open` that failed in between.
    public mutating func close() {
        guard descriptor >= 0 else { return }
        _ = clinux_v4l2_stop(descriptor, usesPlanes)
        for buffer in buffers {
            for plane in 0..<3 where buffer.planes[plane].count > 0 {
                _ = clinux_unmap(buffer.planes[plane].baseAddress, buffer.planes[plane].count)
            }
        }
        buffers = []
        converter = nil
        _ = clinux_close(descriptor)
        descriptor = -1
    }

    /// Throws the `driver` call that failed; the device then has to be closed.
    public mutating func restart() throws(CameraError) {
        let error = clinux_v4l2_stop(descriptor, usesPlanes)
        guard error == 0 else { throw .driver(.stop, error) }
        try enqueueAll()
        try start()
    }

    // MARK: - Frames

    /// Throws `driver(.wait, EIO)` when the device is gone or its queue is in error. A signal ends a wait as
    /// `timedOut`.
    public mutating func wait(atMost time: UInt64) throws(CameraError) -> CaptureWait {
        var polls: InlineArray<3, clinux_poll> = [
            clinux_poll(fd: interrupt, events: clinux_poll_in, revents: 0),
            clinux_poll(fd: descriptor >= 0 ? -1 : watch, events: clinux_poll_in, revents: 0),
            clinux_poll(fd: descriptor, events: clinux_poll_in, revents: 0),
        ]
        var ready: Int32 = 0
        let error = withUnsafeMutableBytes(of: &polls) {
            clinux_poll_wait(
                $0.baseAddress!.assumingMemoryBound(to: clinux_poll.self), 3, Int64(min(time, 1 << 62)), &ready)
        }
        if error == clinux_EINTR { return .timedOut }
        guard error == 0 else { throw .driver(.wait, error) }
        if polls[0].revents != 0 { return .interrupted }
        if polls[1].revents != 0 {
            clinux_watch_clear(watch)
            return .devicesChanged
        }
        if polls[2].revents & clinux_poll_in != 0 { return .frames }
        // Without a frame beside it, an error is for good: the queue is in error, or the device is gone.
        if polls[2].revents != 0 { throw .driver(.wait, clinux_EIO) }
        return .timedOut
    }

    /// Never waits. Throws `badBuffers` where the driver names a buffer that it was not given.
    public mutating func dequeue() throws(CameraError) -> FilledBuffer? {
        var filled = clinux_v4l2_filled()
        let error = clinux_v4l2_dequeue(descriptor, usesPlanes, &filled)
        if error == clinux_EAGAIN { return nil }
        guard error == 0 else { throw .driver(.dequeue, error) }
        let index = Int(clamping: filled.index)
        guard buffers.indices.contains(index) else { throw .badBuffers }
        buffers[index].byteCounts = [
            Int(clamping: filled.byte_counts.0), Int(clamping: filled.byte_counts.1),
            Int(clamping: filled.byte_counts.2),
        ]
        return FilledBuffer(
            index: index, sequence: filled.sequence, isDamaged: filled.is_damaged, captured: filled.captured)
    }

    /// `index` is that of a `FilledBuffer`; pixels that `image` lent of it are invalid.
    public func enqueue(_ index: Int) throws(CameraError) {
        let error = clinux_v4l2_queue(descriptor, usesPlanes, UInt32(index), format.plane_count)
        guard error == 0 else { throw .driver(.queueBuffer, error) }
    }

    /// `index` is that of a `FilledBuffer`. The pixels are the driver's memory, or the converter's, whose next frame
    /// replaces them.
    public func image(_ index: Int) -> Result<PixelBuffer, BadCapture> {
        let buffer = buffers[index]
        var parts = buffer.planes
        for plane in 0..<3 where parts[plane].count > 0 {
            parts[plane] = UnsafeRawBufferPointer(rebasing: parts[plane].prefix(max(buffer.byteCounts[plane], 0)))
        }
        var shape = PixelShape(
            format: pixelFormat, size: ImageSize(width: Int(format.width), height: Int(format.height)), colour: colour,
            rowBytes: [
                Int(clamping: format.planes.0.row_bytes), Int(clamping: format.planes.1.row_bytes),
                Int(clamping: format.planes.2.row_bytes),
            ])
        if let converter {
            switch converter.convert(parts[0]) {
            case .failure(let bad): return .failure(bad)
            case .success(let converted): parts[0] = converted
            }
            shape.rowBytes = [0, 0, 0]
            // libv4l's own colours.
            shape.colour = .bt601(isFullRange: false)
        }
        return shape.pixels(in: parts, partCount: Int(format.plane_count))
    }
}
