/// Images from files as if a camera took them: a JPEG, a directory of JPEGs, a file of concatenated JPEGs (MJPEG), or a
/// stream of them (standard input, a FIFO).
///
/// A regular file whose name ends in .jpg, .jpeg, .jpe or .jfif is one image and is handed over whole; every other file and every
/// stream is a sequence of JPEGs. After `init` nothing is allocated. One thread owns a source.
public final class FileSource: FrameSource {
    /// Bytes of the largest image.
    public static let imageLimit = 16 << 20
    /// Files of the largest directory.
    public static let directoryLimit = 100_000
    /// Bytes of one read from a stream.
    static let chunk = 64 << 10

    /// What a path leads to: one JPEG, a directory of them, a file of JPEGs one after the other, or a stream of those.
    public enum Kind: Sendable { case image, directory, sequence, stream }

    /// By the file's type and its name's ending, not by its content.
    public let kind: Kind

    public override var kindName: StaticString {
        switch kind {
        case .image: "picture"
        case .directory: "folder"
        case .sequence: "mjpeg"
        case .stream: "stream"
        }
    }

    private let repeats: Bool
    private let interrupt: Int32
    private let imageLimit: Int
    private let chunk: Int
    private let images: ImageList?
    private let descriptor: Int32
    private let ownsDescriptor: Bool

    private var buffer: FrameBuffer
    private var splitter: JPEGSplitter
    /// The next image of this pass.
    private var index = 0
    private var sequence: UInt64 = 0
    /// When the bytes that were read last had come: nanoseconds of CLOCK_MONOTONIC, and since 1970.
    private var arrivedMonotonic: UInt64 = 0
    private var arrivedRealtime: UInt64 = 0
    /// The sequence has given its last byte.
    private var isExhausted = false
    private var passIsOver = false
    /// What a sequence began with.
    private var head = InlineArray<192, UInt8>(repeating: 0)
    private var headCount = 0

    /// - Parameters:
    ///   - path: `-` is standard input.
    ///   - repeats: start again after the last image. Not for streams.
    ///   - interrupt: a descriptor that ends every wait once it is readable; -1 for none.
    public convenience init(path: UnsafePointer<CChar>, repeats: Bool, interrupt: Int32) throws(CameraError) {
        try self.init(
            path: path, repeats: repeats, interrupt: interrupt, imageLimit: Self.imageLimit, chunk: Self.chunk)
    }

    init(
        path: UnsafePointer<CChar>, repeats: Bool, interrupt: Int32, imageLimit: Int, chunk: Int
    ) throws(CameraError) {
        // Before the descriptor, which only a whole object closes.
        buffer = try FrameBuffer(capacity: imageLimit + JPEGSplitter.lookahead + chunk)
        let source = try Self.open(path)
        ownsDescriptor = source.descriptor > 0
        descriptor = source.descriptor
        images = source.images
        kind = source.kind
        self.repeats = repeats
        self.interrupt = interrupt
        self.imageLimit = imageLimit
        self.chunk = chunk
        splitter = JPEGSplitter(limit: imageLimit)
        super.init()
        if kind == .stream, repeats { throw .cannotRepeatStream }
        if let images, images.count == 0 { throw .emptyDirectory(images.otherKind) }
    }

    deinit {
        if ownsDescriptor { _ = clinux_close(descriptor) }
    }

