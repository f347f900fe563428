import CLinux
import Camera
import Pixels
import Stream
import Synchronization
import Vision
import Model

@testable import Model
@testable import Pipeline

/// Time passes only in waits that have an end, and when a source says so.
final class FakeClock: PipelineClock {
    private let time = Atomic<UInt64>(1_000_000_000)

    override var now: UInt64 { time.load(ordering: .acquiring) }
    func pass(_ nanoseconds: UInt64) { time.add(nanoseconds, ordering: .releasing) }

    override func wait(_ descriptor: Int32, atMost limit: UInt64?) -> Wake {
        guard let limit else { return super.wait(descriptor, atMost: nil) }
        pass(limit)
        return super.wait(descriptor, atMost: 0)
    }
}

/// What a test makes a source say, one after the other; then it ends, or is interrupted.
final class FakeSource: FrameSource {
    enum Step {
        /// A grey image of 8x8 pixels, after that many nanoseconds.
        case grey(UInt8, after: UInt64 = 0)
        /// A JPEG, or what should be one.
        case jpeg([UInt8])
        case event(SourceEvent)
        /// Something that happens when the source is asked for the next frame; it is then asked again.
        case call(() -> Void)
    }

    private let live: Bool
    private let clock: FakeClock
    private var steps: [Step]
    private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
    private var sequence: UInt64 = 0
    var changeAtUse: CameraChange?
    private(set) var used = 0
    private(set) var rejected: [BadFrame] = []
    private(set) var rates: [Double?] = []

    init(_ steps: [Step], isLive: Bool, _ clock: FakeClock) {
        self.steps = steps
        self.clock = clock
        live = isLive
        super.init()
    }

    deinit { memory.deallocate() }

    override var isLive: Bool { live }

    override func next() throws(CameraError) -> SourceEvent {
        while !steps.isEmpty {
            switch steps.removeFirst() {
            case .call(let body): body()
            case .event(let event): return event
            case .grey(let value, let time):
                clock.pass(time)
                memory.initializeMemory(as: UInt8.self, repeating: value)
                let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
                let pixels = UnsafeRawBufferPointer(rebasing: memory[..<64])
                let shape = PixelShape(format: .grey, size: ImageSize(width: 8, height: 8))
                return .frame(frame(PixelBuffer(shape, planes: [pixels, nothing, nothing])))
            case .jpeg(let bytes):
                memory.copyBytes(from: bytes)
                return .frame(frame(PixelBuffer(jpeg: UnsafeRawBufferPointer(rebasing: memory[..<bytes.count]))))
            }
        }
        return .ended
    }

    private func frame(_ pixels: PixelBuffer) -> Frame {
        sequence += 1
        return Frame(
            pixels: pixels, sequence: sequence - 1, times: FrameTimes(monotonic: clock.now, realtime: clock.now),
            name: .index(sequence - 1))
    }

    override func use() -> CameraChange? {
        used += 1
        defer { changeAtUse = nil }
        return changeAtUse
    }
    override func reject(_ reason: BadFrame) { rejected.append(reason) }
    override func ask(rate: Double?) { rates.append(rate) }
}

/// Finds one object in each image, whose score is its first pixel's brightness.
final class FakeModel: FrameModel {
    static let side = 8
    let input: ImageInput.Tensor
    let labels = ["background", "ace", "king"].map { ArraySlice($0.utf8) }
    private let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 3 * side * side)
    private let found = UnsafeMutableBufferPointer<Detection>.allocate(capacity: 2)
    /// Called while the network computes, with the number of the run.
    var whileRunning: (Int) -> Void = { _ in }
    private(set) var runs = 0

    init() {
        bytes.initialize(repeating: 0)
        input = .bytes(bytes)
    }

    deinit {
        bytes.deallocate()
        found.deallocate()
    }

    func run() {
        runs += 1
        whileRunning(runs)
    }

    let kind = TaskKind.detection

    func result(of size: ImageSize, thresholds: [Float], limit: Int?) -> ModelResult {
        var count = 0
        for index in 1...2 {
            let score = Float(bytes[0]) / 255 / Float(index)
            guard score > thresholds[index] else { continue }
            let box = Box(left: 0, top: 0, right: 1, bottom: 1)
            found.initializeElement(at: count, to: Detection(classIndex: Int32(index), score: score, box: box))
            count += 1
        }
        return ModelResult(detections: UnsafeBufferPointer(rebasing: found[..<count]))
    }
}

/// Remembers all that it gets.
final class FakeSink: FrameSink {
    private(set) var sequences: [UInt64] = []
    private(set) var scores: [[Float]] = []
    private(set) var lines: [String] = []
    private(set) var states: [String] = []
    private(set) var ends: [String] = []
    private(set) var rejections: [ImageError] = []
    private(set) var images: [CapturedImage] = []
    var takesImages = false
    var whenAccepting: (FrameResult) -> Void = { _ in }

    override func accept(_ result: FrameResult) {
        sequences.append(result.frame.sequence)
        scores.append(result.detections.map { $0.score })
        lines.append(String(decoding: result.line.line, as: UTF8.self))
        if let image = result.frame.image, let own = try? image.retained() { images.append(own) }
        whenAccepting(result)
    }
    override func accept(state line: UnsafeRawBufferPointer) { states.append(String(decoding: line, as: UTF8.self)) }
    override func accept(end line: UnsafeRawBufferPointer) { ends.append(String(decoding: line, as: UTF8.self)) }
    override var wantsImage: Bool { takesImages }
    override func rejectImage(_ error: ImageError) { rejections.append(error) }
}
