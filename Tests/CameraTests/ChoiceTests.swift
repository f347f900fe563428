import Pixels
import TestSupport
import Testing

@testable import Camera

/// Which camera and which of its modes is taken.
@Suite struct ChoiceTests {
    private func mode(_ format: PixelFormat, _ width: Int, _ height: Int, _ rate: UInt32) -> CaptureMode {
        CaptureMode(
            format: format, fourcc: 0, width: width, height: height, intervalNumerator: 1, intervalDenominator: rate)
    }

    /// What a Logitech C270 lists, in its order.
    private var webcam: [CaptureMode] {
        [
            mode(.yuyv, 640, 480, 30), mode(.yuyv, 160, 120, 30), mode(.yuyv, 320, 240, 30),
            mode(.yuyv, 1280, 720, 7), mode(.mjpeg, 640, 480, 30), mode(.mjpeg, 320, 240, 30),
            mode(.mjpeg, 1280, 720, 30),
        ]
    }

    @Test func theSmallestCoveringSizeInTheCheapestFormat() {
        let request = CaptureRequest(networkWidth: 320, networkHeight: 320)
        #expect(webcam[request.best(of: webcam)!] == mode(.yuyv, 640, 480, 30))
        // Of all that are too small, the largest.
        let small = CaptureRequest(networkWidth: 2000, networkHeight: 2000)
        #expect(webcam[small.best(of: webcam)!] == mode(.mjpeg, 1280, 720, 30))
    }

    @Test func aWantedSizeAndRateCome() {
        let large = CaptureRequest(networkWidth: 320, networkHeight: 320, width: 1280, height: 720)
        #expect(webcam[large.best(of: webcam)!] == mode(.mjpeg, 1280, 720, 30))
        let slow = CaptureRequest(networkWidth: 320, networkHeight: 320, width: 1280, height: 720, rate: 5)
        #expect(webcam[slow.best(of: webcam)!] == mode(.yuyv, 1280, 720, 7))
        #expect(large.best(of: []) == nil)
    }

    /// The order in which a driver lists its modes decides only between equals.
    @Test func theOrderDoesNotMatter() {
        let request = CaptureRequest(networkWidth: 320, networkHeight: 320)
        for turn in webcam.indices {
            let turned = Array(webcam[turn...] + webcam[..<turn])
            #expect(turned[request.best(of: turned)!] == mode(.yuyv, 640, 480, 30))
        }
    }

    private func camera(
        _ node: String, card: String, bus: String = "", id: String = "", path: String = "", driver: String = "uvcvideo",
        offer: CameraSelector.Offer = .colour
    ) -> CameraSelector.Candidate {
        let identity = CameraIdentity(
            path: ("/dev/" + node).utf8CString.map { $0 }, card: Array(card.utf8), bus: Array(bus.utf8),
            byID: Array(id.utf8), byPath: Array(path.utf8))
        return (identity, Array(driver.utf8), offer)
    }

    @Test func namesOfEveryKind() {
        let cameras = [
            camera("video2", card: "HD", bus: "usb-1.2", id: "usb-HD-index0", path: "pci-1:2-index0"),
            camera("video0", card: "C270", bus: "usb-1.1", id: "usb-C270-index0", path: "pci-1:1-index0"),
        ]
        for name in [
            "usb-C270-index0", "/dev/v4l/by-id/usb-C270-index0", "pci-1:1-index0", "usb-1.1", "C270", "/dev/video0",
        ] {
            #expect(CameraSelector(name: Array(name.utf8)).choose(from: cameras) == 1, "\(name)")
        }
        for name in ["", "/", "video0", "C27", "usb"] {
            #expect(CameraSelector(name: Array(name.utf8)).choose(from: cameras) == nil, "\(name)")
        }
    }

    @Test func anyCameraIsTheSameWhateverItsNumber() {
        let isp = camera("video13", card: "isp", path: "platform-isp", driver: "bcm2835-isp")
        let test = camera("video1", card: "vivid", driver: "vivid")
        let a = camera("video10", card: "A", path: "usb-1"), b = camera("video2", card: "B", path: "usb-2")
        #expect(CameraSelector().choose(from: [isp, test, b, a]) == 3)
        #expect(CameraSelector().choose(from: [a, b, test]) == 0)
        #expect(CameraSelector().choose(from: [isp, test]) == 1)
        #expect(CameraSelector().choose(from: [isp]) == nil)
    }