    private static func open(
        _ path: UnsafePointer<CChar>
    ) throws(CameraError) -> (kind: Kind, descriptor: Int32, images: ImageList?) {
        if path[0] == CChar(bitPattern: UInt8(ascii: "-")), path[1] == 0 { return (.stream, 0, nil) }
        var descriptor: Int32 = -1
        var status = clinux_file_status()
        let error = clinux_open_read(clinux_working_directory, path, &descriptor)
        guard error == 0 else { throw isURL(path) ? .isURL : .cannotOpen(error) }
        let statusError = clinux_status(descriptor, &status)
        guard statusError == 0 else {
            _ = clinux_close(descriptor)
            throw .cannotOpen(statusError)
        }
        switch status.kind {
        case CLINUX_FILE_DIRECTORY:
            return (.directory, -1, try ImageList(directory: descriptor, limit: directoryLimit))
        case CLINUX_FILE_REGULAR where FileKind(name: path) == .jpeg:
            _ = clinux_close(descriptor)
            return (.image, -1, ImageList(path: path))
        case CLINUX_FILE_REGULAR:
            return (.sequence, descriptor, nil)
        case CLINUX_FILE_STREAM:
            return (.stream, descriptor, nil)
        default:
            _ = clinux_close(descriptor)
            throw .unsupportedKind
        }
    }

    /// Whether a path begins with a scheme, a colon and a slash, as http://, rtsp:// and file:/ do.
    private static func isURL(_ path: UnsafePointer<CChar>) -> Bool {
        var length = 0
        func byte(_ index: Int) -> UInt8 { UInt8(bitPattern: path[index]) }
        while (0x61...0x7A).contains(byte(length) | 0x20) || (0x30...0x39).contains(byte(length)) { length += 1 }
        return length > 1 && byte(length) == UInt8(ascii: ":") && byte(length + 1) == UInt8(ascii: "/")
    }

    /// Of an image or video of a directory's that is no JPEG by its name, and therefore skipped; unknown where there is none.
    public var otherKind: FileKind { images?.otherKind ?? .unknown }

    /// The names of the images of a directory, in their order; of other kinds there are none.
    public func forEachName(_ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        guard kind == .directory, let images else { return }
        for index in 0..<images.count { body(images.name(index)) }
    }

    /// The next image, or what there is instead of one. A stream is waited for. Invalidates the previously returned frame. Throws
    /// `noImages` at the end of a sequence or stream in which no image begins.
    public override func next() throws(CameraError) -> SourceEvent {
        var isInterrupted = false
        var unused = false
        _ = clinux_wait_readable(interrupt, -1, 0, &isInterrupted, &unused)
        if isInterrupted { return .interrupted }
        if passIsOver {
            guard repeats else { return .ended }
            try startPass()
        }
        guard let images else { return try nextOfSequence() }
        return try nextImage(of: images)
    }

    private func startPass() throws(CameraError) {
        passIsOver = false
        isExhausted = false
        index = 0
        buffer.clear()
        splitter = JPEGSplitter(limit: imageLimit)
        if images == nil {
            let error = clinux_rewind(descriptor)
            guard error == 0 else { throw .cannotRead(error) }
        }
    }

    /// What a sequence or stream is by its first bytes; unknown before they are read, and of images.
    public override var content: FileKind {
        guard images == nil else { return .unknown }
        return withUnsafeBytes(of: head) { FileKind(UnsafeRawBufferPointer(rebasing: $0[..<headCount])) }
    }

    /// Compressed data and weights may contain bytes that look like a JPEG's beginning.
    private var isOtherKind: Bool {
        switch content {
        case .png, .webP, .avif, .heic, .gif, .gguf, .archive, .pdf: true
        default: false
        }
    }

    private func endPass() throws(CameraError) -> SourceEvent {
        passIsOver = true
        if images == nil, sequence == 0 { throw .noImages(content) }
        return repeats ? .passEnded : .ended
    }

    // MARK: - Files of one image each

    private func nextImage(of images: ImageList) throws(CameraError) -> SourceEvent {
        guard index < images.count else { return try endPass() }
        let name = FrameName.file(images.name(index))
        let fault = read(images[index], in: images.directory)
        index += 1
        sequence += 1
        if let fault { return .bad(fault, name) }
        return .frame(frame(buffer.bytes, name))
    }

