/// Frames of raw pixels, one after the other with nothing between them, from standard input, a FIFO or a file: as
/// rpicam-vid and ffmpeg write them. The bytes don't say what they are: the opener of a source does.
public final class RawSource: FrameSource {
    /// Bytes of the largest frame.
    public static let frameLimit = 32 << 20

    /// In `frame`.
    private let pixels: PixelBuffer
    private let descriptor: Int32
    private let interrupt: Int32
    /// One frame; only pages that are used cost memory.
    private let frame: UnsafeMutableRawBufferPointer
    private var filled = 0
    private var sequence: UInt64 = 0

    /// - Parameters:
    ///   - path: `-` is standard input.
    ///   - shape: what a frame is, but for its `rowBytes`; not MJPEG.
    ///   - stride: bytes from one row of the first plane to the next; nil: rows are not padded. Of YUV420 the chroma rows
    ///     have half of it.
    ///   - interrupt: a descriptor that ends every wait once it is readable; -1 for none.
    ///
    /// Throws why it cannot be opened, `strideTooSmall`, or `frameTooLarge`.
    public init(
        path: UnsafePointer<CChar>, _ shape: PixelShape, stride: Int?, interrupt: Int32
    ) throws(CameraError) {
        let format = shape.format
        var shape = PixelShape(format: format, size: shape.size)
        if let stride {
            // Of YUV420, two rows of chroma are as long as one of Y.
            func share(_ plane: Int) -> Int { format == .yuv420 && plane > 0 ? 2 : 1 }
            var minimum = 0
            for plane in 0..<format.planeCount { minimum = max(minimum, share(plane) * shape.rowBytes[plane]) }
            guard stride >= minimum else { throw .strideTooSmall(minimum: minimum) }
            for plane in 0..<format.planeCount { shape.rowBytes[plane] = stride / share(plane) }
        }
        var byteCount: Int64 = 0, offsets: InlineArray<3, Int> = [0, 0, 0]
        for plane in 0..<format.planeCount {
            offsets[plane] = Int(clamping: byteCount)
            byteCount += Int64(shape.rowBytes[plane]) * Int64(format.rows(plane: plane, height: shape.size.height))
        }
        guard byteCount <= Int64(Self.frameLimit) else { throw .frameTooLarge(limit: Self.frameLimit) }
        var descriptor: Int32 = 0
        if !(path[0] == CChar(bitPattern: UInt8(ascii: "-")) && path[1] == 0) {
            let error = clinux_open_read(clinux_working_directory, path, &descriptor)
            guard error == 0 else { throw .cannotOpen(error) }
        }
        var memory: UnsafeMutableRawPointer?
        let error = clinux_map_anonymous(Int(byteCount), false, &memory)
        guard error == 0 else {
            if descriptor > 0 { _ = clinux_close(descriptor) }
            throw .outOfMemory(error)
        }
        frame = UnsafeMutableRawBufferPointer(start: memory, count: Int(byteCount))
        guard let pixels = PixelBuffer(shape, offsets: offsets, in: UnsafeRawBufferPointer(frame)) else {
            preconditionFailure("a frame contains its planes")
        }
        self.pixels = pixels
        self.descriptor = descriptor
        self.interrupt = interrupt
        super.init()
    }

    deinit {
        _ = clinux_unmap(frame.baseAddress, frame.count)
        if descriptor > 0 { _ = clinux_close(descriptor) }
    }

    /// Of a source that has given no byte: empty.
    public override var content: FileKind { sequence == 0 && filled == 0 ? .empty : .unknown }

    public override func next() throws(CameraError) -> SourceEvent {
        filled = 0
        while filled < frame.count {
            var isInterrupted = false, isReady = false, got = 0
            let waitError = clinux_wait_readable(interrupt, descriptor, -1, &isInterrupted, &isReady)
            guard waitError == 0 else { throw .cannotRead(waitError) }
            if isInterrupted { return .interrupted }
            guard isReady else { continue }
            let error = clinux_read(descriptor, frame.baseAddress! + filled, frame.count - filled, &got)
            if error == clinux_EAGAIN { continue }
            guard error == 0 else { throw .cannotRead(error) }
            filled += got
            guard got == 0 else { continue }
            guard filled > 0 else { return .ended }
            defer { sequence += 1 }
            return .bad(.partial(bytes: filled, of: frame.count), .index(sequence))
        }
        sequence += 1
        return .frame(
            Frame(
                pixels: pixels, sequence: sequence - 1,
                times: FrameTimes(monotonic: clinux_monotonic_ns(), realtime: clinux_realtime_ns()),
                name: .index(sequence - 1)))
    }
}
