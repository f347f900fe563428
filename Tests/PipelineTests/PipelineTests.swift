import CLinux
import Files
import Pixels
import Settings
import Telemetry
import Service
import TestSupport
import Testing
import Threading
import Vision

@testable import Camera
@testable import Model
@testable import Pipeline

/// The frame's way, with a source, a network, a sink and a clock that do what a test says.
@Suite final class PipelineTests {
    private let clock: FakeClock
    private let sink = FakeSink()
    private let other = FakeSink()
    private let model = FakeModel()
    private let metrics: Metrics
    private let control: PipelineControl
    private let stop: Event
    private let second: UInt64 = 1_000_000_000

    init() throws {
        stop = try Event()
        clock = FakeClock(stop: stop.descriptor)
        metrics = try Metrics()
        control = try PipelineControl()
    }

    private func run(_ source: FrameSource, period: UInt64 = 0) throws -> Pipeline<FakeModel>.End {
        let format = InputFormat(
            size: ImageSize(width: FakeModel.side, height: FakeModel.side), channelOrder: .rgb)
        let input = ImageInput(format: format, settings: ModelSettings(resize: .fast), upstream: .fast)
        let settings = PipelineSettings(
            filter: DetectionFilter(Configuration(), labels: model.labels), period: period, rotation: 0,
            sourceText: "the camera", control: control, metrics: metrics, log: Log(program: "test"))
        var pipeline = try Pipeline(source, input, model, [sink, other], clock, settings)
        return try pipeline.run()
    }

    /// Until an event is signalled.
    private static func wait(_ event: Int32) {
        var isReady = false, unused = false
        _ = clinux_wait_readable(event, -1, -1, &isReady, &unused)
    }

    private func source(_ steps: [FakeSource.Step], isLive: Bool = false) -> FakeSource {
        FakeSource(steps, isLive: isLive, clock)
    }

    @Test func everyFrameOfASourceWithAnEndGoesAllTheWay() throws {
        let end = try run(source([.grey(255), .grey(102), .grey(0)]))
        #expect(!end.isStopped && end.failure == nil && end.frames == 3 && end.corruptFrames == 0)
        #expect(sink.sequences == [0, 1, 2] && other.sequences == [0, 1, 2])
        // Of the first image, both scores are above the default of 0.3; of the second one is.
        #expect(sink.scores == [[1, 0.5], [0.4], []])
        #expect(sink.lines[0].contains(#""label":"ace","score":1.0000,"box_px":[0.0,0.0,8.0,8.0]"#))
        #expect(sink.ends == ["{\"type\":\"end\",\"frames\":3,\"corrupt_frames\":0}\n"] && other.ends == sink.ends)
        #expect(metrics.framesPublished == 3)
    }

    /// Between two frames lies the period, and nothing but a wait makes the clock continue.
    @Test func aPeriodHoldsFramesBack() throws {
        let start = clock.now
        _ = try run(source([.grey(0), .grey(0), .grey(0)]), period: second)
        #expect(sink.sequences == [0, 1, 2] && clock.now - start >= 2 * second)
    }

    @Test func aCamerasFramesThatComeTooEarlyAreDropped() throws {
        let camera = source((0..<9).map { _ in .grey(0, after: second / 30) }, isLive: true)
        _ = try run(camera, period: second / 10 - 1)
        #expect(camera.used == 9, "a frame that comes too early shows too that the camera works")
        // The first one is due at once; from it on, one each tenth of a second, which the second one begins.
        #expect(metrics.dropped(.skipped) == 5)
        #expect(metrics.framesPublished + metrics.dropped(.superseded) == 4)
    }

    @Test func aSlowNetworkGetsTheNewestFrame() throws {
        let started = try Event(), given = try Event()
        let (isStarted, isGiven) = (started.descriptor, given.descriptor)
        // The first frame is worked on until the camera has given all others.
        model.whileRunning = { run in
            guard run == 1 else { return }
            clinux_event_signal(isStarted)
            Self.wait(isGiven)
        }
        let camera = source(
            [.grey(0), .call { Self.wait(isStarted) }] + (1..<5).map { .grey(UInt8(50 * $0)) }
                + [.call { clinux_event_signal(isGiven) }], isLive: true)
        let end = try run(camera)
        _ = (started.descriptor, given.descriptor)
        #expect(end.frames == 2 && sink.sequences == [0, 4])
        #expect(metrics.dropped(.superseded) == 3)
        #expect(sink.lines.last?.contains("\"dropped_frames\":3") ?? false)
    }