    /// Reads a whole file into the buffer.
    private func read(_ path: UnsafePointer<CChar>, in directory: Int32) -> BadFrame? {
        buffer.clear()
        var file: Int32 = -1
        var status = clinux_file_status()
        var error = clinux_open_read(directory, path, &file)
        guard error == 0 else { return .unreadable(error) }
        defer { _ = clinux_close(file) }
        error = clinux_status(file, &status)
        guard error == 0 else { return .unreadable(error) }
        guard status.kind == CLINUX_FILE_REGULAR else { return .unreadable(clinux_ENOTSUP) }
        var got = 0
        repeat {
            error = buffer.read(from: file, atMost: buffer.capacity, got: &got)
            guard error == 0 else { return .unreadable(error) }
            guard buffer.count <= imageLimit else { return .tooLarge(limit: imageLimit) }
        } while got > 0
        return buffer.count == 0 ? .empty : nil
    }

    // MARK: - Concatenated images

    private func nextOfSequence() throws(CameraError) -> SourceEvent {
        while true {
            if sequence == 0, isOtherKind { isExhausted = true }
            if isExhausted { return try endPass() }
            if let found = event(splitter.next(in: buffer.bytes)) { return found }
            switch try refill() {
            case .ready: continue
            case .interrupted: return .interrupted
            case .end:
                isExhausted = true
                if let found = splitter.finish(in: buffer.bytes), let event = event(found) { return event }
                return try endPass()
            }
        }
    }

    /// nil where more bytes are needed.
    private func event(_ found: JPEGSplitter.Event) -> SourceEvent? {
        switch found {
        case .image(let start, let end):
            let name = nameOfNext()
            return .frame(frame(UnsafeRawBufferPointer(rebasing: buffer.bytes[start..<end]), name))
        case .bad(.noImage(let bytes)):
            return .bad(.noImage(bytes: bytes), .index(UInt64(index)))
        case .bad(let fault):
            return .bad(fault, nameOfNext())
        case .needsBytes:
            return nil
        }
    }

    private func nameOfNext() -> FrameName {
        index += 1
        sequence += 1
        return .index(UInt64(index - 1))
    }

    private enum Refill { case ready, interrupted, end }

    private func refill() throws(CameraError) -> Refill {
        let unneeded = min(splitter.firstNeeded, buffer.count)
        buffer.discard(unneeded)
        splitter.discarded(unneeded)
        while true {
            var isInterrupted = false
            var isReady = false
            let waitError = clinux_wait_readable(interrupt, descriptor, -1, &isInterrupted, &isReady)
            guard waitError == 0 else { throw .cannotRead(waitError) }
            if isInterrupted { return .interrupted }
            guard isReady else { continue }
            var got = 0
            let error = buffer.read(from: descriptor, atMost: chunk, got: &got)
            if error == clinux_EAGAIN { continue }
            guard error == 0 else { throw .cannotRead(error) }
            noteHead(buffer.bytes.suffix(got))
            arrivedMonotonic = clinux_monotonic_ns()
            arrivedRealtime = clinux_realtime_ns()
            return got > 0 ? .ready : .end
        }
    }

    private func noteHead(_ bytes: Slice<UnsafeRawBufferPointer>) {
        for byte in bytes {
            guard headCount < head.count else { return }
            head[headCount] = byte
            headCount += 1
        }
    }

    private func frame(_ bytes: UnsafeRawBufferPointer, _ name: FrameName) -> Frame {
        // More is read from a stream only when no whole image is left: the latest bytes have ended this one. A file's
        // were there before anybody asked for them.
        let isStream = kind == .stream
        let times =
            isStream
            ? FrameTimes(monotonic: arrivedMonotonic, realtime: arrivedRealtime)
            : FrameTimes(monotonic: clinux_monotonic_ns(), realtime: clinux_realtime_ns())
        return Frame(pixels: PixelBuffer(jpeg: bytes), sequence: sequence - 1, times: times, name: name)
    }
}
