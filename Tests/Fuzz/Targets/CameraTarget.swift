import Pixels

@testable import Camera

/// What a camera's driver answers: what it offers, grants, delivers and says of its buffers, and when it fails.
struct CameraTarget: FuzzTarget {
    static let name = "camera"
    static let longest = 8 << 10

    func run(_ bytes: UnsafeRawBufferPointer) {
        let source = Answers(bytes)
        choose(source)
        let camera = LiveCamera(HostileDriver(source))
        var turns = 0
        while source.hasMore, turns < 4096 {
            turns += 1
            switch camera.next() {
            case .frame(let frame):
                check(frame.pixels)
                guard frame.times.monotonic <= source.time else { fatalError("a frame from the future") }
                if source.next() & 1 == 0 { _ = camera.use() } else { camera.reject(.undecodable) }
            case .interrupted: return
            case .bad, .changed, .noticed, .passEnded, .ended: break
            }
        }
        if camera.state == .streaming, camera.camera == nil { fatalError("no camera streams") }
    }

    /// Modes and devices as a driver lists them: one that was offered is taken, or none.
    private func choose(_ source: Answers) {
        var modes: [CaptureMode] = []
        for _ in 0..<Int(source.next() & 15) { modes.append(source.mode()) }
        var request = CaptureRequest(networkWidth: 320, networkHeight: 320)
        if source.next() & 1 != 0 { request.rate = Double(source.word()) / 1000 + 0.001 }
        if source.next() & 1 != 0 { request.format = source.format() }
        if source.next() & 1 != 0 { (request.width, request.height) = (Int(source.word()), Int(source.word())) }
        if let best = request.best(of: modes), let format = request.format, modes[best].format != format {
            fatalError("another format than the one that was asked for")
        }
        for mode in modes where !(mode.load >= 0) { fatalError("a load that compares to nothing") }
    }

    /// Every row of every plane lies in memory: AddressSanitizer looks at its ends.
    private func check(_ image: PixelBuffer) {
        var sum: UInt8 = 0
        for index in 0..<image.format.planeCount {
            let plane = image.planes[index]
            guard image.format != .mjpeg else {
                guard plane.count >= 4 else { fatalError("a JPEG without a beginning") }
                sum &+= plane[0] &+ plane[plane.count - 1]
                continue
            }
            let row = image.format.rowBytes(plane: index, width: image.size.width)
            let rows = image.format.rows(plane: index, height: image.size.height)
            sum &+= plane[0] &+ plane[(rows - 1) * image.shape.rowBytes[index] + row - 1]
        }
        blackHole = sum
    }
}

nonisolated(unsafe) private var blackHole: UInt8 = 0

/// The input, read bit by bit; zeros behind its end.
private final class Answers {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    /// Of the driver's clock.
    var time: UInt64 = 1 << 40

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var hasMore: Bool { position < bytes.count }

    func next() -> UInt8 {
        defer { position += 1 }
        return position < bytes.count ? bytes[position] : 0
    }

    func word() -> UInt32 { (0..<4).reduce(0) { word, _ in word << 8 | UInt32(next()) } }

    /// The input's next bytes in a block of just that size.
    func block(_ count: Int) -> UnsafeMutableRawBufferPointer {
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
        for index in 0..<count { block[index] = next() }
        return block
    }

    func format() -> PixelFormat { PixelFormat.allCases[Int(next()) % PixelFormat.allCases.count] }

    func mode() -> CaptureMode {
        CaptureMode(
            format: format(), fourcc: word() & 3, width: side(), height: side(), intervalNumerator: word(),
            intervalDenominator: word(), isConverted: next() & 1 != 0)
    }

    /// Mostly small, so that a few bytes make a frame.
    func side() -> Int {
        let byte = Int(next())
        return byte < 250 ? 8 + byte % 8 : ModeLister.sides.upperBound
    }
}

/// A driver that says whatever the input holds, and breaks no rule of `CaptureDriver`; the camera must break none either.
private struct HostileDriver: CaptureDriver {
    private final class Device {
        var isOpen = false
        var held: Set<Int> = []
        var shape = PixelShape(
            format: .grey, size: ImageSize(width: 8, height: 8), colour: .jpeg, rowBytes: [0, 0, 0])
        var partCount = 1
        var parts: [UnsafeMutableRawBufferPointer] = []

        func free() {
            for part in parts { part.deallocate() }
            parts = []
        }
        deinit { free() }
    }

    private let source: Answers
    private let device = Device()
    var rate: Double?

    init(_ source: Answers) { self.source = source }

    var monotonicTime: UInt64 {
        source.time += UInt64(source.next()) << 20
        return source.time
    }
    var realTime: UInt64 { source.time }

    private func fail(_ call: DriverCall) throws(CameraError) {
        if source.next() > 240 { throw .driver(call, Int32(source.next())) }
    }

    mutating func open() throws(CameraError) -> OpenCamera {
        if device.isOpen { fatalError("opened twice") }
        try fail(.open)
        let mode = source.mode()
        device.shape.format = mode.format
        device.shape.size = ImageSize(width: mode.width, height: mode.height)
        device.partCount = mode.format.planeCount > 1 && source.next() & 1 != 0 ? mode.format.planeCount : 1
        device.shape.rowBytes = [
            Int(clamping: source.word() >> (source.next() & 31)), Int(clamping: source.word() >> (source.next() & 31)),
            Int(clamping: source.word() >> (source.next() & 31)),
        ]
        device.isOpen = true
        device.held = []
        let identity = CameraIdentity(path: [0], card: [source.next() & 1], bus: [], byID: [], byPath: [])
        return OpenCamera(identity: identity, mode: mode)
    }

    mutating func close() {
        if !device.isOpen { fatalError("closed twice") }
        device.isOpen = false
    }

    mutating func restart() throws(CameraError) {
        device.held = []
        try fail(.start)
    }

    mutating func wait(atMost time: UInt64) throws(CameraError) -> CaptureWait {
        guard source.hasMore else { return .interrupted }
        switch source.next() {
        case 0..<160: return device.isOpen ? .frames : .timedOut
        case 160..<200:
            source.time += time
            return .timedOut
        case 200..<220: return .devicesChanged
        case 220..<250: return .timedOut
        default: throw .driver(.wait, 5)
        }
    }

    mutating func dequeue() throws(CameraError) -> FilledBuffer? {
        try fail(.dequeue)
        let byte = source.next()
        let index = Int(byte & 31)
        guard byte < 128, !device.held.contains(index) else { return nil }
        device.held.insert(index)
        let captured = UInt64(source.word()) << (source.next() & 63)
        return FilledBuffer(
            index: index, sequence: source.word(), isDamaged: source.next() & 3 == 0, captured: captured)
    }

    mutating func enqueue(_ index: Int) throws(CameraError) {
        if device.held.remove(index) == nil { fatalError("a buffer that is not held is handed back") }
        try fail(.queueBuffer)
    }

    func image(_ index: Int) -> Result<PixelBuffer, BadCapture> {
        device.free()
        for _ in 0..<device.partCount { device.parts.append(source.block(Int(source.next()) * 3)) }
        var parts = InlineArray<3, UnsafeRawBufferPointer>(repeating: UnsafeRawBufferPointer(start: nil, count: 0))
        for (place, part) in device.parts.enumerated() { parts[place] = UnsafeRawBufferPointer(part) }
        return device.shape.pixels(in: parts, partCount: device.partCount)
    }
}