    @Test func aNewPeriodAndFilterHoldAtOnce() throws {
        var strict = Configuration()
        strict.givenThreshold = 0.9
        let filter = DetectionFilter(strict, labels: model.labels)
        let accepted = try Event(), descriptor = accepted.descriptor
        sink.whenAccepting = { _ in clinux_event_signal(descriptor) }
        let reload = FakeSource.Step.call { [control, second] in
            Self.wait(descriptor)
            control.put(filter, period: 2 * second)
        }
        let files = source([.grey(200), reload, .grey(200), .grey(255)])
        let start = clock.now
        try withExtendedLifetime(accepted) { _ = try run(files) }
        #expect(sink.scores.map { $0.count } == [2, 0, 1] && files.rates == [0.5])
        #expect(clock.now - start >= 2 * second)
    }

    @Test func whatIsNoFrameIsCountedAndToldToTheSource() throws {
        let cut = Array(try fixtureBytes("jpeg/drawn-61x47.jpg").prefix(300))
        let camera = source(
            [.event(.bad(.damaged, .index(7))), .jpeg([1, 2, 3]), .jpeg(cut), .grey(0)], isLive: true)
        let end = try run(camera)
        #expect(end.frames == 1 && end.corruptFrames == 3 && sink.sequences == [2])
        #expect(camera.rejected == [.undecodable, .truncated])
        #expect(metrics.dropped(.driver) == 1 && metrics.dropped(.corrupt) == 2)
        #expect(sink.lines[0].contains("\"corrupt_frames\":3"))
    }

    @Test func aSourceWithoutAUsableFrameFails() throws {
        let end = try run(source([.event(.bad(.empty, .index(0)))]))
        #expect(end.failure == .noneUsable && end.frames == 0 && end.corruptFrames == 1)
        #expect(sink.ends.count == 1, "clients learn that there will be no more")
        let start = clock.now
        let repeated = try run(source([.event(.passEnded), .grey(0), .event(.passEnded)]))
        #expect(repeated.frames == 1)
        #expect(clock.now - start >= second, "an empty pass is followed by a pause")
    }

    @Test func aSignalEndsItWithoutALastLine() throws {
        let waiting = source([.grey(0), .call { [self] in stop.signal() }, .event(.interrupted)])
        let end = try run(waiting)
        #expect(end.isStopped && sink.ends.isEmpty)
    }

    @Test func theCamerasStateReachesEverySink() throws {
        let camera = source(
            [.event(.changed(CameraChange(state: .absent, reason: .noCamera))), .grey(0)], isLive: true)
        camera.changeAtUse = CameraChange(state: .stalled, reason: .noFrames(3_000_000_000))
        _ = try run(camera)
        #expect(sink.states.count == 2 && other.states == sink.states)
        #expect(sink.states[0].contains(#""state":"absent""#) && sink.states[0].contains("plug one in"))
        #expect(sink.states[1].contains(#""state":"stalled""#) && sink.states[1].contains(#""reason":"silent""#))
        #expect(metrics.camera == .stalled)
    }

    /// Each sink holds the image for as long as it likes.
    @Test func severalSinksHoldOneImage() throws {
        (sink.takesImages, other.takesImages) = (true, true)
        _ = try run(source([.grey(77)]))
        #expect(sink.images.count == 1 && other.images.count == 1)
        sink.images[0].close()
        let held = other.images[0]
        var bytes = [UInt8](repeating: 0, count: 100), got = 0
        #expect(clinux_read_at(held.descriptor, &bytes, bytes.count, 0, &got) == 0)
        #expect(got == 64 && bytes.prefix(64).allSatisfy { $0 == 77 } && held.shape.format == .grey)
        held.close()
    }

    @Test func anImageThatIsTooLargeIsRejected() throws {
        sink.takesImages = true
        let side = 3000
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: side * side, alignment: 16)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: 0)
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        let pixels = PixelBuffer(
            PixelShape(format: .grey, size: ImageSize(width: side, height: side)),
            planes: [UnsafeRawBufferPointer(memory), nothing, nothing])
        let frame = Frame(
            pixels: pixels, sequence: 0, times: FrameTimes(monotonic: clock.now, realtime: 0), name: .index(0))
        let end = try run(source([.event(.frame(frame))]))
        #expect(end.frames == 1 && sink.images.isEmpty && sink.rejections == [.tooLarge] && other.rejections.isEmpty)
    }
}