    /// A driver that says more than its buffers hold gives bad frames, not pixels from elsewhere.
    @Test(arguments: PixelFormat.allCases) func everyRowLiesInItsBuffer(format: PixelFormat) throws {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 200_000, alignment: 16)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: 0xFF)
        memory[1] = 0xD8
        for (width, height) in [(8, 8), (33, 17), (64, 48)] {
            for padding in [0, 1, 64] {
                let first = format.rowBytes(plane: 0, width: width)
                let shape = PixelShape(
                    format: format, size: ImageSize(width: width, height: height), colour: .bt601(isFullRange: false),
                    rowBytes: [padding == 0 ? 0 : first + padding, 0, 0])
                var least: Int?
                for count in stride(from: 0, through: 20_000, by: 1) {
                    let bytes = UnsafeRawBufferPointer(rebasing: memory[..<count])
                    let none = UnsafeRawBufferPointer(start: nil, count: 0)
                    guard case .success(let image) = shape.pixels(in: [bytes, none, none], partCount: 1) else { continue }
                    least = least ?? count
                    for plane in 0..<format.planeCount where format != .mjpeg {
                        let rows = format.rows(plane: plane, height: height)
                        let end = (rows - 1) * image.shape.rowBytes[plane] + format.rowBytes(plane: plane, width: width)
                        let start = image.planes[plane].baseAddress! - bytes.baseAddress!
                        #expect(image.planes[plane].count >= end && start + end <= count)
                    }
                    break
                }
                #expect(least != nil)
            }
        }
    }

    /// Some drivers count pixels where bytes are asked for: rows are as long as they must be then.
    @Test(arguments: PixelFormat.allCases.filter { $0 != .mjpeg }) func rowsAreNeverShorterThanTheirPixels(
        format: PixelFormat
    ) throws {
        let (width, height) = (34, 18)
        let count = (0..<format.planeCount).reduce(0) {
            $0 + format.rowBytes(plane: $1, width: width) * format.rows(plane: $1, height: height)
        }
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        defer { memory.deallocate() }
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        for told in [0, 1, 17, 33] {
            let shape = PixelShape(
                format: format, size: ImageSize(width: width, height: height), colour: .bt601(isFullRange: false),
                rowBytes: [told, told, told])
            let image = try shape.pixels(in: [UnsafeRawBufferPointer(memory), none, none], partCount: 1).get()
            for plane in 0..<format.planeCount {
                #expect(image.shape.rowBytes[plane] == format.rowBytes(plane: plane, width: width))
            }
            let short = UnsafeRawBufferPointer(rebasing: memory.dropLast())
            guard case .failure(let bad) = shape.pixels(in: [short, none, none], partCount: 1) else {
                Issue.record("pixels beyond the buffer")
                continue
            }
            #expect(bad.reason == .truncated)
        }
    }

    /// A network that never saw grey light of 850 nm gets colour where there is any.
    @Test func colourComesBeforeGreyBeforeNothing() {
        let depth = camera("video0", card: "Depth", bus: "usb-2", offer: .nothing)
        let infrared = camera("video1", card: "IR", bus: "usb-1", path: "a", offer: .grey)
        let colour = camera("video2", card: "Depth", bus: "usb-2", path: "b")
        let card = camera("video3", card: "HDMI", driver: "tc358743")
        #expect(CameraSelector().choose(from: [depth, infrared, colour]) == 2)
        #expect(CameraSelector().choose(from: [depth, infrared]) == 1)
        #expect(CameraSelector().choose(from: [depth]) == 0)
        #expect(CameraSelector().choose(from: [depth, infrared, card]) == 2, "colour before USB")
        func named(_ name: String) -> Int? {
            CameraSelector(name: Array(name.utf8)).choose(from: [depth, infrared, colour])
        }
        #expect(named("/dev/video0") == 0 && named("IR") == 1, "what is named is taken")
        #expect(named("usb-2") == 2 && named("Depth") == 2, "a name of several nodes means the one that can be used")
    }

    @Test func whatADeviceOffers() {
        let any = CaptureRequest(networkWidth: 320, networkHeight: 320)
        let jpegs = CaptureRequest(networkWidth: 320, networkHeight: 320, format: .mjpeg)
        let grey = mode(.grey, 320, 240, 15)
        #expect(CameraSelector.Offer([], any) == .nothing)
        #expect(CameraSelector.Offer([grey], any) == .grey)
        #expect(CameraSelector.Offer([grey] + webcam, any) == .colour)
        #expect(CameraSelector.Offer([grey], jpegs) == .nothing)
        #expect(CameraSelector.Offer(webcam, jpegs) == .colour)
    }

    @Test func aFormatThatIsAskedForIsTakenOrNone() {
        let jpegs = CaptureRequest(networkWidth: 320, networkHeight: 320, format: .mjpeg)
        #expect(webcam[jpegs.best(of: webcam)!] == mode(.mjpeg, 640, 480, 30))
        #expect(CaptureRequest(networkWidth: 320, networkHeight: 320, format: .nv12).best(of: webcam) == nil)
        // Made by libv4l of what the driver delivers under one code: a nearer rate is no reason for another format.
        let modes = [mode(.yuv420, 640, 480, 30), mode(.mjpeg, 640, 480, 15)]
        let slow = CaptureRequest(networkWidth: 320, networkHeight: 320, rate: 15, format: .yuv420)
        #expect(modes[slow.best(of: modes)!] == modes[0])
    }

    @Test func theNearestIntervalToAWantedRate() {
        let modes = [5, 15, 30].map { mode(.yuyv, 640, 480, $0) } + [mode(.mjpeg, 640, 480, 30)]
        // By the time between two frames, as drivers compare: 8 a second is 125 ms, nearer to 67 ms than to 200 ms.
        for (wanted, rate) in [(1.0, 5), (5, 5), (6, 5), (8, 15), (15, 15), (20, 30), (29, 30), (60, 30)] {
            let request = CaptureRequest(networkWidth: 320, networkHeight: 320, rate: wanted)
            for turn in modes.indices {
                let turned = Array(modes[turn...] + modes[..<turn])
                #expect(turned[request.best(of: turned)!] == mode(.yuyv, 640, 480, UInt32(rate)), "\(wanted)")
            }
        }
    }

    /// What is left when the bus does not suffice: always less than before, JPEG before a smaller size or a lower rate.
    @Test func modesThatNeedLess() {
        func taken(_ request: CaptureRequest, _ modes: [CaptureMode]) -> [CaptureMode] {
            var modes = modes
            var next = request.best(of: modes).map { modes[$0] }
            var taken: [CaptureMode] = []
            while let mode = next {
                taken.append(mode)
                next = request.lighter(than: mode, of: &modes)
            }
            return taken
        }
        let request = CaptureRequest(networkWidth: 320, networkHeight: 320)
        #expect(
            taken(request, webcam) == [
                mode(.yuyv, 640, 480, 30), mode(.mjpeg, 640, 480, 30), mode(.mjpeg, 320, 240, 30),
            ])
        let slower = [30, 15, 5].map { mode(.yuyv, 640, 480, $0) } + [mode(.mjpeg, 640, 480, 30)]
        #expect(taken(request, slower) == [slower[0], slower[3]])
        #expect(taken(request, Array(slower.prefix(3))) == Array(slower.prefix(3)))
        let grey = CaptureRequest(networkWidth: 320, networkHeight: 320, format: .yuyv)
        #expect(taken(grey, slower) == Array(slower.prefix(3)), "a format that was asked for stays")
    }

    /// Cheap cameras put a byte or a header before the image.
    @Test func aJPEGBeginsAtItsSOI() throws {
        let jpeg = try fixtureBytes("jpeg/drawn-61x47.jpg")
        let shape = PixelShape(
            format: .mjpeg, size: ImageSize(width: 352, height: 288), colour: .bt601(isFullRange: true),
            rowBytes: [0, 0, 0])
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        func start(of bytes: [UInt8]) -> Int? {
            let block = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
            defer { block.deallocate() }
            block.copyBytes(from: bytes)
            guard case .success(let image) = shape.pixels(in: [UnsafeRawBufferPointer(block), none, none], partCount: 1)
            else { return nil }
            #expect(image.size == ImageSize(width: 352, height: 288), "the decoder knows better")
            return bytes.count - image.planes[0].count
        }
        var junk: [[UInt8]] = [[], [0xFF], [0x00], [0xA8, 0x0A], [0xFF, 0xFF, 0x00], [0xD8], [0xFF, 0xD8], [0xFF, 0xD9]]
        junk += [64, 1024].map { [UInt8](repeating: 0x55, count: $0) }
        for bytes in junk { #expect(start(of: bytes + jpeg) == bytes.count, "\(bytes)") }
        #expect(start(of: [UInt8](repeating: 0, count: 1025) + jpeg) == nil)
        #expect(start(of: Array(jpeg.dropFirst())) == nil, "an image without its beginning")
        #expect(start(of: [0xFF, 0xD8, 0xFF, 0xD8] + jpeg) == 4)
        for count in 1...4 { #expect(start(of: Array(jpeg.prefix(count))) == (count == 4 ? 0 : nil)) }
        #expect(start(of: [UInt8](repeating: 0xFF, count: 1100)) == nil)
    }
}
